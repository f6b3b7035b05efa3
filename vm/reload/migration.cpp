#include "vm/reload/migration.h"
#include "vm/heap/pointer_table.h"
#include "vm/interp/arguments.h"
#include "vm/interp/inner.h"
#include "vm/interp/maker.h"
#include "vm/interp/sketch.h"
#include "vm/model/map.h"
#include "vm/reload/shared_copies.h"
#include "vm/reload/state_changes.h"
#include <algorithm>

namespace indent {

namespace {

// Where in the journal each object's group begins. Objects in it are old: they stay where they are.
PointerTable groups_of(Value journal) {
    PointerTable groups;
    const size_t n = journal ? list_size(journal) : 0;
    for (size_t at = 0; at < n; at += 3 + 2 * size_t(list_get(journal, at + 2).as_integer()))
        groups.add(list_get(journal, at).cell(), at);
    return groups;
}

Value from_journal(Machine& vm, const PointerTable& groups, Value object, SymbolId field, bool& by_hand) {
    const uint64_t* group = groups.find(object.cell());
    if (!group) return Value();
    const size_t at = size_t(*group);
    const auto pairs = size_t(list_get(vm.actor_journal, at + 2).as_integer());
    by_hand = list_get(vm.actor_journal, at + 1).is_true();
    for (size_t i = 0; i < pairs; ++i)
        if (list_get(vm.actor_journal, at + 3 + 2 * i) == Value::symbol(field))
            return list_get(vm.actor_journal, at + 4 + 2 * i);
    return Value();
}

// args[7]: the journal, absent where it is empty.
void keep_in_journal(Machine& vm, Value* args, const MigrationSteps::Step& step, Value old, Value now) {
    const Class& from = *step.from;
    const bool by_hand =
        step.way == Class::Reset || step.to->lookup(vm.symbols.intern("migrate_state")) != nullptr;
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

MigrationSteps::Step step_of(Machine& vm, ShapeId shape, const MigrationSteps* steps) {
    MigrationSteps::Step step{nullptr, nullptr, nullptr};
    if (shape < shape::kFirstFree) return step;
    if (steps)
        if (auto found = steps->by_shape.find(shape); found != steps->by_shape.end()) return found->second;
    const Class* cls = vm.shapes[shape].cls;
    if (cls && cls->lineage)
        step = {cls, cls->newer ? cls->newer : cls->lineage, &cls->renamed, cls->way, cls->accept_loss};
    return step;
}

// The cell is to be migrated, or it is shared and may lead to such.
bool may_hold_steps(Machine& vm, const Cell& cell, const MigrationSteps* steps) {
    if (step_of(vm, cell.shape, steps).from) return true;
    return cell.is_shared() && !(cell.bits & Cell::kBytes) && SharedCopies::is_value(vm, cell);
}

// The same of a cell of a heap, and the shared ones that it points to.
bool may_lead_to_steps(Machine& vm, const Cell& cell, const MigrationSteps* steps) {
    if (may_hold_steps(vm, cell, steps)) return true;
    if (cell.bits & Cell::kBytes) return false;
    const size_t n = cell.word_count();
    for (size_t w = 0; w < n; ++w)
        if (const Value word = cell[w]; word.is_cell() && word.cell()->is_shared())
            if (may_hold_steps(vm, *word.cell(), steps)) return true;
    return false;
}

// Whether a field of the class is private to the module of a superclass.
bool is_private_elsewhere(Machine& vm, const FieldInfo& field, const Class& cls) {
    return vm.symbols.text(field.name).front() == '_' && field.declared_in->module->path != cls.module->path;
}

// args[0]: an object of `from`; answers what it becomes as one of `to`.
Value take_step(Machine& vm, Value* args, const MigrationSteps::Step& step, const PointerTable& journal) {
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
            if (map_put(vm, vm.symbols, args[1], args[3], args[4], args + kPrimitiveFrame) != MapPut::Done)
                assert(false);
        }
        int64_t version = back ? to.state_version : from.state_version;
        do {
            Value* frame = native_frame(vm, args, args + kPrimitiveFrame, migrator->selector);
            frame[0] = back ? args[0] : args[2];
            frame[1] = args[1];
            frame[2] = Value::integer(version);
            args[1] = call_method(vm, migrator, frame, 2, nullptr);
            if (!has_shape(args[1], shape::kMap))
                return vm.fail("ArgumentError",
                               "`" + name + "." + std::string(vm.symbols.text(migrator->selector)) +
                                   "` answers a map of the new state, not " + described(vm, args[1]),
                               args);
        } while (!back && ++version < to.state_version);
        args[4] = vm.send(args[1], vm.symbols.intern("keys"), {}, args);
        const size_t keys = list_size(args[4]);
        for (size_t i = 0; i < keys; ++i) {
            Value key = list_get(args[4], i);
            if (key.is_symbol() && to.field_index(key.symbol_id()) >= 0) continue;
            return vm.fail("ArgumentError",
                           "`" + name + "." + std::string(vm.symbols.text(migrator->selector)) +
                               "` answers " + described(vm, key) + ", and the new state has no such name",
                           args);
        }
    }
    for (size_t i = 0; i < n; ++i) {
        const FieldInfo& field = to.fields[i];
        Value value;
        bool known = false;
        if (migrator) {
            known = by_map(field.name, value);
            // One that is inherited does not speak of what subclasses add.
            if (const int at = from.field_index(field.name);
                !known && !back && at >= 0 && !is_of_lineage(migrator->owner, *field.declared_in)) {
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
        // Of what is private to another module neither a migrator of this one speaks, nor its `@reset`.
        if (const int at = from.field_index(field.name);
            !known && at >= 0 && is_private_elsewhere(vm, field, to)) {
            value = (*args[0].cell())[size_t(at)];
            known = true;
        }
        if (back && !migrator) {
            // What the way forward has dropped is what it was; what it changed by hand only where nothing came after.
            bool by_hand = false;
            if (const Value kept = from_journal(vm, journal, args[0], field.name, by_hand);
                kept && (by_hand ? vm.actor_unchanged || (!known && step.accept_loss) : !known)) {
                value = kept;
                known = true;
            } else if ((!known || by_hand) && !step.accept_loss) {
                return vm.fail(
                    "ArgumentError",
                    "`" + name + "." + std::string(vm.symbols.text(field.name)) + "` " +
                        (kept ? "was migrated by hand, and the actor has changed since"
                              : "is not known any more") +
                        ": `migrate_back` can say what it becomes, or `accept_loss: true` accepts " +
                        (known ? "its present value" : "its initial value"),
                    args);
            }
        }
        if (!known) {
            if (!field.initial)
                return vm.fail("ArgumentError",
                               "`" + name + "." + std::string(vm.symbols.text(field.name)) +
                                   "` has no value in the old state and no initial one",
                               args);
            Value* frame = native_frame(vm, args, args + kPrimitiveFrame);
            frame[0] = args[2];
            value = enter(code_of_initialiser(vm, const_cast<FieldInfo&>(field)), frame);
        }
        if (auto* type = syntax::try_as<syntax::NameNode>(field.type)) {
            const Binding* wanted = find_binding(vm.runtime, field.module, type->text);
            if (wanted && wanted->kind == Binding::ClassName && wanted->cls->kind != ClassKind::Trait &&
                !is_of_lineage(vm.class_of(value), *wanted->cls) && known &&
                !(value.is_nil() && field.initial && field.initial->kind == syntax::Kind::Nil)) {
                const std::string words = "`" + name + "." + std::string(vm.symbols.text(field.name)) +
                                          "` is a " + std::string(type->text) + ", and the migration gives " +
                                          described(vm, value);
                return vm.fail("WrongType", words, args);
            }
        }
        if (!Heap::store(vm, args[2].cell(), i, value)) assert(false);
    }
    if (to.kind == ClassKind::Record) vm.heap->freeze(args[2].cell());
    return args[2];
}

} // namespace

bool same_fields(const Class& a, const Class& b) {
    if (a.fields.size() != b.fields.size()) return false;
    for (size_t i = 0; i < a.fields.size(); ++i)
        if (a.fields[i].name != b.fields[i].name) return false;
    return true;
}

MigrationSteps steps_past_what_fails(Machine& vm, const MigrationSteps* steps) {
    const SymbolId migrate_state = vm.symbols.intern("migrate_state");
    MigrationSteps past;
    if (steps) past.by_shape = steps->by_shape;
    for (auto& cls : vm.runtime.classes) {
        if (!cls->lineage) continue;
        std::vector<std::pair<SymbolId, SymbolId>> names;
        for (const FieldInfo& field : cls->fields) names.emplace_back(field.name, field.name);
        const Class* to = nullptr;
        size_t count = 0;
        bool forward = true, accept_loss = false;
        for (auto step = step_of(vm, cls->shape, steps); step.from; step = step_of(vm, to->shape, steps)) {
            to = step.to;
            ++count;
            forward = forward && step.way != Class::Back;
            accept_loss = step.accept_loss;
            if (step.renamed)
                for (auto& name : names)
                    for (auto& [before, after] : *step.renamed)
                        if (before == name.second && after != 0) {
                            name.second = after;
                            break;
                        }
        }
        if (count < 2 || !forward) continue;
        const bool carries = std::all_of(names.begin(), names.end(),
                                         [&](auto& name) { return to->field_index(name.second) >= 0; });
        const bool same = same_fields(*cls, *to);
        if (!carries && !to->lookup(migrate_state)) continue;
        past.composed.push_back(std::move(names));
        past.by_shape[cls->shape] = {cls.get(), to, &past.composed.back(),
                                     same ? Class::Same : Class::Forward, accept_loss};
    }
    return past;
}

namespace {

// The cells of the heap that an actor's state, or the main program, leads to between turns.
PointerTable reached(Machine& vm) {
    PointerTable met;
    std::vector<const Cell*> waiting;
    auto meet = [&](Value value) {
        if (value.is_cell() && !value.cell()->is_shared() && met.add(value.cell(), 0))
            waiting.push_back(value.cell());
    };
    meet(vm.actor_state);
    if (vm.kept_roots)
        for (Value* root : *vm.kept_roots) meet(*root);
    while (!waiting.empty()) {
        const Cell* cell = waiting.back();
        waiting.pop_back();
        if (cell->bits & Cell::kBytes) continue;
        const size_t n = cell->word_count();
        for (size_t w = 0; w < n; ++w) meet((*cell)[w]);
    }
    return met;
}

} // namespace

bool concerns(Machine& vm, const Parcel& parcel, const MigrationSteps& steps) {
    bool found = false;
    for (size_t i = 0; i < parcel.count(); ++i)
        if (const Value root = parcel.peek(i); root.is_cell())
            found = found || may_hold_steps(vm, *root.cell(), &steps);
    parcel.for_each_cell([&](const Cell* cell) { found = found || may_lead_to_steps(vm, *cell, &steps); });
    return found;
}

// What args[0] is when it is frozen: its class may have its own way to do that.
static void freeze_again(Machine& vm, Value* args) {
    const ShapeId shape = args[0].cell()->shape;
    const Value frozen = vm.send(args[0], sym::frozen, {}, args);
    if (frozen.is_cell() && frozen.cell()->shape == shape && frozen.cell()->is_frozen())
        args[0] = frozen;
    else
        vm.fail("FrozenError",
                vm.with_article(args[0]) + " that was frozen does not answer a frozen one to `frozen`", args);
}

size_t migrate_heap(Machine& vm, Value* args, const MigrationSteps* steps, std::span<Value> slots) {
    auto step_of = [&](ShapeId shape) { return indent::step_of(vm, shape, steps); };
    Value* top = args + kPrimitiveFrame;
    // Most actors have nothing of what has changed. That is seen without a full collection, dead cells or not.
    vm.heap->collect_nursery(top);
    bool concerned = false, goes_back = false;
    vm.heap->for_each_cell([&](Cell* cell) {
        concerned = concerned || may_lead_to_steps(vm, *cell, steps);
        const MigrationSteps::Step step = step_of(cell->shape);
        goes_back |= step.from && step.way != Class::Forward && step.way != Class::Reset;
    });
    for (Value slot : slots)
        concerned = concerned || (slot.is_cell() && may_hold_steps(vm, *slot.cell(), steps));
    if (!concerned) return 0;
    // What was kept for the way back from an older layout is for nobody any more, unless this fails: it stays as it is.
    const bool from_before = slots.empty() && !goes_back && vm.actor_journal;
    if (from_before) args[12] = std::exchange(vm.actor_journal, Value());
    vm.heap->collect_fully(top);
    PointerTable live;
    if (from_before) live = reached(vm);
    std::vector<Cell*> outdated;
    SharedCopies shared(vm, [&](ShapeId shape) { return step_of(shape).from != nullptr; });
    vm.heap->for_each_cell([&](Cell* cell) {
        if (from_before && !live.contains(cell)) return;
        if (step_of(cell->shape).from) outdated.push_back(cell);
        if (cell->bits & Cell::kBytes) return;
        const size_t n = cell->word_count();
        for (size_t w = 0; w < n; ++w) shared.look_at((*cell)[w]);
    });
    for (Value slot : slots) shared.look_at(slot);
    const size_t own = outdated.size();
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
    // Objects that come with messages are of the reload that the journal is of already.
    const bool with_messages = !slots.empty();
    args[7] = with_messages ? vm.actor_journal : Value();
    const PointerTable journal = groups_of(vm.actor_journal);
    for (size_t i = 0; i < outdated.size(); ++i) {
        Cell* const cell = outdated[i];
        args[0] = Value::cell(cell);
        // With all its parts, so that it can be shared again; records may hold what changes.
        const bool is_frozen =
            i >= own || (cell->is_frozen() && vm.shapes[cell->shape].cls->kind != ClassKind::Record);
        for (auto step = step_of(cell->shape); step.from; step = step_of(args[0].cell()->shape)) {
            args[6] = args[0];
            args[0] = take_step(vm, args, step, journal);
            // Of what lies between two of its layouts nobody finds the way back.
            const bool is_last = !step_of(args[0].cell()->shape).from;
            if (is_last && is_frozen) freeze_again(vm, args);
            if (is_last && (step.way == Class::Forward || step.way == Class::Reset))
                keep_in_journal(vm, args, step, args[6], args[0]);
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
    vm.actor_unchanged |= !with_messages;
    for (int i = 0; i < 8; ++i) args[i] = Value();
    args[12] = Value();
    return outdated.size();
}

} // namespace indent
