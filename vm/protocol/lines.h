// The protocol as lines of JSON, for a socket: one object, one line. stdlib/guide/protocol.md describes it for those who
// write to it from elsewhere. Pure functions; any thread.
//
// Bytes that come from a socket are not trusted: what is too deep, has too many parts, is no JSON, no UTF-8 or no message
// is answered with words and never does more harm than that. How long a line may be is for whoever reads lines to see
// to (LineBuffer), before it comes here.
#pragma once
#include "vm/base/result.h"
#include "vm/protocol/messages.h"
#include <string_view>
#include <variant>

namespace indent::protocol {

// Another number: who knows this one cannot read it. New fields and new kinds do not change it.
constexpr uint32_t kLineProtocol = 1;
constexpr size_t kLongestLine = size_t(16) << 20;  // bytes, without the line end
constexpr size_t kLongestHello = 4096;             // of who has not shown the token yet
constexpr size_t kLongestOutput = size_t(1) << 20; // of one event; longer output is several
constexpr size_t kDeepest = 8;                     // brackets within brackets
constexpr size_t kMostParts = 1'000'000;           // values in one line

// The first line of a client, and the two answers to it.
struct Hello {
    uint32_t protocol = kLineProtocol;
    std::string token{};
};
struct Welcome {
    uint32_t protocol = kLineProtocol;
    std::string version{}; // of the program
    std::string image{};   // path of its file
    int64_t process = 0;
};
struct TurnedAway { // and the connection is closed
    std::string code{};
    std::string message{};
};
// What runs is to end; has no reply of its own.
struct Stop {};
// A line that is no message; the id of the request that it was meant to be, or 0.
struct Unreadable {
    RequestId id = 0;
    Failure failure{};
};

// Where a program serves an image: what its token file says.
struct ServedAt {
    uint32_t protocol = kLineProtocol;
    std::string socket{}; // path
    std::string token{};
    int64_t process = 0;
};

using ClientLine = std::variant<Hello, RequestEnvelope, Stop, Unreadable>;
using ServerLine = std::variant<Welcome, TurnedAway, Message, Unreadable>;

// Without a line end, and with none inside. What is not UTF-8 in a text becomes U+FFFD.
std::string encode(const Hello& hello);
std::string encode(const RequestEnvelope& request);
std::string encode(const Stop& stop);
std::string encode(const Welcome& welcome);
std::string encode(const TurnedAway& away);
std::string encode(const Message& message);
std::string encode(const ServedAt& place);

// Failure codes in Unreadable: "bad_json", "too_deep", "too_many_parts", "unknown_kind", "missing_field",
// "unknown_field" (of requests alone: what a newer program says more is passed over), "wrong_type".
ClientLine decode_client_line(std::string_view line);
ServerLine decode_server_line(std::string_view line);
Result<ServedAt> decode_served_at(std::string_view text);

} // namespace indent::protocol
