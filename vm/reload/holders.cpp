#include "vm/reload/holders.h"
#include "vm/actors/timers.h"
#include "vm/heap/atom.h"
#include "vm/interp/block.h"
#include "vm/interp/inner.h"
#include "vm/interp/maker.h"
#include "vm/reload/holder_paths.h"
#include "vm/syntax/source.h"
#include <algorithm>
#include <mutex>
#include <set>
#include <unordered_map>

namespace indent {

namespace {

std::string place_of(const Code& code, uint32_t position) {
    if (!code.tree) return {};
    syntax::Source source(code.tree->file, *code.tree->source);
    return " (" + code.tree->file + ":" + std::to_string(source.position(position).line) + ")";
}

std::string generation_words(const Module& module) {
    return module.path + ", generation " + std::to_string(module.generation);
}

class Search {
  public:
    Search(ActorSystem& actors, std::span<Module* const> generations, size_t most)
        : actors_(actors), runtime_(actors.runtime()), generations_(generations), most_(most) {}

    std::vector<Holder> run() {
        uint32_t epoch = 0;
        for (const Module* module : generations_) epoch = std::max(epoch, module->replaced_at);
        if (epoch == 0) return {};
        for (ActorRef& actor : actors_.turns_before(epoch)) {
            if (full()) break;
            turn(actor);
        }
        return run_blocks();
    }
    std::vector<Holder> run_blocks() {
        for (ActorRef& actor : actors_.suspects()) {
            if (full()) break;
            blocks(actor);
        }
        shared_blocks();
        return std::move(found_);
    }

  private:
    bool full() const { return found_.size() >= most_; }
    const Module* meant(const Code* code) const {
        if (!code || is_of_script(*code)) return nullptr;
        for (const Module* wanted : generations_)
            if (wanted == code->module) return wanted;
        return nullptr;
    }

    // Whether the class's module is, or imports, directly or not, one of the generations' modules.
    bool reaches(const Class* cls) const {
        if (!cls) return true;
        std::set<const Module*> seen;
        std::vector<const Module*> waiting{cls->module};
        while (!waiting.empty()) {
            const Module* module = waiting.back();
            waiting.pop_back();
            if (!module || !seen.insert(module).second) continue;
            for (const Module* wanted : generations_)
                if (wanted->path == module->path) return true;
            for (auto& [name, binding] : module->imports)
                waiting.push_back(binding->kind == Binding::ImportedModule ? binding->target
                                                                           : binding->module);
        }
        return false;
    }

    void turn(ActorRef& ref) {
        Actor& actor = *ref;
        std::lock_guard lock(actor.lock);
        if (actor.status == Actor::Running || !actor.turn) { // of one that runs its worker has the turn
            if (actor.status != Actor::Running || !reaches(actor.cls)) return;
            found_.push_back({generations_[0], ref, Holder::Running,
                              actors_.describe(actor) + " is in the middle of a turn that began before"});
            return;
        }
        const WaitingTurn& turn = *actor.turn;
        const Node* native = &actors_.machine_of(turn.worker).inner->native;
        for (size_t frame = turn.frame; frame > 1;) {
            const Value site = turn.stack[frame - 1];
            if (!site.is_raw()) return;
            const auto* node = site.raw_address<Node>();
            if (node == native) {
                frame -= size_t(turn.stack[frame - 2].raw_number());
                continue;
            }
            if (const Module* module = meant(node->code)) {
                std::string words = actors_.describe(actor);
                if (actor.message && actor.message->selector)
                    words +=
                        ", handling `" + std::string(runtime_.symbols.text(actor.message->selector)) + "`,";
                found_.push_back({module, ref, Holder::Turn,
                                  words + " waits in " + std::string(node->code->name) +
                                      place_of(*node->code, node->position) + " of " +
                                      generation_words(*module)});
                return;
            }
            frame -= size_t(node->temp) + 1;
        }
    }

    std::string keeps(const Module& module, const Code& code) const {
        return " keeps a block of " + generation_words(module) + place_of(code, code.position);
    }

    // False: there is no block at all.
    bool walk(ActorRef& ref, const std::string& name, HeldGraph& graph) {
        bool any = false;
        graph.walk(false, [&](const Cell* cell, size_t at) {
            if (cell->shape != shape::kBlock) return true;
            any = true;
            const Code* code = (*cell)[block::kCode].raw_address<Code>();
            if (const Module* module = meant(code))
                found_.push_back(
                    {module, ref, Holder::Block, name + ": " + graph.words(at) + keeps(*module, *code)});
            return !full();
        });
        return any;
    }

