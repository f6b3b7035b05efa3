// What people of other languages are told exists in the library.
#include "vm/syntax/foreign_names.h"
#include "vm/world/world.h"
#include <doctest/doctest.h>
#include <set>

using namespace indent;

namespace {

struct Library {
    std::unique_ptr<World> world;
    std::set<std::string> selectors, names;

    Library() {
        WorldOptions options;
        options.whole_library = true;
        auto made = World::make(std::move(options));
        REQUIRE_MESSAGE(bool(made), (made ? "" : made.failure().message));
        world = std::move(made).value();
        Runtime& runtime = world->runtime();
        for (SymbolId name : runtime.prelude.names()) {
            names.emplace(runtime.symbols.text(name));
            const Binding* binding = runtime.prelude.find(name);
            if (!binding || !binding->cls) continue;
            for (const Class* cls :
                 {static_cast<const Class*>(binding->cls), static_cast<const Class*>(binding->cls->side)})
                if (cls)
                    for (const auto& [selector, method] : cls->methods)
                        selectors.emplace(runtime.symbols.text(selector));
        }
    }
};

bool in_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

} // namespace

TEST_CASE("every selector that stands for one of another language is defined by the library") {
    Library library;
    for (const auto& row : syntax::foreign_selectors()) {
        std::string ours(row.ours);
        for (size_t at = 0; at <= ours.size();) {
            size_t end = std::min(ours.find(' ', at), ours.size());
            std::string selector = ours.substr(at, end - at);
            CHECK_MESSAGE(library.selectors.count(selector), row.theirs << " -> " << selector);
            CHECK_MESSAGE(selector != row.theirs, selector);
            at = end + 1;
        }
    }
}

TEST_CASE("what advice says in code exists, too") {
    Library library;
    auto check = [&](std::span<const syntax::ForeignName> rows) {
        for (const auto& row : rows) {
            std::string advice(row.advice);
            for (size_t open = advice.find('`'); open != std::string::npos;) {
                size_t close = advice.find('`', open + 1);
                REQUIRE_MESSAGE(close != std::string::npos, advice);
                std::string code = advice.substr(open + 1, close - open - 1);
                for (size_t i = 1; i < code.size(); ++i) {
                    // A selector after a dot, and a class of the library.
                    size_t end = i;
                    while (end < code.size() && (in_name(code[end]) || code[end] == '?')) ++end;
                    bool literal = code[i] >= '0' && code[i] <= '9';
                    if (code[i - 1] == '.' && end > i && !literal)
                        CHECK_MESSAGE((library.selectors.count(code.substr(i, end - i)) ||
                                       code.substr(i, end - i) == "name" || code.find("shop.") == 0 ||
                                       code.find("actor.") != std::string::npos),
                                      row.theirs << ": " << code);
                }
                open = advice.find('`', close + 1);
            }
        }
    };
    check(syntax::foreign_names());
    check(syntax::foreign_words());
}

TEST_CASE("what the library has is no foreign name") {
    Library library;
    for (const auto& row : syntax::foreign_names())
        // For who calls the class itself, as nothing here is made by that.
        if (row.theirs != "File") CHECK_MESSAGE(!library.names.count(std::string(row.theirs)), row.theirs);
}
