#include "ui/main/image_actors.h"
#include "image/history/budget.h"
#include "image/history/checkpoints.h"
#include "image/journal/journal.h"
#include "image/journal/parcels.h"
#include "vm/heap/atom.h"
#include "vm/os/clock.h"
#include "vm/os/memory.h"
#include "vm/world/world.h"
#include <algorithm>
#include <cstdio>

namespace indent {

namespace {

// Of batches: so many are read when an image is opened. Where a checkpoint would be larger than all that has come since the
// last one (much of the image has changed, here and there) it waits for more. The next one waits for six times as much as it
// is large, since all of it is read and written for that.
constexpr uint64_t kCheckpointBytes = 8 << 20, kMostCheckpointBytes = 32 << 20;
constexpr uint64_t kTimesCheckpoint = 6;
constexpr uint64_t kFoldedAtOnce = 64 << 20; // it takes several times as much memory
constexpr uint64_t kWorthIt = 256 << 10;     // the same, when it is closed
constexpr uint64_t kMostTurns = 20'000;      // then: more are slow to read, however small they are
constexpr uint64_t kHistoryBytes = 1 << 30;  // what history may take of the file

} // namespace

ImageActors::ImageActors(image::Image& image, std::mutex& mutex, DefinitionStore& store,
                         Durability durability)
    : image_(image), mutex_(mutex), story_(image, mutex), past_(image, mutex, store), store_(store),
      durability_(durability) {}
ImageActors::~ImageActors() = default;

Result<void> ImageActors::open() {
    world_ = nullptr;
    std::lock_guard lock(mutex_);
    is_new_ = image_.story().heads().last == 0;
    return ok();
}

Result<void> ImageActors::prepare(World& world) {
    if (world_ == &world && recovery_) return ok();
    world_ = &world;
    purged_.clear();
    names_ = std::make_unique<image::WorldNames>(world.actors());
    older_ = std::make_unique<image::OlderCode>(world, store_, UINT64_MAX);
    names_->older = older_.get();
    if (auto given = story_.give_rows(*names_); !given) return given;
    auto now = story_.now();
    if (!now) return std::move(now).failure();
    auto read = story_.read(*now);
    if (!read) return std::move(read).failure();
    recovery_ = std::move(*read);
    older_->take_purged(*recovery_);
    return ok();
}

bool ImageActors::fits(World& world) {
    recovery_.reset();
    names_.reset();
    if (!prepare(world)) return true; // begin says what is wrong
    std::unique_lock lock(mutex_);
    const bool settled = recovery_->is_settled() && recovery_->epoch() == image_.newest_epoch();
    lock.unlock();
    if (settled || (recovery_->fits(*names_) && image::VariableStory::fits(*recovery_, world, *names_)))
        return true;
    recovery_.reset(); // they have things of a world that goes now
    names_.reset();
    older_.reset();
    return false;
}

Result<std::vector<std::string>> ImageActors::begin(World& world) {
    if (auto prepared = prepare(world); !prepared) return std::move(prepared).failure();
    ActorSystem& actors = world.actors();
    restorer_ = std::make_unique<image::Restorer>(*recovery_, actors, *names_);
    restorer_->tell = on_trouble;
    auto restored = restorer_->begin(false);
    for (Value address : restored.held) world.runtime().shared.release(address);
    variables_ = std::make_unique<image::VariableStory>(world, *names_);
    for (std::string& words : variables_->restore(*recovery_)) restored.troubles.push_back(std::move(words));
    if (auto kept = keep_names(); !kept) return std::move(kept).failure();
    checkpoint_after_ = kCheckpointBytes;
    since_checkpoint_ = recovery_->batch_bytes();
    in_session_ = 0;
    turns_ = recovery_->turns();
    turns_of_checkpoint_ = recovery_->turns_of_checkpoint();
    {
        std::lock_guard lock(journal_mutex_);
        journal_ = std::make_unique<image::Journal>(
            actors, *names_, [this](image::Batch& batch) { return keep(batch); }, recovery_->last_message(),
            recovery_->turns());
    }
    constexpr uint64_t kSecond = 1000; // ms
    if (durability_ == Durability::Lazy) journal_->group_for(kSecond);
    if (is_new_) journal_->append(image::BeginRecord{});
    uint64_t epoch = 0;
    {
        std::lock_guard lock(mutex_);
        epoch = image_.newest_epoch();
    }
    layout_epoch_ = world.runtime().layout_epoch;
    actors.log = journal_.get();
    actors.dormant = restorer_.get();
    const bool behind = !is_new_ && (recovery_->epoch() != epoch || !recovery_->is_settled());
    if (recovery_->epoch() != epoch) journal_->append(image::DefinitionsRecord{epoch, !behind});
    is_new_ = false;
    ending_ = false;
    auto thread = os::Thread::start("checkpoints", size_t(1) << 20, [this] { make_checkpoints(); });
    if (!thread) return std::move(thread).failure();
    checkpoints_ = std::move(*thread);
    names_->not_alone();
    actors.begin_restored(restored.actors);
    restorer_->bring_busy();
    if (behind) follow();
    return restored.troubles;
}

// On the journal's thread, which tries again. Somebody may look at the terminal while no client asks for anything.
Result<void> ImageActors::keep(image::Batch& batch) {
    std::vector<image::NameRecord> rows;
    for (const image::NameRow& row : batch.names) rows.push_back({row.kind, row.number, row.content});
    image::BatchRecord record;
    record.turn = batch.turns;
    record.at_ms = batch.at_ms;
    record.body = batch.body;
    std::unique_lock lock(mutex_);
    Result<void> kept = image_.story().append(rows, record);
    const image::StoryHeads heads = image_.story().heads();
    lock.unlock();
    if (kept && !record.body.empty()) recent_.add(heads.timeline, heads.last, record.body);
    if (kept) {
        std::lock_guard of_checkpoints(checkpoint_mutex_);
        since_checkpoint_ += batch.body.size();
        in_session_ += batch.body.size();
        turns_ = batch.turns;
        if (since_checkpoint_ >= checkpoint_after_) checkpoint_wanted_.notify_one();
    }
    if (bool(kept) == !trouble_told_) return kept;
    trouble_told_ = !kept;
    if (kept)
        std::fprintf(stderr, "indent: %s: all that was done is kept now\n", image_.path().c_str());
    else
        std::fprintf(stderr, "indent: what is done is not kept: %s; it is tried again each second\n",
                     kept.failure().message.c_str());
    return kept;
}

void ImageActors::make_checkpoints() {
    os::stand_back();
    std::unique_lock lock(checkpoint_mutex_);
    for (;;) {
        checkpoint_wanted_.wait(lock, [&] { return ending_ || since_checkpoint_ >= checkpoint_after_; });
        if (ending_) return;
        const uint64_t since = since_checkpoint_;
        const uint64_t most = since >= kMostCheckpointBytes ? UINT64_MAX : since;
        lock.unlock();
        const auto stop = [this] {
            std::lock_guard wanted(checkpoint_mutex_);
            return ending_;
        };
        // What fails here fails again when something is to be kept, and is told then.
        const auto made = image::make_checkpoint(image_, mutex_, stop, {most, kFoldedAtOnce}, &recent_);
        const bool is_written = made && made->is_written;
        if (is_written) (void)image::keep_budget(image_, mutex_, kHistoryBytes, stop);
        os::give_back_freed();
        lock.lock();
        if (is_written) count_checkpoint(*made);
        if (!made && !ending_) since_checkpoint_ -= since; // it is tried again when there is more
        if (made) {
            const uint64_t next =
                is_written ? kTimesCheckpoint * made->bytes : std::max(made->bytes, since + since / 4);
            checkpoint_after_ = std::clamp(next, kCheckpointBytes, kMostCheckpointBytes);
        }
    }
}

// checkpoint_mutex_ is held, or there is one thread.
void ImageActors::count_checkpoint(const image::MadeCheckpoint& made) {
    since_checkpoint_ -= std::min(since_checkpoint_, made.folded);
    in_session_ -= std::min(in_session_, made.folded);
    turns_of_checkpoint_ = made.turns;
}

Result<void> ImageActors::keep_names() {
    std::vector<image::NameRecord> rows;
    for (image::NameRow& row : names_->take_rows())
        rows.push_back({row.kind, row.number, std::move(row.content)});
    if (rows.empty()) return ok();
    std::lock_guard lock(mutex_);
    return image_.story().append(rows, {});
}

// Only effects of modules set them, which run on this thread or in a reload that it waits for.
void ImageActors::note_module_values() {
    Runtime& runtime = world_->runtime();
    for (auto& [path, module] : runtime.modules) {
        if (module->library || path == "workspace") continue;
        for (auto& [name, binding] : module->names) {
            if ((binding->kind != Binding::Stable && binding->kind != Binding::Var) || !binding->value ||
                binding->module->path != path)
                continue;
            const Parcel::Pointer value = Parcel::of_shared(runtime.shared, &binding->value, 1);
            image::ModuleValueRecord record{path, std::string(runtime.symbols.text(name)),
                                            image::bytes_of_parcel(value.get(), *names_)};
            auto& known = module_values_[{record.module, record.name}];
            if (known == record.value) continue;
            known = record.value;
            journal_->append(record);
        }
    }
}

void ImageActors::note_purged() {
    for (const auto& module : world_->runtime().old_modules) {
        if (!module->purged || !module->hash || !purged_.insert(module.get()).second) continue;
        std::unique_lock lock(mutex_);
        const uint64_t epoch = image_.newest_epoch();
        lock.unlock();
        journal_->append(image::OlderCode::purge_record(*module, epoch));
    }
}

Result<void> ImageActors::sync() {
    if (!journal_) return ok();
    note_module_values();
    note_purged();
    variables_->note([this](const image::ModuleValueRecord& record) { journal_->append(record); });
    if (durability_ != Durability::Lazy) {
        if (auto kept = journal_->sync(); !kept) return kept;
    } else if (auto failure = journal_->failure()) {
        return *failure;
    }
    // Who only asked may have meant another file that has this name by now.
    std::lock_guard lock(mutex_);
    return image_.in_place();
}

void ImageActors::reload_is_kept(std::string_view what) {
    if (!journal_) return;
    // What was before it has a name of its own.
    const bool kept = bool(journal_->sync());
    uint64_t epoch = 0;
    {
        std::lock_guard lock(mutex_);
        epoch = image_.newest_epoch();
        image::Story& story = image_.story();
        image::SnapshotRecord snapshot;
        snapshot.name = "before " + std::to_string(epoch) + ": " + std::string(what);
        snapshot.place = {story.heads().timeline, story.heads().last, image::StoryPlace::kWhole,
                          journal_->turns()};
        snapshot.epoch = epoch - 1;
        snapshot.at_ms = os::wall_ns() / 1'000'000;
        snapshot.pinned = false;
        if (kept) (void)story.put_snapshot(std::move(snapshot)); // a reload is not lost for want of it
    }
    journal_->append(image::DefinitionsRecord{epoch, false});
}

// A reload lays out anew what Atoms hold, and no turn says so.
void ImageActors::note_atoms() {
    SharedSpace& shared = world_->runtime().shared;
    std::lock_guard lock(journal_->atoms);
    for (Value atom : shared.listed(shape::kAtom)) {
        const Value value = atom_value(shared, atom.cell());
        const Parcel::Pointer parcel = Parcel::of_shared(shared, &value, 1);
        journal_->append(
            image::AtomRecord{names_->shared(atom.cell()), image::bytes_of_parcel(parcel.get(), *names_)});
        shared.release(value);
        shared.release(atom);
    }
}

void ImageActors::note_settled() {
    if (restorer_->any_left_out()) return; // those have not followed, and may be salvaged
    uint64_t epoch = 0;
    {
        std::lock_guard lock(mutex_);
        epoch = image_.newest_epoch();
    }
    journal_->append(image::DefinitionsRecord{epoch, true});
}

void ImageActors::follow_reload() {
    if (!journal_) return;
    const uint32_t layouts = world_->runtime().layout_epoch;
    if (std::exchange(layout_epoch_, layouts) == layouts && follows_ == settled_)
        note_settled(); // there is nothing to follow
    else
        follow();
}

// When the last of them has followed, they are settled; where one cannot, they are not.
void ImageActors::follow() {
    ActorSystem& actors = world_->actors();
    const uint64_t which = ++follows_;
    auto left = std::make_shared<std::atomic<size_t>>(1);
    const auto one_less = [this, left, which] {
        if (left->fetch_sub(1) != 1 || follows_ != which) return; // a later one says so
        note_atoms();
        note_settled();
        settled_ = which;
    };
    ActorWalk walk(actors);
    // What an actor begins anew with may be for a layout that only older code has.
    auto begins_as_before = [&](const Actor& actor) {
        const auto& first = actor.first_start;
        const Class* cls =
            first && first->starts_as ? world_->runtime().shapes[first->starts_as].cls : nullptr;
        return cls && cls->itself() != cls;
    };
    for (auto some = walk.some(); !some.empty(); some = walk.some())
        for (ActorRef& actor : some) {
            auto message =
                std::make_unique<ActorMessage>(); // before it is handled, its heap is brought up to date
            message->kind = ActorMessage::Native;
            left->fetch_add(begins_as_before(*actor) ? 2 : 1); // then it is never over
            message->work = [one_less](Machine&) {
                one_less();
                return true;
            };
            actor->mailbox.fetch_add(1, std::memory_order_relaxed);
            actors.post(*actor, std::move(message));
        }
    one_less();
}

Result<std::string> ImageActors::go_back(const std::string& where, const std::string& name) {
    return past_.go_back(where, name);
}

Result<void> ImageActors::may_go_back(const std::string& where, const std::string& name) {
    return past_.may_go_back(where, name);
}

Result<std::string> ImageActors::ask(const std::string& question, const std::vector<std::string>& words) {
    { // of what has happened just now, too
        std::lock_guard lock(journal_mutex_);
        if (journal_)
            if (auto kept = journal_->sync(); !kept) return std::move(kept).failure();
    }
    return past_.ask(question, words);
}

void ImageActors::end() {
    if (!journal_) return;
    note_module_values();
    note_purged();
    variables_->note([this](const image::ModuleValueRecord& record) { journal_->append(record); });
    if (auto closed = journal_->close(); !closed) // what was acknowledged as kept is kept
        not_kept_ = "what was done last is not kept: " + closed.failure().message;
    world_->actors().stop_workers();
    world_->actors().log = nullptr;
    world_->actors().dormant = nullptr;
    variables_.reset();
    restorer_.reset();
    recovery_.reset();
    {
        std::lock_guard lock(journal_mutex_);
        journal_.reset();
    }
    names_.reset();
    older_.reset();
    {
        std::lock_guard lock(checkpoint_mutex_);
        ending_ = true;
    }
    checkpoint_wanted_.notify_one();
    checkpoints_ = {};
    const auto never = [] { return false; };
    for (;;) {
        const bool is_much =
            since_checkpoint_ >= kCheckpointBytes || turns_ - turns_of_checkpoint_ >= kMostTurns;
        if (!is_much && in_session_ < kWorthIt) break;
        const uint64_t most = is_much ? UINT64_MAX : since_checkpoint_;
        const auto made = image::make_checkpoint(image_, mutex_, never, {most, kFoldedAtOnce}, &recent_);
        if (!made || !made->is_written) break;
        count_checkpoint(*made);
        (void)image::keep_budget(image_, mutex_, kHistoryBytes, never);
    }
    recent_.forget(UINT64_MAX);
    since_checkpoint_ = in_session_ = 0;
}

} // namespace indent
