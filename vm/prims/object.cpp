// What every object answers: identity, its class, how it shows itself, sends by name, copies.
#include "vm/heap/pointer_table.h"
#include "vm/interp/arguments.h"
#include "vm/interp/sketch.h"
#include "vm/interp/visiting.h"
#include "vm/model/array.h"
#include "vm/model/key.h"
#include "vm/model/text_literal.h"
#include "vm/prims/sequence.h"
#include "vm/prims/text_tables.h"
#include "vm/syntax/did_you_mean.h"
#include "vm/syntax/foreign_names.h"
#include <algorithm>

namespace indent {

namespace {

// Deeper than this, `inspect` writes (...) for the fields of an object.
constexpr size_t kInspectedLevels = 8;

// An instance of a class or record of a program: its words are its fields.
bool has_fields(Machine& vm, Value value) {
    return value.is_cell() && value.cell()->shape >= shape::kFirstFree &&
           !(value.cell()->bits & Cell::kBytes) && !vm.shapes[value.cell()->shape].class_value &&
           vm.class_of(value)->kind != ClassKind::Actor;
}

Value object_is_equal(Machine&, Value* args) {
    return Value::boolean(args[0] == args[1]);
}

Value object_hash(Machine& vm, Value* args) {
    Value self = args[0];
    if (auto hash = quick_hash(vm.symbols, self)) return hash_value(*hash);
    Cell* cell = self.cell();
    if (cell->is_shared()) return hash_value(mix_hash(vm.runtime.shared.number_of(cell)));
    return hash_value(mix_hash(vm.heap->identity_hash(cell)));
}

Value object_class(Machine& vm, Value* args) {
    const Class* cls = vm.class_of(args[0])->itself(); // also of an object that a reload has not migrated yet
    // A class side has no value of its own: classes are instances of Class.
    return cls->value ? cls->value : vm.runtime.prelude_class("Class")->value;
}

Value object_is_a(Machine& vm, Value* args) {
    const Class* cls = args[1].is_cell() ? vm.shapes[args[1].cell()->shape].class_value : nullptr;
    if (!cls) return vm.wrong_type(args, 1, "a class");
    return Value::boolean(vm.is_a(args[0], cls));
}

Value object_understands(Machine& vm, Value* args) {
    if (!args[1].is_symbol()) return vm.wrong_type(args, 1, "a Symbol");
    return Value::boolean(vm.understands(args[0], args[1].symbol_id()));
}

Value object_perform(Machine& vm, Value* args) {
    if (!args[1].is_symbol()) return vm.wrong_type(args, 1, "a Symbol");
    SymbolId selector = args[1].symbol_id();
    size_t count = list_size(args[2]);
    if (count > kMostArguments)
        return vm.fail("ArgumentError",
                       "a call takes at most " + std::to_string(kMostArguments) + " arguments", args);
    std::span<const Value> arguments(list_elements(args[2]), count);
    return vm.send(args[0], selector, arguments, args);
}

Value object_to_text(Machine& vm, Value* args) {
    return vm.text(vm.with_article(args[0]), args);
}

Value object_inspect(Machine& vm, Value* args) {
    if (!has_fields(vm, args[0])) return vm.text(vm.with_article(args[0]), args);
    const Shape& shape = vm.shapes[args[0].cell()->shape];
    std::string out(vm.symbols.text(shape.cls->name));
    if (shape.fields.empty()) return vm.text(out + "()", args);
    if (Visiting::inside(vm, args[0]) || Visiting::levels(vm) >= kInspectedLevels)
        return vm.text(out + "(...)", args);
    vm.check_native_stack(args);
    Visiting visiting(vm, args[0]);
    out += '(';
    for (size_t i = 0; i < shape.fields.size(); ++i) {
        if (i > 0) out += ", ";
        out += vm.symbols.text(shape.fields[i]);
        out += ": ";
        append_inspected(vm, out, (*args[0].cell())[i], args);
    }
    out += ')';
    return vm.text(out, args);
}

// A new object of the same shape with the words of the one in args[0].
Value copy_of_words(Machine& vm, Value* args) {
    Cell* from = args[0].cell();
    uint16_t words = uint16_t(from->word_count()); // frames and so constructions are far smaller
    Cell* cell = Heap::allocate(vm, from->shape, words, args + kPrimitiveFrame);
    from = args[0].cell();
    for (size_t i = 0; i < words; ++i) (*cell)[i] = (*from)[i];
    return Value::cell(cell);
}

Value object_copy(Machine& vm, Value* args) {
    if (!has_fields(vm, args[0]) || vm.class_of(args[0])->kind == ClassKind::Record) return args[0];
    return copy_of_words(vm, args);
}

// A record never changes, but its parts may.
bool is_frozen_with_parts(Machine& vm, Value value) {
    if (!is_frozen(value)) return false;
    if (!value.is_cell() || value.cell()->is_shared() || vm.class_of(value)->kind != ClassKind::Record)
        return true;
    std::vector<const Cell*> seen{value.cell()};
    PointerTable known;
    known.add(value.cell(), 0);
    for (size_t i = 0; i < seen.size(); ++i) {
        for (size_t w = 0; w < seen[i]->word_count(); ++w) {
            Value part = (*seen[i])[w];
            if (!part.is_cell() || part.cell()->is_shared()) continue;
            if (!part.cell()->is_frozen()) return false;
            if (!(part.cell()->bits & Cell::kBytes) && known.add(part.cell(), 0)) seen.push_back(part.cell());
        }
    }
    return true;
}

Value object_frozen(Machine& vm, Value* args) {
    if (is_frozen_with_parts(vm, args[0])) return args[0];
    if (!has_fields(vm, args[0]))
        return vm.fail("FrozenError", vm.with_article(args[0]) + " cannot be frozen", args);
    if (Visiting::inside(vm, args[0]))
        return vm.fail("FrozenError", vm.with_article(args[0]) + " that contains itself cannot be frozen",
                       args);
    vm.check_native_stack(args);
    Visiting visiting(vm, args[0]);
    args[1] = copy_of_words(vm, args);
    for (size_t i = 0; i < args[1].cell()->word_count(); ++i) {
        args[2] = (*args[1].cell())[i];
        if (!frozen_part(vm, args[2], args)) return args[2];
        if (!Heap::store(vm, args[1].cell(), i, args[2])) assert(false);
    }
    freeze_cell(args[1].cell());
    return args[1];
}

Value object_is_frozen(Machine& vm, Value* args) {
    return Value::boolean(is_frozen_with_parts(vm, args[0]));
}

// What the class has under another name, or one that is written nearly so.
std::string near_selector(Machine& vm, const Class* cls, std::string_view wanted) {
    auto understood = [&](std::string_view selector) {
        return cls->lookup(vm.symbols.intern(selector)) != nullptr;
    };
    if (auto ours = syntax::selector_for(wanted, understood); !ours.empty()) return std::string(ours);
    std::vector<std::string_view> known;
    auto collect = [&](auto&& self, const Class* from) -> void {
        for (const Class* c = from; c; c = c->superclass) {
            for (const auto& [selector, method] : c->methods) known.push_back(vm.symbols.text(selector));
            for (const Class* trait : c->traits) self(self, trait);
        }
    };
    collect(collect, cls);
    std::sort(known.begin(), known.end()); // dictionaries have no order, messages should not change
    if (auto near = syntax::nearest(wanted, known); !near.empty()) return near;
    // A slip in a name of another language: `lenght` for `length`, which is `size`.
    known.clear();
    for (const auto& row : syntax::foreign_selectors()) known.push_back(row.theirs);
    return std::string(syntax::selector_for(syntax::nearest(wanted, known), understood));
}

// What else may help, as the end of a sentence.
std::string not_understood_help(Value receiver, std::string_view selector) {
    if (receiver.is_nil()) return "; `value.or_else(d)` gives a value for nil";
    if (selector == "call") return "; a block is wanted here, such as `x -> …`";
    if (selector == "each" && receiver.is_integer())
        return "; the numbers below it are `0..<" + std::to_string(receiver.as_integer()) + "`";
    return {};
}

// args[1]: a Message (selector, arguments, labels).
Value object_not_understood(Machine& vm, Value* args) {
    if (!has_shape(args[1], shape::kMessage)) return vm.wrong_type(args, 1, "a Message");
    Value selector = (*args[1].cell())[0];
    std::string name(vm.symbol_text(selector));
    std::string words = described(vm, args[0]) + " does not understand `" + name + "`";
    if (const Class* cls = vm.class_of(args[0]); cls->gone_since)
        words += ": the definition of `" + std::string(vm.symbols.text(cls->name)) +
                 "` is gone since epoch " + std::to_string(cls->gone_since) +
                 ", and its objects wait for it to come back";
    args[2] = vm.text(words, args);
    args[2] = vm.object(vm.runtime.prelude_class("NotUnderstood"), {args[2], args[0], selector}, args);
    return vm.raise(args[2], args);
}

// What may have been meant, as the message's end. Apart, because it takes long and most errors are caught unread.
Value what_was_meant(Machine& vm, Value* args) {
    if (!args[2].is_symbol()) return vm.text("", args);
    std::string name(vm.symbol_text(args[2]));
    std::string help = not_understood_help(args[1], name);
    if (help.empty())
        if (auto near = near_selector(vm, vm.class_of(args[1]), name); !near.empty())
            help = "; did you mean `" + near + "`?";
    return vm.text(help, args);
}

constexpr PrimitiveRow kObjectFunctions[] = {{"_what_was_meant", 2, what_was_meant}};

constexpr PrimitiveRow kObjectRows[] = {
    {"==", 1, object_is_equal},
    {"hash", 0, object_hash},
    {"class", 0, object_class},
    {"is_a?", 1, object_is_a},
    {"understands?", 1, object_understands},
    {"perform", 2, object_perform},
    {"to_text", 0, object_to_text},
    {"inspect", 0, object_inspect},
    {"copy", 0, object_copy},
    {"frozen", 0, object_frozen},
    {"frozen?", 0, object_is_frozen},
    {"not_understood", 1, object_not_understood},
};

} // namespace

PrimitiveTable not_understood_primitives() {
    return {"", kObjectFunctions};
}

PrimitiveTable object_primitives() {
    return {"Object", kObjectRows};
}

} // namespace indent
