// The clocks, and waiting.
#include "vm/interp/actor_port.h"
#include "vm/os/clock.h"
#include "vm/prims/number_arguments.h"
#include "vm/prims/number_tables.h"
#include <algorithm>
#include <cmath>

namespace indent {

namespace {

// Nanoseconds since the beginning of 1970.
Value time_now(Machine& vm, Value* args) {
    return vm.integer(os::wall_ns(), args);
}

Value time_monotonic(Machine& vm, Value*) {
    return Value::floating(double(vm.actors ? vm.actors->now() : os::monotonic_ns()) * 1e-9);
}

// Seconds that local time is ahead of UTC at a moment, given in seconds since the beginning of 1970.
Value time_offset(Machine& vm, Value* args) {
    constexpr int64_t kFarthest = int64_t(1) << 33; // beyond it nobody knows the rules
    if (!is_any_integer(args[1])) return vm.wrong_type(args, 1, "an Integer");
    int64_t seconds = args[1].is_integer()           ? args[1].as_integer()
                      : integer_is_negative(args[1]) ? -kFarthest
                                                     : kFarthest;
    seconds = std::clamp(seconds, -kFarthest, kFarthest);
    return Value::integer(os::utc_offset_seconds(seconds * 1'000'000'000));
}

// In slices, so that Stop is heard.
Value sleep_seconds(Machine& vm, Value* args) {
    double seconds;
    Value resumed;
    if (!float_argument(vm, args, 1, seconds, resumed)) return resumed;
    if (std::isnan(seconds)) return vm.wrong_type(args, 1, "a Number of seconds");
    if (vm.actors) {
        vm.actors->sleep(vm, seconds <= 0 ? 0 : uint64_t(std::min(seconds * 1e9, 1e18)), args);
        return Value::nil();
    }
    constexpr uint64_t kSlice = 10'000'000;
    uint64_t begin = os::monotonic_ns();
    double wanted = seconds * 1e9;
    for (;;) {
        vm.poll(args);
        double left = wanted - double(os::monotonic_ns() - begin);
        if (!(left > 0)) return Value::nil();
        os::sleep_ns(left < double(kSlice) ? uint64_t(std::ceil(left)) : kSlice);
    }
}

constexpr PrimitiveRow kTimeRows[] = {
    {"_time_now", 0, time_now, Effect::Input},
    {"_time_offset", 1, time_offset, Effect::Input},
    {"_sleep_seconds", 1, sleep_seconds, Effect::Input},
};
constexpr PrimitiveRow kTimeClassRows[] = {{"monotonic", 0, time_monotonic, Effect::Input}};

} // namespace

PrimitiveTable time_primitives() {
    return {"", kTimeRows};
}
PrimitiveTable time_class_primitives() {
    return {"Time class", kTimeClassRows};
}

} // namespace indent
