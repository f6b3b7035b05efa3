// What is being walked part by part (inspected, frozen): so that something which contains itself is met once and
// not for ever. Strictly nested, as a local of the code that walks.
#pragma once
#include "vm/interp/machine.h"
#include <bit>

namespace indent {

class Visiting {
  public:
    Visiting(Machine& vm, Value container)
        : vm_(vm), container_(vm, container), outer_(vm.visiting), levels_(levels(vm) + 1),
          mark_(std::has_single_bit(levels_) ? this : outer_->mark_) {
        vm.visiting = this;
    }
    ~Visiting() { vm_.visiting = outer_; }
    Visiting(const Visiting&) = delete;
    Visiting& operator=(const Visiting&) = delete;

    // How deep the walk is: 0 where nothing is being walked.
    static size_t levels(const Machine& vm) { return vm.visiting ? vm.visiting->levels_ : 0; }

    // Whether CONTAINER is being walked. That is seen at once where it is one of the kNear innermost; a longer circle
    // is gone round again, less than twice, until it comes to the mark, which waits at levels that are a power of two
    // (R. P. Brent, An improved Monte Carlo factorization algorithm, BIT 20, 1980). Who asked all levels would walk in
    // a time that is the square of the depth.
    static bool inside(const Machine& vm, Value container) {
        const Visiting* v = vm.visiting;
        if (v && v->mark_->holds(container)) return true;
        for (size_t near = 0; v && near < kNear; v = v->outer_, ++near)
            if (v->holds(container)) return true;
        return false;
    }

  private:
    static constexpr size_t kNear = 1'000;

    bool holds(Value container) const { return Value(container_) == container; }

    Machine& vm_;
    Rooted container_;
    Visiting* outer_;
    size_t levels_;
    Visiting* mark_; // the innermost one whose level is a power of two
};

} // namespace indent
