// Memory that nobody may touch: told to AddressSanitizer where it runs, filled with words that fault where a heap
// collects always. For finding addresses kept across a collection.
#pragma once
#include "vm/heap/value.h"
#include <algorithm>
#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define INDENT_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define INDENT_ASAN 1
#endif
#endif
#ifndef INDENT_ASAN
#define INDENT_ASAN 0
#endif

#if INDENT_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace indent {

inline void forbid(void* memory, size_t bytes) {
#if INDENT_ASAN
    ASAN_POISON_MEMORY_REGION(memory, bytes);
#else
    (void)memory, (void)bytes;
#endif
}

inline void allow(void* memory, size_t bytes) {
#if INDENT_ASAN
    ASAN_UNPOISON_MEMORY_REGION(memory, bytes);
#else
    (void)memory, (void)bytes;
#endif
}

// Words that look like the address of a cell, where no cell can be.
inline void spoil(void* memory, size_t bytes) {
    std::fill_n(static_cast<Value*>(memory), bytes / sizeof(Value), Value::from_bits(0x0000'DEAD'DEAD'DEA8));
}

} // namespace indent
