// JSON and regular expressions out of any bytes: no crash, no endless search, offsets in the text and in order. What
// is JSON nests properly. The first byte has the pattern's flags; the first line end parts it from its text.
#include "vm/model/text.h"
#include "vm/prims/json_reader.h"
#include "vm/prims/regex_pattern.h"
#include <algorithm>
#include <cstdlib>

using namespace indent;

namespace {

void must(bool holds) {
    if (!holds) std::abort();
}

void read_json(std::string_view text) {
    constexpr size_t kDepth = 50;
    JsonReader reader(text, kDepth);
    size_t depth = 0, events = 0;
    for (;;) {
        JsonEvent event = reader.next();
        must(reader.offset() <= text.size() && ++events <= text.size() + 1);
        if (event == JsonEvent::Map || event == JsonEvent::List) ++depth;
        if (event == JsonEvent::EndMap || event == JsonEvent::EndList) --depth;
        if (event == JsonEvent::Fault) {
            must(!reader.fault().empty() && reader.next() == JsonEvent::Fault);
            TextPlace place = place_of(text, reader.offset());
            must(place.line >= 1 && place.column >= 1 && place.line + place.column <= text.size() + 2);
            return;
        }
        must(depth == reader.depth() && depth <= kDepth);
        if (event == JsonEvent::Key || event == JsonEvent::Text)
            must(find_invalid_utf8(reader.value()) == std::string_view::npos);
        if (event == JsonEvent::End) {
            must(depth == 0);
            return;
        }
    }
}

void search(std::string_view pattern, unsigned flags, std::string_view text) {
    RegexPattern::Fault fault;
    auto compiled = RegexPattern::compile(pattern, flags, fault);
    if (!compiled) {
        must(!fault.message.empty() && fault.offset <= pattern.size());
        return;
    }
    size_t groups = compiled->group_names().size();
    RegexSearch search(compiled, text, 0);
    constexpr int kMostRounds = 3000;
    size_t matches = 0;
    for (int round = 0; round < kMostRounds; ++round) {
        RegexSearch::Found found = search.next();
        if (found == RegexSearch::Found::No || found == RegexSearch::Found::Limit) return;
        if (found == RegexSearch::Found::NotYet) continue;
        must(++matches <= 2 * text.size() + 2);
        const auto& offsets = search.offsets();
        must(offsets.size() == 2 * groups + 2);
        for (size_t i = 0; i < offsets.size(); i += 2)
            must(offsets[i] == kNoOffset || (offsets[i] <= offsets[i + 1] && offsets[i + 1] <= text.size()));
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    if (find_invalid_utf8(text) != std::string_view::npos) return 0; // a Text never has that
    read_json(text);
    if (text.empty() || static_cast<unsigned char>(text[0]) > 0x7f) return 0;
    std::string_view rest = text.substr(1);
    size_t end = std::min(rest.find('\n'), rest.size());
    search(rest.substr(0, end), static_cast<unsigned char>(text[0]) & kAllRegexFlags,
           rest.substr(std::min(end + 1, rest.size())));
    return 0;
}
