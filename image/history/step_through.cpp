#include "image/history/step_through.h"
#include "image/history/as_recorded.h"
#include "image/history/rerun.h"
#include "image/history/visit_turn.h"
#include "vm/interp/frames.h"
#include "vm/interp/stepping.h"
#include "vm/syntax/source.h"
#include "vm/world/world.h"
#include <set>

namespace indent::image {

namespace {

class Looker final : public Stepper {
  public:
    Looker(SteppedTurn& turn, uint64_t stop_at) : turn_(turn), stop_at_(stop_at) { here() = this; }
    ~Looker() override { here() = nullptr; }

    // From here on, in these modules.
    void begin(ActorSystem& actors, std::set<std::string> modules) {
        actors_ = &actors;
        modules_ = std::move(modules);
        began_ = true;
    }
    void end() { began_ = false; }

    void statement(Machine& vm, const Node& at, Value* args) override {
        const Code& code = *at.code;
        if (!began_ || !vm.inner->tape || !code.tree || !code.module || !modules_.contains(code.module->path))
            return;
        if (++turn_.count != stop_at_) {
            if (!stop_at_ && turn_.count <= SteppedTurn::kMostListed)
                turn_.statements.push_back(statement_at(code, at.position));
            return;
        }
        turn_.here = statement_at(code, at.position);
        began_ = false;
        for (const LiveFrame& live : live_frames(vm, args, kMostFrames)) {
            const Code& its = *live.site->code;
            const SteppedTurn::Statement place = statement_at(its, live.site->position);
            SteppedTurn::Frame frame{std::string(its.name), place.file, place.line, {}};
            for (const FrameVariable& variable : variables_at(vm, live))
                if (const Value value = read_variable(live, variable))
                    frame.variables.emplace_back(variable.name, in_short(*actors_, value));
            turn_.frames.push_back(std::move(frame));
        }
        if (vm.actor_state)
            for (const Field& field : fields_of_state(*actors_, vm.actor_state))
                turn_.state.emplace_back(field.name, in_short(*actors_, field.value));
        (void)vm.inner->tape->diverge(vm, args, "it is looked at");
    }

  private:
    static constexpr size_t kMostFrames = 200;

    static SteppedTurn::Statement statement_at(const Code& code, uint32_t position) {
        if (!code.tree) return {};
        const std::string& source = *code.tree->source;
        SteppedTurn::Statement made;
        made.file = code.tree->file;
        made.line = syntax::Source(code.tree->file, source).position(position).line;
        made.text = source.substr(position, source.find('\n', position) - position);
        return made;
    }

    SteppedTurn& turn_;
    uint64_t stop_at_;
    ActorSystem* actors_ = nullptr;
    std::set<std::string> modules_;
    bool began_ = false;
};

} // namespace

Result<SteppedTurn> step_through(Past& past, DefinitionStore& store, const StoryPlace& before,
                                 const StoryPlace& place, uint64_t stop_at) {
    SteppedTurn made;
    Looker looker(made, stop_at); // before any code is made
    auto visited = visit_turn(past, store, before, place, [&](const VisitedTurn& visited) {
        PastWorld& world = visited.world;
        ActorSystem& actors = world.world().actors();
        Rerun rerun(actors, world.names(), world.patience());
        Actor* actor = world.find(visited.turn.actor);
        if (!actor || actor->status == Actor::Ended || actor->status == Actor::Held) {
            made.trouble = "the actor cannot be brought back";
            return;
        }
        made.actor = actors.describe(*actor);
        made.message = world.message(visited.turn.message);
        std::set<std::string> modules;
        if (auto stored = store.modules_at(world.epoch()))
            for (const StoredModule& module : *stored) modules.insert(module.path);
        looker.begin(actors, std::move(modules));
        const Rerun::Outcome outcome =
            rerun.run(*actor, visited.turn.message, visited.turn.tape, Rerun::Strict);
        looker.end();
        if (!made.frames.empty()) return; // it was not to come to its end
        made.trouble = outcome.trouble.empty() ? outcome.diverged : outcome.trouble;
        if (made.trouble.empty())
            made.trouble = differs_from_record(world, visited.step, visited.turn, outcome);
        if (!made.trouble.empty() || actor->status == Actor::Ended) return;
        for (const Field& field : fields_of(actors, *actor))
            made.state.emplace_back(field.name, in_short(actors, field.value));
    });
    if (!visited) return std::move(visited).failure();
    return made;
}

} // namespace indent::image
