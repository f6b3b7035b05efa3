#include "vm/protocol/fields.h"
#include "vm/protocol/lines.h"
#include <doctest/doctest.h>
#include <fstream>
#include <limits>
#include <set>
#include <sstream>

using namespace indent;
using namespace indent::protocol;

namespace indent::protocol::test {

struct Anything { // never made; not in the namespace below, as it is not defined
    template <class T>
    operator T() const;
};

} // namespace indent::protocol::test

namespace {

using indent::protocol::test::Anything;

// ---- every field with a value that is not the one of a new message

class Filler {
  public:
    void must(const char*, auto& value) { fill(value); }
    void may(const char*, auto& value) { fill(value); }

  private:
    void fill(std::string& text) {
        text = "text " + std::to_string(++n_) + " \"\\\n\t\0\x7f \xC3\xA9\xE2\x82\xAC";
    }
    void fill(bool& value) { value = !value; }
    void fill(Evaluated::Outcome& value) { value = Evaluated::Outcome::Raised; }
    void fill(DefinitionKind& value) { value = DefinitionKind::Trait; }
    void fill(Decision& value) { value = Decision::GiveUp; }
    void fill(Resolved::Course& value) { value = Resolved::Course::Failed; }
    void fill(std::optional<std::string>& text) { fill(text.emplace()); }
    void fill(std::map<std::string, std::string>& texts) {
        for (int i = 0; i < 2; ++i) fill(texts["key \xC3\xA9 " + std::to_string(i)]);
    }
    template <std::integral Number>
    void fill(Number& number) {
        number = std::is_same_v<Number, int64_t> ? Number(-(++n_))
                                                 : std::numeric_limits<Number>::max() - Number(++n_);
    }
    template <class Part>
    void fill(std::vector<Part>& parts) {
        parts.resize(2);
        for (Part& part : parts) {
            if constexpr (requires { fields(*this, part); })
                fields(*this, part);
            else
                fill(part);
        }
    }
    int n_ = 0;
};

// ---- what a message holds, as words

class Teller {
  public:
    std::string words;
    size_t count = 0;
    std::set<std::string> names;
    void must(const char* name, const auto& value) {
        ++count;
        names.insert(name);
        words += std::string(name) + "=";
        tell(value);
        words += ";";
    }
    void may(const char* name, const auto& value) { must(name, value); }

