// The one way in which running code changes: texts of modules go in, and either all of them are live together or nothing
// has changed. The steps are those of reload.md: prepare (read, check, compare states), dry run on copies, before_reload,
// switch, arrive (effects, after_reload), commit.
//
// A module's new text becomes a new generation (a Module of its own), checked and made beside the old one. The switch puts
// what the new classes say into the classes that are there, which stay who they are, and moves `current` on; it costs the
// same for ten actors and for a million. Actors are brought to new layouts when they next begin a turn.
#pragma once
#include "vm/actors/actor_system.h"
#include "vm/base/result.h"
#include "vm/interp/reload_port.h"
#include "vm/reload/loader.h"
#include "vm/reload/migration.h"
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

namespace indent {

// What says whether two texts are one and the same.
uint64_t hash_of_text(std::string_view text);

struct ReloadText {
    std::string path; // of the module
    std::string file; // as diagnostics name it
    std::string text;
    bool is_module =
        false; // even where no line `module` says so: its statements are effects, which run again
};

struct ReloadReport {
    bool ok = false;
    bool identical = false;  // nothing changed: no reload
    std::string refusal;     // why not, in words with places; ends in a line end
    Diagnostics diagnostics; // of the text in `tree`
    TreePointer tree;
    std::vector<std::string> notes; // what a person should know
    uint32_t epoch = 0;
    std::vector<std::string> modules; // "counter: generation 2"
    size_t actors_tried = 0;          // in the dry run
    size_t objects_tried = 0;
    size_t actors_running = 0;       // in the middle of a turn: they follow when it ends
    std::vector<std::string> states; // "Counter: carries label; adds count; drops clicks; by migrate_state"
    // Of all classes whose objects change, inherited fields too; classes with a `migrate_state` are in `by_hand`.
    size_t fields_added = 0, fields_dropped = 0, fields_carried = 0, by_hand = 0;
    uint64_t held_ns = 0; // no actor began a turn
    uint64_t total_ns = 0;
};

struct ReloadPlan;
struct ReloadPlanModule;
struct BoundaryChange;
struct RunResult;

// All functions but the constructor run on the thread of worker 0 outside of turns (`caller` null) or in a turn of the
// caller, whose actor waits meanwhile (`args`: its frame).
class ReloadEngine {
  public:
    ReloadEngine(ActorSystem& actors, Loader& loader);
    ~ReloadEngine();

    // Makes sure that what the text imports is there: loads it, and puts it into `module`. False with a refusal.
    using Importer = std::function<bool(Module& module, const syntax::SyntaxTree& tree,
                                        const std::function<Module*(std::string_view path)>& staged,
                                        std::string& refusal)>;
    Importer importer;
    // Answers a question about the program's history (ui/main/image_past.h). Empty: it has none. Any thread.
    using Past = std::function<Result<std::string>(const std::string& question,
                                                   const std::vector<std::string>& words)>;
    Past past;

    // All or nothing.
    ReloadReport reload(Machine* caller, Value* args, std::vector<ReloadText> texts,
                        const ReloadOptions& options);

    // The same in two calls, so that several programs can decide together. prepare: steps 1 and 3, nothing changes;
    // answers the plan's number, or 0 with the refusal in `report`. A plan is committed or aborted once; where code has
    // changed since it was prepared, its commit is refused.
    uint64_t prepare(Machine* caller, Value* args, std::vector<ReloadText> texts,
                     const ReloadOptions& options, ReloadReport& report);
    ReloadReport commit(Machine* caller, Value* args, uint64_t plan);
    bool abort(uint64_t plan); // false: there is none
    // What a plan would change. Any thread. False: there is none.
    bool plan(uint64_t plan, ReloadSummary& summary);

    // In a handler of `hot.accept`: the change is passed up. False: this is none.
    bool invalidate(const Machine& vm);

    // ---- changes of the current generation in place (amend.cpp). In a turn, or on the thread of worker 0.
    // What the tree defines comes into the module, or, parsed as members, into its class `cls`. Statements do not run.
    Amendment amend(Machine& vm, Module& module, Class* cls, TreePointer tree, std::string& words);
    // Takes away a method that the class itself, or else its class side, defines.
    Amendment remove(Class& cls, SymbolId selector, std::string& words);

    // ---- undo (undo.cpp)
    // The last reload that was taken and not taken back is taken back, as a reload with an epoch of its own.
    ReloadReport undo(Machine* caller, Value* args, const UndoOptions& options);

    // ---- generations (generations.cpp)
    std::vector<GenerationInfo> generations(Machine* caller, Value* args, const std::string& path);
    // Old generations of the module cannot be used any more: where nobody does, or (hard) in any case: turns in them end,
    // blocks of them are stale. False: the holders.
    bool purge(Machine* caller, Value* args, const std::string& path, bool hard,
               std::vector<std::string>& holders);

