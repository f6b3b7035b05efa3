// What lists, tuples and maps share: writing their elements, comparing and hashing them one by one.
#pragma once
#include "vm/interp/machine.h"
#include <string>

namespace indent {

// Longest text that inspecting or joining builds before it gives up as out of memory.
inline constexpr size_t kLongestText = size_t(1) << 30;
inline void check_length(const std::string& text) {
    if (text.size() > kLongestText) throw OutOfMemory{text.size()};
}

// Appends `value` as inside a collection. May run Indent code.
void append_inspected(Machine& vm, std::string& out, Value value, Value* args);

// Puts `x.frozen` in place of what stands in the slot, where that is not frozen already. False: an error was
// raised, and the slot holds what a handler has given for the answer.
[[nodiscard]] bool frozen_part(Machine& vm, Value& slot, Value* args);

// At the beginning of what calls itself for the parts of parts: those may be few each time and endless in all.
inline void go_deeper(Machine& vm, Value* args) {
    vm.check_native_stack(args);
    vm.poll(args);
}

// Loops over elements poll now and then.
inline void poll_sometimes(Machine& vm, size_t step, Value* args) {
    if ((step & 1023) == 1023) vm.poll(args);
}

} // namespace indent
