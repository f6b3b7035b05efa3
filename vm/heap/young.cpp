#include "vm/heap/young.h"
#include "vm/heap/poison.h"
#include <algorithm>

namespace indent {

Young::Young(Mutator& m, const HeapOptions& options)
    : mutator(m), collect_always(options.collect_always), nursery(options.nursery_bytes),
      in_use(std::min(options.first_nursery_bytes, nursery.bytes())), from(nursery.begin()) {
    if (!nursery) throw OutOfMemory{options.nursery_bytes};
    assert(m.stack_base && m.stack_true_end && !m.young);
    m.young = this;
    m.stack_end = m.stack_limit = m.stack_base;
    for (size_t i = 0; i < kStackSlack; ++i) m.stack_base[i] = Value();
    m.nursery_next = m.nursery_end = nursery.begin();
    take_back();
}

void Young::clear_stack() {
    for (size_t i = 0; i < kStackSlack; ++i) mutator.stack_base[i] = Value();
    Value* old_end = mutator.stack_end;
    mutator.stack_end = mutator.stack_base;
    mutator.limit_moved(old_end);
}

Young::~Young() {
    mutator.young = nullptr;
    mutator.nursery_next = mutator.nursery_end = nullptr;
}

// Collecting always, the nursery is full at all times, and goes on behind the cells that it has lost before it begins
// again at its front: addresses kept by mistake lead to memory that nobody may touch for as long as possible.
void Young::take_back() {
    std::byte* used_to = mutator.nursery_next;
    if (collect_always) {
        if (from < used_to) {
            allow(from, size_t(used_to - from));
            spoil(from, size_t(used_to - from));
        }
        forbid(nursery.begin(), nursery.bytes());
        from = mutator.nursery_next = mutator.nursery_end = used_to;
        return;
    }
    if (INDENT_ADDRESS_SANITIZER && from < used_to) spoil(from, size_t(used_to - from));
    allow(nursery.begin(), nursery.bytes());
    from = mutator.nursery_next = nursery.begin();
    mutator.nursery_end = nursery.begin() + in_use;
}

// What survives is copied, and most of it dies soon after: a nursery that is larger gives it time to die before. Where
// little survives, a small one stays in the processor's cache.
void Young::grow(size_t survived) {
    if (survived < in_use / 8 || in_use >= nursery.bytes()) return;
    in_use = std::min(2 * in_use, nursery.bytes());
    if (!collect_always) mutator.nursery_end = nursery.begin() + in_use;
}

void Young::set_collect_always(bool on) {
    if (collect_always == on) return;
    collect_always = on;
    if (on) {
        forbid(mutator.nursery_next, size_t(nursery.end() - mutator.nursery_next));
        mutator.nursery_end = mutator.nursery_next; // what is there now is collected by the next allocation
    } else {
        // It may have gone on behind the part that is in use.
        allow(mutator.nursery_next, size_t(nursery.end() - mutator.nursery_next));
        if (mutator.nursery_next > nursery.begin() + in_use) in_use = nursery.bytes();
        mutator.nursery_end = nursery.begin() + in_use;
    }
}

} // namespace indent
