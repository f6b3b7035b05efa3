#include "ui/client/in_process.h"

namespace indent::ui {

namespace {

using protocol::Message;

constexpr size_t kSmallMessage = 256;      // what one costs besides its text
constexpr size_t kJoinedOutput = 64 << 10; // output events grow no further than this

// What counts against the bound: the texts that can be large.
size_t bytes_of(const Message& message) {
    if (auto* event = std::get_if<protocol::Event>(&message)) {
        auto* output = std::get_if<protocol::Output>(event);
        return kSmallMessage + (output ? output->text.size() : 0);
    }
    const auto& body = std::get<protocol::Reply>(message).body;
    if (auto* evaluated = std::get_if<protocol::Evaluated>(&body))
        return kSmallMessage + evaluated->text.size();
    if (auto* source = std::get_if<protocol::Source>(&body)) return kSmallMessage + source->text.size();
    return kSmallMessage;
}

protocol::Output* output_of(Message& message) {
    auto* event = std::get_if<protocol::Event>(&message);
    return event ? std::get_if<protocol::Output>(event) : nullptr;
}

} // namespace

protocol::RequestId InProcessLink::send(protocol::Request request) {
    std::lock_guard lock(mutex_);
    auto& queue = requests_[size_t(protocol::lane_of(request))];
    if (closed_ || queue.size() >= limits_.requests) return 0;
    queue.push_back({++last_id_, std::move(request)});
    requests_changed_.notify_all();
    return last_id_;
}

std::optional<Message> InProcessLink::take_locked() {
    if (messages_.empty()) return std::nullopt;
    Message message = std::move(messages_.front());
    messages_.pop_front();
    bytes_ -= bytes_of(message);
    messages_taken_.notify_all();
    return message;
}

std::optional<Message> InProcessLink::poll() {
    std::lock_guard lock(mutex_);
    return take_locked();
}

std::optional<Message> InProcessLink::wait(std::chrono::milliseconds timeout) {
    std::unique_lock lock(mutex_);
    messages_changed_.wait_for(lock, timeout, [&] { return !messages_.empty(); });
    return take_locked();
}

void InProcessLink::stop() {
    if (stop_) stop_();
}

void InProcessLink::close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    requests_[size_t(protocol::Lane::Program)].clear(); // they might run for ever
    requests_changed_.notify_all();
    messages_taken_.notify_all();
}

std::optional<protocol::RequestEnvelope> InProcessLink::next(protocol::Lane lane) {
    std::unique_lock lock(mutex_);
    auto& queue = requests_[size_t(lane)];
    requests_changed_.wait(lock, [&] { return closed_ || !queue.empty(); });
    if (queue.empty()) return std::nullopt;
    auto envelope = std::move(queue.front());
    queue.pop_front();
    return envelope;
}

void InProcessLink::deliver(Message message) {
    std::unique_lock lock(mutex_);
    // A single message that is larger than the bound passes when it is alone.
    messages_taken_.wait(lock,
                         [&] { return closed_ || messages_.empty() || bytes_ < limits_.message_bytes; });
    if (closed_) return;
    const bool was_empty = messages_.empty();
    auto* output = output_of(message);
    auto* last = was_empty ? nullptr : output_of(messages_.back());
    if (output && last && last->text.size() < kJoinedOutput) {
        last->text += output->text;
        bytes_ += output->text.size();
    } else {
        bytes_ += bytes_of(message);
        messages_.push_back(std::move(message));
    }
    messages_changed_.notify_one();
    lock.unlock();
    if (was_empty && wake_) wake_();
}

} // namespace indent::ui
