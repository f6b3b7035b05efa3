// Packing walks the graph once to find its cells and their size, then copies them one behind the other; pointers among
// them are found by a table (a few cells: by looking). Unpacking is one copy of the whole block into the nursery and a
// correction of its pointers; only what is too large for the nursery goes cell by cell.
#include "vm/actors/parcel.h"
#include "vm/heap/pointer_table.h"
#include "vm/interp/block.h"
#include "vm/interp/sketch.h"
#include <cstring>

namespace indent {

namespace {

constexpr size_t kFew = 12; // cells that are found by looking

// Why a block cannot leave its actor; empty: it can.
std::string refusal_of_block(Machine& vm, const Cell* block) {
    const Code* code = (*block)[block::kCode].raw_address<Code>();
    auto where = [&] {
        std::string text = "a block";
        if (!code->name.empty()) text += " of " + std::string(code->name);
        return text;
    };
    if (code->returns) return where() + " contains `return`, which would leave a method of another actor";
    if (code->assigns) return where() + " assigns a variable of the method around it";
    if (code->sees_state)
        return where() + " names its actor's state: give it the value instead (`let x = state`)";
    if (code->keeps) return where() + " names a variable of the workspace: give it the value instead";
    return {};
}

} // namespace

struct Packing {
    Machine& vm;
    std::string& refusal;
    std::vector<const Cell*> cells;
    std::vector<size_t> offsets;
    PointerTable numbers; // used from kFew cells on
    size_t bytes = 0;
    bool whole = false; // a whole state: nothing in it leaves its actor

    int find(const Cell* cell) const {
        if (cells.size() > kFew) {
            const uint64_t* known = numbers.find(cell);
            return known ? int(*known) : -1;
        }
        for (size_t i = 0; i < cells.size(); ++i)
            if (cells[i] == cell) return int(i);
        return -1;
    }

    // What stands for the value elsewhere: an actor's state object is its address.
    Value outside(Value value) {
        if (whole || !value.is_cell() || value.cell()->is_shared()) return value;
        if (value == vm.actor_state && vm.self_address) return vm.self_address;
        return value;
    }

    bool meet(Value value) {
        value = outside(value);
        if (!value.is_cell() || value.cell()->is_shared()) return true;
        const Cell* cell = value.cell();
        if (find(cell) >= 0) return true;
        if (whole) {
        } else if (cell->shape == shape::kVariable) {
            refusal = "a block shares a variable with the method around it";
            return false;
        }
        if (cell->shape == shape::kBlock && !whole) {
            refusal = refusal_of_block(vm, cell);
            if (!refusal.empty()) return false;
        }
        cells.push_back(cell);
        offsets.push_back(bytes);
        bytes += cell->byte_count();
        if (cells.size() == kFew + 1)
            for (size_t i = 0; i < cells.size(); ++i) numbers.add(cells[i], i);
        else if (cells.size() > kFew)
            numbers.add(cell, cells.size() - 1);
        return true;
    }

    bool walk() {
        for (size_t i = 0; i < cells.size(); ++i) {
            const Cell* cell = cells[i];
            if (cell->bits & Cell::kBytes) continue;
            const size_t n = cell->word_count();
            for (size_t w = 0; w < n; ++w) {
                if (cell->shape == shape::kBlock && w < block::kCaptured && w != block::kSelf) continue;
                Value word = (*cell)[w];
                if (cell->shape == shape::kBlock && w == block::kSelf && !sends_self(word)) continue;
                if (word.is_cell() && !meet(word)) return false;
            }
        }
        return true;
    }
    // The self of a block that does not name its actor's state is its address, or what it is.
    static bool sends_self(Value self) { return self.is_cell(); }

    Value moved(Value value, std::byte* to, SharedSpace& shared) {
        value = outside(value);
        if (!value.is_cell()) return value;
        if (value.cell()->is_shared()) {
            shared.hold(value);
            return value;
        }
        return Value::cell(reinterpret_cast<Cell*>(to + offsets[size_t(find(value.cell()))]));
    }

