// A picture becomes a heap again, in two passes. The first goes over the bytes, page by page: each cell is put at its place,
// with its words; one that points somewhere is a place until all pages are there. The second goes over the heap: places
// become addresses, and as whatever a cell points to is there with its kind, most cells are known to be sound when they have
// been met, lists, maps and blocks when all have; then nobody has to walk from the roots. A page is one thread's at a time,
// so that two can share both passes: in the first one reads, the other makes pages and cells, and their words, which are half of
// the work, are put by whichever has time; in the second each takes pages.
//
// Cells that nobody reaches any more may stand in a picture: a record says what came, not what went. Where their memory was
// given again, the newer cell takes the place and they go. So the words of a dead cell may point to places where nothing is
// any more, or name what no image keeps (a block of a script that came with a message). Where a cell is not sound a walk
// tells whether it is a dead one; only if what the roots reach has such a word is the picture wrong.
#include "image/codec/heap_restore.h"
#include "image/codec/cell_form.h"
#include "image/codec/restored_words.h"
#include "vm/heap/page.h"
#include "vm/heap/pointer_table.h"
#include "vm/model/shape.h"
#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>

namespace indent::image {

namespace {

constexpr uint64_t kMostLargeWords = uint64_t(1) << 40; // of a cell
constexpr size_t kMostWaiting = size_t(2) << 20;        // bytes of leaves that were read and not put

size_t room_of(const PageFacts& page) {
    return page.kind == Page::kSmall && page.size < kSmallPageSizes ? small_page_bytes(page.size)
                                                                    : kPageBytes;
}

} // namespace

struct HeapRestore::Work {
    using Entry = HeapPicture::Entry;

    Work(HeapPicture& picture, Heap& heap, Names& names, Hands hands)
        : picture(picture), heap(heap), names(names), hands(std::move(hands)), mine(*this) {}
    ~Work() {
        failed = true; // or all is done
        (void)beside_has(Done, mine.polls);
        thread.join();
    }

    // One thread's.
    struct Hand {
        explicit Hand(Work& work)
            : polls(work.hands.poll), words(work.there, work.names), shapes(work.names) {}
        Polls polls;
        WordsOfCell words;
        KnownShapes shapes;
        std::vector<Cell*> wrong; // they may well be dead
        std::vector<Cell*> with_shared, in_the_end;
    };

    // ---- the first pass

    // A leaf whose page and cells are there; their words are still to be put.
    struct WordlessPage {
        std::string bytes; // of the leaf, or of nothing where somebody else has them
        std::vector<Entry> entries;
        std::byte* page = nullptr;
    };
    // One thread at a time begins; the words of a leaf can be put by any.
    bool begin_leaf(Hand& hand, std::string_view cells, const PageFacts& page, WordlessPage& begun);
    template <class Entries>
    bool begin_page(Hand& hand, const PageFacts& page, const Entries& entries);
    bool put_words(Hand& hand, const WordlessPage& begun);
    bool put_leaf(Hand& hand, std::string_view cells, const PageFacts& page);
    bool put_words(Hand& hand, Cell& cell, const Entry& entry, CellsAt& cells, bool may_be_patched);
    bool read(Hand& hand, Cell& cell, const Entry& entry, CellsAt& cells);
    bool patch(Hand& hand, Cell& cell, const Entry& entry, CellsAt& cells);

    // ---- the second; each job is one thread's

    struct Job { // these pages that were leaves, or else these cells of the picture
        bool is_pages;
        size_t first, count;
    };
    bool do_jobs(Hand& hand);
    bool find_cells(Hand& hand, Cell& cell);
    void look_at(Hand& hand, Cell& cell);

    // ---- the thread beside

    // What it has done.
    enum Stage : uint8_t { Begun, HasPut, Done };
    void start();
    void help();
    bool give(std::string leaf);
    bool leave_words(std::unique_ptr<WordlessPage>& begun); // for who has time; false: there are many
    // Puts the words of one of those, with the lock given back meanwhile. False: there is none.
    bool put_left_words(std::unique_lock<std::mutex>& lock, Hand& hand);
    // Waits until it is as far, and lets others look in. False: it is not wanted. Where there is no such thread it is as far.
    bool beside_has(Stage wanted, Polls& polls);
    bool next_leaf(std::unique_ptr<WordlessPage>& begun); // its bytes alone
    void is_done(Stage now);

    HeapPicture& picture;
    Heap& heap;
    Names& names;
    const Hands hands;

