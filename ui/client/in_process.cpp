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
    if (auto* all = std::get_if<protocol::Definitions>(&body))
        return kSmallMessage + all->definitions.size() * kSmallMessage;
    if (auto* desk = std::get_if<protocol::Desk>(&body)) {
        size_t bytes = kSmallMessage;
        for (const auto& text : desk->texts) bytes += text.first.size() + text.second.size();
        return bytes;
    }
    return kSmallMessage;
}

bool is_evaluation(const protocol::Request& request) {
    return std::holds_alternative<protocol::Evaluate>(request) ||
           std::holds_alternative<protocol::EvaluateInFrame>(request);
}

protocol::Output* output_of(Message& message) {
    auto* event = std::get_if<protocol::Event>(&message);
    return event ? std::get_if<protocol::Output>(event) : nullptr;
}

} // namespace

// ---- queues

std::optional<Message> InProcessLink::Queue::take() {
    if (messages.empty()) return std::nullopt;
    Message message = std::move(messages.front());
    messages.pop_front();
    bytes -= bytes_of(message);
    return message;
}

bool InProcessLink::Queue::add(Message message) {
    const bool was_empty = messages.empty();
    auto* output = output_of(message);
    auto* last = was_empty ? nullptr : output_of(messages.back());
    if (output && last && last->text.size() < kJoinedOutput) {
        last->text += output->text;
        bytes += output->text.size();
    } else {
        bytes += bytes_of(message);
        messages.push_back(std::move(message));
    }
    return was_empty;
}

// ---- the first face

protocol::RequestId InProcessLink::send(protocol::Request request) {
    return send_from(nullptr, std::move(request));
}

protocol::RequestId InProcessLink::send_from(Guest* guest, protocol::Request request) {
    std::lock_guard lock(mutex_);
    auto& queue = requests_[size_t(protocol::lane_of(request))];
    if (closed_ || queue.size() >= limits_.requests) return 0;
    queue.push_back({++last_id_, std::move(request)});
    if (guest) asked_[last_id_] = guest;
    requests_changed_.notify_all();
    if (wanted_ && !requests_[size_t(protocol::Lane::Program)].empty()) wanted_();
    return last_id_;
}

std::optional<Message> InProcessLink::take_locked() {
    auto message = messages_.take();
    if (message) messages_taken_.notify_all();
    return message;
}

std::optional<Message> InProcessLink::poll() {
    std::lock_guard lock(mutex_);
    return take_locked();
}

std::optional<Message> InProcessLink::wait(std::chrono::milliseconds timeout) {
    std::unique_lock lock(mutex_);
    messages_changed_.wait_for(lock, timeout, [&] { return !messages_.messages.empty(); });
    return take_locked();
}

void InProcessLink::stop() {
    if (stop_) stop_();
}

void InProcessLink::close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    for (const protocol::Lane lane : {protocol::Lane::Program, protocol::Lane::Past})
        requests_[size_t(lane)].clear(); // they might run long, or for ever
    requests_changed_.notify_all();
    if (wanted_) wanted_();
    messages_taken_.notify_all();
}

std::optional<protocol::RequestEnvelope> InProcessLink::next(protocol::Lane lane) {
    std::unique_lock lock(mutex_);
    requests_changed_.wait(lock, [&] { return closed_ || !requests_[size_t(lane)].empty(); });
    return next_locked(lane);
}

std::optional<protocol::RequestEnvelope> InProcessLink::next_at_once(protocol::Lane lane) {
    std::lock_guard lock(mutex_);
    return next_locked(lane);
}

bool InProcessLink::is_open() {
    std::lock_guard lock(mutex_);
    return !closed_;
}

std::optional<protocol::RequestEnvelope> InProcessLink::next_locked(protocol::Lane lane) {
    auto& queue = requests_[size_t(lane)];
    if (queue.empty()) return std::nullopt;
    auto envelope = std::move(queue.front());
    queue.pop_front();
    if (lane == protocol::Lane::Program) begun_ = envelope.id, evaluates_ = is_evaluation(envelope.request);
    return envelope;
}

