// Images that a stranger has made or damaged: an error, a held actor with a reason, or what it was.
#include "image/journal/parcels.h"
#include "image/journal/tape.h"
#include "image/store/image.h"
#include "tests/journal/small_world.h"
#include "tests/sanitizers.h"
#include "vm/actors/supervisor.h"
#include "vm/actors/timers.h"
#include "vm/actors/turn_tape.h"
#include "vm/model/list.h"
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

using namespace indent;
using namespace indent::image;
using namespace indent::image::test;

namespace {

class ImageFile {
  public:
    ImageFile() {
        std::string name = (std::filesystem::temp_directory_path() / "hostileXXXXXX").string();
        REQUIRE(mkdtemp(name.data()) != nullptr);
        folder_ = name;
        path = name + "/a.indent";
    }
    ~ImageFile() { std::filesystem::remove_all(folder_); }
    void write(const StoryText& story) {
        std::filesystem::remove(path);
        auto image = Image::create(path);
        REQUIRE(image);
        std::vector<NameRecord> names;
        for (const NameRow& row : story.rows) names.push_back({row.kind, row.number, row.content});
        REQUIRE((*image)->story().append(names, {}));
        for (const std::string& body : story.bodies) {
            std::string batch;
            append_group(batch, body);
            REQUIRE((*image)->story().append({}, {0, 1, 0, 0, batch}));
        }
    }
    // Nothing: something is wrong, and was said.
    std::optional<StoryText> read() {
        auto image = Image::open(path);
        if (!image) return std::nullopt;
        StoryText story;
        auto names = (*image)->story().read_names([&](NameRecord name) {
            story.rows.push_back({uint8_t(name.kind), name.number, std::move(name.content)});
            return ok();
        });
        auto read = (*image)->story().read_batches(0, 0, UINT64_MAX, [&](const BatchRecord& batch) {
            ByteReader in(batch.body);
            for (std::string_view group; next_group(in, group);) story.bodies.emplace_back(group);
            return Result<bool>(!in.failed());
        });
        if (!names || !read) return std::nullopt;
        return story;
    }
    std::string path;

  private:
    std::string folder_;
};

// Actors with all kinds of things, as one image has them.
StoryText many_things() {
    SmallWorld world;
    std::vector<std::string> lines;
    int number = 0;
    for (auto& [name, more] : small_stories()) {
        if (name == "waiting" || name == "changes" || name == "ended") continue;
        const std::string own = ":box" + std::to_string(++number);
        for (std::string line : more) {
            for (size_t at = 0; (at = line.find(":box", at)) != std::string::npos; at += own.size())
                line.replace(at, 4, own);
            lines.push_back(line);
        }
    }
    StoryText story = world.tell(lines);
    // In the order in which an image gives them.
    std::stable_sort(story.rows.begin(), story.rows.end(), [](const NameRow& a, const NameRow& b) {
        return std::pair(a.kind, a.number) < std::pair(b.kind, b.number);
    });
    return story;
}

std::string bytes_of(const std::string& path) {
    std::ostringstream bytes;
    bytes << std::ifstream(path, std::ios::binary).rdbuf();
    return bytes.str();
}

} // namespace

TEST_CASE("Small stories come back as they were told, and again from what is kept of them") {
    for (const auto& entry : small_stories()) {
        const std::string& name = entry.first;
        const auto& lines = entry.second;
        CAPTURE(name);
        StoryText story;
        {
            SmallWorld world;
            story = StoryText::of(world.tell(lines).bytes());
        }
        SmallWorld world;
        const auto came = world.bring_back(story, false);
        CHECK(came.taken);
        CHECK(came.actors > 0);
        CHECK(came.troubles == (name == "waiting" ? 1 : 0)); // a block of an input
        SmallWorld next;
        const auto again = next.bring_back(came.again, false);
        CHECK(again.taken);
        if (name != "waiting") CHECK(again.shown == came.shown);
        const auto used = next.bring_back(story, true);
        CHECK(used.taken);
    }
}

