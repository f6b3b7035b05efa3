#include "vm/os/thread.h"
#include <algorithm>
#include <limits.h>
#include <memory>
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <system_error>
#include <thread>
#include <utility>

namespace indent::os {

struct Thread::State {
    pthread_t handle{};
    std::string name;
    std::function<void()> body;

    static void* run(void* self) {
        auto* state = static_cast<State*>(self);
        std::string shown = state->name.substr(0, 15); // what Linux takes
#ifdef __APPLE__
        pthread_setname_np(shown.c_str());
#else
        pthread_setname_np(pthread_self(), shown.c_str());
#endif
        state->body();
        return nullptr;
    }
};

Result<Thread> Thread::start(std::string name, size_t stack_bytes, std::function<void()> body) {
    auto state = std::make_unique<State>();
    state->name = std::move(name);
    state->body = std::move(body);

    constexpr size_t page = 64 * 1024; // a multiple of every page size in use
    stack_bytes = std::max<size_t>(stack_bytes, PTHREAD_STACK_MIN);
    stack_bytes = (stack_bytes + page - 1) / page * page;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    int error = pthread_attr_setstacksize(&attributes, stack_bytes);
    if (!error) error = pthread_create(&state->handle, &attributes, State::run, state.get());
    pthread_attr_destroy(&attributes);
    if (error)
        return Failure{"no_thread", "cannot start a thread with a stack of " + std::to_string(stack_bytes) +
                                        " bytes: " + std::generic_category().message(error)};
    return Thread(state.release());
}

Thread::Thread(Thread&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}

Thread& Thread::operator=(Thread&& other) noexcept {
    if (this != &other) {
        join();
        state_ = std::exchange(other.state_, nullptr);
    }
    return *this;
}

Thread::~Thread() {
    join();
}

void Thread::join() {
    if (!state_) return;
    pthread_join(state_->handle, nullptr);
    delete std::exchange(state_, nullptr);
}

void stand_back() {
#ifdef __linux__
    constexpr int kBy = 5; // a third of the others' share
    setpriority(PRIO_PROCESS, 0,
                std::min(19, getpriority(PRIO_PROCESS, 0) + kBy)); // there: of this thread alone
#endif
}

uint32_t processors() {
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return uint32_t(std::max(1, CPU_COUNT(&set)));
#endif
    return std::max(1u, std::thread::hardware_concurrency());
}

StackBounds current_stack() {
    StackBounds bounds;
#ifdef __APPLE__
    bounds.bytes = pthread_get_stacksize_np(pthread_self());
    bounds.low = reinterpret_cast<uintptr_t>(pthread_get_stackaddr_np(pthread_self())) - bounds.bytes;
#else
    pthread_attr_t attributes;
    if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
        void* low = nullptr;
        pthread_attr_getstack(&attributes, &low, &bounds.bytes);
        bounds.low = reinterpret_cast<uintptr_t>(low);
        pthread_attr_destroy(&attributes);
    }
#endif
    return bounds;
}

} // namespace indent::os
