#include "image/history/values.h"
#include "image/journal/code_of.h"
#include "vm/actors/actor.h"
#include "vm/heap/atom.h"
#include "vm/heap/pointer_table.h"
#include "vm/interp/block.h"
#include "vm/interp/maker.h"
#include "vm/interp/sketch.h"
#include "vm/model/big_integer.h"
#include "vm/model/key.h"
#include "vm/model/map.h"
#include "vm/model/range.h"
#include "vm/model/text_literal.h"
#include <unordered_set>
#include <vector>

namespace indent::image {

namespace {

enum class Kind : uint8_t { Leaf, List, Tuple, Map, Range, Object, Record, Block };

constexpr uint64_t kMostDigits =
    1000; // of an integer; writing more takes a time that grows with their square
constexpr double kBitsOfDigit = 3.33;

const Shape& shape_of_cell(ActorSystem& actors, Value value) {
    return actors.runtime().shapes[value.cell()->shape];
}

Kind kind_of(ActorSystem& actors, Value value) {
    if (!value || !value.is_cell()) return Kind::Leaf;
    if (is_list(value)) return Kind::List;
    if (is_tuple(value)) return Kind::Tuple;
    if (is_map(value)) return Kind::Map;
    if (is_range(value)) return Kind::Range;
    if (has_shape(value, shape::kBlock)) return Kind::Block;
    const Shape& shape = shape_of_cell(actors, value);
    if (shape.id < shape::kFirstFree || (value.cell()->bits & Cell::kBytes) || shape.class_value ||
        !shape.cls || shape.cls->kind == ClassKind::Actor)
        return Kind::Leaf;
    return shape.cls->kind == ClassKind::Record ? Kind::Record : Kind::Object;
}

size_t field_count(ActorSystem& actors, Value object) {
    return std::min(shape_of_cell(actors, object).fields.size(), object.cell()->word_count());
}
std::string_view field_name(ActorSystem& actors, Value object, size_t i) {
    return actors.runtime().symbols.text(shape_of_cell(actors, object).fields[i]);
}
std::string_view class_name(ActorSystem& actors, Value object) {
    return actors.runtime().symbols.text(shape_of_cell(actors, object).cls->name);
}

// Of what a block captured: a variable that its home shares with it counts as its value.
Value captured(Value block, size_t i) {
    const Value word = (*block.cell())[block::kCaptured + i];
    if (!has_shape(word, shape::kVariable)) return word;
    const Cell& variable = *word.cell();
    return variable[variable::kSlot].is_raw() ? Value() : variable[variable::kValue];
}

// The parts of a container in order; of a map its keys and values in turn; of a block its self and what it captured.
class Parts {
  public:
    Parts(ActorSystem& actors, Value of, Kind kind) : of_(of), kind_(kind) {
        switch (kind) {
        case Kind::List: count_ = list_size(of); break;
        case Kind::Tuple: count_ = tuple_size(of); break;
        case Kind::Map: count_ = 2 * map_count(of); break;
        case Kind::Range: count_ = 2; break;
        case Kind::Block: count_ = 1 + of.cell()->word_count() - block::kCaptured; break;
        case Kind::Object:
        case Kind::Record: count_ = field_count(actors, of); break;
        case Kind::Leaf: break;
        }
    }
    Value of() const { return of_; }
    Kind kind() const { return kind_; }
    size_t count() const { return count_; }
    size_t taken() const { return taken_; }
    bool is_over() const { return taken_ == count_; }
    bool next_is_value() const { return kind_ == Kind::Map && taken_ % 2 == 1; } // of a key
    Value take() {
        const size_t i = taken_++;
        switch (kind_) {
        case Kind::List: return list_get(of_, i);
        case Kind::Tuple: return tuple_get(of_, i);
        case Kind::Range: return i == 0 ? range_low(of_) : range_high(of_);
        case Kind::Block: return i == 0 ? (*of_.cell())[block::kSelf] : captured(of_, i - 1);
        case Kind::Map:
            if (i % 2 == 1) return map_value_at(of_, entry_ - 1);
            entry_ = map_next(of_, entry_);
            if (entry_ == kNoEntry) { // fewer than it says
                taken_ = count_;
                entry_ = 0;
                return Value();
            }
            return map_key_at(of_, entry_++);
        default: return (*of_.cell())[i];
        }
    }
    Value last_key() const { return map_key_at(of_, entry_ - 1); }