TEST_CASE("A flipped bit of an image with actors is noticed, or changes nothing that they have") {
    const StoryText story = many_things();
    ImageFile file;
    file.write(story);
    SmallWorld world;
    const auto good = world.bring_back(*file.read(), false);
    REQUIRE(good.taken);
    REQUIRE(good.troubles == 0);
    REQUIRE(good.actors > 20);
    const std::string bytes = bytes_of(file.path);
    std::mt19937 random(11);
    int noticed = 0, harmless = 0;
    constexpr int kFlips = 2000;
    for (int i = 0; i < kFlips; ++i) {
        std::string bad = bytes;
        const size_t at = random() % bad.size();
        bad[at] = char(bad[at] ^ (1 << random() % 8));
        CAPTURE(at);
        std::ofstream(file.path, std::ios::binary) << bad;
        const auto read = file.read();
        std::filesystem::remove(file.path + "-wal");
        std::filesystem::remove(file.path + "-journal");
        if (!read) {
            ++noticed;
            continue;
        }
        // What was read is what was written, so it need not be run each time.
        CHECK(read->bytes() == story.bytes());
        if (i % 20 == 0) {
            const auto came = world.bring_back(*read, false);
            CHECK(came.shown == good.shown);
        }
        ++harmless;
    }
    MESSAGE(noticed << " of " << kFlips << " flipped bits noticed, " << harmless << " harmless");
    CHECK(noticed > kFlips / 6); // the others lie where nothing is kept
}

TEST_CASE(
    "Images whose checksums were made to fit what was changed are refused, hold actors, or can be used") {
    const StoryText story = many_things();
    std::mt19937 random(12);
    int refused = 0, with_troubles = 0, taken = 0;
    size_t held = 0;
    constexpr int kChanges = kSanitizers ? 600 : 2000, kWorldsEvery = kChanges / 4;
    ImageFile file;
    std::unique_ptr<SmallWorld> world;
    for (int i = 0; i < kChanges; ++i) {
        if (i % kWorldsEvery == 0) world = std::make_unique<SmallWorld>();
        StoryText bad = story;
        std::vector<std::string*> all;
        for (std::string& body : bad.bodies) all.push_back(&body);
        for (NameRow& row : bad.rows) all.push_back(&row.content);
        for (size_t times = 1 + random() % 3; times > 0; --times) {
            // Bodies have most of what there is to be parsed.
            std::string& where = *all[random() % 4 ? random() % bad.bodies.size() : random() % all.size()];
            if (where.empty()) continue;
            const size_t at = random() % where.size();
            switch (random() % 4) {
            case 0: where[at] = char(random()); break;
            case 1: where[at] = char(where[at] + 1); break;
            default: where[at] = char(where[at] ^ (1 << random() % 8));
            }
        }
        if (i % 10 == 0) { // through the file, with the store's own checksums
            file.write(bad);
            auto read = file.read();
            REQUIRE(read);
            bad = std::move(*read);
        }
        const auto came = world->bring_back(bad, true);
        if (!came.taken)
            ++refused;
        else if (came.troubles > 0)
            ++with_troubles;
        else
            ++taken;
        held += came.troubles;
    }
    MESSAGE(kChanges << " changed stories: " << refused << " refused, " << with_troubles << " with " << held
                     << " troubles told, " << taken << " taken");
    CHECK(refused > 0);
    CHECK(with_troubles > 0);
    CHECK(taken > 0);
}