    PlacesThere there;
    std::map<uint64_t, uint64_t> hashes;
    std::vector<uint64_t> unknown;   // places of cells of layouts that are gone: they may well be dead
    std::vector<uint32_t> of_leaves; // pages
    std::vector<RestoredCell> cells;
    std::vector<const Entry*> entries; // of the picture
    std::vector<Job> jobs;
    std::atomic<size_t> next_job = 0;
    std::atomic<bool> failed = false; // whoever still works stops
    Hand mine;

    std::unique_ptr<Hand> other;
    os::Thread thread;
    std::mutex mutex; // of what follows
    std::condition_variable changed;
    std::deque<std::string> leaves;
    size_t leaf_bytes = 0;
    std::deque<std::unique_ptr<WordlessPage>> without_words;
    std::vector<std::unique_ptr<WordlessPage>> spare; // their memory is used again
    bool no_more_leaves = false, has_jobs = false;
    Stage stage = Done;
};

// ---- cells and their words

// Of a page that is there from here on, with these cells, whose words are zero.
template <class Entries>
bool HeapRestore::Work::begin_page(Hand& hand, const PageFacts& page, const Entries& entries) {
    constexpr uint64_t kOfEachNumber = 12; // up to the last one, in the tables of an old space
    const uint64_t bytes =
        page.kind == Page::kLarge ? 8 * std::min<uint64_t>(page.words, kMostLargeWords) : 0;
    const uint64_t more = std::max<uint64_t>(uint64_t(page.number) + 1, there.numbers()) - there.numbers();
    if (!names.may_take(room_of(page) + bytes + kOfEachNumber * more)) return false;
    cells.clear();
    for (const Entry& entry : entries) {
        ShapeId shape = hand.shapes.of(entry.shape);
        if (shape == 0) {
            shape = shape::kArray;
            unknown.push_back(entry.place);
        } else if (!may_be(shape, entry.form, entry.words, hand.words)) {
            return false;
        }
        cells.push_back({8 * entry.place, shape, bool(entry.form & kBytesForm),
                         bool(entry.form & kFrozenForm), bool(entry.form & kWideForm), entry.words});
        if (!hand.polls.go_on()) return false;
    }
    if (!heap.restore_page(page, cells)) return false;
    there.add_page(page.number,
                   reinterpret_cast<std::byte*>(heap.restored_at(uint64_t(page.number) * kPageBytes)));
    for (const Entry& entry : entries) there.add(entry.place);
    return true;
}

bool HeapRestore::Work::begin_leaf(Hand& hand, std::string_view bytes, const PageFacts& page,
                                   WordlessPage& begun) {
    auto take = [&](const Entry& entry) {
        begun.entries.push_back(entry);
        return true;
    };
    if (!HeapPicture::each_cell(bytes, take, &hashes) || !begin_page(hand, page, begun.entries)) return false;
    begun.page = reinterpret_cast<std::byte*>(heap.restored_at(uint64_t(page.number) * kPageBytes));
    of_leaves.push_back(page.number);
    return true;
}

bool HeapRestore::Work::put_words(Hand& hand, const WordlessPage& begun) {
    PlacesLater later;
    return std::all_of(begun.entries.begin(), begun.entries.end(), [&](const Entry& entry) {
        auto* cell = reinterpret_cast<Cell*>(begun.page + 8 * (entry.place % kPlaces));
        return put_words(hand, *cell, entry, later, false);
    });
}

bool HeapRestore::Work::put_leaf(Hand& hand, std::string_view bytes, const PageFacts& page) {
    WordlessPage begun;
    return begin_leaf(hand, bytes, page, begun) && put_words(hand, begun);
}

// False: they make no sense, or are not wanted any more.
bool HeapRestore::Work::put_words(Hand& hand, Cell& cell, const Entry& entry, CellsAt& cells,
                                  bool may_be_patched) {
    WordsOfCell& words = hand.words;
    words.missed = words.has_shared = false;
    if (!hand.polls.go_on() || !read(hand, cell, entry, cells) ||
        (may_be_patched && !patch(hand, cell, entry, cells)))
        return false;
    if (words.has_shared) hand.with_shared.push_back(&cell);
    if (!words.missed) return true;
    const size_t n = cell.word_count();
    for (size_t w = 0; w < n; ++w)
        if (cell[w] == Value::cell(&words.nowhere)) cell[w] = Value::nil(); // it was not changed since
    hand.wrong.push_back(&cell);
    return true;
}

bool HeapRestore::Work::read(Hand& hand, Cell& cell, const Entry& entry, CellsAt& cells) {
    if (entry.form & kBytesForm) return read_bytes(cell, entry.encoded);
    const size_t skipped = first_written(entry.form);
    ByteReader in(entry.encoded);
    return read_words(in, cell.shape, skipped, cell.words() + skipped, size_t(entry.words) - skipped,
                      hand.words, cells) &&
           in.at_end();
}

bool HeapRestore::Work::patch(Hand& hand, Cell& cell, const Entry& entry, CellsAt& cells) {
    auto found = picture.patches_.find(entry.place);
    if (found == picture.patches_.end()) return true;
    const auto n = size_t(entry.words);
    const size_t skipped = first_written(entry.form);
    const bool never_changes = cell.shape == shape::kText || cell.shape == shape::kBigInteger;
    for (const HeapPicture::Patch& patch : found->second) {
        if (patch.count > kLeafWords / 2 && !hand.polls.now()) return false; // there are many such
        if (never_changes && (n <= kLeafWords || patch.first % kLeafWords != 0)) return false;
        ByteReader words(patch.encoded);
        for (unsigned mask = patch.mask; mask != 0; mask &= mask - 1) {
            const auto at = size_t(std::countr_zero(mask));
            if (!read_words(words, cell.shape, at, cell.words() + at, 1, hand.words, cells)) return false;
        }
        uint64_t at = patch.first;
        for (uint64_t i = 0; i < patch.count; ++i) {
            const uint64_t gap = words.number();
            if (words.failed() || gap >= n || (at += gap) >= n || at < skipped) return false;
            if (entry.form & kBytesForm)
                cell[size_t(at)] = Value::from_bits(words.fixed64());
            else if (!read_words(words, cell.shape, size_t(at), cell.words() + at, 1, hand.words, cells))
                return false;
            ++at;
        }
        if (!words.at_end()) return false;
    }
    return true;
}

// ---- where words point, and whether cells make sense

bool HeapRestore::Work::find_cells(Hand& hand, Cell& cell) {
    hand.words.missed = false;
    if (!(cell.bits & Cell::kBytes)) {
        const size_t n = cell.word_count();
        for (size_t w = 0; w < n; ++w) {
            if (!PlacesLater::is_place(cell[w])) continue;
            const Cell* found = hand.words.cell_at(PlacesLater::place(cell[w]));
            cell[w] = found == &hand.words.nowhere ? Value::nil() : Value::cell(found);
        }
    }
    if (hand.words.missed)
        hand.wrong.push_back(&cell);
    else
        look_at(hand, cell);
    return hand.polls.go_on();
}

void HeapRestore::Work::look_at(Hand& hand, Cell& cell) {
    const CellCheck::When when = CellCheck::when(cell.shape);
    if (when == CellCheck::InTheEnd)
        hand.in_the_end.push_back(&cell);
    else if (when == CellCheck::AtOnce && !CellCheck(hand.words).is_sound(cell))
        hand.wrong.push_back(&cell);
}

bool HeapRestore::Work::do_jobs(Hand& hand) {
    for (size_t i = next_job++; i < jobs.size() && !failed; i = next_job++) {
        const Job& job = jobs[i];
        for (size_t at = job.first; at < job.first + job.count; ++at) {
            if (job.is_pages) {
                if (!there.each_cell(of_leaves[at], [&](Cell& cell) { return find_cells(hand, cell); }))
                    return false;
                continue;
            }
            Cell& cell = *there.cell_at(entries[at]->place);
            if (!put_words(hand, cell, *entries[at], hand.words, !picture.patches_.empty())) return false;
            if (!hand.words.missed) look_at(hand, cell);
        }
    }
    return true;
}

// ---- the thread beside

void HeapRestore::Work::start() {
    if (!hands.beside) return;
    other = std::make_unique<Hand>(*this);
    stage = Begun;
    thread = hands.beside([this] { help(); });
    if (thread.joinable()) return;
    stage = Done;
    other.reset();
}

void HeapRestore::Work::help() {
    std::unique_ptr<WordlessPage> begun;
    bool good = true;
    while (good && next_leaf(begun)) {
        PageFacts page;
        std::string_view cells;
        good = HeapPicture::is_plain_leaf(begun->bytes, page, cells) &&
               begin_leaf(*other, cells, page, *begun) && (leave_words(begun) || put_words(*other, *begun));
    }
    if (!good) failed = true;
    is_done(HasPut);
    {
        std::unique_lock lock(mutex);
        while (!has_jobs && !failed) {
            changed.wait_for(lock, std::chrono::milliseconds(1));
            lock.unlock();
            if (!other->polls.now()) failed = true;
            lock.lock();
        }
    }
    if (!failed && !do_jobs(*other)) failed = true;
    is_done(Done);
}

// False: there will be no more.
bool HeapRestore::Work::next_leaf(std::unique_ptr<WordlessPage>& begun) {
    std::unique_lock lock(mutex);
    for (;;) {
        if (failed) return false;
        if (!leaves.empty()) break;
        if (put_left_words(lock, *other)) continue;
        if (no_more_leaves) return false;
        changed.wait_for(lock, std::chrono::milliseconds(1));
        lock.unlock();
        if (!other->polls.now()) failed = true;
        lock.lock();
    }
    if (!begun && !spare.empty()) {
        begun = std::move(spare.back());
        spare.pop_back();
    }
    if (!begun) begun = std::make_unique<WordlessPage>();
    begun->entries.clear();
    begun->bytes = std::move(leaves.front());
    leaves.pop_front();
    const bool was_much = leaf_bytes > kMostWaiting / 2;
    leaf_bytes -= begun->bytes.size();
    if (was_much && leaf_bytes <= kMostWaiting / 2)
        changed.notify_all(); // not for each: waking somebody costs
    return true;
}

bool HeapRestore::Work::leave_words(std::unique_ptr<WordlessPage>& begun) {
    constexpr size_t kMostLeft = 16;
    std::lock_guard lock(mutex);
    if (without_words.size() >= kMostLeft) return false;
    without_words.push_back(std::move(begun));
    if (without_words.size() == 1) changed.notify_all();
    return true;
}

bool HeapRestore::Work::put_left_words(std::unique_lock<std::mutex>& lock, Hand& hand) {
    if (without_words.empty()) return false;
    auto begun = std::move(without_words.front());
    without_words.pop_front();
    lock.unlock();
    if (!put_words(hand, *begun)) failed = true;
    lock.lock();
    spare.push_back(std::move(begun));
    return true;
}

bool HeapRestore::Work::give(std::string leaf) {
    std::unique_lock lock(mutex);
    if (leaf_bytes > kMostWaiting)
        while (leaf_bytes > kMostWaiting / 2 && !failed) {
            if (put_left_words(lock, mine)) continue;
            changed.wait_for(lock, std::chrono::milliseconds(1));
            lock.unlock();
            if (!mine.polls.now()) failed = true;
            lock.lock();
        }
    if (failed) return false;
    leaf_bytes += leaf.size();
    leaves.push_back(std::move(leaf));
    if (leaves.size() == 1) changed.notify_all();
    return true;
}

bool HeapRestore::Work::beside_has(Stage wanted, Polls& polls) {
    std::unique_lock lock(mutex);
    while (stage < wanted || !without_words.empty()) {
        if (!failed && put_left_words(lock, mine)) continue;
        if (failed) without_words.clear();
        if (stage >= wanted) break;
        changed.wait_for(lock, std::chrono::milliseconds(1));
        lock.unlock();
        (void)polls.now(); // it stops, too
        lock.lock();
    }
    return !failed && !polls.stopped();
}

void HeapRestore::Work::is_done(Stage now) {
    std::lock_guard lock(mutex);
    stage = now;
    changed.notify_all();
}

// ---- all of it

HeapRestore::HeapRestore(HeapPicture& picture, Heap& heap, Names& names, Hands hands)
    : work_(std::make_unique<Work>(picture, heap, names, std::move(hands))) {
    work_->start();
}

HeapRestore::~HeapRestore() = default;

bool HeapRestore::add_leaf(std::string leaf) {
    Work& work = *work_;
    PageFacts page;
    std::string_view cells;
    if (!HeapPicture::is_plain_leaf(leaf, page, cells)) return work.picture.add(std::move(leaf));
    if (!work.thread.joinable()) return work.put_leaf(work.mine, cells, page);
    work.heap.prepare_pages(work.hands.poll); // here there is time
    return work.give(std::move(leaf));
}

bool HeapRestore::finish(std::vector<Value>& roots) {
    Work& work = *work_;
    HeapPicture& picture = work.picture;
    Work::Hand& mine = work.mine;
    {
        std::lock_guard lock(work.mutex);
        work.no_more_leaves = true;
        work.changed.notify_all();
    }
    if (!work.beside_has(Work::HasPut, mine.polls)) return false;

    // What is in the picture.
    for (auto& [number, leaf] : picture.unchanged_)
        if (!work.put_leaf(mine, leaf, picture.pages_.at(number))) return false;
    work.entries = picture.entries();
    for (auto& [place, hash] : picture.hashes_) work.hashes[place] = hash;
    auto next = work.entries.begin();
    const auto end = work.entries.end();
    std::vector<Work::Entry> of_page;
    for (const PageFacts& page : picture.pages_with(work.entries)) {
        of_page.clear();
        for (; next != end && (*next)->place < (uint64_t(page.number) + 1) * kPlaces; ++next)
            of_page.push_back(**next);
        if (!work.begin_page(mine, page, of_page)) return false;
    }
    if (next != end) return false;

    // The second pass.
    constexpr size_t kCellsAtOnce = 1024, kPagesAtOnce = 16;
    for (size_t i = 0; i < work.entries.size();) { // large ones have a job of their own
        size_t count = 1;
        while (count < kCellsAtOnce && i + count < work.entries.size() &&
               work.entries[i + count]->words <= kLeafWords)
            ++count;
        work.jobs.push_back({false, i, count});
        i += count;
    }
    for (size_t i = 0; i < work.of_leaves.size(); i += kPagesAtOnce)
        work.jobs.push_back({true, i, std::min(kPagesAtOnce, work.of_leaves.size() - i)});
    {
        std::lock_guard lock(work.mutex);
        work.has_jobs = true;
        work.changed.notify_all();
    }
    if (!work.do_jobs(mine)) work.failed = true;
    if (!work.beside_has(Work::Done, mine.polls) || work.failed) return false;
    mine.words.missed = false;
    ByteReader in(picture.roots_);
    roots.assign(size_t(picture.root_count_), Value());
    for (Value& root : roots)
        if (!read_word(in, root, mine.words, mine.words) || mine.words.missed) return false;

    // Whether it makes sense.
    std::vector<Work::Hand*> all_hands{&mine};
    if (work.other) all_hands.push_back(work.other.get());
    bool all_sound = work.unknown.empty() && std::all_of(roots.begin(), roots.end(), [](Value root) {
                         return root.is_absent() || is_value(root);
                     });
    {
        CellCheck check(mine.words);
        for (Work::Hand* hand : all_hands)
            all_sound = all_sound && hand->wrong.empty() &&
                        std::all_of(hand->in_the_end.begin(), hand->in_the_end.end(),
                                    [&](Cell* cell) { return mine.polls.go_on() && check.is_sound(*cell); });
    }
    if (all_sound) {
        for (Work::Hand* hand : all_hands)
            if (!work.heap.hold_restored(hand->with_shared, work.hands.poll)) return false;
    } else {
        PointerTable wrong;
        for (Work::Hand* hand : all_hands)
            for (Cell* cell : hand->wrong) wrong.add(cell, 0);
        for (uint64_t place : work.unknown) wrong.add(work.there.cell_at(place), 0);
        MetByMarks met(mine.polls);
        if (!are_sound(roots, work.names, met, &wrong)) return false;
        // Nobody has looked at what the walk has not met: until it is collected it is no more than room.
        if (!work.heap.hold_marked(shape::kArray, work.hands.poll)) return false;
    }
    if (mine.polls.stopped()) return false;
    work.heap.end_restore(picture.last_hash_);
    for (auto& [place, hash] : work.hashes)
        if (Cell* cell = work.there.cell_at(place)) work.heap.restore_hash(cell, hash);
    for (auto& [number, hash] : picture.shared_hashes_)
        if (Value value; work.names.shared_of(number, value) && value.is_cell())
            work.heap.restore_hash(value.cell(), hash);
    return true;
}

// ---- pictures

std::vector<const HeapPicture::Entry*> HeapPicture::entries() const {
    std::vector<const Entry*> entries;
    entries.reserve(base_.size() + later_.size());
    auto later = later_.begin();
    auto take_later = [&](uint64_t before) {
        for (; later != later_.end() && later->first < before; ++later) entries.push_back(&later->second);
    };
    for (const Entry& entry : base_) {
        if (entry.gone) continue;
        take_later(entry.place);
        entries.push_back(&entry);
    }
    take_later(UINT64_MAX);
    return entries;
}

// By number; a page whose cells are all gone is left out: large ones cannot be without.
std::vector<PageFacts> HeapPicture::pages_with(const std::vector<const Entry*>& entries) const {
    std::vector<PageFacts> pages;
    for (auto& page : pages_) pages.push_back(page.second);
    std::erase_if(pages, [&](const PageFacts& page) {
        const uint64_t begin = uint64_t(page.number) * kPlaces;
        auto first =
            std::lower_bound(entries.begin(), entries.end(), begin,
                             [](const Entry* entry, uint64_t wanted) { return entry->place < wanted; });
        return first == entries.end() || (*first)->place >= begin + room_of(page) / 8;
    });
    return pages;
}

bool HeapPicture::restore(Heap& heap, std::vector<Value>& roots, Names& names,
                          const std::function<bool()>& poll) {
    return HeapRestore(*this, heap, names, {poll, {}}).finish(roots);
}

} // namespace indent::image
