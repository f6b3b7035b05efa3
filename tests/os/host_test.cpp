#include "tests/sanitizers.h"
#include "vm/os/clock.h"
#include "vm/os/memory.h"
#include "vm/os/process.h"
#include "vm/os/signals.h"
#include "vm/os/thread.h"
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <doctest/doctest.h>
#include <fstream>
#include <iterator>
#include <memory>
#include <signal.h>
#include <sstream>
#include <string>
#include <unistd.h>
#if INDENT_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#endif

using namespace indent::os;

TEST_CASE("the monotonic clock never goes back and runs while we sleep") {
    auto before = monotonic_ns();
    sleep_ns(2'000'000);
    CHECK(monotonic_ns() - before >= 2'000'000);
    CHECK(wall_ns() > 1'600'000'000'000'000'000); // after 2020
    CHECK(thread_cpu_ns() <= 3600ull * 1'000'000'000);
}

TEST_CASE("the local time's offset knows the zone and its summer time") {
    setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
    tzset();
    CHECK(utc_offset_seconds(1'705'276'800'000'000'000) == 3600); // January 2024
    CHECK(utc_offset_seconds(1'721'001'600'000'000'000) == 7200); // July 2024
    unsetenv("TZ");
    tzset();
}

TEST_CASE("a thread runs on a stack of the size asked for") {
    constexpr size_t asked = 64 * 1024 * 1024;
    size_t given = 0;
    bool reached = false;
    auto thread = Thread::start("a name longer than fifteen", asked, [&] {
        auto stack = current_stack();
        given = stack.bytes;
        auto place = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
        reached = place > stack.low && place < stack.low + stack.bytes;
    });
    REQUIRE(thread);
    CHECK(thread->joinable());
    thread->join();
    thread->join();
    CHECK_FALSE(thread->joinable());
    CHECK(given >= asked);
    CHECK(reached);
}

TEST_CASE("a thread that cannot be had is a failure") {
    auto thread = Thread::start("huge", size_t{1} << 60, [] {});
    REQUIRE_FALSE(thread);
    CHECK(thread.failure().code == "no_thread");
}

TEST_CASE("a thread is joined when its owner goes or takes another") {
    std::atomic<int> ended{0};
    {
        Thread thread;
        thread = Thread::start("one", 0, [&] { sleep_ns(1'000'000), ++ended; }).value();
        thread = Thread::start("two", 0, [&] { sleep_ns(1'000'000), ++ended; }).value();
        CHECK(ended >= 1);
    }
    CHECK(ended == 2);
}

TEST_CASE("a thread that stands back has a lower priority, and the others keep theirs") {
    auto priority = [] { // the 19th word of what Linux says of a thread, the second may have spaces
        std::ifstream file("/proc/thread-self/stat");
        std::string words((std::istreambuf_iterator<char>(file)), {});
        if (words.empty()) return -100; // another system
        std::istringstream rest(words.substr(words.rfind(')') + 1));
        std::string word;
        for (int i = 3; i <= 19; ++i) rest >> word;
        return std::stoi(word);
    };
    const int before = priority();
    int there = 0;
    auto thread = Thread::start("back", size_t(1) << 20, [&] {
        stand_back();
        there = priority();
    });
    REQUIRE(thread);
    thread->join();
    CHECK(priority() == before);
    if (before != -100 && before < 19) CHECK(there > before);
}

TEST_CASE("Ctrl-C sets the flag while it is guarded, and what was there before comes back") {
    static std::atomic<int> outer;
    outer = 0;
    auto previous = signal(SIGINT, [](int) { ++outer; });
    std::atomic<bool> flag{false};
    {
        InterruptGuard guard(flag);
        raise(SIGINT);
        CHECK(flag);
        CHECK(outer == 0);
    }
    flag = false;
    raise(SIGINT);
    CHECK_FALSE(flag);
    CHECK(outer == 1);
    std::atomic<int> bits{0};
    {
        InterruptGuard guard([](void* to) { static_cast<std::atomic<int>*>(to)->fetch_or(4); }, &bits);
        raise(SIGINT);
    }
    CHECK(bits == 4);
    signal(SIGINT, previous);
}

TEST_CASE("a write to a closed pipe fails quietly once that was asked for") {
    ignore_broken_pipes();
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    close(ends[0]);
    CHECK(write(ends[1], "x", 1) == -1);
    close(ends[1]);
}

TEST_CASE("mapped memory is aligned, zeroed, and can be given back in part") {
    constexpr size_t alignment = 1 << 20;
    auto memory = map_aligned(3 * page_bytes() - 1, alignment).value();
    CHECK(reinterpret_cast<uintptr_t>(memory.begin()) % alignment == 0);
    CHECK(memory.bytes() == 3 * page_bytes());
    CHECK(std::all_of(memory.begin(), memory.end(), [](std::byte b) { return b == std::byte{0}; }));
    std::memset(memory.begin(), 7, memory.bytes());
    memory.discard(memory.begin() + 1, 2 * page_bytes() - 1);
    CHECK(memory.begin()[0] == std::byte{7});
    CHECK(memory.begin()[page_bytes()] == std::byte{0});
    CHECK(memory.begin()[2 * page_bytes()] == std::byte{7});
    MappedMemory other = std::move(memory);
    CHECK_FALSE(memory);
    CHECK(other.begin()[0] == std::byte{7});
}

TEST_CASE("mapped memory is paid for only when touched") {
    auto before = peak_resident_bytes();
    auto memory = map_aligned(size_t{16} << 30, 1 << 21);
    REQUIRE(memory);
    *memory->begin() = std::byte{1};
    *(memory->end() - 1) = std::byte{1};
    CHECK(peak_resident_bytes() - before < 64u << 20);
}

#if INDENT_ADDRESS_SANITIZER
TEST_CASE("memory that its owner has poisoned is not poisoned for the next one there") {
    for (size_t bytes : {page_bytes(), size_t{1} << 20, size_t{1} << 30}) {
        std::byte *begin = nullptr, *end = nullptr;
        {
            auto memory = map_aligned(bytes, page_bytes()).value();
            begin = memory.begin();
            end = memory.end();
            __asan_poison_memory_region(begin, page_bytes());
            __asan_poison_memory_region(end - page_bytes(), page_bytes());
            CHECK(__asan_address_is_poisoned(begin));
        }
        CHECK_FALSE(__asan_region_is_poisoned(begin, page_bytes()));
        CHECK_FALSE(__asan_region_is_poisoned(end - page_bytes(), page_bytes()));
    }
}
#endif

TEST_CASE("memory that cannot be had is a failure") {
    for (size_t bytes : {size_t{1} << 62, ~size_t{0}, ~size_t{0} - 4096})
        CHECK(map_aligned(bytes, 4096).failure().code == "no_memory");
}

TEST_CASE("the process knows its surroundings") {
    setenv("INDENT_TEST_VALUE", "", 1);
    CHECK(environment("INDENT_TEST_VALUE").value() == "");
    unsetenv("INDENT_TEST_VALUE");
    CHECK_FALSE(environment("INDENT_TEST_VALUE").has_value());
    CHECK(processor_count() >= 1);
    CHECK(process_id() == getpid());
    CHECK(terminal_width() > 0);
    CHECK(executable_path().find("test_os") != std::string::npos);
    CHECK(working_folder().value()[0] == '/');
    CHECK(home_folder() != "");
    CHECK(physical_memory_bytes() > 1u << 20);
}