  private:
    Value of_;
    Kind kind_;
    size_t count_ = 0, taken_ = 0, entry_ = 0;
};

// ---- in words

class ValueWriter {
  public:
    ValueWriter(ActorSystem& actors, size_t most)
        : actors_(actors), vm_(actors.main_machine()), most_(most) {}

    Shown write(Value value) {
        begin(value);
        while (!levels_.empty()) {
            Level& level = levels_.back();
            if (level.parts.is_over()) {
                end();
            } else if (out_.size() >= most_) {
                cut_ = true;
                if (std::exchange(level.in_key, false)) out_ += ")";
                out_ += level.parts.taken() == 0 ? "…" : level.parts.next_is_value() ? ": …" : ", …";
                end();
                while (!levels_.empty()) end();
            } else {
                next(level);
            }
        }
        return {std::move(out_), cut_};
    }

  private:
    struct Level {
        Parts parts;
        const char* close;
        bool in_key = false; // which stands in parentheses
    };

    void next(Level& level) {
        Parts& parts = level.parts;
        const size_t i = parts.taken();
        if (parts.kind() == Kind::Map) {
            if (parts.next_is_value()) {
                if (std::exchange(level.in_key, false)) out_ += ")";
                out_ += ": ";
                return begin(parts.take());
            }
            const Value key = parts.take();
            if (!key) return;
            if (i > 0) out_ += ", ";
            if (key.is_symbol() && is_plain_name(vm_.symbol_text(key))) {
                out_ += vm_.symbol_text(key);
                return;
            }
            level.in_key = !is_text(key);
            if (level.in_key) out_ += "(";
            return begin(key);
        }
        if (parts.kind() == Kind::Range)
            out_ += i == 0 ? "" : range_exclusive(parts.of()) ? "..<" : "..";
        else if (i > 0)
            out_ += ", ";
        if (parts.kind() == Kind::Object) {
            out_ += field_name(actors_, parts.of(), i);
            out_ += ": ";
        }
        begin(parts.take());
    }

    void begin(Value value) {
        const Kind kind = kind_of(actors_, value);
        if (kind == Kind::Leaf || kind == Kind::Block) return leaf(value);
        const char* open = "(";
        const char* close = ")";
        switch (kind) {
        case Kind::List: open = "[", close = "]"; break;
        case Kind::Map: open = "{", close = "}"; break;
        case Kind::Range: open = close = ""; break;
        case Kind::Object:
        case Kind::Record: out_ += class_name(actors_, value); break;
        default: break;
        }
        out_ += open;
        if (!open_.insert(value.cell()).second) { // it is inside itself
            out_ += "...";
            out_ += close;
            return;
        }
        levels_.push_back({Parts(actors_, value, kind), close});
    }

    void end() {
        const Level& level = levels_.back();
        if (level.in_key) out_ += ")";
        const Parts& parts = level.parts;
        if (parts.kind() == Kind::Tuple && parts.count() == 1 && parts.is_over()) out_ += ",";
        out_ += level.close;
        open_.erase(parts.of().cell());
        levels_.pop_back();
    }

    void leaf(Value value) {
        if (!value || value.is_nil())
            out_ += "nil";
        else if (value.is_integer())
            out_ += std::to_string(value.as_integer());
        else if (value.is_float())
            out_ += float_text(value.as_float());
        else if (value.is_boolean())
            out_ += value.is_true() ? "true" : "false";
        else if (value.is_symbol())
            append_symbol(out_, vm_.symbol_text(value));
        else if (is_text(value))
            text(value);
        else
            out_ += words(value);
    }

    void text(Value value) {
        const TextView view = view_text(value);
        const size_t room = std::max<size_t>(most_ - std::min(most_, out_.size()), 10);
        append_quoted(out_, view_part(view, 0, std::min(room, view.length)));
        if (view.length <= room) return;
        cut_ = true;
        out_.insert(out_.size() - 1, "…");
    }

