#include "image/history/visit_turn.h"

namespace indent::image {

Result<void> visit_turn(Past& past, DefinitionStore& store, const StoryPlace& before, const StoryPlace& place,
                        const std::function<void(const VisitedTurn&)>& visit) {
    bool found = false;
    auto walked = past.walk(before, place, [&](const Past::Step& step) -> Result<bool> {
        if (step.turn != place.turn) return true;
        const auto turn = turn_of(step);
        if (!turn)
            return Failure{"not_found",
                           "turn " + std::to_string(step.turn) +
                               (ends_for_restart(step)
                                    ? " ends what the actor was before its supervisor restarts it, and what "
                                      "came into that is not recorded: run a turn again that stops such an "
                                      "actor, or the one after this, in which it begins anew"
                                    : " handles no message: it followed a reload, or is the machine's own")};
        StoryPlace then = step.place;
        --then.groups;
        --then.turn;
        auto world = PastWorld::make(past, store, then, PastWorld::How::Still);
        if (!world) return std::move(world).failure();
        (*world)->born = [&step](uint64_t number) -> const FactsRecord* {
            for (const Record& record : *step.records)
                if (auto* facts = std::get_if<FactsRecord>(&record); facts && facts->actor == number)
                    return facts;
            const Recovery::State* state = step.recovery->actor(number);
            return state && state->facts.actor == number ? &state->facts : nullptr;
        };
        found = true;
        visit({**world, step, *turn});
        return false;
    });
    if (!walked) return walked;
    if (!found) return Failure{"not_found", "no turn ends there"};
    return ok();
}

} // namespace indent::image
