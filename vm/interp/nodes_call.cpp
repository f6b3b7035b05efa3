// Blocks, functions of modules, construction of objects, references by name.
#include "vm/interp/arguments.h"
#include "vm/interp/block.h"
#include "vm/interp/inner.h"
#include "vm/interp/maker.h"
#include "vm/interp/nodes.h"
#include "vm/syntax/source.h"

namespace indent {

namespace {

struct BlockNode : Node {
    const BlockTemplate* block = nullptr;
};
Value run_block(Node* node, Value* fp) {
    return create_block(Machine::of(fp), *static_cast<BlockNode*>(node)->block, fp, fp + node->temp);
}

struct CallNode : Node {
    CallNode() { sort = Call; }
    Binding* binding = nullptr;
    Binding* origin = nullptr; // of another module's: what it was when the tree was made
    bool qualified = false;    // module.f(): always the current one
    bool gone = false;         // the current generation has no such name
    Method* method = nullptr;  // what the binding held when the call was last prepared
    Code* ready = nullptr;     // its code, where arguments match one to one
    uint8_t argument_count = 0;
    Node** arguments = nullptr;
    const ArgumentPlan* plan = nullptr;
    SendSite* spread = nullptr; // the operands again, where some are spread
};

void evaluate(CallNode* call, Value* fp, Value* nf) {
    for (unsigned i = 0; i < call->argument_count; ++i) nf[i + 1] = run(call->arguments[i], fp);
}

// nf[0 … count] are set.
Value call_prepared(CallNode* call, Value* nf) {
    Machine& vm = Machine::of(nf);
    nf[-1] = Value::raw(call);
    Method* method = call->gone ? nullptr : call->binding->method;
    if (!method)
        return vm.fail("NoSuchFunction",
                       "`" + call->binding->module->path + "." +
                           std::string(vm.symbols.text(call->binding->name)) + "` is not defined any more",
                       nf);
    if (method != call->method) {
        call->method = method;
        // A trailing block that comes with all other arguments is simply the last one.
        const bool in_order = !call->plan || (call->plan->labels.empty() && !call->plan->spreads);
        bool fits = in_order && !method->has_rest && method->parameters.size() == call->argument_count &&
                    !method->primitive;
        call->ready = fits ? code_of(vm, method) : nullptr;
    }
    if (call->ready) return enter(call->ready, nf);
    return call_method(vm, method, nf, call->argument_count, call->plan);
}

Value run_call(Node* node, Value* fp) {
    auto* call = static_cast<CallNode*>(node);
    Value* nf = fp + call->temp + 1;
    evaluate(call, fp, nf);
    nf[0] = Value::nil();
    if (call->ready && call->method == call->binding->method) [[likely]] {
        nf[-1] = Value::raw(call);
        return enter(call->ready, nf);
    }
    return call_prepared(call, nf);
}

Value run_call_spread(Node* node, Value* fp) {
    auto* call = static_cast<CallNode*>(node);
    Machine& vm = Machine::of(fp);
    Value* nf = fp + call->temp + 1;
    unsigned count = 0;
    ArgumentPlan plan;
    SymbolId labels[kMostArguments + 1];
    nf[0] = Value::nil();
    if (!evaluate_spread(vm, call->spread, call, fp, nf, count, plan, labels)) return nf[0];
    nf[-1] = Value::raw(call);
    if (call->binding->kind == Binding::ClassName) return construct(vm, call->binding->cls, nf, count, &plan);
    return call_method(vm, call->binding->method, nf, count, &plan);
}

// ---- construction

// What each field gets: argument i, or its initialiser.
struct ConstructionNode : CallNode {
    Class* prepared_for = nullptr;
    ShapeId shape = 0;
    uint16_t fields = 0;
    bool frozen = false;
    bool plain = false;         // all arguments go to fields, all other fields have literals
    int16_t* sources = nullptr; // by field: argument, or -1
    Value* literals = nullptr;  // by field
};

// A literal that needs no code: immediate or shared.
bool literal_initial(Machine& vm, FieldInfo& field, Value& value) {
    if (!field.initial) return false;
    Code* code = code_of_initialiser(vm, field);
    if (code->body->run != make_literal(code->arena, Value::nil())->run) return false;
    value = static_cast<LiteralNode*>(code->body)->value;
    return true;
}

void prepare_construction(Machine& vm, ConstructionNode* node) {
    Class* cls = node->binding->cls;
    node->prepared_for = cls;
    node->plain = false;
    if (cls->kind != ClassKind::Plain && cls->kind != ClassKind::Record) return;
    if (cls->lookup(sym::init) || cls->shape == 0) return;
    if (cls->side->lookup(sym::construct) != nullptr) return;
    size_t n = cls->fields.size();
    if (node->argument_count > n) return;
    Arena& arena = const_cast<Code*>(node->code)->arena;
    std::vector<int16_t> sources(n, -1);
    std::vector<Value> literals(n);
    for (unsigned i = 0; i < node->argument_count; ++i) {
        SymbolId label = node->plan && i < node->plan->labels.size() ? node->plan->labels[i] : 0;
        const bool trailing = node->plan && node->plan->trailing_block && i + 1 == node->argument_count;
        int at = label ? cls->field_index(label) : trailing ? int(n) - 1 : int(i);
        if (at < 0 || sources[size_t(at)] >= 0) return;
        sources[size_t(at)] = int16_t(i);
    }
    for (size_t i = 0; i < n; ++i)
        if (sources[i] < 0 && !literal_initial(vm, cls->fields[i], literals[i])) return;
    node->sources = arena.copy(sources).data();
    node->literals = arena.copy(literals).data();
    node->fields = uint16_t(n);
    node->shape = cls->shape;
    node->frozen = cls->kind == ClassKind::Record;
    node->plain = true;
}

Value run_construction(Node* node_, Value* fp) {
    auto* node = static_cast<ConstructionNode*>(node_);
    Value* nf = fp + node->temp + 1;
    evaluate(node, fp, nf);
    if (node->plain && node->prepared_for == node->binding->cls) [[likely]] {
        Mutator& vm = Mutator::of(fp);
        Cell* cell = Heap::allocate(vm, node->shape, node->fields, nf + 1 + node->argument_count);
        for (unsigned i = 0; i < node->fields; ++i)
            (*cell)[i] = node->sources[i] >= 0 ? nf[1 + node->sources[i]] : node->literals[i];
        if (node->frozen) {
            cell->bits |= Cell::kFrozen;
            cell->barrier = Cell::kNever;
        }
        return Value::cell(cell);
    }
    Machine& vm = Machine::of(fp);
    nf[-1] = Value::raw(node);
    if (node->prepared_for != node->binding->cls) {
        prepare_construction(vm, node);
        if (node->plain) {
            Cell* cell = Heap::allocate(vm, node->shape, node->fields, nf + 1 + node->argument_count);
            for (unsigned i = 0; i < node->fields; ++i)
                (*cell)[i] = node->sources[i] >= 0 ? nf[1 + node->sources[i]] : node->literals[i];
            if (node->frozen) {
                cell->bits |= Cell::kFrozen;
                cell->barrier = Cell::kNever;
            }
            return Value::cell(cell);
        }
    }
    return construct(vm, node->binding->cls, nf, node->argument_count, node->plan);
}

struct ClassValueNode : Node {
    Binding* binding = nullptr;
};
Value run_class_value(Node* node, Value*) {
    return static_cast<ClassValueNode*>(node)->binding->cls->value;
}

struct ReferenceNode : Node {
    Binding* binding = nullptr;
    SymbolId selector = 0;
};
Value run_reference(Node* node, Value* fp) {
    auto* reference = static_cast<ReferenceNode*>(node);
    Cell* cell = Heap::allocate(Mutator::of(fp), shape::kReference, 3, fp + node->temp);
    bool of_class = reference->binding->kind == Binding::ClassName;
    (*cell)[reference::kBinding] = of_class ? Value::nil() : Value::raw(reference->binding);
    (*cell)[reference::kClass] = of_class ? reference->binding->cls->value : Value::nil();
    (*cell)[reference::kSelector] = Value::symbol(reference->selector);
    cell->bits |= Cell::kFrozen;
    cell->barrier = Cell::kNever;
    return Value::cell(cell);
}

void set_up(CallNode* node, Arena& arena, Binding* binding, std::span<Node* const> arguments,
            const ArgumentPlan* plan) {
    node->test = test_from_run;
    node->binding = binding;
    node->argument_count = uint8_t(arguments.size());
    node->arguments = arena.copy(std::vector<Node*>(arguments.begin(), arguments.end())).data();
    node->plan = plan;
    if (plan && plan->spreads) {
        std::vector<Node*> operands{nullptr};
        operands.insert(operands.end(), arguments.begin(), arguments.end());
        node->spread = make_send(arena, sym::call, operands, plan);
        node->run = run_call_spread;
    }
}

} // namespace

SymbolId selector_of(const Node* node) {
    if (node->sort == Node::Send) return static_cast<const SendSite*>(node)->selector;
    if (node->sort == Node::Call) return static_cast<const CallNode*>(node)->binding->name;
    return 0;
}

Value create_block(Machine& vm, const BlockTemplate& block, Value* fp, Value* top) {
    size_t n = block.captures.size();
    for (size_t i = 0; i < n; ++i) {
        const CaptureSource& capture = block.captures[i];
        switch (capture.kind) {
        case CaptureSource::Slot: top[i] = fp[capture.index]; break;
        case CaptureSource::SharedSlot: top[i] = open_variable(vm, fp + capture.index, top + i); break;
        case CaptureSource::Word: top[i] = (*fp[block.block_slot].cell())[capture.index]; break;
        }
    }
    Cell* cell = Heap::allocate(vm, shape::kBlock, uint16_t(block::kCaptured + n), top + n);
    (*cell)[block::kCode] = Value::raw(block.code);
    (*cell)[block::kSelf] = fp[0];
    (*cell)[block::kHome] = Value::nil();
    (*cell)[block::kSerial] = Value::nil();
    if (block.home_slot >= 0) {
        (*cell)[block::kHome] = Value::raw(fp + block.home_slot);
        (*cell)[block::kSerial] = fp[block.home_slot];
    } else if (block.home_slot == -2) {
        Cell* own = fp[block.block_slot].cell();
        (*cell)[block::kHome] = (*own)[block::kHome];
        (*cell)[block::kSerial] = (*own)[block::kSerial];
    }
    for (size_t i = 0; i < n; ++i) (*cell)[block::kCaptured + i] = top[i];
    return Value::cell(cell);
}

namespace {
Value run_stale(Node* node, Value* fp) {
    Machine& vm = Machine::of(fp);
    const Code& code = *node->code;
    std::string where = "`" + code.module->path + "`, generation " + std::to_string(code.module->generation);
    if (code.tree) {
        syntax::Source source(code.tree->file, *code.tree->source);
        where += ", line " + std::to_string(source.position(node->position).line);
    }
    return vm.fail("StaleBlock",
                   "this block was made in " + where +
                       ", which has been purged: keep a reference by name (`&f`) instead",
                   fp);
}
} // namespace

Node* make_stale_body(Arena& arena, const Code* code) {
    auto* node = made<Node>(arena, run_stale);
    node->code = code;
    node->position = code->position;
    return node;
}

void make_blocks_stale(Runtime& runtime, const Module& generation) {
    std::lock_guard lock(runtime.codes_mutex);
    for (auto& code : runtime.codes)
        if (code->is_block && code->module == &generation)
            code->body = make_stale_body(code->arena, code.get());
}

Node* make_block(Arena& arena, const BlockTemplate* block) {
    auto* node = made<BlockNode>(arena, run_block);
    node->block = block;
    return node;
}

Node* make_function_call(Arena& arena, Binding* binding, std::span<Node* const> arguments,
                         const ArgumentPlan* plan) {
    auto* node = made<CallNode>(arena, run_call);
    set_up(node, arena, binding, arguments, plan);
    return node;
}

Node* make_construction(Arena& arena, Machine& vm, Binding* binding, std::span<Node* const> arguments,
                        const ArgumentPlan* plan) {
    auto* node = made<ConstructionNode>(arena, run_construction);
    set_up(node, arena, binding, arguments, plan);
    return node;
}

void reset_construction(Node* node) {
    static_cast<ConstructionNode*>(node)->prepared_for = nullptr;
}

// Unqualified names of other modules stay as the code's generation had them; with the current one they go along.
void follow_binding(Node* node) {
    auto* call = static_cast<CallNode*>(node);
    if (!call->qualified && call->code->module && call->code->module->successor) return;
    Binding* now = newest(call->origin);
    call->gone = !now || now->kind != call->origin->kind;
    call->binding = call->gone ? call->origin : now;
    call->method = nullptr;
    call->ready = nullptr;
}
void set_foreign(Node* node, bool qualified) {
    auto* call = static_cast<CallNode*>(node);
    call->origin = call->binding;
    call->qualified = qualified;
}

Node* make_class_value(Arena& arena, Binding* binding) {
    auto* node = made<ClassValueNode>(arena, run_class_value);
    node->binding = binding;
    return node;
}

Node* make_reference(Arena& arena, Binding* binding, SymbolId selector) {
    auto* node = made<ReferenceNode>(arena, run_reference);
    node->binding = binding;
    node->selector = selector;
    return node;
}

Value record_with(Machine& vm, Value* args) {
    return vm.fail("ArgumentError", "`with` takes the fields that change by name: `p.with(x: 5)`", args);
}

// A copy of the record in nf[0] with the labelled arguments in place of what those fields held.
static Value copy_record(Machine& vm, Value* nf, unsigned count, const ArgumentPlan* plan) {
    const Class* cls = vm.class_of(nf[0]);
    if (!nf[0].is_cell() || cls->kind != ClassKind::Record) return vm.wrong_type(nf, 0, "a record");
    for (unsigned i = 0; i < count; ++i) {
        SymbolId label = plan && i < plan->labels.size() ? plan->labels[i] : 0;
        if (!label) return record_with(vm, nf);
        if (cls->field_index(label) < 0)
            return vm.fail("ArgumentError",
                           "`" + std::string(vm.symbols.text(cls->name)) + "` has no field `" +
                               std::string(vm.symbols.text(label)) + "`",
                           nf);
    }
    const size_t n = nf[0].cell()->word_count();
    Cell* cell = Heap::allocate(vm, nf[0].cell()->shape, uint16_t(n), nf + count + 1);
    for (size_t i = 0; i < n; ++i) (*cell)[i] = (*nf[0].cell())[i];
    for (unsigned i = 0; i < count; ++i) (*cell)[size_t(cls->field_index(plan->labels[i]))] = nf[1 + i];
    cell->bits |= Cell::kFrozen;
    cell->barrier = Cell::kNever;
    return Value::cell(cell);
}

Value call_method(Machine& vm, Method* method, Value* nf, unsigned count, const ArgumentPlan* plan) {
    if (method->primitive == record_with) return copy_record(vm, nf, count, plan);
    bool plain = !method->has_rest && count == method->parameters.size() && (!plan || plan->labels.empty());
    if (!plain) {
        if (Value resumed =
                arrange_arguments(vm, nf, count, plan, method->parameters, method->owner, method->selector))
            return resumed;
    }
    if (method->primitive) {
        if (method->effect != Effect::Pure &&
            (vm.effects_denied || !vm.runtime.port.allows(method->effect)) &&
            !(vm.inner->tape && vm.inner->tape->repeats()))
            return vm.fail("EffectDenied",
                           "`" + std::string(vm.symbols.text(method->selector)) +
                               "` has an effect outside the program, "
                               "which is not allowed here",
                           nf);
        vm.had_effects |= method->effect >= Effect::Inside;
        bool complete = true;
        for (size_t i = 0; i < method->parameters.size(); ++i) complete &= bool(nf[1 + i]);
        if (complete) {
            if (method->effect != Effect::Pure && vm.inner->tape) [[unlikely]]
                return vm.inner->tape->call(vm, *method, nf);
            return method->primitive(vm, nf);
        }
    } else if (method->reader >= 0) {
        return (*nf[0].cell())[size_t(method->reader)];
    }
    return enter(code_of(vm, method), nf);
}

// The object waits in nf[0] while arguments at nf[1 …] find their fields and initialisers run above them.
Value construct(Machine& vm, Class* cls, Value* nf, unsigned count, const ArgumentPlan* plan) {
    auto name = [&] { return std::string(vm.symbols.text(cls->name)); };
    if (cls->kind == ClassKind::Builtin) {
        nf[0] = cls->value;
        Method* method = cls->side->lookup(sym::new_);
        if (!method) return vm.fail("ArgumentError", "`" + name() + "` has no constructor", nf);
        return call_method(vm, method, nf, count, plan);
    }
    if (Method* method = cls->side->lookup(sym::construct)) {
        nf[0] = cls->value;
        return call_method(vm, method, nf, count, plan);
    }
    if (cls->kind == ClassKind::Trait)
        return vm.fail("ArgumentError",
                       "`" + name() + "` is a trait: only classes that mix it in have instances", nf);
    if (cls->kind == ClassKind::Actor || cls->kind == ClassKind::Supervisor)
        return vm.fail("ArgumentError", "`" + name() + "` is an actor: write `spawn " + name() + "(…)`", nf);
    const size_t n = cls->fields.size();
    Method* init = cls->lookup(sym::init);
    // Parameters: the fields in order; with an init, none is given here.
    Value* fields = nf + 1;
    if (init) {
        fields = nf + 1 + count + 1; // the arguments of init wait below
        for (size_t i = 0; i < n; ++i) fields[i] = Value();
    } else {
        std::vector<ParameterInfo> parameters(n);
        for (size_t i = 0; i < n; ++i)
            parameters[i] = {cls->fields[i].name, cls->fields[i].initial != nullptr, false};
        if (Value resumed = arrange_arguments(vm, nf, count, plan, parameters, nullptr, cls->name))
            return resumed;
    }
    Value* top = fields + n + 1;
    if (top + 2 * kPrimitiveFrame > vm.stack_end && !Heap::raise_stack(vm, top + 2 * kPrimitiveFrame))
        return vm.fail("StackOverflow", "calls are nested too deeply", nf);
    Cell* cell = Heap::allocate(vm, cls->shape, uint16_t(n), top);
    for (size_t i = 0; i < n; ++i) (*cell)[i] = fields[i] ? fields[i] : Value::nil();
    nf[0] = Value::cell(cell);
    for (size_t i = 0; i < n; ++i) {
        // A reload may come while an initialiser runs; what answers for this layout is asked for each.
        cls = vm.shapes[nf[0].cell()->shape].cls;
        if (fields[i] || !cls->fields[i].initial) continue;
        Value* frame = native_frame(vm, nf, top);
        frame[0] = nf[0];
        Value value = enter(code_of_initialiser(vm, cls->fields[i]), frame);
        if (!Heap::store(vm, nf[0].cell(), i, value)) assert(false);
    }
    auto freeze = [&] {
        if (cls->kind != ClassKind::Record) return;
        nf[0].cell()->bits |= Cell::kFrozen;
        nf[0].cell()->barrier = Cell::kNever;
    };
    if (!init) {
        freeze();
        return nf[0];
    }
    // init runs in a frame of its own above the fields; the object stays in nf[0].
    Value* frame = native_frame(vm, nf, top);
    frame[0] = nf[0];
    for (unsigned i = 0; i < count; ++i) frame[1 + i] = nf[1 + i];
    call_method(vm, init, frame, count, plan);
    freeze();
    return nf[0];
}

} // namespace indent
