// Finding one text in another. Time grows with the length of both, never with their product.
#pragma once
#include "vm/model/text.h"

namespace indent {

inline constexpr size_t kNotFound = SIZE_MAX;

// The first place at or after `from` (<= length) where `part` stands. The empty text stands everywhere.
size_t find_text(TextView text, TextView part, size_t from);
// The last place that is not after `from`.
size_t find_last_text(TextView text, TextView part, size_t from);
bool starts_with(TextView text, TextView part);
bool ends_with(TextView text, TextView part);

} // namespace indent
