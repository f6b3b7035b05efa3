// Rows are found in several ways: from the roots of the tables down; behind the damage in a -wal; on pages that nothing
// leads to; and on older content of pages. A row is believed when its hash or checksum says that it is what it was. Most
// rows never change once they are written, so that it does not matter where they were found. Of the heads the newest count;
// of the desk, the state that fits to them, and what is added to it from elsewhere is told as perhaps older.
#include "image/store/recover.h"
#include "image/store/connection.h"
#include "image/store/image.h"
#include "image/store/packed_text.h"
#include "image/store/page_reader.h"
#include "image/store/rows.h"
#include "image/store/schema.h"
#include "image/store/story_salvage.h"
#include "vm/os/files.h"
#include <algorithm>
#include <map>
#include <set>

namespace indent::image {

namespace {

using Cell = PageReader::Cell;
using Way = StorySalvage::Way;
using enum StorySalvage::Way;

struct Epoch {
    int64_t at_ms = 0;
    std::string what;
    Listing manifest;
};

class Salvage {
  public:
    Salvage(std::string path, std::unique_ptr<PageReader> pages)
        : path_(std::move(path)), pages_(std::move(pages)), story_(*pages_, told_) {}

    Result<Recovered> run(const std::string& to);

  private:
    void read_all();
    void read_roots();
    void walk(uint32_t root);
    void read_page(PageVersion version, Way way, std::vector<uint32_t>* children);
    void take(Row row, int64_t number, const Cell& cell, Way way);
    void take_heads(const Heads& heads, Way way);

    // What the new image has.
    bool is_whole(const Epoch& epoch) const;
    const Listing* module_of(const Hash& hash) const;
    ListingEntry stand_in(const ListingEntry& lost, uint64_t before, bool& older);
    void settle_epochs();
    void settle_desk();
    void settle_names();
    Result<void> write(const std::string& path);
    void lose(std::string words) { told_.losses.push_back(std::move(words)); }

    std::string path_;
    std::unique_ptr<PageReader> pages_;
    Recovered told_;
    StorySalvage story_;
    std::vector<bool> seen_; // by page