TEST_CASE("A parcel that is refused lets go of exactly what it held") {
    SmallWorld world;
    Runtime& runtime = world.world->runtime();
    WorldNames names(world.world->actors());
    // A parcel with a tuple of shared things.
    const StoryText story = [] {
        SmallWorld other;
        return other.tell(
            {"spawn m.Box() as :box",
             "ask actor(:box).put([m.Point(1, (2, \"x\")).frozen, m.kept, [\"literal\", \"literal\"]])"});
    }();
    for (const NameRow& row : story.rows) REQUIRE(names.add(row));
    names.address_of = [](uint64_t) { return Value(); };
    std::string good;
    for (const std::string& body : story.bodies) {
        std::vector<Record> records;
        REQUIRE(read_all(body, records));
        for (const Record& record : records)
            if (auto* post = std::get_if<PostRecord>(&record); post && post->kind == ActorMessage::Call)
                good = post->arguments;
    }
    REQUIRE(good.size() > 10);
    auto counts = [&] { // of the whole space, then of each cell that has a name
        std::vector<uint64_t> now{runtime.shared.cells()};
        for (const NameRow& row : story.rows)
            if (Value cell; row.kind == NameRow::Shared && names.shared_of(row.number, cell))
                now.push_back(runtime.shared.holders(cell.cell()));
        return now;
    };
    (void)counts(); // all that is named is made
    const std::vector<uint64_t> before = counts();
    REQUIRE(before.size() >= 3);
    {
        Parcel::Pointer parcel;
        REQUIRE(parcel_from(good, runtime.shared, 0, names, parcel));
        CHECK(counts() != before);
    }
    CHECK(counts() == before);
    size_t refused = 0, taken = 0;
    std::mt19937 random(13);
    for (size_t at = 0; at < good.size(); ++at)
        for (int change = 0; change < 24; ++change) {
            std::string bad = good;
            if (change < 8)
                bad[at] = char(bad[at] ^ (1 << change));
            else if (change == 8)
                bad.resize(at);
            else
                bad[at] = char(random());
            {
                Parcel::Pointer parcel;
                ++(parcel_from(bad, runtime.shared, 0, names, parcel) ? taken : refused);
            }
            CAPTURE(at);
            CHECK(counts() == before);
        }
    MESSAGE("parcels refused: " << refused << ", taken: " << taken);
    CHECK(refused > 100);
}

TEST_CASE("What a retried turn had done comes back as it was, and changed it is refused or whole") {
    SmallWorld world;
    REQUIRE(world.world->evaluate("spawn m.Box() as :box").ok);
    Runtime& runtime = world.world->runtime();
    ActorSystem& actors = world.world->actors();
    WorldNames names(actors);
    const ActorRef box = actors.named(runtime.symbols.intern("box"));
    REQUIRE(box);
    const auto address_of = [&](uint64_t number) {
        return number == box->id ? Value::cell(box->address) : Value();
    };
    const Value two[] = {Value::integer(7), Value::integer(8)};
    std::vector<TapeEntry> entries;
    for (int kind = 0; kind <= BreakRecord::kLast; ++kind) {
        auto deed = std::make_shared<BreakRecord::Deed>();
        deed->kind = BreakRecord::Kind(kind);
        deed->whom = box;
        deed->selector = runtime.symbols.intern("put");
        deed->labels = {0, runtime.symbols.intern("gently")};
        deed->arguments = Parcel::of_shared(runtime.shared, two, 2);
        deed->delay = 5;
        deed->timer = std::make_shared<TimerRecord>();
        deed->timer->number = 3;
        if (kind == BreakRecord::Spawn) deed->cls = box->cls;
        deed->answer = std::make_unique<Answer>();
        deed->answer->value = Parcel::of_shared(runtime.shared, two, 1);
        TapeEntry entry;
        entry.kind = TapeEntry::Expects;
        entry.deed = std::move(deed);
        entries.push_back(std::move(entry));
    }
    entries.emplace_back().kind = TapeEntry::Forgets;
    const std::string good = bytes_of_tape(entries, names);
    std::vector<TapeEntry> read;
    REQUIRE(tape_from(good, actors, names, address_of, read));
    CHECK(bytes_of_tape(read, names) == good);
    size_t refused = 0, taken = 0;
    std::mt19937 random(15);
    for (size_t at = 0; at < good.size(); ++at)
        for (int change = 0; change < 24; ++change) {
            std::string bad = good;
            if (change == 8)
                bad.resize(at);
            else
                bad[at] = char(change < 8 ? bad[at] ^ (1 << change) : random());
            std::vector<TapeEntry> made;
            if (!tape_from(bad, actors, names, address_of, made)) {
                ++refused;
                continue;
            }
            ++taken;
            for (const TapeEntry& entry : made) {
                if (!entry.deed) continue; // of somebody who is not there
                const BreakRecord::Deed& deed = *entry.deed;
                const size_t count = deed.arguments ? deed.arguments->count() : 0;
                CHECK(deed.whom);
                CHECK((deed.labels.empty() || deed.labels.size() == count));
                CHECK((deed.kind != BreakRecord::Spawn || deed.cls));
                CHECK((deed.kind != BreakRecord::Later || deed.timer));
                CHECK((!deed.answer || deed.answer->value->count() == 1));
            }
        }
    MESSAGE("deeds refused: " << refused << ", taken: " << taken);
    CHECK(refused > 100);
    CHECK(taken > 100);
}

