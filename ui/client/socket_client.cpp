#include "ui/client/socket_client.h"
#include "ui/client/line_buffer.h"
#include "ui/client/served_image.h"
#include "vm/os/clock.h"
#include "vm/os/local_socket.h"
#include "vm/os/thread.h"
#include "vm/protocol/lines.h"
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>

namespace indent::ui {

using namespace protocol;

namespace {

// Sends the hello and waits for what comes of it.
Result<Welcome> be_greeted(os::LocalSocket& socket, LineBuffer& lines, const ServedAt& place, int ms) {
    const uint64_t until = os::monotonic_ns() + uint64_t(ms) * os::kMillisecond;
    std::string out = encode(Hello{kLineProtocol, place.token}) + "\n";
    const Failure silent{"no_answer",
                         "process " + std::to_string(place.process) + " does not answer at " + place.socket};
    for (;;) {
        if (!out.empty()) {
            auto sent = socket.send(out);
            out.erase(0, sent ? *sent : out.size()); // who has closed may have said why
        }
        char bytes[4096];
        auto came = socket.receive(bytes, sizeof bytes);
        if (!came) return std::move(came).failure();
        lines.add({bytes, came->bytes});
        if (auto line = lines.next()) {
            const ServerLine said = decode_server_line(*line);
            if (auto* welcome = std::get_if<Welcome>(&said)) return *welcome;
            if (auto* away = std::get_if<TurnedAway>(&said))
                return Failure{away->code == "bad_token" ? "not_served" : "turned_away",
                               place.socket + " turns us away: " + away->message};
            return Failure{"turned_away", place.socket + " answers what is no welcome"};
        }
        if (came->ended) return Failure{"not_served", place.socket + " was closed"};
        if (came->bytes > 0) continue;
        const uint64_t now = os::monotonic_ns();
        if (now >= until) return silent;
        os::Wanted wanted{socket.descriptor(), true, !out.empty()};
        os::wait_for({&wanted, 1}, int((until - now) / os::kMillisecond) + 1);
    }
}

} // namespace

struct SocketClient::State {
    State(os::LocalSocket to, os::Waker wakes, LineBuffer read, Options with)
        : socket(std::move(to)), waker(std::move(wakes)), lines(std::move(read)), options(std::move(with)) {}

    void run();
    bool read();       // false: it has ended
    bool take_lines(); // false: one is too long
    void write();
    void add(Message message, size_t bytes);

