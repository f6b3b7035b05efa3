// What the primitives of texts share.
#pragma once
#include "vm/interp/machine.h"
#include "vm/model/text.h"
#include <algorithm>
#include <string>

namespace indent {

// Where a parameter has `nil` for its default.
inline bool is_given(Value argument) {
    return argument && !argument.is_nil();
}

// Adds to the list in one of args' slots; both slots follow what moves.
inline void add_to_new_list(Machine& vm, Value& list_slot, Value& value_slot, Value* args) {
    bool added = list_add(vm, list_slot, value_slot, args + kPrimitiveFrame);
    assert(added && "a list just made is not frozen");
    static_cast<void>(added);
}

// Adds the part [from, to) of the text in args[0] to the list in args[list], by way of args[list + 1].
inline void add_part(Machine& vm, Value* args, int list, size_t from, size_t to) {
    args[list + 1] = make_text_part(vm, args[0], from, to, args + kPrimitiveFrame);
    add_to_new_list(vm, args[list], args[list + 1], args);
}

// For loops whose rounds are short.
inline void poll_now_and_then(Machine& vm, size_t round, Value* args) {
    if ((round & 1023) == 1023) vm.poll(args);
}

// text_utf8 of a text that may be long: polls between its pieces. What moves meanwhile, the slot follows.
inline std::string utf8_in_pieces(Machine& vm, const Value& text_slot, Value* args) {
    constexpr size_t kPiece = size_t(1) << 18; // code points
    std::string utf8;
    const size_t length = view_text(text_slot).length;
    utf8.reserve(length);
    for (size_t at = 0; at < length; at += kPiece) {
        if (at) vm.poll(args);
        append_utf8(utf8, view_part(view_text(text_slot), at, std::min(length, at + kPiece)));
    }
    return utf8;
}

} // namespace indent
