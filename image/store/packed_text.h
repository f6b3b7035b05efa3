// Texts in rows that are named by the hash of what they say: large ones are compressed where that makes them smaller.
//
// A row is what it says, or a mark, the text's size and a zlib stream. Which of the two it is, is decided by the hash:
// so a text may begin as the mark does, and rows of images that had no such form are read as ever.
#pragma once
#include "image/store/listing.h"

namespace indent::image {

constexpr size_t kLargestText = 64 << 20;
// A row that says it has more than so many times its size is none: opening a file takes no more memory than it stands for.
constexpr size_t kMostUnpackedPerByte = 32;

// What a row is to hold for this text.
std::string packed(std::string_view text);

// The text with this hash that a row holds; nothing: the row does not hold it.
std::optional<std::string> unpacked(std::string_view row, const Hash& hash);

} // namespace indent::image