    std::string words(Value value) {
        if (is_big_integer(value)) {
            const size_t digits = size_t(double(integer_bit_length(value)) / kBitsOfDigit);
            if (digits <= std::min<size_t>(most_, kMostDigits))
                return digits_of(big_integer_of(value), 10, [] {});
            cut_ = true;
            return "an Integer of some " + std::to_string(digits) + " digits";
        }
        if (has_shape(value, shape::kAddress)) return actors_.describe(*actor_of(value));
        if (has_shape(value, shape::kAtom)) {
            SharedSpace& shared = actors_.runtime().shared;
            const Value held = atom_value(shared, value.cell());
            const std::string inside = sketch(vm_, held); // an atom may hold what holds the atom
            std::string text = "Atom(" + (inside.empty() ? vm_.with_article(held) : inside) + ")";
            shared.release(held);
            return text;
        }
        if (has_shape(value, shape::kBlock)) return block_text(value);
        if (has_shape(value, shape::kReference)) return reference_text(vm_, value);
        const Class* cls = actors_.runtime().shapes[value.cell()->shape].class_value;
        return cls ? std::string(vm_.symbols.text(cls->name)) : vm_.with_article(value);
    }

    ActorSystem& actors_;
    const Machine& vm_;
    const size_t most_;
    std::string out_;
    std::vector<Level> levels_;
    std::unordered_set<const Cell*> open_; // of the levels
    bool cut_ = false;
};

// ---- compared

struct HashOfPair {
    size_t operator()(const std::pair<const Cell*, const Cell*>& pair) const {
        return mix_hash(reinterpret_cast<uintptr_t>(pair.first) ^
                        mix_hash(reinterpret_cast<uintptr_t>(pair.second)));
    }
};

// What a block stands in, and where in that.
struct Home {
    std::string_view module, owner, name, text;
    BlockPlace place;
    bool operator==(const Home&) const = default;
};
Home home_of(ActorSystem& actors, const Code& block) {
    const SymbolTable& symbols = actors.runtime().symbols;
    Home home;
    home.place = place_of(&block);
    const Code* root = &block;
    while (root->outer) root = root->outer;
    home.module = root->module->path;
    if (!root->tree) return home;
    syntax::Span span{0, uint32_t(root->tree->source->size())};
    if (root->method && root->method->definition) {
        home.name = symbols.text(root->method->selector);
        if (root->method->owner) home.owner = symbols.text(root->method->owner->name);
        span = root->method->definition->head.full;
    } else if (root->initialiser) {
        home.name = symbols.text(root->initialiser->name);
        home.owner = symbols.text(root->initialiser->declared_in->name);
        span = root->initialiser->initial->span;
    } else {
        for (const syntax::Node* node : root->tree->top_level)
            if (node->span.begin <= home.place.back() && home.place.back() < node->span.end)
                span = node->span;
    }
    home.text = text_at(*root->tree, span);
    for (uint32_t& position : home.place) position -= span.begin;
    return home;
}

class Comparison {
  public:
    Comparison(ActorSystem& before, ActorSystem& after) : before_(before), after_(after) {}

    std::optional<Difference> compare(Value was, Value is) {
        if (!meet(was, is)) return told(was, is);
        while (!levels_.empty()) {
            Level& level = levels_.back();
            if (level.was.is_over() || level.is.is_over()) {
                if (level.was.count() != level.is.count()) return sizes_differ(level);
                levels_.pop_back();
                continue;
            }
            const Value old = level.was.take(), now = level.is.take();
            if (!meet(old, now)) return told(old, now);
        }
        return std::nullopt;
    }

  private:
    struct Level {
        Parts was, is;
    };

    // False: they differ themselves. Else their parts are compared next, where they have some.
    bool meet(Value was, Value is) {
        const Kind kind = kind_of(before_, was);
        if (kind != kind_of(after_, is)) return false;
        if (kind == Kind::Leaf) return same_leaf(was, is);
        if (kind == Kind::Range && range_exclusive(was) != range_exclusive(is)) return false;
        if (kind == Kind::Block && !is_of_same_text(was, is)) return false;
        if ((kind == Kind::Object || kind == Kind::Record) && !same_layout(was, is)) return false;
        if (is_new(was.cell(), is.cell()))
            levels_.push_back({Parts(before_, was, kind), Parts(after_, is, kind)});
        return true;
    }

    // Most cells are met with one other alone.
    bool is_new(const Cell* was, const Cell* is) {
        const auto other = uint64_t(reinterpret_cast<uintptr_t>(is));
        if (first_met_.add(was, other)) return true;
        return *first_met_.find(was) != other && met_.emplace(was, is).second;
    }

    bool is_of_same_text(Value was, Value is) {
        const Code *a = block_code(was), *b = block_code(is);
        return a == b || (a && b && home_of(before_, *a) == home_of(after_, *b));
    }

