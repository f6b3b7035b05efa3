// A world as it was at a place of the story: to look at, never to go on. It is made of the code of that time, in which
// everything has the shape that it had; what runs in it changes nothing but itself, for a while (patience.h).
#pragma once
#include "image/history/older_code.h"
#include "image/history/past.h"
#include "image/history/patience.h"
#include "image/history/values.h"
#include "image/journal/restorer.h"
#include "vm/session/definition_store.h"
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace indent {
class World;
}

namespace indent::image {

// On one thread, whose stack is a world's (kThreadStack).
class PastWorld {
  public:
    enum class How : uint8_t {
        Looked, // no code of the image ever runs: messages, timers and turns that waited are left out
        Still,  // the same, but turns can be run again in it (rerun.h)
        Alive,  // with all that there was, to evaluate in
    };
    // `past` and `store` outlive it.
    static Result<std::unique_ptr<PastWorld>> make(Past& past, DefinitionStore& store,
                                                   const StoryPlace& place, How how);
    ~PastWorld();

    // ---- its actors, without running anything: by their numbers in the image

    const std::vector<uint64_t>& actors() const { return numbers_; } // that lived
    bool lives(uint64_t number) const;
    // Its number, for `clicks`, `:clicks`, `12`; 0: there was none.
    uint64_t number_of(std::string_view name);
    std::string describe(uint64_t number); // `Counter (:clicks)`; its state is not read for this
    uint64_t waiting(uint64_t number);     // messages, with that of a turn that waits
    bool has_state(uint64_t number);       // else it had not started, or its state cannot be brought back
    // Its fields, until something runs here or it is `put`.
    std::vector<Field> fields(uint64_t number);
    // Those that show something on canvases have their states, so that World::pictures is of all.
    void find_pictures();
    // The image has the same of it there as here, so that its fields are the same, too; false: it may be another. To be
    // asked before its fields are.
    bool has_same_record(uint64_t number, PastWorld& other);
    // A message as a send is written, its arguments in short: `deposit(10)`.
    std::string message(const PostRecord& post);
    // The text of a symbol by its number in the image.
    std::string symbol(uint64_t number);

    // ---- running

    // The literal text of an expression's value, of a world that is not looked at alone. Failure "raised": its report; "refused":
    // what is wrong with the text; "too_long", "stopped": it was ended, and nothing is evaluated here any more.
    Result<std::string> value(std::string_view text);
    Patience& patience() { return *patience_; }

    // The actor is as this says from here on. False: the code of this world does not fit.
    [[nodiscard]] bool put(uint64_t number, const Recovery::State& state);
    // The same; what there was of it stays where that does not fit.
    [[nodiscard]] bool put(uint64_t number, HeapPicture& picture);
    // A heap with this state, which is in no actor; null: the code of this world does not fit.
    std::unique_ptr<Heap> heap_of(const Recovery::State& state);
    // One of its actors, with its state, to run a turn of; null: there has never been one.
    Actor* find(uint64_t number);
    // Who it is that has been born since the place of this world, by the number of an actor that is not known here. Null: there is
    // none. Asked until it is set anew, or this ends.
    std::function<const FactsRecord*(uint64_t number)> born;

    uint64_t epoch() const { return epoch_; }
    World& world() { return *world_; }
    ActorSystem& system();
    WorldNames& names() { return *names_; }
    // What could not be brought back, in words for people.
    const std::vector<std::string>& troubles() const { return troubles_; }

  private:
    PastWorld() = default;
    Actor* make_actor(uint64_t number);

    std::unique_ptr<World> world_;
    std::unique_ptr<Patience> patience_;
    std::unique_ptr<OlderCode> older_;
    std::unique_ptr<WorldNames> names_;
    std::unique_ptr<Recovery> recovery_;
    std::unique_ptr<Restorer> restorer_;
    std::vector<uint64_t> numbers_;      // of those that live
    std::map<uint64_t, ActorRef> found_; // a turn that is run again may end one, which is named all the same
    std::vector<std::string> troubles_;
    uint64_t epoch_ = 0;
    How how_ = How::Looked;
};

} // namespace indent::image
