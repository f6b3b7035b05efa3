// What is being walked part by part (inspected, frozen): so that something which contains itself is met once and
// not for ever. Strictly nested, as a local of the code that walks.
#pragma once
#include "vm/interp/machine.h"

namespace indent {

class Visiting {
  public:
    Visiting(Machine& vm, Value container) : vm_(vm), container_(vm, container), outer_(vm.visiting) {
        vm.visiting = this;
    }
    ~Visiting() { vm_.visiting = outer_; }
    Visiting(const Visiting&) = delete;
    Visiting& operator=(const Visiting&) = delete;
    const Visiting* outer() const { return outer_; }

    static bool inside(const Machine& vm, Value container) {
        for (const Visiting* v = vm.visiting; v; v = v->outer_)
            if (Value(v->container_) == container) return true;
        return false;
    }

  private:
    Machine& vm_;
    Rooted container_;
    Visiting* outer_;
};

} // namespace indent