TEST_CASE("A block comes back only with what its code uses") {
    StoryText story;
    {
        SmallWorld world;
        story = world.tell({"spawn m.Box() as :box", "ask actor(:box).bag(3)"});
    }
    FactsRecord facts;
    for (const std::string& body : story.bodies) {
        std::vector<Record> records;
        REQUIRE(read_all(body, records));
        for (const Record& record : records)
            if (auto* found = std::get_if<FactsRecord>(&record)) facts = *found;
    }
    // [bag, bag.adder(1), bag.self_adder, bag.counter]: captures n and names a field, captures nothing, shares a variable.
    struct Blocks {
        Cell &adder, &self_adder, &counter;
    };
    struct Change {
        const char* what;
        bool comes_back;
        void (*make)(Blocks);
    };
    enum { kCode, kSelf, kHome, kSerial, kFirst };
    const Change changes[] = {
        {"nothing", true, [](Blocks) {}},
        {"another value", true, [](Blocks b) { b.adder[kFirst] = Value::boolean(true); }},
        {"another self, whose fields are not named", true,
         [](Blocks b) { b.self_adder[kSelf] = Value::integer(1); }},
        {"a variable where none is shared", false, [](Blocks b) { b.adder[kFirst] = b.counter[kFirst]; }},
        {"no variable where one is shared", false, [](Blocks b) { b.counter[kFirst] = Value::integer(1); }},
        {"a self without fields", false, [](Blocks b) { b.adder[kSelf] = Value::integer(1); }},
        {"a self of another class", false, [](Blocks b) { b.adder[kSelf] = Value::cell(&b.counter); }},
        {"the code of one that captures more", false, [](Blocks b) { b.self_adder[kCode] = b.adder[kCode]; }},
        {"the code of one that captures less", false, [](Blocks b) { b.adder[kCode] = b.self_adder[kCode]; }},
        {"the code of one that shares a variable", false,
         [](Blocks b) { b.adder[kCode] = b.counter[kCode]; }},
        {"no code", false, [](Blocks b) { b.adder[kCode] = Value::nil(); }},
        {"a home", false, [](Blocks b) { b.adder[kHome] = Value::integer(8); }},
        {"a storage as self", false, [](Blocks b) { b.self_adder[kSelf] = b.counter[kFirst]; }},
        {"nothing captured", false, [](Blocks b) { b.adder[kFirst] = Value(); }},
    };
    for (const Change& change : changes) {
        CAPTURE(change.what);
        StoryText changed;
        SmallWorld world;
        {
            WorldNames names(world.world->actors());
            Recovery recovery;
            for (const NameRow& row : story.rows) REQUIRE(names.add(row));
            for (const std::string& body : story.bodies) REQUIRE(SmallWorld::add_to(recovery, body));
            const Recovery::Restored restored = recovery.restore(world.world->actors(), names);
            REQUIRE(restored.actors.size() == 1);
            Actor& actor = *restored.actors[0];
            std::vector<Cell*> blocks(3);
            const Value things = (*actor.state.cell())[0];
            for (size_t i = 0; i < 3; ++i) blocks[i] = list_get(things, 1 + i).cell();
            change.make({*blocks[0], *blocks[1], *blocks[2]});
            SegmentRecord segment;
            segment.actor = actor.id;
            segment.turn = 1;
            segment.fresh = true;
            ByteWriter heap, body;
            const Value roots[] = {actor.state, Value(), Value()};
            write_base(heap, *actor.heap, roots, names);
            segment.heap = heap.take();
            write(body, BeginRecord{});
            write(body, facts);
            write(body, segment);
            changed.rows = story.rows;
            for (NameRow& row : names.take_rows()) changed.rows.push_back(std::move(row));
            changed.bodies = {body.take()};
            change.make({*blocks[0], *blocks[1], *blocks[2]}); // it is never run here
            world.world->actors().begin_restored(restored.actors);
        }
        SmallWorld next;
        const auto came = next.bring_back(changed, true);
        CHECK(came.taken);
        CHECK(came.troubles == (change.comes_back ? 0 : 1));
    }
}

