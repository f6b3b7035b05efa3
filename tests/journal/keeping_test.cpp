// A journal whose batches cannot be kept for a while, and one that lets nobody wait.
#include "image/journal/journal.h"
#include "image/journal/recovery.h"
#include "image/store/rows.h"
#include "vm/os/clock.h"
#include "vm/world/world.h"
#include <atomic>
#include <doctest/doctest.h>
#include <mutex>

using namespace indent;
using namespace indent::image;

namespace {

constexpr const char* kCounter = R"(module m
actor Counter:
    state n = 0
    state last = nil
    on more(what):
        n += 1
        last = what
        n
    on n = n
    on last = last
)";

struct Kept {
    std::vector<NameRow> names;
    std::vector<std::string> bodies;
    uint64_t turns = 0; // of the last batch
    int64_t at_ms = 0;
    std::mutex mutex; // while a journal lives
    size_t batches() {
        std::lock_guard lock(mutex);
        return bodies.size();
    }
};

// A world with the module, which goes on from what was kept and keeps what it does while `room` is true.
class Program {
  public:
    explicit Program(Kept& kept, uint64_t group_ms = 0) : kept_(kept) {
        auto made = World::make({});
        REQUIRE(made);
        world_ = std::move(made).value();
        REQUIRE(world_->load_text("m", kCounter).ok);
        names_ = std::make_unique<WorldNames>(world_->actors());
        for (const NameRow& row : kept_.names) REQUIRE(names_->add(row));
        Recovery recovery;
        for (const std::string& body : kept_.bodies) REQUIRE(recovery.add(body));
        auto restored = recovery.restore(world_->actors(), *names_);
        troubles = restored.troubles;
        for (Value address : restored.held) world_->runtime().shared.release(address);
        journal_ = std::make_unique<Journal>(
            world_->actors(), *names_,
            [this](const Batch& batch) -> Result<void> {
                ++tries;
                if (!room) return Failure{"no_space", "there is no space left"};
                std::lock_guard lock(kept_.mutex);
                for (const NameRow& row : batch.names) kept_.names.push_back(row);
                if (!batch.body.empty()) kept_.bodies.push_back(batch.body);
                kept_.turns = batch.turns;
                CHECK(batch.at_ms >= kept_.at_ms);
                kept_.at_ms = batch.at_ms;
                return ok();
            },
            recovery.last_message(), recovery.turns());
        journal_->group_for(group_ms);
        world_->actors().log = journal_.get();
        world_->actors().begin_restored(restored.actors);
    }
    ~Program() {
        closed = bool(journal_->close());
        world_->actors().stop_workers();
        world_->actors().log = nullptr;
        journal_.reset();
        names_.reset();
        world_.reset();
    }
    std::string value(const std::string& text) {
        const Outcome outcome = world_->evaluate(text);
        return outcome.ok ? outcome.value : outcome.text();
    }
    Journal& journal() { return *journal_; }
    std::atomic<bool> room{true};
    std::atomic<int> tries{0};
    bool closed = false;
    std::vector<std::string> troubles;

  private:
    Kept& kept_;
    std::unique_ptr<World> world_;
    std::unique_ptr<WorldNames> names_;
    std::unique_ptr<Journal> journal_;
};

} // namespace

TEST_CASE("what could not be kept is told, and is kept once when there is room again") {
    Kept kept;
    {
        Program program(kept);
        program.value("spawn m.Counter() as :c");
        for (int i = 0; i < 5; ++i) program.value("ask actor(:c).more(:early)");
        REQUIRE(program.journal().sync());
        const size_t batches = kept.batches();
        program.room = false;
        for (int i = 0; i < 5; ++i) {
            program.value("ask actor(:c).more(:name_that_is_new_" + std::to_string(i) + ")");
            auto told = program.journal().sync(); // each of them
            REQUIRE(!told);
            CHECK(told.failure().code == "no_space");
        }
        CHECK(kept.batches() == batches);
        CHECK(program.value("ask actor(:c).n") == "10"); // the program goes on
        REQUIRE(!program.journal().sync());
        program.room = true;
        REQUIRE(program.journal().sync());
        CHECK(!program.journal().failure());
        CHECK(kept.turns == program.journal().turns()); // the batch that grew says so
        const int64_t now = os::wall_ns() / 1'000'000;
        CHECK((kept.at_ms <= now && kept.at_ms > now - 60'000));
    }
    Recovery read;
    for (const std::string& body : kept.bodies) REQUIRE(read.add(body));
    CHECK(read.turns() == kept.turns);
    Program next(kept);
    CHECK(next.troubles.empty());
    CHECK(next.value("ask actor(:c).n") == "10");
    CHECK(next.value("ask actor(:c).last") == ":name_that_is_new_4");
}

TEST_CASE("room that comes while nobody asks is found within a second or two") {
    Kept kept;
    Program program(kept);
    program.value("spawn m.Counter() as :c");
    program.room = false;
    program.value("ask actor(:c).more(:a)");
    REQUIRE(!program.journal().sync());
    const size_t before = kept.batches();
    program.room = true;
    for (int i = 0; i < 1000 && kept.batches() == before; ++i) os::sleep_ns(10'000'000);
    CHECK(!program.journal().failure());
    CHECK(kept.batches() > before);
}

TEST_CASE(
    "a program that ends while there is no room keeps what was acknowledged, and says that the rest is not") {
    Kept kept;
    {
        Program program(kept);
        program.value("spawn m.Counter() as :c");
        program.value("ask actor(:c).more(:a)");
        REQUIRE(program.journal().sync());
        program.room = false;
        program.value("ask actor(:c).more(:b)");
        auto closed = program.journal().close();
        CHECK(!closed);
    }
    Program next(kept);
    CHECK(next.value("ask actor(:c).last") == ":a");
}

TEST_CASE("batches that are grouped come once for many turns, and all of them at the end") {
    Kept kept;
    {
        Program program(kept, 200);
        program.value("spawn m.Counter() as :c");
        for (int i = 0; i < 200; ++i) program.value("ask actor(:c).more(1)");
        CHECK(kept.batches() < 20); // each turn would be one otherwise
    }
    Program next(kept);
    CHECK(next.value("ask actor(:c).n") == "200");
}

TEST_CASE("a name that was lost costs what has it, and its number is nobody else's") {
    Kept kept;
    {
        Program program(kept);
        program.value("spawn m.Counter() as :c\nspawn m.Counter() as :d");
        program.value("ask actor(:c).more(:odd_one)");
        program.value("ask actor(:d).more(:other)");
    }
    bool found = false;
    for (NameRow& row : kept.names)
        if (row.kind == NameRow::Symbol && row.content == "odd_one") {
            row.content = kLostName;
            found = true;
        }
    REQUIRE(found);
    Program next(kept);
    REQUIRE(next.troubles.size() == 1);
    CHECK(next.troubles[0].find("lost when the image was salvaged") != std::string::npos);
    CHECK(next.value("ask actor(:d).last") == ":other");
    CHECK(next.value("ask actor(:d).more(:odd_one)") == "2"); // it has a new number
    REQUIRE(next.journal().sync());
    size_t numbers = 0;
    for (const NameRow& row : kept.names) numbers += row.kind == NameRow::Symbol && row.content == "odd_one";
    CHECK(numbers == 1);
}
