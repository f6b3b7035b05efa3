// Hashes, checksums and the small binary lists of the image's rows.
#pragma once
#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace indent::image {

using Hash = std::array<char, 16>; // XXH3-128, canonical

Hash hash_of(std::string_view bytes);
inline std::string_view bytes_of(const Hash& hash) {
    return {hash.data(), hash.size()};
}
std::optional<Hash> hash_from(std::string_view bytes); // nothing where the length is wrong

// XXH3-64 over the parts and their lengths.
int64_t checksum_of(std::initializer_list<std::string_view> parts);
// A number as eight bytes, little-endian: a part of a checksum or a row.
std::string number_bytes(uint64_t number);

// Names with hashes, in order: the definitions of a module, the modules of an epoch.
struct ListingEntry {
    std::string name;
    Hash hash;
};
std::string encode_listing(std::string_view title, const std::vector<ListingEntry>& entries);

struct Listing {
    std::string title;
    std::vector<ListingEntry> entries;
};
// Nothing where the bytes are no listing; reads no further than the bytes and takes no more memory than they.
std::optional<Listing> decode_listing(std::string_view bytes);

// Reads numbers from the front; false where the bytes have ended.
bool take_number(std::string_view& bytes, uint64_t& number);

} // namespace indent::image
