// The part of salvaging (recover.h) that is about the story: which of its rows are there, which of them can be read without
// those that are lost, and a story of these in a new image. Used by recover.cpp alone.
#pragma once
#include "image/store/connection.h"
#include "image/store/page_reader.h"
#include "image/store/recover.h"
#include "image/store/story.h"
#include <initializer_list>
#include <map>
#include <optional>
#include <set>

namespace indent::image {

inline bool has_kinds(const Row& row, std::initializer_list<Column::Kind> kinds) {
    if (row.size() != kinds.size()) return false;
    size_t at = 0;
    for (Column::Kind kind : kinds)
        if (row[at++].kind != kind) return false;
    return true;
}

// "3 batches"
std::string counted(uint64_t n, const std::string& one);

class StorySalvage {
  public:
    // How a row was found: from the tables' roots; behind the damage of a -wal; on a page that nothing leads to; on older
    // content of a page; on a page that is free.
    enum Way { FromRoots, Newer, Loose, Older, Free };

    // Both outlive it.
    StorySalvage(PageReader& pages, Recovered& told) : pages_(pages), told_(told) {}

    // Whether it is a row of batches, checkpoints, timelines or snapshots; it is taken if its checksum is right.
    bool take(const Row& row, uint64_t number, const PageReader::Cell& cell, Way way);
    // Perhaps a piece; its hash is right.
    void take_piece(const Hash& hash, const PageReader::Cell& cell) { pieces_.emplace(hash, cell); }
    bool has_found() const { return !batches_.empty() || !all_checkpoints_.empty(); }

    // After all rows: what of them is to be kept. Nothing for the heads: they are lost.
    void settle(const std::optional<StoryHeads>& heads);
    // After that: a checkpoint that was found names this piece.
    bool is_piece(const Hash& hash) const { return named_pieces_.contains(hash); }
    // Actors begin anew.
    bool is_empty() const { return is_empty_; }
    // In a transaction, into tables that are empty; `heads` becomes what they say.
    Result<void> write(Connection& into, const std::map<std::pair<uint64_t, uint64_t>, std::string>& names,
                       StoryHeads& heads);

  private:
    template <class R>
    struct Found { // by number
        std::map<uint64_t, R> sure, other;
        void take(R record, Way way);
        // Those that there are, as far as can be told.
        std::map<uint64_t, R> rows(const std::optional<RowSum>& told, bool all_others) const;
    };
    struct Batch {
        PageReader::Cell cell; // read again when it is written: it may be large
        uint64_t timeline = 0;
    };
    static uint64_t next_after(const StoryPlace& place) {
        return place.groups == StoryPlace::kWhole ? place.batch + 1 : place.batch;
    }
    bool is_whole(const CheckpointRecord& checkpoint) const;
    const CheckpointRecord* newest_of(uint64_t timeline) const;
    uint64_t begins_after(uint64_t timeline) const;
    uint64_t first_of(uint64_t timeline, uint64_t from) const;
    bool choose(uint64_t timeline);
    void settle_checkpoints();
    bool is_there(const StoryPlace& place) const;
    void settle_timelines();
    void settle_snapshots();
    void tell_batches(uint64_t wanted);
    void lose(std::string words) { told_.losses.push_back(std::move(words)); }

    PageReader& pages_;
    Recovered& told_;
    std::map<uint64_t, Batch> batches_;
    std::map<Hash, PageReader::Cell> pieces_;
    std::set<Hash> named_pieces_;
    Found<CheckpointRecord> found_checkpoints_;
    Found<TimelineRecord> found_timelines_;
    Found<SnapshotRecord> found_snapshots_;

    // What is kept.
    bool is_empty_ = true;
    StoryHeads heads_;                                                   // of the new image, without the sums
    uint64_t known_first_ = 1, known_last_ = 0;                          // that there were
    std::map<uint64_t, CheckpointRecord> all_checkpoints_, checkpoints_; // whole ones; those that are kept
    std::map<uint64_t, TimelineRecord> timelines_;
    std::map<uint64_t, SnapshotRecord> snapshots_;
};

} // namespace indent::image