    Parcel::Pointer pack(const Value* values, size_t count) {
        for (size_t i = 0; i < count; ++i)
            if (values[i].is_cell() && !meet(values[i])) return nullptr;
        if (!walk()) return nullptr;
        const size_t size = sizeof(Parcel) + 8 * count + bytes;
        void* memory = ::operator new(size, std::nothrow);
        if (!memory) throw OutOfMemory{size};
        SharedSpace& shared = vm.runtime.shared;
        Parcel::Pointer parcel(new (memory) Parcel(shared, uint32_t(count), bytes));
        parcel->layout_epoch_ = vm.layout_epoch;
        std::byte* to = parcel->cells();
        for (size_t i = 0; i < count; ++i) parcel->roots()[i] = moved(values[i], to, shared);
        for (size_t i = 0; i < cells.size(); ++i) {
            const Cell* from = cells[i];
            auto* copy = reinterpret_cast<Cell*>(to + offsets[i]);
            *copy = *from;
            // As one that has just been made; what is frozen stays so.
            copy->bits &= Cell::kBytes | Cell::kFrozen;
            copy->barrier = copy->bits & Cell::kFrozen ? Cell::kNever : Cell::kFree;
            const size_t n = from->word_count();
            if (from->bits & Cell::kBytes) {
                std::memcpy(static_cast<void*>(copy->words()), from->words(), 8 * n);
                continue;
            }
            for (size_t w = 0; w < n; ++w) (*copy)[w] = moved((*from)[w], to, shared);
            if (copy->shape == shape::kBlock) {
                parcel->has_blocks_ = true;
                (*copy)[block::kHome] = (*copy)[block::kSerial] = Value::nil();
            }
        }
        return parcel;
    }
};

Parcel::Pointer Parcel::pack(Machine& vm, const Value* values, size_t count, std::string& refusal) {
    Packing packing{vm, refusal, {}, {}, {}, 0, false};
    return packing.pack(values, count);
}

Parcel::Pointer Parcel::pack_whole(Machine& vm, const Value* values, size_t count) {
    std::string refusal;
    Packing packing{vm, refusal, {}, {}, {}, 0, true};
    return packing.pack(values, count);
}

Parcel::Pointer Parcel::pack_state(Machine& vm, Value state, Value journal) {
    const Value values[] = {state, journal};
    return pack_whole(vm, values, 2);
}

void Parcel::freeze() {
    for (std::byte* at = cells(); at < cells() + cell_bytes_;) {
        auto* cell = reinterpret_cast<Cell*>(at);
        at += cell->byte_count();
        cell->bits |= Cell::kFrozen;
        cell->barrier = Cell::kNever;
    }
}

Parcel::Pointer Parcel::of_shared(SharedSpace& shared, const Value* values, size_t count) {
    const size_t size = sizeof(Parcel) + 8 * count;
    void* memory = ::operator new(size, std::nothrow);
    if (!memory) throw OutOfMemory{size};
    Pointer parcel(new (memory) Parcel(shared, uint32_t(count), 0));
    for (size_t i = 0; i < count; ++i) {
        shared.hold(values[i]);
        parcel->roots()[i] = values[i];
    }
    return parcel;
}

Parcel::Pointer Parcel::blank(SharedSpace& shared, uint32_t count, size_t cell_bytes) {
    const size_t size = sizeof(Parcel) + 8 * size_t(count) + cell_bytes;
    void* memory = ::operator new(size, std::nothrow);
    if (!memory) return nullptr;
    std::memset(memory, 0, size);
    return Pointer(new (memory) Parcel(shared, count, cell_bytes));
}

size_t Parcel::bytes() const {
    return sizeof(Parcel) + 8 * count_ + cell_bytes_;
}

template <class Visit>
void Parcel::for_each_shared(Visit visit) const {
    auto look = [&](Value value) {
        if (value.is_cell() && value.cell()->is_shared()) visit(value);
    };
    for (size_t i = 0; i < count_; ++i) look(roots()[i]);
    for (const std::byte* at = cells(); at < cells() + cell_bytes_;) {
        auto* cell = reinterpret_cast<const Cell*>(at);
        at += cell->byte_count();
        if (cell->bits & Cell::kBytes) continue;
        for (size_t w = 0; w < cell->word_count(); ++w) look((*cell)[w]);
    }
}

void Parcel::destroy(Parcel* parcel) {
    if (!parcel) return;
    parcel->for_each_shared([&](Value value) { parcel->shared_.release(value); });
    parcel->~Parcel();
    ::operator delete(parcel);
}

void Parcel::copy_out(Machine& vm, Value* out, Value* top) const {
    // Held anew for this heap.
    for_each_shared([&](Value value) {
        shared_.hold(value);
        vm.heap->hold_for_stretch(value);
    });
    if (cell_bytes_ == 0) {
        for (size_t i = 0; i < count_; ++i) out[i] = roots()[i];
        return;
    }
    const auto first = reinterpret_cast<uint64_t>(cells());
    if (std::byte* to = vm.heap->allocate_run(cell_bytes_, top)) {
        std::memcpy(to, cells(), cell_bytes_);
        const uint64_t delta = reinterpret_cast<uint64_t>(to) - first;
        auto correct = [&](Value value) {
            return value.bits() - first < cell_bytes_ ? Value::from_bits(value.bits() + delta) : value;
        };
        for (size_t i = 0; i < count_; ++i) out[i] = correct(roots()[i]);
        for (std::byte* at = to; at < to + cell_bytes_;) {
            auto* cell = reinterpret_cast<Cell*>(at);
            at += cell->byte_count();
            if (cell->bits & Cell::kBytes) continue;
            const size_t n = cell->word_count();
            for (size_t w = 0; w < n; ++w) (*cell)[w] = correct((*cell)[w]);
        }
        return;
    }
    // Too much for the nursery: each cell begins old, at its place for life, so that none has to be kept in sight.
    std::vector<std::pair<const Cell*, Cell*>> copies;
    PointerTable numbers;
    for (const std::byte* at = cells(); at < cells() + cell_bytes_;) {
        auto* cell = reinterpret_cast<const Cell*>(at);
        at += cell->byte_count();
        Cell* copy = vm.heap->allocate_old(*cell, top);
        numbers.add(cell, copies.size());
        copies.emplace_back(cell, copy);
    }
    auto correct = [&](Value value) {
        return value.bits() - first < cell_bytes_ ? Value::cell(copies[*numbers.find(value.cell())].second)
                                                  : value;
    };
    for (auto& [from, copy] : copies) {
        const size_t n = from->word_count();
        if (from->bits & Cell::kBytes) {
            std::memcpy(static_cast<void*>(copy->words()), from->words(), 8 * n);
            continue;
        }
        for (size_t w = 0; w < n; ++w) (*copy)[w] = correct((*from)[w]);
    }
    for (size_t i = 0; i < count_; ++i) out[i] = correct(roots()[i]);
}

void Parcel::unpack(Pointer parcel, Machine& vm, Value* out, Value* top) {
    parcel->copy_out(vm, out, top);
}

} // namespace indent
