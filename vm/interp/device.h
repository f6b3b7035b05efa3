// What the host keeps open for a program (a file, another program): known to it by a number, which is never used
// again, so that a handle may be frozen, shared and kept although its device can be closed. A device belongs to the
// actor that opened it: it is closed when that actor ends or begins anew, and when the turn that opened it fails.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

namespace indent {

class Device {
  public:
    virtual ~Device() = default; // closes
    std::mutex mutex; // of who uses it: for one operation, and never where another turn may run meanwhile
};

// Any thread.
class DeviceTable {
  public:
    struct Owner {
        uint64_t actor = 0;
        uint64_t turn = 0; // which of its turns
    };
    // Numbers from here on. Those of another run of the same image must not come again.
    void begin_after(uint64_t number) { last_ = number; }
    // For a handle that needs no device: a number that no other has.
    uint64_t take_number() {
        std::lock_guard lock(mutex_);
        return ++last_;
    }
    uint64_t add(std::shared_ptr<Device> device, Owner owner) {
        std::lock_guard lock(mutex_);
        devices_.emplace(++last_, Entry{std::move(device), owner});
        by_owner_.emplace(owner.actor, last_);
        count_.store(devices_.size(), std::memory_order_relaxed);
        return last_;
    }
    // Null: closed, or there never was one. Who holds the answer may use it although somebody else closes it.
    std::shared_ptr<Device> find(uint64_t number) const {
        std::lock_guard lock(mutex_);
        auto found = devices_.find(number);
        return found == devices_.end() ? nullptr : found->second.device;
    }
    void close(uint64_t number) {
        std::shared_ptr<Device> closing; // after the lock: what it waits for is its own affair
        std::lock_guard lock(mutex_);
        closing = take(number);
    }
    // Closes what the actor has opened in this turn and later.
    void close_those_of(Owner owner) {
        if (count_.load(std::memory_order_relaxed) == 0) return;
        std::vector<std::shared_ptr<Device>> closing;
        {
            std::lock_guard lock(mutex_);
            for (auto at = by_owner_.lower_bound({owner.actor, 0});
                 at != by_owner_.end() && at->first == owner.actor;) {
                const uint64_t number = (at++)->second;
                if (devices_.at(number).owner.turn >= owner.turn) closing.push_back(take(number));
            }
        }
        while (!closing.empty()) closing.pop_back(); // the last that was opened first
    }
    size_t size() const { return count_.load(std::memory_order_relaxed); }

  private:
    struct Entry {
        std::shared_ptr<Device> device;
        Owner owner;
    };
    std::shared_ptr<Device> take(uint64_t number) {
        auto found = devices_.find(number);
        if (found == devices_.end()) return nullptr;
        std::shared_ptr<Device> device = std::move(found->second.device);
        by_owner_.erase({found->second.owner.actor, number});
        devices_.erase(found);
        count_.store(devices_.size(), std::memory_order_relaxed);
        return device;
    }
    mutable std::mutex mutex_;
    std::unordered_map<uint64_t, Entry> devices_;
    std::set<std::pair<uint64_t, uint64_t>> by_owner_; // actor and number
    std::atomic<size_t> count_ = 0;
    uint64_t last_ = 0;
};

} // namespace indent
