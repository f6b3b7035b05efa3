// How long old generations may be used: the limit on how many of a module are in use at once, purges, and what is told of
// who holds them.
#include "vm/interp/nodes.h"
#include "vm/os/clock.h"
#include "vm/reload/holders.h"
#include "vm/reload/reload_plan.h"
#include <algorithm>

namespace indent {

namespace {

constexpr size_t kMostShown = 5;
constexpr uint64_t kLookAgain = 2'000'000; // ns between two looks at who holds an old generation

std::string shown(const std::vector<Holder>& holders) {
    std::string text;
    for (size_t i = 0; i < holders.size() && i < kMostShown; ++i) text += "  " + holders[i].words + "\n";
    if (holders.size() > kMostShown) text += "  and others\n";
    return text;
}

// How many of the generations are among those that somebody holds.
size_t count_held(const std::vector<Module*>& generations, const std::vector<Holder>& holders) {
    return size_t(std::count_if(generations.begin(), generations.end(), [&](const Module* module) {
        return std::any_of(holders.begin(), holders.end(),
                           [&](const Holder& h) { return h.generation == module; });
    }));
}

uint32_t keep_of(const syntax::SyntaxTree& tree) {
    if (tree.module)
        for (const auto& annotation : tree.module->annotations)
            if (annotation.name.text == "keep" && !annotation.arguments.empty())
                if (auto* number = syntax::try_as<syntax::IntegerNode>(annotation.arguments[0].value))
                    return std::max<uint32_t>(2, uint32_t(std::strtoul(std::string(number->digits).c_str(),
                                                                       nullptr, number->base)));
    return 2;
}

} // namespace

// ---- 2. the version limit

bool ReloadEngine::make_room_for_generation(Machine& vm, ReloadPlan& plan, const Actor* caller) {
    const uint64_t deadline = actors_.now() + plan.options.patience;
    for (ReloadPlan::One& one : plan.modules) {
        one.module->keep = keep_of(*one.tree);
        if (!one.old) continue;
        for (;;) {
            std::vector<Module*> older = older_generations(runtime_, one.text.path);
            if (older.empty()) break;
            std::vector<Holder> holders = find_holders(actors_, older, 1000);
            const size_t held = count_held(older, holders);
            if (held + 2 <= std::max(one.module->keep, one.old->keep)) {
                // What nobody holds is never held again: it need not be looked for.
                if (std::none_of(holders.begin(), holders.end(),
                                 [](const Holder& h) { return h.kind == Holder::Running; }))
                    for (Module* module : older)
                        module->archived |=
                            std::none_of(holders.begin(), holders.end(),
                                         [&](const Holder& h) { return h.generation == module; });
                break;
            }
            const bool only_caller = std::all_of(holders.begin(), holders.end(), [&](const Holder& h) {
                return h.actor.get() == caller && h.kind != Holder::Block;
            });
            // Blocks do not go away by waiting, but turns that have them may end, and messages be taken.
            if (actors_.now() < deadline && !only_caller) {
                std::vector<Module*>().swap(older); // nothing is freed where the program ends in the wait
                std::vector<Holder>().swap(holders);
                if (actors_.wait(vm, kLookAgain, vm.stack_base)) continue;
                older = older_generations(runtime_, one.text.path);
                holders = find_holders(actors_, older, 1000);
            }
            if (plan.options.force && !only_caller) {
                std::vector<std::string> left;
                end_holders(holders, left, &plan);
                if (left.empty()) {
                    runtime_.exclusively([&] { purge_now(older); });
                    break;
                }
            }
            plan.report.refusal +=
                "error: `" + one.text.path + "` is at generation " + std::to_string(one.old->generation) +
                ", and an older one is still in use:\n" + shown(holders) +
                "  wait until it is left, `force: true` ends those turns and blocks, or write `@keep(" +
                std::to_string(held + 2) + ")` above `module " + one.text.path + "`\n";
            return false;
        }
    }
    return true;
}

// ---- purges

// Turns end: undone and handled anew (for a plan, when that is over) where nobody has seen anything of them, else as their
// supervisors direct. `left`: those that cannot be ended.
void ReloadEngine::end_holders(std::vector<Holder>& holders, std::vector<std::string>& left,
                               ReloadPlan* plan) {
    // A live reload waits for messages that were there before it, so these are not held for it.
    const bool later = plan && !plan->options.live;
    for (Holder& holder : holders) {
        if (holder.kind == Holder::Block) continue;
        if (holder.actor.get() == &actors_.main()) {
            left.push_back(holder.words);
            continue;
        }
        if (!actors_.handle_again(*holder.actor, later))
            actors_.kill(*holder.actor);
        else if (later)
            plan->forced.push_back(holder.actor);
    }
}

void ReloadEngine::let_forced_go(ReloadPlan& plan) {
    for (ActorRef& actor : plan.forced) actors_.let_handle(*actor);
    plan.forced.clear();
}

void ReloadEngine::purge_now(std::span<Module* const> generations) {
    for (Module* module : generations) {
        module->purged = true;
        make_blocks_stale(runtime_, *module);
    }
}

bool ReloadEngine::purge(Machine* caller, Value* args, const std::string& path, bool hard,
                         std::vector<std::string>& holders) {
    struct Answer {
        std::string path;
        bool done = false;
        std::vector<std::string> holders;
    };
    auto answer = std::make_shared<Answer>();
    answer->path = path;
    in_a_turn(caller, args, [this, answer, hard](Machine&) {
        const std::vector<Module*> older = older_generations(runtime_, answer->path);
        if (older.empty()) return answer->done = true;
        std::vector<Holder> found = find_holders(actors_, older, hard ? SIZE_MAX : 1000);
        if (hard)
            end_holders(found, answer->holders, nullptr);
        else
            for (const Holder& holder : found) answer->holders.push_back(holder.words);
        answer->done = answer->holders.empty();
        if (answer->done) runtime_.exclusively([&] { purge_now(older); });
        return true;
    });
    holders = std::move(answer->holders);
    return answer->done;
}

std::vector<GenerationInfo> ReloadEngine::generations(Machine* caller, Value* args, const std::string& path) {
    auto answer = std::make_shared<std::vector<GenerationInfo>>();
    auto wanted = std::make_shared<std::string>(path);
    in_a_turn(caller, args, [this, answer, wanted](Machine&) {
        if (auto current = runtime_.modules.find(*wanted); current != runtime_.modules.end())
            answer->push_back({current->second->generation, true, false, current->second->amended, {}});
        const std::vector<Module*> older = older_generations(runtime_, *wanted);
        const std::vector<Holder> found = find_holders(actors_, older, 1000);
        for (const auto& module : runtime_.old_modules) {
            if (module->path != *wanted || !module->replaced_at) continue;
            GenerationInfo info{module->generation, false, module->purged, module->amended, {}};
            for (const Holder& holder : found)
                if (holder.generation == module.get()) info.holders.push_back(holder.words);
            answer->push_back(std::move(info));
        }
        std::sort(answer->begin(), answer->end(),
                  [](const auto& a, const auto& b) { return a.number > b.number; });
        return true;
    });
    return std::move(*answer);
}

// ---- what a reload leaves

void ReloadEngine::tell_stale_blocks(ReloadPlan& plan) {
    std::vector<Module*> replaced;
    for (const ReloadPlan::One& one : plan.modules)
        if (one.old) replaced.push_back(one.old);
    if (replaced.empty()) return;
    constexpr size_t kMostTold = 20;
    size_t blocks = 0;
    for (const Holder& holder : find_holders(actors_, replaced, kMostTold))
        if (holder.kind == Holder::Block) {
            plan.report.notes.push_back(holder.words + "\n");
            ++blocks;
        }
    if (blocks)
        plan.report.notes.push_back(
            "  a block runs the code that it was made in: keep a reference by name (`&f`) instead\n");
}

} // namespace indent
