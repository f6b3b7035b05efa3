#include "image/history/literals.h"
#include "image/history/values.h"
#include "vm/interp/protected_run.h"

namespace indent::image {

namespace {

constexpr size_t kMost = 10'000; // bytes that a person still reads in a test

Literal too_large() {
    return {"", "is too large for a test, with more than " + std::to_string(kMost) +
                    " bytes as text; write one by hand that begins with less"};
}

} // namespace

Literal Literals::of(Value value) {
    if (!value) return {"nil", ""};
    if (show(actors_, value, kMost).is_cut) return too_large();
    Literal made;
    if (!patience_.is_over()) {
        const Parcel::Pointer copy = Parcel::pack_whole(actors_.main_machine(), &value, 1);
        const Patience::Run limit(patience_);
        actors_.run_main([&](Machine& vm) {
            const bool denied = std::exchange(vm.effects_denied, true);
            const RunResult result = run_protected(vm, [&](Value* args) {
                if (!Heap::raise_stack(vm, args + 1 + 2 * kPrimitiveFrame)) return Value::nil();
                copy->copy_out(vm, args, args + 1);
                made.text = vm.inspect(args[0], args + 1);
                return Value::nil();
            });
            vm.effects_denied = denied;
            vm.inner->uncaught = {};
            if (!result.ok) made.why_not = "has no literal form: its `inspect` fails";
            vm.heap->rollback();
            return false;
        });
    }
    if (patience_.is_over())
        made.why_not = "has no literal form that is known: its `inspect` was ended, as " + patience_.why();
    else if (made.text.size() > kMost)
        return too_large();
    return made;
}

} // namespace indent::image
