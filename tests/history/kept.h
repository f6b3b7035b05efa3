// An image in a folder of its own whose story a test tells.
#pragma once
#include "image/history/checkpoints.h"
#include "image/history/past_world.h"
#include "image/journal/journal.h"
#include "vm/world/world.h"
#include <cstdlib>
#include <doctest/doctest.h>
#include <filesystem>
#include <map>

namespace indent::image {

// One module, with a text from each epoch on.
class OneModule final : public DefinitionStore {
  public:
    explicit OneModule(std::string text) : texts_{{0, std::move(text)}} {}
    void add(uint64_t epoch, std::string text) { texts_[epoch] = std::move(text); }
    const std::string& text_at(uint64_t epoch) const { return std::prev(texts_.upper_bound(epoch))->second; }
    uint64_t newest() const { return texts_.rbegin()->first; }
    std::string name() const override { return ""; }
    Result<std::vector<StoredModule>> modules() override { return modules_at(newest()); }
    Result<std::vector<StoredModule>> modules_at(uint64_t epoch) override {
        return std::vector<StoredModule>{{"m", {{"", text_at(epoch)}}}};
    }
    Result<std::vector<StoredEpoch>> epochs() override {
        std::vector<StoredEpoch> all;
        for (const auto& [epoch, text] : texts_)
            if (epoch > 0) all.emplace_back().number = epoch;
        return all;
    }
    Result<void> save_modules(const std::vector<StoredModule>&, std::string_view) override { return ok(); }
    Result<std::map<std::string, std::string>> desk() override {
        return std::map<std::string, std::string>();
    }
    Result<void> save_desk(std::string_view, std::string_view) override { return ok(); }
    Result<void> forget_desk(std::string_view) override { return ok(); }

  private:
    std::map<uint64_t, std::string> texts_;
};

// An image in a folder of its own, and a world that tells it what happens.
class KeptImage {
  public:
    explicit KeptImage(std::string text) : store(std::move(text)) {
        std::string name = (std::filesystem::temp_directory_path() / "pastXXXXXX").string();
        REQUIRE(mkdtemp(name.data()) != nullptr);
        folder_ = name;
        auto made = Image::create(folder_ + "/a.indent");
        REQUIRE(made);
        image = std::move(*made);
        past.emplace(*image, mutex);
    }
    ~KeptImage() {
        end();
        past.reset();
        image.reset();
        std::filesystem::remove_all(folder_);
    }
    void begin() {
        WorldOptions options;
        options.workers = 2;
        auto made = World::make(options);
        REQUIRE(made);
        world_ = std::move(*made);
        REQUIRE(world_->load_text("m", store.text_at(store.newest())).ok);
        names_ = std::make_unique<WorldNames>(world_->actors());
        REQUIRE(past->give_rows(*names_));
        auto read = past->read(*past->now());
        REQUIRE(read);
        recovery_ = std::move(*read);
        restorer_ = std::make_unique<Restorer>(*recovery_, world_->actors(), *names_);
        auto restored = restorer_->begin(false);
        CHECK(restored.troubles.empty());
        at_once = restored.actors.size();
        journal_ = std::make_unique<Journal>(
            world_->actors(), *names_,
            [this](const Batch& batch) {
                std::vector<NameRecord> rows;
                for (const NameRow& row : batch.names) rows.push_back({row.kind, row.number, row.content});
                std::lock_guard lock(mutex);
                auto done = image->story().append(rows, {0, 1, batch.turns, batch.at_ms, batch.body});
                if (done && !batch.body.empty())
                    recent.add(timeline, image->story().heads().last, batch.body);
                return done;
            },
            recovery_->last_message(), recovery_->turns());
        if (recovery_->last_actor() == 0) journal_->append(BeginRecord{});
        world_->actors().log = journal_.get();
        world_->actors().dormant = restorer_.get();
        world_->actors().begin_restored(restored.actors);
    }
    void end() {
        if (!world_) return;
        REQUIRE(journal_->close());
        world_->actors().stop_workers();
        world_->actors().log = nullptr;
        world_->actors().dormant = nullptr;
        journal_.reset();
        restorer_.reset();
        recovery_.reset();
        names_.reset();
        world_.reset();
    }
    std::string value(const std::string& text) {
        const Outcome outcome = world_->evaluate(text);
        REQUIRE(journal_->sync());
        return outcome.ok ? outcome.value : outcome.text();
    }
    uint64_t turns() { return journal_->turns(); }
    // The states of all actors then, in words.
    std::string shown(const StoryPlace& place) {
        auto world = PastWorld::make(*past, store, place, PastWorld::How::Looked);
        REQUIRE(world);
        std::string text;
        for (const uint64_t number : std::vector((*world)->actors()))
            for (const Field& field : (*world)->fields(number))
                text += field.name + "=" + show((*world)->system(), field.value, SIZE_MAX).text + " ";
        CHECK((*world)->troubles().empty());
        return text;
    }
    static bool never() { return false; }

    // The module has this text from here on, and actors follow.
    void reload(const std::string& text) {
        store.add(store.newest() + 1, text);
        journal_->append(DefinitionsRecord{store.newest(), false});
        const ReloadReport taken = world_->take({{"m", "m.ind", text, true}});
        CAPTURE(taken.refusal);
        REQUIRE(taken.ok);
        journal_->append(DefinitionsRecord{store.newest(), true});
        REQUIRE(journal_->sync());
    }

    OneModule store;
    std::unique_ptr<Image> image;
    std::mutex mutex;
    RecentBatches recent;
    std::optional<Past> past;
    uint64_t timeline = 1; // that goes on
    size_t at_once = 0;    // actors that were there before anybody asked for them

  private:
    std::string folder_;
    std::unique_ptr<World> world_;
    std::unique_ptr<WorldNames> names_;
    std::unique_ptr<Recovery> recovery_;
    std::unique_ptr<Restorer> restorer_;
    std::unique_ptr<Journal> journal_;
};

} // namespace indent::image
