// eval: a text is read, checked, made live and run, as part of the stretch that asks.
#include "vm/interp/inner.h"
#include "vm/interp/maker.h"
#include "vm/prims/reflection_tables.h"
#include "vm/reload/checker.h"
#include "vm/reload/known_runtime.h"
#include "vm/reload/loader.h"
#include "vm/syntax/parser.h"
#include "vm/syntax/source.h"

namespace indent {

namespace {

// Definitions go to the module that inputs go to; locals are the text's own.
Value eval(Machine& vm, Value* args) {
    if (!is_text(args[1])) return vm.wrong_type(args, 1, "a Text");
    vm.check_native_stack(args);
    auto parsed = syntax::parse("eval", text_utf8(args[1]), syntax::ParseMode::Module);
    auto refuse = [&](const syntax::SyntaxTree& tree, const Diagnostics& diagnostics) {
        syntax::Source source(tree.file, *tree.source);
        std::string words;
        for (const auto& diagnostic : diagnostics)
            if (diagnostic.severity == syntax::Severity::Error) words += syntax::render(diagnostic, source);
        if (!words.empty() && words.back() == '\n') words.pop_back();
        return vm.fail("ParseError", words, args);
    };
    if (!parsed.ok()) return refuse(parsed.tree, parsed.diagnostics);
    auto tree = std::make_shared<syntax::SyntaxTree>(std::move(parsed.tree));
    Loader loader(vm);
    Module& module = loader.module("workspace", "workspace", false);
    CheckOptions options;
    options.interactive = true;
    RuntimeNames known(vm.runtime, &module, {true, true, {}});
    if (Diagnostics found = check(*tree, known, options); syntax::has_errors(found)) return refuse(*tree, found);
    Diagnostics diagnostics = loader.define(module, tree);
    if (!diagnostics.empty()) return refuse(*tree, diagnostics);
    TopLevelBody body;
    body.tree = tree;
    body.statements = tree->top_level;
    body.module = &module;
    body.name = "eval";
    body.sets_module_values = true;
    Code* code = make_top_level(vm, body);
    Value* nf = native_frame(vm, args, args + kPrimitiveFrame);
    nf[0] = Value::nil();
    return enter(code, nf);
}

} // namespace

PrimitiveTable eval_primitives() {
    static constexpr PrimitiveRow kRows[] = {{"eval", 1, eval}};
    return {"", kRows};
}

} // namespace indent
