// A reload taken back: the texts from before it become current again, as a reload of its own that goes through all the
// same steps. States go back by migrate_back, or by names, with what the way forward had dropped (vm/reload/migration.h).
#include "vm/os/clock.h"
#include "vm/reload/reload_plan.h"

namespace indent {

void ReloadEngine::remember(ReloadPlan& plan) {
    if (plan.undoes) {
        taken_.pop_back();
        return;
    }
    Taken taken{plan.report.epoch, {}};
    for (const ReloadPlan::One& one : plan.modules) taken.before.emplace_back(one.text.path, one.old);
    taken_.push_back(std::move(taken));
}

// In the turn of the reload: another undo may have come before.
bool ReloadEngine::find_what_to_undo(ReloadPlan& plan) {
    auto refuse = [&](std::string words) {
        plan.report.refusal = "error: " + std::move(words) + "\n";
        return false;
    };
    if (taken_.empty()) return refuse("there is no reload to undo");
    const Taken& taken = taken_.back();
    for (auto& [path, before] : taken.before) {
        if (!before) {
            plan.report.notes.push_back("`" + path + "` was new in that reload, and stays\n");
            continue;
        }
        if (before->trees.size() != 1 || before->amended)
            return refuse("`" + path + "` had grown from several texts before epoch " +
                          std::to_string(taken.epoch) + ": there is no one text to go back to");
        ReloadPlan::One one;
        one.text = {path, before->file, std::string(*before->trees[0]->source)};
        one.back_to = before;
        plan.modules.push_back(std::move(one));
    }
    if (plan.modules.empty())
        return refuse("epoch " + std::to_string(taken.epoch) + " brought new modules alone");
    plan.report.notes.push_back("epoch " + std::to_string(taken.epoch) + " is undone\n");
    return true;
}

ReloadReport ReloadEngine::undo(Machine* caller, Value* args, const UndoOptions& options) {
    auto plan = std::make_shared<ReloadPlan>();
    plan->options = options.reload;
    plan->undoes = true;
    plan->undo_state = options.state;
    plan->accept_loss = options.accept_loss;
    return run(caller, args, plan);
}

} // namespace indent
