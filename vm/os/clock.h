// Time from the host. Callers that serve a program's clock go through the effect port, not here.
#pragma once
#include <cstdint>

namespace indent::os {

constexpr uint64_t kMillisecond = 1'000'000; // ns

// Nanoseconds that never go back; the zero means nothing. For durations and deadlines.
uint64_t monotonic_ns();

// Nanoseconds since 1970-01-01 00:00 UTC; may jump when the host's clock is set.
int64_t wall_ns();

// Processor time that the calling thread has used.
uint64_t thread_cpu_ns();

// Seconds to add to UTC for the local time of the host at that moment (its zone, summer time included).
int utc_offset_seconds(int64_t wall_ns);

// Returns after this time, or earlier when a signal (Ctrl-C) came, so that the caller can poll its flag.
void sleep_ns(uint64_t nanoseconds);

} // namespace indent::os
