// Reads the pages of an SQLite file without SQLite, for files that SQLite gives up on. Everything in the file may be
// wrong: what does not fit is skipped, nothing is believed further than it can be checked. Writes nothing.
//
// File format: https://www.sqlite.org/fileformat2.html
#pragma once
#include "vm/base/result.h"
#include "vm/os/open_file.h"
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace indent::image {

// One value of a row; other kinds than these are in no image.
struct Column {
    enum Kind : uint8_t { Null, Integer, Bytes } kind = Null;
    int64_t integer = 0;
    std::string bytes{};
};
using Row = std::vector<Column>;

// Where a page's content stands: in the file, or in a frame of its -wal.
struct PageVersion {
    uint32_t page = 0;  // from 1
    uint32_t frame = 0; // from 1; 0: in the file itself
};

class PageReader {
  public:
    // Fails where the file cannot be read at all.
    static Result<std::unique_ptr<PageReader>> open(const std::string& path);

    uint32_t page_count() const { return page_count_; }
    // The content of each page as of the last whole commit that can be told.
    PageVersion current(uint32_t page) const;
    // Older content of pages: in the file behind the -wal, and in its earlier frames.
    const std::vector<PageVersion>& older() const { return older_; }
    // Of a damaged -wal what stands behind the damage, in its order: perhaps newer.
    const std::vector<PageVersion>& newer() const { return newer_; }
    bool wal_is_damaged() const { return wal_is_damaged_; }

    enum class Kind { None, TableLeaf, TableInterior, IndexLeaf, IndexInterior };
    Kind kind_of(PageVersion version);

    struct Cell {
        PageVersion in;
        uint16_t at = 0; // offset in the page
    };
    // The cells of a page and, of interior pages, its children.
    void cells_of(PageVersion version, std::vector<Cell>& cells, std::vector<uint32_t>& children);
    // A cell's row and, of table leaves, its number; nothing where the bytes make none.
    std::optional<Row> row_of(const Cell& cell, int64_t& number);

    // Pages that are in use by nothing, as the file says; false: it says something that cannot be.
    bool free_pages(std::vector<bool>& free);

  private:
    std::string_view bytes_of(PageVersion version); // until the next call; empty: it cannot be read
    std::optional<std::string> payload_of(std::string_view page, size_t at, uint64_t size, bool table_leaf);
    void read_wal(const std::string& path);

    std::unique_ptr<os::OpenFile> file_, wal_;
    uint32_t page_size_ = 4096, page_count_ = 0;
    std::map<uint32_t, uint32_t> frames_; // of pages whose newest content is in the -wal
    std::vector<PageVersion> older_, newer_;
    bool wal_is_damaged_ = false;
    std::string buffer_; // of read_
    PageVersion read_{};
};

} // namespace indent::image
