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

std::string counted(uint64_t n, const char* one) {
    return std::to_string(n) + " " + one + (n == 1 ? "" : "s");
}

bool whole_number(const std::string& text, uint64_t& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

Result<std::string> in_world_thread(const std::function<Result<std::string>()>& work) {
    Result<std::string> answer = Failure{"no_thread", "there is no thread for this"};
    auto thread = os::Thread::start("past", kThreadStack, [&] { answer = work(); });
    if (!thread) return std::move(thread).failure();
    thread->join();
    return answer;
}

} // namespace indent
