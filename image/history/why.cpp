#include "image/history/why.h"
#include "image/history/past_world.h"
#include "image/history/turns.h"
#include "image/history/value_trail.h"
#include "vm/actors/actor.h"
#include "vm/world/world.h"
#include <algorithm>
#include <map>

namespace indent::image {

namespace {

constexpr size_t kMostRecords = size_t(64) << 20; // bytes of what turns have written that are kept at once

class Asking {
  public:
    Asking(Past& past, PastWorld& world, uint64_t number, const std::string& field)
        : past_(past), world_(world), number_(number), field_(field) {}

    Result<Why> run(const StoryPlace& upto) {
        const std::optional<Field> found = field();
        if (!found) return no_field();
        why_.actor = world_.describe(number_);
        why_.value = in_short(world_.system(), found->value);
        why_.states = 1;
        auto begin = past_.earliest(upto);
        if (!begin) return std::move(begin).failure();
        for (StoryPlace end = upto;;) {
            if (auto gathered = gather(*begin, end); !gathered) return std::move(gathered).failure();
            auto known = look_back();
            if (!known) return std::move(known).failure();
            if (*known || first_.turn == begin->turn) return std::move(why_);
            end = first_;
            std::string was; // the places of the value are those that it had there
            auto is_same = was_the_same(0, was);
            if (!is_same) return std::move(is_same).failure();
            if (!*is_same) {
                tell(turns_[0], std::move(was));
                return std::move(why_);
            }
        }
    }

  private:
    struct Sent {
        uint64_t actor = 0, turn = 0;
    };
    struct Turn { // that may have changed the state
        StoryPlace place;
        uint64_t at_ms = 0, epoch = 0;
        std::optional<PostRecord> message;
    };

    std::optional<Field> field() {
        for (Field& one : world_.fields(number_))
            if (one.name == field_ && one.value) return std::move(one);
        return std::nullopt;
    }

    Failure no_field() {
        std::string fields;
        for (const Field& one : world_.fields(number_)) fields += (fields.empty() ? "" : ", ") + one.name;
        return {"not_found", "has no field `" + field_ + "`" + (fields.empty() ? "" : "; it has " + fields)};
    }

    // The last turns of the actor between these places, as many as there is room for, and who sent what to it.
    Result<void> gather(const StoryPlace& begin, const StoryPlace& end) {
        first_ = begin;
        turns_.clear();
        records_.clear();
        size_t bytes = 0, dropped = 0;
        auto walked = past_.walk(begin, end, [&](const Past::Step& step) -> Result<bool> {
            for (const Record& record : *step.records)
                if (auto* post = std::get_if<PostRecord>(&record); post && post->to == number_)
                    senders_[post->number] = {step.segment->actor, step.turn};
            if (step.segment->actor != number_ || step.segment->end != SegmentRecord::Done) return true;
            ValueTrail::Turn records;
            if (!records_of(step, records)) return true;
            Turn turn{step.place, step.segment->at_ms, step.recovery->epoch(), std::nullopt};
            if (auto handled = turn_of(step)) turn.message = std::move(handled->message);
            bytes += bytes_of(records, turn);
            turns_.push_back(std::move(turn));
            records_.push_back(std::move(records));
            for (; bytes > kMostRecords && dropped + 1 < turns_.size(); ++dropped) {
                bytes -= bytes_of(records_[dropped], turns_[dropped]);
                first_ = turns_[dropped].place;
                turns_[dropped].message.reset();
                records_[dropped].records = {};
            }
            return true;
        });
        if (!walked) return walked;
        turns_.erase(turns_.begin(), turns_.begin() + ptrdiff_t(dropped));
        records_.erase(records_.begin(), records_.begin() + ptrdiff_t(dropped));
        return ok();
    }

    // False: the state is the same after it.
    static bool records_of(const Past::Step& step, ValueTrail::Turn& turn) {
        uint64_t parts = 0;
        for (const Record& record : *step.records)
            if (auto* due = std::get_if<PartsRecord>(&record); due && due->actor == step.segment->actor)
                parts = due->count;
        if (step.segment->heap.empty() && parts == 0) return false;
        turn.is_base = step.segment->fresh;
        if (turn.is_base || !step.before) return true;
        const std::vector<std::string>& all = step.before->parts;
        turn.records.assign(all.end() - ptrdiff_t(std::min<uint64_t>(parts, all.size())), all.end());
        turn.records.push_back(step.segment->heap);
        return true;
    }