    os::LocalSocket socket;
    os::Waker waker;
    LineBuffer lines; // the thread's own
    std::string out;  // the thread's own: what is being sent
    size_t sent = 0;
    Options options;
    int64_t process = 0;
    std::atomic<bool> stop_wanted{false};
    std::atomic<bool> ending{false};
    std::mutex mutex; // of what follows
    std::condition_variable changed;
    std::string to_send;
    std::deque<std::pair<Message, size_t>> messages; // with their bytes on the socket
    size_t bytes = 0;
    RequestId last_id = 0;
    bool ended = false;
    os::Thread thread;
};

void SocketClient::State::add(Message message, size_t size) {
    std::unique_lock lock(mutex);
    const bool was_empty = messages.empty();
    messages.emplace_back(std::move(message), size);
    bytes += size;
    changed.notify_all();
    lock.unlock();
    if (was_empty && options.wake) options.wake();
}

bool SocketClient::State::read() {
    char piece[16 << 10];
    auto came = socket.receive(piece, sizeof piece);
    if (!came || came->ended) return false;
    lines.add({piece, came->bytes});
    return take_lines();
}

bool SocketClient::State::take_lines() {
    while (auto line = lines.next()) {
        ServerLine said = decode_server_line(*line);
        if (auto* message = std::get_if<Message>(&said))
            add(std::move(*message), line->size());
        else if (auto* away = std::get_if<TurnedAway>(&said))
            add(Event{Trouble{away->message}}, line->size());
        else if (auto* unreadable = std::get_if<Unreadable>(&said); unreadable && unreadable->id != 0)
            add(Reply{unreadable->id, Failed{unreadable->failure.code, unreadable->failure.message}},
                line->size()); // an event that we do not know is passed over
    }
    return !lines.is_too_long();
}

void SocketClient::State::write() {
    while (sent < out.size()) {
        auto n = socket.send(std::string_view(out).substr(sent));
        if (!n) { // it takes no more; what it has said is read still
            out.clear(), sent = 0;
            return;
        }
        if (*n == 0) return;
        sent += *n;
    }
    out.clear(), sent = 0;
}

void SocketClient::State::run() {
    (void)take_lines(); // that came with the welcome
    while (!ending) {
        bool full = false;
        {
            std::lock_guard lock(mutex);
            full = bytes >= options.message_bytes;
            if (out.empty()) out.swap(to_send);
        }
        if (stop_wanted.exchange(false)) out += encode(Stop{}) + "\n";
        write();
        os::Wanted wanted[] = {{waker.descriptor(), true, false},
                               {socket.descriptor(), true, sent < out.size()}};
        os::wait_for({wanted, full ? size_t(1) : size_t(2)}, -1); // full: whoever reads wakes us
        if (wanted[0].read) waker.clear();
        if (!full && wanted[1].read && !read()) break;
    }
    {
        std::lock_guard lock(mutex);
        ended = true;
    }
    add(Event{Ended{}}, 1);
}

Result<std::unique_ptr<SocketClient>> SocketClient::connect(const std::string& image, Options options) {
    auto place = find_served(image);
    if (!place) {
        if (place.failure().code == "not_found") return Failure{"not_served", place.failure().message};
        return std::move(place).failure();
    }
    auto socket = os::LocalSocket::connect(place->socket);
    if (!socket) {
        const std::string& code = socket.failure().code;
        if (code == "not_found" || code == "nobody") return Failure{"not_served", socket.failure().message};
        return std::move(socket).failure();
    }
    LineBuffer lines(kLongestLine);
    auto welcome = be_greeted(*socket, lines, *place, options.answer_ms);
    if (!welcome) return std::move(welcome).failure();
    auto waker = os::Waker::make();
    if (!waker) return std::move(waker).failure();
    auto state = std::make_unique<State>(std::move(socket).value(), std::move(waker).value(),
                                         std::move(lines), std::move(options));
    state->process = welcome->process;
    constexpr size_t kStack = size_t(1) << 20;
    auto thread = os::Thread::start("client", kStack, [s = state.get()] { s->run(); });
    if (!thread) return std::move(thread).failure();
    state->thread = std::move(thread).value();
    return std::unique_ptr<SocketClient>(new SocketClient(std::move(state)));
}

SocketClient::SocketClient(std::unique_ptr<State> state) : state_(std::move(state)) {}

SocketClient::~SocketClient() {
    state_->ending = true;
    state_->waker.wake();
    state_->thread.join();
}

RequestId SocketClient::send(Request request) {
    RequestId id = 0;
    std::string line;
    {
        std::lock_guard lock(state_->mutex);
        if (state_->ended) return 0;
        id = ++state_->last_id;
    }
    line = encode(RequestEnvelope{id, std::move(request)});
    if (line.size() > kLongestLine) {
        state_->add(
            Reply{id, Failed{"too_large", "the request has " + std::to_string(line.size()) +
                                              " bytes; a line may have " + std::to_string(kLongestLine)}},
            1);
        return id;
    }
    {
        std::lock_guard lock(state_->mutex);
        if (state_->ended || state_->to_send.size() + line.size() > state_->options.request_bytes) return 0;
        state_->to_send += line;
        state_->to_send += '\n';
    }
    state_->waker.wake();
    return id;
}

std::optional<Message> SocketClient::poll() {
    return wait(std::chrono::milliseconds(0));
}

std::optional<Message> SocketClient::wait(std::chrono::milliseconds timeout) {
    std::unique_lock lock(state_->mutex);
    state_->changed.wait_for(lock, timeout, [&] { return !state_->messages.empty(); });
    if (state_->messages.empty()) return std::nullopt;
    auto [message, size] = std::move(state_->messages.front());
    state_->messages.pop_front();
    const bool was_full = state_->bytes >= state_->options.message_bytes;
    state_->bytes -= size;
    const bool reads_on = was_full && state_->bytes < state_->options.message_bytes;
    lock.unlock();
    if (reads_on) state_->waker.wake();
    return std::move(message);
}

void SocketClient::stop() {
    state_->stop_wanted = true;
    state_->waker.wake();
}

int64_t SocketClient::process() const {
    return state_->process;
}

} // namespace indent::ui
