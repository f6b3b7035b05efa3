#include "vm/interp/sketch.h"
#include "vm/interp/block.h"
#include "vm/model/map.h"
#include "vm/model/number.h"
#include "vm/model/range.h"
#include "vm/model/text_literal.h"
#include "vm/syntax/source.h"

namespace indent {

namespace {

constexpr size_t kEnough = 40; // bytes of a sketch, from where on it is cut
constexpr size_t kTextShown = 30;
constexpr int kLevels = 3;

class Sketch {
  public:
    explicit Sketch(const Machine& vm) : vm_(vm) {}

    std::string take() { return std::move(out_); }

    void value(Value v, int level) {
        if (v.is_nil()) {
            out_ += "nil";
        } else if (v.is_boolean()) {
            out_ += v.is_true() ? "true" : "false";
        } else if (v.is_integer()) {
            out_ += std::to_string(v.as_integer());
        } else if (v.is_float()) {
            out_ += float_text(v.as_float());
        } else if (v.is_symbol()) {
            symbol(v);
        } else if (is_text(v)) {
            text(v);
        } else if (is_list(v)) {
            parts('[', ']', list_size(v), level, [&](size_t i) { value(list_get(v, i), level + 1); });
        } else if (is_tuple(v)) {
            parts('(', ')', tuple_size(v), level, [&](size_t i) { value(tuple_get(v, i), level + 1); });
        } else if (is_map(v)) {
            map(v, level);
        } else if (is_range(v)) {
            value(range_low(v), level + 1);
            out_ += range_exclusive(v) ? "..<" : "..";
            value(range_high(v), level + 1);
        } else {
            object(v, level);
        }
    }

    // The parts of a record, without its name.
    bool record_parts(Value v, int level) {
        if (!v.is_cell() || (v.cell()->bits & Cell::kBytes)) return false;
        const Shape& shape = vm_.shapes[v.cell()->shape];
        if (shape.class_value || !shape.cls || shape.cls->kind != ClassKind::Record || shape.fields.empty())
            return false;
        parts('(', ')', shape.fields.size(), level, [&](size_t i) { value((*v.cell())[i], level + 1); });
        return true;
    }

  private:
    void symbol(Value v) {
        std::string_view name = vm_.symbols.text(v.symbol_id());
        out_ += ':';
        if (is_plain_name(name))
            out_ += name.substr(0, kEnough);
        else
            append_quoted(out_, name.substr(0, kEnough));
    }

    void text(Value v) {
        TextView view = view_text(v);
        bool whole = view.length <= kTextShown;
        append_quoted(out_, view_part(view, 0, whole ? view.length : kTextShown));
        if (!whole) out_.insert(out_.size() - 1, "…");
    }

    template <class Part>
    void parts(char open, char close, size_t count, int level, Part part) {
        out_ += open;
        for (size_t i = 0; i < count; ++i) {
            if (i > 0) out_ += ", ";
            if (out_.size() > kEnough || level >= kLevels) {
                out_ += "…";
                break;
            }
            part(i);
        }
        out_ += close;
    }

    void map(Value v, int level) {
        out_ += '{';
        bool first = true;
        for (size_t i = map_next(v, 0); i != kNoEntry; i = map_next(v, i + 1)) {
            if (!first) out_ += ", ";
            first = false;
            if (out_.size() > kEnough || level >= kLevels) {
                out_ += "…";
                break;
            }
            Value key = map_key_at(v, i);
            if (key.is_symbol() && is_plain_name(vm_.symbols.text(key.symbol_id()))) {
                out_ += vm_.symbols.text(key.symbol_id());
            } else if (is_text(key)) {
                value(key, level + 1);
            } else {
                out_ += '(';
                value(key, level + 1);
                out_ += ')';
            }
            out_ += ": ";
            value(map_value_at(v, i), level + 1);
        }
        out_ += '}';
    }

    void object(Value v, int level) {
        const Class* cls = vm_.class_of(v);
        if (v.is_cell() && vm_.shapes[v.cell()->shape].class_value) {
            out_ += vm_.symbols.text(vm_.shapes[v.cell()->shape].class_value->name);
        } else if (cls->kind == ClassKind::Record) {
            out_ += vm_.symbols.text(cls->name);
            record_parts(v, level);
        } else {
            out_ += vm_.with_article(v);
        }
    }

    const Machine& vm_;
    std::string out_;
};

} // namespace

std::string sketch(const Machine& vm, Value value) {
    Sketch sketch(vm);
    bool shown = value.is_integer() || value.is_float() || value.is_symbol() || is_text(value) ||
                 is_list(value) || is_tuple(value) || is_map(value) || is_range(value);
    if (shown) {
        sketch.value(value, 0);
    } else {
        sketch.record_parts(value, 0);
    }
    return sketch.take();
}

std::string described(const Machine& vm, Value value) {
    std::string words = vm.with_article(value), shown = sketch(vm, value);
    if (shown.empty()) return words;
    bool own_parentheses = value.is_cell() && !is_tuple(value) && shown[0] == '(';
    return words + (own_parentheses ? " " + shown : " (" + shown + ")");
}

std::string block_text(Value block) {
    const Code* code = block_code(block);
    if (!code->tree) return "a Block";
    const auto at = syntax::Source(code->tree->file, *code->tree->source).position(code->position);
    return "a Block from " + code->tree->file + ":" + std::to_string(at.line);
}

std::string reference_text(const Machine& vm, Value meant) {
    const Cell& cell = *meant.cell();
    const Value binding = cell[reference::kBinding];
    std::string text = "&";
    if (binding.is_raw()) {
        auto* named = binding.raw_address<Binding>();
        if (named->module && !named->module->library) text += named->module->path + ".";
        return text + std::string(vm.symbols.text(named->name));
    }
    const Class* cls = vm.shapes[cell[reference::kClass].cell()->shape].class_value;
    text += vm.symbols.text(cls->name);
    const SymbolId selector = cell[reference::kSelector].symbol_id();
    return selector == sym::new_ ? text : text + "." + std::string(vm.symbols.text(selector));
}

} // namespace indent
