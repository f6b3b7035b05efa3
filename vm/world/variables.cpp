// Variables of inputs, taken out and put in for who keeps them; and another library for a world that runs.
#include "vm/heap/pointer_table.h"
#include "vm/interp/block.h"
#include "vm/reload/holder_paths.h"
#include "vm/reload/holders.h"
#include "vm/world/world.h"
#include <algorithm>
#include <numeric>

namespace indent {

namespace {

constexpr std::string_view kLast = "_"; // the last value: of this session alone

bool of_a_prompt(const Module* module) {
    return module && module->path == "workspace";
}

} // namespace

// ---- what changed

// Of the turn that is about to be committed: `_` gets another value each time, which is nothing.
void World::note_changed_variables(Machine& vm) {
    if (variables_changed_) return;
    const Cell* array = workspace_->array ? workspace_->array.cell() : nullptr;
    const size_t last = 1 + workspace_->variables.at(std::string(kLast));
    vm.heap->for_each_change(vm.stack_base, [&](const Change& change) {
        if (change.kind != Change::Changed) return;
        if (change.cell != array) {
            variables_changed_ = true;
            return;
        }
        for (size_t i = 0; i < change.before.size(); ++i)
            if (const size_t word = change.first_word + i;
                word != last && !(change.before[i] == (*array)[word]))
                variables_changed_ = true;
    });
}

bool World::variables_changed() const {
    return variables_changed_ || variables_epoch_ != runtime_->layout_epoch.load();
}

// ---- out

// Classes and functions of a prompt have no text that could be found again; variables of a prompt are not there yet when those
// that name them come back.
std::string World::why_not_kept(std::span<const Value> values) const {
    HeldGraph graph(*runtime_);
    for (Value value : values) graph.add_root(value, "");
    std::string why;
    graph.walk(true, [&](const Cell* cell, size_t) {
        const auto& kind = runtime_->shapes[cell->shape];
        auto named = [&](const Class& cls) {
            return "`" + std::string(runtime_->symbols.text(cls.name)) + "`";
        };
        if (cell->shape == shape::kBlock) {
            const Code* code = (*cell)[block::kCode].raw_address<Code>();
            const Code* root = code;
            while (root->outer) root = root->outer;
            if (code->keeps)
                why = "it has a block that names a variable of a prompt";
            else if (!root->method && !root->initialiser && !root->top_level)
                why = "it has a block whose text cannot be found again";
            else if (!root->top_level && of_a_prompt(root->module))
                why = "it has a block of what was defined at a prompt";
        } else if (cell->shape == shape::kReference) {
            if (of_a_prompt((*cell)[reference::kBinding].raw_address<Binding>()->module))
                why = "it has a reference to what was defined at a prompt";
        } else if (kind.class_value) {
            if (of_a_prompt(kind.class_value->module))
                why = "it has the class " + named(*kind.class_value) + ", which was defined at a prompt";
        } else if (cell->shape >= shape::kFirstFree && kind.cls && of_a_prompt(kind.cls->module)) {
            why = "it has an object of " + named(*kind.cls) + ", which was defined at a prompt";
        }
        return why.empty();
    });
    return why;
}

std::vector<World::Variables> World::variables() {
    struct One {
        const std::string* name;
        Value value;
        size_t group; // the number of one that it is together with, or its own
    };
    std::vector<Variables> all;
    actors_->run_main([&](Machine& vm) {
        variables_changed_ = false;
        variables_epoch_ = runtime_->layout_epoch.load();
        std::vector<One> ones;
        for (const auto& [name, slot] : workspace_->variables)
            if (name != kLast && workspace_->array && slot < workspace_capacity_)
                if (const Value value = (*workspace_->array.cell())[1 + slot])
                    ones.push_back({&name, value, ones.size()});
        auto leader = [&](size_t one) {
            while (ones[one].group != one) one = ones[one].group;
            return one;
        };
        PointerTable met; // cells that can change, by who met them first
        std::vector<const Cell*> to_visit;
        for (size_t i = 0; i < ones.size(); ++i) {
            auto meet = [&](Value value) {
                if (!value.is_cell() || value.cell()->is_shared()) return;
                if (const uint64_t* first = met.find(value.cell()))
                    ones[std::max(leader(i), leader(size_t(*first)))].group =
                        std::min(leader(i), leader(size_t(*first)));
                else if (met.add(value.cell(), i))
                    to_visit.push_back(value.cell());
            };
            meet(ones[i].value);
            while (!to_visit.empty()) {
                const Cell* cell = to_visit.back();
                to_visit.pop_back();
                if (cell->bits & Cell::kBytes) continue;
                for (size_t w = 0; w < cell->word_count(); ++w) meet((*cell)[w]);
            }
        }
        for (size_t i = 0; i < ones.size(); ++i) {
            if (leader(i) != i) continue;
            Variables group;
            std::vector<Value> values;
            for (size_t k = i; k < ones.size(); ++k)
                if (leader(k) == i) {
                    group.names.push_back(*ones[k].name);
                    values.push_back(ones[k].value);
                }
            group.why = why_not_kept(values);
            try {
                if (group.why.empty()) group.values = Parcel::pack_whole(vm, values.data(), values.size());
            } catch (const OutOfMemory&) {
                group.why = "there is no memory to write it";
            }
            all.push_back(std::move(group));
        }
        vm.heap->commit(vm.stack_base);
        return true;
    });
    return all;
}

// ---- in

// The array of the workspace's variables grows before an input runs.
void World::make_room_for_variables(size_t variables) {
    const size_t wanted = variables + 1;
    if (wanted <= workspace_capacity_) return;
    const size_t capacity = std::max<size_t>(16, wanted * 2);
    actors_->run_main([&](Machine& vm) {
        Cell* grown = vm.heap->allocate_array(shape::kArray, Format::Slots, 1 + capacity, vm.stack_base);
        if (workspace_->array)
            for (size_t i = 0; i < workspace_capacity_; ++i)
                (*grown)[1 + i] = (*workspace_->array.cell())[1 + i];
        workspace_->array = Value::cell(grown);
        vm.heap->commit(vm.stack_base);
        return true;
    });
    workspace_capacity_ = capacity;
}

std::string World::give_variables(const std::vector<std::string>& names, Parcel::Pointer values) {
    if (!values || values->count() != names.size()) return "there are not as many values as names";
    std::vector<uint32_t> slots;
    for (const std::string& name : names) slots.push_back(workspace_->declare(name));
    make_room_for_variables(workspace_->places);
    std::string problem;
    actors_->run_main([&](Machine& vm) {
        const size_t count = names.size();
        const RunResult result = run_protected(vm, [&](Value* args) {
            if (!Heap::raise_stack(vm, args + count + kPrimitiveFrame)) {
                problem = "they are too many";
                return Value::nil();
            }
            Parcel::unpack(std::move(values), vm, args, args + count);
            for (size_t i = 0; i < count; ++i)
                if (!Heap::store(vm, workspace_->array.cell(), 1 + slots[i], args[i])) assert(false);
            return Value::nil();
        });
        if (!result.ok) problem = "they need more memory than there may be";
        vm.inner->uncaught = {};
        if (result.ok && problem.empty())
            vm.heap->commit(vm.stack_base);
        else
            vm.heap->rollback();
        return result.ok && problem.empty();
    });
    if (!problem.empty())
        for (const std::string& name : names) workspace_->variables.erase(name);
    if (runtime_->layout_epoch.load() > 0)
        actors_->main().layout_epoch = 0; // they may be of layouts before today's
    return problem;
}

// ---- the library

ReloadReport World::take_library(std::vector<LibraryText> texts, ReloadOptions options) {
    if (!has_core(texts)) {
        ReloadReport lost;
        lost.refusal = "error: that library has lost what everything is made of\n";
        return lost;
    }
    runtime_->prelude.find_all();
    std::vector<ReloadText> changed;
    auto is_in = [](const std::vector<LibraryText>& library, const LibraryText& text, bool same) {
        return std::any_of(library.begin(), library.end(), [&](const LibraryText& other) {
            return other.path == text.path && (!same || other.text == text.text);
        });
    };
    auto add = [&](const LibraryText& file, const std::string& text) {
        changed.push_back({"std." + module_name_of(file.path), file.path, text, true});
    };
    for (const LibraryText& text : texts)
        if (!is_in(library_, text, true)) add(text, text.text);
    for (const LibraryText& text : library_)
        if (!is_in(texts, text, false)) add(text, ""); // it is gone
    options.library = true;
    // A block keeps the code that it was made in, which nobody has when the image is opened again.
    std::vector<Module*> replaced;
    for (const ReloadText& text : changed)
        if (Module* module = find_module(text.path)) replaced.push_back(module);
    if (actors_->dormant) actors_->dormant->awaken_all();
    ReloadReport refused;
    actors_->run_apart([&](Machine&) {
        for (ActorRef& actor : actors_->actors_of([](const Class&) { return true; })) {
            std::lock_guard lock(actor->lock); // those that came back from an image are not known yet
            if (actor->status == Actor::Ended) continue;
            bool may = actor->status == Actor::Running;
            if (!may && actor->heap)
                actor->heap->for_each_cell([&](const Cell* cell) { may |= cell->shape == shape::kBlock; });
            if (may) actors_->suspect(*actor);
        }
        constexpr size_t kMostNamed = 3;
        for (const Holder& holder : find_blocks_of(*actors_, replaced, kMostNamed))
            refused.notes.push_back("  " + holder.words + "\n");
        return true;
    });
    if (!refused.notes.empty()) {
        refused.refusal = "error: blocks of the library are kept that would lose their code:\n";
        for (const std::string& words : std::exchange(refused.notes, {})) refused.refusal += words;
        return refused;
    }
    ReloadReport report = take(std::move(changed), options);
    if (report.ok) library_ = std::move(texts);
    return report;
}

} // namespace indent
