// Why a field is what it is, against asking each state of the story.
#include "image/history/turns.h"
#include "image/history/why.h"
#include "tests/history/kept.h"
#include "vm/actors/actor.h"
#include <random>

using namespace indent;
using namespace indent::image;

namespace {

constexpr const char* kWhyModule = R"(module m
class Item:
    field n = 0
    field inner = nil
    def put(x): n = x
    def deepest = (if inner == nil then self else inner.deepest)
actor Box:
    state list = []
    state map = {}
    state item = Item()
    state other = Item()
    state text = ""
    state held = nil
    state large = []
    state pair = (0, [])
    on add(x): list.add(x)
    on cut: list.remove_last()
    on set(at, x):
        if list.size > 0: list[at % list.size] = "e{x}"
    on again: list = list.map(e -> e)
    on put(k, x): map[k] = "v{x}"
    on put_again(k):
        if k in map: map[k] = "{map[k]}"
    on forget(k): map.remove(k)
    on nest(x): item = Item(n: x, inner: item)
    on renew: item = Item(n: item.n, inner: item.inner)
    on flat: item = Item(n: item.n)
    on deep(x): item.deepest.put(x)
    on swap:
        let was = item
        item = other
        other = was
    on hold: held = item
    on let_go: held = nil
    on say(x): text = "text {x}"
    on pair_with(x): pair = (x, [x, held])
    on grow(n):
        for i in 1..n: large.add([i, "t{i}"])
    on poke(at, x):
        if large.size > 0: large[at % large.size] = [x, "t{x}"]
    on poke_again(at):
        if large.size > 0:
            let was = large[at % large.size]
            large[at % large.size] = [was[0], "{was[1]}"]
    on drop: large = []
    on fail(x):
        list.add(x)
        raise Error("no")
    on pass(x): send self.add(x)
    on pause(x):
        text = "waits {x}"
        sleep(1.milliseconds)
        list.add(x)
    on nothing = text.size
)";
constexpr const char* kFields[] = {"list", "map", "item", "other", "text", "held", "large", "pair"};

// As it is told where each state is put together and compared with the one before.
std::string plainly(Past& past, DefinitionStore& store, const StoryPlace& upto, const std::string& who,
                    const std::string& field) {
    auto made = PastWorld::make(past, store, upto, PastWorld::How::Looked);
    REQUIRE(made);
    PastWorld& world = **made;
    const uint64_t number = world.number_of(who);
    REQUIRE(number != 0);
    auto value = [&]() -> Value {
        for (const Field& one : world.fields(number))
            if (one.name == field) return one.value;
        return Value();
    };
    const Value now = value();
    if (!now) return "none";
    std::string text = in_short(world.system(), now) + "\n", cause = "none";
    Parcel::Pointer before;
    auto keep = [&](Value is) {
        before = is ? Parcel::pack_whole(world.world().machine(), &is, 1) : nullptr;
    };
    auto begin = past.earliest(upto);
    REQUIRE(begin);
    std::map<uint64_t, std::string> senders;
    auto start = past.read(*begin);
    REQUIRE(start);
    if (const Recovery::State* state = (*start)->actor(number); state && state->has_heap())
        if (world.put(number, *state)) keep(value());
    auto walked = past.walk(*begin, upto, [&](const Past::Step& step) -> Result<bool> {
        bool has_parts = false;
        for (const Record& record : *step.records) {
            if (auto* post = std::get_if<PostRecord>(&record); post && post->to == number)
                senders[post->number] =
                    std::to_string(step.segment->actor) + " in " + std::to_string(step.turn);
            has_parts = has_parts || std::holds_alternative<PartsRecord>(record);
        }
        if (step.segment->actor != number || step.segment->end != SegmentRecord::Done ||
            (step.segment->heap.empty() && !has_parts))
            return true;
        Recovery::State state = *step.before;
        REQUIRE(state.follow(*step.segment, *step.records));
        world.names().allow_memory(WorldNames::kMostPerByte * state.heap_bytes());
        if (!world.put(number, state)) {
            before = nullptr;
            return true;
        }
        const Value is = value();
        if (before && !first_difference(world.system(), before->peek(0), world.system(), is)) return true;
        cause = std::to_string(step.turn) + " epoch " + std::to_string(step.recovery->epoch()) + " was " +
                (before ? in_short(world.system(), before->peek(0)) : "");
        if (const auto turn = turn_of(step))
            cause += " for " + world.message(turn->message) + " of " + senders[turn->message.number];
        keep(is);
        return true;
    });
    REQUIRE(walked);
    return text + cause;
}

std::string quickly(Past& past, DefinitionStore& store, const StoryPlace& upto, const std::string& who,
                    const std::string& field, size_t& states) {
    auto found = why(past, store, upto, who, field);
    if (!found && found.failure().code == "not_found") return "none";
    REQUIRE(found);
    states = found->states;
    if (!found->cause) return found->value + "\nnone";
    const Why::Cause& cause = *found->cause;
    std::string text = found->value + "\n" + std::to_string(cause.turn) + " epoch " +
                       std::to_string(cause.epoch) + " was " + cause.before;
    if (cause.message.empty()) return text;
    auto at = PastWorld::make(past, store, upto, PastWorld::How::Looked);
    REQUIRE(at);
    text += " for " + cause.message + " of ";
    return cause.sender
               ? text + std::to_string((*at)->number_of("box")) + " in " + std::to_string(cause.sender->turn)
               : text;
}

