// Blocks, references by name, and messages that nobody understood.
#include "vm/interp/block.h"
#include "vm/interp/arguments.h"
#include "vm/interp/inner.h"
#include "vm/interp/nodes.h"
#include "vm/interp/sketch.h"
#include "vm/prims/reflection_tables.h"
#include "vm/prims/sequence.h"
#include "vm/syntax/source.h"

namespace indent {

namespace {

std::span<const Value> elements(Value list) {
    Cell* storage = list_storage(list);
    return {&(*storage)[1], list_size(list)};
}

Value block_call(Machine& vm, Value* args) {
    return vm.send(args[0], sym::call, elements(args[1]), args);
}

Value block_arity(Machine& vm, Value* args) {
    const Code* code = block_code(args[0]);
    return Value::integer(code->ignores_arguments ? 0 : code->parameters);
}

// A block that captures only what is frozen, and assigns none of it.
Value block_frozen(Machine& vm, Value* args) {
    if (args[0].cell()->is_frozen()) return args[0];
    const Code* code = block_code(args[0]);
    const char* why =
        code->assigns   ? "it assigns a variable of the method around it"
        : code->returns ? "it contains `return`"
        : code->keeps   ? "it names a variable of the workspace: give it the value instead"
        : code->sees_state
            ? "it names fields or state of its object: give it the value instead (`let x = state`)"
            : nullptr;
    const size_t n = args[0].cell()->word_count();
    for (size_t w = block::kCaptured; w < n; ++w)
        if (has_shape((*args[0].cell())[w], shape::kVariable))
            why = "it shares a variable with the method around it";
    if (why) return vm.fail("FrozenError", std::string("this block cannot be frozen: ") + why, args);
    vm.check_native_stack(args);
    args[1] = vm.list(n, args); // its parts
    for (size_t w = 0; w < n; ++w) {
        args[2] = (*args[0].cell())[w];
        if (w == block::kSelf && args[2] == vm.actor_state && vm.self_address) args[2] = vm.self_address;
        const bool part = w == block::kSelf || w >= block::kCaptured;
        if (part && !frozen_part(vm, args[2], args)) return args[2];
        if (!part) args[2] = Value::nil();
        if (!list_add(vm, args[1], args[2], args + kPrimitiveFrame)) assert(false);
    }
    Cell* copy = Heap::allocate(vm, shape::kBlock, uint16_t(n), args + kPrimitiveFrame);
    for (size_t w = 0; w < n; ++w) (*copy)[w] = list_get(args[1], w);
    (*copy)[block::kCode] = (*args[0].cell())[block::kCode];
    freeze_cell(copy);
    return Value::cell(copy);
}

Value block_is_frozen(Machine&, Value* args) {
    const Code* code = block_code(args[0]);
    if (args[0].cell()->is_frozen()) return Value::boolean(true);
    if (code->assigns || code->returns || code->keeps || code->sees_state) return Value::boolean(false);
    for (size_t w = block::kSelf; w < args[0].cell()->word_count(); ++w)
        if (w == block::kSelf || w >= block::kCaptured)
            if (!is_frozen((*args[0].cell())[w])) return Value::boolean(false);
    return Value::boolean(true);
}

Value block_inspect(Machine& vm, Value* args) {
    return vm.text(block_text(args[0]), args);
}

Value reference_call(Machine& vm, Value* args) {
    Cell* cell = args[0].cell();
    Value binding = (*cell)[reference::kBinding];
    std::span<const Value> arguments = elements(args[1]);
    if (arguments.size() > kMostArguments) return vm.fail("ArgumentError", "too many arguments", args);
    if (binding.is_raw()) {
        auto* meant = binding.raw_address<Binding>();
        const Binding* named = newest(meant);
        if (!named || named->kind != Binding::Function || !named->method)
            return vm.fail("NoSuchFunction",
                           "`" + std::string(vm.symbols.text(meant->name)) + "` is not defined any more",
                           args);
        Value* nf = native_frame(vm, args, args + kPrimitiveFrame);
        nf[0] = Value::nil();
        for (size_t i = 0; i < arguments.size(); ++i) nf[1 + i] = arguments[i];
        return call_method(vm, named->method, nf, unsigned(arguments.size()), nullptr);
    }
    Value class_value = (*cell)[reference::kClass];
    SymbolId selector = (*cell)[reference::kSelector].symbol_id();
    const Class* cls = vm.shapes[class_value.cell()->shape].class_value;
    // &Class.selector: of its instances, the first argument is the receiver; else of the class itself.
    if (cls->lookup(selector) && selector != sym::new_ && !arguments.empty() && vm.is_a(arguments[0], cls))
        return vm.send(arguments[0], selector, arguments.subspan(1), args);
    if (selector == sym::new_ || cls->side->lookup(selector)) {
        Value* nf = native_frame(vm, args, args + kPrimitiveFrame);
        nf[0] = class_value;
        for (size_t i = 0; i < arguments.size(); ++i) nf[1 + i] = arguments[i];
        if (selector == sym::new_)
            return construct(vm, const_cast<Class*>(cls), nf, unsigned(arguments.size()), nullptr);
        return call_method(vm, cls->side->lookup(selector), nf, unsigned(arguments.size()), nullptr);
    }
    std::string name = std::string(vm.symbols.text(cls->name)) + "." + std::string(vm.symbols.text(selector));
    if (!cls->lookup(selector)) return vm.fail("NoSuchFunction", "`" + name + "` is not defined", args);
    return vm.fail("ArgumentError",
                   "`&" + name + "` is called with its receiver first, " +
                       (arguments.empty() ? std::string("and nothing came")
                                          : "not with " + vm.with_article(arguments[0])),
                   args);
}

Value reference_inspect(Machine& vm, Value* args) {
    return vm.text(reference_text(vm, args[0]), args);
}

Value reference_equal(Machine& vm, Value* args) {
    if (!has_shape(args[1], shape::kReference)) return Value::boolean(false);
    Cell* a = args[0].cell();
    Cell* b = args[1].cell();
    return Value::boolean((*a)[0] == (*b)[0] && (*a)[1] == (*b)[1] && (*a)[2] == (*b)[2]);
}

Value reference_hash(Machine& vm, Value* args) {
    return Value::integer(int64_t((*args[0].cell())[reference::kSelector].symbol_id()) * 31 + 7);
}

Value message_selector(Machine&, Value* args) {
    return (*args[0].cell())[0];
}
Value message_arguments(Machine&, Value* args) {
    return (*args[0].cell())[1];
}
Value message_labels(Machine&, Value* args) {
    return (*args[0].cell())[2];
}

// ---- errors that are being handled

ActiveRaise* raise_of(Machine& vm, Value error) {
    for (ActiveRaise* raise = vm.inner->raises; raise; raise = raise->outer)
        if (raise->error == error && raise->handled_by) return raise;
    return nullptr;
}

Value error_resume(Machine& vm, Value* args) {
    ActiveRaise* raise = raise_of(vm, args[0]);
    if (!raise)
        return vm.fail("ArgumentError", "only the error that a `catch` is handling can be resumed", args);
    raise->resumed_with = args[1];
    unwind_to(raise);
}

Value error_retry(Machine& vm, Value* args) {
    ActiveRaise* raise = raise_of(vm, args[0]);
    if (!raise)
        return vm.fail("ArgumentError", "only the error that a `catch` is handling can be retried", args);
    raise->handled_by->retry = true;
    vm.poll(args);
    unwind_to(raise->handled_by);
}

Value error_trace(Machine& vm, Value* args) {
    const std::vector<TraceFrame>* trace = nullptr;
    for (ActiveRaise* raise = vm.inner->raises; raise; raise = raise->outer)
        if (raise->error == args[0]) trace = &raise->trace;
    args[1] = vm.list(8, args);
    if (!trace) return args[1];
    std::vector<TraceFrame> frames = *trace;
    for (const auto& frame : frames) {
        std::string line(frame.code->name);
        if (frame.code->tree) {
            syntax::Source source(frame.code->tree->file, *frame.code->tree->source);
            line += " (" + frame.code->tree->file + ":" +
                    std::to_string(source.position(frame.position).line) + ")";
        }
        args[2] = vm.text(line, args);
        if (!list_add(vm, args[1], args[2], args + kPrimitiveFrame)) break;
    }
    return args[1];
}

} // namespace

PrimitiveTable block_primitives() {
    static constexpr PrimitiveRow kRows[] = {{"call", 1, block_call},
                                             {"arity", 0, block_arity},
                                             {"inspect", 0, block_inspect},
                                             {"frozen", 0, block_frozen},
                                             {"frozen?", 0, block_is_frozen}};
    return {"Block", kRows};
}
PrimitiveTable reference_primitives() {
    static constexpr PrimitiveRow kRows[] = {{"call", 1, reference_call},
                                             {"inspect", 0, reference_inspect},
                                             {"==", 1, reference_equal},
                                             {"hash", 0, reference_hash}};
    return {"Reference", kRows};
}
PrimitiveTable message_primitives() {
    static constexpr PrimitiveRow kRows[] = {{"selector", 0, message_selector},
                                             {"arguments", 0, message_arguments},
                                             {"labels", 0, message_labels}};
    return {"Message", kRows};
}
PrimitiveTable error_primitives() {
    static constexpr PrimitiveRow kRows[] = {
        {"resume", 1, error_resume}, {"retry", 0, error_retry}, {"trace", 0, error_trace}};
    return {"Error", kRows};
}

} // namespace indent
