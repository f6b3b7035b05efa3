// Symbols: names. All of one name are the same, so `==` and `hash` are those of Object.
#include "vm/interp/machine.h"
#include "vm/model/text_literal.h"
#include "vm/prims/text_tables.h"

namespace indent {

namespace {

Value symbol_to_text(Machine& vm, Value* args) {
    return vm.text(vm.symbol_text(args[0]), args);
}

Value symbol_inspect(Machine& vm, Value* args) {
    std::string written;
    append_symbol(written, vm.symbol_text(args[0]));
    return vm.text(written, args);
}

Value symbol_compare(Machine& vm, Value* args) {
    if (!args[1].is_symbol()) return vm.wrong_type(args, 1, "a Symbol");
    // UTF-8 orders as the code points do.
    int order = vm.symbol_text(args[0]).compare(vm.symbol_text(args[1]));
    return Value::integer(order < 0 ? -1 : order > 0 ? 1 : 0);
}

Value symbol_to_symbol(Machine&, Value* args) {
    return args[0];
}

constexpr PrimitiveRow kSymbolRows[] = {
    {"to_text", 0, symbol_to_text},
    {"inspect", 0, symbol_inspect},
    {"compare", 1, symbol_compare},
    {"to_symbol", 0, symbol_to_symbol},
};

} // namespace

PrimitiveTable symbol_primitives() {
    return {"Symbol", kSymbolRows};
}

} // namespace indent
