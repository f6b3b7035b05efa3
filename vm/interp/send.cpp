// Sends. A site starts out knowing nothing; its first send looks the method up and rewrites the site to the
// entry for what was found: code that fits, a primitive, a reader. A second shape makes it polymorphic (a short
// chain), a fifth megamorphic (a lookup each time, helped by the runtime's global cache).
#include "vm/interp/send.h"
#include "vm/interp/arguments.h"
#include "vm/interp/block.h"
#include "vm/interp/inner.h"
#include "vm/interp/maker.h"

namespace indent {

namespace {

Value dispatch(SendSite* site, Value* nf, const CacheEntry& entry) {
    nf[-1] = Value::raw(site);
    switch (entry.kind) {
    case CacheEntry::CodeCall: return enter(entry.code, nf);
    case CacheEntry::Primitive: return entry.primitive(Machine::of(nf), nf);
    case CacheEntry::Reader: return (*nf[0].cell())[entry.field];
    case CacheEntry::Block: return enter_block(nf, site->argument_count);
    case CacheEntry::General:
        return call_method(Machine::of(nf), entry.method, nf, site->argument_count, site->plan);
    case CacheEntry::Empty: break;
    }
    assert(false);
    return Value::nil();
}

CacheEntry entry_for(Machine& vm, SendSite* site, ShapeId shape, Method* method) {
    CacheEntry entry;
    entry.shape = shape;
    entry.method = method;
    const bool labelled = site->plan && (!site->plan->labels.empty() || site->plan->spreads);
    if (shape == shape::kBlock && site->selector == sym::call && !labelled) {
        entry.kind = CacheEntry::Block;
    } else if (labelled || method->has_rest || method->parameters.size() != site->argument_count) {
        entry.kind = CacheEntry::General;
    } else if (method->reader >= 0) {
        entry.kind = CacheEntry::Reader;
        entry.field = uint32_t(method->reader);
    } else if (method->primitive && method->effect == Effect::Pure) {
        entry.kind = CacheEntry::Primitive;
        entry.primitive = method->primitive;
    } else if (method->primitive) {
        entry.kind = CacheEntry::General;
    } else {
        entry.kind = CacheEntry::CodeCall;
        entry.code = code_of(vm, method);
    }
    return entry;
}

template <int N>
Value send_code(Node* node, Value* fp);
template <int N>
Value send_primitive(Node* node, Value* fp);
template <int N>
Value send_polymorphic(Node* node, Value* fp);
Value send_reader(Node* node, Value* fp);

Value send_reader_to_local(Node* node, Value* fp);

template <int N>
void rewrite(SendSite* site) {
    if (site->megamorphic || site->more_count > 0) {
        site->run = send_polymorphic<N>;
        return;
    }
    switch (site->entry.kind) {
    case CacheEntry::CodeCall: site->run = send_code<N>; break;
    case CacheEntry::Primitive: site->run = send_primitive<N>; break;
    case CacheEntry::Reader:
        if (N != 0)
            site->run = send_polymorphic<N>;
        else
            site->run = site->operands[0]->run == run_local ? send_reader_to_local : send_reader;
        break;
    default: site->run = send_polymorphic<N>; break;
    }
}

void rewrite_site(SendSite* site) {
    switch (site->argument_count) {
    case 0: rewrite<0>(site); break;
    case 1: rewrite<1>(site); break;
    case 2: rewrite<2>(site); break;
    case 3: rewrite<3>(site); break;
    default: rewrite<-1>(site); break;
    }
}

// The receiver's shape is not in the site's cache: look it up, remember it, run it.
[[gnu::noinline]] Value send_missed(SendSite* site, Value* nf) {
    Machine& vm = Machine::of(nf);
    ShapeId shape = shape_of(nf[0]);
    const Class* cls = vm.shapes[shape].cls;
    Method* method =
        site->super_of ? lookup_after(cls, site->super_of, site->selector) : cls->lookup(site->selector);
    if (!method && !(shape == shape::kBlock && site->selector == sym::call)) {
        nf[-1] = Value::raw(site);
        return send_not_understood(vm, nf, site->selector, site->argument_count, site->plan);
    }
    CacheEntry entry = entry_for(vm, site, shape, method);
    if (site->entry.kind == CacheEntry::Empty) {
        site->entry = entry;
        if (site->run != site_run_unrewritable) rewrite_site(site);
    } else if (site->more_count < kMoreEntries) {
        if (!site->more)
            site->more = static_cast<CacheEntry*>(
                const_cast<Code*>(site->code)->arena.allocate(sizeof(CacheEntry) * kMoreEntries));
        new (&site->more[site->more_count]) CacheEntry(entry);
        ++site->more_count;
        if (site->run != site_run_unrewritable) rewrite_site(site);
    } else {
        site->megamorphic = true;
    }
    return dispatch(site, nf, entry);
}

inline Value send_any(SendSite* site, Value* nf) {
    ShapeId shape = shape_of(nf[0]);
    if (shape == site->entry.shape) return dispatch(site, nf, site->entry);
    for (unsigned i = 0; i < site->more_count; ++i)
        if (shape == site->more[i].shape) return dispatch(site, nf, site->more[i]);
    return send_missed(site, nf);
}

template <int N>
inline void evaluate_operands(SendSite* site, Value* fp, Value* nf) {
    if constexpr (N >= 0) {
        nf[0] = operand(site->operands[0], fp);
        if constexpr (N >= 1) nf[1] = operand(site->operands[1], fp);
        if constexpr (N >= 2) nf[2] = operand(site->operands[2], fp);
        if constexpr (N >= 3) nf[3] = operand(site->operands[3], fp);
    } else {
        for (unsigned i = 0; i <= site->argument_count; ++i) nf[i] = operand(site->operands[i], fp);
    }
}

template <int N>
Value send_first(Node* node, Value* fp) {
    auto* site = static_cast<SendSite*>(node);
    Value* nf = fp + site->temp + 1;
    evaluate_operands<N>(site, fp, nf);
    return send_any(site, nf);
}

template <int N>
Value send_code(Node* node, Value* fp) {
    auto* site = static_cast<SendSite*>(node);
    Value* nf = fp + site->temp + 1;
    evaluate_operands<N>(site, fp, nf);
    if (present_shape_of(nf[0]) == site->entry.shape) [[likely]] {
        nf[-1] = Value::raw(site);
        return enter(site->entry.code, nf);
    }
    return send_any(site, nf);
}

template <int N>
Value send_primitive(Node* node, Value* fp) {
    auto* site = static_cast<SendSite*>(node);
    Value* nf = fp + site->temp + 1;
    evaluate_operands<N>(site, fp, nf);
    if (present_shape_of(nf[0]) == site->entry.shape) [[likely]] {
        nf[-1] = Value::raw(site);
        return site->entry.primitive(Machine::of(nf), nf);
    }
    return send_any(site, nf);
}

Value send_reader(Node* node, Value* fp) {
    auto* site = static_cast<SendSite*>(node);
    Value receiver = operand(site->operands[0], fp);
    if (present_shape_of(receiver) == site->entry.shape) [[likely]]
        return (*receiver.cell())[site->entry.field];
    Value* nf = fp + site->temp + 1;
    nf[0] = receiver;
    return send_any(site, nf);
}

[[gnu::noinline]] Value send_to_local(Node* node, Value* fp) {
    auto* site = static_cast<SendSite*>(node);
    Value* nf = fp + site->temp + 1;
    nf[0] = fp[site->receiver_slot];
    return send_any(site, nf);
}

Value send_reader_to_local(Node* node, Value* fp) {
    auto* site = static_cast<SendSite*>(node);
    Value receiver = fp[site->receiver_slot];
    if (has_shape(receiver, site->entry.shape)) [[likely]]
        return (*receiver.cell())[site->entry.field];
    return send_to_local(node, fp);
}

template <int N>
Value send_polymorphic(Node* node, Value* fp) {
    auto* site = static_cast<SendSite*>(node);
    Value* nf = fp + site->temp + 1;
    evaluate_operands<N>(site, fp, nf);
    return send_any(site, nf);
}

// Arguments with *spread: they are counted as they are met.
Value send_spread(Node* node, Value* fp) {
    auto* site = static_cast<SendSite*>(node);
    Machine& vm = Machine::of(fp);
    Value* nf = fp + site->temp + 1;
    nf[0] = run(site->operands[0], fp);
    unsigned count = 0;
    ArgumentPlan plan;
    SymbolId labels[kMostArguments + 1];
    if (!evaluate_spread(vm, site, site, fp, nf, count, plan, labels)) return nf[0];
    nf[-1] = Value::raw(site);
    ShapeId shape = shape_of(nf[0]);
    if (shape == shape::kBlock && site->selector == sym::call) return enter_block(nf, count);
    const Class* cls = vm.shapes[shape].cls;
    Method* method =
        site->super_of ? lookup_after(cls, site->super_of, site->selector) : cls->lookup(site->selector);
    if (!method) return send_not_understood(vm, nf, site->selector, count, &plan);
    return call_method(vm, method, nf, count, &plan);
}

RunFunction first_run(const SendSite* site) {
    if (site->plan && site->plan->spreads) return send_spread;
    switch (site->argument_count) {
    case 0: return send_first<0>;
    case 1: return send_first<1>;
    case 2: return send_first<2>;
    case 3: return send_first<3>;
    default: return send_first<-1>;
    }
}

void linearise(const Class* cls, std::vector<const Class*>& order) {
    for (const Class* c = cls; c; c = c->superclass) {
        order.push_back(c);
        for (auto t = c->traits.rbegin(); t != c->traits.rend(); ++t) linearise(*t, order);
    }
}

} // namespace

bool reads_field_of_local(const Node* node) {
    return node->run == send_reader_to_local;
}

Value site_run_unrewritable(Node* node, Value* fp) {
    return send_polymorphic<-1>(node, fp);
}

Value send_prepared(SendSite* site, Value* nf) {
    return send_any(site, nf);
}

Method* lookup_after(const Class* receiver_class, const Class* owner, SymbolId selector) {
    std::vector<const Class*> order;
    linearise(receiver_class, order);
    bool after = false;
    for (const Class* c : order) {
        if (after)
            if (auto found = c->methods.find(selector); found != c->methods.end()) return found->second;
        if (c->itself() == owner->itself()) after = true;
    }
    return nullptr;
}

SendSite* make_send(Arena& arena, SymbolId selector, std::span<Node* const> operands,
                    const ArgumentPlan* plan) {
    auto* site = arena.make<SendSite>();
    site->test = test_from_run;
    site->selector = selector;
    site->argument_count = uint8_t(operands.size() - 1);
    site->plan = plan;
    site->operands = arena.copy(std::vector<Node*>(operands.begin(), operands.end())).data();
    if (operands[0] && operands[0]->run == run_local)
        site->receiver_slot = static_cast<LocalNode*>(operands[0])->slot;
    site->run = first_run(site);
    return site;
}

void reset_site(Node* node) {
    auto* site = static_cast<SendSite*>(node);
    site->entry = {};
    site->more_count = 0;
    site->megamorphic = false;
    if (site->run != site_run_unrewritable) site->run = first_run(site);
}

Value enter_block(Value* nf, unsigned count) {
    Value b = nf[0];
    Code* code = block_code(b);
    if (code->worker != Machine::of(nf).worker) [[unlikely]]
        code = twin_of(Machine::of(nf), code, (*b.cell())[block::kSelf]);
    if (code->ignores_arguments) {
        nf[1] = b;
    } else {
        if (count != code->parameters) [[unlikely]] {
            Machine& vm = Machine::of(nf);
            if (Value answer = arrange_block_arguments(vm, nf, count)) return answer;
            b = nf[0];
        }
        nf[code->parameters + 1] = b;
    }
    nf[0] = (*b.cell())[block::kSelf];
    return enter(code, nf);
}

} // namespace indent
