#include "image/history/patience.h"
#include "vm/os/clock.h"

namespace indent::image {

namespace {

constexpr uint64_t kSecond = 1'000'000'000;
constexpr std::chrono::milliseconds kLook(10); // at what ends it, and until it is told to end once more
constexpr size_t kStack = 256 << 10;

} // namespace

Patience::Patience(ActorSystem& actors, const std::atomic<bool>& gives_up)
    : actors_(actors), gives_up_(gives_up) {
    auto started = os::Thread::start("patience", kStack, [this] { watch(); });
    if (started)
        thread_ = std::move(started).value();
    else
        over_ = true; // nothing runs without a limit
}

Patience::~Patience() {
    {
        std::lock_guard lock(mutex_);
        ending_ = true;
    }
    changed_.notify_all();
    actors_.stop_workers();
    {
        std::lock_guard lock(mutex_);
        ended_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

std::string Patience::why() const {
    if (gives_up_) return "it was given up, as the program that has the image open ends";
    return "it does not come to an end within " + std::to_string(seconds_) + " s";
}

void Patience::begin(uint64_t seconds) {
    {
        seconds_ = seconds;
        std::lock_guard lock(mutex_);
        until_ = os::monotonic_ns() + seconds * kSecond;
    }
    changed_.notify_all();
}

void Patience::end() {
    std::lock_guard lock(mutex_);
    until_ = 0;
}

void Patience::watch() {
    std::unique_lock lock(mutex_);
    while (!ended_) {
        if (!until_ && !ending_) {
            changed_.wait(lock);
            continue;
        }
        if (ending_ || gives_up_ || os::monotonic_ns() > until_) {
            over_ = true;
            actors_.stop_main(); // whatever catches it, or does something before it goes
        }
        changed_.wait_for(lock, kLook);
    }
}

} // namespace indent::image
