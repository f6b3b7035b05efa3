// Content-addressed rows make a change cheap: an epoch is one row that lists module versions, a module version one
// row that lists definitions, and what did not change is there already. Nothing is ever overwritten but `heads` and
// the desk, so every earlier epoch stays readable.
#include "image/store/image.h"
#include "image/store/connection.h"
#include "image/store/listing.h"
#include "image/store/packed_text.h"
#include "image/store/rows.h"
#include "image/store/schema.h"
#include "vm/os/files.h"
#include <algorithm>
#include <chrono>
#include <optional>
#include <set>

namespace indent::image {

namespace {

constexpr uint64_t kMostTexts = 512 << 20; // bytes of an epoch: a text may be named any number of times
constexpr std::string_view kTooLarge = "its texts are larger than any program";

int64_t now_ms() {
    using namespace std::chrono;
    return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

struct Statements {
    Statement get_meta, put_meta;
    Statement get_definition, put_definition;
    Statement get_module, put_module;
    Statement get_epoch, put_epoch, all_epochs;
    Statement get_desk, put_desk, drop_desk, all_desk;
};

class ImageFile final : public Image {
  public:
    explicit ImageFile(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}

    const std::string& path() const override { return connection_->path(); }
    Result<std::vector<ModuleRecord>> modules() override { return modules_at(heads_.epoch); }
    Result<uint64_t> commit(std::string_view what, const std::vector<ModuleRecord>& changed) override;
    Result<std::vector<EpochRecord>> epochs() override;
    Result<std::vector<ModuleRecord>> modules_at(uint64_t epoch) override;
    std::vector<Version> versions(std::string_view module, uint64_t upto) override;
    Result<ModuleRecord> version(std::string_view module, const Version& version) override {
        return read_module({std::string(module), version.hash});
    }
    Result<bool> had(std::string_view module, const Hash& text) override;
    Result<std::map<std::string, std::string>> desk() override;
    std::vector<std::string> damaged_texts() const override {
        return {damaged_texts_.begin(), damaged_texts_.end()};
    }
    Result<void> save(std::string_view key, std::string_view text) override;
    Result<void> forget(std::string_view key) override;
    Story& story() override { return *story_; }
    uint64_t newest_epoch() const override { return heads_.epoch; }
    Result<void> together(const std::function<Result<void>()>& changes) override;
    Result<void> verify() override;
    Result<void> save_as(const std::string& path) override { return connection_->copy_to(path); }
    Result<void> limit_bytes(uint64_t bytes) override { return connection_->limit_bytes(bytes); }
    Result<void> set_survives(Survives survives) override {
        return connection_->sync_commits(survives == Survives::Power);
    }
    Result<void> compact() override { return connection_->compact(); }
    Result<bool> compact_some() override;
    Result<void> in_place() override { return connection_->in_place(); }

    Result<void> make();
    Result<void> load();

  private:
    Result<void> prepare();
    Failure damaged(std::string_view what) const {
        return {"damaged", path() + " is damaged: " + std::string(what)};
    }
    Result<void> write_heads(const Heads& heads);
    Result<void> change_story(const std::function<Result<void>(StoryHeads&)>& change);
    // Puts content under its hash, unless it is there; two contents with one hash are refused.
    Result<Hash> put(Statement& get, Statement& put, std::string_view content);
    Result<std::string> get(Statement& statement, const Hash& hash, std::string_view what);
    Result<Listing> manifest(uint64_t epoch);
    Result<ModuleRecord> read_module(const ListingEntry& entry);
    // The checksum of a row of the desk; nothing where there is no such row.
    Result<std::optional<uint64_t>> desk_checksum(std::string_view key);
    // One change of the desk: a text, or nothing to forget it.
    Result<void> change_desk(std::string_view key, std::optional<std::string_view> text);

    std::unique_ptr<Connection> connection_; // outlives the statements
    std::optional<Statements> statements_;
    std::optional<Story> story_;
    Heads heads_;
    std::set<std::string, std::less<>> damaged_texts_; // as the desk was read last
};

// ---- opening

Result<void> ImageFile::prepare() {
    statements_.emplace();
    const std::pair<Statement*, std::string_view> all[] = {
        {&statements_->get_meta, "SELECT value, checksum FROM meta WHERE key = ?1"},
        {&statements_->put_meta, "INSERT OR REPLACE INTO meta VALUES(?1, ?2, ?3)"},
        {&statements_->get_definition, "SELECT text FROM definitions WHERE hash = ?1"},
        {&statements_->put_definition, "INSERT INTO definitions VALUES(?1, ?2)"},
        {&statements_->get_module, "SELECT listing FROM modules WHERE hash = ?1"},
        {&statements_->put_module, "INSERT INTO modules VALUES(?1, ?2)"},
        {&statements_->get_epoch, "SELECT at_ms, what, manifest, checksum FROM epochs WHERE number = ?1"},
        {&statements_->put_epoch, "INSERT INTO epochs VALUES(?1, ?2, ?3, ?4, ?5)"},
        {&statements_->all_epochs,
         "SELECT number, at_ms, what, manifest, checksum FROM epochs ORDER BY number"},
        {&statements_->get_desk, "SELECT checksum FROM workbench WHERE key = ?1"},
        {&statements_->put_desk, "INSERT OR REPLACE INTO workbench VALUES(?1, ?2, ?3)"},
        {&statements_->drop_desk, "DELETE FROM workbench WHERE key = ?1"},
        {&statements_->all_desk, "SELECT key, text, checksum FROM workbench ORDER BY key"},
    };
    for (auto [statement, sql] : all) {
        auto prepared = connection_->prepare(sql);
        if (!prepared) return std::move(prepared).failure();
        *statement = std::move(prepared).value();
    }
    story_.emplace(
        *connection_, heads_.story,
        [this](const std::function<Result<void>(StoryHeads&)>& change) { return change_story(change); });
    return story_->prepare();
}

// All tables come in one transaction of the old kind, so that whoever is killed here leaves an empty file or an
// image; the change to WAL comes after it.
Result<void> ImageFile::make() {
    auto made = connection_->transaction([&]() -> Result<void> {
        if (auto tables = make_schema(*connection_); !tables) return tables;
        if (auto prepared = prepare(); !prepared) return prepared;
        return write_heads(heads_);
    });
    if (!made) return made;
    // Provides for compact_some. It cannot be a part of the transaction; without it all is well, too.
    if (auto provided = connection_->compact(); !provided) return provided;
    return connection_->run("PRAGMA journal_mode=WAL");
}

Result<void> ImageFile::load() {
    if (auto checked = check_schema(*connection_); !checked) return checked;
    // Takes the lock for good; a file that cannot be written is found out now and not at the first change.
    if (auto locked = connection_->run("PRAGMA journal_mode=WAL; BEGIN IMMEDIATE; COMMIT"); !locked)
        return locked;
    if (auto brought = bring_up_to_date(*connection_); !brought) return brought;
    if (auto prepared = prepare(); !prepared) return prepared;
    {
        Using row(statements_->get_meta);
        row->bind_blob(1, "heads");
        auto found = row->step();
        if (!found) return std::move(found).failure();
        if (!*found) return damaged("its heads are missing");
        auto heads = Heads::decode(row->bytes(0));
        if (!heads || row->integer(1) != checksum_of({"heads", row->bytes(0)}))
            return damaged("its heads do not match their checksum");
        heads_ = *heads;
    }
    if (auto read = modules(); !read) return std::move(read).failure();
    if (auto read = desk(); !read) return std::move(read).failure();
    return ok();
}

// ---- rows under their hash

Result<Hash> ImageFile::put(Statement& get, Statement& put, std::string_view content) {
    if (content.size() > kLargestText) return Failure{"too_large", "a text is too large for " + path()};
    const Hash hash = hash_of(content);
    {
        Using row(get);
        row->bind_blob(1, bytes_of(hash));
        auto found = row->step();
        if (!found) return std::move(found).failure();
        if (*found) {
            if (unpacked(row->bytes(0), hash) != content) return damaged("a text does not match its hash");
            return hash;
        }
    }
    const std::string bytes = packed(content);
    Using row(put);
    row->bind_blob(1, bytes_of(hash));
    row->bind_blob(2, bytes);
    if (auto done = row->step(); !done) return std::move(done).failure();
    return hash;
}

Result<std::string> ImageFile::get(Statement& statement, const Hash& hash, std::string_view what) {
    Using row(statement);
    row->bind_blob(1, bytes_of(hash));
    auto found = row->step();
    if (!found) return std::move(found).failure();
    if (!*found) return damaged(std::string(what) + " is missing");
    auto content = unpacked(row->bytes(0), hash);
    if (!content) return damaged(std::string(what) + " does not match its hash");
    return std::move(*content);
}

// ---- epochs

Result<void> ImageFile::write_heads(const Heads& heads) {
    const std::string value = heads.encode();
    Using row(statements_->put_meta);
    row->bind_blob(1, "heads");
    row->bind_blob(2, value);
    row->bind(3, checksum_of({"heads", value}));
    if (auto done = row->step(); !done) return std::move(done).failure();
    return ok();
}

Result<Listing> ImageFile::manifest(uint64_t epoch) {
    if (epoch == 0) return Listing{}; // before the first change
    Using row(statements_->get_epoch);
    row->bind(1, int64_t(epoch));
    auto found = row->step();
    if (!found) return std::move(found).failure();
    const std::string name = "the epoch " + std::to_string(epoch);
    if (!*found) return damaged(name + " is missing");
    auto listing = decode_listing(row->bytes(2));
    if (!listing || row->integer(3) != epoch_checksum(epoch, row->integer(0), row->bytes(1), row->bytes(2)))
        return damaged(name + " does not match its checksum");
    return std::move(*listing);
}

Result<std::vector<ModuleRecord>> ImageFile::modules_at(uint64_t epoch) {
    if (epoch > heads_.epoch) return Failure{"not_found", path() + " has no epoch " + std::to_string(epoch)};
    auto listing = manifest(epoch);
    if (!listing) return std::move(listing).failure();
    std::vector<ModuleRecord> modules;
    uint64_t bytes = 0;
    for (const auto& entry : listing->entries) {
        auto module = read_module(entry);
        if (!module) return std::move(module).failure();
        for (const auto& definition : module->definitions) bytes += definition.text.size();
        if (bytes > kMostTexts) return damaged(kTooLarge);
        modules.push_back(std::move(*module));
    }
    return modules;
}

Result<ModuleRecord> ImageFile::read_module(const ListingEntry& entry) {
    auto listing = get(statements_->get_module, entry.hash, "the module " + entry.name);
    if (!listing) return std::move(listing).failure();
    auto definitions = decode_listing(*listing);
    if (!definitions || definitions->title != entry.name) return damaged("the module " + entry.name);
    ModuleRecord module{entry.name};
    uint64_t bytes = 0;
    for (const auto& definition : definitions->entries) {
        auto text = get(statements_->get_definition, definition.hash, "the text of " + definition.name);
        if (!text) return std::move(text).failure();
        bytes += text->size();
        if (bytes > kMostTexts) return damaged(kTooLarge);
        module.definitions.push_back({definition.name, std::move(text).value()});
    }
    return module;
}

std::vector<Image::Version> ImageFile::versions(std::string_view module, uint64_t upto) {
    std::vector<Version> all;
    std::set<Hash> seen;
    for (uint64_t epoch = std::min(upto, heads_.epoch); epoch > 0; --epoch)
        if (auto listing = manifest(epoch))
            for (const auto& entry : listing->entries)
                if (entry.name == module && seen.insert(entry.hash).second)
                    all.push_back({epoch, entry.hash});
    return all;
}

Result<bool> ImageFile::had(std::string_view module, const Hash& text) {
    std::set<Hash> seen; // versions of the module
    for (uint64_t epoch = heads_.epoch; epoch > 0; --epoch) {
        auto listing = manifest(epoch);
        if (!listing) return std::move(listing).failure();
        for (const auto& entry : listing->entries) {
            if (entry.name != module || !seen.insert(entry.hash).second) continue;
            auto version = read_module(entry);
            if (!version) return std::move(version).failure();
            std::string all;
            for (const auto& definition : version->definitions) all += definition.text;
            if (hash_of(all) == text) return true;
        }
    }
    return false;
}

Result<uint64_t> ImageFile::commit(std::string_view what, const std::vector<ModuleRecord>& changed) {
    Heads next = heads_;
    next.epoch++;
    auto done = connection_->transaction([&]() -> Result<void> {
        auto listing = manifest(heads_.epoch);
        if (!listing) return std::move(listing).failure();
        auto& entries = listing->entries;
        for (const auto& module : changed) {
            std::erase_if(entries, [&](const auto& entry) { return entry.name == module.path; });
            if (module.definitions.empty()) continue;
            std::vector<ListingEntry> definitions;
            for (const auto& definition : module.definitions) {
                auto hash = put(statements_->get_definition, statements_->put_definition, definition.text);
                if (!hash) return std::move(hash).failure();
                definitions.push_back({definition.path, *hash});
            }
            auto hash = put(statements_->get_module, statements_->put_module,
                            encode_listing(module.path, definitions));
            if (!hash) return std::move(hash).failure();
            entries.push_back({module.path, *hash});
        }
        std::sort(entries.begin(), entries.end(),
                  [](const auto& a, const auto& b) { return a.name < b.name; });
        const std::string manifest = encode_listing("", entries);
        const int64_t at = now_ms();
        {
            Using row(statements_->put_epoch);
            row->bind(1, int64_t(next.epoch));
            row->bind(2, at);
            row->bind_blob(3, what);
            row->bind_blob(4, manifest);
            row->bind(5, epoch_checksum(next.epoch, at, what, manifest));
            if (auto put = row->step(); !put) return std::move(put).failure();
        }
        return write_heads(next);
    });
    if (!done) return std::move(done).failure();
    heads_ = next;
    return next.epoch;
}

Result<std::vector<EpochRecord>> ImageFile::epochs() {
    std::vector<EpochRecord> epochs;
    Using row(statements_->all_epochs);
    for (;;) {
        auto found = row->step();
        if (!found) return std::move(found).failure();
        if (!*found) break;
        EpochRecord epoch{uint64_t(row->integer(0)), row->integer(1), std::string(row->bytes(2))};
        if (row->integer(4) != epoch_checksum(epoch.number, epoch.at_ms, epoch.what, row->bytes(3)))
            return damaged("the epoch " + std::to_string(epoch.number) + " does not match its checksum");
        epochs.push_back(std::move(epoch));
        if (epochs.back().number != epochs.size()) break;
    }
    if (epochs.size() != heads_.epoch || (!epochs.empty() && epochs.back().number != heads_.epoch))
        return damaged("the epoch " + std::to_string(epochs.size()) + " is not in its place");
    return epochs;
}

// ---- the desk

Result<std::map<std::string, std::string>> ImageFile::desk() {
    std::map<std::string, std::string> texts;
    uint64_t rows = 0, sum = 0;
    damaged_texts_.clear();
    Using row(statements_->all_desk);
    for (;;) {
        auto found = row->step();
        if (!found) return std::move(found).failure();
        if (!*found) break;
        std::string key(row->bytes(0));
        ++rows;
        sum ^= uint64_t(row->integer(2));
        if (row->integer(2) == checksum_of({key, row->bytes(1)}))
            texts[key] = row->bytes(1);
        else
            damaged_texts_.insert(std::move(key));
    }
    if (rows != heads_.desk_rows || (sum != heads_.desk_sum && damaged_texts_.empty()))
        return damaged("a text of the desk is missing");
    return texts;
}

Result<std::optional<uint64_t>> ImageFile::desk_checksum(std::string_view key) {
    Using row(statements_->get_desk);
    row->bind_blob(1, key);
    auto found = row->step();
    if (!found) return std::move(found).failure();
    if (!*found) return std::optional<uint64_t>();
    return std::optional<uint64_t>(uint64_t(row->integer(0)));
}

Result<void> ImageFile::change_desk(std::string_view key, std::optional<std::string_view> text) {
    if (text && text->size() > kLargestText) return Failure{"too_large", "a text is too large for " + path()};
    auto old = desk_checksum(key);
    if (!old) return std::move(old).failure();
    const uint64_t sum = text ? uint64_t(checksum_of({key, *text})) : 0;
    if ((text ? *old == sum : !*old) && !damaged_texts_.contains(key)) return ok(); // nothing changes
    Heads next = heads_;
    if (*old) {
        next.desk_rows--;
        next.desk_sum ^= **old;
    }
    if (text) {
        next.desk_rows++;
        next.desk_sum ^= sum;
    }
    auto done = connection_->transaction([&]() -> Result<void> {
        {
            Using row(text ? statements_->put_desk : statements_->drop_desk);
            row->bind_blob(1, key);
            if (text) {
                row->bind_blob(2, *text);
                row->bind(3, int64_t(sum));
            }
            if (auto stepped = row->step(); !stepped) return std::move(stepped).failure();
        }
        if (!damaged_texts_.empty()) { // what is said of the rows may be what is damaged of them
            next.desk_sum = 0;
            Using row(statements_->all_desk);
            for (;;) {
                auto found = row->step();
                if (!found) return std::move(found).failure();
                if (!*found) break;
                next.desk_sum ^= uint64_t(row->integer(2));
            }
        }
        return write_heads(next);
    });
    if (!done) return done;
    heads_ = next;
    if (auto known = damaged_texts_.find(key); known != damaged_texts_.end()) damaged_texts_.erase(known);
    return done;
}

Result<void> ImageFile::save(std::string_view key, std::string_view text) {
    return change_desk(key, text);
}
Result<void> ImageFile::forget(std::string_view key) {
    return change_desk(key, std::nullopt);
}

// ---- the story

Result<void> ImageFile::change_story(const std::function<Result<void>(StoryHeads&)>& change) {
    Heads next = heads_;
    auto done = connection_->transaction([&]() -> Result<void> {
        if (auto changed = change(next.story); !changed) return changed;
        return write_heads(next);
    });
    if (done) heads_ = next;
    return done;
}

Result<void> ImageFile::together(const std::function<Result<void>()>& changes) {
    const Heads before = heads_;
    auto done = connection_->transaction([&] { return changes(); });
    if (!done) heads_ = before;
    return done;
}

Result<bool> ImageFile::compact_some() {
    constexpr int64_t kPages = 256; // about a megabyte: a moment
    auto provided = connection_->integer("PRAGMA auto_vacuum");
    if (!provided) return std::move(provided).failure();
    if (*provided == 0) {
        if (auto done = compact(); !done) return std::move(done).failure();
        return false;
    }
    auto more = connection_->release_pages(kPages);
    if (!more || *more) return more;
    if (auto emptied = connection_->empty_log(); !emptied) return std::move(emptied).failure();
    return false;
}

// ---- looking at everything

Result<void> ImageFile::verify() {
    {
        auto check = connection_->prepare("PRAGMA integrity_check(1)");
        if (!check) return std::move(check).failure();
        auto row = check->step();
        if (!row) return std::move(row).failure();
        if (*row && check->bytes(0) != "ok") return damaged(std::string(check->bytes(0)));
    }
    if (auto read = desk(); !read) return std::move(read).failure();
    if (!damaged_texts_.empty())
        return damaged("the text " + *damaged_texts_.begin() + " does not match its checksum");
    auto all = epochs();
    if (!all) return std::move(all).failure();
    for (const auto& epoch : *all)
        if (auto read = modules_at(epoch.number); !read) return std::move(read).failure();
    return story_->verify();
}

} // namespace

Result<std::unique_ptr<Image>> Image::create(const std::string& path) {
    // An empty file is what a program leaves that was killed while it made one; anything else is not overwritten.
    const Failure exists{"exists", path + " exists already"};
    if (!os::exists(path))
        if (auto may = Connection::may_begin_at(path); !may) return std::move(may).failure();
    auto connection = Connection::open(path, Connection::Mode::Create);
    if (!connection) return connection.failure().code == "not_an_image" ? exists : connection.failure();
    if (auto pages = (*connection)->integer("PRAGMA page_count"); !pages)
        return std::move(pages).failure();
    else if (*pages > 0)
        return exists;
    auto image = std::make_unique<ImageFile>(std::move(connection).value());
    if (auto made = image->make(); !made) return std::move(made).failure();
    return std::unique_ptr<Image>(std::move(image));
}

Result<std::unique_ptr<Image>> Image::open(const std::string& path) {
    auto connection = Connection::open(path, Connection::Mode::Existing);
    if (!connection) return std::move(connection).failure();
    auto image = std::make_unique<ImageFile>(std::move(connection).value());
    if (auto loaded = image->load(); !loaded) return std::move(loaded).failure();
    return std::unique_ptr<Image>(std::move(image));
}

} // namespace indent::image