  private:
    void tell(const std::string& text) { words += "<" + text + ">"; }
    void tell(const std::optional<std::string>& text) { text ? tell(*text) : void(words += "none"); }
    void tell(const std::map<std::string, std::string>& texts) {
        for (const auto& [key, text] : texts) tell(key), tell(text);
    }
    void tell(auto number) { words += std::to_string(int64_t(number)); }
    template <class Part>
    void tell(const std::vector<Part>& parts) {
        for (const Part& part : parts) {
            if constexpr (requires { fields(*this, part); }) {
                Teller inside;
                fields(inside, part);
                words += "{" + inside.words + "}";
            } else {
                tell(part);
            }
        }
    }
};
template <class Message>
Teller told(const Message& message) {
    Teller teller;
    fields(teller, message);
    return teller;
}
template <class Variant>
std::string words_of(const Variant& message) {
    return std::visit([](const auto& one) { return std::string(kind_of(&one)) + ":" + told(one).words; },
                      message);
}

// ---- how many members a struct has: as many as it can be made from

template <class Struct, class... Parts>
constexpr size_t members() {
    if constexpr (requires { Struct{Parts{}..., Anything{}}; })
        return members<Struct, Parts..., Anything>();
    else
        return sizeof...(Parts);
}

// Of a variant with its alternatives: `each` is called with a new value of each.
template <class Variant, size_t at = 0>
void for_each_kind(const auto& each) {
    if constexpr (at < std::variant_size_v<Variant>) {
        each(std::variant_alternative_t<at, Variant>{});
        for_each_kind<Variant, at + 1>(each);
    }
}
using Body = decltype(Reply::body);

template <class Variant>
std::set<std::string> check_kinds(const std::set<std::string>& taken) {
    std::set<std::string> kinds;
    for_each_kind<Variant>([&](auto one) {
        const std::string kind(kind_of(&one));
        CAPTURE(kind);
        CHECK(kinds.insert(kind).second);
        const Teller teller = told(one);
        CHECK(teller.count == members<decltype(one)>());
        CHECK(teller.names.size() == teller.count);
        for (const auto& name : taken) CHECK(teller.names.count(name) == 0);
    });
    return kinds;
}

std::string said(const ClientLine& line) {
    auto* unreadable = std::get_if<Unreadable>(&line);
    return unreadable ? unreadable->failure.code + ": " + unreadable->failure.message : "a message";
}

std::string page() {
    std::ifstream file(INDENT_SOURCE_FOLDER "/stdlib/guide/protocol.md");
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

} // namespace

TEST_CASE("every kind of message has a name of its own, and every member of it a field") {
    check_kinds<Request>({"request", "id"});
    check_kinds<Body>({"reply", "id"});
    check_kinds<Event>({"event"});
    auto check = [](auto one) { CHECK(told(one).count == members<decltype(one)>()); };
    check(NewText{});
    check(protocol::Diagnostic{});
    check(ModuleMirror{});
    check(DefinitionMirror{});
    check(Frame{});
    check(Proposal{});
    check(EpochMirror{});
    check(BrokenMirror{});
    check(VariableMirror{});
    check(FrameMirror{});
}

TEST_CASE("every kind of message comes back from its line as it went in") {
    size_t kinds = 0;
    for_each_kind<Request>([&](auto one) {
        for (bool filled : {false, true}) {
            Filler filler;
            if (filled) fields(filler, one);
            const RequestEnvelope envelope{filled ? UINT64_MAX : 0, one};
            const std::string line = encode(envelope);
            CHECK(line.find('\n') == std::string::npos);
            const ClientLine back = decode_client_line(line);
            CAPTURE(line);
            CAPTURE(said(back));
            REQUIRE(std::holds_alternative<RequestEnvelope>(back));
            CHECK(std::get<RequestEnvelope>(back).id == envelope.id);
            CHECK(words_of(std::get<RequestEnvelope>(back).request) == words_of(envelope.request));
        }
        ++kinds;
    });
    auto check = [&](const Message& message) {
        const std::string line = encode(message);
        CAPTURE(line);
        const ServerLine back = decode_server_line(line);
        REQUIRE(std::holds_alternative<Message>(back));
        const Message& got = std::get<Message>(back);
        REQUIRE(got.index() == message.index());
        if (auto* reply = std::get_if<Reply>(&message)) {
            CHECK(std::get<Reply>(got).id == reply->id);
            CHECK(words_of(std::get<Reply>(got).body) == words_of(reply->body));
        } else {
            CHECK(words_of(std::get<Event>(got)) == words_of(std::get<Event>(message)));
        }
        ++kinds;
    };
    for_each_kind<Body>([&](auto one) {
        check(Reply{0, one});
        Filler filler;
        fields(filler, one);
        check(Reply{77, one});
    });
    for_each_kind<Event>([&](auto one) {
        check(Event{one});
        Filler filler;
        fields(filler, one);
        check(Event{one});
    });
    CHECK(kinds ==
          std::variant_size_v<Request> + 2 * std::variant_size_v<Body> + 2 * std::variant_size_v<Event>);
    const ClientLine hello = decode_client_line(encode(Hello{7, "secret"}));
    REQUIRE(std::holds_alternative<Hello>(hello));
    CHECK(std::get<Hello>(hello).protocol == 7);
    CHECK(std::get<Hello>(hello).token == "secret");
    CHECK(std::holds_alternative<Stop>(decode_client_line(encode(Stop{}))));
    const ServerLine welcome = decode_server_line(encode(Welcome{1, "0.1", "/a/b", 42}));
    REQUIRE(std::holds_alternative<Welcome>(welcome));
    CHECK(std::get<Welcome>(welcome).image == "/a/b");
    CHECK(std::get<Welcome>(welcome).process == 42);
    const ServerLine away = decode_server_line(encode(TurnedAway{"bad_token", "no"}));
    REQUIRE(std::holds_alternative<TurnedAway>(away));
    CHECK(std::get<TurnedAway>(away).code == "bad_token");
    auto place = decode_served_at(encode(ServedAt{1, "/s", "t", 9}));
    REQUIRE(place);
    CHECK(place->socket == "/s");
    CHECK(place->process == 9);
}

TEST_CASE("what is no message is answered in words that help") {
    auto code = [](std::string_view line) {
        const ClientLine back = decode_client_line(line);
        auto* unreadable = std::get_if<Unreadable>(&back);
        return unreadable ? unreadable->failure.code : "readable";
    };
    CHECK(code("") == "bad_json");
    CHECK(code("{") == "bad_json");
    CHECK(code("[]") == "bad_json");
    CHECK(code("7") == "bad_json");
    CHECK(code("{} {}") == "bad_json");
    CHECK(code("{\"id\":1,\"request\":\"evaluate\",\"text\":\"\xff\"}") == "bad_json");
    CHECK(code("{\"id\":1e999,\"request\":\"describe\"}") == "bad_json");
    CHECK(code(R"({"id":1})") == "missing_field");
    CHECK(code(R"({"request":"describe"})") == "missing_field");
    CHECK(code(R"({"id":-1,"request":"describe"})") == "wrong_type");
    CHECK(code(R"({"id":1.5,"request":"describe"})") == "wrong_type");
    CHECK(code(R"({"id":18446744073709551616,"request":"describe"})") == "wrong_type");
    CHECK(code(R"({"id":1,"request":7})") == "unknown_kind");
    CHECK(code(R"({"id":1,"request":"destroy"})") == "unknown_kind");
    CHECK(code(R"({"id":1,"request":"evaluate"})") == "missing_field");
    CHECK(code(R"({"id":1,"request":"evaluate","text":null})") == "wrong_type");
    CHECK(code(R"({"id":1,"request":"evaluate","text":"1","wants_value":1})") == "wrong_type");
    CHECK(code(R"({"id":1,"request":"evaluate","text":"1","want_value":true})") == "unknown_field");
    CHECK(code(R"({"id":1,"request":"load","modules":[{"module":"a"}]})") == "missing_field");
    CHECK(code(R"({"id":1,"request":"load","modules":[{"module":"a","text":"","fil":""}]})") ==
          "unknown_field");
    CHECK(code(R"({"id":1,"request":"load","modules":{}})") == "wrong_type");
    CHECK(code(R"({"hello":7})") == "wrong_type");
    CHECK(code(R"({"hello":{"protocol":1}})") == "missing_field");
    CHECK(code(R"({"id":1,"request":"describe"})") == "readable");
    // The reply can be told from others.
    const ClientLine back = decode_client_line(R"({"id":7,"request":"destroy"})");
    CHECK(std::get<Unreadable>(back).id == 7);
    CHECK(said(back) ==
          "unknown_kind: there is no request of this kind; there are: evaluate, accept, load, "
          "list_modules, list_definitions, get_source, save_desk, load_desk, complete, document, "
          "describe, list_epochs, verify_image, save_image_as, ask_past, go_back, compact_image, "
          "trust_image, break_on_error, list_broken, get_frames, evaluate_in_frame, resolve_broken");
    CHECK(
        said(decode_client_line(R"({"id":7,"request":"load","modules":[{"module":"a","text":"","x":0}]})")) ==
        "unknown_field: there is no field `modules[0].x`; there are: `module`, `text`, `file`");
}

TEST_CASE("what a newer program says more is passed over, and what it leaves out is as in a new value") {
    const ServerLine more =
        decode_server_line(R"({"id":3,"reply":"evaluated","outcome":"value","text":"1","new":[{}]})");
    REQUIRE(std::holds_alternative<Message>(more));
    CHECK(std::get<Evaluated>(std::get<Reply>(std::get<Message>(more)).body).text == "1");
    const ServerLine unknown = decode_server_line(R"({"id":3,"reply":"painted"})");
    REQUIRE(std::holds_alternative<Unreadable>(unknown));
    CHECK(std::get<Unreadable>(unknown).id == 3);
    const ServerLine less = decode_server_line(R"({"id":3,"reply":"accepted","taken":true})");
    REQUIRE(std::holds_alternative<Message>(less));
    CHECK(!std::get<Accepted>(std::get<Reply>(std::get<Message>(less)).body).conflict);
}

TEST_CASE("brackets within brackets and endless parts are refused before anything is made of them") {
    auto code = [](const std::string& line) {
        const ClientLine back = decode_client_line(line);
        auto* unreadable = std::get_if<Unreadable>(&back);
        return unreadable ? unreadable->failure.code : "readable";
    };
    CHECK(code(std::string(10'000'000, '[')) == "too_deep");
    CHECK(code(std::string(20, '{')) == "too_deep");
    std::string many = R"({"id":1,"request":"describe","x":[)";
    for (int i = 0; i < 1'000'001; ++i) many += "0,";
    CHECK(code(many + "0]}") == "too_many_parts");
    // Brackets in a text are no brackets.
    std::string text = R"({"id":1,"request":"evaluate","text":"\"[[[[[[[[[[[[[[[[{{{{{{\\"})";
    CHECK(code(text) == "readable");
}

