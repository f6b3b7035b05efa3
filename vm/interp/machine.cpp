// The machine: calls from C++, errors, the polled flag, the ends of both stacks.
//
// An error is an object. raise() looks for a handler from the innermost `try` outwards and runs it on top of the
// stack; what it answers either ends the try (the C++ stack unwinds to it), or is the value of the raise. What
// nobody handles unwinds to the base of the protected run, with the trace that was taken at the raise.
#include "vm/interp/machine.h"
#include "vm/interp/actor_port.h"
#include "vm/interp/arguments.h"
#include "vm/interp/block.h"
#include "vm/interp/inner.h"
#include "vm/interp/maker.h"
#include "vm/interp/nodes_try.h"
#include "vm/interp/protected_run.h"
#include "vm/interp/sketch.h"
#include "vm/model/key.h"
#include "vm/model/number.h"
#include "vm/os/memory.h"
#include <charconv>
#include <new>

namespace indent {

Runtime::Runtime() = default;
Runtime::~Runtime() {
    for (auto& code : codes)
        for (Value literal : code->literals) shared.release(literal);
    for (auto& binding : bindings)
        if (binding->value) shared.release(binding->value);
    for (Value value : replaced_values) shared.release(value);
    for (auto& cls : classes)
        if (cls->value) shared.release(cls->value);
    auto leave = [&](Module& module) {
        release(module.boundary, true);
        if (module.value) shared.release(module.value);
    };
    for (auto& [path, module] : modules) leave(*module);
    for (auto& module : old_modules) leave(*module);
}

void Runtime::release(Boundary& boundary, bool data_too) {
    for (Boundary::Accept& accept : boundary.accepts) shared.release(accept.handler);
    for (Value dispose : boundary.disposes) shared.release(dispose);
    boundary.accepts.clear();
    boundary.disposes.clear();
    if (!data_too || !boundary.data) return;
    shared.release(boundary.data);
    boundary.data = Value();
}

Class* Runtime::prelude_class(std::string_view name) {
    const Binding* found = prelude.find(symbols.intern(name));
    assert(found && found->kind == Binding::ClassName);
    return found->cls;
}

namespace {
// Frames that handle a StackOverflow still find this much room.
constexpr size_t kReserveWords = 16 * 1024;
constexpr size_t kNativeReserve = size_t(1) << 20;

Value run_native(Node*, Value*) {
    return Value::nil();
}
} // namespace

Machine::Machine(Runtime& r, const HeapOptions& options) : runtime(r), symbols(r.symbols), shapes(r.shapes) {
    assert((reinterpret_cast<uintptr_t>(this) & (kStackBytes - 1)) == 0 &&
           "a machine begins its stack's memory");
    auto* base = reinterpret_cast<std::byte*>(this);
    stack_base = reinterpret_cast<Value*>(base + ((sizeof(Machine) + 63) & ~size_t(63))) + 2;
    stack_true_end = reinterpret_cast<Value*>(base + kStackBytes) - kReserveWords;
    static_assert(!std::is_polymorphic_v<Machine>);
    inner = new Inner(*this);
    inner->native.run = run_native;
    own_young = std::make_unique<Young>(*this, options);
    own_young->watched = shape::kBlock; // who keeps old code is found by them
    young->providers.push_back(inner);
    stack_base[-2] = stack_base[-1] = Value();
}

Machine::~Machine() {
    own_young.reset();
    delete inner;
}

void Machine::visit_roots(RootVisitor& visitor) {
    for (Rooted* root = roots; root; root = root->outer_)
        if (root->value_) visitor.visit(root->value_);
    for (Value& variable : inner->open_variables) visitor.visit(variable);
    if (inner->completion_value) visitor.visit(inner->completion_value);
    for (TryRecord* record = inner->handlers; record; record = record->outer)
        if (record->result) visitor.visit(record->result);
    auto visit_raise = [&](ActiveRaise& raise) {
        if (raise.error) visitor.visit(raise.error);
        if (raise.resumed_with) visitor.visit(raise.resumed_with);
        if (raise.handled_by && raise.handled_by->result) visitor.visit(raise.handled_by->result);
    };
    for (ActiveRaise* raise = inner->raises; raise; raise = raise->outer) visit_raise(*raise);
    visit_raise(inner->uncaught);
    for (auto& remote : inner->remote_errors) visitor.visit(remote.error);
    if (actor_state) visitor.visit(actor_state);
    if (actor_journal) visitor.visit(actor_journal);
    if (actor_drawings) visitor.visit(actor_drawings);
    if (drawings_before) visitor.visit(drawings_before);
    if (kept_roots)
        for (Value* root : *kept_roots)
            if (*root) visitor.visit(*root);
}

// ---- names for messages

std::string Machine::with_article(Value value) const {
    if (value.is_nil()) return "nil";
    if (value.is_boolean()) return value.is_true() ? "true" : "false";
    std::string name(symbols.text(class_of(value)->name));
    if (value.is_cell() && shapes[value.cell()->shape].class_value)
        return "the class " + std::string(symbols.text(shapes[value.cell()->shape].class_value->name));
    if (name.empty()) return "something";
    bool vowel = std::string_view("AEIOU").find(name[0]) != std::string_view::npos;
    return (vowel ? "an " : "a ") + name;
}

Value Machine::integer(int64_t number, Value* args) {
    return make_integer(*this, number, args + kPrimitiveFrame);
}

Value Machine::object(Class* cls, std::initializer_list<Value> fields, Value* args) {
    Value* at = args + kPrimitiveFrame;
    size_t n = 0;
    for (Value field : fields) at[n++] = field;
    Cell* cell = Heap::allocate(*this, cls->shape, uint16_t(n), at + n);
    for (size_t i = 0; i < n; ++i) (*cell)[i] = at[i];
    if (cls->kind == ClassKind::Record) {
        cell->bits |= Cell::kFrozen;
        cell->barrier = Cell::kNever;
    }
    return Value::cell(cell);
}

// ---- calls from C++

Value* native_frame(Machine& vm, Value* args, Value* at, SymbolId selector) {
    at[0] = Value::raw_number(selector);
    at[1] = Value::raw_number(uint64_t(at + 3 - args));
    at[2] = Value::raw(&vm.inner->native);
    return at + 3;
}

namespace {
bool room_for(Machine& vm, Value* upto) {
    return upto <= vm.stack_end || Heap::raise_stack(vm, upto);
}
} // namespace

Value Machine::send(Value receiver, SymbolId selector, std::span<const Value> arguments, Value* args) {
    Value* nf = native_frame(*this, args, args + kPrimitiveFrame, selector);
    if (!room_for(*this, nf + arguments.size() + 4 * kPrimitiveFrame))
        return fail("StackOverflow", "calls are nested too deeply", args);
    nf[0] = receiver;
    unsigned count = 0;
    for (Value argument : arguments) nf[++count] = argument;
    if (has_shape(receiver, shape::kBlock) && selector == sym::call) return enter_block(nf, count);
    Method* method = class_of(receiver)->lookup(selector);
    if (!method) return send_not_understood(*this, nf, selector, count, nullptr);
    return call_method(*this, method, nf, count, nullptr);
}

Value Machine::call(Value callee, std::initializer_list<Value> arguments, Value* args) {
    return send(callee, sym::call, arguments, args);
}

bool Machine::truth(Value value, Value* args) {
    if (value.is_true()) return true;
    if (value.is_false()) return false;
    Value resumed = fail("ArgumentError",
                         "a condition takes true or false, not " + described(*this, value) +
                             (value.is_nil() ? " (`value.or_else(d)` gives a value for nil)" : ""),
                         args);
    return resumed.is_true();
}

bool Machine::equals(Value a, Value b, Value* args) {
    if (Value::both_integers(a, b)) return a == b;
    if (a.is_float() && b.is_float())
        return a.as_float() == b.as_float(); // not-a-number is not equal to itself
    switch (quick_equal(a, b)) {
    case Equal::Yes: return true;
    case Equal::No: return false;
    case Equal::Ask: break;
    }
    return send(a, sym::equal, {b}, args).is_true();
}

uint64_t Machine::hash_of(Value value, Value* args) {
    if (auto hash = quick_hash(symbols, value)) return *hash & kHashMask;
    Value hash = send(value, sym::hash, {}, args);
    if (hash.is_integer()) return uint64_t(hash.as_integer()) & kHashMask;
    Value resumed =
        fail("ArgumentError", "hash must answer a small Integer, not " + with_article(hash), args);
    return resumed.is_integer() ? uint64_t(resumed.as_integer()) & kHashMask : 0;
}

std::string Machine::to_text(Value value, Value* args) {
    if (is_text(value)) return text_utf8(value);
    if (value.is_integer()) return std::to_string(value.as_integer());
    if (value.is_symbol()) return std::string(symbol_text(value));
    Value text = send(value, sym::to_text, {}, args);
    if (is_text(text)) return text_utf8(text);
    Value resumed = fail("ArgumentError", "to_text must answer a Text, not " + with_article(text), args);
    return is_text(resumed) ? text_utf8(resumed) : std::string();
}

std::string Machine::inspect(Value value, Value* args) {
    if (value.is_integer()) return std::to_string(value.as_integer());
    if (value.is_nil()) return "nil";
    if (value.is_boolean()) return value.is_true() ? "true" : "false";
    Value text = send(value, sym::inspect, {}, args);
    if (is_text(text)) return text_utf8(text);
    Value resumed = fail("ArgumentError", "inspect must answer a Text, not " + with_article(text), args);
    return is_text(resumed) ? text_utf8(resumed) : std::string();
}

void Machine::print(std::string_view utf8) {
    runtime.port.print(std::string(utf8) + "\n");
}

void EffectPort::print_error(std::string_view text) {
    std::lock_guard lock(mutex);
    errors ? errors(text) : print(text);
}

void EffectPort::write_log(std::string_view line) {
    std::lock_guard lock(mutex);
    log ? log(line) : print(std::string(line) + "\n");
}

void EffectPort::print(std::string_view text) {
    std::lock_guard lock(mutex);
    for (size_t end; (end = text.find('\n')) != std::string_view::npos; text.remove_prefix(end + 1)) {
        // A line of several goes out in one piece with those before it.
        if (waiting.empty()) end = text.rfind('\n');
        waiting += text.substr(0, end);
        if (output) output(waiting);
        waiting.clear();
    }
    if (partial && !text.empty())
        partial(text);
    else
        waiting += text;
}

void EffectPort::finish_line() {
    std::lock_guard lock(mutex);
    if (!waiting.empty() && output) output(waiting);
    waiting.clear();
}

// ---- raising

void unwind_to(const void* target) {
    throw Unwinding{target};
}

void jump_to(Machine& vm, Value* frame, TryRecord* target) {
    TryRecord* stop = vm.inner->handlers;
    while (stop != target && !stop->has_finally) stop = stop->outer;
    if (!stop->fp) unwind_to(target); // the base of the run
    for (Value* at = frame; at != stop->fp;) {
        Node* site = at[-1].raw_address<Node>();
        if (site == &vm.inner->native) unwind_to(target);
        at -= site->temp + 1;
    }
    Value* from = stop->fp + stop->temp;
    close_variables_if_any(vm, from);
    // Homes of blocks whose frames are gone must not look alive.
    if (from < frame) std::fill(from, frame, Value());
    vm.roots = stop->roots;
    vm.visiting = stop->visiting;
    stop->heading_for = target;
    std::longjmp(stop->jump, 1);
}

namespace {

// The innermost and outermost frames; `walked`: not more than that many are looked at, since a program may raise
// at every level of a deep recursion.
void take_trace(Machine& vm, Value* args, ActiveRaise& raise, size_t walked) {
    constexpr size_t kMost = 64;
    raise.trace.clear();
    size_t count = 0;
    for (Value* frame = args; frame > vm.stack_base + 1;) {
        Value site = frame[-1];
        if (!site.is_raw()) break;
        Node* node = site.raw_address<Node>();
        Value* caller;
        if (node == &vm.inner->native) {
            caller = frame - frame[-2].raw_number();
        } else {
            caller = frame - node->temp - 1;
            TraceFrame at{node->code, nullptr, node->position};
            if (count == walked) {
                raise.omitted = true;
                break;
            }
            if (count < kMost / 2)
                raise.trace.push_back(at);
            else {
                raise.omitted = count >= kMost;
                if (raise.trace.size() >= kMost) raise.trace.erase(raise.trace.begin() + long(kMost / 2));
                raise.trace.push_back(at);
            }
            ++count;
        }
        frame = caller;
    }
    raise.frames = count;
}

// The clause of the record that takes the error, or -1. Type expressions run in the frame of the try.
int fitting_clause(Machine& vm, TryRecord* record, Value error) {
    for (size_t i = 0; i < record->node->catches.size(); ++i) {
        const CatchTemplate& clause = record->node->catches[i];
        if (!clause.type) return int(i);
        // Types are names of classes: running them neither allocates nor calls.
        Value type = run(clause.type, record->fp);
        const Class* cls = type.is_cell() ? vm.shapes[type.cell()->shape].class_value : nullptr;
        if (cls && vm.is_a(error, cls)) return int(i);
    }
    return -1;
}

} // namespace

namespace {
// Finds who handles the error. `target`: where to go on, or null where the answer is the value of the raise.
Value handle(Machine& vm, Value error, Value* args, TryRecord*& target) {
    Machine::Inner* const inner = vm.inner;
    if (inner->tape) [[unlikely]]
        inner->tape->raised(vm, error);
    ActiveRaise raise;
    raise.outer = inner->raises;
    raise.error = error;
    TryRecord* const innermost = inner->handlers;
    struct Scope {
        Machine::Inner& inner;
        ActiveRaise& raise;
        TryRecord* handlers;
        ~Scope() {
            inner.raises = raise.outer;
            inner.handlers = handlers;
        }
    };
    Scope scope{*inner, raise, innermost};
    inner->raises = &raise;
    bool finally_between = false;
    for (TryRecord* record = innermost; record; record = record->outer) {
        if (record->has_finally) {
            finally_between = true;
            continue;
        }
        if (!record->node) { // the base
            take_trace(vm, args, raise, SIZE_MAX);
            inner->uncaught.error = raise.error;
            inner->uncaught.trace = raise.trace;
            inner->uncaught.frames = raise.frames;
            inner->uncaught.omitted = raise.omitted;
            if (vm.actors && !record->outer) // a person may be asked, while all of it is there
                if (Value yielded = vm.actors->uncaught(vm, args)) {
                    inner->uncaught = {};
                    return yielded;
                }
            target = record;
            return Value();
        }
        if (vm.is_uncatchable(raise.error)) continue;
        int at = fitting_clause(vm, record, raise.error);
        if (at < 0) continue;
        const CatchTemplate& clause = record->node->catches[size_t(at)];
        raise.handled_by = record;
        if (!clause.block || (!clause.may_resume && !finally_between)) {
            record->result = raise.error;
            record->in_place = at;
            target = record;
            return Value();
        }
        take_trace(vm, args, raise, 64);
        inner->handlers = record->outer;
        // The suite as a block, on top of everything. The try's frame is alive below.
        Value* nf = native_frame(vm, args, args + kPrimitiveFrame);
        // Blocks are made on the free part of the stack: the slots of the try's frame are only read.
        nf[0] = create_lazy_block(vm, clause.block, record->fp, nf + 1);
        nf[1] = raise.error;
        Value answer;
        try {
            answer = enter_block(nf, 1);
        } catch (const Unwinding& unwinding) {
            if (unwinding.target != &raise) throw;
            return raise.resumed_with; // e.resume(value)
        }
        record->result = answer; // absent: the suite's return, break or continue is under way
        record->in_place = -1;
        target = record;
        return Value();
    }
    assert(false && "a protected run has a base record");
    std::abort();
}
} // namespace

Value Machine::raise(Value error, Value* args) {
    if (!room_for(*this, args + 8 * kPrimitiveFrame)) return fail_overflow(args);
    if (!is_a(error, runtime.prelude.find(sym::Error)->cls))
        return fail("ArgumentError",
                    "only errors can be raised, not " + described(*this, error) +
                        (is_text(error) ? "; write `raise Error(…)`" : ""),
                    args);
    TryRecord* target = nullptr;
    Value resumed = handle(*this, error, args, target);
    if (target) unwind_to(target);
    return resumed;
}

Value raise_from_node(Machine& vm, Value error, Value* frame) {
    if (!room_for(vm, frame + 8 * kPrimitiveFrame) ||
        !vm.is_a(error, vm.runtime.prelude.find(sym::Error)->cls))
        return vm.raise(error, frame);
    TryRecord* target = nullptr;
    Value resumed = handle(vm, error, frame, target);
    if (target) jump_to(vm, frame, target);
    return resumed;
}

bool Machine::is_uncatchable(Value error) const {
    if (inner->tape && inner->tape->lost()) [[unlikely]]
        return true;
    const Binding* stopped = runtime.prelude.find(sym::Stopped);
    return stopped && is_a(error, stopped->cls);
}

Value Machine::fail(std::string_view error_class, std::string_view message, Value* args) {
    Class* cls = runtime.prelude_class(error_class);
    if (!room_for(*this, args + 8 * kPrimitiveFrame)) return fail_overflow(args);
    size_t n = cls->fields.size();
    Value* at = args + kPrimitiveFrame;
    at[0] = make_text(*this, message, at + 1);
    Cell* cell = Heap::allocate(*this, cls->shape, uint16_t(n), at + 1);
    int field = cls->field_index(sym::message);
    for (size_t i = 0; i < n; ++i) (*cell)[i] = int(i) == field ? at[0] : Value::nil();
    return raise(Value::cell(cell), args);
}

Value Machine::wrong_type(Value* args, int index, std::string_view wanted) {
    std::string message;
    Value came = args[index];
    Value site = args[-1];
    std::string selector = "?";
    Method* method = nullptr;
    bool is_function = false;
    if (site.is_raw()) {
        // The method is found again by the site's selector where the site is a send.
        Node* node = site.raw_address<Node>();
        if (node == &inner->native) {
            if (SymbolId name = SymbolId(args[-3].raw_number())) {
                selector = symbols.text(name);
                method = class_of(args[0])->lookup(name);
            }
        } else {
            SymbolId name = selector_of(node);
            if (name) {
                selector = symbols.text(name);
                is_function = node->sort == Node::Call;
                if (!is_function) {
                    method = class_of(args[0])->lookup(name);
                } else if (const Binding* found = runtime.prelude.find(name)) {
                    method = found->method;
                }
            }
        }
    }
    if (index == 0) {
        message = "`" + selector + "` wants " + std::string(wanted) + " as its receiver, not " +
                  described(*this, came);
    } else {
        std::string owner = is_function ? "" : std::string(symbols.text(class_of(args[0])->name)) + ".";
        message = "`" + owner + selector + "` wants " + std::string(wanted);
        if (method && size_t(index) <= method->parameters.size())
            message += " for `" + std::string(symbols.text(method->parameters[size_t(index) - 1].name)) + "`";
        message += ", not " + described(*this, came);
    }
    return fail("WrongType", message, args);
}

Value Machine::fail_frozen(Value receiver, Value* args) {
    return fail("FrozenError",
                with_article(receiver) + " that is frozen cannot be changed (`copy` makes one that can)",
                args);
}

// ---- limits and the polled flag

void Machine::request_stop() {
    stop_requested.store(true);
    std::atomic_ref<Value*>(stack_limit).store(nullptr);
}

void Machine::poll_slowly(Value* args) {
    std::atomic_ref<Value*>(stack_limit).store(stack_end);
    if (stop_requested.exchange(false)) {
        fail("Stopped", "the program was stopped", args);
        return;
    }
    if (!actors) return;
    if (actors->stop_wanted(*this)) {
        fail("Stopped", "the program was stopped", args);
        return;
    }
    actors->polled(*this, args + kPrimitiveFrame);
    if (actors->stop_wanted(*this)) fail("Stopped", "the program was stopped", args);
}

void Machine::check_native_stack(Value* args) {
    poll(args); // wide structures are walked by many short steps, each of which comes by here
    if (static_cast<char*>(__builtin_frame_address(0)) < native_limit) [[unlikely]] {
        if (inner->reserve_in_use) return;
        fail_overflow(args);
    }
}

Value Machine::fail_overflow(Value* args) {
    // The handler and whoever reports the error need some stack themselves.
    struct Reserve {
        Machine& vm;
        char* limit;
        Value* end;
        bool mine;
        explicit Reserve(Machine& m)
            : vm(m), limit(m.native_limit), end(m.stack_true_end), mine(!m.inner->reserve_in_use) {
            vm.inner->reserve_in_use = true;
            if (mine) {
                vm.native_limit -= kNativeReserve;
                vm.stack_true_end += kReserveWords / 2;
            }
        }
        ~Reserve() {
            if (!mine) return;
            vm.inner->reserve_in_use = false;
            vm.native_limit = limit;
            vm.stack_true_end = end;
            Value* used_end = vm.stack_end;
            vm.stack_end = std::min(vm.stack_end, end);
            vm.limit_moved(used_end);
        }
    };
    if (inner->reserve_in_use) {
        // An overflow while one is being handled: nothing is left but to end the run.
        return fail_at_base("StackOverflow", "calls are nested too deeply, even for handling that error",
                            args);
    }
    Reserve reserve(*this);
    return fail("StackOverflow", "calls are nested too deeply", args);
}

// Without handlers: straight to the base of the run.
Value Machine::fail_at_base(std::string_view error_class, std::string_view message, Value* args) {
    TryRecord* base = inner->handlers;
    while (base && base->node) base = base->outer;
    while (base && base->has_finally) {
        base = base->outer;
        while (base && base->node) base = base->outer;
    }
    assert(base);
    inner->handlers = base;
    return fail(error_class, message, args);
}

Value enter_slowly(Code* code, Value* nf) {
    Machine& vm = static_cast<Machine&>(Mutator::of(nf));
    if (vm.limit() == nullptr) vm.poll_slowly_in_call(nf, code->parameters);
    if (nf + code->frame_words > vm.stack_end && !Heap::raise_stack(vm, nf + code->frame_words))
        return vm.fail_overflow(nf);
    if (static_cast<char*>(__builtin_frame_address(0)) < vm.native_limit) return vm.fail_overflow(nf);
    return code->body->run(code->body, nf);
}

// The arguments of the call that is beginning stay in place: whatever runs now begins behind them.
void Machine::poll_slowly_in_call(Value* nf, unsigned count) {
    Value* free = nf + count + 2;
    if (!room_for(*this, free + 8 * kPrimitiveFrame)) return;
    Value* args = native_frame(*this, nf, free);
    args[0] = Value::nil();
    poll_slowly(args);
}

// ---- variables that blocks share with their home

Value open_variable(Machine& vm, Value* slot, Value* top) {
    auto& open = vm.inner->open_variables;
    size_t at = open.size();
    while (at > 0) {
        Value* there = (*open[at - 1].cell())[variable::kSlot].raw_address<Value>();
        if (there == slot) return open[at - 1];
        if (there < slot) break;
        --at;
    }
    Cell* cell = Heap::allocate(vm, shape::kVariable, 2, top);
    (*cell)[variable::kSlot] = Value::raw(slot);
    (*cell)[variable::kValue] = Value::nil();
    open.insert(open.begin() + long(at), Value::cell(cell));
    return Value::cell(cell);
}

void close_variables(Machine& vm, Value* from) {
    auto& open = vm.inner->open_variables;
    while (!open.empty()) {
        Cell* cell = open.back().cell();
        Value* slot = (*cell)[variable::kSlot].raw_address<Value>();
        if (slot < from) return;
        Value value = *slot ? *slot : Value::nil();
        bool stored = Heap::store(vm, cell, variable::kValue, value) &&
                      Heap::store(vm, cell, variable::kSlot, Value::nil());
        assert(stored);
        (void)stored;
        open.pop_back();
    }
}

// ---- flushing

void flush_caches(Runtime& runtime) {
    for (auto& code : runtime.codes) {
        for (auto& cache : code->caches) cache.reset(cache.node);
        if (is_laid_out_anew(runtime, *code)) code->worker = Code::kNobody;
    }
}

// ---- protected runs

RunResult run_protected(Machine& vm, Code* code, Value self) {
    return run_protected(vm, [&](Value* args) {
        Value* nf = native_frame(vm, args, args + kPrimitiveFrame);
        nf[0] = self;
        return enter(code, nf);
    });
}

RunResult run_protected(Machine& vm, const std::function<Value(Value* args)>& work) {
    RunResult result;
    Value* args = vm.stack_base;
    auto& inner = *vm.inner;
    assert(!inner.handlers && "protected runs do not nest");
    TryRecord base;
    inner.handlers = &base;
    inner.uncaught = {};
    inner.completion = Completion::None;
    args[-1] = Value();
    auto clean = [&] {
        close_variables_if_any(vm, vm.stack_base);
        inner.handlers = nullptr;
        inner.raises = nullptr;
        inner.reserve_in_use = false;
        inner.completion_value = Value();
    };
    try {
        try {
            result.value = work(args);
            result.ok = true;
        } catch (const OutOfMemory&) {
            close_variables_if_any(vm, args);
            inner.handlers = &base;
            vm.fail("OutOfMemory", "the program needs more memory than it may take", args);
        }
    } catch (const Unwinding& unwinding) {
        assert(unwinding.target == &base);
        (void)unwinding;
        result.error = inner.uncaught.error;
    } catch (const OutOfMemory&) {
        result.out_of_memory = true;
    }
    clean();
    return result;
}

RunResult run_protected_above(Machine& vm, Value* above, const std::function<Value(Value* args)>& work,
                              const std::function<void(Value error)>& failed) {
    auto& inner = *vm.inner;
    RunResult result;
    TryRecord base;
    base.outer = inner.handlers;
    ActiveRaise before = std::move(inner.uncaught);
    before.outer = inner.raises; // so that its values are seen
    const Completion completion = std::exchange(inner.completion, Completion::None);
    Rooted value(vm, std::exchange(inner.completion_value, Value()));
    Rooted* const roots = vm.roots;
    Visiting* const visiting = vm.visiting;
    TryRecord* const handlers = std::exchange(inner.handlers, &base);
    ActiveRaise* const raises = std::exchange(inner.raises, &before);
    inner.uncaught = {};
    try {
        try {
            result.value = work(above);
            result.ok = true;
        } catch (const OutOfMemory&) {
            close_variables_if_any(vm, above);
            inner.handlers = &base;
            inner.raises = &before;
            vm.fail("OutOfMemory", "the program needs more memory than it may take", above);
        }
    } catch (const Unwinding& unwinding) {
        if (unwinding.target != &base) {
            inner.handlers = handlers;
            inner.raises = raises;
            throw;
        }
        result.error = inner.uncaught.error;
    } catch (const OutOfMemory&) {
        result.out_of_memory = true;
    }
    close_variables_if_any(vm, above);
    vm.roots = roots;
    vm.visiting = visiting;
    inner.handlers = handlers;
    if (!result.ok && !result.out_of_memory && failed) failed(result.error);
    inner.raises = raises;
    inner.uncaught = std::move(before);
    inner.uncaught.outer = nullptr;
    inner.completion = completion;
    inner.completion_value = value;
    return result;
}

} // namespace indent
