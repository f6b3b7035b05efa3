// Classes and modules as objects that can be asked about themselves.
#include "vm/interp/arguments.h"
#include "vm/interp/inner.h"
#include "vm/interp/nodes.h"
#include "vm/prims/reflection_tables.h"
#include <algorithm>

namespace indent {

namespace {

Class* class_in(Machine& vm, Value value) {
    return const_cast<Class*>(vm.shapes[value.cell()->shape].class_value);
}

Value names_list(Machine& vm, Value* args, std::vector<std::string_view> names) {
    std::sort(names.begin(), names.end());
    std::vector<SymbolId> ids;
    for (auto name : names) ids.push_back(vm.symbols.intern(name));
    args[1] = vm.list(ids.size(), args);
    for (SymbolId id : ids) {
        args[2] = Value::symbol(id);
        if (!list_add(vm, args[1], args[2], args + kPrimitiveFrame)) break;
    }
    return args[1];
}

Value class_name(Machine& vm, Value* args) {
    return vm.text(vm.symbols.text(class_in(vm, args[0])->name), args);
}
Value class_superclass(Machine& vm, Value* args) {
    Class* superclass = class_in(vm, args[0])->superclass;
    return superclass ? superclass->value : Value::nil();
}
Value class_methods(Machine& vm, Value* args) {
    std::vector<std::string_view> names;
    for (const auto& [selector, method] : class_in(vm, args[0])->methods)
        names.push_back(vm.symbols.text(selector));
    return names_list(vm, args, names);
}
Value class_class_methods(Machine& vm, Value* args) {
    std::vector<std::string_view> names;
    for (const auto& [selector, method] : class_in(vm, args[0])->side->methods)
        names.push_back(vm.symbols.text(selector));
    return names_list(vm, args, names);
}
Value class_traits(Machine& vm, Value* args) {
    Class* cls = class_in(vm, args[0]);
    args[1] = vm.list(cls->traits.size(), args);
    for (Class* trait : cls->traits) {
        args[2] = trait->value;
        if (!list_add(vm, args[1], args[2], args + kPrimitiveFrame)) break;
    }
    return args[1];
}
Value class_fields(Machine& vm, Value* args) {
    Class* cls = class_in(vm, args[0]);
    args[1] = vm.list(cls->fields.size(), args);
    for (const auto& field : cls->fields) {
        args[2] = Value::symbol(field.name);
        if (!list_add(vm, args[1], args[2], args + kPrimitiveFrame)) break;
    }
    return args[1];
}
Value class_doc(Machine& vm, Value* args) {
    return vm.text(class_in(vm, args[0])->doc, args);
}
Value class_defines(Machine& vm, Value* args) {
    if (!args[1].is_symbol()) return vm.wrong_type(args, 1, "a Symbol");
    return Value::boolean(class_in(vm, args[0])->lookup(args[1].symbol_id()) != nullptr);
}
Value class_inherits_from(Machine& vm, Value* args) {
    const Class* other = args[1].is_cell() ? vm.shapes[args[1].cell()->shape].class_value : nullptr;
    if (!other) return vm.wrong_type(args, 1, "a class");
    return Value::boolean(class_in(vm, args[0])->inherits_from(other));
}
Value class_module(Machine& vm, Value* args) {
    return class_in(vm, args[0])->module->value;
}

Value class_source_of(Machine& vm, Value* args) {
    if (!args[1].is_symbol()) return vm.wrong_type(args, 1, "a Symbol");
    Class* cls = class_in(vm, args[0]);
    Method* method = cls->lookup(args[1].symbol_id());
    if (!method) method = cls->side->lookup(args[1].symbol_id());
    if (!method || !method->definition) return Value::nil();
    const auto& span = method->definition->head.full;
    return vm.text(std::string_view(*method->tree->source).substr(span.begin, span.end - span.begin), args);
}

// Construction with any arguments, for a class in a variable: cls.new(…), cls(…).
Value class_new(Machine& vm, Value* args) {
    Class* cls = class_in(vm, args[0]);
    size_t count = list_size(args[1]);
    if (count > kMostArguments) return vm.fail("ArgumentError", "too many arguments", args);
    Value* nf = native_frame(vm, args, args + kPrimitiveFrame);
    nf[0] = args[0];
    for (size_t i = 0; i < count; ++i) nf[1 + i] = list_get(args[1], i);
    if (cls->kind == ClassKind::Builtin)
        return vm.fail("ArgumentError",
                       "`" + std::string(vm.symbols.text(cls->name)) + "` has no constructor", args);
    return construct(vm, cls, nf, unsigned(count), nullptr);
}

Value module_path(Machine& vm, Value* args) {
    return vm.text((*args[0].cell())[0].raw_address<Module>()->path, args);
}
Value module_names(Machine& vm, Value* args) {
    std::vector<std::string_view> names;
    for (const auto& [id, binding] : (*args[0].cell())[0].raw_address<Module>()->current().names)
        names.push_back(vm.symbols.text(id));
    return names_list(vm, args, names);
}
Value module_doc(Machine& vm, Value* args) {
    return vm.text((*args[0].cell())[0].raw_address<Module>()->doc, args);
}
Value module_value(Machine& vm, Value* args) {
    if (!args[1].is_symbol()) return vm.wrong_type(args, 1, "a Symbol");
    Module* module = (*args[0].cell())[0].raw_address<Module>();
    auto found = module->names.find(args[1].symbol_id());
    if (found == module->names.end())
        return vm.fail("KeyError",
                       "module `" + module->path + "` has no `" + std::string(vm.symbol_text(args[1])) + "`",
                       args);
    Binding* binding = found->second;
    if (binding->kind == Binding::ClassName) return binding->cls->value;
    if (binding->kind == Binding::Stable || binding->kind == Binding::Var)
        return binding->value ? binding->value : Value::nil();
    return vm.fail("KeyError", "`" + std::string(vm.symbol_text(args[1])) + "` is a function: call it", args);
}

} // namespace

PrimitiveTable class_primitives() {
    static constexpr PrimitiveRow kRows[] = {{"name", 0, class_name},
                                             {"superclass", 0, class_superclass},
                                             {"methods", 0, class_methods},
                                             {"class_methods", 0, class_class_methods},
                                             {"traits", 0, class_traits},
                                             {"fields", 0, class_fields},
                                             {"doc", 0, class_doc},
                                             {"defines?", 1, class_defines},
                                             {"inherits_from?", 1, class_inherits_from},
                                             {"module", 0, class_module},
                                             {"source_of", 1, class_source_of},
                                             {"new", 1, class_new}};
    return {"Class", kRows};
}
PrimitiveTable module_primitives() {
    static constexpr PrimitiveRow kRows[] = {{"path", 0, module_path},
                                             {"names", 0, module_names},
                                             {"doc", 0, module_doc},
                                             {"value", 1, module_value}};
    return {"Module", kRows};
}

static Value stretch_commit(Machine& vm, Value* args) {
    vm.heap->commit(args + kPrimitiveFrame);
    return Value::nil();
}

PrimitiveTable stretch_primitives() {
    static constexpr PrimitiveRow kRows[] = {{"commit", 0, stretch_commit}};
    return {"Stretch class", kRows};
}

PrimitiveTable record_with_primitives() {
    static constexpr PrimitiveRow kRows[] = {{"with", 1, record_with}};
    return {"Record", kRows};
}

std::vector<PrimitiveTable> reflection_tables() {
    return {block_primitives(),
            reference_primitives(),
            message_primitives(),
            error_primitives(),
            class_primitives(),
            module_primitives(),
            record_with_primitives(),
            stretch_primitives(),
            eval_primitives(),
            reload_primitives(),
            module_generations_primitives(),
            class_change_primitives(),
            module_eval_primitives(),
            atom_primitives(),
            atom_class_primitives(),
            address_primitives(),
            address_class_primitives(),
            actor_functions(),
            image_primitives(),
            canvas_primitives()};
}

} // namespace indent
