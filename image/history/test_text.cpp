#include "image/history/test_text.h"
#include <algorithm>
#include <cctype>
#include <charconv>

namespace indent::image {

const char* const kHearsTheEnd = R"(# It hears why another one ends.
actor HearsTheEnd:
    state reason = nil
    on of(who): watch who
    on down(who, why): reason = why
    on reason = reason

)";

const char* const kHearsNothing = R"(# It is there for timers that run.
actor HearsNothing:
    on nothing: nil

)";

const char* const kAbove = R"(# It stops its children as supervisors do.
supervisor Above:
    strategy :one_for_one

)";

const char* const kComesTrue = R"(def comes_true(block):
    for i in 1..2000:
        if block(): return true
        sleep(1.milliseconds)
    false

)";

bool is_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
}

bool is_name(std::string_view text) {
    return !text.empty() && (std::islower(static_cast<unsigned char>(text[0])) || text[0] == '_') &&
           std::all_of(text.begin(), text.end() - 1, is_word) && (is_word(text.back()) || text.back() == '?');
}

std::string small(const std::string& name) {
    std::string text;
    for (const char c : name) {
        if (std::isupper(static_cast<unsigned char>(c)) && !text.empty()) text += '_';
        text += char(std::tolower(static_cast<unsigned char>(c)));
    }
    return text;
}

std::string time_in_words(uint64_t nanoseconds) {
    static constexpr struct {
        uint64_t size;
        const char* name;
    } kUnits[] = {{86'400'000'000'000, " d"}, {3'600'000'000'000, " h"}, {60'000'000'000, " min"},
                  {1'000'000'000, " s"},      {1'000'000, " ms"},        {1'000, " us"}};
    for (const auto& unit : kUnits)
        if (nanoseconds >= unit.size && nanoseconds % unit.size == 0)
            return std::to_string(nanoseconds / unit.size) + unit.name;
    return std::to_string(nanoseconds) + " ns";
}

bool timer_at(std::string_view text, size_t at, size_t& end, uint64_t& number) {
    constexpr std::string_view kTimer = "Timer(";
    if (text.substr(at, kTimer.size()) != kTimer || (at > 0 && is_word(text[at - 1]))) return false;
    const char* const first = text.data() + at + kTimer.size();
    const char* const past = text.data() + text.size();
    const auto [last, error] = std::from_chars(first, past, number);
    if (error != std::errc() || last == past || *last != ')') return false;
    end = size_t(last - text.data()) + 1;
    return true;
}

} // namespace indent::image
