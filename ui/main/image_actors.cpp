#include "ui/main/image_actors.h"
#include "image/journal/journal.h"
#include "image/journal/parcels.h"
#include "vm/world/world.h"
#include <cstdio>

namespace indent {

namespace {

constexpr size_t kLargestBody = size_t(512) << 20; // of a checkpoint that is one batch

} // namespace

ImageActors::ImageActors(image::Image& image, std::mutex& mutex, Durability durability)
    : image_(image), mutex_(mutex), durability_(durability) {}
ImageActors::~ImageActors() = default;

Result<void> ImageActors::open() {
    std::lock_guard lock(mutex_);
    auto read = image_.read_story(
        [&](image::NameRecord name) {
            rows_.push_back(std::move(name));
            return ok();
        },
        [&](std::string_view body) {
            bodies_.emplace_back(body);
            return ok();
        });
    batches_ = bodies_.size();
    return read;
}

Result<void> ImageActors::prepare(World& world) {
    if (world_ == &world && recovery_) return ok();
    const Failure damaged{"damaged", image_.path() + " is damaged: the story of its actors makes no sense"};
    world_ = &world;
    names_ = std::make_unique<image::WorldNames>(world.actors());
    recovery_ = std::make_unique<image::Recovery>();
    for (const image::NameRecord& row : rows_) {
        if (row.kind > image::NameRow::Shared) return damaged;
        if (!names_->add({uint8_t(row.kind), row.number, row.content})) return damaged;
    }
    for (const std::string& body : bodies_)
        if (!recovery_->add(body)) return damaged;
    return ok();
}

bool ImageActors::fits(World& world) {
    recovery_.reset();
    names_.reset();
    if (!prepare(world)) return true; // begin says what is wrong
    return recovery_->fits(*names_);
}

Result<std::vector<std::string>> ImageActors::begin(World& world) {
    if (auto prepared = prepare(world); !prepared) return std::move(prepared).failure();
    ActorSystem& actors = world.actors();
    auto restored = recovery_->restore(actors, *names_);
    for (Value address : restored.held) world.runtime().shared.release(address);
    // What there is now stands for the batches that led to it.
    if (batches_ > 1) {
        const std::string all = recovery_->checkpoint(*names_, restored.actors);
        if (auto kept = keep_names(); !kept) return std::move(kept).failure();
        std::lock_guard lock(mutex_);
        if (all.size() <= kLargestBody)
            if (auto begun = image_.begin_story_anew({all}); !begun) return std::move(begun).failure();
    }
    journal_ = std::make_unique<image::Journal>(
        actors, *names_, [this](const image::Batch& batch) { return keep(batch); },
        recovery_->last_message());
    constexpr uint64_t kSecond = 1000; // ms
    if (durability_ == Durability::Lazy) journal_->group_for(kSecond);
    if (batches_ == 0) journal_->append(image::BeginRecord{});
    actors.log = journal_.get();
    recovery_.reset();
    rows_ = {};
    bodies_ = {};
    batches_ = 1;
    actors.begin_restored(restored.actors);
    return restored.troubles;
}

// On the journal's thread, which tries again. Somebody may look at the terminal while no client asks for anything.
Result<void> ImageActors::keep(const image::Batch& batch) {
    std::vector<image::NameRecord> rows;
    for (const image::NameRow& row : batch.names) rows.push_back({row.kind, row.number, row.content});
    std::unique_lock lock(mutex_);
    Result<void> kept = image_.append_story(rows, batch.body);
    lock.unlock();
    if (bool(kept) == !trouble_told_) return kept;
    trouble_told_ = !kept;
    if (kept)
        std::fprintf(stderr, "indent: %s: all that was done is kept now\n", image_.path().c_str());
    else
        std::fprintf(stderr, "indent: what is done is not kept: %s; it is tried again each second\n",
                     kept.failure().message.c_str());
    return kept;
}

Result<void> ImageActors::keep_names() {
    std::vector<image::NameRecord> rows;
    for (image::NameRow& row : names_->take_rows())
        rows.push_back({row.kind, row.number, std::move(row.content)});
    if (rows.empty()) return ok();
    std::lock_guard lock(mutex_);
    return image_.append_story(rows, "");
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

Result<void> ImageActors::sync() {
    if (!journal_) return ok();
    note_module_values();
    if (durability_ != Durability::Lazy) return journal_->sync();
    if (auto failure = journal_->failure()) return *failure;
    return ok();
}

void ImageActors::follow_reload() {
    if (!journal_) return;
    ActorSystem& actors = world_->actors();
    ActorWalk walk(actors);
    for (auto some = walk.some(); !some.empty(); some = walk.some())
        for (ActorRef& actor : some) {
            auto message =
                std::make_unique<ActorMessage>(); // before it is handled, its heap is brought up to date
            message->kind = ActorMessage::Native;
            message->work = [](Machine&) { return true; };
            actor->mailbox.fetch_add(1, std::memory_order_relaxed);
            actors.post(*actor, std::move(message));
        }
}

void ImageActors::end() {
    if (!journal_) return;
    note_module_values();
    if (auto closed = journal_->close(); !closed) // what was acknowledged as kept is kept
        not_kept_ = "what was done last is not kept: " + closed.failure().message;
    world_->actors().stop_workers();
    world_->actors().log = nullptr;
    journal_.reset();
    names_.reset();
}

} // namespace indent
