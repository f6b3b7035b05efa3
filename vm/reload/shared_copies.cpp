#include "vm/reload/shared_copies.h"
#include <algorithm>
#include <cstring>
#include <utility>

namespace indent {

// What has an identity is no part of a value.
bool SharedCopies::is_value(Machine& vm, const Cell& cell) {
    return cell.shape != shape::kAddress && cell.shape != shape::kAtom && cell.shape != shape::kModule &&
           !vm.shapes[cell.shape].class_value;
}

void SharedCopies::look_at(Value value) {
    if (!value.is_cell() || !value.cell()->is_shared() || numbers_.contains(value.cell())) return;
    const Cell* cell = value.cell();
    if (!is_value(vm_, *cell)) return;
    numbers_.add(cell, nodes_.size());
    nodes_.push_back({cell, is_outdated_(cell->shape)});
}

bool SharedCopies::copy(Value* top, std::vector<Cell*>& outdated) {
    // All that is reached, and who leads to whom.
    std::vector<std::pair<uint32_t, uint32_t>> back; // to, from
    std::vector<uint32_t> waiting;
    for (size_t i = 0; i < nodes_.size(); ++i) {
        const Cell* cell = nodes_[i].cell;
        if (nodes_[i].touched) waiting.push_back(uint32_t(i));
        if (cell->bits & Cell::kBytes) continue;
        const size_t n = cell->word_count();
        for (size_t w = 0; w < n; ++w) {
            const Value word = (*cell)[w];
            look_at(word);
            if (!word.is_cell() || !word.cell()->is_shared()) continue;
            if (const uint64_t* number = numbers_.find(word.cell()))
                back.emplace_back(uint32_t(*number), uint32_t(i));
        }
    }
    if (waiting.empty()) return false;
    std::sort(back.begin(), back.end());
    while (!waiting.empty()) {
        const uint32_t at = waiting.back();
        waiting.pop_back();
        for (auto edge = std::lower_bound(back.begin(), back.end(), std::pair(at, 0u));
             edge != back.end() && edge->first == at; ++edge)
            if (!std::exchange(nodes_[edge->second].touched, true)) waiting.push_back(edge->second);
    }
    for (Node& node : nodes_)
        if (node.touched) node.copy = vm_.heap->allocate_old(*node.cell, top);
    for (Node& node : nodes_) {
        if (!node.copy) continue;
        const size_t n = node.cell->word_count();
        if (node.cell->bits & Cell::kBytes) {
            std::memcpy(static_cast<void*>(node.copy->words()), node.cell->words(), 8 * n);
            continue;
        }
        for (size_t w = 0; w < n; ++w) {
            const Value word = (*node.cell)[w];
            const Value copy = copy_of(word);
            (*node.copy)[w] = copy ? copy : word;
            if (!copy && word.is_cell()) { // shared, and held until the stretch ends
                vm_.runtime.shared.hold(word);
                vm_.heap->hold_for_stretch(word);
            }
        }
        if (is_outdated_(node.cell->shape)) outdated.push_back(node.copy);
    }
    return true;
}

Value SharedCopies::copy_of(Value value) const {
    if (!value.is_cell() || !value.cell()->is_shared()) return Value();
    const uint64_t* number = numbers_.find(value.cell());
    return number && nodes_[*number].copy ? Value::cell(nodes_[*number].copy) : Value();
}

} // namespace indent
