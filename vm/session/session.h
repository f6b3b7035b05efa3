// Serves the session protocol over a world.
//
// Three threads serve: the program's, which runs texts and takes definitions, the past's, which answers questions about the
// image's history in worlds of their own, and the desk's, which answers what needs neither (protocol::lane_of). The texts of
// modules belong to the session; the threads see them under a lock. So the browser answers and drafts are saved while the
// program runs an endless loop.
//
//     auto session = Session::make(store, deliver, options);   // on the program's thread, with kThreadStack
//     while (auto request = link.next(Lane::Program)) session->serve(*request);
//     // and on another thread: while (auto request = link.next(Lane::Desk)) session->serve(*request);
//     // and on a third: while (auto request = link.next(Lane::Past)) session->serve(*request);
#pragma once
#include "vm/base/result.h"
#include "vm/protocol/messages.h"
#include "vm/session/actor_story.h"
#include "vm/session/definition_store.h"
#include "vm/session/module_text.h"
#include "vm/world/library_text.h"
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace indent {

class World;
struct Outcome;

class Session {
  public:
    struct Options {
        std::string version;
        std::vector<std::string> arguments{};
        ActorStory* story = nullptr; // of its actors; null: they end with the session. Outlives it
        size_t memory_limit = size_t(4) << 30;
        // What a program has that opens an image; empty: what this one has. For tests.
        std::vector<LibraryText> library{};
        bool break_on_error = false; // errors that nobody catches stop their turns from the beginning
        // Why nothing of what the store has may run until somebody asks for TrustImage; empty: it may. Then `trust` is
        // called, on the program's thread.
        std::string paused{};
        std::function<Result<void>()> trust{};
    };
    // Called on each of them; may wait for a face that is behind.
    using Deliver = std::function<void(protocol::Message)>;

    // Starts a world with the modules of the store. On the thread that will serve Lane::Program. What cannot be
    // loaded is told by an event and stays in the store as it is. The store and `deliver` must outlive the session.
    static Result<std::unique_ptr<Session>> make(DefinitionStore& store, Deliver deliver, Options options);
    ~Session();

    // Answers one request, on the thread of its lane.
    void serve(const protocol::RequestEnvelope& request);

    // Between requests, on the thread of the program's lane: goes on with turns that wait there, until `wanted` is true (then
    // look_up is to be called) or there are none. False: there were none.
    bool go_on_until(const std::atomic<bool>& wanted);
    void look_up(); // any thread

    // Ends what the program runs, if it runs anything. Any thread and signal handlers.
    void stop();
    // Questions about the past that are being answered end soon, and no more are answered: the session is about to end. Any
    // thread.
    void stop_asking();

  private:
    Session(DefinitionStore& store, Deliver deliver, Options options);
    Result<void> start();
    Result<void> run(); // what the store has
    bool is_for_what_runs(const protocol::Request& request) const;
    void trust(protocol::RequestId id);
    Result<void> make_world(std::vector<LibraryText> library);
    std::vector<LibraryText> library_of_this() const;
    void offer_library();
    void list_library();
    Result<void> read_modules();
    Result<void> open();
    void open_modules();
    Result<void> open_as_it_was();
    // What was done is on the disk; or words that say why not.
    std::string why_not_kept();

    template <class Body>
    void reply(protocol::RequestId id, Body body) {
        deliver_(protocol::Reply{id, std::move(body)});
    }
    // Of the program's lane: what ran has ended before anybody hears its answer, so that a Stop that follows the
    // answer meets nothing.
    template <class Body>
    void finish(protocol::RequestId id, Body body) {
        running_ = false;
        reply(id, std::move(body));
    }
    void fail(protocol::RequestId id, Failure failure);

    // Program lane.
    protocol::Evaluated evaluate(const protocol::Evaluate& request);
    protocol::Accepted accept(const protocol::Accept& request);
    void take(const protocol::Accept& request, ModuleText next, size_t at, protocol::Accepted& answer);
    protocol::Loaded load(const protocol::Load& request);
    void name_epoch(std::vector<std::string>& modules);
    void go_back(protocol::RequestId id, const protocol::GoBack& request);
    // Why nobody may make a module of this path; empty: it may be made.
    std::string why_no_module(const std::string& path) const;
    // For ReloadOptions::keep: writes the modules as one change; what goes wrong is in `failure`.
    std::function<bool(std::string&)> keeping(const std::vector<ModuleText>& modules, std::string what,
                                              std::string& failure);
    void now_are(std::vector<ModuleText> modules); // the texts of these modules
    void see_in_workspace(const std::string& module);
    protocol::Completions complete(const std::string& text);
    // Turns that errors have stopped (broken.cpp).
    void watch_broken();
    void tell_of_broken_before();
    void settle_broken();
    void get_frames(protocol::RequestId id, const protocol::GetFrames& request);
    protocol::Evaluated evaluate_in_frame(const protocol::EvaluateInFrame& request);
    protocol::Resolved resolve(const protocol::ResolveBroken& request);
    protocol::BrokenTurns broken_turns();
    // Desk lane.
    protocol::Modules modules();
    void list_definitions(protocol::RequestId id, const std::string& module);
    void get_source(protocol::RequestId id, const protocol::GetSource& request);
    void save_desk(protocol::RequestId id, const protocol::SaveDesk& request);
    void list_epochs(protocol::RequestId id);
    void ask_past(protocol::RequestId id, const protocol::AskPast& request);
    void with_store(protocol::RequestId id, const std::function<Result<void>()>& work); // -> Done

    const ModuleText* find_locked(const std::string& module, bool& library) const;

    DefinitionStore& store_;
    Deliver deliver_;
    Options options_;
    std::unique_ptr<World> world_;
    std::mutex going_on_mutex_;
    World* going_on_ = nullptr; // the same, in go_on_until
    std::atomic<bool> running_{false};
    std::atomic<bool> ending_{false};
    std::atomic<bool> paused_{false};
    std::atomic<bool> break_on_error_{false}; // from the beginning
    bool library_is_kept_ = false;            // in the store
    bool had_broken_ = false;                 // when it was closed last
    std::mutex mutex_;                        // of what follows
    std::map<std::string, ModuleText> own_;
    std::map<std::string, ModuleText> library_; // split when it is looked at
    std::map<std::string, std::string> library_texts_;
    std::mutex store_mutex_; // one call at a time
};

// The hash that Source and Accept carry: 16 hexadecimal digits.
std::string source_hash(std::string_view text);

} // namespace indent
