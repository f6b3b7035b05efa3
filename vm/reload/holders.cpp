#include "vm/reload/holders.h"
#include "vm/actors/timers.h"
#include "vm/heap/atom.h"
#include "vm/heap/pointer_table.h"
#include "vm/interp/block.h"
#include "vm/interp/inner.h"
#include "vm/interp/maker.h"
#include "vm/syntax/source.h"
#include <algorithm>
#include <mutex>
#include <set>

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
        for (ActorRef& actor : actors_.suspects()) {
            if (full()) break;
            if (!blocks(actor)) actors_.forget_suspect(*actor);
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
                waiting.push_back(binding->kind == Binding::ImportedModule ? binding->target : binding->module);
        }
        return false;
    }

    void turn(ActorRef& ref) {
        Actor& actor = *ref;
        std::lock_guard lock(actor.lock);
        if (!actor.turn) {
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
                    words += ", handling `" + std::string(runtime_.symbols.text(actor.message->selector)) + "`,";
                found_.push_back({module, ref, Holder::Turn,
                                  words + " waits in " + std::string(node->code->name) + place_of(*node->code, node->position) +
                                      " of " + generation_words(*module)});
                return;
            }
            frame -= size_t(node->temp) + 1;
        }
    }

    // A cell on the way from a root to a block.
    struct Step {
        const Cell* cell;
        size_t parent; // SIZE_MAX: a root
        size_t word;
    };

    std::string path_to(const std::vector<Step>& steps, size_t at, const std::string& root) const {
        std::string path;
        for (; steps[at].parent != SIZE_MAX; at = steps[at].parent) {
            const Cell* holder = steps[steps[at].parent].cell;
            const size_t word = steps[at].word;
            if (holder->shape == shape::kBlock) {
                path = " (inside another block)" + path;
                continue;
            }
            const Class* cls = runtime_.shapes[holder->shape].cls;
            if (holder->shape >= shape::kFirstFree && cls && word < cls->fields.size())
                path = "." + std::string(runtime_.symbols.text(cls->fields[word].name)) + path;
            else if (holder->shape == shape::kArray && word > 0) // the storage of a list
                path = "[" + std::to_string(word - 1) + "]" + path;
            else if (holder->shape == shape::kMap)
                path = "[…]" + path;
        }
        return root + path;
    }

    // False: there is no block at all.
    bool walk(ActorRef& ref, std::vector<Step> steps, const std::string& root, bool& any) {
        PointerTable seen;
        for (const Step& step : steps) seen.add(step.cell, 0);
        for (size_t i = 0; i < steps.size() && !full(); ++i) {
            const Cell* cell = steps[i].cell;
            if (cell->bits & Cell::kBytes) continue;
            if (cell->shape == shape::kBlock) {
                any = true;
                const Code* code = (*cell)[block::kCode].raw_address<Code>();
                if (const Module* module = meant(code))
                    found_.push_back({module, ref, Holder::Block,
                                      path_to(steps, i, root) + " keeps a block of " + generation_words(*module) +
                                          place_of(*code, code->position)});
            }
            const size_t n = cell->word_count();
            for (size_t w = 0; w < n; ++w) {
                const Value word = (*cell)[w];
                if (!word.is_cell() || word.cell()->is_shared() || seen.contains(word.cell())) continue;
                seen.add(word.cell(), 0);
                steps.push_back({word.cell(), i, w});
            }
        }
        return any;
    }

    bool blocks(ActorRef& ref) {
        Actor& actor = *ref;
        const std::string name = actors_.describe(actor);
        std::lock_guard lock(actor.lock);
        if (actor.status == Actor::Ended) return false;
        if (actor.status == Actor::Running) { // its heap is not to be looked at
            if (reaches(actor.cls) && &actor != &actors_.apart())
                found_.push_back({generations_[0], ref, Holder::Running, name + " is in the middle of a turn"});
            return true;
        }
        bool any = false;
        std::vector<Step> roots;
        auto root = [&](Value value) {
            if (value.is_cell() && !value.cell()->is_shared()) roots.push_back({value.cell(), SIZE_MAX, 0});
        };
        if (actor.heap) {
            root(actor.turn ? actor.turn->state : actor.state);
            if (&actor == &actors_.main() && actors_.main_kept_roots)
                for (Value* kept : *actors_.main_kept_roots) root(*kept);
            walk(ref, std::move(roots), name, any);
            roots = {};
            if (actor.turn) {
                for (Value value : actor.turn->stack) root(value);
                for (Value value : actor.turn->open_variables) root(value);
                walk(ref, std::move(roots), name + ": its turn", any);
                roots = {};
            }
        }
        auto parcel = [&](const Parcel* from, SymbolId selector) {
            if (!from || !from->has_blocks()) return;
            from->for_each_cell([&](const Cell* cell) { roots.push_back({cell, SIZE_MAX, 0}); });
            walk(ref, std::move(roots), name + ": a message `" + std::string(runtime_.symbols.text(selector)) + "`", any);
            roots = {};
        };
        for (const ActorMessage* message = actor.first; message; message = message->next)
            parcel(message->timer ? message->timer->arguments.get() : message->arguments.get(), message->selector);
        if (actor.first_start) parcel(actor.first_start->arguments.get(), sym::start);
        actors_.for_each_timer(actor, [&](const TimerRecord& timer) { parcel(timer.arguments.get(), timer.selector); });
        return any;
    }

    // Frozen ones, which stand for themselves: an Atom, `stable`, or what actors share holds them.
    void shared_blocks() {
        const size_t first = found_.size();
        for (Value value : runtime_.shared.listed(shape::kBlock)) {
            const Code* code = (*value.cell())[block::kCode].raw_address<Code>();
            if (const Module* module = full() ? nullptr : meant(code))
                found_.push_back({module, ActorRef(), Holder::Block,
                                  who_shares(value) + " keeps a block of " + generation_words(*module) +
                                      place_of(*code, code->position)});
            runtime_.shared.release(value);
        }
        std::sort(found_.begin() + long(first), found_.end(), [](const Holder& a, const Holder& b) { return a.words < b.words; });
    }
    std::string who_shares(Value block) const {
        for (const auto& [path, module] : runtime_.modules)
            for (const auto& [name, binding] : module->names)
                if (binding->kind == Binding::Stable && reaches_shared(binding->value, block))
                    return "`stable " + std::string(runtime_.symbols.text(name)) + "` of " + path;
        std::string who;
        for (Value atom : runtime_.shared.listed(shape::kAtom)) {
            const Value held = atom_value(runtime_.shared, atom.cell());
            if (reaches_shared(held, block)) who = "an Atom";
            runtime_.shared.release(held);
            runtime_.shared.release(atom);
        }
        return who.empty() ? "a value that actors share" : who;
    }
    static bool reaches_shared(Value from, Value wanted) {
        PointerTable seen;
        std::vector<Value> waiting{from};
        while (!waiting.empty()) {
            const Value at = waiting.back();
            waiting.pop_back();
            if (at == wanted) return true;
            if (!at.is_cell() || at.cell()->shape == shape::kAtom || at.cell()->bits & Cell::kBytes || !seen.add(at.cell(), 0)) continue;
            for (size_t w = 0; w < at.cell()->word_count(); ++w) waiting.push_back((*at.cell())[w]);
        }
        return false;
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

std::vector<Module*> older_generations(Runtime& runtime, std::string_view path) {
    std::vector<Module*> older;
    for (auto& module : runtime.old_modules)
        if (module->path == path && module->replaced_at && !module->purged && !module->archived) older.push_back(module.get());
    std::reverse(older.begin(), older.end());
    return older;
}

} // namespace indent
