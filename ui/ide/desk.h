// The texts that the image keeps for a person: workspaces, drafts, the layout. Changes are sent a moment after they
// are made, so that quick typing is one write and not thirty.
#pragma once
#include "ui/ide/talk.h"
#include <chrono>
#include <map>
#include <optional>
#include <string>

namespace indent::ide {

class Desk {
  public:
    explicit Desk(Talk& talk) : talk_(talk) {}

    // Asks for what the image has; `loaded` is called when it came.
    void load(std::function<void()> loaded);
    bool is_loaded() const { return loaded_; }

    const std::string* find(const std::string& key) const;
    void put(const std::string& key, std::string text);
    void forget(const std::string& key);

    // Sends what has waited long enough, or everything.
    void send(bool everything);
    // Seconds until something is to be sent; nothing where nothing waits.
    std::optional<double> due() const;

  private:
    using Clock = std::chrono::steady_clock;
    Talk& talk_;
    bool loaded_ = false;
    std::map<std::string, std::string> texts_;
    std::map<std::string, Clock::time_point> changed_;
};

} // namespace indent::ide