  private:
    void in_a_turn(Machine* caller, Value* args, const std::function<bool(Machine&)>& work);
    bool is_inside(Machine* caller) const;
    bool is_refused_inside(Machine* caller, ReloadReport& report) const; // true: with a refusal
    void leave_out_what_runs(ReloadPlan& plan);
    std::shared_ptr<ReloadPlan> make_plan(std::vector<ReloadText> texts, const ReloadOptions& options);
    ReloadReport run(Machine* caller, Value* args, const std::shared_ptr<ReloadPlan>& plan);
    bool prepare(Machine& vm, ReloadPlan& plan);
    bool commit(Machine& vm, ReloadPlan& plan, const Actor* caller);
    bool rehearsed(ReloadPlan& plan);
    void give_up(ReloadPlan& plan);
    void finish(ReloadPlan& plan, uint64_t begin);
    bool check(ReloadPlan& plan, ReloadReport& report);
    bool dry_run(Machine& vm, ReloadPlan& plan, ReloadReport& report);
    bool dry_run(Machine& vm, ReloadPlan& plan, ReloadReport& report, Actor& actor,
                 class OnlyComputes& guard);
    // Of an actor between two turns.
    struct StateCopy {
        Parcel::Pointer copy; // null: it has none, or a turn
        bool between = false;
        bool unchanged = false;
    };
    StateCopy state_of(Machine& vm, Actor& actor);
    bool run_hooks(Machine& vm, Module& module, syntax::HookKind kind, ReloadReport& report);
    bool arrive(Machine& vm, ReloadPlan& plan, ReloadReport& report);
    void exchange(ReloadPlan& plan, bool back);
    bool run_top_level(Machine& vm, Module& module, TreePointer tree,
                       std::vector<const syntax::Node*> statements, std::string_view name,
                       ReloadReport& report);
    // ---- boundaries.cpp
    bool misfit_is_accepted(const Module& importer, ReloadPlan& plan) const;
    bool begins_anew_anyway(const ReloadPlanModule& one, const Class& live);
    bool is_affected(const ReloadPlan& plan, const Class* cls) const;
    void note_decliners(ReloadPlan& plan) const;
    void note_faces(ReloadPlan& plan) const;
    bool dispose(Machine& vm, ReloadPlan& plan);
    bool run_handler(Machine& vm, Value handler, const BoundaryChange& change, const std::string& importer,
                     ReloadReport& report);
    bool tell_importers(Machine& vm, ReloadPlan& plan, const BoundaryChange& change,
                        std::vector<std::string> way);
    bool tell_boundaries(Machine& vm, ReloadPlan& plan);
    void restart_affected(ReloadPlan& plan);
    // What ran has failed: says so, and drops what it did. Answers false.
    static constexpr std::string_view kTakenBack = ": the reload is taken back";
    bool taken_back(Machine& vm, const RunResult& result, const std::string& what, ReloadReport& report);
    void remember(ReloadPlan& plan);
    bool find_what_to_undo(ReloadPlan& plan); // false: with a refusal
    bool find_instances_of_gone(Machine& vm, ReloadPlan& plan);
    struct Instances {
        size_t count = 0, holders = 0;
        std::string who; // some of the holders
    };
    Instances find_instances(Machine& vm, const Class& cls);
    Amendment amend_now(Machine& vm, Module& module, Class* cls, const TreePointer& tree, std::string& words);
    std::string misfits(const Module& module);
    std::string why_not_laid_out_anew(Machine& vm, const Class& live, const syntax::SyntaxTree& tree);
    void note_amended(Module& module);
    bool drain(Machine& vm, ReloadPlan& plan, const Actor* caller);
    bool migrate_shared_values(Machine& vm, ReloadPlan& plan, ReloadReport& report);
    bool make_room_for_generation(Machine& vm, ReloadPlan& plan, const Actor* caller);
    void tell_stale_blocks(ReloadPlan& plan);
    void end_holders(std::vector<struct Holder>& holders, std::vector<std::string>& left, ReloadPlan* plan);
    void let_forced_go(ReloadPlan& plan);
    void purge_now(std::span<Module* const> generations);

    ActorSystem& actors_;
    Loader& loader_;
    Runtime& runtime_;
    uint32_t epoch_ = 0;
    uint64_t amendments_ = 0;          // in place, so far; under exclusively, as the next
    uint64_t amended_classes_ = 0;     // those that defined classes
    const Machine* handler_ = nullptr; // that runs a handler of `hot.accept`
    bool invalidated_ = false;
    std::atomic<uint64_t> last_plan_ = 0;
    std::mutex plans_mutex_;
    std::map<uint64_t, std::shared_ptr<ReloadPlan>> plans_; // prepared
    // What was taken, the last at the end: for undo.
    struct Taken {
        uint32_t epoch;
        std::vector<std::pair<std::string, Module*>> before; // path, the generation before (null: none)
    };
    std::vector<Taken> taken_;
};

} // namespace indent
