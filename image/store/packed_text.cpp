#include "image/store/packed_text.h"
#include <zlib.h>

namespace indent::image {

namespace {

constexpr std::string_view kMark("\0zlib\0", 6);
constexpr size_t kSmall = 1024; // bytes; several such rows share a page, and gain little

} // namespace

std::string packed(std::string_view text) {
    if (text.size() < kSmall || text.size() > kLargestText) return std::string(text);
    std::string row = std::string(kMark) + number_bytes(text.size());
    const size_t head = row.size();
    uLongf size = compressBound(uLong(text.size()));
    row.resize(head + size);
    const int code =
        compress2(reinterpret_cast<Bytef*>(row.data() + head), &size,
                  reinterpret_cast<const Bytef*>(text.data()), uLong(text.size()), Z_DEFAULT_COMPRESSION);
    row.resize(head + size);
    if (code != Z_OK || row.size() > text.size() / 4 * 3 ||
        text.size() > row.size() * kMostUnpackedPerByte) // it repeats itself without end
        return std::string(text);
    return row;
}

std::optional<std::string> unpacked(std::string_view row, const Hash& hash) {
    if (hash_of(row) == hash) return std::string(row);
    std::string_view rest = row;
    uint64_t size = 0;
    if (!rest.starts_with(kMark)) return std::nullopt;
    rest.remove_prefix(kMark.size());
    if (!take_number(rest, size) || size > kLargestText || size > row.size() * kMostUnpackedPerByte)
        return std::nullopt;
    std::string text(size, '\0');
    uLongf written = uLongf(size);
    if (uncompress(reinterpret_cast<Bytef*>(text.data()), &written,
                   reinterpret_cast<const Bytef*>(rest.data()), uLong(rest.size())) != Z_OK ||
        written != size || hash_of(text) != hash)
        return std::nullopt;
    return text;
}

} // namespace indent::image