TEST_CASE("Messages that nobody could have sent are lost, with a report, and supervisors are no circle") {
    StoryText story;
    {
        SmallWorld world;
        story =
            world.tell({"spawn m.Box() as :box", "spawn m.Top() as :top", "send actor(:box).hear(1, b: 2)"});
    }
    std::vector<Record> records;
    for (const std::string& body : story.bodies) REQUIRE(read_all(body, records));
    PostRecord call, start;
    std::vector<FactsRecord> all;
    for (const Record& record : records) {
        if (auto* post = std::get_if<PostRecord>(&record)) {
            if (post->kind == ActorMessage::Call && !post->labels.empty()) call = *post;
            if (post->kind == ActorMessage::Start && post->starts_as) start = *post;
        }
        if (auto* facts = std::get_if<FactsRecord>(&record)) all.push_back(*facts);
    }
    REQUIRE(call.labels.size() == 2);
    auto troubles_with = [&](const std::vector<Record>& more) {
        ByteWriter body;
        for (const Record& record : records) write(body, record);
        for (const Record& record : more) write(body, record);
        SmallWorld world;
        const auto came = world.bring_back({story.rows, {body.take()}}, true);
        return came.taken ? int(came.troubles) : -1;
    };
    auto changed = [&](PostRecord post, auto change) {
        post.number = 1000;
        change(post);
        return troubles_with({post});
    };
    CHECK(changed(call, [](PostRecord&) {}) == 0);
    CHECK(changed(call, [](PostRecord& post) { post.labels.push_back(1); }) == 1);
    CHECK(changed(call, [](PostRecord& post) { post.labels.pop_back(); }) == 1);
    CHECK(changed(call, [](PostRecord& post) { post.kind = ActorMessage::Native; }) == 1);
    CHECK(changed(call, [](PostRecord& post) { post.kind = 77; }) == 1);
    CHECK(changed(call, [](PostRecord& post) { post.kind = ActorMessage::Child; }) == 1); // of nobody
    CHECK(changed(call, [](PostRecord& post) { post.kind = ActorMessage::Start; }) >= 0);
    CHECK(changed(call, [](PostRecord& post) { post.number = UINT64_MAX; }) == -1);
    CHECK(changed(call, [](PostRecord& post) { post.to = 999; }) == -1);
    // Too many words for the state that they would fill.
    CHECK(changed(start, [&](PostRecord& post) {
              ByteWriter many;
              many.number(200);
              for (int i = 0; i < 200; ++i) many.byte(1);
              many.number(0);
              post.arguments = many.take();
              post.labels.clear();
          }) == 1);
    // Everybody supervises everybody.
    std::vector<Record> circle;
    for (FactsRecord facts : all) {
        facts.supervision.emplace();
        for (const FactsRecord& other : all) {
            facts.supervision->children.push_back({other.actor, 0, 0, UINT64_MAX, UINT64_MAX});
            facts.supervisor = other.actor;
            circle.push_back(facts);
        }
    }
    CHECK(troubles_with(circle) >= 0);
    FactsRecord far = all[0];
    far.actor = UINT64_MAX;
    CHECK(troubles_with({far}) == -1);
    far.actor = 1; // the program itself
    CHECK(troubles_with({far}) == -1);
    // Timers that come again and again, and never.
    TimerStartRecord timer;
    timer.message = call;
    for (const uint64_t every : {uint64_t(1), UINT64_MAX})
        for (const uint64_t due : {uint64_t(0), UINT64_MAX}) {
            timer.number = 5;
            timer.every = every;
            timer.due_ms = due;
            CHECK(troubles_with({timer}) == 0);
        }
    timer.number = UINT64_MAX;
    CHECK(troubles_with({timer}) == -1);
}

