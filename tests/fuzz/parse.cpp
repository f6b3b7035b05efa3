// Any bytes go through lexer, parser, diagnostics and printer: no crash, no hang, and what parses without errors
// comes back the same from its printed form. The length chooses a second mode, so that seeds are plain programs.
#include "vm/syntax/dump.h"
#include "vm/syntax/highlight.h"
#include "vm/syntax/parser.h"
#include "vm/syntax/printer.h"
#include <cstdio>
#include <cstdlib>

using namespace indent::syntax;

namespace {

// What must hold does not: shows both sides and ends.
[[noreturn]] void differ(const char* what, const std::string& first, const std::string& second) {
    std::fprintf(stderr, "%s\n---- first\n%s\n---- second\n%s\n", what, first.c_str(), second.c_str());
    std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    std::string text(reinterpret_cast<const char*>(data), size);

    uint32_t covered = 0;
    for (const Highlight& piece : highlight(text)) {
        if (piece.span.begin < covered || piece.span.end < piece.span.begin || piece.span.end > text.size())
            differ("highlights overlap", text, "");
        covered = piece.span.end;
    }

    auto other = static_cast<ParseMode>(size % 8);
    if (other != ParseMode::Module) render(parse("fuzz.ind", text, other));

    ParseOutcome outcome = parse("fuzz.ind", text);
    render(outcome);
    if (!outcome.ok()) return 0;
    std::string printed = print(outcome.tree);
    ParseOutcome again = parse("fuzz.ind", printed);
    if (!again.ok()) differ("the printed text has errors", printed, render(again));
    std::string before = dump(outcome.tree), after = dump(again.tree);
    if (before != after) differ("the printed text means something else", printed, before + "\n" + after);
    std::string twice = print(again.tree);
    if (twice != printed) differ("printing twice differs", printed, twice);
    return 0;
}
