// What parses is checked, against a world in which nothing is known: no crash, and every place is in the text.
#include "vm/reload/checker.h"
#include "vm/syntax/parser.h"
#include "vm/syntax/source.h"
#include <cstdlib>

using namespace indent;

namespace {

class NoNames : public KnownNames {
  public:
    std::optional<KnownName> find(std::string_view) const override { return std::nullopt; }
    void names(std::vector<std::string>&) const override {}
    bool module_in_sight(std::string_view) const override { return false; }
    std::optional<KnownName> find_in_module(std::string_view, std::string_view) const override {
        return std::nullopt;
    }
    void names_in_module(std::string_view, std::vector<std::string>&) const override {}
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    auto mode = static_cast<syntax::ParseMode>(size % 8);
    auto parsed = syntax::parse("fuzz.ind", std::string(reinterpret_cast<const char*>(data), size), mode);
    if (!parsed.ok()) return 0;
    NoNames nothing;
    CheckOptions options;
    options.interactive = mode == syntax::ParseMode::Interactive;
    auto diagnostics = check(parsed.tree, nothing, options);
    for (const auto& diagnostic : diagnostics)
        if (diagnostic.span.begin > size || diagnostic.span.end > size) std::abort();
    syntax::render(diagnostics, syntax::Source("fuzz.ind", *parsed.tree.source));
    return 0;
}