TEST_CASE("A few bytes take no more memory than they may, and their actor is held with the reason") {
    StoryText story;
    {
        SmallWorld world;
        story = world.tell({"spawn m.Box() as :box", "ask actor(:box).put([1])"});
    }
    std::vector<Record> records;
    for (const std::string& body : story.bodies) REQUIRE(read_all(body, records));
    auto came_with = [&](uint64_t words) {
        ByteWriter body;
        for (Record record : records) {
            auto* post = std::get_if<PostRecord>(&record);
            if (post && post->kind == ActorMessage::Call) post->number += 100; // it waits
            write(body, record);
        }
        // A message with a large empty map index beside its list, which claims what it has no bytes for.
        PostRecord post;
        for (const Record& record : records)
            if (auto* found = std::get_if<PostRecord>(&record); found && found->kind == ActorMessage::Call)
                post = *found;
        ByteWriter parcel;
        parcel.number(1);
        parcel.byte(9); // a cell
        parcel.number(0);
        parcel.number(1);
        parcel.number(shape::kText);
        parcel.byte(7); // bytes, frozen, wide
        parcel.number(words);
        const std::string length = [&] {
            const uint64_t bits = 8 * (words - 3) | uint64_t(1) << 56;
            return std::string(reinterpret_cast<const char*>(&bits), 8);
        }();
        parcel.text(length);
        post.number = 1000;
        post.labels.clear();
        post.arguments = parcel.take();
        for (int i = 0; i < 40; ++i) {
            ++post.number;
            write(body, post);
        }
        SmallWorld world;
        return world.bring_back({story.rows, {body.take()}}, false);
    };
    CHECK(came_with(1000).troubles == 0);
    const auto much = came_with(uint64_t(8) << 17); // 40 times 8 MB
    CHECK(much.taken);
    CHECK(much.troubles > 5);
    CHECK(much.troubles < 20);
    CHECK(much.words.find("far more memory than its story can stand for") != std::string::npos);
}

TEST_CASE("A supervisor decides about a child once, however often it is told that the child has ended") {
    StoryText story;
    {
        SmallWorld world;
        story =
            world.tell({"spawn m.Top() as :top", "ask actor(:first).put(3)", "send actor(:first).hear(1)"});
    }
    std::vector<Record> records;
    for (const std::string& body : story.bodies) REQUIRE(read_all(body, records));
    FactsRecord top;
    PostRecord call;
    for (const Record& record : records) {
        auto* facts = std::get_if<FactsRecord>(&record);
        if (facts && facts->supervision && facts->supervision->children.size() == 2) top = *facts;
        auto* post = std::get_if<PostRecord>(&record);
        if (post && post->kind == ActorMessage::Call) call = *post;
    }
    REQUIRE(top.supervision);
    ByteWriter body;
    for (const Record& record : records) write(body, record);
    for (ChildRecord& child : top.supervision->children) child.restart = Child::Transient;
    top.supervision->strategy = Supervision::OneForOne;
    write(body, top);
    auto symbol = [&](const char* text) {
        uint64_t last = 0;
        for (const NameRow& row : story.rows) {
            if (row.kind != NameRow::Symbol) continue;
            if (row.content == text) return row.number;
            last = row.number;
        }
        story.rows.push_back({NameRow::Symbol, last + 1, text});
        return last + 1;
    };
    // The first is answered by a restart, so the child stands in a queue when the next says that it is to go.
    const uint64_t reasons[] = {symbol("failed"), symbol("normal")};
    uint64_t number = 1000;
    for (const ChildRecord& child : top.supervision->children)
        for (int times = 0; times < 2; ++times) {
            PostRecord said = call;
            said.to = top.actor;
            said.from = child.actor;
            said.number = ++number;
            said.kind = ActorMessage::Child;
            said.selector = reasons[times];
            said.labels.clear();
            said.arguments.clear();
            write(body, said);
            said = call;
            said.to = child.actor;
            said.number = ++number;
            write(body, said);
        }
    for (uint64_t seed = 1; seed < 40; ++seed) {
        SmallWorld world(seed);
        for (int times = 0; times < 5; ++times) {
            const auto came = world.bring_back({story.rows, {std::string(body.view())}}, true);
            CHECK(came.taken);
            CHECK(came.troubles == 0);
        }
    }
}
