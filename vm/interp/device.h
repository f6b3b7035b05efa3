// What the host keeps open for a program (a file): known to it by a number, which is never used again, so that a
// handle may be frozen, shared and kept although its device can be closed. One thread at a time.
#pragma once
#include <cstdint>
#include <memory>
#include <unordered_map>

namespace indent {

class Device {
  public:
    virtual ~Device() = default; // closes
};

class DeviceTable {
  public:
    uint64_t add(std::unique_ptr<Device> device) {
        devices_.emplace(++last_, std::move(device));
        return last_;
    }
    // Null: closed, or there never was one.
    Device* find(uint64_t number) const {
        auto found = devices_.find(number);
        return found == devices_.end() ? nullptr : found->second.get();
    }
    void close(uint64_t number) { devices_.erase(number); }

  private:
    std::unordered_map<uint64_t, std::unique_ptr<Device>> devices_;
    uint64_t last_ = 0;
};

} // namespace indent