void InProcessLink::deliver(Message message) {
    std::unique_lock lock(mutex_);
    if (answers_guest(message)) return;
    if (auto* event = std::get_if<protocol::Event>(&message)) {
        tell_guests(*event);
        auto* busy = std::get_if<protocol::Busy>(event);
        if (busy) stop_what_nobody_wants_locked(); // who asked for it may have gone just before
        if (busy && asked_.count(busy->request)) busy->request = 0;
    }
    // A single message that is larger than the bound passes when it is alone.
    messages_taken_.wait(lock, [&] {
        return closed_ || messages_.messages.empty() || messages_.bytes < limits_.message_bytes;
    });
    if (closed_) return;
    const bool was_empty = messages_.add(std::move(message));
    messages_changed_.notify_all();
    lock.unlock();
    if (was_empty && wake_) wake_();
}

// ---- further faces

bool InProcessLink::answers_guest(Message& message) {
    auto* reply = std::get_if<protocol::Reply>(&message);
    auto asked = reply ? asked_.find(reply->id) : asked_.end();
    if (asked == asked_.end()) return false;
    Guest* guest = asked->second;
    asked_.erase(asked);
    if (guest) guest->add_locked(std::move(message));
    return true;
}

void InProcessLink::tell_guests(const protocol::Event& event) {
    for (Guest* guest : guests_) {
        protocol::Event own = event;
        if (auto* busy = std::get_if<protocol::Busy>(&own)) {
            auto asked = asked_.find(busy->request);
            if (asked == asked_.end() || asked->second != guest) busy->request = 0;
        }
        guest->add_locked(std::move(own));
    }
}

std::unique_ptr<InProcessLink::Guest> InProcessLink::join(size_t message_bytes, std::function<void()> wake) {
    std::unique_ptr<Guest> guest(new Guest(*this, message_bytes, std::move(wake)));
    std::lock_guard lock(mutex_);
    guests_.push_back(guest.get());
    return guest;
}

InProcessLink::Guest::~Guest() {
    std::lock_guard lock(link_.mutex_);
    link_.forget_locked(*this);
}

void InProcessLink::forget_locked(Guest& guest) {
    std::erase(guests_, &guest);
    auto& waiting = requests_[size_t(protocol::Lane::Program)];
    std::erase_if(waiting, [&](const auto& envelope) {
        auto asked = asked_.find(envelope.id);
        if (asked == asked_.end() || asked->second != &guest || !is_evaluation(envelope.request))
            return false;
        asked_.erase(asked);
        return true;
    });
    for (auto& asked : asked_)
        if (asked.second == &guest) asked.second = nullptr;
    stop_what_nobody_wants_locked();
}

// What has been taken from the queue and does not run yet is stopped when it says that it does (Busy).
void InProcessLink::stop_what_nobody_wants_locked() {
    auto asked = asked_.find(begun_);
    if (evaluates_ && stop_ && asked != asked_.end() && !asked->second) stop_();
}

protocol::RequestId InProcessLink::Guest::send(protocol::Request request) {
    return link_.send_from(this, std::move(request));
}

void InProcessLink::Guest::add_locked(Message message) {
    if (cut_off_) return;
    bool wakes = messages_.add(std::move(message));
    if (messages_.bytes > most_bytes_ && messages_.messages.size() > 1) {
        cut_off_ = wakes = true;
        messages_ = {};
    }
    link_.messages_changed_.notify_all();
    if (wakes && wake_) wake_();
}

std::optional<Message> InProcessLink::Guest::poll() {
    std::lock_guard lock(link_.mutex_);
    return messages_.take();
}

std::optional<Message> InProcessLink::Guest::wait(std::chrono::milliseconds timeout) {
    std::unique_lock lock(link_.mutex_);
    link_.messages_changed_.wait_for(lock, timeout, [&] { return !messages_.messages.empty() || cut_off_; });
    return messages_.take();
}

bool InProcessLink::Guest::is_cut_off() const {
    std::lock_guard lock(link_.mutex_);
    return cut_off_;
}

} // namespace indent::ui
