#include "vm/reload/migration.h"
#include "vm/heap/pointer_table.h"
#include "vm/interp/arguments.h"
#include "vm/interp/inner.h"
#include "vm/interp/maker.h"
#include "vm/interp/sketch.h"
#include "vm/model/map.h"
#include <algorithm>

namespace indent {

namespace {

std::string_view text_of(const syntax::Node* node, const std::shared_ptr<const syntax::SyntaxTree>& tree) {
    return node ? std::string_view(*tree->source).substr(node->span.begin, node->span.end - node->span.begin)
                : std::string_view();
}

const syntax::DefinitionHead* head_of(const syntax::Node* node) {
    if (auto* actor = syntax::try_as<syntax::ActorNode>(node)) return &actor->head;
    if (auto* cls = syntax::try_as<syntax::ClassNode>(node)) return &cls->head;
    if (auto* record = syntax::try_as<syntax::RecordNode>(node)) return &record->head;
    return nullptr;
}

std::span<const syntax::Annotation> annotations_of(const Class& cls) {
    const auto* head = head_of(cls.definition);
    return head ? head->annotations : std::span<const syntax::Annotation>();
}

} // namespace

ClassChange compare_state(SymbolTable& symbols, Class& live, Class& staged, std::vector<syntax::Diagnostic>& diagnostics) {
    ClassChange change;
    change.live = &live;
    change.staged = &staged;
    const SymbolId migrator = symbols.intern("migrate_state");
    change.by_hand = staged.lookup(migrator) != nullptr;
    // @renamed(old: :new), above the class or the field.
    auto take_renames = [&](std::span<const syntax::Annotation> annotations) {
        for (const auto& annotation : annotations)
            if (annotation.name.text == "renamed")
                for (const auto& argument : annotation.arguments)
                    if (auto* symbol = syntax::try_as<syntax::SymbolNode>(argument.value))
                        change.renamed.emplace_back(symbols.intern(argument.label.text), symbols.intern(symbol->name));
    };
    take_renames(annotations_of(staged));
    const syntax::Behaviour* members = nullptr;
    if (auto* actor = syntax::try_as<syntax::ActorNode>(staged.definition)) members = &actor->members;
    else if (auto* cls = syntax::try_as<syntax::ClassNode>(staged.definition)) members = &cls->members;
    if (members)
        for (const auto& field : members->fields) take_renames(field.head.annotations);
    auto new_name = [&](SymbolId old) {
        for (auto& [from, to] : change.renamed)
            if (from == old) return to;
        return old;
    };
    bool same = live.fields.size() == staged.fields.size() && live.superclass == staged.superclass;
    for (size_t i = 0; same && i < live.fields.size(); ++i) same = live.fields[i].name == staged.fields[i].name;
    change.layout = !same;
    if (same) return change;
    std::vector<const FieldInfo*> added, dropped;
    for (const FieldInfo& field : live.fields) {
        if (staged.field_index(new_name(field.name)) < 0) dropped.push_back(&field);
        else change.carried.emplace_back(symbols.text(field.name));
    }
    for (const FieldInfo& field : staged.fields)
        if (std::none_of(live.fields.begin(), live.fields.end(), [&](const FieldInfo& old) { return new_name(old.name) == field.name; }))
            added.push_back(&field);
    for (auto* field : added) change.added.emplace_back(symbols.text(field->name));
    for (auto* field : dropped) change.dropped.emplace_back(symbols.text(field->name));
    if (change.by_hand) return change;
    const std::string name(symbols.text(staged.name));
    const auto* head = head_of(staged.definition);
    const syntax::Span at = head ? head->name.span : staged.definition->span;
    if (!added.empty() && !dropped.empty())
        diagnostics.push_back(syntax::make_diagnostic(
            syntax::Code::LikelyRename, at,
            {name, std::string(symbols.text(dropped[0]->name)), std::string(symbols.text(added[0]->name))}));
    for (const FieldInfo& field : staged.fields) {
        const int old = live.field_index(field.name);
        if (old < 0 || !field.type || !live.fields[size_t(old)].type) continue;
        const auto before = text_of(live.fields[size_t(old)].type, live.fields[size_t(old)].tree);
        const auto now = text_of(field.type, field.tree);
        if (before != now)
            diagnostics.push_back(syntax::make_diagnostic(syntax::Code::FieldTypeChanged, at,
                                                          {name + "." + std::string(symbols.text(field.name)),
                                                           std::string(before), std::string(now)}));
    }
    for (auto* field : added)
        if (!field->initial)
            diagnostics.push_back(syntax::make_diagnostic(syntax::Code::NewFieldNeedsValue, at,
                                                          {name, std::string(symbols.text(field->name))}));
    return change;
}

namespace {

// args[0]: an object of `from`; answers what it becomes as one of `to`.
Value take_step(Machine& vm, Value* args, const MigrationSteps::Step& step) {
    const Class& from = *step.from;
    const Class& to = *step.to;
    const std::string name(vm.symbols.text(to.name));
    const size_t n = to.fields.size();
    auto renamed = [&](SymbolId old) {
        if (step.renamed)
            for (auto& [before, after] : *step.renamed)
                if (before == old) return after;
        return old;
    };
    Cell* made = Heap::allocate(vm, to.shape, uint16_t(n), args + kPrimitiveFrame);
    for (size_t i = 0; i < n; ++i) (*made)[i] = Value::nil();
    args[2] = Value::cell(made);
    Method* migrator = to.lookup(vm.symbols.intern("migrate_state"));
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
        int64_t version = from.state_version;
        do {
            Value* frame = native_frame(vm, args, args + kPrimitiveFrame, migrator->selector);
            frame[0] = args[2];
            frame[1] = args[1];
            frame[2] = Value::integer(version);
            args[1] = call_method(vm, migrator, frame, 2, nullptr);
            if (!has_shape(args[1], shape::kMap))
                return vm.fail("ArgumentError", "`" + name + ".migrate_state` answers a map of the new state, not " +
                                                    described(vm, args[1]), args);
        } while (++version < to.state_version);
        args[4] = vm.send(args[1], vm.symbols.intern("keys"), {}, args);
        const size_t keys = list_size(args[4]);
        for (size_t i = 0; i < keys; ++i) {
            Value key = list_get(args[4], i);
            if (key.is_symbol() && to.field_index(key.symbol_id()) >= 0) continue;
            return vm.fail("ArgumentError", "`" + name + ".migrate_state` answers " + described(vm, key) +
                                                ", and the new state has no such name", args);
        }
    }
    for (size_t i = 0; i < n; ++i) {
        const FieldInfo& field = to.fields[i];
        Value value;
        bool known = false;
        if (migrator) {
            known = by_map(field.name, value);
        } else {
            for (size_t j = 0; j < from.fields.size() && !known; ++j)
                if (renamed(from.fields[j].name) == field.name) {
                    value = (*args[0].cell())[j];
                    known = true;
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
                !vm.is_a(value, wanted->cls) && known) {
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

size_t migrate_heap(Machine& vm, Value* args, const MigrationSteps* steps) {
    auto step_of = [&](ShapeId shape) {
        MigrationSteps::Step step{nullptr, nullptr, nullptr};
        if (shape < shape::kFirstFree) return step;
        if (steps)
            if (auto found = steps->by_shape.find(shape); found != steps->by_shape.end()) return found->second;
        const Class* cls = vm.shapes[shape].cls;
        if (cls && cls->lineage) step = {cls, cls->newer ? cls->newer : cls->lineage, &cls->renamed};
        return step;
    };
    Value* top = args + kPrimitiveFrame;
    // The state object alone, as in most actors, needs no walk to be found; what points to it does.
    vm.heap->collect_fully(top);
    std::vector<Cell*> outdated;
    vm.heap->for_each_cell([&](Cell* cell) {
        if (step_of(cell->shape).from) outdated.push_back(cell);
    });
    if (outdated.empty()) return 0;
    args[5] = vm.list(outdated.size(), args);
    for (Cell* cell : outdated) {
        args[0] = Value::cell(cell);
        for (auto step = step_of(cell->shape); step.from; step = step_of(args[0].cell()->shape)) {
            args[0] = take_step(vm, args, step);
            vm.poll(args);
        }
        if (!list_add(vm, args[5], args[0], top)) assert(false);
    }
    vm.heap->collect_nursery(top); // what they have become has its place now
    PointerTable places;
    for (size_t i = 0; i < outdated.size(); ++i) places.add(outdated[i], list_get(args[5], i).bits());
    args[5] = Value();
    vm.heap->for_each_cell([&](Cell* cell) {
        if (cell->bits & Cell::kBytes) return;
        const size_t n = cell->word_count();
        for (size_t w = 0; w < n; ++w) {
            Value word = (*cell)[w];
            if (!word.is_cell() || word.cell()->is_shared()) continue;
            if (const uint64_t* now = places.find(word.cell())) vm.heap->rewrite(cell, w, Value::from_bits(*now));
        }
    });
    for (size_t i = 0; i < outdated.size(); ++i)
        vm.heap->move_identity(outdated[i], Value::from_bits(*places.find(outdated[i])).cell());
    if (const uint64_t* now = vm.actor_state.is_cell() ? places.find(vm.actor_state.cell()) : nullptr)
        vm.actor_state = Value::from_bits(*now);
    for (int i = 0; i < 5; ++i) args[i] = Value();
    return outdated.size();
}

} // namespace indent
