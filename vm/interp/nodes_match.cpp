// match, and taking apart. Each matcher has a slot of its own in the frame where the value that it tests stands,
// so that parts stay reachable while comparisons run Indent code.
#include "vm/interp/inner.h"
#include "vm/interp/nodes.h"

namespace indent {

namespace {

bool bind(Matcher* matcher, Value* fp) {
    if (matcher->slot >= 0) {
        fp[matcher->slot] = fp[matcher->own];
        if (matcher->store) run(matcher->store, fp);
    }
    return true;
}

bool sent_truth(SendSite* site, Value* fp, Value receiver, Value argument) {
    Value* nf = fp + site->temp + 1;
    nf[0] = receiver;
    nf[1] = argument;
    return send_prepared(site, nf).is_true();
}

bool match_part(Matcher* part, Node* node, Value* fp, Value value) {
    fp[part->own] = value;
    return matches(part, node, fp);
}

bool match_list(Matcher* matcher, Node* node, Value* fp) {
    if (!is_list(fp[matcher->own])) return false;
    const size_t n = matcher->entries.size();
    const size_t size = list_size(fp[matcher->own]);
    if (matcher->rest < 0 ? size != n : size + 1 < n) return false;
    const size_t rest = matcher->rest < 0 ? n : size_t(matcher->rest);
    const size_t skipped = matcher->rest < 0 ? 0 : size - (n - 1);
    for (size_t i = 0; i < n; ++i) {
        Matcher* part = matcher->entries[i].matcher;
        if (i != rest) {
            size_t at = i < rest ? i : i - 1 + skipped;
            if (at >= list_size(fp[matcher->own])) return false; // somebody's == changed the list
            if (!match_part(part, node, fp, list_get(fp[matcher->own], at))) return false;
            continue;
        }
        Machine& vm = Machine::of(fp);
        Value* free = fp + node->temp + 1;
        free[0] = make_list(vm, skipped, free + 2);
        for (size_t k = 0; k < skipped && rest + k < list_size(fp[matcher->own]); ++k) {
            free[1] = list_get(fp[matcher->own], rest + k);
            if (!list_add(vm, free[0], free[1], free + 2)) assert(false);
        }
        if (!match_part(part, node, fp, free[0])) return false;
    }
    return true;
}

bool match_map(Matcher* matcher, Node* node, Value* fp) {
    if (!has_shape(fp[matcher->own], shape::kMap)) return false;
    for (const auto& entry : matcher->entries) {
        Value* nf = fp + matcher->has_key->temp + 1;
        nf[0] = fp[matcher->own];
        nf[1] = run(entry.key, fp);
        if (!send_prepared(matcher->has_key, nf).is_true()) return false;
        nf = fp + matcher->at->temp + 1;
        nf[0] = fp[matcher->own];
        nf[1] = run(entry.key, fp);
        if (!match_part(entry.matcher, node, fp, send_prepared(matcher->at, nf))) return false;
    }
    return true;
}

const Class* class_in(Machine& vm, Value value) {
    return value.is_cell() ? vm.shapes[value.cell()->shape].class_value : nullptr;
}

bool match_class(Matcher* matcher, Node* node, Value* fp, const Class*& cls) {
    Machine& vm = Machine::of(fp);
    Value value = run(matcher->value, fp);
    cls = class_in(vm, value);
    if (cls) return vm.is_a(fp[matcher->own], cls);
    Value* nf = fp + node->temp + 1;
    nf[0] = value;
    nf[-1] = Value::raw(node);
    vm.fail("ArgumentError", "a pattern tests for a class, not for " + vm.with_article(value), nf);
    return false;
}

bool match_record(Matcher* matcher, Node* node, Value* fp) {
    const Class* cls = nullptr;
    if (!match_class(matcher, node, fp, cls)) return false;
    for (size_t i = 0; i < matcher->entries.size(); ++i) {
        int field = matcher->fields.empty() ? int(i) : cls->field_index(matcher->fields[i]);
        if (field < 0 || size_t(field) >= cls->fields.size()) {
            Machine& vm = Machine::of(fp);
            Value* nf = fp + node->temp + 1;
            nf[-1] = Value::raw(node);
            nf[0] = fp[matcher->own];
            vm.fail("ArgumentError",
                    "the pattern for `" + std::string(vm.symbols.text(cls->name)) +
                        "` asks for more fields than its " + std::to_string(cls->fields.size()),
                    nf);
            return false;
        }
        if (!match_part(matcher->entries[i].matcher, node, fp, (*fp[matcher->own].cell())[size_t(field)]))
            return false;
    }
    return true;
}

struct MatchNode : Node {
    Node* subject = nullptr;
    std::span<const MatchArm> arms;
    uint16_t slot = 0;
};

Value run_match(Node* node_, Value* fp) {
    auto* node = static_cast<MatchNode*>(node_);
    fp[node->slot] = run(node->subject, fp);
    for (const auto& arm : node->arms) {
        fp[arm.matcher->own] = fp[node->slot];
        if (!matches(arm.matcher, node, fp)) continue;
        if (arm.guard && !arm.guard->holds(fp)) continue;
        return run(arm.body, fp);
    }
    Machine& vm = Machine::of(fp);
    Value* nf = fp + node->temp + 1;
    nf[-1] = Value::raw(node);
    nf[0] = fp[node->slot];
    return vm.fail("NoMatch", "no case fits " + vm.inspect(fp[node->slot], nf), nf);
}

struct DestructuringNode : Node {
    Matcher* matcher = nullptr;
    Node* value = nullptr; // null: it stands in the matcher's slot already
    std::string_view what;
};

Value run_destructuring(Node* node_, Value* fp) {
    auto* node = static_cast<DestructuringNode*>(node_);
    if (node->value) fp[node->matcher->own] = run(node->value, fp);
    Value* own = fp + node->matcher->own;
    if (matches(node->matcher, node, fp)) return *own;
    Machine& vm = Machine::of(fp);
    Value* nf = fp + node->temp + 1;
    nf[-1] = Value::raw(node);
    nf[0] = *own;
    return vm.fail("NoMatch",
                   vm.inspect(*own, nf) + " does not fit the pattern `" + std::string(node->what) + "`", nf);
}

} // namespace

bool matches(Matcher* matcher, Node* node, Value* fp) {
    Value value = fp[matcher->own];
    switch (matcher->kind) {
    case Matcher::Ignore: return true;
    case Matcher::Bind: return bind(matcher, fp);
    case Matcher::Equal: {
        Value wanted = run(matcher->value, fp);
        value = fp[matcher->own];
        if (wanted == value && !wanted.is_float()) return true;
        if (Value::both_integers(wanted, value)) return false;
        if (wanted.is_symbol() || wanted.is_nil() || wanted.is_boolean()) return false;
        return sent_truth(matcher->send, fp, wanted, value);
    }
    case Matcher::InRange: {
        if (!value.is_integer() && !value.is_float() && value.is_cell() &&
            !has_shape(value, shape::kBigInteger))
            return false;
        if (value.is_nil() || value.is_boolean() || value.is_symbol()) return false;
        Value range = run(matcher->value, fp);
        return sent_truth(matcher->send, fp, range, fp[matcher->own]);
    }
    case Matcher::IsA: {
        const Class* cls = nullptr;
        return match_class(matcher, node, fp, cls) && bind(matcher, fp);
    }
    case Matcher::Tuple: {
        if (!is_tuple(value) || value.cell()->word_count() != matcher->entries.size()) return false;
        for (size_t i = 0; i < matcher->entries.size(); ++i)
            if (!match_part(matcher->entries[i].matcher, node, fp, (*fp[matcher->own].cell())[i]))
                return false;
        return true;
    }
    case Matcher::List: return match_list(matcher, node, fp);
    case Matcher::Record: return match_record(matcher, node, fp);
    case Matcher::Map: return match_map(matcher, node, fp);
    case Matcher::Either:
        for (const auto& entry : matcher->entries)
            if (match_part(entry.matcher, node, fp, fp[matcher->own])) return true;
        return false;
    }
    return false;
}

Node* make_match(Arena& arena, Node* subject, std::span<const MatchArm> arms, uint16_t subject_slot) {
    auto* node = made<MatchNode>(arena, run_match);
    node->subject = subject;
    node->arms = arena.copy(std::vector<MatchArm>(arms.begin(), arms.end()));
    node->slot = subject_slot;
    for (const auto& arm : arms) node->abrupt |= arm.body->abrupt;
    return node;
}

Node* make_destructuring(Arena& arena, Matcher* matcher, Node* value, std::string_view what) {
    auto* node = made<DestructuringNode>(arena, run_destructuring);
    node->matcher = matcher;
    node->value = value;
    node->what = what;
    return node;
}

} // namespace indent
