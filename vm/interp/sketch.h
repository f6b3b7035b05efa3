// Values in the words of an error: short, and made without running any Indent code, so that it cannot fail itself.
#pragma once
#include "vm/interp/machine.h"

namespace indent {

// About as `inspect` shows it, cut to some forty letters: `[1, 2, …]`. Empty for what shows nothing of itself.
std::string sketch(const Machine& vm, Value value);
// "a List ([1, 2])", "nil", "the class Math".
std::string described(const Machine& vm, Value value);
// What `inspect` answers for a block, "a Block from shop:12", and for a reference, "&shop.total".
std::string block_text(Value block);
std::string reference_text(const Machine& vm, Value reference);

} // namespace indent
