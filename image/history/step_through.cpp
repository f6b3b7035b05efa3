#include "image/history/step_through.h"
#include "image/history/rerun.h"
#include "image/history/visit_turn.h"
#include "vm/interp/frames.h"
#include "vm/interp/sketch.h"
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
        turn_.statements.push_back(statement_at(code, at.position));
        if (turn_.statements.size() != stop_at_) return;
        began_ = false;
        for (const LiveFrame& live : live_frames(vm, args, kMostFrames)) {
            const Code& its = *live.site->code;
            const SteppedTurn::Statement place = statement_at(its, live.site->position);
            SteppedTurn::Frame frame{std::string(its.name), place.file, place.line, {}};
            for (const FrameVariable& variable : variables_at(vm, live))
                if (const Value value = read_variable(live, variable))
                    frame.variables.emplace_back(variable.name, in_short(vm, value));
            turn_.frames.push_back(std::move(frame));
        }
        if (vm.actor_state) {
            const Cell& state = *vm.actor_state.cell();
            const Class& cls = *vm.shapes[state.shape].cls;
            for (size_t i = 0; i < cls.fields.size() && i < state.word_count(); ++i)
                turn_.state.emplace_back(vm.symbols.text(cls.fields[i].name), in_short(vm, state[i]));
        }
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

    // Without running any code of the program.
    std::string in_short(const Machine& vm, Value value) const {
        if (!value || value.is_nil()) return "nil";
        if (value.is_boolean()) return value.is_true() ? "true" : "false";
        if (has_shape(value, shape::kAddress)) return actors_->describe(*actor_of(value));
        std::string text = sketch(vm, value);
        return text.empty() ? vm.with_article(value) : text;
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
        Rerun rerun(actors, world.names());
        Actor* actor = world.find(visited.turn.actor);
        if (!actor || actor->status == Actor::Ended || actor->status == Actor::Held) {
            made.trouble = "the actor cannot be brought back";
            return;
        }
        made.actor = actors.describe(*actor);
        made.message = rerun.in_words(visited.turn.message);
        std::set<std::string> modules;
        if (auto stored = store.modules_at(world.epoch()))
            for (const StoredModule& module : *stored) modules.insert(module.path);
        looker.begin(actors, std::move(modules));
        const Rerun::Outcome outcome =
            rerun.run(*actor, visited.turn.message, visited.turn.tape, Rerun::Strict);
        looker.end();
        if (!made.frames.empty()) return; // it was not to come to its end
        made.trouble = outcome.trouble.empty() ? outcome.diverged : outcome.trouble;
        made.state = outcome.state;
    });
    if (!visited) return std::move(visited).failure();
    return made;
}

} // namespace indent::image
