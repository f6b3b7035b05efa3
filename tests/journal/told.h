// Worlds whose story is written down, and worlds that go on from it.
#pragma once
#include "image/journal/journal.h"
#include "image/journal/recovery.h"
#include "vm/world/world.h"
#include <doctest/doctest.h>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace indent::image {

struct ToldStory {
    std::vector<Batch> batches;
};

// Has each group of a journal kept before the next one comes: it is a batch of its own then.
class OneByOne final : public TurnLog {
  public:
    explicit OneByOne(Journal& journal) : journal_(journal) {}
    void segment(Worker& worker, Actor& actor, const ActorMessage* message, SegmentEnd end) override {
        tell([&] { journal_.segment(worker, actor, message, end); });
    }
    void inputs(Worker& worker) override {
        tell([&] { journal_.inputs(worker); });
    }
    void posted(Actor& to, ActorMessage& message, bool first) override {
        tell([&] { journal_.posted(to, message, first); });
    }
    void facts(Actor& actor) override {
        tell([&] { journal_.facts(actor); });
    }
    void atom(Worker& worker, const Cell* atom, Value value) override {
        tell([&] { journal_.atom(worker, atom, value); });
    }
    void ended(Actor& actor) override {
        tell([&] { journal_.ended(actor); });
    }

  private:
    template <class Tell>
    void tell(Tell tell) {
        std::lock_guard lock(mutex_);
        tell();
        (void)journal_.sync();
    }
    Journal& journal_;
    std::mutex mutex_;
};

// A world with the module `m`, from the beginning of a story, or from nothing, which tells what goes on.
class Told {
  public:
    Told(const std::string& text, ToldStory& story, size_t batches = SIZE_MAX, bool each_group = false,
         unsigned workers = 2)
        : story_(story) {
        WorldOptions options;
        options.workers = workers;
        options.output = [this](std::string_view line) { printed += std::string(line) + "\n"; };
        auto made = World::make(options);
        REQUIRE(made);
        world_ = std::move(made).value();
        world_->actors().report = [this](const std::string& report) { reports += report; };
        const Outcome loaded = world_->load_text("m", text);
        INFO(loaded.text());
        REQUIRE(loaded.ok);
        names_ = std::make_unique<WorldNames>(world_->actors());
        Recovery recovery;
        story_.batches.resize(std::min(batches, story_.batches.size()));
        for (const Batch& batch : story_.batches) {
            for (const NameRow& row : batch.names) REQUIRE(names_->add(row));
            REQUIRE(recovery.add(batch.body));
        }
        // A checkpoint says the same as the batches before it.
        Recovery from_checkpoint;
        Recovery::Checkpoint checkpoint;
        REQUIRE(recovery.checkpoint(checkpoint));
        auto piece = [&](const Hash& hash, std::string& content) {
            for (const std::string& each : checkpoint.pieces)
                if (hash_of(each) == hash) content = each;
            return hash_of(content) == hash;
        };
        REQUIRE(from_checkpoint.begin(checkpoint.manifest, piece));
        CHECK(from_checkpoint.turns() == recovery.turns());
        CHECK(from_checkpoint.actor_count() == recovery.actor_count());
        auto restored =
            (story_.batches.size() % 2 ? from_checkpoint : recovery).restore(world_->actors(), *names_);
        troubles = restored.troubles;
        waited = restored.waited;
        for (const std::string& trouble : troubles) MESSAGE(trouble);
        for (Value address : restored.held) world_->runtime().shared.release(address);
        journal_ = std::make_unique<Journal>(
            world_->actors(), *names_,
            [this](const Batch& batch) {
                story_.batches.push_back(batch);
                return ok();
            },
            recovery.last_message(), recovery.turns());
        if (each_group) one_by_one_ = std::make_unique<OneByOne>(*journal_);
        world_->actors().log = each_group ? static_cast<TurnLog*>(one_by_one_.get()) : journal_.get();
        world_->actors().begin_restored(restored.actors);
    }
    ~Told() {
        REQUIRE(journal_->close());
        world_->actors().stop_workers();
        world_->actors().log = nullptr;
        journal_.reset();
        names_.reset();
        world_.reset();
    }
    std::string value(const std::string& text) {
        const Outcome outcome = world_->evaluate(text);
        REQUIRE(journal_->sync());
        return outcome.ok ? outcome.value : outcome.text();
    }
    std::vector<canvas::Picture> pictures() { return world_->pictures(); }
    std::string printed, reports;
    std::vector<std::string> troubles;
    size_t waited = 0; // turns, when its story ended

  private:
    ToldStory& story_;
    std::unique_ptr<World> world_;
    std::unique_ptr<WorldNames> names_;
    std::unique_ptr<Journal> journal_;
    std::unique_ptr<OneByOne> one_by_one_;
};

} // namespace indent::image
