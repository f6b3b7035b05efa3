#include "ui/client/socket_server.h"
#include "ui/client/line_buffer.h"
#include "ui/client/served_image.h"
#include "vm/os/clock.h"
#include "vm/os/files.h"
#include "vm/os/local_socket.h"
#include "vm/os/process.h"
#include "vm/os/thread.h"
#include "vm/protocol/lines.h"
#include <algorithm>
#include <atomic>
#include <list>

namespace indent::ui {

using namespace protocol;

namespace {

constexpr size_t kPiece = 64 << 10; // read at once
constexpr int kPiecesAtOnce = 16;   // of one client before others have their turn
constexpr size_t kWrittenAhead =
    1 << 20; // bytes that are made lines before the client has read what is there

struct Connection {
    explicit Connection(os::LocalSocket from) : socket(std::move(from)) {}

    os::LocalSocket socket;
    LineBuffer lines{kLongestHello};
    std::string out;
    size_t sent = 0;                             // of out
    std::unique_ptr<InProcessLink::Guest> guest; // null: the token was not shown yet
    struct Asked {
        RequestId theirs;
        size_t bytes;
    };
    std::map<RequestId, Asked> asked; // by our ids
    size_t asked_bytes = 0;
    uint64_t hello_until = 0;
    bool ending = false; // what is in `out` is still for it, and then it is closed
    bool over = false;
    bool waits = false; // more is to be told than was made lines

    size_t unsent() const { return out.size() - sent; }
    void say(const std::string& line) {
        if (sent == out.size()) out.clear(), sent = 0;
        out += line;
        out += '\n';
    }
    void write() {
        while (!over && unsent() > 0) {
            auto n = socket.send(std::string_view(out).substr(sent));
            if (!n) {
                over = true;
                return;
            }
            if (*n == 0) return;
            sent += *n;
        }
        if (sent > kWrittenAhead) out.erase(0, sent), sent = 0;
        if (ending) over = true;
    }
};

// The longest beginning of the text of at most so many bytes that does not end within a character.
size_t whole_characters(std::string_view text, size_t most) {
    if (text.size() <= most) return text.size();
    size_t end = most;
    while (end > most - 4 && (uint8_t(text[end]) & 0xc0) == 0x80) --end;
    return end;
}

} // namespace

struct SocketServer::State {
    State(InProcessLink& to, Options with, os::LocalListener at, os::Waker wakes)
        : link(to), options(std::move(with)), listener(std::move(at)), waker(std::move(wakes)) {}

    void run();
    void take_new();
    void read(Connection& client);
    void take(Connection& client, const std::string& line);
    void greet(Connection& client, const std::string& line);
    void ask(Connection& client, RequestEnvelope request, size_t bytes);
    void tell(Connection& client);
    void tell(Connection& client, Message message);
    void turn_away(Connection& client, Failure why);
    void say_goodbye();