    std::map<Hash, std::string> texts_; // rows of definitions and modules: whoever names one knows which
    std::map<Hash, Listing> listings_;  // those that may be modules
    std::map<uint64_t, Epoch> epochs_;
    std::map<std::string, std::string> desk_, other_desk_;
    std::map<std::pair<uint64_t, uint64_t>, std::string> names_;
    std::optional<Heads> heads_;
    Way heads_way_ = Older;                     // how they were found
    std::map<uint64_t, std::string> manifests_; // of the new image
    bool found_tables_ = false;
    bool in_pieces_ = false; // the page is one of the table of pieces
};

// ---- reading

void Salvage::read_page(PageVersion version, Way way, std::vector<uint32_t>* children) {
    std::vector<Cell> cells;
    std::vector<uint32_t> below;
    pages_->cells_of(version, cells, children ? *children : below);
    for (const Cell& cell : cells) {
        int64_t number = 0;
        if (auto row = pages_->row_of(cell, number)) take(std::move(*row), number, cell, way);
    }
}

void Salvage::take(Row row, int64_t number, const Cell& cell, Way way) {
    auto is = [&](std::initializer_list<Column::Kind> kinds) { return has_kinds(row, kinds); };
    constexpr auto I = Column::Integer, B = Column::Bytes;
    if (story_.take(row, uint64_t(number), cell, way)) return;
    if (is({B, B})) {
        const auto hash = hash_from(row[0].bytes);
        if (!hash) return;
        const auto text = unpacked(row[1].bytes, *hash);
        if (!text) return;
        if ((in_pieces_ || way != FromRoots) && *text == row[1].bytes) story_.take_piece(*hash, cell);
        if (in_pieces_) return;
        if (auto listing = decode_listing(*text)) listings_.emplace(*hash, std::move(*listing));
        texts_.emplace(*hash, std::move(row[1].bytes));
    } else if (is({I, I, B, B, I})) {
        const auto epoch = uint64_t(row[0].integer);
        if (row[4].integer != epoch_checksum(epoch, row[1].integer, row[2].bytes, row[3].bytes)) return;
        if (auto manifest = decode_listing(row[3].bytes))
            epochs_.emplace(epoch, Epoch{row[1].integer, std::move(row[2].bytes), std::move(*manifest)});
    } else if (is({I, I, B, I})) {
        const auto kind = uint64_t(row[0].integer), of_kind = uint64_t(row[1].integer);
        if (row[3].integer == name_checksum(kind, of_kind, row[2].bytes))
            names_.emplace(std::pair(kind, of_kind), std::move(row[2].bytes));
    } else if (is({B, B, I})) {
        if (row[2].integer != text_checksum(row[0].bytes, row[1].bytes)) return;
        if (auto heads = Heads::decode(row[1].bytes); heads && row[0].bytes == "heads") {
            take_heads(*heads, way);
        } else if (way == Newer) {
            desk_[row[0].bytes] = std::move(row[1].bytes); // frames come in their order
        } else if (way != Free) {
            (way == FromRoots ? desk_ : other_desk_)
                .emplace(std::move(row[0].bytes), std::move(row[1].bytes));
        }
    }
}

void Salvage::take_heads(const Heads& heads, Way way) {
    if (way == Free) return;
    auto age = [](const Heads& h) { return std::pair(h.epoch, h.story.last); };
    if (heads_ && age(heads) <= age(*heads_)) return;
    heads_ = heads;
    heads_way_ = way;
}

void Salvage::walk(uint32_t root) {
    std::vector<uint32_t> waiting{root};
    while (!waiting.empty()) {
        const uint32_t page = waiting.back();
        waiting.pop_back();
        if (page == 0 || page > pages_->page_count() || seen_[page]) continue;
        seen_[page] = true;
        const PageVersion version = pages_->current(page);
        if (pages_->kind_of(version) == PageReader::Kind::None) {
            told_.unreadable++;
            continue;
        }
        std::vector<uint32_t> children;
        read_page(version, FromRoots, &children);
        waiting.insert(waiting.end(), children.rbegin(), children.rend());
    }
}

// In images of earlier versions too.
bool is_table_of_pieces(std::string_view name) {
    return name == "checkpoint_pieces" || name == "pieces";
}

// The tables' roots stand in the first page's table.
void Salvage::read_roots() {
    std::vector<std::pair<uint32_t, bool>> roots;
    std::vector<uint32_t> waiting{1};
    seen_[0] = true;
    while (!waiting.empty()) {
        const uint32_t page = waiting.back();
        waiting.pop_back();
        if (page == 0 || page > pages_->page_count() || seen_[page]) continue;
        seen_[page] = true;
        std::vector<Cell> cells;
        pages_->cells_of(pages_->current(page), cells, waiting);
        for (const Cell& cell : cells) {
            int64_t number = 0;
            const auto row = pages_->row_of(cell, number);
            if (!row || row->size() != 5 || (*row)[0].bytes != "table" || (*row)[3].integer <= 1) continue;
            found_tables_ = true;
            roots.emplace_back(uint32_t(std::min<int64_t>((*row)[3].integer, UINT32_MAX)),
                               is_table_of_pieces((*row)[1].bytes));
        }
    }
    for (const auto& [root, of_pieces] : roots) {
        in_pieces_ = of_pieces;
        walk(root);
    }
    in_pieces_ = false;
}

void Salvage::read_all() {
    told_.pages = pages_->page_count();
    seen_.assign(size_t(told_.pages) + 1, false);
    if (told_.pages > 0) read_roots();
    std::vector<bool> free;
    const bool sure = pages_->free_pages(free);
    for (PageVersion version : pages_->newer()) read_page(version, Newer, nullptr);
    for (uint32_t page = 1; page <= pages_->page_count(); ++page)
        if (!seen_[page] && !(sure && free[page])) read_page(pages_->current(page), Loose, nullptr);
    for (PageVersion version : pages_->older()) read_page(version, Older, nullptr);
    // What is free may still hold texts that are named.
    for (uint32_t page = 1; page <= pages_->page_count(); ++page)
        if (!seen_[page] && sure && free[page]) read_page(pages_->current(page), Free, nullptr);
}

// ---- what is to be kept

const Listing* Salvage::module_of(const Hash& hash) const {
    auto found = listings_.find(hash);
    return found == listings_.end() ? nullptr : &found->second;
}

bool Salvage::is_whole(const Epoch& epoch) const {
    return std::all_of(epoch.manifest.entries.begin(), epoch.manifest.entries.end(), [&](const auto& entry) {
        const Listing* module = module_of(entry.hash);
        return module && module->title == entry.name &&
               std::all_of(module->entries.begin(), module->entries.end(),
                           [&](const auto& definition) { return texts_.contains(definition.hash); });
    });
}

// For a module that is not all there: its newest older version that is, or else what there is of it.
ListingEntry Salvage::stand_in(const ListingEntry& lost, uint64_t before, bool& older_one) {
    for (auto older = epochs_.lower_bound(before); older != epochs_.begin();) {
        --older;
        for (const auto& entry : older->second.manifest.entries) {
            if (entry.name != lost.name || entry.hash == lost.hash) continue;
            Epoch alone;
            alone.manifest.entries.push_back(entry);
            if (!is_whole(alone)) continue;
            older_one = true;
            return entry;
        }
    }
    Listing partial;
    partial.title = lost.name;
    if (const Listing* module = module_of(lost.hash))
        for (const auto& definition : module->entries) {
            if (texts_.contains(definition.hash)) {
                partial.entries.push_back(definition);
                continue;
            }
            const std::string words = "# Here stood `" + definition.name + "`. Its text is lost.\n";
            texts_.emplace(hash_of(words), words);
            partial.entries.push_back({definition.name, hash_of(words)});
        }
    if (partial.entries.empty()) {
        const std::string words = "# Here stood the module `" + lost.name + "`. Its text is lost.\n";
        texts_.emplace(hash_of(words), words);
        partial.entries.push_back({"", hash_of(words)});
    }
    const std::string bytes = encode_listing(partial.title, partial.entries);
    const Hash hash = hash_of(bytes);
    texts_.emplace(hash, bytes);
    listings_.emplace(hash, std::move(partial));
    return {lost.name, hash};
}

void Salvage::settle_epochs() {
    uint64_t last = heads_ ? heads_->epoch : 0;
    if (!epochs_.empty() && (!heads_ || heads_way_ != FromRoots))
        last = std::max(last, epochs_.rbegin()->first);
    constexpr uint64_t kMostEpochs = 50'000'000; // whatever the file says
    last = std::min(last, kMostEpochs);
    std::set<Hash> lost_texts, named;
    std::vector<ListingEntry> before;
    for (uint64_t number = 1; number <= last; ++number) {
        auto found = epochs_.find(number);
        if (found == epochs_.end()) { // the log goes on without it, so that numbers stay what they were
            told_.epochs.lost++;
            epochs_[number] = {0, "(lost)", {"", before}};
            manifests_[number] = encode_listing("", before);
            continue;
        }
        Epoch& epoch = found->second;
        for (const auto& entry : epoch.manifest.entries)
            if (const Listing* module = module_of(entry.hash))
                for (const auto& definition : module->entries)
                    (texts_.contains(definition.hash) ? named : lost_texts).insert(definition.hash);
        auto entries = epoch.manifest.entries;
        if (is_whole(epoch)) {
            told_.epochs.kept++;
        } else {
            told_.epochs.lost++;
            epoch.what += " (not whole)";
            for (auto& entry : entries) {
                Epoch alone;
                alone.manifest.entries.push_back(entry);
                if (is_whole(alone)) continue;
                bool older = false;
                const ListingEntry stands = stand_in(entry, number, older);
                if (number == last)
                    lose("the module " + entry.name + " is not all there in its last version; " +
                         (older ? "an older one stands for it" : "what is left of it stands for it"));
                entry = stands;
            }
        }
        before = entries;
        manifests_[number] = encode_listing("", entries);
    }
    told_.definitions.kept = named.size();
    told_.definitions.lost = lost_texts.size();
    if (told_.definitions.lost > 0)
        lose(counted(told_.definitions.lost, "text") + " of definitions are lost");
    if (told_.epochs.lost > 0)
        lose(counted(told_.epochs.lost, "change") + " of " + std::to_string(last) +
             " cannot be shown as they were; the log says which");
}

void Salvage::settle_desk() {
    auto fits = [&] {
        uint64_t sum = 0;
        for (const auto& [key, text] : desk_) sum ^= uint64_t(text_checksum(key, text));
        return heads_ && heads_->desk_rows == desk_.size() && heads_->desk_sum == sum;
    };
    const bool all = fits();
    if (!all)
        for (auto& entry : other_desk_)
            if (!heads_ || desk_.size() < heads_->desk_rows) desk_.insert(entry);
    told_.desk.kept = desk_.size();
    if (all || fits()) return;
    if (heads_ && heads_->desk_rows > desk_.size()) {
        told_.desk.lost = heads_->desk_rows - desk_.size();
        lose(counted(told_.desk.lost, "text") + " of the desk are lost");
    } else if (heads_) {
        lose("a text of the desk may be an older one, or one that was thrown away");
    }
}

// Numbers of a kind follow each other; what is lost among them keeps its place, and so does what may have come after.
void Salvage::settle_names() {
    constexpr uint64_t kSymbol = 0, kShape = 1, kCode = 2, kShared = 3;
    constexpr uint64_t kMostOnPage = 256, kFar = uint64_t(1) << 32;
    if (story_.is_empty()) {
        names_.clear();
        return;
    }
    told_.names.kept = names_.size();
    const uint64_t there = heads_ ? heads_->story.names.rows : 0;
    if (heads_ && there == names_.size()) return;
    told_.names.lost = there > names_.size() ? there - names_.size() : 0;
    for (uint64_t kind : {kSymbol, kShape, kCode}) {
        uint64_t first = 1, next = 1;
        if (auto at = names_.lower_bound({kind, 0}); at != names_.end() && at->first.first == kind)
            first = kind == kShape ? at->first.second : 1;
        else if (kind == kShape)
            continue;
        next = first;
        for (auto at = names_.lower_bound({kind, first}); at != names_.end() && at->first.first == kind;
             ++at) {
            if (at->first.second - next > kMostOnPage * (told_.pages + 1)) break; // no story has that
            for (; next < at->first.second; ++next) names_.emplace(std::pair(kind, next), kLostName);
            ++next;
        }
        const uint64_t reserve = heads_ ? told_.names.lost : kMostOnPage * (told_.unreadable + 1);
        for (uint64_t i = 0; i < reserve; ++i) names_.emplace(std::pair(kind, next + i), kLostName);
    }
    if (auto after = names_.lower_bound({kShared, UINT64_MAX}); after != names_.begin()) {
        const auto& [kind, number] = std::prev(after)->first;
        names_.emplace(std::pair(kShared, (kind == kShared ? number : 0) + kFar), kLostName);
    }
    if (told_.names.lost > 0)
        lose(counted(told_.names.lost, "name") + " of the story are lost: actors and messages that have them "
                                                 "cannot be brought back, which is told when "
                                                 "the image is opened");
}

// ---- writing

Result<void> Salvage::write(const std::string& path) {
    auto made = Connection::open(path, Connection::Mode::Create);
    if (!made) return std::move(made).failure();
    Connection& into = **made;
    auto put = [&](const char* sql, auto bind) -> Result<void> {
        auto row = into.prepare(sql);
        if (!row) return std::move(row).failure();
        bind(*row);
        if (auto done = row->step(); !done) return std::move(done).failure();
        return ok();
    };
    auto written = into.transaction([&]() -> Result<void> {
        if (auto tables = make_schema(into); !tables) return tables;
        Heads heads;
        auto definition = into.prepare("INSERT INTO definitions VALUES(?1, ?2)");
        auto module = into.prepare("INSERT INTO modules VALUES(?1, ?2)");
        if (!definition) return std::move(definition).failure();
        if (!module) return std::move(module).failure();
        std::set<Hash> modules, definitions; // that are named; one text may be both
        for (const auto& entry : manifests_)
            if (auto manifest = decode_listing(entry.second))
                for (const auto& named : manifest->entries) modules.insert(named.hash);
        for (const auto& entry : listings_)
            for (const auto& named : entry.second.entries) definitions.insert(named.hash);
        for (const auto& [hash, text] : texts_) {
            const bool as_module =
                modules.contains(hash) || (listings_.contains(hash) && !definitions.contains(hash));
            const bool as_definition = definitions.contains(hash) || (!as_module && !story_.is_piece(hash));
            for (Statement* statement :
                 {as_module ? &*module : nullptr, as_definition ? &*definition : nullptr}) {
                if (!statement) continue;
                Using row(*statement);
                row->bind_blob(1, bytes_of(hash));
                row->bind_blob(2, text);
                if (auto done = row->step(); !done) return std::move(done).failure();
            }
        }
        for (const auto& [of_number, of_bytes] : manifests_) {
            const uint64_t number = of_number;
            const std::string& bytes = of_bytes;
            const Epoch& epoch = epochs_.at(number);
            auto done = put("INSERT INTO epochs VALUES(?1, ?2, ?3, ?4, ?5)", [&](Statement& row) {
                row.bind(1, int64_t(number));
                row.bind(2, epoch.at_ms);
                row.bind_blob(3, epoch.what);
                row.bind_blob(4, bytes);
                row.bind(5, epoch_checksum(number, epoch.at_ms, epoch.what, bytes));
            });
            if (!done) return done;
            heads.epoch = number;
        }
        for (const auto& [of_key, of_text] : desk_) {
            const std::string &key = of_key, &text = of_text;
            const int64_t sum = text_checksum(key, text);
            auto done = put("INSERT INTO workbench VALUES(?1, ?2, ?3)", [&](Statement& row) {
                row.bind_blob(1, key);
                row.bind_blob(2, text);
                row.bind(3, sum);
            });
            if (!done) return done;
            heads.desk_rows++;
            heads.desk_sum ^= uint64_t(sum);
        }
        if (auto done = story_.write(into, names_, heads.story); !done) return done;
        const std::string value = heads.encode();
        return put("INSERT INTO meta VALUES(?1, ?2, ?3)", [&](Statement& row) {
            row.bind_blob(1, "heads");
            row.bind_blob(2, value);
            row.bind(3, text_checksum("heads", value));
        });
    });
    if (!written) return written;
    return into.run("PRAGMA journal_mode=WAL");
}

Result<Recovered> Salvage::run(const std::string& to) {
    read_all();
    if (!heads_ && epochs_.empty() && texts_.empty() && desk_.empty() && !story_.has_found() &&
        !found_tables_)
        return Failure{"not_an_image", "nothing of an image is found in " + path_};
    if (!heads_) lose("what says how much there was is lost, so that more may be missing than is told here");
    settle_epochs();
    settle_desk();
    story_.settle(heads_ ? std::optional(heads_->story) : std::nullopt);
    settle_names();
    if (pages_->wal_is_damaged())
        lose("the end of the -wal file is damaged: the last changes may be missing");

    const std::string beside = to + ".new"; // so that nobody takes a half for the whole
    auto remove_half = [&] {
        for (const char* end : {"", "-wal", "-journal"}) (void)os::remove_path(beside + end);
    };
    remove_half();
    auto done = write(beside);
    if (done) {
        auto image = Image::open(beside);
        done = image ? (*image)->verify() : Result<void>(image.failure());
    }
    if (done) done = os::rename_path(beside, to);
    if (!done) {
        remove_half();
        return std::move(done).failure();
    }
    os::sync_names_beside(to);
    return std::move(told_);
}

} // namespace

Result<Recovered> recover(const std::string& path, const std::string& to) {
    if (os::exists(to)) return Failure{"exists", to + " exists already"};
    if (auto may = Connection::may_begin_at(to); !may) return std::move(may).failure();
    auto pages = PageReader::open(path);
    if (!pages) return std::move(pages).failure();
    return Salvage(path, std::move(pages).value()).run(to);
}

} // namespace indent::image
