#include "ui/client/in_process.h"
#include "ui/client/line_buffer.h"
#include "ui/client/served_image.h"
#include "ui/client/socket_client.h"
#include "ui/client/socket_server.h"
#include "vm/os/files.h"
#include "vm/os/local_socket.h"
#include "vm/protocol/lines.h"
#include <doctest/doctest.h>
#include <fstream>
#include <thread>

using namespace indent;
using namespace indent::protocol;
using ui::InProcessLink;
using ui::SocketClient;
using ui::SocketServer;
using namespace std::chrono_literals;

namespace {

// A session that answers what it is asked, without a program: `evaluate` gives its text back, waits, prints.
class Echo {
  public:
    explicit Echo(SocketServer::Options options = {}) : folder_(os::TemporaryFolder::make().value()) {
        link_.on_stop([this] { stopped_ = true; });
        program_ = std::thread([this] {
            while (auto request = link_.next(Lane::Program)) serve(*request);
        });
        desk_ = std::thread([this] {
            while (auto request = link_.next(Lane::Desk))
                link_.deliver(Reply{request->id, Description{"1", "echo", false}});
        });
        home_ = std::thread([this] { // the face that the link begins with
            while (!ending_) link_.wait(10ms);
        });
        options.image = image();
        options.version = "test";
        auto server = SocketServer::start(link_, std::move(options));
        if (!server) FAIL(server.failure().message);
        server_ = std::move(server).value();
    }
    ~Echo() {
        server_.reset();
        ending_ = true;
        link_.close();
        for (auto* thread : {&program_, &desk_, &home_}) thread->join();
    }
    std::string image() const { return folder_.path() + "/t.image"; }
    void end_server() { server_.reset(); }
    InProcessLink& link() { return link_; }
    std::atomic<bool> stopped_{false};
    std::atomic<int> served_{0};

  private:
    void serve(const RequestEnvelope& envelope) {
        link_.deliver(Event{Busy{envelope.id}});
        Evaluated answer;
        if (auto* evaluate = std::get_if<Evaluate>(&envelope.request)) {
            answer.text = evaluate->text;
            if (evaluate->text == "print") link_.deliver(Event{Output{"printed\n"}});
            if (evaluate->text == "large")
                link_.deliver(Event{Output{std::string(3 << 20, 'x') + "\xC3\xA9"}});
            if (evaluate->text == "huge") answer.text = std::string(17 << 20, 'x');
            if (evaluate->text == "wait")
                while (!stopped_) std::this_thread::sleep_for(1ms);
        }
        served_++;
        link_.deliver(Reply{envelope.id, std::move(answer)});
        link_.deliver(Event{Idle{}});
    }

    os::TemporaryFolder folder_;
    InProcessLink link_;
    std::atomic<bool> ending_{false};
    std::thread program_, desk_, home_;
    std::unique_ptr<SocketServer> server_;
};

// A client that writes what it likes.
class Raw {
  public:
    explicit Raw(const std::string& image)
        : place_(ui::find_served(image).value()), socket_(os::LocalSocket::connect(place_.socket).value()) {}
    void say(std::string_view bytes) {
        while (!bytes.empty()) {
            auto sent = socket_.send(bytes);
            if (!sent) return;
            bytes.remove_prefix(*sent);
            if (*sent == 0) ready(false);
        }
    }
    void greet() {
        say(encode(Hello{kLineProtocol, place_.token}) + "\n");
        CHECK(line().find("\"welcome\"") != std::string::npos);
    }
    // The next line, or "" where the connection has ended.
    std::string line() {
        for (;;) {
            if (auto line = lines_.next()) return *line;
            char bytes[1 << 16];
            auto came = socket_.receive(bytes, sizeof bytes);
            REQUIRE(came);
            lines_.add({bytes, came->bytes});
            if (came->ended) return lines_.next().value_or("");
            if (came->bytes == 0) ready(true);
        }
    }
    // The next one that is no event.
    std::string reply() {
        for (;;) {
            std::string one = line();
            if (one.find("\"event\"") == std::string::npos) return one;
        }
    }
    os::LocalSocket& socket() { return socket_; }
    const std::string& token() const { return place_.token; }

