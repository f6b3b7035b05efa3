// What annotations may say, and above what: one table.
#include "vm/reload/checking.h"
#include "vm/syntax/did_you_mean.h"
#include <algorithm>

namespace indent {

namespace {

enum Above : unsigned {
    AModule = 1,
    AnActor = 2,
    AClass = 4,
    AField = 8,
    AStable = 16,
    AMethod = 32,
    AnotherThing = 64
};
enum class Takes { Nothing, Number, Renames };

struct Row {
    std::string_view name;
    unsigned above;
    Takes takes;
    int64_t least; // of a number
    const char* place;
    const char* what;
    const char* example;
};
constexpr Row kRows[] = {
    {"keep", AModule, Takes::Number, 2, "the line `module`",
     "how many generations may be in use, two or more", "(3)"},
    {"strict", AModule, Takes::Nothing, 0, "the line `module`", "nothing", ""},
    {"mailbox", AnActor, Takes::Number, 1, "an `actor`", "how many messages may wait, one or more",
     "(1_000)"},
    {"renamed", AnActor | AClass | AField, Takes::Renames, 0, "an actor, a class, a record or a field",
     "names, old and new", "(old: :new)"},
    {"reset", AnActor | AClass | AField | AStable, Takes::Nothing, 0,
     "an actor, a class, a record, a field or a `stable`", "nothing", ""},
    {"primitive", AMethod, Takes::Nothing, 0, "a `def` of the library", "nothing", ""},
};

bool fits(const Row& row, syntax::Arguments list) {
    switch (row.takes) {
    case Takes::Nothing: return list.empty();
    case Takes::Renames:
        return !list.empty() && std::all_of(list.begin(), list.end(), [](const auto& argument) {
            return !argument.label.text.empty() && syntax::try_as<syntax::SymbolNode>(argument.value);
        });
    case Takes::Number: {
        constexpr size_t kDigits = 9;
        auto* number = list.size() == 1 ? syntax::try_as<syntax::IntegerNode>(list[0].value) : nullptr;
        return number && list[0].label.text.empty() && number->digits.size() <= kDigits &&
               std::strtoll(std::string(number->digits).c_str(), nullptr, number->base) >= row.least;
    }
    }
    return false;
}

} // namespace

void Checker::annotations(std::span<const syntax::Annotation> list, unsigned above) {
    for (const auto& annotation : list) {
        const std::string name(annotation.name.text);
        const auto row =
            std::find_if(std::begin(kRows), std::end(kRows), [&](const Row& r) { return r.name == name; });
        if (row == std::end(kRows)) {
            std::vector<std::string_view> known;
            for (const Row& one : kRows) known.push_back(one.name);
            report(Mistake::UnknownAnnotation, annotation.span, {name, syntax::nearest(name, known)});
        } else if (!(row->above & above)) {
            if (row->above != AMethod) // the parser has said so
                report(Mistake::AnnotationMisplaced, annotation.span, {name, row->place});
        } else if (!fits(*row, annotation.arguments)) {
            report(Mistake::AnnotationArguments, annotation.span, {name, row->what, row->example});
        }
    }
}

void Checker::annotations() {
    if (tree_.module) annotations(tree_.module->annotations, AModule);
    for (const syntax::Node* node : tree_.top_level) {
        unsigned above = AnotherThing;
        switch (node->kind) {
        case syntax::Kind::Actor: above = AnActor; break;
        case syntax::Kind::Class:
        case syntax::Kind::Record: above = AClass; break;
        case syntax::Kind::Definition: above = AMethod; break;
        case syntax::Kind::ModuleValue:
            above = syntax::as<syntax::ModuleValueNode>(node)->stable ? AStable : AnotherThing;
            break;
        default: break;
        }
        if (auto* head = syntax::head_of(node)) annotations(head->annotations, above);
        if (const TextClass* cls = facts_.class_of(node)) {
            for (const auto& field : cls->members->fields) annotations(field.head.annotations, AField);
            for (const auto* method : cls->members->methods) annotations(method->head.annotations, AMethod);
        }
    }
}

} // namespace indent