TEST_CASE("a text that is no UTF-8 still makes a line that can be read") {
    const std::string line = encode(Message(Event{Output{"a\xff\xfe z"}}));
    const ServerLine back = decode_server_line(line);
    REQUIRE(std::holds_alternative<Message>(back));
    CHECK(std::get<Output>(std::get<Event>(std::get<Message>(back))).text == "a\xEF\xBF\xBD\xEF\xBF\xBD z");
}

TEST_CASE("the page on the protocol shows every kind, and its examples are what is written and read") {
    const std::string text = page();
    REQUIRE(!text.empty());
    CHECK(text.find("protocol is " + std::to_string(kLineProtocol) + "\n") != std::string::npos);
    std::set<std::string> shown;
    std::istringstream lines(text);
    std::string line, block;
    size_t examples = 0;
    while (std::getline(lines, line)) {
        if (line.rfind("```", 0) == 0) {
            block = block.empty() ? line.substr(3) + " " : "";
            continue;
        }
        CAPTURE(line);
        if (block == "client ") {
            const ClientLine said_now = decode_client_line(line);
            CHECK(said(said_now) == "a message");
            if (auto* request = std::get_if<RequestEnvelope>(&said_now)) {
                std::visit([&](const auto& one) { shown.insert("request " + std::string(kind_of(&one))); },
                           request->request);
                const ClientLine again = decode_client_line(encode(*request));
                CHECK(words_of(std::get<RequestEnvelope>(again).request) == words_of(request->request));
            }
            ++examples;
        } else if (block == "program ") {
            const ServerLine told_now = decode_server_line(line);
            CHECK(!std::holds_alternative<Unreadable>(told_now));
            if (auto* message = std::get_if<Message>(&told_now)) {
                // As it is written, but for the order of the fields: nothing is missing and nothing is made up.
                CHECK(encode(*message).size() == line.size());
                if (auto* reply = std::get_if<Reply>(message))
                    std::visit([&](const auto& one) { shown.insert("reply " + std::string(kind_of(&one))); },
                               reply->body);
                else
                    std::visit([&](const auto& one) { shown.insert("event " + std::string(kind_of(&one))); },
                               std::get<Event>(*message));
            }
            ++examples;
        }
    }
    CHECK(examples > 30);
    auto all_shown = [&](const std::string& what, const std::set<std::string>& kinds) {
        for (const auto& kind : kinds) {
            CAPTURE(kind);
            CHECK(shown.count(what + " " + kind) == 1);
        }
    };
    all_shown("request", check_kinds<Request>({}));
    all_shown("reply", check_kinds<Body>({}));
    all_shown("event", check_kinds<Event>({}));
}
