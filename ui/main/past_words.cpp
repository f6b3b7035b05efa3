#include "ui/main/past_words.h"
#include "vm/os/thread.h"
#include "vm/world/world.h"
#include <charconv>
#include <ctime>

namespace indent {

std::string moment_in_words(uint64_t at_ms) {
    const std::time_t seconds = std::time_t(at_ms / 1000);
    std::tm utc{};
    char text[40] = "";
    if (gmtime_r(&seconds, &utc)) std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &utc);
    char parts[48];
    std::snprintf(parts, sizeof parts, "%s.%03u", text, unsigned(at_ms % 1000));
    return parts;
}

bool whole_number(const std::string& text, uint64_t& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

std::string as_hexadecimal(const std::string& bytes) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string text;
    text.reserve(2 * bytes.size());
    for (const char byte : bytes) {
        text += kDigits[uint8_t(byte) >> 4];
        text += kDigits[uint8_t(byte) & 15];
    }
    return text;
}

std::optional<std::string> from_hexadecimal(std::string_view text) {
    if (text.size() % 2) return std::nullopt;
    std::string bytes;
    for (size_t i = 0; i < text.size(); i += 2) {
        uint8_t byte = 0;
        const auto [end, error] = std::from_chars(text.data() + i, text.data() + i + 2, byte, 16);
        if (error != std::errc() || end != text.data() + i + 2) return std::nullopt;
        bytes += char(byte);
    }
    return bytes;
}

Result<std::string> in_world_thread(const std::function<Result<std::string>()>& work) {
    Result<std::string> answer = Failure{"no_thread", "there is no thread for this"};
    auto thread = os::Thread::start("past", kThreadStack, [&] { answer = work(); });
    if (!thread) return std::move(thread).failure();
    thread->join();
    return answer;
}

} // namespace indent
