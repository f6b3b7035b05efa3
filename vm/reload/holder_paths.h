// The way from what somebody holds to a block in it, in words that a person can follow: `handlers[2].action`.
#pragma once
#include "vm/heap/pointer_table.h"
#include "vm/interp/runtime.h"
#include <string>
#include <vector>

namespace indent {

// One walk, breadth first, through the cells that some values reach. What is in nobody's heap while it is looked at stays
// where it is: nothing is kept after the walk.
class HeldGraph {
  public:
    explicit HeldGraph(const Runtime& runtime) : runtime_(runtime) {}

    // From here, too: `name` says what the value is, as in "its state". Immediate values and cells that were met are nothing.
    void add_root(Value value, std::string name);

    // Shows each cell that is reached and was not met before, with its place in the walk, while `visit` answers true. Cells
    // that actors share are gone through where `shared` says so, and else passed by. What has an identity (an Atom, an
    // address) is shown, and not gone through.
    template <class Visit>
    void walk(bool shared, Visit visit) {
        for (; next_ < steps_.size(); ++next_) {
            const Cell* cell = steps_[next_].cell;
            if (!visit(cell, next_)) return;
            if (cell->bits & Cell::kBytes || cell->shape == shape::kAtom || cell->shape == shape::kAddress)
                continue;
            const size_t n = cell->word_count();
            for (size_t w = 0; w < n; ++w) {
                const Value word = (*cell)[w];
                if (!word.is_cell() || (word.cell()->is_shared() && !shared)) continue;
                if (seen_.add(word.cell(), 0)) steps_.push_back({word.cell(), next_, w});
            }
        }
    }

    // What was reached at this place of the walk: "its state `handlers[2]`", "its turn, at `[0].action`,"; bounded.
    std::string words(size_t at) const;

  private:
    struct Step {
        const Cell* cell;
        size_t parent; // of a root: its number, counted down from SIZE_MAX
        size_t word;
    };
    bool is_root(size_t at) const { return steps_[at].parent > SIZE_MAX / 2; }
    std::string part(size_t at) const;

    const Runtime& runtime_;
    std::vector<std::string> roots_;
    std::vector<Step> steps_;
    PointerTable seen_;
    size_t next_ = 0;
};

} // namespace indent
