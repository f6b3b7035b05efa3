// What answers about an image's history share: words, and a thread to work on.
#pragma once
#include "vm/base/result.h"
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace indent {

std::string moment_in_words(uint64_t at_ms);
bool whole_number(const std::string& text, uint64_t& number);
// Bytes in a text, and back. Nothing: the text is none of these.
std::string as_hexadecimal(const std::string& bytes);
std::optional<std::string> from_hexadecimal(std::string_view text);

// Worlds need a stack that the asking thread may not have.
Result<std::string> in_world_thread(const std::function<Result<std::string>()>& work);

} // namespace indent