    InProcessLink& link;
    Options options;
    std::string path, token;
    os::LocalListener listener;
    os::Waker waker;
    std::list<Connection> clients;
    uint64_t not_before = 0; // no new clients: the system has no more descriptors for us
    std::atomic<bool> ending{false};
    os::Thread thread;
};

void SocketServer::State::run() {
    std::vector<os::Wanted> wanted;
    while (!ending) {
        const uint64_t now = os::monotonic_ns();
        uint64_t until = UINT64_MAX;
        const bool takes_new = clients.size() < options.most_clients && now >= not_before;
        if (!takes_new && clients.size() < options.most_clients) until = not_before;
        wanted.assign({{waker.descriptor(), true, false}, {listener.descriptor(), takes_new, false}});
        if (!takes_new) wanted.pop_back();
        const size_t first = wanted.size();
        for (const Connection& client : clients) {
            wanted.push_back({client.socket.descriptor(), !client.ending, client.unsent() > 0});
            if (!client.guest) until = std::min(until, client.hello_until);
        }
        const uint64_t wait = until <= now ? 0 : (until - now) / os::kMillisecond + 1;
        os::wait_for(wanted, until == UINT64_MAX ? -1 : int(std::min<uint64_t>(wait, 60'000)));
        waker.clear();
        size_t at = first;
        for (Connection& client : clients) {
            const os::Wanted& is = wanted[at++];
            if (is.read && !client.ending) read(client);
            if (!client.guest && !client.ending && os::monotonic_ns() >= client.hello_until)
                turn_away(client, {"no_hello", "no hello came in time"});
            do { // until it has all, or reads no more for now
                tell(client);
                client.write();
            } while (client.unsent() == 0 && client.waits);
        }
        if (takes_new && wanted[1].read) take_new();
        clients.remove_if([](const Connection& client) { return client.over; });
    }
    say_goodbye();
}

void SocketServer::State::take_new() {
    while (clients.size() < options.most_clients) {
        auto came = listener.accept();
        if (!came) { // it stays in the queue, so not at once again
            not_before = os::monotonic_ns() + 100 * os::kMillisecond;
            return;
        }
        if (!*came) return;
        clients.emplace_back(std::move(**came));
        clients.back().hello_until = os::monotonic_ns() + uint64_t(options.hello_ms) * os::kMillisecond;
    }
}

void SocketServer::State::read(Connection& client) {
    static thread_local char bytes[kPiece];
    for (int i = 0; i < kPiecesAtOnce && !client.ending; ++i) {
        auto came = client.socket.receive(bytes, sizeof bytes);
        if (!came || came->ended) {
            client.over = true; // what waits for it is not read any more
            return;
        }
        if (came->bytes == 0) return;
        client.lines.add({bytes, came->bytes});
        while (auto line = client.lines.next()) {
            take(client, *line);
            if (client.ending) return;
        }
        if (client.lines.is_too_long())
            return turn_away(client,
                             {"too_long", "a line has more than " +
                                              std::to_string(client.guest ? kLongestLine : kLongestHello) +
                                              " bytes"});
    }
}

void SocketServer::State::turn_away(Connection& client, Failure why) {
    client.say(encode(TurnedAway{std::move(why.code), std::move(why.message)}));
    client.ending = true;
}

void SocketServer::State::take(Connection& client, const std::string& line) {
    if (!client.guest) return greet(client, line);
    if (line.empty()) return;
    ClientLine said = decode_client_line(line);
    if (auto* request = std::get_if<RequestEnvelope>(&said))
        ask(client, std::move(*request), line.size());
    else if (std::holds_alternative<Stop>(said))
        client.guest->stop();
    else if (auto* unreadable = std::get_if<Unreadable>(&said))
        client.say(encode(
            Message(Reply{unreadable->id, Failed{unreadable->failure.code, unreadable->failure.message}})));
    else
        client.say(encode(Message(Reply{0, Failed{"unknown_kind", "the hello was said already"}})));
}

void SocketServer::State::greet(Connection& client, const std::string& line) {
    const ClientLine said = decode_client_line(line);
    auto* hello = std::get_if<Hello>(&said);
    if (!hello) {
        auto* unreadable = std::get_if<Unreadable>(&said);
        return turn_away(client, {"no_hello", "the first line must be a hello with the token" +
                                                  (unreadable ? ": " + unreadable->failure.message : "")});
    }
    if (!same_token(hello->token, token))
        return turn_away(
            client, {"bad_token", "this is not the token that " + token_file_of(options.image) + " has now"});
    if (hello->protocol != kLineProtocol)
        return turn_away(client,
                         {"other_protocol", "this program speaks protocol " + std::to_string(kLineProtocol) +
                                                ", and not " + std::to_string(hello->protocol)});
    client.lines.set_longest(kLongestLine);
    client.guest = link.join(options.most_unread, [this] { waker.wake(); });
    client.say(encode(Welcome{kLineProtocol, options.version, options.image, os::process_id()}));
}

void SocketServer::State::ask(Connection& client, RequestEnvelope request, size_t bytes) {
    auto refuse = [&](std::string why) {
        client.say(encode(Message(Reply{request.id, Failed{"busy", std::move(why)}})));
    };
    if (client.asked.size() >= options.most_asked || client.asked_bytes + bytes > options.most_asked_bytes)
        return refuse("too many requests wait already; wait for their replies");
    const RequestId theirs = request.id;
    const RequestId ours = client.guest->send(std::move(request.request));
    if (ours == 0) return refuse("the session takes no more requests now");
    client.asked[ours] = {theirs, bytes};
    client.asked_bytes += bytes;
}

void SocketServer::State::tell(Connection& client) {
    client.waits = false;
    if (!client.guest || client.ending || client.over) return;
    while (client.unsent() < kWrittenAhead) {
        auto message = client.guest->poll();
        if (!message) {
            if (client.guest->is_cut_off()) client.over = true; // it does not read, so it is not told either
            return;
        }
        tell(client, std::move(*message));
    }
    client.waits = true;
    if (client.guest->is_cut_off()) client.over = true;
}

void SocketServer::State::tell(Connection& client, Message message) {
    if (auto* reply = std::get_if<Reply>(&message)) {
        auto asked = client.asked.find(reply->id);
        if (asked != client.asked.end()) {
            client.asked_bytes -= asked->second.bytes;
            reply->id = asked->second.theirs;
            client.asked.erase(asked);
        }
        std::string line = encode(message);
        if (line.size() > kLongestLine)
            line = encode(
                Message(Reply{reply->id, Failed{"too_large", "the answer has " + std::to_string(line.size()) +
                                                                 " bytes; a line may have " +
                                                                 std::to_string(kLongestLine)}}));
        return client.say(line);
    }
    auto& event = std::get<Event>(message);
    if (auto* busy = std::get_if<Busy>(&event)) {
        auto asked = client.asked.find(busy->request);
        busy->request = asked == client.asked.end() ? 0 : asked->second.theirs;
    }
    if (auto* output = std::get_if<Output>(&event); output && output->text.size() > kLongestOutput) {
        for (std::string_view rest = output->text; !rest.empty();) {
            const size_t n = whole_characters(rest, kLongestOutput);
            client.say(encode(Message(Event{Output{std::string(rest.substr(0, n))}})));
            rest.remove_prefix(n);
        }
        return;
    }
    client.say(encode(message));
}

// What is there is still told, to those who read.
void SocketServer::State::say_goodbye() {
    const uint64_t until = os::monotonic_ns() + 500 * os::kMillisecond;
    for (Connection& client : clients) {
        tell(client);
        if (client.guest && !client.ending) client.say(encode(Message(Event{Ended{}})));
        client.guest.reset();
        client.ending = true;
        client.write();
    }
    for (;;) {
        clients.remove_if([](const Connection& client) { return client.over; });
        const uint64_t now = os::monotonic_ns();
        if (clients.empty() || now >= until) break;
        std::vector<os::Wanted> wanted;
        for (Connection& client : clients) wanted.push_back({client.socket.descriptor(), false, true});
        os::wait_for(wanted, int((until - now) / os::kMillisecond) + 1);
        for (Connection& client : clients) client.write();
    }
    clients.clear();
}

// ----

Result<std::unique_ptr<SocketServer>> SocketServer::start(InProcessLink& link, Options options) {
    // What is there is of a program that was killed: we have the image.
    const std::string token_file = token_file_of(options.image);
    if (auto gone = os::remove_path(token_file); !gone && gone.failure().code != "not_found")
        return std::move(gone).failure();
    auto path = socket_path_for(options.image);
    if (!path) return std::move(path).failure();
    auto listener = os::LocalListener::listen(*path);
    if (!listener) return std::move(listener).failure();
    auto waker = os::Waker::make();
    if (!waker) return std::move(waker).failure();
    auto state = std::make_unique<State>(link, std::move(options), std::move(listener).value(),
                                         std::move(waker).value());
    state->path = *path;
    state->token = new_token();
    const ServedAt place{kLineProtocol, *path, state->token, os::process_id()};
    if (auto written = os::write_private_file(token_file, encode(place) + "\n"); !written)
        return std::move(written).failure();
    constexpr size_t kStack = size_t(1) << 20;
    auto thread = os::Thread::start("socket", kStack, [s = state.get()] { s->run(); });
    if (!thread) {
        (void)os::remove_path(token_file);
        return std::move(thread).failure();
    }
    state->thread = std::move(thread).value();
    return std::unique_ptr<SocketServer>(new SocketServer(std::move(state)));
}

SocketServer::SocketServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

SocketServer::~SocketServer() {
    state_->ending = true;
    state_->waker.wake();
    state_->thread.join();
    if (auto place = find_served(state_->options.image); place && same_token(place->token, state_->token))
        (void)os::remove_path(token_file_of(state_->options.image));
}

const std::string& SocketServer::socket_path() const {
    return state_->path;
}

} // namespace indent::ui
