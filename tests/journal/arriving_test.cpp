// Large heaps that come in while others have their turns.
#include "image/journal/restorer.h"
#include "tests/journal/told.h"
#include <atomic>
#include <chrono>
#include <set>
#include <thread>

namespace indent::image {

namespace {

constexpr const char* kText = R"(module m
actor Big:
    state all = []
    state log = []
    on fill(n):
        for i in 1..n: all.add(i * 1.3)
    on note(x):
        log.add(x)
        x
    on size = all.size
    on log = log
actor Echo:
    on ping(x) = x
actor Asker:
    state heard = nil
    on go(big): heard = ask big.note(:asked) within 1.hours
    on heard = heard
)";

// Whoever reads a leaf of a heap waits here while it is closed.
struct Gate {
    std::atomic<bool> closed = false, broken = false;
    std::atomic<size_t> readers = 0;
};

// A world that goes on from a story as an image's does.
class Opened {
  public:
    Opened(const std::string& text, const ToldStory& story, Gate& gate) : gate_(gate) {
        WorldOptions options;
        options.workers = 2;
        auto made = World::make(options);
        REQUIRE(made);
        world_ = std::move(made).value();
        ActorSystem& actors = world_->actors();
        actors.report = [this](const std::string& report) {
            std::lock_guard lock(mutex_);
            reports_ += report;
        };
        REQUIRE(world_->load_text("m", text).ok);
        names_ = std::make_unique<WorldNames>(actors);
        Recovery whole;
        for (const Batch& batch : story.batches) {
            for (const NameRow& row : batch.names) REQUIRE(names_->add(row));
            REQUIRE(whole.add(batch.body));
        }
        Recovery::Checkpoint checkpoint;
        REQUIRE(whole.checkpoint(checkpoint));
        for (std::string& piece : checkpoint.pieces) {
            const Hash hash = hash_of(piece);
            pieces_[hash] = std::move(piece);
        }
        REQUIRE(recovery_.begin(checkpoint.manifest, [this](const Hash& hash, std::string& content) {
            return read(hash, content);
        }));
        for (uint64_t number : recovery_.actors())
            for (auto& [leaf, hash] : recovery_.actor(number)->leaves) leaves_.insert(hash);
        REQUIRE(leaves_.size() > 10);
        restorer_ = std::make_unique<Restorer>(recovery_, actors, *names_);
        auto restored = restorer_->begin(false);
        CHECK(restored.troubles.empty());
        for (Value address : restored.held) world_->runtime().shared.release(address);
        actors.dormant = restorer_.get();
        actors.begin_restored(restored.actors);
    }
    ~Opened() {
        world_->actors().stop_workers();
        world_->actors().dormant = nullptr;
        restorer_.reset();
        names_.reset();
        world_.reset();
    }
    std::string value(const std::string& text) {
        const Outcome outcome = world_->evaluate(text);
        return outcome.ok ? outcome.value : outcome.text();
    }
    std::string reports() {
        std::lock_guard lock(mutex_);
        return reports_;
    }

  private:
    bool read(const Hash& hash, std::string& content) {
        auto found = pieces_.find(hash);
        if (found == pieces_.end()) return false;
        content = found->second;
        if (!leaves_.contains(hash)) return true;
        ++gate_.readers;
        while (gate_.closed) {
            world_->actors().poll_beside(); // as the time between two leaves
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        --gate_.readers;
        return !gate_.broken;
    }
    Gate& gate_;
    std::map<Hash, std::string> pieces_;
    std::set<Hash> leaves_;
    Recovery recovery_;
    std::mutex mutex_;
    std::string reports_;
    std::unique_ptr<World> world_;
    std::unique_ptr<WorldNames> names_;
    std::unique_ptr<Restorer> restorer_;
};

ToldStory with_a_large_heap() {
    ToldStory story;
    Told world(kText, story);
    world.value("spawn m.Big() as :big");
    world.value("spawn m.Echo() as :echo");
    world.value("spawn m.Asker() as :asker");
    CHECK(world.value("ask actor(:big).fill(200_000) within 1.hours") == "nil");
    CHECK(world.value("ask actor(:big).size") == "200000");
    return story;
}

void when_closed(Gate& gate, Opened& world, const std::string& text) {
    gate.closed = true;
    world.value(text);
    while (gate.readers == 0) world.value("sleep(1.milliseconds)");
}

} // namespace

TEST_CASE(
    "While a large heap comes in others have their turns, and what waits for it is handled then, in its "
    "order") {
    const ToldStory story = with_a_large_heap();
    Gate gate;
    Opened world(kText, story, gate);
    when_closed(gate, world, "send actor(:asker).go(actor(:big))");
    world.value("send actor(:big).note(2)");
    for (int i = 0; i < 100; ++i)
        REQUIRE(world.value("ask actor(:echo).ping(" + std::to_string(i) + ") within 1.hours") ==
                std::to_string(i));
    world.value("for i in 3..100: send actor(:big).note(i)");
    CHECK(world.value("actor(:big).mailbox.size") == "100");
    gate.closed = false;
    CHECK(world.value("(ask actor(:big).log within 1.hours) == [:asked] + (2..100).to_list") == "true");
    CHECK(world.value("ask actor(:asker).heard within 1.hours") == ":asked");
    CHECK(world.value("ask actor(:big).size within 1.hours") == "200000");
    CHECK(world.reports() == "");
}

TEST_CASE("An actor that is killed while its heap comes in ends when it has come") {
    const ToldStory story = with_a_large_heap();
    Gate gate;
    Opened world(kText, story, gate);
    when_closed(gate, world, "let big = actor(:big)\nsend big.note(1)");
    world.value("big.kill");
    gate.closed = false;
    CHECK(world.value("while big.alive?: sleep(1.milliseconds)\nbig.alive?") == "false");
    CHECK(world.value("ask actor(:echo).ping(1) within 1.hours") == "1");
}

TEST_CASE("A large heap that cannot be read has its actor held; its messages wait, and others go on") {
    const ToldStory story = with_a_large_heap();
    Gate gate;
    Opened world(kText, story, gate);
    when_closed(gate, world, "send actor(:big).note(1)");
    gate.broken = true;
    gate.closed = false;
    while (world.reports().empty()) world.value("sleep(1.milliseconds)");
    CHECK(world.reports().find("is held: what the image has of its state is damaged") != std::string::npos);
    CHECK(world.value("ask actor(:echo).ping(1) within 1.hours") == "1");
    CHECK(world.value("actor(:big).mailbox.size") == "1");
}

TEST_CASE("A world that ends while a large heap comes in does not wait for it") {
    const ToldStory story = with_a_large_heap();
    for (int i = 0; i < 6; ++i) {
        Gate gate;
        std::thread opener;
        {
            Opened world(kText, story, gate);
            when_closed(gate, world, "send actor(:asker).go(actor(:big))");
            opener = std::thread([&gate, i] {
                std::this_thread::sleep_for(std::chrono::microseconds(400 * i));
                gate.closed = false;
            });
        }
        opener.join();
    }
}

TEST_CASE("A tool that looks at a large heap waits for it, and a reload that concerns all does") {
    const ToldStory story = with_a_large_heap();
    Gate gate;
    Opened world(kText, story, gate);
    when_closed(gate, world, "send actor(:big).note(1)");
    std::thread opener([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        gate.closed = false;
    });
    CHECK(world.value("actor(:big).state[:all].size") == "200000");
    opener.join();
    CHECK(world.value("ask actor(:big).log within 1.hours") == "[1]");
}

} // namespace indent::image
