// What an actor shows on canvases is kept beside its state, as Machine::actor_drawings: a tuple with a row for each canvas,
// and each row a tuple (number, title, width, height, background, items), frozen to the ground. stdlib/library/canvas.ind says
// what the items are, vm/world/pictures.cpp reads them.
#include "vm/interp/machine.h"
#include "vm/model/list.h"
#include "vm/prims/reflection_tables.h"

namespace indent {

namespace {

constexpr size_t kMostCanvases = 1000; // of one actor

// Where the row of this canvas stands; else how many rows there are.
size_t row_of(Value drawings, Value number) {
    const size_t rows = drawings ? tuple_size(drawings) : 0;
    for (size_t i = 0; i < rows; ++i)
        if (tuple_get(tuple_get(drawings, i), 0) == number) return i;
    return rows;
}

Value new_number(Machine& vm, Value* args) {
    return vm.integer(int64_t(vm.runtime.devices.take_number()), args);
}

// args: the canvas as a tuple, what is shown on it now (a tuple of items), or nil: nothing, and no row.
Value set_drawing(Machine& vm, Value* args) {
    if (!is_tuple(args[1]) || tuple_size(args[1]) != 5) return vm.wrong_type(args, 1, "a canvas as a Tuple");
    if (!args[2].is_nil() && (!is_tuple(args[2]) || !args[2].cell()->is_frozen()))
        return vm.wrong_type(args, 2, "a frozen Tuple");
    if (vm.effects_denied) return vm.fail("EffectDenied", "what only computes cannot draw on a canvas", args);
    const size_t rows = vm.actor_drawings ? tuple_size(vm.actor_drawings) : 0;
    const size_t at = row_of(vm.actor_drawings, tuple_get(args[1], 0));
    if (args[2].is_nil() && at == rows) return Value::nil();
    if (at == kMostCanvases)
        return vm.fail("ArgumentError",
                       "an actor shows something on at most " + std::to_string(kMostCanvases) +
                           " canvases; `canvas.close(self)` takes one away",
                       args);
    if (!args[2].is_nil()) {
        Value* row = args + kPrimitiveFrame;
        if (!Heap::raise_stack(vm, row + 6 + kPrimitiveFrame)) assert(false);
        for (size_t i = 0; i < 5; ++i) row[i] = tuple_get(args[1], i);
        row[5] = args[2];
        args[3] = make_tuple(vm, row, 6, row + 6);
    }
    args[4] = vm.list(rows + 1, args);
    for (size_t i = 0; i < rows; ++i) {
        args[5] = tuple_get(vm.actor_drawings, i);
        if (i == at) args[5] = args[2].is_nil() ? Value() : args[3];
        if (args[5] && !list_add(vm, args[4], args[5], args + kPrimitiveFrame)) assert(false);
    }
    if (at == rows && !list_add(vm, args[4], args[3], args + kPrimitiveFrame)) assert(false);
    vm.actor_drawings =
        list_size(args[4]) > 0 ? make_tuple_of_list(vm, args[4], args + kPrimitiveFrame) : Value();
    return Value::nil();
}

// args: the number of a canvas. What the running actor shows there: a tuple of items, or nil.
Value drawing(Machine& vm, Value* args) {
    const size_t at = row_of(vm.actor_drawings, args[1]);
    if (!vm.actor_drawings || at == tuple_size(vm.actor_drawings)) return Value::nil();
    return tuple_get(tuple_get(vm.actor_drawings, at), 5);
}

constexpr PrimitiveRow kCanvasRows[] = {
    {"_canvas_number", 0, new_number, Effect::Input},
    {"_set_drawing", 2, set_drawing}, // state of the actor, as its fields are: goes back with a failing turn
    {"_drawing", 1, drawing},
};

} // namespace

PrimitiveTable canvas_primitives() {
    return {"", kCanvasRows};
}

} // namespace indent
