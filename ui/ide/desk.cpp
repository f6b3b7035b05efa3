#include "ui/ide/desk.h"

namespace indent::ide {

namespace {
constexpr std::chrono::milliseconds kDelay{120};
}

void Desk::load(std::function<void()> loaded) {
    talk_.ask(protocol::LoadDesk{}, [this, loaded](const protocol::Reply& reply) {
        if (auto* desk = std::get_if<protocol::Desk>(&reply.body)) texts_ = desk->texts;
        loaded_ = true;
        loaded();
    });
}

const std::string* Desk::find(const std::string& key) const {
    auto found = texts_.find(key);
    return found == texts_.end() ? nullptr : &found->second;
}

// The first change of several starts the clock, so that one who types without a pause is saved too.
void Desk::put(const std::string& key, std::string text) {
    auto found = texts_.find(key);
    if (found != texts_.end() && found->second == text) return;
    texts_[key] = std::move(text);
    changed_.emplace(key, Clock::now() + kDelay);
}

void Desk::forget(const std::string& key) {
    if (texts_.erase(key) > 0) changed_.emplace(key, Clock::now());
}

void Desk::send(bool everything) {
    const auto now = Clock::now();
    std::erase_if(changed_, [&](const auto& change) {
        if (!everything && change.second > now) return false;
        protocol::SaveDesk save{change.first};
        if (auto* text = find(change.first)) save.text = *text;
        return talk_.ask(std::move(save)); // else it is tried again
    });
}

std::optional<double> Desk::due() const {
    if (changed_.empty()) return std::nullopt;
    auto first = changed_.begin()->second;
    for (const auto& change : changed_) first = std::min(first, change.second);
    return std::max(0.005, std::chrono::duration<double>(first - Clock::now()).count());
}

} // namespace indent::ide
