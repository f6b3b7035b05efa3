// Literals, variables, fields and what collections are written as.
#include "vm/interp/block.h"
#include "vm/interp/early_values.h"
#include "vm/interp/inner.h"
#include "vm/interp/operand_kinds.h"
#include "vm/interp/range_ends.h"
#include "vm/model/number.h"
#include "vm/model/range.h"

namespace indent {

Value run_from_test(Node* node, Value* fp) {
    return Value::boolean(node->test(node, fp));
}

bool test_from_run(Node* node, Value* fp) {
    Value value = node->run(node, fp);
    if (value.is_true()) return true;
    if (value.is_false()) return false;
    Value* nf = fp + node->temp + 1;
    nf[-1] = Value::raw(node);
    nf[0] = value;
    return Machine::of(fp).truth(value, nf);
}

Value run_local(Node* node, Value* fp) {
    return fp[static_cast<LocalNode*>(node)->slot];
}

namespace {

bool test_local(Node* node, Value* fp) {
    Value value = fp[static_cast<LocalNode*>(node)->slot];
    if (value.is_true()) return true;
    if (value.is_false()) return false;
    return test_from_run(node, fp);
}

bool test_field(Node* node, Value* fp) {
    Value value = (*fp[0].cell())[static_cast<FieldNode*>(node)->index];
    if (value.is_true()) return true;
    if (value.is_false()) return false;
    return test_from_run(node, fp);
}

Value run_literal(Node* node, Value*) {
    return static_cast<LiteralNode*>(node)->value;
}
bool test_true(Node*, Value*) {
    return true;
}
bool test_false(Node*, Value*) {
    return false;
}
Value run_set_literal(Node* node, Value* fp) {
    auto* set = static_cast<SetLocalNode*>(node);
    return fp[set->slot] = static_cast<LiteralNode*>(set->value)->value;
}
Value run_set_local(Node* node, Value* fp) {
    auto* set = static_cast<SetLocalNode*>(node);
    return fp[set->slot] = run(set->value, fp);
}
// `x = y.field`: the field is read without running the send.
Value run_set_local_to_field(Node* node, Value* fp) {
    auto* set = static_cast<SetLocalNode*>(node);
    Value value = field_of_local(set->value, fp);
    if (!value) [[unlikely]]
        value = run(set->value, fp);
    return fp[set->slot] = value;
}
// The first time: afterwards it is known what the send does.
Value run_set_local_to_send(Node* node, Value* fp) {
    auto* set = static_cast<SetLocalNode*>(node);
    Value value = run(set->value, fp);
    node->run = reads_field_of_local(set->value) ? run_set_local_to_field : run_set_local;
    return fp[set->slot] = value;
}
Value run_field(Node* node, Value* fp) {
    return (*fp[0].cell())[static_cast<FieldNode*>(node)->index];
}

[[gnu::noinline]] Value frozen_failure(Node* node, Value* fp, Value receiver) {
    Value* nf = fp + node->temp + 1;
    nf[-1] = Value::raw(node);
    nf[0] = receiver;
    return Machine::of(fp).fail_frozen(receiver, nf);
}

Value run_set_field(Node* node, Value* fp) {
    auto* set = static_cast<SetFieldNode*>(node);
    Value value = operand(set->value, fp);
    if (!Heap::store(Mutator::of(fp), fp[0].cell(), set->index, value)) [[unlikely]]
        return frozen_failure(node, fp, fp[0]);
    return value;
}

struct CapturedNode : Node {
    uint16_t block_slot = 0;
    uint32_t index = 0;
    Node* value = nullptr;
};
Value run_captured(Node* node, Value* fp) {
    auto* captured = static_cast<CapturedNode*>(node);
    return (*fp[captured->block_slot].cell())[captured->index];
}
Value run_captured_variable(Node* node, Value* fp) {
    auto* captured = static_cast<CapturedNode*>(node);
    return variable_get((*fp[captured->block_slot].cell())[captured->index].cell());
}
Value run_set_captured_variable(Node* node, Value* fp) {
    auto* captured = static_cast<CapturedNode*>(node);
    Value value = run(captured->value, fp);
    Cell* shared = (*fp[captured->block_slot].cell())[captured->index].cell();
    Value slot = (*shared)[variable::kSlot];
    if (slot.is_raw()) {
        *slot.raw_address<Value>() = value;
        return value;
    }
    if (!Heap::store(Mutator::of(fp), shared, variable::kValue, value))
        return frozen_failure(node, fp, Value::nil());
    return value;
}

struct KeptNode : Node {
    Value* array = nullptr;
    uint32_t index = 0;
    Node* value = nullptr;
};
Value run_kept(Node* node, Value* fp) {
    auto* kept = static_cast<KeptNode*>(node);
    Value value = (*kept->array->cell())[1 + kept->index];
    return value ? value : Value::nil();
}
Value run_set_kept(Node* node, Value* fp) {
    auto* kept = static_cast<KeptNode*>(node);
    Value value = run(kept->value, fp);
    if (!Heap::store(Mutator::of(fp), kept->array->cell(), 1 + kept->index, value))
        return frozen_failure(node, fp, Value::nil());
    return value;
}

struct ModuleValueNode : Node {
    Binding* binding = nullptr;
    Binding* origin = nullptr; // as in calls (nodes_call.cpp)
    bool qualified = false;
    Node* value = nullptr;
};
Value run_module_value(Node* node, Value* fp) {
    const Binding& binding = *static_cast<ModuleValueNode*>(node)->binding;
    if (binding.value) [[likely]]
        return binding.value;
    Value* nf = fp + node->temp + 1;
    nf[-1] = Value::raw(node);
    nf[0] = Value::nil();
    return value_before_it_exists(Machine::of(fp), binding, nf);
}
Value run_set_module_value(Node* node, Value* fp) {
    auto* set = static_cast<ModuleValueNode*>(node);
    Machine& vm = Machine::of(fp);
    Value* nf = fp + node->temp + 1;
    nf[0] = run(set->value, fp);
    nf[-1] = Value::raw(node);
    // A block that can be shared is frozen; one that cannot says why.
    if (has_shape(nf[0], shape::kBlock))
        nf[0] = vm.send(nf[0], sym::frozen, {}, native_frame(vm, nf, nf + 1));
    Value shared = vm.runtime.shared.share(nf[0]);
    if (!shared)
        return vm.fail("ArgumentError",
                       "`" + std::string(vm.symbols.text(set->binding->name)) +
                           "` holds frozen values, and " + vm.with_article(nf[0]) +
                           " can change (ask for its `.frozen`)",
                       nf);
    // Turns elsewhere may have read the value that was there: it is let go with the runtime.
    vm.runtime.exclusively([&] {
        if (set->binding->value) vm.runtime.replaced_values.push_back(set->binding->value);
        set->binding->value = shared;
    });
    return shared;
}

struct ElementsNode : Node {
    std::span<Node*> elements;
    uint64_t spreads = 0;
};

// own[0] is the call site where something is sent; the list stands in own[1], an element in own[2].
Value run_list(Node* node, Value* fp) {
    auto* list = static_cast<ElementsNode*>(node);
    Machine& vm = Machine::of(fp);
    Value* own = fp + node->temp;
    own[1] = make_list(vm, list->elements.size(), own + 3);
    for (size_t i = 0; i < list->elements.size(); ++i) {
        own[2] = run(list->elements[i], fp);
        if (i < 64 && (list->spreads >> i & 1)) [[unlikely]] {
            own[0] = Value::raw(node);
            own[2] = vm.send(own[2], vm.symbols.intern("to_list"), {}, own + 1);
            for (size_t k = 0; is_list(own[2]) && k < list_size(own[2]); ++k) {
                own[3] = list_get(own[2], k);
                if (!list_add(vm, own[1], own[3], own + 4)) assert(false);
            }
        } else if (!list_add(vm, own[1], own[2], own + 3)) {
            assert(false);
        }
    }
    return own[1];
}

Value run_tuple(Node* node, Value* fp) {
    auto* tuple = static_cast<ElementsNode*>(node);
    Value* own = fp + node->temp;
    size_t n = tuple->elements.size();
    for (size_t i = 0; i < n; ++i) own[i] = run(tuple->elements[i], fp);
    return make_tuple(Machine::of(fp), own, n, own + n);
}

struct MapLiteralNode : ElementsNode {
    PrimitiveFunction create = nullptr;
    PrimitiveFunction put = nullptr;
    Node site; // one slot further up, for the map waits below
};
Value run_map(Node* node, Value* fp) {
    auto* map = static_cast<MapLiteralNode*>(node);
    Machine& vm = Machine::of(fp);
    Value* own = fp + node->temp;
    map->site.code = node->code;
    map->site.position = node->position;
    map->site.temp = uint16_t(node->temp + 1);
    own[1] = Value::raw(&map->site);
    own[2] = Value::nil();
    own[0] = map->create(vm, own + 2);
    for (size_t i = 0; i + 1 < map->elements.size(); i += 2) {
        own[3] = run(map->elements[i], fp);
        own[4] = run(map->elements[i + 1], fp);
        own[1] = Value::raw(&map->site);
        own[2] = own[0];
        map->put(vm, own + 2);
    }
    return own[0];
}

struct RangeNode : Node {
    Node* low = nullptr;
    Node* high = nullptr;
    bool exclusive = false;
};
Value run_range(Node* node, Value* fp) {
    auto* range = static_cast<RangeNode*>(node);
    Value* own = fp + node->temp + 1;
    own[0] = run(range->low, fp);
    own[1] = run(range->high, fp);
    Machine& vm = Machine::of(fp);
    if (!may_end_range(vm, own[0], own[1])) [[unlikely]] {
        own[-1] = Value::raw(node);
        return fail_range(vm, own[0], own[1], own);
    }
    return make_range(vm, own[0], own[1], range->exclusive, own + 2);
}

struct InterpolationNode : ElementsNode {
    std::span<SendSite*> to_text;
};
// Digits of a small integer, from behind; answers how many characters there are.
size_t write_number(int64_t n, char (&characters)[24]) {
    char* at = characters + sizeof characters;
    uint64_t rest = n < 0 ? uint64_t(-n) : uint64_t(n);
    do *--at = char('0' + rest % 10);
    while (rest /= 10);
    if (n < 0) *--at = '-';
    return size_t(characters + sizeof characters - at);
}
// The parts wait in the frame as texts and integers; then the text is made at once in its length.
Value run_interpolation(Node* node, Value* fp) {
    auto* parts = static_cast<InterpolationNode*>(node);
    Machine& vm = Machine::of(fp);
    Value* own = fp + node->temp;
    const size_t count = parts->elements.size();
    for (size_t i = 0; i < count; ++i) {
        Value value = run(parts->elements[i], fp);
        if (!value.is_integer() && !is_text(value)) {
            Value* nf = fp + parts->to_text[i]->temp + 1;
            nf[0] = value;
            value = send_prepared(parts->to_text[i], nf);
            if (!is_text(value)) [[unlikely]] {
                nf[-1] = Value::raw(node);
                nf[0] = value;
                value =
                    vm.fail("ArgumentError", "to_text must answer a Text, not " + vm.with_article(value), nf);
                if (!is_text(value)) value = make_text(vm, "", nf);
            }
        }
        own[i] = value;
    }
    char characters[24];
    size_t length = 0;
    int width = 1;
    for (size_t i = 0; i < count; ++i) {
        if (own[i].is_integer()) {
            length += write_number(own[i].as_integer(), characters);
        } else {
            TextView view = view_text(own[i]);
            length += view.length;
            width = std::max(width, view.width);
        }
    }
    Value text;
    uint8_t* at = make_text_room(vm, length, width, text, own + count);
    for (size_t i = 0; i < count; ++i) {
        TextView view;
        if (own[i].is_integer()) {
            view.length = write_number(own[i].as_integer(), characters);
            view.data = reinterpret_cast<const uint8_t*>(characters + sizeof characters - view.length);
        } else {
            view = view_text(own[i]);
        }
        copy_text(at, width, view);
        at += view.length * size_t(width);
    }
    return text;
}

struct IdentityNode : Node {
    Node* left = nullptr;
    Node* right = nullptr;
    bool negated = false;
};
// `x is nil` and the like: with a literal that is a word, words are compared.
bool test_is_word(Node* node, Value* fp) {
    auto* identity = static_cast<IdentityNode*>(node);
    return operand(identity->left, fp) == static_cast<LiteralNode*>(identity->right)->value;
}
bool test_is_not_word(Node* node, Value* fp) {
    auto* identity = static_cast<IdentityNode*>(node);
    return operand(identity->left, fp) != static_cast<LiteralNode*>(identity->right)->value;
}
bool test_identity(Node* node, Value* fp) {
    auto* identity = static_cast<IdentityNode*>(node);
    Value* own = fp + node->temp + 1;
    own[0] = run(identity->left, fp);
    own[1] = run(identity->right, fp);
    if (own[0] == own[1]) return !identity->negated;
    if (!own[0].is_cell() || !own[1].is_cell() || !own[0].cell()->is_frozen() ||
        !own[1].cell()->is_frozen() || own[0].cell()->shape == shape::kAddress || // one for each actor
        Machine::of(fp).class_of(own[0]) != Machine::of(fp).class_of(own[1]))
        return identity->negated;
    own[-1] = Value::raw(node);
    return Machine::of(fp).equals(own[0], own[1], own) != identity->negated;
}

struct FailureNode : Node {
    std::string_view error_class;
    std::string_view message;
};
Value run_failure(Node* node, Value* fp) {
    auto* failure = static_cast<FailureNode*>(node);
    Value* nf = fp + node->temp + 1;
    nf[-1] = Value::raw(node);
    nf[0] = Value::nil();
    return Machine::of(fp).fail(failure->error_class, failure->message, nf);
}

std::span<Node*> copied(Arena& arena, std::span<Node* const> nodes) {
    return arena.copy(std::vector<Node*>(nodes.begin(), nodes.end()));
}

} // namespace

LiteralNode* make_literal(Arena& arena, Value value) {
    auto* node = made<LiteralNode>(arena, run_literal);
    node->value = value;
    if (value.is_true()) node->test = test_true;
    if (value.is_false()) node->test = test_false;
    return node;
}
LocalNode* make_local(Arena& arena, uint16_t slot) {
    auto* node = made<LocalNode>(arena, run_local);
    node->test = test_local;
    node->slot = slot;
    return node;
}
Node* make_self(Arena& arena) {
    return make_local(arena, 0);
}
Node* make_set_local(Arena& arena, uint16_t slot, Node* value) {
    if (give_into(value, slot)) return value;
    auto* node = made<SetLocalNode>(arena, value->run == run_literal   ? run_set_literal
                                           : value->sort == Node::Send ? run_set_local_to_send
                                                                       : run_set_local);
    node->slot = slot;
    node->value = value;
    return node;
}
FieldNode* make_field(Arena& arena, uint32_t index) {
    auto* node = made<FieldNode>(arena, run_field);
    node->test = test_field;
    node->index = index;
    return node;
}
SetFieldNode* make_set_field(Arena& arena, uint32_t index, Node* value) {
    auto* node = made<SetFieldNode>(arena, run_set_field);
    node->index = index;
    node->value = value;
    return node;
}
static CapturedNode* captured(Arena& arena, RunFunction run, uint16_t block_slot, uint32_t index) {
    auto* node = made<CapturedNode>(arena, run);
    node->block_slot = block_slot;
    node->index = index;
    return node;
}
Node* make_captured(Arena& arena, uint16_t block_slot, uint32_t index) {
    return captured(arena, run_captured, block_slot, index);
}
Node* make_captured_variable(Arena& arena, uint16_t block_slot, uint32_t index) {
    return captured(arena, run_captured_variable, block_slot, index);
}
Node* make_set_captured_variable(Arena& arena, uint16_t block_slot, uint32_t index, Node* value) {
    auto* node = captured(arena, run_set_captured_variable, block_slot, index);
    node->value = value;
    return node;
}
Node* make_kept(Arena& arena, Value* array, uint32_t index) {
    auto* node = made<KeptNode>(arena, run_kept);
    node->array = array;
    node->index = index;
    return node;
}
Node* make_set_kept(Arena& arena, Value* array, uint32_t index, Node* value) {
    auto* node = made<KeptNode>(arena, run_set_kept);
    node->array = array;
    node->index = index;
    node->value = value;
    return node;
}
void set_foreign_value(Node* node, bool qualified) {
    auto* value = static_cast<ModuleValueNode*>(node);
    value->origin = value->binding;
    value->qualified = qualified;
}
void follow_value(Node* node) {
    auto* value = static_cast<ModuleValueNode*>(node);
    if (!value->qualified && value->code->module && value->code->module->successor) return;
    if (Binding* now = newest(value->origin)) value->binding = now;
}
Node* make_module_value(Arena& arena, Binding* binding) {
    auto* node = made<ModuleValueNode>(arena, run_module_value);
    node->binding = binding;
    return node;
}
Node* make_set_module_value(Arena& arena, Binding* binding, Node* value) {
    auto* node = made<ModuleValueNode>(arena, run_set_module_value);
    node->binding = binding;
    node->value = value;
    return node;
}
Node* make_list_literal(Arena& arena, std::span<Node* const> elements, uint64_t spreads) {
    auto* node = made<ElementsNode>(arena, run_list);
    node->elements = copied(arena, elements);
    node->spreads = spreads;
    return node;
}
Node* make_tuple_literal(Arena& arena, std::span<Node* const> elements) {
    auto* node = made<ElementsNode>(arena, run_tuple);
    node->elements = copied(arena, elements);
    return node;
}
Node* make_map_literal(Arena& arena, std::span<Node* const> keys_and_values, PrimitiveFunction create,
                       PrimitiveFunction put) {
    auto* node = made<MapLiteralNode>(arena, run_map);
    node->elements = copied(arena, keys_and_values);
    node->create = create;
    node->put = put;
    return node;
}
Node* make_range(Arena& arena, Node* low, Node* high, bool exclusive) {
    auto* node = made<RangeNode>(arena, run_range);
    node->low = low;
    node->high = high;
    node->exclusive = exclusive;
    return node;
}
Node* make_interpolation(Arena& arena, std::span<Node* const> parts, std::span<SendSite* const> to_text) {
    auto* node = made<InterpolationNode>(arena, run_interpolation);
    node->elements = copied(arena, parts);
    node->to_text = arena.copy(std::vector<SendSite*>(to_text.begin(), to_text.end()));
    return node;
}
Node* make_identity(Arena& arena, Node* left, Node* right, bool negated) {
    auto* node = made<IdentityNode>(arena, run_from_test);
    node->test = test_identity;
    node->left = left;
    node->right = right;
    node->negated = negated;
    if (right->run == run_literal && !static_cast<LiteralNode*>(right)->value.is_cell())
        node->test = negated ? test_is_not_word : test_is_word;
    return node;
}
Node* make_failure(Arena& arena, std::string_view error_class, std::string_view message) {
    auto* node = made<FailureNode>(arena, run_failure);
    node->error_class = arena.copy(error_class);
    node->message = arena.copy(message);
    return node;
}

Kind kind_of(const Node* child, uint32_t& index, Value& constant) {
    if (child->run == run_local) {
        index = static_cast<const LocalNode*>(child)->slot;
        return Kind::Local;
    }
    if (child->run == run_field) {
        index = static_cast<const FieldNode*>(child)->index;
        return Kind::Field;
    }
    if (child->run == run_literal) {
        constant = static_cast<const LiteralNode*>(child)->value;
        return Kind::Constant;
    }
    return Kind::Any;
}

} // namespace indent
