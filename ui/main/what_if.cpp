#include "ui/main/what_if.h"
#include "image/history/what_if.h"
#include "ui/main/asking.h"
#include "ui/main/past_words.h"

namespace indent {

using image::WhatIfReport;

namespace {

constexpr const char* kVerdicts[] = {"same",   "other state", "other messages",
                                     "failed", "diverged",    "could not be run"};
static_assert(std::size(kVerdicts) == WhatIfReport::kVerdicts);

std::string told(const WhatIfReport& report, bool only_differences) {
    std::string text;
    for (const auto& message : report.messages) {
        if (only_differences && message.verdict == WhatIfReport::Same) continue;
        text += std::to_string(message.turn) + "  " + moment_in_words(message.at_ms) + "  " + message.actor +
                "  " + message.text + "  " + kVerdicts[message.verdict] +
                (message.words.empty() ? "" : ": " + message.words) + "\n";
    }
    for (const auto& message : report.messages) {
        if (message.verdict == WhatIfReport::Same || message.verdict == WhatIfReport::NotRun) continue;
        text += "first divergence: turn " + std::to_string(message.turn) + ", " + message.actor +
                " handling " + message.text + "\n";
        for (const std::string& line : message.lines) text += "      " + line + "\n";
        break;
    }
    for (const std::string& note : report.notes) {
        text += "note: " + note;
        if (!text.ends_with('\n')) text += "\n";
    }
    text += counted(report.messages.size(), "message") + ": ";
    for (size_t i = 0; i < report.counts.size(); ++i)
        text += (i ? ", " : "") + std::to_string(report.counts[i]) + " " + kVerdicts[i];
    return text + "\n";
}

} // namespace

Result<std::string> tell_what_if(image::Past& past, DefinitionStore& store, const image::StoryPlace& from,
                                 const image::StoryPlace& upto, std::vector<ReloadText> texts,
                                 bool only_differences) {
    return in_world_thread([&]() -> Result<std::string> {
        auto report = image::what_if(past, store, from, upto, texts);
        if (!report) return std::move(report).failure();
        if (!report->refusal.empty()) return Failure{"refused", report->refusal};
        std::string text = told(*report, only_differences);
        const size_t fine = report->counts[WhatIfReport::Same] +
                            (only_differences ? report->counts[WhatIfReport::NotRun] : 0);
        if (fine == report->messages.size()) return text;
        return Failure{"differs", std::move(text)};
    });
}

} // namespace indent
