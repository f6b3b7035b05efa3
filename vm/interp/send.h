// Sends and their inline caches.
#pragma once
#include "vm/interp/node.h"
#include <span>

namespace indent {

// What a receiver of one shape runs.
struct CacheEntry {
    enum Kind : uint8_t {
        Empty,
        CodeCall,  // parameters and arguments match one to one
        Primitive, // likewise
        Reader,    // answers a field
        General,   // arguments have to be arranged first
        Block,     // the receiver is a block and the selector is `call`
    };
    ShapeId shape = 0;
    Kind kind = Empty;
    uint32_t field = 0;
    union {
        Code* code = nullptr;
        PrimitiveFunction primitive;
    };
    Method* method = nullptr;
};

// How the arguments are written where that is not simply one after the other.
struct ArgumentPlan {
    std::span<const SymbolId> labels; // one for each argument, 0 where there is none; may be empty
    uint64_t spreads = 0;             // bit i: argument i is *spread (at most 64 arguments)
    bool trailing_block = false;      // the last argument fills the last parameter
};

inline constexpr size_t kMoreEntries = 3;

struct SendSite : Node {
    SendSite() { sort = Send; }
    SymbolId selector = 0;
    uint8_t argument_count = 0; // without the receiver
    uint8_t more_count = 0;
    bool megamorphic = false;
    uint16_t receiver_slot = 0; // where the receiver is a local
    CacheEntry entry;           // the shape met first
    CacheEntry* more = nullptr; // kMoreEntries further ones
    const ArgumentPlan* plan = nullptr;
    Class* super_of = nullptr; // super sends: the class that the method with this send belongs to
    Node** operands = nullptr; // the receiver, then the arguments
};

// Whether the node is a send without arguments to a local, which has met a class where that only answers a field.
bool reads_field_of_local(const Node* node);
// The field that such a send answers, or absent where its cache does not say: the node has to run.
inline Value field_of_local(const Node* node, Value* fp) {
    auto* site = static_cast<const SendSite*>(node);
    Value receiver = fp[site->receiver_slot];
    if (!has_shape(receiver, site->entry.shape) || site->entry.kind != CacheEntry::Reader) [[unlikely]]
        return Value();
    return (*receiver.cell())[site->entry.field];
}

// Runs `selector` of what stands in nf[0] with arguments in nf[1 …]; nf = fp + site->temp + 1.
Value send_prepared(SendSite* site, Value* nf);

// Enters code whose frame is filled from nf[0] to its parameters. nf[-1] must be set.
Value enter_slowly(Code* code, Value* nf);
inline Value enter(Code* code, Value* nf) {
    Mutator& vm = Mutator::of(nf);
    if (nf + code->frame_words > vm.limit() ||
        static_cast<char*>(__builtin_frame_address(0)) < static_cast<Machine&>(vm).native_limit) [[unlikely]]
        return enter_slowly(code, nf);
    return code->body->run(code->body, nf);
}

// A block in nf[0] with `count` arguments behind it. nf[-1] must be set.
Value enter_block(Value* nf, unsigned count);

// A method with nf[0] as self and `count` arguments behind it; arranges them by the plan (may be null).
Value call_method(Machine& vm, Method* method, Value* nf, unsigned count, const ArgumentPlan* plan);
// The method that `super.selector` runs: the next after `owner` in the lookup order of the receiver's class.
Method* lookup_after(const Class* receiver_class, const Class* owner, SymbolId selector);

// (maker.h)
Code* twin_of(Machine& vm, Code* block, Value self);
// The executable tree of a method, made now if it is not there yet.
Code* code_of(Machine& vm, Method* method);

// The name that a call site calls, or 0.
SymbolId selector_of(const Node* node);

// Sends that node makers build; operands[0] is the receiver.
SendSite* make_send(Arena& arena, SymbolId selector, std::span<Node* const> operands,
                    const ArgumentPlan* plan);
// Empties the caches of all sites (a method dictionary has changed).
void flush_caches(Runtime& runtime);

} // namespace indent