  private:
    void ready(bool read) {
        os::Wanted wanted{socket_.descriptor(), read, !read};
        os::wait_for({&wanted, 1}, 10'000);
        REQUIRE((read ? wanted.read : wanted.write));
    }
    ServedAt place_;
    os::LocalSocket socket_;
    ui::LineBuffer lines_{kLongestLine + 1000};
};

std::unique_ptr<SocketClient> connected(const std::string& image) {
    auto client = SocketClient::connect(image);
    if (!client) FAIL(client.failure().message);
    return std::move(client).value();
}

template <class Answer>
Answer reply(ui::Client& client, RequestId id) {
    for (;;) {
        auto message = client.wait(20'000ms);
        REQUIRE(message);
        auto* reply = std::get_if<Reply>(&*message);
        if (!reply || reply->id != id) continue;
        REQUIRE(std::holds_alternative<Answer>(reply->body));
        return std::get<Answer>(reply->body);
    }
}

} // namespace

TEST_CASE("lines come out of pieces, and no more is kept than one may have") {
    ui::LineBuffer lines(5);
    lines.add("ab");
    CHECK(!lines.next());
    lines.add("c\nde\r\n\nfg");
    CHECK(lines.next() == "abc");
    CHECK(lines.next() == "de");
    CHECK(lines.next() == "");
    CHECK(!lines.next());
    CHECK(!lines.is_too_long());
    lines.add("hij");
    CHECK(!lines.next());
    CHECK(!lines.is_too_long()); // five are allowed
    lines.add("k");
    CHECK(!lines.next());
    CHECK(lines.is_too_long());
    ui::LineBuffer at_once(5);
    at_once.add("abcdef\n");
    CHECK(!at_once.next());
    CHECK(at_once.is_too_long());
}

TEST_CASE("a client over the socket is answered like any other") {
    Echo echo;
    auto client = connected(echo.image());
    CHECK(client->process() > 0);
    CHECK(reply<Evaluated>(*client, client->send(Evaluate{"w", "6 * 7"})).text == "6 * 7");
    CHECK(reply<Description>(*client, client->send(Describe{})).image == "echo");
    // What waits does not hold up what is answered at once; stop passes it by.
    const RequestId waits = client->send(Evaluate{"w", "wait"});
    CHECK(reply<Description>(*client, client->send(Describe{})).image == "echo");
    client->stop();
    CHECK(reply<Evaluated>(*client, waits).text == "wait");
    CHECK(echo.stopped_);
}

TEST_CASE("the files beside the image are their owner's alone, and gone when it is not served any more") {
    Echo echo;
    const std::string token = ui::token_file_of(echo.image());
    CHECK(os::permissions(token).value() == 0600);
    const ServedAt place = ui::find_served(echo.image()).value();
    CHECK(place.socket == echo.image() + ".socket");
    CHECK(place.token.size() == 64);
    CHECK((os::permissions(place.socket).value() & 0777) == 0600);
    echo.end_server();
    CHECK(!os::exists(token));
    CHECK(!os::exists(place.socket));
    CHECK(SocketClient::connect(echo.image()).failure().code == "not_served");
}

TEST_CASE("without the token nobody is let in") {
    Echo echo;
    auto answer = [&](const std::string& first) {
        Raw raw(echo.image());
        raw.say(first);
        const std::string line = raw.line();
        CHECK(raw.line() == ""); // and it is closed
        const ServerLine said = decode_server_line(line);
        auto* away = std::get_if<TurnedAway>(&said);
        return away ? away->code : line;
    };
    CHECK(answer(encode(Hello{kLineProtocol, ""}) + "\n") == "bad_token");
    CHECK(answer(encode(Hello{kLineProtocol, std::string(64, '0')}) + "\n") == "bad_token");
    std::string token = ui::find_served(echo.image()).value().token;
    CHECK(answer(encode(Hello{kLineProtocol + 1, token}) + "\n") == "other_protocol");
    token[63] = token[63] == '0' ? '1' : '0';
    CHECK(answer(encode(Hello{kLineProtocol, token}) + "\n") == "bad_token");
    CHECK(answer(encode(RequestEnvelope{1, Evaluate{"w", "1"}}) + "\n") == "no_hello");
    CHECK(answer("{\"request\":\"stop\"}\n") == "no_hello");
    CHECK(answer("GET / HTTP/1.1\r\n\r\n") == "no_hello");
    CHECK(answer(std::string(5000, 'x')) == "too_long"); // without the token a line has no 16 MB
    CHECK(echo.served_ == 0);
    CHECK(!echo.stopped_);
}

TEST_CASE("who says nothing is turned away after some time") {
    SocketServer::Options options;
    options.hello_ms = 30;
    Echo echo(std::move(options));
    Raw raw(echo.image());
    CHECK(raw.line().find("no_hello") != std::string::npos);
    CHECK(raw.line() == "");
}

TEST_CASE("a line of a gigabyte is refused when it is too long, not when it is there") {
    Echo echo;
    Raw raw(echo.image());
    raw.greet();
    raw.say("{\"id\":1,\"request\":\"evaluate\",\"text\":\"");
    const std::string piece(1 << 16, 'x');
    size_t sent = 0;
    constexpr size_t kGigabyte = size_t(1) << 30;
    while (sent < kGigabyte) {
        auto n = raw.socket().send(piece);
        if (!n) break; // it is closed
        sent += *n;
        if (*n > 0) continue;
        os::Wanted wanted{raw.socket().descriptor(), false, true};
        os::wait_for({&wanted, 1}, 10'000);
        REQUIRE(wanted.write);
    }
    CHECK(sent < kLongestLine + (size_t(4) << 20)); // what the system keeps on the way included
    CHECK(raw.reply().find("too_long") != std::string::npos);
    CHECK(raw.line() == "");
    auto other = connected(echo.image()); // and the program is as it was
    CHECK(reply<Evaluated>(*other, other->send(Evaluate{"w", "1"})).text == "1");
}

TEST_CASE("what is no request is answered with words, and the connection goes on") {
    Echo echo;
    Raw raw(echo.image());
    raw.greet();
    raw.say("{\"id\":5,\"request\":\"evalute\",\"text\":\"1\"}\nnonsense\n\n{\"id\":6,\"request\":"
            "\"evaluate\"}\n");
    CHECK(raw.line().find("\"code\":\"unknown_kind\",\"id\":5") != std::string::npos);
    CHECK(raw.line().find("\"code\":\"bad_json\",\"id\":0") != std::string::npos);
    CHECK(raw.line().find("\"code\":\"missing_field\",\"id\":6") != std::string::npos);
    raw.say(encode(RequestEnvelope{7, Evaluate{"w", "1"}}) + "\r\n");
    CHECK(raw.reply().find("\"id\":7") != std::string::npos);
}

TEST_CASE("two clients have their own replies, and both hear what happens") {
    Echo echo;
    Raw one(echo.image()), two(echo.image());
    one.greet();
    two.greet();
    one.say(encode(RequestEnvelope{9, Evaluate{"w", "print"}}) + "\n");
    CHECK(one.line() == "{\"event\":\"busy\",\"request\":9}");
    CHECK(one.line() == "{\"event\":\"output\",\"text\":\"printed\\n\"}");
    CHECK(one.line().find("\"id\":9") != std::string::npos);
    CHECK(one.line() == "{\"event\":\"idle\"}");
    CHECK(two.line() == "{\"event\":\"busy\",\"request\":0}"); // of another
    CHECK(two.line() == "{\"event\":\"output\",\"text\":\"printed\\n\"}");
    CHECK(two.line() == "{\"event\":\"idle\"}");
    // The same ids do not meet.
    for (Raw* raw : {&one, &two})
        for (int i = 0; i < 20; ++i)
            raw->say(
                encode(RequestEnvelope{RequestId(i), Evaluate{raw == &one ? "a" : "b", std::to_string(i)}}) +
                "\n");
    for (Raw* raw : {&one, &two})
        for (int i = 0; i < 20; ++i) {
            const ServerLine line = decode_server_line(raw->reply());
            const Reply& got = std::get<Reply>(std::get<Message>(line));
            CHECK(got.id == RequestId(i));
            CHECK(std::get<Evaluated>(got.body).text == std::to_string(i));
        }
}

TEST_CASE("a client that goes away takes along what it wanted evaluated, and nothing else") {
    Echo echo;
    echo.link().on_stop([&] { echo.stopped_ = true; });
    {
        Raw raw(echo.image());
        raw.greet();
        raw.say(encode(RequestEnvelope{1, Evaluate{"w", "wait"}}) + "\n" +
                encode(RequestEnvelope{2, Evaluate{"w", "next"}}) + "\n" +
                encode(RequestEnvelope{3, Load{{NewText{"a", "", ""}}}}) + "\n{\"half");
        CHECK(raw.line().find("busy") != std::string::npos);
    }
    auto other = connected(echo.image());
    CHECK(reply<Description>(*other, other->send(Describe{})).image == "echo");
    CHECK(reply<Evaluated>(*other, other->send(Evaluate{"w", "mine"})).text == "mine");
    CHECK(echo.stopped_);     // what ran for it would have gone on for ever,
    CHECK(echo.served_ == 3); // and what waited did not begin, but what was to be changed is
}

TEST_CASE("a client that does not read is cut off, and holds nobody up") {
    SocketServer::Options options;
    options.most_unread = 2 << 20;
    Echo echo(std::move(options));
    Raw lazy(echo.image());
    lazy.greet();
    auto other = connected(echo.image());
    const std::string line(100'000, 'x');
    size_t heard = 0;
    constexpr int kLines = 300; // 30 MB: far more than the sockets keep
    for (int i = 1; i <= kLines; ++i) {
        echo.link().deliver(Event{Output{line}});
        while (heard < i * line.size()) { // as fast as `other` reads
            auto message = other->wait(20'000ms);
            REQUIRE(message);
            auto* event = std::get_if<Event>(&*message);
            REQUIRE(event);
            auto* output = std::get_if<Output>(event);
            REQUIRE(output);
            heard += output->text.size();
        }
    }
    // It gets what was on its way, and then the end.
    size_t got = 0;
    for (;;) {
        char bytes[1 << 16];
        auto came = lazy.socket().receive(bytes, sizeof bytes);
        if (!came || came->ended) break;
        got += came->bytes;
        if (came->bytes == 0) {
            os::Wanted wanted{lazy.socket().descriptor(), true, false};
            os::wait_for({&wanted, 1}, 10'000);
            REQUIRE(wanted.read);
        }
    }
    CHECK(got < kLines * line.size() / 2);
}

TEST_CASE("output of any size comes in pieces; an answer that no line can hold is a failure") {
    Echo echo;
    Raw raw(echo.image());
    raw.greet();
    raw.say(encode(RequestEnvelope{1, Evaluate{"w", "large"}}) + "\n");
    std::string all;
    size_t pieces = 0;
    for (;;) {
        const std::string line = raw.line();
        REQUIRE(!line.empty());
        if (line.find("\"reply\"") != std::string::npos) break;
        const ServerLine said = decode_server_line(line);
        const Event& event = std::get<Event>(std::get<Message>(said));
        if (auto* output = std::get_if<Output>(&event)) all += output->text, ++pieces;
    }
    CHECK(all == std::string(3 << 20, 'x') + "\xC3\xA9");
    CHECK(pieces >= 4);
    raw.say(encode(RequestEnvelope{2, Evaluate{"w", "huge"}}) + "\n");
    CHECK(raw.reply().find("\"code\":\"too_large\",\"id\":2") != std::string::npos);
    // And the other way round.
    auto client = connected(echo.image());
    CHECK(reply<Failed>(*client, client->send(Evaluate{"w", std::string(17 << 20, 'x')})).code ==
          "too_large");
    CHECK(reply<Evaluated>(*client, client->send(Evaluate{"w", "1"})).text == "1");
}

TEST_CASE("a client that asks for too much at once is told so") {
    SocketServer::Options options;
    options.most_asked = 3;
    Echo echo(std::move(options));
    Raw raw(echo.image());
    raw.greet();
    for (RequestId id = 1; id <= 5; ++id) raw.say(encode(RequestEnvelope{id, Evaluate{"w", "wait"}}) + "\n");
    for (RequestId id = 4; id <= 5; ++id)
        CHECK(raw.reply().find("\"code\":\"busy\",\"id\":" + std::to_string(id)) != std::string::npos);
    raw.say("{\"request\":\"stop\"}\n");
    for (RequestId id = 1; id <= 3; ++id)
        CHECK(raw.reply().find("\"id\":" + std::to_string(id) + ",\"outcome\"") != std::string::npos);
}

TEST_CASE("when it is over, clients hear that, and their requests are refused") {
    Echo echo;
    auto client = connected(echo.image());
    CHECK(reply<Evaluated>(*client, client->send(Evaluate{"w", "1"})).text == "1");
    echo.end_server();
    bool ended = false;
    while (!ended) {
        auto message = client->wait(10'000ms);
        REQUIRE(message);
        auto* event = std::get_if<Event>(&*message);
        ended = event && std::holds_alternative<Ended>(*event);
    }
    for (int i = 0; i < 1000 && client->send(Describe{}) != 0; ++i) std::this_thread::sleep_for(1ms);
    CHECK(client->send(Describe{}) == 0);
}

TEST_CASE("files that a killed program left are known for what they are, and replaced") {
    auto folder = os::TemporaryFolder::make();
    REQUIRE(folder);
    const std::string image = folder->path() + "/t.image";
    CHECK(SocketClient::connect(image).failure().code == "not_served");
    REQUIRE(os::write_private_file(ui::token_file_of(image), encode(ServedAt{1, image + ".socket", "x", 1})));
    CHECK(SocketClient::connect(image).failure().code == "not_served");
    std::ofstream(image + ".socket") << ""; // as good as a socket that nobody listens at
    CHECK(!SocketClient::connect(image));
    REQUIRE(os::remove_path(image + ".socket"));
    REQUIRE(os::set_permissions(ui::token_file_of(image), 0644));
    CHECK(SocketClient::connect(image).failure().code == "denied"); // anybody's word
    REQUIRE(os::write_private_file(ui::token_file_of(image), "{"));
    CHECK(SocketClient::connect(image).failure().code == "damaged");
    InProcessLink link;
    SocketServer::Options options;
    options.image = image;
    auto server = SocketServer::start(link, options);
    REQUIRE(server);
    CHECK(SocketClient::connect(image));
    server->reset();
    link.close();
}

TEST_CASE("a program that hangs does not hang its clients") {
    auto folder = os::TemporaryFolder::make();
    REQUIRE(folder);
    const std::string image = folder->path() + "/t.image";
    auto listener = os::LocalListener::listen(image + ".socket"); // and never takes anybody
    REQUIRE(listener);
    REQUIRE(
        os::write_private_file(ui::token_file_of(image), encode(ServedAt{1, image + ".socket", "x", 4711})));
    SocketClient::Options options;
    options.answer_ms = 20;
    auto client = SocketClient::connect(image, options);
    REQUIRE(!client);
    CHECK(client.failure().code == "no_answer");
    CHECK(client.failure().message.find("process 4711 does not answer") != std::string::npos);
}

TEST_CASE("where the socket's path would be too long, it lies elsewhere, and clients find it") {
    auto folder = os::TemporaryFolder::make();
    REQUIRE(folder);
    const std::string deep = folder->path() + "/" + std::string(120, 'd');
    REQUIRE(os::make_folder(deep));
    setenv("XDG_RUNTIME_DIR", folder->path().c_str(), 1);
    InProcessLink link;
    SocketServer::Options options;
    options.image = deep + "/t.image";
    {
        auto server = SocketServer::start(link, options);
        REQUIRE(server);
        CHECK((*server)->socket_path().rfind(folder->path() + "/indent/", 0) == 0);
        CHECK(SocketClient::connect(options.image));
    }
    CHECK(os::list_folder(folder->path() + "/indent")->empty());
    unsetenv("XDG_RUNTIME_DIR");
    link.close();
}
