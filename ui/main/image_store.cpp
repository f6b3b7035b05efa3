#include "ui/main/image_store.h"
#include "image/history/past.h"
#include "vm/os/files.h"

namespace indent {

namespace {

StoredModule stored(image::ModuleRecord record) {
    StoredModule module{std::move(record.path), {}};
    for (auto& definition : record.definitions)
        module.pieces.push_back({std::move(definition.path), std::move(definition.text)});
    return module;
}

Result<std::vector<StoredModule>> stored(Result<std::vector<image::ModuleRecord>> records) {
    if (!records) return std::move(records).failure();
    std::vector<StoredModule> modules;
    for (auto& record : *records) modules.push_back(stored(std::move(record)));
    return modules;
}

} // namespace

Result<std::vector<StoredModule>> ImageStore::modules() {
    std::lock_guard lock(mutex_);
    return stored(image_->modules());
}

Result<std::vector<StoredModule>> ImageStore::modules_at(uint64_t epoch) {
    std::lock_guard lock(mutex_);
    return stored(image_->modules_at(epoch));
}

Result<std::vector<DefinitionStore::Version>> ImageStore::versions(std::string_view module, uint64_t upto) {
    std::vector<Version> all;
    std::lock_guard lock(mutex_);
    for (const auto& version : image_->versions(module, upto))
        all.push_back({version.epoch, std::string(image::bytes_of(version.hash))});
    return all;
}

Result<StoredModule> ImageStore::version(std::string_view module, const Version& version) {
    const auto hash = image::hash_from(version.name);
    if (!hash) return Failure{"not_found", image_->path() + " has no such text"};
    std::lock_guard lock(mutex_);
    auto record = image_->version(module, {version.epoch, *hash});
    if (!record) return std::move(record).failure();
    return stored(std::move(*record));
}

Result<void> ImageStore::save_modules(const std::vector<StoredModule>& modules, std::string_view what) {
    std::vector<image::ModuleRecord> records;
    for (const auto& module : modules) {
        records.push_back({module.path});
        for (const auto& piece : module.pieces)
            records.back().definitions.push_back({piece.path, piece.text});
    }
    std::lock_guard lock(mutex_);
    auto committed = image_->commit(what, records);
    if (!committed) return std::move(committed).failure();
    return ok();
}

Result<std::string> ImageStore::save_as(const std::string& path) {
    std::unique_lock lock(mutex_);
    if (auto saved = image_->save_as(path); !saved) return std::move(saved).failure();
    lock.unlock();
    auto damaged = image::Past(*image_, mutex_, image::Past::ReadsOnce).damaged_actors();
    const std::string what = damaged ? *damaged : damaged.failure().message;
    if (what.empty()) return std::string();
    return "the copy has damaged what is damaged in " + image_->path() + ": " + what +
           "; `indent image recover` brings back into a new image what can be read, so keep this one until "
           "then";
}

uint64_t ImageStore::bytes() const {
    uint64_t all = 0;
    for (const char* end : {"", "-wal"})
        if (auto info = os::file_info(image_->path() + end)) all += info.value().bytes;
    return all;
}

// What is free may be all that is left of what is damaged (image/store/recover.h).
Result<void> ImageStore::may_compact() {
    auto damaged = image::Past(*image_, mutex_, image::Past::ReadsOnce).damaged_actors();
    if (damaged && damaged->empty()) return ok();
    return Failure{"damaged", image_->path() + " is damaged (" +
                                  (damaged ? *damaged : damaged.failure().message) +
                                  ") and is not compacted, as that would throw away what may still be "
                                  "salvaged; `indent image recover " +
                                  image_->path() + " NEW` brings back into a new image what can be read"};
}

Result<ImageStore::Compacted> ImageStore::compact_alone() {
    if (auto may = may_compact(); !may) return std::move(may).failure();
    Compacted compacted;
    compacted.before = bytes();
    if (auto done = image_->compact(); !done) return std::move(done).failure();
    compacted.after = bytes();
    return compacted;
}

// In slices, so that what actors do is kept in between.
Result<ImageStore::Compacted> ImageStore::compact() {
    if (auto may = may_compact(); !may) return std::move(may).failure();
    Compacted compacted;
    compacted.before = bytes();
    for (bool more = true; more;) {
        std::lock_guard lock(mutex_);
        auto some = image_->compact_some();
        if (!some) return std::move(some).failure();
        more = *some;
    }
    compacted.after = bytes();
    return compacted;
}

Result<std::vector<StoredEpoch>> ImageStore::epochs() {
    std::lock_guard lock(mutex_);
    auto records = image_->epochs();
    if (!records) return std::move(records).failure();
    std::vector<StoredEpoch> epochs;
    for (auto& record : *records) epochs.push_back({record.number, record.at_ms, std::move(record.what)});
    return epochs;
}

} // namespace indent
