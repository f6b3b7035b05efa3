// Memory that nobody may touch: told to AddressSanitizer where it runs, filled with words that fault where a heap
// collects always. For finding addresses kept across a collection.
#pragma once
#include "vm/heap/value.h"
#include "vm/os/sanitizers.h"
#include <algorithm>
#include <cstddef>

#if INDENT_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#endif

namespace indent {

inline void forbid(void* memory, size_t bytes) {
#if INDENT_ADDRESS_SANITIZER
    ASAN_POISON_MEMORY_REGION(memory, bytes);
#else
    (void)memory, (void)bytes;
#endif
}

inline void allow(void* memory, size_t bytes) {
#if INDENT_ADDRESS_SANITIZER
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