    // What a message brings.
    void add_arguments(HeldGraph& graph, const Actor& actor, const Parcel* parcel, SymbolId selector,
                       const std::vector<SymbolId>& labels, const std::string& what) const {
        if (!parcel || !parcel->has_blocks()) return;
        const Method* method = actor.cls ? actor.cls->lookup(selector) : nullptr;
        for (size_t i = 0; i < parcel->count(); ++i) {
            SymbolId label = i < labels.size() ? labels[i] : 0;
            if (!label && method && i < method->parameters.size()) label = method->parameters[i].name;
            const std::string argument = label
                                             ? "argument `" + std::string(runtime_.symbols.text(label)) + "`"
                                             : "argument " + std::to_string(i + 1);
            graph.add_root(parcel->peek(i), argument + " of " + what);
        }
    }

    void blocks(ActorRef& ref) {
        Actor& actor = *ref;
        const std::string name = actors_.describe(actor);
        std::lock_guard lock(actor.lock);
        if (actor.status == Actor::Running) { // its heap is not to be looked at
            if (reaches(actor.cls) && &actor != &actors_.apart())
                found_.push_back(
                    {generations_[0], ref, Holder::Running, name + " is in the middle of a turn"});
            return;
        }
        bool any = false;
        if (actor.status != Actor::Ended) {
            HeldGraph graph(runtime_);
            auto message = [&](const Parcel* parcel, SymbolId selector, const std::vector<SymbolId>& labels,
                               const char* what) {
                add_arguments(graph, actor, parcel, selector, labels,
                              what + (" `" + std::string(runtime_.symbols.text(selector)) + "`"));
            };
            auto own = [&](Value value, const char* what) {
                if (value.is_cell() && !value.cell()->is_shared()) graph.add_root(value, what);
            };
            if (actor.heap) {
                own(actor.turn ? actor.turn->state : actor.state, "its state");
                if (&actor == &actors_.main() && actors_.main_kept_roots)
                    for (Value* kept : *actors_.main_kept_roots) own(*kept, "what the workspace keeps");
                if (actor.turn) {
                    for (Value value : actor.turn->stack) own(value, "its turn");
                    for (Value value : actor.turn->open_variables) own(value, "its turn");
                }
            }
            for (const ActorMessage* at = actor.first; at; at = at->next)
                if (at->timer)
                    message(at->timer->arguments.get(), at->timer->selector, at->timer->labels,
                            "the timer's message");
                else
                    message(at->arguments.get(), at->selector, at->labels, "the waiting message");
            if (actor.first_start)
                add_arguments(graph, actor, actor.first_start->arguments.get(), 0, actor.first_start->labels,
                              "what its supervisor starts it with");
            actors_.for_each_timer(actor, [&](const TimerRecord& timer) {
                message(timer.arguments.get(), timer.selector, timer.labels, "the timer's message");
            });
            any = walk(ref, name, graph);
        }
        // Whoever brings it a block from now on has to wait for the lock.
        if (!any && !full()) actors_.forget_suspect(actor);
    }

    // Frozen ones, which stand for themselves: an Atom, `stable`, or what actors share holds them.
    void shared_blocks() {
        const std::vector<Value> blocks = runtime_.shared.listed(shape::kBlock);
        std::unordered_map<const Cell*, std::string> who; // holds those that matter
        for (Value value : blocks)
            if (meant((*value.cell())[block::kCode].raw_address<Code>())) who.emplace(value.cell(), "");
        if (!who.empty()) leave_out_what_is_over(who);
        if (!who.empty()) say_who_shares(who);
        const size_t first = found_.size();
        for (Value value : blocks) {
            const Code* code = (*value.cell())[block::kCode].raw_address<Code>();
            auto holder = who.find(value.cell());
            if (const Module* module = full() || holder == who.end() ? nullptr : meant(code))
                found_.push_back({module, ActorRef(), Holder::Block, holder->second + keeps(*module, *code)});
            runtime_.shared.release(value);
        }
        std::sort(found_.begin() + long(first), found_.end(),
                  [](const Holder& a, const Holder& b) { return a.words < b.words; });
    }

