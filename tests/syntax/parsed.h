// What the parser makes of a text, in words.
#pragma once
#include "vm/syntax/diagnostics.h"
#include "vm/syntax/dump.h"
#include "vm/syntax/parser.h"
#include <string>
#include <string_view>

namespace indent::syntax {

// The dump of its statements; what is wrong with it instead, where something is.
inline std::string tree(std::string_view text, ParseMode mode = ParseMode::Module) {
    auto outcome = parse("t.ind", std::string(text), mode);
    if (!outcome.ok()) return render(outcome);
    std::string result = dump(outcome.tree);
    if (!result.empty()) result.pop_back();
    return result;
}

// The codes of what is wrong, in order.
inline std::string wrong(std::string_view text, ParseMode mode = ParseMode::Module) {
    std::string result;
    for (const Diagnostic& diagnostic : parse("t.ind", std::string(text), mode).diagnostics) {
        if (!result.empty()) result += ' ';
        result += code_name(diagnostic.code);
    }
    return result;
}

} // namespace indent::syntax
