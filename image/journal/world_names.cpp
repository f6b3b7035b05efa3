// Two threads may name the same shared cell at once, and a batch may be cut between them. So a cell counts as kept only
// when its row is among those that the next batch takes: whoever sees that it is kept may write its number; whoever does
// not waits for the lock, under which all rows that one leads to are made.
#include "image/journal/world_names.h"
#include "image/codec/cell_form.h"
#include "image/store/listing.h"
#include "image/store/rows.h"
#include "vm/heap/atom.h"
#include "vm/interp/block.h"
#include "vm/model/text.h"
#include <algorithm>
#include <cstring>

namespace indent::image {

namespace {

constexpr SymbolId kNoSymbol = UINT32_MAX;    // of a number whose name is lost
constexpr size_t kMostRows = size_t(1) << 24; // that one shared value may lead to
constexpr size_t kMostTroubles = 1000;        // that are told apart
constexpr uint64_t kLargestSharedNumber = uint64_t(1)
                                          << 46; // of something shared: it is an identity hash, too
enum Special : uint8_t { kClassValue, kModuleValue, kAddressOf, kAtomCell, kPlainCell };
struct ShapeContent {
    std::string module, name;
    uint64_t state_version = 0;
    std::vector<std::string> fields;
    template <class A>
    void serialize(A& a) {
        a(module, name, state_version, fields);
    }
};

} // namespace

struct WorldNames::SharedRow {
    uint8_t special = kPlainCell;
    std::string module, name;
    uint64_t number = 0; // of an actor
    uint64_t shape = 0;
    bool bytes = false, wide = false;
    uint64_t words = 0;
    std::string content;
    template <class A>
    void serialize(A& a) {
        a(special, module, name, number, shape, bytes, wide, words, content);
    }
};

// ---- number tables

NumberTable::~NumberTable() {
    for (auto& chunk : chunks_) delete[] chunk.load();
}
uint64_t NumberTable::get(uint32_t id) const {
    const size_t at = size_t(id) + kFirst;
    const unsigned chunk = unsigned(std::bit_width(at)) - 1;
    const auto* numbers = chunks_[chunk].load(std::memory_order_acquire);
    return numbers ? numbers[at - (size_t(1) << chunk)].load(std::memory_order_acquire) : 0;
}
void NumberTable::set(uint32_t id, uint64_t number) {
    const size_t at = size_t(id) + kFirst;
    const unsigned chunk = unsigned(std::bit_width(at)) - 1;
    auto* numbers = chunks_[chunk].load(std::memory_order_relaxed);
    if (!numbers) {
        numbers = new std::atomic<uint64_t>[size_t(1) << chunk]();
        chunks_[chunk].store(numbers, std::memory_order_release);
    }
    numbers[at - (size_t(1) << chunk)].store(number, std::memory_order_release);
}

// ---- numbers for what there is

WorldNames::WorldNames(ActorSystem& actors) : actors_(actors), runtime_(actors.runtime()) {}

WorldNames::~WorldNames() {
    for (auto& [number, cell] : shared_cells_) runtime_.shared.release(cell);
}

uint64_t WorldNames::symbol(SymbolId id) {
    if (const uint64_t number = symbols_.get(id)) return number;
    std::lock_guard lock(mutex_);
    if (const uint64_t number = symbols_.get(id)) return number;
    symbol_ids_.push_back(id);
    const uint64_t number = symbol_ids_.size();
    rows_.push_back({NameRow::Symbol, number, std::string(runtime_.symbols.text(id))});
    symbols_.set(id, number);
    return number;
}

uint64_t WorldNames::shape(ShapeId id) {
    if (id < shape::kFirstFree) return id;
    if (const uint64_t number = shapes_.get(id)) return number;
    std::lock_guard lock(mutex_);
    if (const uint64_t number = shapes_.get(id)) return number;
    const Class& cls = *runtime_.shapes[id].cls;
    ShapeContent content{
        cls.module->path, std::string(runtime_.symbols.text(cls.name)), uint64_t(cls.state_version), {}};
    for (const FieldInfo& field : cls.fields) content.fields.emplace_back(runtime_.symbols.text(field.name));
    const std::string bytes = encoded_record(content);
    // The same layout may have come back under another shape.
    auto found = std::find(shape_contents_.begin(), shape_contents_.end(), bytes);
    const uint64_t number = shape::kFirstFree + uint64_t(found - shape_contents_.begin());
    if (found == shape_contents_.end()) {
        shape_contents_.push_back(bytes);
        rows_.push_back({NameRow::Shape, number, bytes});
    }
    shapes_.set(id, number);
    return number;
}

// The row of a shared cell; shared cells that it names and nobody has kept yet are added to `more`.
std::string WorldNames::content_of(const Cell& cell, std::vector<const Cell*>& more) {
    SharedRow row;
    const Shape& kind = runtime_.shapes[cell.shape];
    if (kind.class_value) {
        row.special = kClassValue;
        const Class& cls = *kind.class_value->itself();
        row.module = cls.module->path;
        row.name = runtime_.symbols.text(cls.name);
        return encoded_record(row);
    }
    if (cell.shape == shape::kModule) {
        row.special = kModuleValue;
        row.module = cell[0].raw_address<Module>()->path;
        return encoded_record(row);
    }
    if (cell.shape == shape::kAddress) {
        row.special = kAddressOf;
        row.number = cell[0].raw_address<Actor>()->id;
        return encoded_record(row);
    }
    struct Nowhere final : Places {
        uint64_t place_of(const Cell*) override { return 0; } // shared cells point to such alone
    } nowhere;
    struct Naming final : Names {
        WorldNames& all;
        std::vector<const Cell*>& more;
        Naming(WorldNames& all, std::vector<const Cell*>& more) : all(all), more(more) {}
        uint64_t symbol(SymbolId id) override { return all.symbol(id); }
        uint64_t shape(ShapeId id) override { return all.shape(id); }
        uint64_t shared(const Cell* cell) override {
            if (!all.runtime_.shared.is_kept(cell)) more.push_back(cell);
            return all.runtime_.shared.number_of(cell);
        }
        uint64_t raw(const Cell& cell, size_t word) override { return all.raw(cell, word); }
        bool symbol_of(uint64_t, SymbolId&) override { return false; }
        bool shape_of(uint64_t, ShapeId&) override { return false; }
        bool shared_of(uint64_t, Value&) override { return false; }
        bool raw_of(ShapeId, size_t, uint64_t, Value&) override { return false; }
    } naming(*this, more);
    if (cell.shape == shape::kAtom) { // with the value that it has now
        row.special = kAtomCell;
        const Value value = atom_value(runtime_.shared, const_cast<Cell*>(&cell));
        held_while_named_.push_back(value);
        ByteWriter word;
        write_word(word, value, naming, nowhere);
        row.content = word.take();
        return encoded_record(row);
    }
    row.shape = shape(cell.shape);
    row.bytes = cell.bits & Cell::kBytes;
    row.wide = cell.size == Cell::kWide;
    row.words = cell.word_count();
    const size_t skipped = row.wide ? 1 : 0;
    if (row.bytes) {
        row.content = written_bytes(cell);
    } else {
        ByteWriter words;
        write_words(words, cell, skipped, size_t(row.words) - skipped, naming, nowhere);
        row.content = words.take();
    }
    return encoded_record(row);
}

uint64_t WorldNames::shared(const Cell* cell) {
    SharedSpace& space = runtime_.shared;
    if (space.is_kept(cell)) return space.number_of(cell);
    std::lock_guard lock(mutex_);
    std::vector<const Cell*> waiting{cell}, made;
    std::unordered_map<const Cell*, bool> met;
    while (!waiting.empty()) {
        const Cell* next = waiting.back();
        waiting.pop_back();
        if (space.is_kept(next) || !met.emplace(next, true).second) continue;
        rows_.push_back({NameRow::Shared, space.number_of(next), content_of(*next, waiting)});
        made.push_back(next);
    }
    for (const Cell* each : made) space.set_kept(each);
    for (Value value : std::exchange(held_while_named_, {})) space.release(value);
    return space.number_of(cell);
}

std::vector<NameRow> WorldNames::take_rows() {
    std::lock_guard lock(mutex_);
    return std::exchange(rows_, {});
}

// ---- and back

bool WorldNames::trouble(std::string words) {
    constexpr size_t kLongest = 500;
    if (!wanted_codes_.empty()) return false; // all that has failed is tried anew
    if (words.size() > kLongest) words.resize(kLongest);
    if (troubles_.size() < kMostTroubles) troubles_.push_back(std::move(words));
    return false;
}

bool WorldNames::may_take(uint64_t bytes) {
    if (memory_left_ == kNoLimit) return true;
    if (bytes > memory_left_) return trouble("it would take far more memory than its story can stand for");
    memory_left_ -= bytes;
    return true;
}

bool WorldNames::is_class_value(const Cell& shared) {
    return runtime_.shapes[shared.shape].class_value != nullptr;
}

bool WorldNames::fits_its_code(const Cell& block) {
    const Code& code = *block[block::kCode].raw_address<Code>();
    if (block.word_count() != block::kCaptured + code.captures.size()) return false;
    for (size_t i = 0; i < code.captures.size(); ++i)
        if (has_shape(block[block::kCaptured + i], shape::kVariable) != code.captures[i]) return false;
    if (!code.sees_state || !code.sees) return true;
    const Value self = block[block::kSelf];
    const Class* cls = self.is_cell() ? runtime_.shapes[self.cell()->shape].cls : nullptr;
    return cls && cls->inherits_from(code.sees);
}

bool WorldNames::add(NameRow row) {
    std::lock_guard lock(mutex_);
    row_bytes_ += row.content.size();
    switch (row.kind) {
    case NameRow::Symbol: {
        if (row.number != symbol_ids_.size() + 1) return false;
        if (row.content == kLostName) {
            symbol_ids_.push_back(kNoSymbol);
            return true;
        }
        if (find_invalid_utf8(row.content) != std::string::npos) return false;
        const SymbolId id = runtime_.symbols.intern(row.content);
        if (symbols_.get(id)) return false; // two numbers for one
        symbol_ids_.push_back(id);
        symbols_.set(id, row.number);
        return true;
    }
    case NameRow::Shape:
        if (row.number != shape::kFirstFree + shape_contents_.size()) return false;
        shape_contents_.push_back(std::move(row.content));
        return true;
    case NameRow::Code:
        if (row.number != code_contents_.size() + 1) return false;
        code_numbers_.emplace(row.content, row.number);
        code_contents_.push_back(std::move(row.content));
        return true;
    case NameRow::Shared:
        if (row.number == 0 || row.number > kLargestSharedNumber) return false;
        runtime_.shared.number_from(row.number);
        return shared_contents_.emplace(row.number, std::move(row.content)).second;
    default: return false;
    }
}

bool WorldNames::symbol_of(uint64_t number, SymbolId& id) {
    std::lock_guard lock(mutex_);
    if (number == 0 || number > symbol_ids_.size()) return false;
    if (symbol_ids_[size_t(number - 1)] == kNoSymbol)
        return trouble("a name was lost when the image was salvaged");
    id = symbol_ids_[size_t(number - 1)];
    return true;
}

Module* WorldNames::module_named(const std::string& path) {
    auto found = runtime_.modules.find(path);
    if (found == runtime_.modules.end()) {
        runtime_.prelude.find_all(); // a file of the library that nobody has asked for yet
        found = runtime_.modules.find(path);
    }
    return found == runtime_.modules.end() ? nullptr : found->second.get();
}

Class* WorldNames::class_named(const std::string& module, const std::string& name) {
    Module* in = module_named(module);
    if (!in) return nullptr;
    const SymbolId id = runtime_.symbols.intern(name);
    if (auto found = in->names.find(id);
        found != in->names.end() && found->second->kind == Binding::ClassName)
        return found->second->cls->itself();
    auto gone = in->gone.find(id);
    return gone == in->gone.end() ? nullptr : gone->second->itself();
}

bool WorldNames::shape_of(uint64_t number, ShapeId& id) {
    if (number < shape::kFirstFree) {
        id = ShapeId(number);
        return number != 0;
    }
    std::lock_guard lock(mutex_);
    if (auto known = shape_ids_.find(number); known != shape_ids_.end()) {
        id = known->second;
        return id != 0;
    }
    id = shape_ids_[number] = 0;
    ShapeContent content;
    if (number - shape::kFirstFree >= shape_contents_.size() ||
        !decoded_record(shape_contents_[size_t(number - shape::kFirstFree)], content))
        return trouble("the image names a layout that it does not explain");
    const std::string words = "`" + content.name + "` of the module `" + content.module + "`";
    Class* live = class_named(content.module, content.name);
    if (!live) return trouble(words + " is not there");
    auto fits = [&](const Class& cls) {
        if (cls.fields.size() != content.fields.size() ||
            uint64_t(cls.state_version) != content.state_version)
            return false;
        for (size_t i = 0; i < cls.fields.size(); ++i)
            if (runtime_.symbols.text(cls.fields[i].name) != content.fields[i]) return false;
        return true;
    };
    const Class* found = fits(*live) ? live : nullptr;
    for (size_t i = runtime_.classes.size(); !found && i-- > 0;) // the newest that fits
        if (const Class& cls = *runtime_.classes[i]; cls.lineage == live && fits(cls)) found = &cls;
    if (!found || found->shape < shape::kFirstFree)
        return trouble("no layout of " + words + " is the one of the image");
    id = shape_ids_[number] = found->shape;
    if (!shapes_.get(id)) shapes_.set(id, number);
    return true;
}

size_t WorldNames::field_count(ShapeId shape) {
    return runtime_.shapes[shape].cls->fields.size();
}

bool WorldNames::special_from(const SharedRow& row, Value& cell, bool& plain) {
    plain = false;
    switch (row.special) {
    case kClassValue: {
        Class* cls = class_named(row.module, row.name);
        if (!cls || !cls->value) return trouble("`" + row.module + "." + row.name + "` is not there");
        cell = cls->value;
        break;
    }
    case kModuleValue: {
        Module* module = module_named(row.module);
        if (!module || !module->value) return trouble("the module `" + row.module + "` is not there");
        cell = module->value;
        break;
    }
    case kAddressOf:
        cell = address_of ? address_of(row.number) : Value();
        if (!cell) return trouble("the image names an actor that it does not have");
        break;
    case kAtomCell:
        (void)runtime_.prelude.find(runtime_.symbols.intern("Atom")); // its file is read when first named
        cell = Value::cell(make_atom(runtime_.shared, shape::kAtom, Value::nil()));
        atom_values_.emplace_back(cell.cell(), row.content);
        return true; // held already
    case kPlainCell: plain = true; return true;
    default: return trouble("the image has a shared thing of an unknown kind");
    }
    runtime_.shared.hold(cell);
    return true;
}

bool WorldNames::shared_of(uint64_t number, Value& cell) {
    std::lock_guard lock(mutex_);
    if (auto known = shared_cells_.find(number); known != shared_cells_.end()) {
        cell = known->second;
        return !cell.is_absent();
    }
    const bool made = make_shared(number, cell);
    if (!made && wanted_codes_.empty()) shared_cells_.emplace(number, Value()); // it is not looked for again
    if (fills_atoms_) return made;
    fill_atoms();
    if (shared_made) shared_made();
    return made;
}

// What atoms hold may lead to further atoms, and to themselves.
void WorldNames::fill_atoms() {
    fills_atoms_ = true;
    std::vector<std::pair<Cell*, std::string>> later; // whose values want code
    while (!atom_values_.empty()) {
        auto [atom, content] = std::move(atom_values_.back());
        atom_values_.pop_back();
        struct Nowhere final : CellsAt {
            Cell* cell_at(uint64_t) override { return nullptr; }
        } nowhere;
        ByteReader in(content);
        Value value;
        if (!read_word(in, value, *this, nowhere) || !in.at_end() || !is_value(value)) {
            if (wanted_codes_.empty())
                (void)trouble("the value of an Atom is lost");
            else
                later.emplace_back(atom, std::move(content));
            continue;
        }
        runtime_.shared.hold(value);
        set_atom(runtime_.shared, atom, value);
    }
    atom_values_ = std::move(later);
    fills_atoms_ = false;
}

// All rows that this one leads to and that are not there yet are made together, as cells of our own that point to each
// other; the shared space copies them as one graph, with its cycles.
bool WorldNames::make_shared(uint64_t number, Value& answer) {
    // What leads to something that is missing is read for each that leads to it; a story where that is all is none.
    if (rows_in_vain_ > 1000 + 16 * shared_contents_.size())
        return trouble("too much of what is shared in the image makes no sense");
    size_t met = 0;
    const bool made = make_shared(number, answer, met);
    if (!made) rows_in_vain_ += met;
    return made;
}

bool WorldNames::make_shared(uint64_t number, Value& answer, size_t& rows_met) {
    struct Draft {
        SharedRow row;
        std::unique_ptr<uint64_t[]> memory;
        Cell* cell = nullptr;
    };
    std::unordered_map<uint64_t, Draft> drafts;
    std::vector<uint64_t> waiting{number}, order;
    struct Finding final : Names, CellsAt {
        WorldNames& all;
        std::unordered_map<uint64_t, Draft>& drafts;
        std::vector<uint64_t>& waiting;
        bool collecting = true;
        Cell some{};
        Finding(WorldNames& all, std::unordered_map<uint64_t, Draft>& drafts, std::vector<uint64_t>& waiting)
            : all(all), drafts(drafts), waiting(waiting) {}
        uint64_t symbol(SymbolId) override { return 0; }
        uint64_t shape(ShapeId) override { return 0; }
        uint64_t shared(const Cell*) override { return 0; }
        uint64_t raw(const Cell&, size_t) override { return 0; }
        bool symbol_of(uint64_t n, SymbolId& id) override { return all.symbol_of(n, id); }
        bool shape_of(uint64_t n, ShapeId& id) override { return all.shape_of(n, id); }
        bool raw_of(ShapeId shape, size_t word, uint64_t n, Value& value) override {
            return all.raw_of(shape, word, n, value);
        }
        bool shared_of(uint64_t n, Value& value) override {
            if (auto known = all.shared_cells_.find(n); known != all.shared_cells_.end()) {
                value = known->second;
                return !value.is_absent();
            }
            if (collecting) {
                waiting.push_back(n);
                value = Value::nil();
                return true;
            }
            auto found = drafts.find(n);
            if (found == drafts.end()) return false;
            value = Value::cell(found->second.cell);
            return true;
        }
        Cell* cell_at(uint64_t) override { return nullptr; } // shared cells point to such alone
    } finding(*this, drafts, waiting);
    auto read = [&](Draft& draft) {
        if (draft.row.bytes) return true;
        const size_t skipped = draft.row.wide ? 1 : 0;
        ByteReader in(draft.row.content);
        return read_words(in, draft.cell->shape, skipped, draft.cell->words() + skipped,
                          size_t(draft.row.words) - skipped, finding, finding) &&
               in.at_end();
    };
    while (!waiting.empty()) {
        const uint64_t next = waiting.back();
        waiting.pop_back();
        if (drafts.contains(next) || shared_cells_.contains(next)) continue;
        ++rows_met;
        auto content = shared_contents_.find(next);
        if (std::string row; content == shared_contents_.end() && shared_row && shared_row(next, row)) {
            row_bytes_ += row.size();
            content = shared_contents_.emplace(next, std::move(row)).first;
        }
        Draft draft;
        if (content == shared_contents_.end() || !decoded_record(content->second, draft.row))
            return trouble("the image names something shared that it does not explain");
        bool plain = false;
        Value special;
        if (!special_from(draft.row, special, plain)) return false;
        if (!plain) {
            shared_contents_.erase(content);
            shared_cells_[next] = special;
            runtime_.shared.restore_number(special.cell(), next);
            continue;
        }
        SharedRow& row = draft.row;
        ShapeId shape = 0;
        constexpr uint64_t kMostWords = uint64_t(1) << 27; // a gigabyte: no row is larger
        const auto form = uint8_t(kFrozenForm | (row.bytes ? kBytesForm : 0) | (row.wide ? kWideForm : 0));
        if (row.words > kMostWords || drafts.size() > kMostRows || !shape_of(row.shape, shape) ||
            !may_be(shape, form, row.words, *this))
            return trouble("the image has a shared thing that makes no sense");
        constexpr uint64_t kBeside = 128;                      // what stands around a draft and a shared cell
        if (!may_take(kBeside + 16 * row.words)) return false; // the draft and its copy
        draft.memory.reset(new (std::nothrow) uint64_t[size_t(row.words) + 1]());
        if (!draft.memory) return trouble("there is no memory for something shared");
        draft.cell = reinterpret_cast<Cell*>(draft.memory.get());
        *draft.cell = Cell{shape, Cell::kNever, uint8_t(Cell::kFrozen | (row.bytes ? Cell::kBytes : 0)),
                           row.wide ? Cell::kWide : uint16_t(row.words)};
        if (row.wide) (*draft.cell)[0] = Value::integer(int64_t(row.words) - 1);
        if (row.bytes && !read_bytes(*draft.cell, row.content))
            return trouble("the image has a shared thing that makes no sense");
        auto [at, is_new] = drafts.emplace(next, std::move(draft));
        order.push_back(next);
        if (!read(at->second)) return trouble("the image has a shared thing that makes no sense");
    }
    if (auto known = shared_cells_.find(number); known != shared_cells_.end()) { // it was no plain one
        answer = known->second;
        return true;
    }
    finding.collecting = false;
    for (uint64_t each : order)
        if (!read(drafts.at(each))) return trouble("the image has a shared thing that makes no sense");
    const Value draft_root = Value::cell(drafts.at(number).cell);
    if (MetInTable met; !are_sound({&draft_root, 1}, *this, met))
        return trouble("the image has a shared thing that makes no sense");
    Value root;
    try {
        root = runtime_.shared.share(draft_root);
    } catch (const OutOfMemory&) {
        return trouble("there is no memory for something shared");
    }
    if (!root) return trouble("the image has a shared thing that can change");
    // Side by side, to learn which copy is which.
    std::unordered_map<const Cell*, uint64_t> numbers;
    for (auto& [each, draft] : drafts) numbers[draft.cell] = each;
    std::vector<std::pair<const Cell*, Value>> pairs{{drafts.at(number).cell, root}};
    while (!pairs.empty()) {
        auto [draft, copy] = pairs.back();
        pairs.pop_back();
        auto which = numbers.find(draft);
        if (which == numbers.end()) continue; // met before
        runtime_.shared.hold(copy);
        runtime_.shared.restore_number(copy.cell(), which->second);
        shared_cells_[which->second] = copy;
        shared_contents_.erase(which->second);
        numbers.erase(which);
        if (draft->bits & Cell::kBytes) continue;
        for (size_t w = 0; w < draft->word_count(); ++w)
            if ((*draft)[w].is_cell() && !(*draft)[w].cell()->is_shared())
                pairs.emplace_back((*draft)[w].cell(), (*copy.cell())[w]);
    }
    runtime_.shared.release(root);
    answer = shared_cells_.at(number);
    return true;
}

} // namespace indent::image