    // A `var` of an old generation, and what a `stable` was before, are there for code of that generation that still runs,
    // and hold nothing by themselves: a block is left out where they account for all that hold it.
    void leave_out_what_is_over(std::unordered_map<const Cell*, std::string>& who) const {
        struct Met {
            uint64_t holders = 0; // that are known
            bool kept = false;    // by somebody else
        };
        std::unordered_map<const Cell*, Met> met;
        std::vector<const Cell*> order;
        auto meet = [&](Value value) {
            if (!value.is_cell()) return;
            Met& one = met[value.cell()];
            if (one.holders++ == 0) order.push_back(value.cell());
        };
        for (const auto& module : runtime_.old_modules)
            for (const auto& [name, binding] : module->names)
                if (binding->kind == Binding::Var && binding->module == module.get() &&
                    newest(binding) != binding)
                    meet(binding->value);
        for (Value value : runtime_.replaced_values) meet(value);
        constexpr size_t kMostCells = 1'000'000; // then all of them count
        auto words_of = [&](const Cell* cell, auto visit) {
            if (cell->bits & Cell::kBytes || cell->shape == shape::kAtom || cell->shape == shape::kAddress)
                return;
            for (size_t w = 0; w < cell->word_count(); ++w) visit((*cell)[w]);
        };
        for (size_t i = 0; i < order.size(); ++i) {
            if (order.size() > kMostCells) return;
            words_of(order[i], meet);
        }
        std::vector<const Cell*> kept;
        for (const Cell* cell : order) {
            const uint64_t listed = cell->shape == shape::kBlock; // that we hold ourselves
            if (runtime_.shared.holders(cell) == met[cell].holders + listed) continue;
            met[cell].kept = true;
            kept.push_back(cell);
        }
        while (!kept.empty()) {
            const Cell* cell = kept.back();
            kept.pop_back();
            words_of(cell, [&](Value word) {
                if (word.is_cell() && !std::exchange(met[word.cell()].kept, true))
                    kept.push_back(word.cell());
            });
        }
        std::erase_if(who, [&](const auto& one) {
            auto found = met.find(one.first);
            return found != met.end() && !found->second.kept;
        });
    }

    // Values of modules are looked through first, as they may hold the Atoms that hold a block.
    void say_who_shares(std::unordered_map<const Cell*, std::string>& who) const {
        constexpr size_t kMostCells = 1'000'000; // then it is not said who
        size_t cells = 0;
        std::unordered_map<const Cell*, std::string> atoms;
        auto look = [&](HeldGraph& graph) {
            graph.walk(true, [&](const Cell* cell, size_t at) {
                if (cell->shape == shape::kAtom) atoms.emplace(cell, graph.words(at));
                if (auto wanted = who.find(cell); wanted != who.end() && wanted->second.empty())
                    wanted->second = graph.words(at);
                return ++cells < kMostCells;
            });
        };
        HeldGraph values(runtime_);
        std::vector<std::string> paths; // in one order at all times
        for (const auto& [path, module] : runtime_.modules) paths.push_back(path);
        std::sort(paths.begin(), paths.end());
        for (const std::string& path : paths) {
            const Module& module = *runtime_.modules.at(path);
            std::vector<std::pair<std::string, Value>> named;
            for (const auto& [name, binding] : module.names)
                if (binding->kind == Binding::Stable || binding->kind == Binding::Var)
                    named.emplace_back((binding->kind == Binding::Stable ? "`stable " : "`var ") +
                                           std::string(runtime_.symbols.text(name)) + "` of " + path,
                                       binding->value);
            std::sort(named.begin(), named.end(),
                      [](const auto& a, const auto& b) { return a.first < b.first; });
            for (auto& [name, value] : named) values.add_root(value, name);
            if (module.boundary.data) values.add_root(module.boundary.data, "`hot.data` of " + path);
        }
        look(values);
        for (Value atom : runtime_.shared.listed(shape::kAtom)) {
            const Value held = atom_value(runtime_.shared, atom.cell());
            HeldGraph graph(runtime_);
            auto kept = atoms.find(atom.cell());
            std::string where = kept == atoms.end() ? "" : " (" + kept->second;
            if (where.ends_with(',')) where.pop_back();
            graph.add_root(held, "an Atom" + where + (where.empty() ? "" : ")"));
            if (cells < kMostCells) look(graph);
            runtime_.shared.release(held);
            runtime_.shared.release(atom);
        }
        for (auto& [cell, words] : who)
            if (words.empty()) words = "a value that actors share";
    }

    ActorSystem& actors_;
    Runtime& runtime_;
    std::span<Module* const> generations_;
    size_t most_;
    std::vector<Holder> found_;
};

} // namespace

std::vector<Holder> find_holders(ActorSystem& actors, std::span<Module* const> generations, size_t most) {
    return Search(actors, generations, most).run();
}

std::vector<Holder> find_blocks_of(ActorSystem& actors, std::span<Module* const> modules, size_t most) {
    return Search(actors, modules, most).run_blocks();
}

std::vector<Module*> older_generations(Runtime& runtime, std::string_view path) {
    std::vector<Module*> older;
    for (auto& module : runtime.old_modules)
        if (module->path == path && module->replaced_at && !module->purged && !module->archived)
            older.push_back(module.get());
    std::reverse(older.begin(), older.end());
    return older;
}

} // namespace indent