    bool same_layout(Value was, Value is) {
        const auto shapes = std::pair(was.cell()->shape, is.cell()->shape);
        if (shapes == last_shapes_ && field_count(before_, was) == last_count_)
            return true; // as those before
        if (!has_same_fields(was, is)) return false;
        last_shapes_ = shapes;
        last_count_ = field_count(before_, was);
        return true;
    }

    bool has_same_fields(Value was, Value is) {
        const size_t count = field_count(before_, was);
        if (class_name(before_, was) != class_name(after_, is) || count != field_count(after_, is))
            return false;
        for (size_t i = 0; i < count; ++i)
            if (field_name(before_, was, i) != field_name(after_, is, i)) return false;
        return true;
    }

    bool same_leaf(Value was, Value is) {
        if (!was || !is) return (!was || was.is_nil()) && (!is || is.is_nil());
        if (was.is_symbol() && is.is_symbol())
            return before_.runtime().symbols.text(was.symbol_id()) ==
                   after_.runtime().symbols.text(is.symbol_id());
        if (!was.is_cell() || !is.is_cell()) return was == is;
        if (is_text(was) || is_text(is)) return is_text(was) && is_text(is) && text_equal(was, is);
        const Cell &a = *was.cell(), &b = *is.cell();
        if ((a.bits & Cell::kBytes) != (b.bits & Cell::kBytes)) return false;
        if (a.bits & Cell::kBytes)
            return before_.main_machine().with_article(was) == after_.main_machine().with_article(is) &&
                   a.word_count() == b.word_count() &&
                   std::equal(a.words(), a.words() + a.word_count(), b.words());
        if (has_shape(was, shape::kAddress) && has_shape(is, shape::kAddress))
            return actor_of(was)->id == actor_of(is)->id;
        return in_short(before_, was) == in_short(after_, is);
    }

    std::optional<Difference> told(Value was, Value is) {
        return Difference{path(levels_.size()), in_short(before_, was), in_short(after_, is)};
    }
    std::optional<Difference> sizes_differ(const Level& level) {
        const size_t unit = level.was.kind() == Kind::Map ? 2 : 1;
        return Difference{path(levels_.size() - 1) + ".size", std::to_string(level.was.count() / unit),
                          std::to_string(level.is.count() / unit)};
    }

    std::string path(size_t levels) {
        std::string text;
        for (size_t i = 0; i < levels; ++i) {
            const Parts& parts = levels_[i].is;
            const size_t at = parts.taken() - 1;
            switch (parts.kind()) {
            case Kind::Map:
                text += at % 2 == 1 ? "[" + in_short(after_, parts.last_key()) + "]"
                                    : ".keys[" + std::to_string(at / 2) + "]";
                break;
            case Kind::Range: text += at == 0 ? ".low" : ".high"; break;
            case Kind::Block: text += at == 0 ? ".self" : ".captured[" + std::to_string(at - 1) + "]"; break;
            case Kind::Object:
            case Kind::Record: text += "." + std::string(field_name(after_, parts.of(), at)); break;
            default: text += "[" + std::to_string(at) + "]";
            }
        }
        return text;
    }

    ActorSystem &before_, &after_;
    std::vector<Level> levels_;
    std::pair<ShapeId, ShapeId> last_shapes_{}; // that have the same fields
    size_t last_count_ = 0;
    PointerTable first_met_; // by cells of before
    std::unordered_set<std::pair<const Cell*, const Cell*>, HashOfPair> met_;
};

} // namespace

std::vector<Field> fields_of(ActorSystem& actors, const Actor& actor) {
    return actor.state.is_cell() ? fields_of_state(actors, actor.state) : std::vector<Field>();
}

std::vector<Field> fields_of_state(ActorSystem& actors, Value state) {
    std::vector<Field> fields;
    for (size_t i = 0; i < field_count(actors, state); ++i)
        fields.push_back({std::string(field_name(actors, state, i)), (*state.cell())[i]});
    return fields;
}

Shown show(ActorSystem& actors, Value value, size_t most) {
    return ValueWriter(actors, most).write(value);
}

std::optional<Difference> first_difference(ActorSystem& before, Value was, ActorSystem& after, Value is) {
    return Comparison(before, after).compare(was, is);
}

} // namespace indent::image
