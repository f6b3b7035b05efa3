// Loading happens in passes, so that definitions may name each other in any order: first every name is bound (with
// an empty class where it is one), then superclasses and fields are filled in from the roots down, then methods,
// then extensions of other modules' classes. What can fail is found before anything that existed is touched.
#include "vm/reload/loader.h"
#include "vm/interp/primitive.h"
#include "vm/interp/send.h"
#include <algorithm>

namespace indent {

using syntax::Kind;

namespace {

struct BuiltinShape {
    std::string_view name;
    ShapeId shape;
    bool core = true; // or read when it is named
};
constexpr BuiltinShape kBuiltins[] = {
    {"Integer", shape::kInteger},
    {"Integer", shape::kBigInteger},
    {"Float", shape::kFloat},
    {"Nil", shape::kNil},
    {"Boolean", shape::kBoolean},
    {"Symbol", shape::kSymbol},
    {"Text", shape::kText},
    {"List", shape::kList},
    {"Map", shape::kMap},
    {"Tuple", shape::kTuple},
    {"Range", shape::kRange},
    {"Block", shape::kBlock},
    {"Reference", shape::kReference},
    {"Message", shape::kMessage},
    {"Module", shape::kModule},
    {"Atom", shape::kAtom, false},
    {"Address", shape::kAddress},
};

// The checker has seen that it is a number.
uint32_t mailbox_limit_of(const syntax::DefinitionHead& head) {
    for (const auto& annotation : head.annotations)
        if (annotation.name.text == "mailbox" && !annotation.arguments.empty())
            if (auto* number = syntax::try_as<syntax::IntegerNode>(annotation.arguments[0].value))
                return uint32_t(std::strtoul(std::string(number->digits).c_str(), nullptr, number->base));
    return 0;
}

bool is_class(Kind kind) {
    return kind == Kind::Class || kind == Kind::Record || kind == Kind::Trait || kind == Kind::Actor ||
           kind == Kind::Supervisor;
}

std::string dotted(const syntax::Node* node) {
    if (auto* name = syntax::try_as<syntax::NameNode>(node)) return std::string(name->text);
    if (auto* send = syntax::try_as<syntax::SendNode>(node))
        return dotted(send->receiver) + "." + std::string(send->selector.text);
    return "?";
}

syntax::Nodes traits_of(const syntax::Node* node) {
    switch (node->kind) {
    case Kind::Class: return syntax::as<syntax::ClassNode>(node)->traits;
    case Kind::Record: return syntax::as<syntax::RecordNode>(node)->traits;
    case Kind::Trait: return syntax::as<syntax::TraitNode>(node)->traits;
    case Kind::Actor: return syntax::as<syntax::ActorNode>(node)->traits;
    case Kind::Extend: return syntax::as<syntax::ExtendNode>(node)->traits;
    default: return {};
    }
}

const syntax::Node* superclass_of(const syntax::Node* node) {
    if (auto* cls = syntax::try_as<syntax::ClassNode>(node)) return cls->superclass;
    if (auto* actor = syntax::try_as<syntax::ActorNode>(node)) return actor->superclass;
    return nullptr;
}

} // namespace

const syntax::Behaviour* members_of(const syntax::Node* node) {
    switch (node->kind) {
    case Kind::Class: return &syntax::as<syntax::ClassNode>(node)->members;
    case Kind::Record: return &syntax::as<syntax::RecordNode>(node)->members;
    case Kind::Trait: return &syntax::as<syntax::TraitNode>(node)->members;
    case Kind::Actor: return &syntax::as<syntax::ActorNode>(node)->members;
    case Kind::Supervisor: return &syntax::as<syntax::SupervisorNode>(node)->members;
    case Kind::Extend: return &syntax::as<syntax::ExtendNode>(node)->members;
    default: return nullptr;
    }
}

struct Loader::Pending {
    Module* module;
    TreePointer tree;
    const syntax::Node* node;
    Class* cls;
    enum { Untouched, Filling, Done } state = Untouched;
    std::vector<Pending>* all;
};

Module& Loader::module(std::string_view path, std::string_view file, bool library) {
    auto& slot = runtime_.modules[std::string(path)];
    if (!slot) {
        slot = new_module(path, file);
        slot->library = library;
    }
    return *slot;
}

std::unique_ptr<Module> Loader::new_module(std::string_view path, std::string_view file) {
    auto module = std::make_unique<Module>();
    module->path = path;
    module->file = file;
    Cell* cell = runtime_.shared.allocate(shape::kModule, Format::Slots, 1, false);
    (*cell)[0] = Value::raw(module.get());
    module->value = Value::cell(cell);
    return module;
}

Diagnostics Loader::stage(std::vector<std::pair<Module*, TreePointer>> files, Staged& staged,
                          size_t& faulty) {
    return define_all(std::move(files), &staged, &faulty);
}

void Loader::declare(Module& module, const syntax::SyntaxTree& tree) {
    for (const syntax::Node* node : tree.top_level) {
        const auto* head = syntax::head_of(node);
        if (!head) continue;
        auto* value = syntax::try_as<syntax::ModuleValueNode>(node);
        bind(module, head->name.text,
             is_class(node->kind) ? Binding::ClassName
             : !value             ? Binding::Function
             : value->stable      ? Binding::Stable
                                  : Binding::Var,
             node, head->doc);
    }
}

Diagnostics Loader::extend(const Staged::Extension& e) {
    Diagnostics diagnostics;
    add_methods(*e.module, *e.target, e.node->members, e.tree, diagnostics, true);
    if (!diagnostics.empty()) return diagnostics;
    for (const syntax::Node* name : traits_of(e.node)) {
        Class* trait = find_class(*e.module, name);
        if (!trait || trait->kind != ClassKind::Trait) continue;
        if (std::find(e.target->traits.begin(), e.target->traits.end(), trait) == e.target->traits.end())
            e.target->traits.push_back(trait);
    }
    return diagnostics;
}

Binding* Loader::bind(Module& module, std::string_view name, Binding::Kind kind,
                      const syntax::Node* definition, std::string_view doc) {
    SymbolId id = vm_.symbols.intern(name);
    Binding*& slot = module.names[id];
    if (!slot) {
        runtime_.bindings.push_back(std::make_unique<Binding>());
        slot = runtime_.bindings.back().get();
        slot->name = id;
        slot->module = &module;
    }
    slot->kind = kind;
    slot->definition = definition;
    slot->doc = doc;
    return slot;
}

Class* Loader::make_class(Module& module, const syntax::Node* node, TreePointer tree) {
    auto make = [&] {
        runtime_.classes.push_back(std::make_unique<Class>());
        Class* cls = runtime_.classes.back().get();
        cls->module = &module;
        return cls;
    };
    Class* cls = make();
    Class* side = make();
    const auto* head = syntax::head_of(node);
    cls->name = side->name = vm_.symbols.intern(head->name.text);
    cls->doc = head->doc;
    cls->tree = std::move(tree);
    cls->definition = node;
    cls->side = side;
    side->instance_class = cls;
    switch (node->kind) {
    case Kind::Record: cls->kind = ClassKind::Record; break;
    case Kind::Trait: cls->kind = ClassKind::Trait; break;
    case Kind::Actor:
        cls->kind = ClassKind::Actor;
        cls->mailbox_limit = mailbox_limit_of(syntax::as<syntax::ActorNode>(node)->head);
        if (auto* version = syntax::as<syntax::ActorNode>(node)->state_version)
            if (auto* number = syntax::try_as<syntax::IntegerNode>(version))
                cls->state_version = std::strtoll(std::string(number->digits).c_str(), nullptr, number->base);
        break;
    case Kind::Supervisor: cls->kind = ClassKind::Supervisor; break;
    default: break;
    }
    Shape& shape = vm_.shapes.make();
    shape.cls = side;
    shape.class_value = cls;
    Cell* value = runtime_.shared.allocate(shape.id, Format::Slots, 1, false);
    (*value)[0] = Value::raw(cls);
    cls->value = Value::cell(value);
    if (module.library)
        for (const auto& builtin : kBuiltins)
            if (builtin.name == head->name.text) {
                cls->kind = ClassKind::Builtin;
                if (staging_) continue; // the class that is there stays who it is
                vm_.shapes[builtin.shape].cls = cls;
                cls->shape = builtin.shape;
            }
    return cls;
}

Class* Loader::find_class(const Module& module, const syntax::Node* node) const {
    auto class_of = [](const Binding* binding) {
        return binding->kind == Binding::ClassName ? binding->cls : nullptr;
    };
    if (auto* name = syntax::try_as<syntax::NameNode>(node)) {
        SymbolId id = vm_.symbols.intern(name->text);
        if (auto own = module.names.find(id); own != module.names.end()) return class_of(own->second);
        if (auto in = module.imports.find(id); in != module.imports.end()) return class_of(in->second);
        const Binding* everywhere = runtime_.prelude.find(id);
        return everywhere ? class_of(everywhere) : nullptr;
    }
    auto* send = syntax::try_as<syntax::SendNode>(node);
    if (!send) return nullptr;
    auto found = runtime_.modules.find(dotted(send->receiver));
    if (found == runtime_.modules.end()) return nullptr;
    auto binding = found->second->names.find(vm_.symbols.intern(send->selector.text));
    return binding == found->second->names.end() ? nullptr : class_of(binding->second);
}

void Loader::bind_primitive(Method* method, const syntax::DefinitionNode* node) {
    std::string key;
    if (method->owner)
        key = std::string(vm_.symbols.text(method->owner->name)) + (method->class_side ? " class" : "");
    key += "." + std::string(node->head.name.text);
    auto found = runtime_.primitives.find(key);
    if (found == runtime_.primitives.end() || size_t(found->second->arity) != method->parameters.size()) {
        missing_primitives_.push_back(key + "/" + std::to_string(method->parameters.size()));
        return;
    }
    method->primitive = found->second->function;
    method->effect = found->second->effect;
    method->control = found->second->control;
    used_primitives_.insert(found->second);
}

Method* Loader::make_method(Module& module, Class* owner, const syntax::DefinitionNode* node,
                            const TreePointer& tree, bool class_side) {
    runtime_.methods.push_back(std::make_unique<Method>());
    Method* method = runtime_.methods.back().get();
    method->number = ++runtime_.last_code_number;
    method->selector = vm_.symbols.intern(node->head.name.text);
    method->owner = owner;
    method->module = &module;
    method->class_side = class_side;
    method->message = node->role == syntax::DefinitionRole::On;
    method->tree = tree;
    method->definition = node;
    bool only_required = true;
    for (const auto& parameter : node->parameters) {
        ParameterInfo info;
        info.name = vm_.symbols.intern(parameter.name.text);
        info.has_default = parameter.initial != nullptr;
        info.rest = parameter.rest;
        method->has_rest |= info.rest;
        only_required &= !info.has_default && !info.rest;
        if (only_required) ++method->required;
        method->parameters.push_back(info);
    }
    if (node->primitive) bind_primitive(method, node);
    return method;
}

void Loader::add_readers(Module& module, Class& cls, size_t first) {
    for (size_t i = first; i < cls.fields.size(); ++i)
        if (!cls.methods.count(cls.fields[i].name)) add_reader(module, cls, i);
}

void Loader::add_reader(Module& module, Class& cls, size_t field) {
    runtime_.methods.push_back(std::make_unique<Method>());
    Method* reader = runtime_.methods.back().get();
    reader->selector = cls.fields[field].name;
    reader->owner = &cls;
    reader->module = &module;
    reader->reader = int(field);
    cls.methods[reader->selector] = reader;
}

syntax::Diagnostic Loader::method_taken(const Class& cls, const syntax::DefinitionNode* node,
                                        const Method& other) const {
    return syntax::make_diagnostic(
        syntax::Code::MethodTaken, node->head.name.span,
        {std::string(vm_.symbols.text(cls.name)) + "." + std::string(node->head.name.text),
         other.module->library ? std::string("the library") : "the module `" + other.module->path + "`"});
}

void Loader::add_methods(Module& module, Class& cls, const syntax::Behaviour& members,
                         const TreePointer& tree, Diagnostics& diagnostics, bool extending) {
    if (extending) // conflicts are refused before anything is added
        for (const auto* node : members.methods) {
            Class& target = node->class_side ? *cls.side : cls;
            auto found = target.methods.find(vm_.symbols.intern(node->head.name.text));
            if (found != target.methods.end() && found->second->module->path != module.path)
                diagnostics.push_back(method_taken(cls, node, *found->second));
        }
    if (!diagnostics.empty()) return;
    for (const auto* node : members.methods) {
        Class& target = node->class_side ? *cls.side : cls;
        Method* method = make_method(module, &cls, node, tree, node->class_side);
        target.methods[method->selector] = method;
    }
}

bool Loader::fill_class(Pending& pending, Diagnostics& diagnostics) {
    if (pending.state == Pending::Done) return true;
    if (pending.state == Pending::Filling) {
        diagnostics.push_back(syntax::make_diagnostic(syntax::Code::InheritsItself, pending.node->span,
                                                      {std::string(vm_.symbols.text(pending.cls->name))}));
        return false;
    }
    pending.state = Pending::Filling;
    Module& module = *pending.module;
    Class& cls = *pending.cls;
    auto fill_first = [&](Class* other) {
        for (Pending& p : *pending.all)
            if (p.cls == other) return fill_class(p, diagnostics);
        return true;
    };
    auto require = [&](const syntax::Node* name) -> Class* {
        Class* found = find_class(module, name);
        if (!found) {
            diagnostics.push_back(
                syntax::make_diagnostic(syntax::Code::UndefinedClass, name->span, {dotted(name), ""}));
            return nullptr;
        }
        return fill_first(found) ? found : nullptr;
    };
    // Superclass.
    const syntax::Node* named = superclass_of(pending.node);
    Class* superclass = nullptr;
    if (named) {
        superclass = require(named);
        if (!superclass) return false;
        if (superclass == &cls || superclass->kind == ClassKind::Trait ||
            (superclass->kind == ClassKind::Builtin && cls.kind != ClassKind::Builtin)) {
            const bool trait = superclass->kind == ClassKind::Trait;
            diagnostics.push_back(
                superclass == &cls
                    ? syntax::make_diagnostic(syntax::Code::InheritsItself, named->span, {dotted(named)})
                    : syntax::make_diagnostic(syntax::Code::NotAClass, named->span,
                                              {dotted(named), trait ? "a trait" : "a built-in class",
                                               trait ? "a class" : "one that can be extended"}));
            return false;
        }
    } else {
        const char* root = cls.kind == ClassKind::Record ? "Record" : "Object";
        Binding* found = runtime_.prelude.find(vm_.symbols.intern(root));
        if (found && found->cls != &cls && cls.kind != ClassKind::Trait) {
            superclass = found->cls;
            if (!fill_first(superclass)) return false;
        }
    }
    cls.superclass = superclass;
    for (const syntax::Node* name : traits_of(pending.node)) {
        Class* trait = require(name);
        if (!trait) return false;
        if (trait->kind != ClassKind::Trait) {
            diagnostics.push_back(syntax::make_diagnostic(syntax::Code::NotAClass, name->span,
                                                          {dotted(name), "a class", "a trait"}));
            return false;
        }
        cls.traits.push_back(trait);
        cls.side->traits.push_back(trait->side);
    }
    // Class sides inherit along; the root's inherits from Class.
    if (superclass)
        cls.side->superclass = superclass->side;
    else if (Binding* found = runtime_.prelude.find(vm_.symbols.intern("Class")))
        cls.side->superclass = found->cls;
    // Fields.
    if (superclass) cls.fields = superclass->fields;
    const size_t inherited = cls.fields.size();
    auto add_field = [&](std::string_view name, const syntax::Node* initial, const syntax::Node* type) {
        FieldInfo info;
        info.type = type;
        info.number = ++runtime_.last_code_number;
        info.name = vm_.symbols.intern(name);
        info.initial = initial;
        info.tree = pending.tree;
        info.module = &module;
        info.declared_in = &cls;
        int at = cls.field_index(info.name);
        if (at >= 0)
            cls.fields[size_t(at)] = info;
        else
            cls.fields.push_back(info);
    };
    if (auto* record = syntax::try_as<syntax::RecordNode>(pending.node))
        for (const auto& parameter : record->parameters)
            add_field(parameter.name.text, parameter.initial, parameter.type);
    const syntax::Behaviour& members = *members_of(pending.node);
    for (const auto& field : members.fields) add_field(field.head.name.text, field.initial, field.type);
    if (cls.fields.size() > 1000) {
        diagnostics.push_back(
            syntax::make_diagnostic(syntax::Code::TooManyArguments, pending.node->span,
                                    {std::string(vm_.symbols.text(cls.name)), "1000", "", ""}));
        return false;
    }
    if (cls.kind != ClassKind::Builtin && cls.kind != ClassKind::Trait) {
        Shape& shape = vm_.shapes.make();
        shape.cls = &cls;
        for (const auto& field : cls.fields) shape.fields.push_back(field.name);
        cls.shape = shape.id;
    }
    add_methods(module, cls, members, pending.tree, diagnostics, false);
    add_readers(module, cls, inherited);
    pending.state = Pending::Done;
    return diagnostics.empty();
}

Diagnostics Loader::define_all(std::vector<std::pair<Module*, TreePointer>> files, Staged* staged,
                               size_t* faulty) {
    Diagnostics diagnostics;
    std::vector<Pending> pending;
    staging_ = staged != nullptr;
    auto add_to_prelude = [&](SymbolId name, Binding* binding) {
        if (vm_.symbols.text(name)[0] == '_') return;
        if (staged)
            runtime_.prelude.stage(name, binding);
        else
            runtime_.prelude.add(name, binding);
    };
    for (auto& [module, tree] : files)
        for (const syntax::Node* node : tree->top_level)
            if (is_class(node->kind))
                pending.push_back(
                    {module, tree, node, make_class(*module, node, tree), Pending::Untouched, &pending});
    // Names of classes are bound now; what they stood for is put back if something is wrong.
    struct Before {
        Module* module;
        SymbolId name;
        Binding* binding;
        Binding old;
    };
    std::vector<Before> before;
    auto remember = [&](Module& module, std::string_view name) {
        SymbolId id = vm_.symbols.intern(name);
        auto found = module.names.find(id);
        before.push_back({&module, id, found == module.names.end() ? nullptr : found->second,
                          found == module.names.end() ? Binding() : *found->second});
    };
    for (auto& p : pending) {
        const auto* head = syntax::head_of(p.node);
        remember(*p.module, head->name.text);
        bind(*p.module, head->name.text, Binding::ClassName, p.node, head->doc)->cls = p.cls;
    }
    if (files[0].first->library)
        for (auto& p : pending) add_to_prelude(p.cls->name, p.module->names[p.cls->name]);
    auto is_faulty = [&](const Module* module) {
        for (size_t i = 0; faulty && i < files.size(); ++i)
            if (files[i].first == module) *faulty = i;
    };
    for (auto& p : pending)
        if (!fill_class(p, diagnostics)) {
            // It may be another one that had to be filled first.
            auto culprit = std::find_if(pending.begin(), pending.end(),
                                        [](const Pending& q) { return q.state == Pending::Filling; });
            for (auto q = culprit; q != pending.end(); ++q)
                if (q->state == Pending::Filling) culprit = q;
            is_faulty(culprit == pending.end() ? p.module : culprit->module);
            break;
        }
    // Extensions: checked first, then made.
    std::vector<Staged::Extension> extensions;
    for (auto& [module, tree] : files)
        for (const syntax::Node* node : tree->top_level)
            if (auto* extend = syntax::try_as<syntax::ExtendNode>(node)) {
                Class* target = find_class(*module, extend->target);
                if (!target) is_faulty(module);
                if (!target)
                    diagnostics.push_back(syntax::make_diagnostic(
                        syntax::Code::UndefinedClass, extend->target->span, {dotted(extend->target), ""}));
                else
                    extensions.push_back({module, tree, extend, target});
            }
    if (diagnostics.empty() && !staged)
        for (auto& e : extensions)
            for (auto& found : extend(e)) diagnostics.push_back(found);
    if (!diagnostics.empty()) {
        for (auto& b : before) {
            if (b.binding)
                *b.binding = b.old;
            else
                b.module->names.erase(b.name);
        }
        return diagnostics;
    }
    if (staged) {
        staged->extensions.insert(staged->extensions.end(), extensions.begin(), extensions.end());
        for (auto& p : pending) staged->classes.push_back(p.cls);
    }
    for (auto& [module, tree] : files) {
        module->trees.push_back(tree);
        if (tree->module && !tree->module->doc.empty()) module->doc = tree->module->doc;
        for (const syntax::Node* node : tree->top_level) {
            if (auto* function = syntax::try_as<syntax::DefinitionNode>(node)) {
                Method* method = make_method(*module, nullptr, function, tree, false);
                bind(*module, function->head.name.text, Binding::Function, node, function->head.doc)->method =
                    method;
            } else if (auto* value = syntax::try_as<syntax::ModuleValueNode>(node)) {
                bind(*module, value->head.name.text, value->stable ? Binding::Stable : Binding::Var, node,
                     value->head.doc);
            } else if (auto* test = syntax::try_as<syntax::TestNode>(node)) {
                std::erase_if(module->tests, [&](const Module::Test& t) { return t.title == test->title; });
                module->tests.push_back({std::string(test->title), test, tree});
            }
        }
        if (module->library)
            for (auto& [id, binding] : module->names) add_to_prelude(id, binding);
    }
    if (!staged) flush_caches(runtime_);
    return {};
}

Diagnostics Loader::define(Module& module, TreePointer tree) {
    Diagnostics found;
    runtime_.exclusively([&] { found = define_all({{&module, std::move(tree)}}); });
    return found;
}

bool Loader::define_library(const std::vector<std::pair<Module*, TreePointer>>& files, std::string& failure) {
    Diagnostics diagnostics = define_all(files);
    for (const auto& diagnostic : diagnostics) failure += syntax::words(diagnostic) + "\n";
    if (!failure.empty()) return false;
    for (const auto& key : missing_primitives_) failure += "no primitive for " + key + "\n";
    for (const auto& builtin : kBuiltins)
        if (builtin.core && !vm_.shapes[builtin.shape].cls)
            failure += "the library has no class " + std::string(builtin.name) + "\n";
    return failure.empty();
}

std::string Loader::take_missing_primitives() {
    std::string lines;
    for (const auto& key : std::exchange(missing_primitives_, {})) lines += "no primitive for " + key + "\n";
    return lines;
}

std::string Loader::unused_primitives() const {
    std::string lines;
    for (const auto& [key, row] : runtime_.primitives)
        if (!used_primitives_.count(row))
            lines +=
                "nothing in the library uses the primitive " + key + "/" + std::to_string(row->arity) + "\n";
    return lines;
}

Diagnostics Loader::define_members(Module& module, Class& cls, TreePointer tree) {
    Diagnostics diagnostics;
    for (const syntax::Node* node : tree->top_level) {
        const syntax::Behaviour* members = members_of(node);
        if (!members) continue;
        if (!members->fields.empty()) {
            diagnostics.push_back(syntax::make_diagnostic(
                syntax::Code::MemberNotHere, members->fields[0].head.full, {"field", "a method's text"}));
            return diagnostics;
        }
        for (const auto* method : members->methods) {
            Class& target = method->class_side ? *cls.side : cls;
            auto found = target.methods.find(vm_.symbols.intern(method->head.name.text));
            if (found != target.methods.end() && found->second->primitive && !method->primitive)
                diagnostics.push_back(method_taken(cls, method, *found->second));
        }
        if (!diagnostics.empty()) return diagnostics;
        add_methods(module, cls, *members, tree, diagnostics, false);
    }
    if (diagnostics.empty()) {
        module.trees.push_back(tree);
        flush_caches(runtime_);
    }
    return diagnostics;
}

Loader::Removed Loader::remove_method(Class& cls, SymbolId selector) {
    Class* holder = &cls;
    auto found = cls.methods.find(selector);
    if (found == cls.methods.end()) {
        holder = cls.side;
        found = holder->methods.find(selector);
    }
    if (found == holder->methods.end()) return Removed::No;
    if (found->second->reader >= 0) return Removed::Reader;
    holder->methods.erase(found);
    const int field = holder == &cls ? cls.field_index(selector) : -1;
    if (field >= 0 && cls.fields[size_t(field)].declared_in == &cls)
        add_reader(*cls.module, cls, size_t(field));
    flush_caches(runtime_);
    return Removed::Yes;
}

Diagnostics Loader::import(Module& into, const syntax::ImportNode& node, Module& from) {
    Diagnostics diagnostics;
    if (!node.bare) {
        // The last part of the path names the module; the whole path is found through it (maker_expressions.cpp).
        std::string_view path = node.path;
        std::string_view last =
            path.substr(path.rfind('.') == std::string_view::npos ? 0 : path.rfind('.') + 1);
        runtime_.bindings.push_back(std::make_unique<Binding>());
        Binding* binding = runtime_.bindings.back().get();
        binding->kind = Binding::ImportedModule;
        binding->name = vm_.symbols.intern(last);
        binding->target = &from;
        binding->module = &into;
        into.imports[binding->name] = binding;
        return diagnostics;
    }
    for (const auto& name : node.names) {
        auto found = from.names.find(vm_.symbols.intern(name.text));
        if (found == from.names.end() || name.text[0] == '_') {
            diagnostics.push_back(syntax::make_diagnostic(syntax::Code::UndefinedInModule, name.span,
                                                          {from.path, std::string(name.text), ""}));
            continue;
        }
        into.imports[found->first] = found->second;
    }
    return diagnostics;
}

} // namespace indent
