// Any bytes as source, through everything that happens to a text before it runs: lexer, parser, diagnostics, and
// the printer where the text was right.
#include "vm/syntax/diagnostics.h"
#include "vm/syntax/dump.h"
#include "vm/syntax/parser.h"
#include "vm/syntax/printer.h"
#include <cstdio>
#include <cstdlib>
#include <string>

using namespace indent::syntax;

namespace {

[[noreturn]] void fail(const char* what, const std::string& text) {
    std::fprintf(stderr, "%s:\n%s\n", what, text.c_str());
    std::abort();
}

// Every diagnostic has its place in the text and can be put into words.
void check_diagnostics(const ParseOutcome& outcome, const std::string& text) {
    for (const auto& diagnostic : outcome.diagnostics) {
        if (diagnostic.span.begin > diagnostic.span.end || diagnostic.span.end > text.size())
            fail("a diagnostic lies outside of its text", words(diagnostic));
        if (words(diagnostic).empty())
            fail("a diagnostic has no words", std::string(code_name(diagnostic.code)));
    }
    if (render(outcome).empty() != outcome.diagnostics.empty())
        fail("diagnostics are rendered as nothing", text);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    std::string text(reinterpret_cast<const char*>(data), size);

    auto outcome = parse("fuzz.ind", text);
    check_diagnostics(outcome, text);
    auto meaning = dump(outcome.tree);
    if (outcome.ok()) {
        auto printed = print(outcome.tree);
        auto again = parse("printed.ind", printed);
        if (!again.ok()) fail("what was printed is refused", printed + render(again));
        if (dump(again.tree) != meaning) fail("what was printed says something else", printed);
        if (print(again.tree) != printed) fail("what was printed is printed otherwise", printed);
    }

    // The other ways in; the length picks one, so that an input is the same test every time.
    constexpr ParseMode others[] = {ParseMode::Interactive,      ParseMode::ClassMembers,
                                    ParseMode::RecordMembers,    ParseMode::TraitMembers,
                                    ParseMode::ExtendMembers,    ParseMode::ActorMembers,
                                    ParseMode::SupervisorMembers};
    auto part = parse("part", text, others[size % std::size(others)]);
    check_diagnostics(part, text);
    dump(part.tree);
    needs_more_lines(text);
    return 0;
}
