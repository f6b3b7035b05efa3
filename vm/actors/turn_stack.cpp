// Switching is Boost.Context's (a dozen instructions); cutting out and putting back is a copy. Three things more than
// the bytes belong to a turn: the exceptions that its frames are handling, which the C++ runtime keeps by thread; what
// AddressSanitizer knows of the bytes; and ThreadSanitizer's idea of who runs.
#include "vm/actors/turn_stack.h"
#include "vm/os/sanitizers.h"
#include <algorithm>
#include <boost/context/detail/fcontext.hpp>
#include <cassert>
#include <cstdint>
#include <cstring>
#include <cxxabi.h>
#include <utility>

#if INDENT_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if INDENT_THREAD_SANITIZER
#include <sanitizer/tsan_interface.h>
#endif

#if INDENT_ADDRESS_SANITIZER
// Frames are copied away and back: they have to lie on the stack, not where this check would put them.
extern "C" const char* __asan_default_options() {
    return "detect_stack_use_after_return=0";
}
#endif

namespace indent {

namespace context = boost::context::detail;

namespace {

#if INDENT_ADDRESS_SANITIZER
#define INDENT_NO_ASAN __attribute__((no_sanitize("address")))
// One byte of shadow says what eight bytes are.
std::byte* shadow_of(const void* address) {
    size_t scale, offset;
    __asan_get_shadow_mapping(&scale, &offset);
    return reinterpret_cast<std::byte*>((reinterpret_cast<uintptr_t>(address) >> scale) + offset);
}
#else
#define INDENT_NO_ASAN
#endif

// The frames that are copied have parts that nobody may touch: no function that looks.
INDENT_NO_ASAN void copy_words(void* to, const void* from, size_t bytes) {
#if INDENT_ADDRESS_SANITIZER
    auto* target = static_cast<volatile uint64_t*>(to);
    auto* source = static_cast<const volatile uint64_t*>(from);
    for (size_t i = 0; i < bytes / 8; ++i) target[i] = source[i];
#else
    std::memcpy(to, from, bytes);
#endif
}

#if INDENT_ADDRESS_SANITIZER
constexpr size_t kMarkedBeneath = size_t(1) << 20; // bytes
INDENT_NO_ASAN void copy_shadow(void* to, const void* from, size_t bytes) {
    auto* target = static_cast<volatile uint8_t*>(to);
    auto* source = static_cast<const volatile uint8_t*>(from);
    for (size_t i = 0; i < bytes; ++i) target[i] = source[i];
}
#endif

constexpr size_t kKeptPages = size_t(1) << 20; // of a stack that was deep, the rest goes back to the system
constexpr size_t kRoomTooMuch = 2;             // times what is needed: such a used cut gets new room

} // namespace

Result<std::unique_ptr<TurnStack>> TurnStack::make(size_t bytes) {
    auto memory = os::map_aligned(bytes, 4096);
    if (!memory) return std::move(memory).failure();
    std::unique_ptr<TurnStack> stack(new TurnStack);
    stack->memory_ = std::move(memory).value();
    return stack;
}

TurnStack::~TurnStack() {
#if INDENT_THREAD_SANITIZER
    if (inside_fiber_) __tsan_destroy_fiber(inside_fiber_);
#endif
}

void begin_on_turn_stack(void* itself) {
    auto* stack = static_cast<TurnStack*>(itself);
    stack->begun();
    stack->body_(stack->body_context_);
    stack->ended();
}

namespace {
void enter_context(context::transfer_t from) {
    // The one who waits outside came with the address of his place.
    auto* places = static_cast<void**>(from.data);
    *static_cast<void**>(places[0]) = from.fctx;
    begin_on_turn_stack(places[1]);
}
} // namespace

void TurnStack::begun() {
#if INDENT_ADDRESS_SANITIZER
    __sanitizer_finish_switch_fiber(nullptr, &outside_bottom_, &outside_size_);
#endif
}

bool TurnStack::run(void (*body)(void*), void* body_context) {
    body_ = body;
    body_context_ = body_context;
#if INDENT_THREAD_SANITIZER
    if (!inside_fiber_) inside_fiber_ = __tsan_create_fiber(0);
#endif
    return switch_to(context::make_fcontext(memory_.end(), memory_.bytes(), enter_context));
}

bool TurnStack::switch_to(void* to) {
    done_ = false;
    void* places[2] = {&outside_, this};
#if INDENT_THREAD_SANITIZER
    outside_fiber_ = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(inside_fiber_, 0);
#endif
#if INDENT_ADDRESS_SANITIZER
    __sanitizer_start_switch_fiber(&outside_fake_, memory_.begin(), memory_.bytes());
#endif
    context::transfer_t back = context::jump_fcontext(to, places);
#if INDENT_ADDRESS_SANITIZER
    __sanitizer_finish_switch_fiber(outside_fake_, nullptr, nullptr);
#endif
    inside_ = back.fctx;
    return done_;
}

void TurnStack::pause() {
#if INDENT_ADDRESS_SANITIZER
    void* fake = nullptr;
    __sanitizer_start_switch_fiber(&fake, outside_bottom_, outside_size_);
#endif
#if INDENT_THREAD_SANITIZER
    __tsan_switch_to_fiber(outside_fiber_, 0);
#endif
    context::transfer_t back = context::jump_fcontext(outside_, nullptr);
    outside_ = back.fctx;
#if INDENT_ADDRESS_SANITIZER
    __sanitizer_finish_switch_fiber(fake, &outside_bottom_, &outside_size_);
#endif
}

void TurnStack::ended() {
    done_ = true;
#if INDENT_ADDRESS_SANITIZER
    __sanitizer_start_switch_fiber(nullptr, outside_bottom_, outside_size_);
#endif
#if INDENT_THREAD_SANITIZER
    __tsan_switch_to_fiber(outside_fiber_, 0);
#endif
    context::jump_fcontext(outside_, nullptr);
    __builtin_unreachable();
}

void TurnStack::cut(Cut& cut) {
    assert(!done_ && inside_);
    auto* from = static_cast<std::byte*>(inside_);
    cut.context = inside_;
    cut.size = size_t(memory_.end() - from);
    if (cut.room < cut.size || cut.room > kRoomTooMuch * cut.size) {
        cut.bytes = std::make_unique_for_overwrite<std::byte[]>(cut.size);
        cut.room = cut.size;
    }
    copy_words(cut.bytes.get(), from, cut.size);
    auto* exceptions = reinterpret_cast<void**>(abi::__cxa_get_globals());
    std::memcpy(cut.exceptions, exceptions, sizeof cut.exceptions);
    std::memset(exceptions, 0, sizeof cut.exceptions);
#if INDENT_ADDRESS_SANITIZER
    cut.shadow = std::make_unique_for_overwrite<std::byte[]>(cut.size / 8);
    copy_shadow(cut.shadow.get(), shadow_of(from), cut.size / 8);
    // What lies beneath is marked too where an exception went through it. Not all of it: it may be hundreds of MB.
    const size_t beneath = std::min(kMarkedBeneath, size_t(from - memory_.begin()));
    __asan_unpoison_memory_region(from - beneath, beneath + cut.size);
#endif
#if INDENT_THREAD_SANITIZER
    cut.thread_sanitizer = inside_fiber_;
    inside_fiber_ = nullptr;
#endif
    if (cut.size > kKeptPages) memory_.discard(from, cut.size - kKeptPages);
    inside_ = nullptr;
}

void TurnStack::put_back(Cut& cut) {
    auto* to = static_cast<std::byte*>(cut.context);
    copy_words(to, cut.bytes.get(), cut.size);
#if INDENT_ADDRESS_SANITIZER
    copy_shadow(shadow_of(to), cut.shadow.get(), cut.size / 8);
#endif
#if INDENT_THREAD_SANITIZER
    if (inside_fiber_) __tsan_destroy_fiber(inside_fiber_);
    inside_fiber_ = std::exchange(cut.thread_sanitizer, nullptr);
#endif
    auto* exceptions = reinterpret_cast<void**>(abi::__cxa_get_globals());
    std::memcpy(exceptions, cut.exceptions, sizeof cut.exceptions);
    inside_ = cut.context;
    cut.context = nullptr;
}

bool TurnStack::go_on() {
    return switch_to(std::exchange(inside_, nullptr));
}

} // namespace indent
