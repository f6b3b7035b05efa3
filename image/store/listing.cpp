#include "image/store/listing.h"
#include <algorithm>
#include <cstring>
#include <memory>
#include <xxhash.h>

namespace indent::image {

namespace {

bool take_text(std::string_view& bytes, std::string& text) {
    uint64_t size = 0;
    if (!take_number(bytes, size) || size > bytes.size()) return false;
    text = bytes.substr(0, size);
    bytes.remove_prefix(size);
    return true;
}

} // namespace

Hash hash_of(std::string_view bytes) {
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes.data(), bytes.size()));
    Hash hash;
    std::memcpy(hash.data(), canonical.digest, hash.size());
    return hash;
}

std::optional<Hash> hash_from(std::string_view bytes) {
    Hash hash;
    if (bytes.size() != hash.size()) return std::nullopt;
    std::copy(bytes.begin(), bytes.end(), hash.begin());
    return hash;
}

int64_t checksum_of(std::initializer_list<std::string_view> parts) {
    XXH64_hash_t sum = parts.size();
    for (std::string_view part : parts) {
        sum = XXH3_64bits_withSeed(part.data(), part.size(), sum);
    }
    return int64_t(sum);
}

std::string number_bytes(uint64_t number) {
    std::string bytes(8, '\0');
    for (char& byte : bytes) {
        byte = char(number & 0xff);
        number >>= 8;
    }
    return bytes;
}

bool take_number(std::string_view& bytes, uint64_t& number) {
    if (bytes.size() < 8) return false;
    number = 0;
    for (size_t i = 8; i-- > 0;) number = number << 8 | uint8_t(bytes[i]);
    bytes.remove_prefix(8);
    return true;
}

std::string encode_listing(std::string_view title, const std::vector<ListingEntry>& entries) {
    std::string bytes = number_bytes(title.size());
    bytes += title;
    for (const auto& entry : entries) {
        bytes += number_bytes(entry.name.size());
        bytes += entry.name;
        bytes += bytes_of(entry.hash);
    }
    return bytes;
}

std::optional<Listing> decode_listing(std::string_view bytes) {
    Listing listing;
    if (!take_text(bytes, listing.title)) return std::nullopt;
    while (!bytes.empty()) {
        ListingEntry entry;
        if (!take_text(bytes, entry.name) || bytes.size() < entry.hash.size()) return std::nullopt;
        std::copy_n(bytes.begin(), entry.hash.size(), entry.hash.begin());
        bytes.remove_prefix(entry.hash.size());
        listing.entries.push_back(std::move(entry));
    }
    return listing;
}

} // namespace indent::image