    static size_t bytes_of(const ValueTrail::Turn& records, const Turn& turn) {
        size_t bytes = sizeof records + sizeof turn;
        for (const std::string& record : records.records) bytes += sizeof record + record.size();
        if (turn.message) bytes += turn.message->arguments.size();
        return bytes;
    }

    StoryPlace place_before(size_t turn) const { return turn > 0 ? turns_[turn - 1].place : first_; }

    // The state of then, for as long as the recovery is there.
    struct Then {
        std::unique_ptr<Recovery> recovery;
        const Recovery::State* state = nullptr; // null: it had none
    };
    Result<Then> state_before(size_t turn) {
        auto read = past_.read(place_before(turn));
        if (!read) return std::move(read).failure();
        Then then{std::move(*read), nullptr};
        const Recovery::State* state = then.recovery->actor(number_);
        if (state && state->has_heap()) then.state = state;
        ++why_.states;
        return then;
    }

    // From the last turn on. False: the value was there before the first of them.
    Result<bool> look_back() {
        ValueTrail trail(records_, world_.names(), [this](size_t turn) -> std::unique_ptr<Heap> {
            auto then = state_before(turn);
            return then && then->state ? world_.heap_of(*then->state) : nullptr;
        });
        look_at(trail);
        for (size_t i = turns_.size(); i-- > 0;) {
            if (past_.gives_up()) return Failure{"stopped", "it was given up"};
            if (trail.is_same_before(i)) continue;
            std::string was;
            auto is_same = was_the_same(i, was);
            if (!is_same) return std::move(is_same).failure();
            if (!*is_same) {
                tell(turns_[i], std::move(was));
                return true;
            }
            look_at(trail);
        }
        return false;
    }

    void look_at(ValueTrail& trail) {
        const Actor& actor = *world_.find(number_);
        const std::vector<Field> fields = world_.fields(number_);
        for (size_t i = 0; i < fields.size(); ++i)
            if (fields[i].name == field_) trail.look_at(*actor.heap, actor.state.cell(), i);
    }

    // Whether the turn has found what it has left. The actor is as it was then from here on; `was` gets the value if it is
    // another one, and known.
    Result<bool> was_the_same(size_t turn, std::string& was) {
        if (!after_)
            if (const auto now = field())
                after_ = Parcel::pack_whole(world_.world().machine(), &now->value, 1);
        auto then = state_before(turn);
        if (!then) return std::move(then).failure();
        world_.names().allow_memory(WorldNames::kMostPerByte * (then->state ? then->state->heap_bytes() : 0));
        if (!then->state || !world_.put(number_, *then->state)) return false; // of a layout that is gone
        const std::optional<Field> before = field();
        if (!before) return false;
        ActorSystem& system = world_.system();
        if (after_ && !first_difference(system, before->value, system, after_->peek(0))) return true;
        was = in_short(system, before->value);
        return false;
    }

    void tell(const Turn& turn, std::string was) {
        Why::Cause cause;
        cause.turn = turn.place.turn;
        cause.at_ms = turn.at_ms;
        cause.epoch = turn.epoch;
        cause.before = std::move(was);
        if (turn.message) {
            cause.message = world_.message(*turn.message);
            if (auto sender = senders_.find(turn.message->number); sender != senders_.end())
                cause.sender = {world_.describe(sender->second.actor), sender->second.turn};
        }
        why_.cause = std::move(cause);
    }

    Past& past_;
    PastWorld& world_; // in which the actor is as it was after the turn that comes next
    const uint64_t number_;
    const std::string& field_;
    Why why_;
    StoryPlace first_; // before the first of the turns
    std::vector<Turn> turns_;
    std::vector<ValueTrail::Turn> records_; // of each
    std::map<uint64_t, Sent> senders_;      // by message
    Parcel::Pointer after_;                 // the value; null: nobody has compared it yet
};

} // namespace

Result<Why> why(Past& past, DefinitionStore& store, const StoryPlace& upto, const std::string& actor,
                const std::string& field) {
    auto world = PastWorld::make(past, store, upto, PastWorld::How::Looked);
    if (!world) return std::move(world).failure();
    const uint64_t number = (*world)->number_of(actor);
    if (!number) return Failure{"not_found", "there was no actor " + actor + " then"};
    auto found = Asking(past, **world, number, field).run(upto);
    if (found || found.failure().code != "not_found") return found;
    return Failure{"not_found", actor + " " + found.failure().message};
}

} // namespace indent::image
