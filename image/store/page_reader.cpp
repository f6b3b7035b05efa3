#include "image/store/page_reader.h"
#include "vm/os/files.h"
#include <algorithm>

namespace indent::image {

namespace {

constexpr uint64_t kLargestRow = uint64_t(1) << 30;
constexpr size_t kWalHeader = 32, kFrameHeader = 24;

uint32_t big(std::string_view bytes, size_t at, size_t size) {
    uint32_t number = 0;
    for (size_t i = 0; i < size; ++i) number = number << 8 | uint8_t(bytes[at + i]);
    return number;
}

// From 1 to 9 bytes; false where the bytes have ended.
bool take_varint(std::string_view bytes, size_t& at, uint64_t& number) {
    number = 0;
    for (int i = 0; i < 9; ++i) {
        if (at >= bytes.size()) return false;
        const auto byte = uint8_t(bytes[at++]);
        if (i == 8) {
            number = number << 8 | byte;
            return true;
        }
        number = number << 7 | (byte & 0x7f);
        if (!(byte & 0x80)) return true;
    }
    return false;
}

bool is_page_size(uint32_t size) {
    return size >= 512 && size <= 65536 && (size & (size - 1)) == 0;
}

// The checksum of a -wal, which goes on from frame to frame.
struct WalSum {
    bool big_endian = false;
    uint32_t first = 0, second = 0;
    void add(std::string_view bytes) {
        auto word = [&](size_t at) {
            uint32_t number = 0;
            for (size_t i = 0; i < 4; ++i)
                number |= uint32_t(uint8_t(bytes[at + i])) << 8 * (big_endian ? 3 - i : i);
            return number;
        };
        for (size_t at = 0; at + 8 <= bytes.size(); at += 8) {
            first += word(at) + second;
            second += word(at + 4) + first;
        }
    }
};

} // namespace

Result<std::unique_ptr<PageReader>> PageReader::open(const std::string& path) {
    if (auto info = os::file_info(path);
        info && info->kind != os::FileKind::File) // opening a pipe may wait for ever
        return Failure{"not_an_image", path + " is no plain file"};
    auto file = os::OpenFile::open(path, os::OpenMode::Read);
    if (!file) return std::move(file).failure();
    std::unique_ptr<PageReader> reader(new PageReader);
    reader->file_ = std::move(file).value();
    auto size = reader->file_->size();
    if (!size) return std::move(size).failure();
    // As images have it, unless the file says something else that fits better.
    if (auto head = reader->file_->read(100); head && head->size() == 100) {
        const uint32_t told = big(*head, 16, 2) == 1 ? 65536 : big(*head, 16, 2);
        auto second_is_page = [&](uint32_t page_size) {
            reader->page_size_ = page_size;
            return reader->kind_of({2, 0}) != Kind::None;
        };
        if (!is_page_size(told) || second_is_page(4096) || !second_is_page(told)) reader->page_size_ = 4096;
        reader->buffer_.clear();
    }
    reader->page_count_ = uint32_t(std::min<uint64_t>(*size / reader->page_size_, UINT32_MAX - 1));
    reader->read_wal(path + "-wal");
    return reader;
}

void PageReader::read_wal(const std::string& path) {
    if (!os::exists(path)) return;
    auto file = os::OpenFile::open(path, os::OpenMode::Read);
    if (!file) return;
    wal_ = std::move(file).value();
    auto head = wal_->read(kWalHeader);
    if (!head || head->size() < kWalHeader) return;
    WalSum sum;
    const uint32_t magic = big(*head, 0, 4);
    sum.big_endian = magic & 1;
    sum.add(std::string_view(*head).substr(0, 24));
    bool whole = (magic & ~1u) == 0x377f0682 && big(*head, 8, 4) == page_size_ &&
                 sum.first == big(*head, 24, 4) && sum.second == big(*head, 28, 4);
    std::string salts = head->substr(16, 8);
    std::map<uint32_t, uint32_t> pending;
    std::vector<PageVersion> unsure, all;
    size_t sure_of_unsure = 0; // so many of them are of commits
    for (uint32_t frame = 1;; ++frame) {
        auto bytes = wal_->read(kFrameHeader + page_size_);
        if (!bytes || bytes->size() < kFrameHeader + page_size_) break;
        if (frame == 1 && !whole) salts = bytes->substr(8, 8); // the header may be what is damaged
        const uint32_t page = big(*bytes, 0, 4), commit = big(*bytes, 4, 4);
        const bool same_wal = std::string_view(*bytes).substr(8, 8) == salts;
        if (whole) {
            sum.add(std::string_view(*bytes).substr(0, 8));
            sum.add(std::string_view(*bytes).substr(kFrameHeader));
            whole =
                same_wal && page > 0 && sum.first == big(*bytes, 16, 4) && sum.second == big(*bytes, 20, 4);
        }
        if (whole) {
            pending[page] = frame;
            all.push_back({page, frame});
            if (!commit) continue;
            for (auto [number, in] : pending) frames_[number] = in;
            pending.clear();
            page_count_ = std::max(page_count_, commit);
        } else if (same_wal && page > 0) {
            unsure.push_back({page, frame});
            if (commit) sure_of_unsure = unsure.size();
        }
    }
    // A last change that was never finished counts for nothing; behind damage, what had been finished counts.
    unsure.resize(sure_of_unsure);
    wal_is_damaged_ = !unsure.empty();
    for (auto [number, in] : frames_)
        if (number <= page_count_) older_.push_back({number, 0});
    for (PageVersion version : all)
        if (auto found = frames_.find(version.page); found != frames_.end() && version.frame < found->second)
            older_.push_back(version);
    if (unsure.empty()) return;
    for (auto [number, in] : pending) newer_.push_back({number, in});
    newer_.insert(newer_.end(), unsure.begin(), unsure.end());
}

PageVersion PageReader::current(uint32_t page) const {
    auto found = frames_.find(page);
    return {page, found == frames_.end() ? 0 : found->second};
}

std::string_view PageReader::bytes_of(PageVersion version) {
    if (read_.page == version.page && read_.frame == version.frame && !buffer_.empty()) return buffer_;
    read_ = version;
    buffer_.clear();
    os::OpenFile& file = version.frame ? *wal_ : *file_;
    const uint64_t at =
        version.frame ? kWalHeader + uint64_t(version.frame - 1) * (kFrameHeader + page_size_) + kFrameHeader
                      : uint64_t(version.page - 1) * page_size_;
    if (version.page == 0 || (file.position() != at && !file.seek(at))) return {};
    if (auto bytes = file.read(page_size_); bytes && bytes->size() == page_size_) buffer_ = std::move(*bytes);
    return buffer_;
}

PageReader::Kind PageReader::kind_of(PageVersion version) {
    const std::string_view bytes = bytes_of(version);
    if (bytes.empty()) return Kind::None;
    switch (bytes[version.page == 1 ? 100 : 0]) {
    case 2: return Kind::IndexInterior;
    case 5: return Kind::TableInterior;
    case 10: return Kind::IndexLeaf;
    case 13: return Kind::TableLeaf;
    default: return Kind::None;
    }
}

void PageReader::cells_of(PageVersion version, std::vector<Cell>& cells, std::vector<uint32_t>& children) {
    const Kind kind = kind_of(version);
    if (kind == Kind::None) return;
    const std::string_view page = bytes_of(version);
    const size_t head = version.page == 1 ? 100 : 0;
    const bool interior = kind == Kind::TableInterior || kind == Kind::IndexInterior;
    const size_t from = head + (interior ? 12 : 8);
    const size_t count = std::min<size_t>(big(page, head + 3, 2), (page.size() - from) / 2);
    for (size_t i = 0; i < count; ++i) {
        const uint32_t at = big(page, from + 2 * i, 2);
        if (at < from || at + 4 > page.size()) continue;
        if (interior) children.push_back(big(page, at, 4));
        if (kind != Kind::TableInterior) cells.push_back({version, uint16_t(at)});
    }
    if (interior) children.push_back(big(page, head + 8, 4));
}

std::optional<std::string> PageReader::payload_of(std::string_view page, size_t at, uint64_t size,
                                                  bool table_leaf) {
    const uint64_t usable = page_size_;
    const uint64_t most = table_leaf ? usable - 35 : (usable - 12) * 64 / 255 - 23;
    const uint64_t least = (usable - 12) * 32 / 255 - 23;
    uint64_t here = size;
    if (size > most) {
        const uint64_t fitting = least + (size - least) % (usable - 4);
        here = fitting <= most ? fitting : least;
    }
    if (size > kLargestRow || size > (uint64_t(page_count_) + 1) * page_size_ ||
        at + here + (here < size ? 4 : 0) > page.size())
        return std::nullopt;
    std::string payload(page.substr(at, here));
    if (here == size) return payload;
    uint32_t next = big(page, at + here, 4);
    while (payload.size() < size) {
        const std::string_view more = bytes_of(current(next)); // `page` is gone now
        if (next == 0 || more.empty()) return std::nullopt;
        payload += more.substr(4, std::min<uint64_t>(size - payload.size(), page_size_ - 4));
        next = big(more, 0, 4);
    }
    return payload;
}

std::optional<Row> PageReader::row_of(const Cell& cell, int64_t& number) {
    const Kind kind = kind_of(cell.in);
    const std::string_view page = bytes_of(cell.in);
    if (kind == Kind::None || kind == Kind::TableInterior) return std::nullopt;
    size_t at = cell.at + (kind == Kind::IndexInterior ? 4 : 0);
    uint64_t size = 0, rowid = 0;
    if (!take_varint(page, at, size)) return std::nullopt;
    if (kind == Kind::TableLeaf && !take_varint(page, at, rowid)) return std::nullopt;
    number = int64_t(rowid);
    const auto payload = payload_of(page, at, size, kind == Kind::TableLeaf);
    if (!payload) return std::nullopt;
    // A head with the kinds of the columns, then what is in them.
    constexpr size_t kMostColumns = 32;
    Row row;
    size_t kinds = 0;
    uint64_t head = 0;
    if (!take_varint(*payload, kinds, head) || head > payload->size()) return std::nullopt;
    size_t content = size_t(head);
    const std::string_view head_bytes = std::string_view(*payload).substr(0, content);
    while (kinds < head_bytes.size()) {
        uint64_t type = 0;
        if (!take_varint(head_bytes, kinds, type) || row.size() == kMostColumns) return std::nullopt;
        constexpr size_t kSizes[] = {0, 1, 2, 3, 4, 6, 8, 8, 0, 0};
        if (type == 10 || type == 11) return std::nullopt;
        const uint64_t bytes = type < 10 ? kSizes[type] : (type - 12) / 2;
        if (bytes > payload->size() - content) return std::nullopt;
        Column column;
        if (type >= 12) {
            column.kind = Column::Bytes;
            column.bytes = payload->substr(content, size_t(bytes));
        } else if (type != 0) {
            column.kind = Column::Integer;
            uint64_t value = type == 9 ? 1 : 0;
            for (size_t i = 0; i < bytes; ++i) {
                const auto byte = uint8_t((*payload)[content + i]);
                if (i == 0 && byte & 0x80) value = UINT64_MAX;
                value = value << 8 | byte;
            }
            column.integer = int64_t(value);
        }
        content += size_t(bytes);
        row.push_back(std::move(column));
    }
    return row;
}

bool PageReader::free_pages(std::vector<bool>& free) {
    free.assign(size_t(page_count_) + 1, false);
    const std::string_view first = bytes_of(current(1));
    if (first.empty()) return false;
    uint32_t trunk = big(first, 32, 4);
    const uint32_t told = big(first, 36, 4);
    size_t found = 0;
    while (trunk) {
        if (trunk > page_count_ || free[trunk]) return false;
        free[trunk] = true;
        ++found;
        const std::string_view bytes = bytes_of(current(trunk));
        if (bytes.empty()) return false;
        const uint32_t count = big(bytes, 4, 4);
        if (count > (page_size_ - 8) / 4) return false;
        for (uint32_t i = 0; i < count; ++i) {
            const uint32_t page = big(bytes, 8 + 4 * i, 4);
            if (page == 0 || page > page_count_ || free[page]) return false;
            free[page] = true;
            ++found;
        }
        trunk = big(bytes, 0, 4);
    }
    return found == told;
}

} // namespace indent::image
