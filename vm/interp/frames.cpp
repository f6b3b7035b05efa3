#include "vm/interp/frames.h"
#include "vm/interp/block.h"
#include "vm/interp/maker_scope.h"
#include <set>

namespace indent {

std::vector<LiveFrame> live_frames(const Machine& vm, Value* args, size_t most) {
    std::vector<LiveFrame> frames;
    for (Value* frame = args; frame > vm.stack_base + 1 && frames.size() < most;) {
        const Value site = frame[-1];
        if (!site.is_raw()) break;
        auto* node = site.raw_address<Node>();
        if (node == &vm.inner->native) {
            frame -= frame[-2].raw_number();
            continue;
        }
        frame -= node->temp + 1;
        frames.push_back({node, frame});
    }
    return frames;
}

std::vector<FrameVariable> variables_at(Machine& vm, const LiveFrame& frame) {
    ScopeWatch watch;
    watch.place = place_of(frame.site->code);
    watch.position = frame.site->position;
    watch.temp = frame.site->temp;
    vm.inner->watch = &watch;
    (void)made_again(vm, frame.site->code);
    vm.inner->watch = nullptr;
    std::vector<FrameVariable> variables;
    std::set<std::string_view> known;
    if (!watch.found) return variables;
    for (const Environment* at = watch.environment; at; at = at->outer) {
        const Variable& variable = at->variable;
        if (known.insert(variable.name).second)
            variables.push_back({std::string(variable.name), variable.slot, -1, false});
    }
    const auto& captures = watch.body->captures;
    for (size_t i = 0; i < captures.size(); ++i) {
        const Variable& variable = captures[i].variable->variable;
        if (known.insert(variable.name).second)
            variables.push_back({std::string(variable.name), watch.body->block_slot,
                                 int(block::kCaptured + i), captures[i].shared});
    }
    return variables;
}

namespace {
// Of a captured variable: the word of the block; absent: the frame has no block there.
Value captured(const LiveFrame& frame, const FrameVariable& variable) {
    const Value block = frame.fp[variable.slot];
    if (!has_shape(block, shape::kBlock) || size_t(variable.word) >= block.cell()->word_count())
        return Value();
    return (*block.cell())[size_t(variable.word)];
}
} // namespace

Value read_variable(const LiveFrame& frame, const FrameVariable& variable) {
    Value value = frame.fp[variable.slot];
    if (variable.word >= 0) {
        value = captured(frame, variable);
        if (variable.shared)
            value = has_shape(value, shape::kVariable) ? variable_get(value.cell()) : Value();
    }
    return value.is_raw() ? Value() : value;
}

void write_variable(Machine& vm, const LiveFrame& frame, const FrameVariable& variable, Value value) {
    if (variable.word < 0) {
        frame.fp[variable.slot] = value;
        return;
    }
    const Value shared = captured(frame, variable);
    if (!variable.shared || !has_shape(shared, shape::kVariable)) return;
    if (const Value slot = (*shared.cell())[variable::kSlot]; slot.is_raw())
        *slot.raw_address<Value>() = value;
    else if (!Heap::store(vm, shared.cell(), variable::kValue, value))
        assert(false && "a variable is never frozen");
}

Class* class_in_sight(const Code& code) {
    const Code* root = &code;
    while (root->outer) root = root->outer;
    if (root->top_level) return root->top_level->cls;
    if (root->initialiser) return root->initialiser->declared_in;
    const Method* method = root->method;
    return method && method->owner && !method->class_side && method->owner->kind != ClassKind::Trait
               ? method->owner
               : nullptr;
}

} // namespace indent
