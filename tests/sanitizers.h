// Which sanitizer a test is built with: its size, and what it may ask of the machine, follow from that.
#pragma once

namespace indent {

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define INDENT_THREAD_SANITIZER 1
#endif
#if __has_feature(address_sanitizer)
#define INDENT_ADDRESS_SANITIZER 1
#endif
#endif
#ifdef __SANITIZE_THREAD__
#define INDENT_THREAD_SANITIZER 1
#endif
#ifdef __SANITIZE_ADDRESS__
#define INDENT_ADDRESS_SANITIZER 1
#endif

#ifdef INDENT_THREAD_SANITIZER
constexpr bool kThreadSanitizer = true;
#else
constexpr bool kThreadSanitizer = false;
#endif
#ifdef INDENT_ADDRESS_SANITIZER
constexpr bool kAddressSanitizer = true;
#else
constexpr bool kAddressSanitizer = false;
#endif
constexpr bool kSanitizers = kThreadSanitizer || kAddressSanitizer;

} // namespace indent
