#include "vm/os/clock.h"
#include <time.h>

namespace indent::os {
namespace {

int64_t read_clock(clockid_t which) {
    timespec now{};
    clock_gettime(which, &now);
    return static_cast<int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

} // namespace

uint64_t monotonic_ns() {
    return static_cast<uint64_t>(read_clock(CLOCK_MONOTONIC));
}

int64_t wall_ns() {
    return read_clock(CLOCK_REALTIME);
}

uint64_t thread_cpu_ns() {
    return static_cast<uint64_t>(read_clock(CLOCK_THREAD_CPUTIME_ID));
}

int utc_offset_seconds(int64_t wall_ns) {
    time_t seconds = static_cast<time_t>(wall_ns / 1'000'000'000);
    tm local{};
    if (!localtime_r(&seconds, &local)) return 0;
    return static_cast<int>(local.tm_gmtoff);
}

void sleep_ns(uint64_t nanoseconds) {
    timespec time{};
    time.tv_sec = static_cast<time_t>(nanoseconds / 1'000'000'000);
    time.tv_nsec = static_cast<long>(nanoseconds % 1'000'000'000);
    nanosleep(&time, nullptr);
}

} // namespace indent::os
