// A world comes back from what a Recovery knows: what is due at once, and the others when somebody needs them.
#pragma once
#include "image/codec/heap_restore.h"
#include "image/journal/recovery.h"
#include "vm/actors/dormant.h"
#include "vm/os/thread.h"
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>

namespace indent::image {

class Restorer final : public DormantActors {
  public:
    // Into a world that has no actors yet and whose modules are loaded; `names` has its rows. All three outlive it.
    Restorer(Recovery& recovery, ActorSystem& actors, WorldNames& names);
    ~Restorer() override;

    // Hears what cannot be brought back after `begin`; where it is not set, the ActorSystem's report does. Set before that.
    std::function<void(const std::string& words)> tell;

    // All of it; or else what has something to do, or shows something, and what is of no actor. Then it may be the
    // ActorSystem's `dormant`. Once, before any actor runs. `still`: to be looked at; no timers, no messages, no turns that
    // waited, and no states but those of all.
    Recovery::Restored begin(bool everything, bool still = false);

    // When they have begun (ActorSystem::begin_restored): those of them whose heaps are large come in, beside the others.
    void bring_busy();

    // The actor with this number, without its state if nobody has needed that; null: there has never been one. Any thread.
    Actor* make(uint64_t number);
    Actor* named(SymbolId name) override;
    bool awaken(Actor& actor) override;
    bool takes_long(const Actor& actor) override;
    void bring(Actor& actor, std::function<void(bool whole)> then) override;
    void stop_bringing() override;
    void make_all() override;
    void awaken_all() override;

    // Some are left out, of those that anybody has asked for. Any thread.
    bool any_left_out() {
        std::lock_guard lock(mutex_);
        return recovery_.any_damaged();
    }

    // A message as it waited, for an actor of this class. Null: it cannot be brought back.
    std::unique_ptr<ActorMessage> message(const PostRecord& post, Class* cls);
    // The heap and the state of an actor, which nobody runs, as they are in `state`. False: they cannot be brought back; it
    // has neither.
    [[nodiscard]] bool restore_heap(Actor& actor, const Recovery::State& state);
    // The same of a picture that has all of its records (heap_record.h).
    [[nodiscard]] bool restore_heap(Actor& actor, HeapPicture& picture);

  private:
    class NamesBeside;
    // The same; `damaged` becomes true where what there is of it is not what it was.
    bool restore_heap(Actor& actor, const Recovery::State& state, Names& names, bool& damaged,
                      const Hands& hands);
    std::string names_in_words(const std::vector<uint64_t>& symbols); // ` (:counter)`, or nothing
    bool is_large(const Actor& actor);
    bool awaken_now(Actor& actor, std::unique_lock<std::recursive_mutex>& lock, bool beside);
    void make_wanted_code(std::unique_lock<std::recursive_mutex>& lock, bool beside);
    void begin_bringing();
    void bring_those_wanted();
    Actor* find_or_make(uint64_t number); // alone: finish_all makes what belongs to it
    void finish_all();
    SymbolId symbol(uint64_t number);
    std::shared_ptr<TurnTape> tape_of(const Recovery::State& state);
    bool one_shared(std::string_view bytes, Value& value);
    Actor* dead(uint64_t number, uint64_t was, uint64_t reason);
    void finish(uint64_t number);
    void hold_for_decision(ActorMessage& message);
    bool has_only_ended(uint64_t number);
    void supervise(Actor& actor, const SupervisionRecord& record);
    void restore_rest();
    void allow_memory();
    void trouble(std::string words, size_t known); // with what the names have said since there were `known`

    Recovery& recovery_;
    ActorSystem& actors_;
    WorldNames& names_;
    struct Wanted {
        ActorRef actor;
        std::function<void(bool whole)> then;
    };
    std::recursive_mutex mutex_; // of all that follows, and of recovery_
    std::condition_variable_any wanted_;
    std::deque<Wanted> to_bring_;
    std::vector<Actor*> large_; // that have something to do, or show something
    os::Thread bringer_;        // of large heaps, while others run
    bool brings_ = false;
    std::atomic<bool> stopping_ = false;
    std::map<uint64_t, Actor*> by_number_;
    std::vector<uint64_t> unfinished_;
    std::vector<uint64_t> without_start_;      // what they begin anew with wants code
    std::vector<ActorMessage*> to_be_decided_; // by supervisors: about a child
    std::vector<Actor*> unborn_;               // children that their supervisors have not started yet
    std::vector<std::string> troubles_;
    std::vector<Value> held_; // addresses of ended ones
    size_t waited_ = 0;
    uint64_t allowed_for_ = 0; // bytes that were read
    bool finishing_ = false, begun_ = false, still_ = false, all_made_ = false, all_awake_ = false;
};

} // namespace indent::image
