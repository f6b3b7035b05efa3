// The tables of an image, and whether a file has exactly these.
#pragma once
#include "vm/base/result.h"
#include <cstdint>

namespace indent::image {

class Connection;

constexpr int64_t kApplicationId = 0x496E6474; // "Indt", in the file's header, so that file(1) can tell
constexpr int64_t kSchemaVersion = 5; // 4: texts may be compressed (packed_text.h); 5: pieces have an index

// Makes the tables in an empty file. Within a transaction of the caller's.
Result<void> make_schema(Connection& connection);

// Of an image of an earlier version, which check_schema took: makes what came since, in one transaction.
Result<void> bring_up_to_date(Connection& connection);

// Whether the file is an image that this program can read. Failure codes: "not_an_image", "newer" (made by a newer
// Indent), "damaged", and those of the connection.
Result<void> check_schema(Connection& connection);

} // namespace indent::image
