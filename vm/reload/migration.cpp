#include "vm/reload/migration.h"
#include "vm/reload/shared_copies.h"
#include "vm/reload/state_changes.h"
#include "vm/heap/pointer_table.h"
#include "vm/interp/arguments.h"
#include "vm/interp/inner.h"
#include "vm/interp/maker.h"
#include "vm/interp/sketch.h"
#include "vm/model/map.h"
#include <algorithm>

namespace indent {

namespace {

// The groups of the journal are looked through: they are as many as objects that a reload has changed.
Value from_journal(Machine& vm, Value object, SymbolId field, bool& by_hand) {
    if (!vm.actor_journal) return Value();
    const size_t n = list_size(vm.actor_journal);
    for (size_t at = 0; at < n;) {
        const auto pairs = size_t(list_get(vm.actor_journal, at + 2).as_integer());
        if (list_get(vm.actor_journal, at) == object) {
            by_hand = list_get(vm.actor_journal, at + 1).is_true();
            for (size_t i = 0; i < pairs; ++i)
                if (list_get(vm.actor_journal, at + 3 + 2 * i) == Value::symbol(field))
                    return list_get(vm.actor_journal, at + 4 + 2 * i);
            return Value();
        }
        at += 3 + 2 * pairs;
    }
    return Value();
}

// args[7]: the journal, absent where it is empty.
void keep_in_journal(Machine& vm, Value* args, const MigrationSteps::Step& step, Value old, Value now) {
    const Class& from = *step.from;
    const bool by_hand = step.way == Class::Reset || step.to->lookup(vm.symbols.intern("migrate_state")) != nullptr;
    auto new_name = [&](SymbolId name) {
        if (step.renamed)
            for (auto& [before, after] : *step.renamed)
                if (before == name) return after;
        return name;
    };
    std::vector<size_t> lost;
    for (size_t i = 0; i < from.fields.size(); ++i)
        if (by_hand || step.to->field_index(new_name(from.fields[i].name)) < 0) lost.push_back(i);
    if (lost.empty()) return;
    Value* top = args + kPrimitiveFrame;
    args[8] = old;
    args[9] = now;
    if (!args[7]) args[7] = vm.list(3 + 2 * lost.size(), args);
    auto add = [&](Value value) {
        args[11] = value; // follows what moves while the list grows
        if (!list_add(vm, args[7], args[11], top)) assert(false);
    };
    add(args[9]);
    add(Value::boolean(by_hand));
    add(Value::integer(int64_t(lost.size())));
    for (size_t i : lost) {
        add(Value::symbol(from.fields[i].name));
        add((*args[8].cell())[i]);
    }
    args[8] = args[9] = args[11] = Value();
}

// args[0]: an object of `from`; answers what it becomes as one of `to`.
Value take_step(Machine& vm, Value* args, const MigrationSteps::Step& step) {
    const Class& from = *step.from;
    const Class& to = *step.to;
    const std::string name(vm.symbols.text(to.name));
    const size_t n = to.fields.size();
    auto renamed = [&](SymbolId old) {
        if (step.renamed)
            for (auto& [before, after] : *step.renamed)
                if (before == old && !(after == 0 && step.way == Class::Same)) return after;
        return old;
    };
    Cell* made = Heap::allocate(vm, to.shape, uint16_t(n), args + kPrimitiveFrame);
    for (size_t i = 0; i < n; ++i) (*made)[i] = Value::nil();
    args[2] = Value::cell(made);
    const bool back = step.way == Class::Back;
    Method* migrator = step.way == Class::Forward ? to.lookup(vm.symbols.intern("migrate_state"))
                       : back                     ? from.lookup(vm.symbols.intern("migrate_back"))
                                                  : nullptr;
    auto by_map = [&](SymbolId field, Value& value) {
        args[3] = Value::symbol(field);
        if (!vm.send(args[1], sym::has_key, {args[3]}, args).is_true()) return false;
        value = vm.send(args[1], sym::at, {args[3]}, args);
        return true;
    };
    if (migrator) {
        args[1] = make_map(vm, from.fields.size(), args + kPrimitiveFrame);
        for (size_t i = 0; i < from.fields.size(); ++i) {
            args[3] = Value::symbol(from.fields[i].name);
            args[4] = (*args[0].cell())[i];
            if (map_put(vm, args[1], args[3], args[4], args + kPrimitiveFrame) != MapPut::Done) assert(false);
        }
        int64_t version = back ? to.state_version : from.state_version;
        do {
            Value* frame = native_frame(vm, args, args + kPrimitiveFrame, migrator->selector);
            frame[0] = back ? args[0] : args[2];
            frame[1] = args[1];
            frame[2] = Value::integer(version);
            args[1] = call_method(vm, migrator, frame, 2, nullptr);
            if (!has_shape(args[1], shape::kMap))
                return vm.fail("ArgumentError", "`" + name + "." + std::string(vm.symbols.text(migrator->selector)) + "` answers a map of the new state, not " +
                                                    described(vm, args[1]), args);
        } while (!back && ++version < to.state_version);
        args[4] = vm.send(args[1], vm.symbols.intern("keys"), {}, args);
        const size_t keys = list_size(args[4]);
        for (size_t i = 0; i < keys; ++i) {
            Value key = list_get(args[4], i);
            if (key.is_symbol() && to.field_index(key.symbol_id()) >= 0) continue;
            return vm.fail("ArgumentError", "`" + name + "." + std::string(vm.symbols.text(migrator->selector)) + "` answers " + described(vm, key) +
                                                ", and the new state has no such name", args);
        }
    }
    for (size_t i = 0; i < n; ++i) {
        const FieldInfo& field = to.fields[i];
        Value value;
        bool known = false;
        if (migrator) {
            known = by_map(field.name, value);
            // One that is inherited does not speak of what subclasses add.
            if (const int at = from.field_index(field.name); !known && !back && at >= 0 && !is_of_lineage(migrator->owner, *field.declared_in)) {
                value = (*args[0].cell())[size_t(at)];
                known = true;
            }
        } else {
            for (size_t j = 0; j < from.fields.size() && !known && step.way != Class::Reset; ++j)
                if (renamed(from.fields[j].name) == field.name) {
                    value = (*args[0].cell())[j];
                    known = true;
                }
        }
        if (back && !migrator) {
            // What the way forward has dropped is what it was; what it changed by hand only where nothing came after.
            bool by_hand = false;
            if (const Value kept = from_journal(vm, args[0], field.name, by_hand);
                kept && (by_hand ? vm.actor_unchanged || (!known && step.accept_loss) : !known)) {
                value = kept;
                known = true;
            } else if ((!known || by_hand) && !step.accept_loss) {
                return vm.fail("ArgumentError", "`" + name + "." + std::string(vm.symbols.text(field.name)) + "` " +
                                                    (kept ? "was migrated by hand, and the actor has changed since"
                                                          : "is not known any more") +
                                                    ": `migrate_back` can say what it becomes, or `accept_loss: true` accepts " +
                                                    (known ? "its present value" : "its initial value"), args);
            }
        }
        if (!known) {
            if (!field.initial)
                return vm.fail("ArgumentError", "`" + name + "." + std::string(vm.symbols.text(field.name)) +
                                                    "` has no value in the old state and no initial one", args);
            Value* frame = native_frame(vm, args, args + kPrimitiveFrame);
            frame[0] = args[2];
            value = enter(code_of_initialiser(vm, const_cast<FieldInfo&>(field)), frame);
        }
        if (auto* type = syntax::try_as<syntax::NameNode>(field.type)) {
            const Binding* wanted = find_binding(vm.runtime, field.module, type->text);
            if (wanted && wanted->kind == Binding::ClassName && wanted->cls->kind != ClassKind::Trait &&
                !is_of_lineage(vm.class_of(value), *wanted->cls) && known &&
                !(value.is_nil() && field.initial && field.initial->kind == syntax::Kind::Nil)) {
                const std::string words = "`" + name + "." + std::string(vm.symbols.text(field.name)) + "` is a " +
                                          std::string(type->text) + ", and the migration gives " + described(vm, value);
                return vm.fail("WrongType", words, args);
            }
        }
        if (!Heap::store(vm, args[2].cell(), i, value)) assert(false);
    }
    if (to.kind == ClassKind::Record) vm.heap->freeze(args[2].cell());
    return args[2];
}

} // namespace

size_t migrate_heap(Machine& vm, Value* args, const MigrationSteps* steps, std::span<Value> slots) {
    auto step_of = [&](ShapeId shape) {
        MigrationSteps::Step step{nullptr, nullptr, nullptr};
        if (shape < shape::kFirstFree) return step;
        if (steps)
            if (auto found = steps->by_shape.find(shape); found != steps->by_shape.end()) return found->second;
        const Class* cls = vm.shapes[shape].cls;
        if (cls && cls->lineage)
            step = {cls, cls->newer ? cls->newer : cls->lineage, &cls->renamed, cls->way, cls->accept_loss};
        return step;
    };
    Value* top = args + kPrimitiveFrame;
    vm.heap->collect_fully(top);
    std::vector<Cell*> outdated;
    SharedCopies shared(vm, [&](ShapeId shape) { return step_of(shape).from != nullptr; });
    vm.heap->for_each_cell([&](Cell* cell) {
        if (step_of(cell->shape).from) outdated.push_back(cell);
        if (cell->bits & Cell::kBytes) return;
        const size_t n = cell->word_count();
        for (size_t w = 0; w < n; ++w) shared.look_at((*cell)[w]);
    });
    for (Value slot : slots) shared.look_at(slot);
    if (shared.copy(top, outdated)) {
        vm.heap->for_each_cell([&](Cell* cell) {
            if (cell->bits & Cell::kBytes) return;
            const size_t n = cell->word_count();
            for (size_t w = 0; w < n; ++w)
                if (Value copy = shared.copy_of((*cell)[w])) vm.heap->rewrite(cell, w, copy);
        });
        for (Value& slot : slots)
            if (Value copy = shared.copy_of(slot)) slot = copy;
    }
    if (outdated.empty()) return 0;
    args[5] = vm.list(outdated.size(), args);
    args[7] = Value(); // the new journal
    for (Cell* cell : outdated) {
        args[0] = Value::cell(cell);
        for (auto step = step_of(cell->shape); step.from; step = step_of(args[0].cell()->shape)) {
            args[6] = args[0];
            args[0] = take_step(vm, args, step);
            if (step.way == Class::Forward || step.way == Class::Reset) keep_in_journal(vm, args, step, args[6], args[0]);
            args[6] = Value();
            vm.poll(args);
        }
        if (!list_add(vm, args[5], args[0], top)) assert(false);
    }
    vm.heap->collect_nursery(top); // what they have become has its place now
    PointerTable places;
    for (size_t i = 0; i < outdated.size(); ++i) places.add(outdated[i], list_get(args[5], i).bits());
    args[5] = Value();
    auto now = [&](Value& word) {
        if (!word.is_cell() || word.cell()->is_shared()) return false;
        const uint64_t* place = places.find(word.cell());
        if (place) word = Value::from_bits(*place);
        return place != nullptr;
    };
    vm.heap->for_each_cell([&](Cell* cell) {
        if (cell->bits & Cell::kBytes) return;
        const size_t n = cell->word_count();
        for (size_t w = 0; w < n; ++w)
            if (Value word = (*cell)[w]; now(word)) vm.heap->rewrite(cell, w, word);
    });
    for (size_t i = 0; i < outdated.size(); ++i)
        vm.heap->move_identity(outdated[i], Value::from_bits(*places.find(outdated[i])).cell());
    now(vm.actor_state);
    for (Value& slot : slots) now(slot);
    vm.actor_journal = args[7];
    vm.actor_unchanged = true;
    for (int i = 0; i < 8; ++i) args[i] = Value();
    return outdated.size();
}

} // namespace indent
