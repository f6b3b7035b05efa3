#include "vm/protocol/lines.h"
#include "vm/protocol/fields.h"
#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

namespace indent::protocol {

namespace {

using Json = nlohmann::json;

// ---- writing

Json to_json(const std::string& text) {
    return text;
}
Json to_json(bool value) {
    return value;
}
template <std::integral Number>
Json to_json(Number number) {
    return number;
}
Json to_json(Evaluated::Outcome outcome) {
    return kOutcomeWords[size_t(outcome)];
}
Json to_json(DefinitionKind kind) {
    return kDefinitionWords[size_t(kind)];
}
Json to_json(Decision decision) {
    return kDecisionWords[size_t(decision)];
}
Json to_json(Resolved::Course course) {
    return kCourseWords[size_t(course)];
}
Json to_json(const std::optional<std::string>& text) {
    return text ? Json(*text) : Json();
}
Json to_json(const std::map<std::string, std::string>& texts) {
    return texts;
}
template <class Part>
Json to_json(const std::vector<Part>& parts);

struct Writer {
    Json& object;
    void must(const char* name, const auto& value) { object[name] = to_json(value); }
    void may(const char* name, const auto& value) { must(name, value); }
};

template <class Struct>
requires std::is_class_v<Struct> Json to_json(const Struct& value) {
    Json object = Json::object();
    Writer writer{object};
    fields(writer, value);
    return object;
}
template <class Part>
Json to_json(const std::vector<Part>& parts) {
    Json list = Json::array();
    for (const auto& part : parts) list.push_back(to_json(part));
    return list;
}

std::string line_of(const Json& object) {
    return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

template <class Variant>
Json with_kind(const char* key, const Variant& message) {
    return std::visit(
        [&](const auto& one) {
            Json object = to_json(one);
            object[key] = kind_of(&one);
            return object;
        },
        message);
}

// ---- reading

// One fault is enough: the first is kept, and what follows is passed over.
struct Fault {
    std::optional<Failure> failure;
    void say(std::string code, std::string message) {
        if (!failure) failure = Failure{std::move(code), std::move(message)};
    }
    void wrong(const std::string& where, const char* wanted) {
        say("wrong_type", "`" + where + "` must be " + wanted);
    }
};

void from_json(const Json& json, std::string& text, const std::string& where, Fault& fault) {
    if (json.is_string())
        text = json.get_ref<const std::string&>();
    else
        fault.wrong(where, "a text");
}
void from_json(const Json& json, bool& value, const std::string& where, Fault& fault) {
    if (json.is_boolean())
        value = json.get<bool>();
    else
        fault.wrong(where, "true or false");
}
template <std::integral Number>
void from_json(const Json& json, Number& number, const std::string& where, Fault& fault) {
    constexpr auto most = std::numeric_limits<Number>::max();
    if (json.is_number_unsigned() && json.get<uint64_t>() <= uint64_t(most))
        number = Number(json.get<uint64_t>());
    else if (std::is_signed_v<Number> && json.is_number_integer() && !json.is_number_unsigned())
        number = Number(json.get<int64_t>()); // negative; signed numbers here have 64 bits
    else
        fault.say("wrong_type", "`" + where + "` must be a whole number" +
                                    (std::is_signed_v<Number> ? "" : " from 0 to " + std::to_string(most)));
}
template <class Enum, size_t n>
void word_from_json(const Json& json, Enum& value, const std::string_view (&words)[n],
                    const std::string& where, Fault& fault) {
    std::string all;
    for (size_t i = 0; i < n; ++i) {
        if (json.is_string() && json.get_ref<const std::string&>() == words[i]) {
            value = Enum(i);
            return;
        }
        all += (i ? ", \"" : "\"") + std::string(words[i]) + "\"";
    }
    fault.say("wrong_type", "`" + where + "` must be one of " + all);
}
void from_json(const Json& json, Evaluated::Outcome& value, const std::string& where, Fault& fault) {
    word_from_json(json, value, kOutcomeWords, where, fault);
}
void from_json(const Json& json, DefinitionKind& value, const std::string& where, Fault& fault) {
    word_from_json(json, value, kDefinitionWords, where, fault);
}
void from_json(const Json& json, Decision& value, const std::string& where, Fault& fault) {
    word_from_json(json, value, kDecisionWords, where, fault);
}
void from_json(const Json& json, Resolved::Course& value, const std::string& where, Fault& fault) {
    word_from_json(json, value, kCourseWords, where, fault);
}
void from_json(const Json& json, std::optional<std::string>& text, const std::string& where, Fault& fault) {
    if (json.is_null()) {
        text.reset();
        return;
    }
    from_json(json, text.emplace(), where, fault);
}
void from_json(const Json& json, std::map<std::string, std::string>& texts, const std::string& where,
               Fault& fault) {
    if (!json.is_object()) return fault.wrong(where, "an object of texts");
    for (const auto& [key, value] : json.items())
        from_json(value, texts[key], where + "[" + Json(key).dump() + "]", fault);
}
template <class Part>
void from_json(const Json& json, std::vector<Part>& parts, const std::string& where, Fault& fault);

struct Reader {
    const Json& object;
    const std::string& where; // with a dot at its end, or empty
    Fault& fault;
    std::vector<std::string_view> known{};

    void must(const char* name, auto& value) {
        known.push_back(name);
        if (auto found = object.find(name); found != object.end())
            from_json(*found, value, where + name, fault);
        else
            fault.say("missing_field", "`" + where + name + "` is missing");
    }
    void may(const char* name, auto& value) {
        known.push_back(name);
        if (auto found = object.find(name); found != object.end())
            from_json(*found, value, where + name, fault);
    }
    void refuse_others() {
        for (const auto& [name, value] : object.items()) {
            if (std::find(known.begin(), known.end(), name) != known.end()) continue;
            std::string all;
            for (std::string_view one : known) all += (all.empty() ? "`" : ", `") + std::string(one) + "`";
            fault.say("unknown_field", "there is no field `" + where + shown(name) + "`; there are: " + all);
            return;
        }
    }
    static std::string shown(const std::string& name) {
        constexpr size_t kMostShown = 60;
        return name.size() > kMostShown ? "…" : name;
    }
};

template <class Struct>
requires std::is_class_v<Struct>
void from_json(const Json& json, Struct& value, const std::string& where, Fault& fault) {
    if (!json.is_object()) return fault.wrong(where, "an object");
    const std::string inside = where + ".";
    Reader reader{json, inside, fault};
    fields(reader, value);
    // In what a client sends; in what a program sends there may be more than we know.
    if constexpr (std::is_same_v<Struct, NewText>) reader.refuse_others();
}
template <class Part>
void from_json(const Json& json, std::vector<Part>& parts, const std::string& where, Fault& fault) {
    if (!json.is_array()) return fault.wrong(where, "a list");
    for (const auto& one : json) {
        const std::string at = where + "[" + std::to_string(parts.size()) + "]";
        from_json(one, parts.emplace_back(), at, fault);
        if (fault.failure) return;
    }
}

// The alternative of the variant that `key` names. `strict`: no field that it does not know.
template <class Variant, size_t at = 0>
void read_kind(const Json& object, const char* key, bool strict, Variant& into, Fault& fault,
               std::string names = {}) {
    if constexpr (at < std::variant_size_v<Variant>) {
        using One = std::variant_alternative_t<at, Variant>;
        constexpr std::string_view kind = kind_of(static_cast<const One*>(nullptr));
        if (object[key] == kind) {
            static const std::string kTop;
            One value;
            Reader reader{object, kTop, fault};
            fields(reader, value);
            reader.known.insert(reader.known.end(), {key, "id"});
            if (strict) reader.refuse_others();
            into = std::move(value);
            return;
        }
        read_kind<Variant, at + 1>(object, key, strict, into, fault,
                                   names + (at ? ", " : "") + std::string(kind));
    } else {
        fault.say("unknown_kind", "there is no " + std::string(key) + " of this kind; there are: " + names);
    }
}

// Looked at before anything is made of it: how deep brackets go, and how many values there may be at most.
std::optional<Failure> why_too_much(std::string_view line) {
    size_t depth = 0, parts = 0;
    bool in_text = false;
    for (size_t i = 0; i < line.size(); ++i) {
        const char c = line[i];
        if (in_text) {
            if (c == '\\') ++i;
            if (c == '"') in_text = false;
            continue;
        }
        if (c == '"') in_text = true;
        if (c == '[' || c == '{') ++depth;
        if ((c == ']' || c == '}') && depth > 0) --depth;
        if (c == '[' || c == '{' || c == ',') ++parts;
        if (depth > kDeepest)
            return Failure{"too_deep", "the line has more than " + std::to_string(kDeepest) +
                                           " brackets within each other"};
        if (parts > kMostParts)
            return Failure{"too_many_parts",
                           "the line has more than " + std::to_string(kMostParts) + " parts"};
    }
    return std::nullopt;
}

Result<Json> object_of(std::string_view line) {
    if (auto failure = why_too_much(line)) return *failure;
    try {
        Json json = Json::parse(line);
        if (!json.is_object()) return Failure{"bad_json", "a line must be one JSON object"};
        return json;
    } catch (const Json::parse_error& error) {
        return Failure{"bad_json", "this is no JSON, from byte " + std::to_string(error.byte) + " on"};
    } catch (const std::exception&) { // numbers out of range
        return Failure{"bad_json", "this is no JSON"};
    }
}

// Of the messages that are no variant's.
void fields(auto& v, Of<Hello> auto& m) {
    v.must("protocol", m.protocol);
    v.must("token", m.token);
}
void fields(auto& v, Of<Welcome> auto& m) {
    v.must("protocol", m.protocol);
    v.may("version", m.version);
    v.may("image", m.image);
    v.may("process", m.process);
}
void fields(auto& v, Of<TurnedAway> auto& m) {
    v.must("code", m.code);
    v.may("message", m.message);
}
void fields(auto& v, Of<ServedAt> auto& m) {
    v.must("protocol", m.protocol);
    v.must("socket", m.socket);
    v.must("token", m.token);
    v.may("process", m.process);
}

// The one field that says what the line is holds what is in it.
template <class Struct>
std::string wrapped(const char* name, const Struct& value) {
    Json object = Json::object(), inside = Json::object();
    Writer writer{inside};
    fields(writer, value);
    object[name] = std::move(inside);
    return line_of(object);
}
template <class Struct>
std::variant<Struct, Unreadable> unwrapped(const Json& object, const char* name) {
    Fault fault;
    Struct value;
    const Json& inside = object[name];
    const std::string where = std::string(name) + ".";
    if (inside.is_object()) {
        Reader reader{inside, where, fault};
        fields(reader, value);
    } else {
        fault.wrong(name, "an object");
    }
    if (fault.failure) return Unreadable{0, *fault.failure};
    return value;
}

template <class To, class From>
To widened(From from) {
    return std::visit([](auto& one) { return To(std::move(one)); }, from);
}

} // namespace

std::string encode(const Hello& hello) {
    return wrapped("hello", hello);
}
std::string encode(const Welcome& welcome) {
    return wrapped("welcome", welcome);
}
std::string encode(const TurnedAway& away) {
    return wrapped("turned_away", away);
}
std::string encode(const Stop&) {
    return R"({"request":"stop"})";
}
std::string encode(const RequestEnvelope& request) {
    Json object = with_kind("request", request.request);
    object["id"] = request.id;
    return line_of(object);
}
std::string encode(const Message& message) {
    if (auto* event = std::get_if<Event>(&message)) return line_of(with_kind("event", *event));
    const Reply& reply = std::get<Reply>(message);
    Json object = with_kind("reply", reply.body);
    object["id"] = reply.id;
    return line_of(object);
}
std::string encode(const ServedAt& place) {
    Json object = Json::object();
    Writer writer{object};
    fields(writer, place);
    return line_of(object);
}

ClientLine decode_client_line(std::string_view line) {
    auto json = object_of(line);
    if (!json) return Unreadable{0, std::move(json).failure()};
    const Json& object = *json;
    if (object.contains("hello")) return widened<ClientLine>(unwrapped<Hello>(object, "hello"));
    if (!object.contains("request"))
        return Unreadable{0, {"missing_field", "`request` is missing: what kind it is"}};
    if (object["request"] == "stop") return Stop{};
    Fault fault;
    RequestEnvelope envelope;
    if (object.contains("id"))
        from_json(object["id"], envelope.id, "id", fault);
    else
        fault.say("missing_field", "`id` is missing: a number that the reply is to have");
    if (!fault.failure) read_kind(object, "request", true, envelope.request, fault);
    if (fault.failure) return Unreadable{envelope.id, *fault.failure};
    return envelope;
}

ServerLine decode_server_line(std::string_view line) {
    auto json = object_of(line);
    if (!json) return Unreadable{0, std::move(json).failure()};
    const Json& object = *json;
    if (object.contains("welcome")) return widened<ServerLine>(unwrapped<Welcome>(object, "welcome"));
    if (object.contains("turned_away"))
        return widened<ServerLine>(unwrapped<TurnedAway>(object, "turned_away"));
    Fault fault;
    if (object.contains("event")) {
        Event event;
        read_kind(object, "event", false, event, fault);
        if (fault.failure) return Unreadable{0, *fault.failure};
        return Message(std::move(event));
    }
    Reply reply;
    if (!object.contains("reply")) return Unreadable{0, {"unknown_kind", "this is no reply and no event"}};
    if (object.contains("id"))
        from_json(object["id"], reply.id, "id", fault);
    else
        fault.say("missing_field", "`id` is missing");
    if (!fault.failure) read_kind(object, "reply", false, reply.body, fault);
    if (fault.failure) return Unreadable{reply.id, *fault.failure};
    return Message(std::move(reply));
}

Result<ServedAt> decode_served_at(std::string_view text) {
    auto json = object_of(text);
    if (!json) return std::move(json).failure();
    Fault fault;
    ServedAt place;
    static const std::string kTop;
    Reader reader{*json, kTop, fault};
    fields(reader, place);
    if (fault.failure) return *fault.failure;
    return place;
}

} // namespace indent::protocol
