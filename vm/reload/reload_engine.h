// The one way in which running code changes: texts of modules go in, and either all of them are live together or nothing
// has changed. The steps are those of reload.md: prepare (read, check, compare states), dry run on copies, before_reload,
// switch, arrive (effects, after_reload), commit.
//
// A module's new text becomes a new generation (a Module of its own), checked and made beside the old one. The switch puts
// what the new classes say into the classes that are there, which stay who they are, and moves `current` on; it costs the
// same for ten actors and for a million. Actors are brought to new layouts when they next begin a turn.
#pragma once
#include "vm/actors/actor_system.h"
#include "vm/reload/loader.h"
#include "vm/reload/migration.h"
#include <functional>
#include <string>
#include <vector>

namespace indent {

// What says whether two texts are one and the same.
uint64_t hash_of_text(std::string_view text);

struct ReloadText {
    std::string path; // of the module
    std::string file; // as diagnostics name it
    std::string text;
};

struct ReloadReport {
    bool ok = false;
    bool identical = false;       // nothing changed: no reload
    std::string refusal;          // why not, in words with places; ends in a line end
    Diagnostics diagnostics;      // of the text in `tree`
    TreePointer tree;
    std::vector<std::string> notes; // what a person should know
    uint32_t epoch = 0;
    std::vector<std::string> modules; // "counter: generation 2"
    size_t actors_tried = 0;      // in the dry run
    size_t objects_tried = 0;
    size_t actors_running = 0;    // in the middle of a turn: they follow when it ends
    std::vector<std::string> states; // "Counter: carries label, adds count, drops clicks (by migrate_state)"
    uint64_t held_ns = 0;         // no actor began a turn
    uint64_t total_ns = 0;
};

class ReloadEngine {
  public:
    ReloadEngine(ActorSystem& actors, Loader& loader);

    // Makes sure that what the text imports is there: loads it, and puts it into `module`. False with a refusal.
    using Importer = std::function<bool(Module& module, const syntax::SyntaxTree& tree,
                                        const std::function<Module*(std::string_view path)>& staged, std::string& refusal)>;
    Importer importer;

    // In a turn (its actor waits meanwhile; `args`: its frame). All or nothing.
    ReloadReport reload(Machine& vm, Value* args, std::vector<ReloadText> texts);

  private:
    struct Plan;
    bool prepare(Plan& plan, ReloadReport& report);
    bool dry_run(Machine& vm, Plan& plan, ReloadReport& report);
    bool run_hooks(Machine& vm, Module& module, syntax::HookKind kind, ReloadReport& report);
    bool arrive(Machine& vm, Plan& plan, ReloadReport& report);
    void exchange(Plan& plan, bool back);
    bool run_top_level(Machine& vm, Module& module, TreePointer tree, std::vector<const syntax::Node*> statements,
                       std::string_view name, ReloadReport& report);

    ActorSystem& actors_;
    Loader& loader_;
    Runtime& runtime_;
    uint32_t epoch_ = 0;
    std::mutex one_at_a_time_;
};

} // namespace indent