class WhyStory : public KeptImage {
  public:
    explicit WhyStory(unsigned seed) : KeptImage(kWhyModule), random_(seed) {}

    void one() {
        const std::string x = std::to_string(random_() % 50), k = ":k" + std::to_string(random_() % 4);
        const std::string calls[] = {"add(" + x + ")",
                                     "cut",
                                     "set(" + x + ", " + x + ")",
                                     "again",
                                     "put(" + k + ", " + x + ")",
                                     "put_again(" + k + ")",
                                     "forget(" + k + ")",
                                     "nest(" + x + ")",
                                     "renew",
                                     "flat",
                                     "deep(" + x + ")",
                                     "swap",
                                     "hold",
                                     "let_go",
                                     "say(" + x + ")",
                                     "pair_with(" + x + ")",
                                     "poke(" + x + "," + x + ")",
                                     "poke_again(" + x + ")",
                                     "fail(" + x + ")",
                                     "pass(" + x + ")",
                                     "pause(" + x + ")",
                                     "nothing",
                                     "nothing"};
        (void)value("ask actor(:box)." + calls[random_() % std::size(calls)]);
    }

    void compare(const StoryPlace& place) {
        for (const char* field : kFields) {
            CAPTURE(field);
            CAPTURE(place.turn);
            size_t states = 0;
            CHECK(quickly(*past, store, place, "box", field, states) ==
                  plainly(*past, store, place, "box", field));
            states_ += states;
            ++compared_;
        }
    }

    // At some places, and now.
    void compare_all(uint64_t timeline, int places) {
        const uint64_t last = past->now()->turn;
        for (int i = 0; i < places; ++i) {
            auto place = past->at_turn(timeline, 2 + random_() % (last - 1));
            REQUIRE(place);
            compare(*place);
        }
        compare(*past->now());
    }

    std::mt19937 random_;
    size_t compared_ = 0, states_ = 0;
};

} // namespace

TEST_CASE("Why a field is what it is has the same answer as asking each state of random programs") {
    for (unsigned seed = 1; seed <= 6; ++seed) {
        CAPTURE(seed);
        WhyStory told(seed);
        told.begin();
        told.value("spawn m.Box() as :box");
        if (seed % 3 == 0) told.value("ask actor(:box).grow(2000)");
        for (int i = 1; i <= 90; ++i) {
            told.one();
            if (i == 60 && seed % 3 == 0) told.value("ask actor(:box).drop");
            if (i % 31 == 0) REQUIRE(make_checkpoint(*told.image, told.mutex, KeptImage::never));
            if (i % 40 == 0) {
                told.end();
                told.begin();
            }
        }
        told.end();
        told.compare_all(1, 3);
        CHECK(told.compared_ > 0);
    }
}

TEST_CASE("Why a field is what it is has the same answer after a reload that lays its objects out anew") {
    for (unsigned seed = 21; seed <= 24; ++seed) {
        CAPTURE(seed);
        WhyStory told(seed);
        told.begin();
        told.value("spawn m.Box() as :box");
        for (int i = 1; i <= 30; ++i) told.one();
        std::string text = kWhyModule;
        text.replace(text.find("    field inner"), 0, "    field weight = 3\n");
        text.replace(text.find("    state map"), 0, "    state more = 1\n");
        told.reload(text);
        told.value("ask actor(:box).nothing");
        told.compare_all(1, 3);
        for (int i = 1; i <= 30; ++i) told.one();
        told.end();
        told.begin();
        for (int i = 1; i <= 10; ++i) told.one();
        told.end();
        told.compare_all(1, 6);
    }
}

TEST_CASE("Why a field is what it is has the same answer on a timeline that begins in the middle") {
    WhyStory told(31);
    told.begin();
    told.value("spawn m.Box() as :box");
    for (int i = 1; i <= 60; ++i) told.one();
    told.end();
    auto line = go_back(*told.image, told.mutex, *told.past->at_turn(1, 25), "again");
    REQUIRE(line);
    told.timeline = *line;
    told.begin();
    for (int i = 1; i <= 6; ++i) told.one();
    told.end();
    told.compare_all(*line, 4);
    told.compare(*told.past->find("1:50"));
}

TEST_CASE("Why a field is what it is costs no state for each turn that has changed something else") {
    WhyStory told(41);
    told.begin();
    told.value("spawn m.Box() as :box");
    told.value("ask actor(:box).grow(30_000) within 5.minutes");
    told.value("ask actor(:box).say(1)");
    told.value("ask actor(:box).put(:k1, 1)");
    for (int i = 1; i <= 150; ++i) told.value("ask actor(:box).poke(" + std::to_string(i * 191) + ", 1)");
    // The same once more, here and there: none of them is a cause.
    for (int i = 1; i <= 100; ++i) {
        told.value("ask actor(:box).poke_again(" + std::to_string(i * 191) + ")");
        told.value("ask actor(:box).put_again(:k1)");
    }
    told.end();
    const StoryPlace now = *told.past->now();
    for (const char* field : {"large", "text", "map"}) {
        CAPTURE(field);
        size_t states = 0;
        const std::string told_of = quickly(*told.past, told.store, now, "box", field, states);
        CAPTURE(told_of);
        CHECK(states <= 4);
        if (field == std::string("text")) CHECK(told_of.find("was \"\" for say(1)") != std::string::npos);
        if (field == std::string("map")) CHECK(told_of.find("was {} for put(:k1, 1)") != std::string::npos);
        if (field == std::string("large")) CHECK(told_of.find("for poke(28650, 1)") != std::string::npos);
    }
}
