// Records: values made of named parts. Two are equal when their classes and all their parts are.
#include "vm/interp/visiting.h"
#include "vm/model/key.h"
#include "vm/prims/sequence.h"
#include "vm/prims/text_tables.h"

namespace indent {

namespace {

size_t part_count(Machine& vm, Value record) {
    return vm.shapes[record.cell()->shape].fields.size();
}
Value part(Value record, size_t i) {
    return (*record.cell())[i];
}
bool is_record(Machine& vm, Value value) {
    return value.is_cell() && value.cell()->shape >= shape::kFirstFree &&
           vm.class_of(value)->kind == ClassKind::Record;
}

Value record_is_equal(Machine& vm, Value* args) {
    if (args[0] == args[1]) return Value::boolean(true);
    if (!is_record(vm, args[0]) || !is_record(vm, args[1]) ||
        args[0].cell()->shape != args[1].cell()->shape) // the shape is the class and its layout
        return Value::boolean(false);
    vm.check_native_stack(args);
    for (size_t i = 0, count = part_count(vm, args[0]); i < count; ++i)
        if (!vm.equals(part(args[0], i), part(args[1], i), args)) return Value::boolean(false);
    return Value::boolean(true);
}

Value record_hash(Machine& vm, Value* args) {
    if (!is_record(vm, args[0])) return vm.wrong_type(args, 0, "a Record");
    vm.check_native_stack(args);
    HashSequence sequence(*quick_hash(vm.symbols, Value::symbol(vm.class_of(args[0])->name)));
    for (size_t i = 0, count = part_count(vm, args[0]); i < count; ++i)
        sequence.add(vm.hash_of(part(args[0], i), args));
    return hash_value(sequence.finish());
}

Value record_inspect(Machine& vm, Value* args) {
    if (!is_record(vm, args[0])) return vm.wrong_type(args, 0, "a Record");
    std::string out(vm.symbols.text(vm.class_of(args[0])->name));
    // A record cannot hold itself, but a list in it can hold it.
    if (Visiting::inside(vm, args[0])) return vm.text(out + "(...)", args);
    vm.check_native_stack(args);
    Visiting visiting(vm, args[0]);
    out += '(';
    for (size_t i = 0, count = part_count(vm, args[0]); i < count; ++i) {
        if (i > 0) out += ", ";
        append_inspected(vm, out, part(args[0], i), args);
    }
    out += ')';
    return vm.text(out, args);
}

Value record_parts(Machine& vm, Value* args) {
    if (!is_record(vm, args[0])) return vm.wrong_type(args, 0, "a Record");
    size_t count = part_count(vm, args[0]);
    args[1] = vm.list(count, args);
    for (size_t i = 0; i < count; ++i) {
        args[2] = part(args[0], i);
        if (!list_add(vm, args[1], args[2], args + kPrimitiveFrame)) assert(false);
    }
    return args[1];
}

Value record_part_names(Machine& vm, Value* args) {
    if (!is_record(vm, args[0])) return vm.wrong_type(args, 0, "a Record");
    const Shape& shape = vm.shapes[args[0].cell()->shape];
    args[1] = vm.list(shape.fields.size(), args);
    for (SymbolId name : shape.fields) {
        args[2] = Value::symbol(name);
        if (!list_add(vm, args[1], args[2], args + kPrimitiveFrame)) assert(false);
    }
    return args[1];
}

constexpr PrimitiveRow kRecordRows[] = {
    {"==", 1, record_is_equal},           {"hash", 0, record_hash},
    {"inspect", 0, record_inspect},       {"parts", 0, record_parts},
    {"part_names", 0, record_part_names},
};

} // namespace

PrimitiveTable record_primitives() {
    return {"Record", kRecordRows};
}

} // namespace indent
