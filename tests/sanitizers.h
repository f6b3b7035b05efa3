// Which sanitizer a test is built with: its size, and what it may ask of the machine, follow from that.
#pragma once
#include "vm/os/sanitizers.h"

namespace indent {

constexpr bool kAddressSanitizer = INDENT_ADDRESS_SANITIZER;
constexpr bool kThreadSanitizer = INDENT_THREAD_SANITIZER;
constexpr bool kSanitizers = kAddressSanitizer || kThreadSanitizer;

} // namespace indent
