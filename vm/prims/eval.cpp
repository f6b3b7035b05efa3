// A text is read, checked, made live and run, as part of the stretch that asks: eval, Module.eval, Class.define.
#include "vm/interp/inner.h"
#include "vm/interp/maker.h"
#include "vm/interp/reload_port.h"
#include "vm/prims/reflection_tables.h"
#include "vm/reload/checker.h"
#include "vm/reload/known_runtime.h"
#include "vm/reload/loader.h"
#include "vm/syntax/parser.h"
#include "vm/syntax/source.h"

namespace indent {

namespace {

using TreePointer = std::shared_ptr<const syntax::SyntaxTree>;

Value refuse(Machine& vm, Value* args, const syntax::SyntaxTree& tree, const Diagnostics& diagnostics) {
    syntax::Source source(tree.file, *tree.source);
    std::string words;
    for (const auto& diagnostic : diagnostics)
        if (diagnostic.severity == syntax::Severity::Error) words += syntax::render(diagnostic, source);
    if (!words.empty() && words.back() == '\n') words.pop_back();
    return vm.fail("ParseError", words, args);
}

// Reads args[1]. Null: raised what is wrong with it as such.
TreePointer read(Machine& vm, Value* args, std::string name, syntax::ParseMode mode, Value& resumed) {
    auto parsed = syntax::parse(std::move(name), text_utf8(args[1]), mode);
    if (!parsed.ok()) {
        resumed = refuse(vm, args, parsed.tree, parsed.diagnostics);
        return nullptr;
    }
    return std::make_shared<syntax::SyntaxTree>(std::move(parsed.tree));
}

// Raises what stands against a change of definitions. False: so it did.
bool taken(Machine& vm, Value* args, Amendment amendment, std::string words, Value& resumed) {
    if (amendment == Amendment::Done) return true;
    while (!words.empty() && words.back() == '\n') words.pop_back();
    resumed = vm.fail(amendment == Amendment::Wrong ? "ParseError" : "ReloadRefused", words, args);
    return false;
}

// Definitions go to the module; locals are the text's own.
Value eval_in(Machine& vm, Value* args, Module& module) {
    vm.check_native_stack(args);
    Value resumed;
    TreePointer tree = read(vm, args, "eval", syntax::ParseMode::Module, resumed);
    if (!tree) return resumed;
    if (ReloadPort* port = vm.runtime.reloads; port && module.path != "workspace") {
        std::string words;
        const Amendment done = port->amend(vm, module, nullptr, tree, words);
        if (!taken(vm, args, done, std::move(words), resumed)) return resumed;
    } else {
        CheckOptions options;
        options.interactive = true;
        Diagnostics found;
        vm.runtime.exclusively([&] { // what is defined stays what it is while it is looked at
            found = check(*tree, RuntimeNames(vm.runtime, &module, {true, true, {}}), options);
            if (!syntax::has_errors(found)) found = Loader(vm).define(module, tree);
        });
        if (syntax::has_errors(found)) return refuse(vm, args, *tree, found);
    }
    TopLevelBody body;
    body.tree = tree;
    body.statements = tree->top_level;
    body.module = &module;
    body.name = "eval";
    body.sees_all_modules = true;
    body.sets_module_values = true;
    Code* code = make_top_level(vm, body);
    Value* nf = native_frame(vm, args, args + kPrimitiveFrame);
    nf[0] = Value::nil();
    return enter(code, nf);
}

Value eval(Machine& vm, Value* args) {
    if (!is_text(args[1])) return vm.wrong_type(args, 1, "a Text");
    Module* workspace = nullptr;
    vm.runtime.exclusively([&] { workspace = &Loader(vm).module("workspace", "workspace", false); });
    return eval_in(vm, args, *workspace);
}

Value module_eval(Machine& vm, Value* args) {
    if (!is_text(args[1])) return vm.wrong_type(args, 1, "a Text");
    Module& module = (*args[0].cell())[0].raw_address<Module>()->current();
    if (module.library)
        return vm.fail("ArgumentError", "`" + module.path + "` belongs to the library, which stays as it is",
                       args);
    return eval_in(vm, args, module);
}

// ---- the methods of one class

Class& class_of_value(Machine& vm, Value value) {
    return *const_cast<Class*>(vm.shapes[value.cell()->shape].class_value);
}

std::string name_of(Machine& vm, const Class& cls) {
    return std::string(vm.symbols.text(cls.name));
}

Value fail_library_class(Machine& vm, Value* args, const Class& cls) {
    return vm.fail("ArgumentError",
                   "`" + name_of(vm, cls) + "` belongs to the library, which stays as it is; `extend " +
                       name_of(vm, cls) + ":` in a module adds methods to it",
                   args);
}

syntax::ParseMode members_mode(ClassKind kind) {
    switch (kind) {
    case ClassKind::Record: return syntax::ParseMode::RecordMembers;
    case ClassKind::Trait: return syntax::ParseMode::TraitMembers;
    case ClassKind::Actor: return syntax::ParseMode::ActorMembers;
    case ClassKind::Supervisor: return syntax::ParseMode::SupervisorMembers;
    default: return syntax::ParseMode::ClassMembers;
    }
}

Value class_define(Machine& vm, Value* args) {
    if (!is_text(args[1])) return vm.wrong_type(args, 1, "a Text");
    vm.check_native_stack(args);
    Class& cls = class_of_value(vm, args[0]);
    Module& module = *cls.module;
    if (module.library) return fail_library_class(vm, args, cls);
    if (!vm.runtime.reloads) return vm.fail("EffectDenied", "nothing can be changed here", args);
    Value resumed;
    TreePointer tree = read(vm, args, module.path + "." + name_of(vm, cls), members_mode(cls.kind), resumed);
    if (!tree) return resumed;
    std::string words;
    const Amendment done = vm.runtime.reloads->amend(vm, module, &cls, tree, words);
    return taken(vm, args, done, std::move(words), resumed) ? args[0] : resumed;
}

Value class_remove(Machine& vm, Value* args) {
    if (!args[1].is_symbol()) return vm.wrong_type(args, 1, "a Symbol");
    Class& cls = class_of_value(vm, args[0]);
    if (cls.module->library) return fail_library_class(vm, args, cls);
    if (!vm.runtime.reloads) return vm.fail("EffectDenied", "nothing can be changed here", args);
    std::string words;
    Value resumed;
    switch (const Amendment done = vm.runtime.reloads->remove(cls, args[1].symbol_id(), words)) {
    case Amendment::Done: return args[0];
    case Amendment::Wrong:
    case Amendment::Refused: taken(vm, args, done, std::move(words), resumed); return resumed;
    case Amendment::Reader:
        return vm.fail("ArgumentError",
                       "`" + std::string(vm.symbol_text(args[1])) + "` reads a field of " + name_of(vm, cls) +
                           ", which goes only with the class",
                       args);
    case Amendment::Missing: break;
    }
    return vm.fail(
        "KeyError",
        name_of(vm, cls) + " itself defines no method `" + std::string(vm.symbol_text(args[1])) + "`", args);
}

} // namespace

PrimitiveTable class_change_primitives() {
    static constexpr PrimitiveRow kRows[] = {{"define", 1, class_define, Effect::Inside},
                                             {"remove", 1, class_remove, Effect::Inside}};
    return {"Class", kRows};
}

PrimitiveTable module_eval_primitives() {
    static constexpr PrimitiveRow kRows[] = {{"eval", 1, module_eval, Effect::Inside}};
    return {"Module", kRows};
}

PrimitiveTable eval_primitives() {
    static constexpr PrimitiveRow kRows[] = {{"eval", 1, eval}};
    return {"", kRows};
}

} // namespace indent
