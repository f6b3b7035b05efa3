// What migrators may do: compute, for a while.
#pragma once
#include "vm/actors/actor_system.h"
#include "vm/os/clock.h"

namespace indent {

inline constexpr uint64_t kMigrationBudget =
    300'000'000; // ns of processor time that the migration of one actor may take, tried on a copy

// While it lives, what the worker runs computes and nothing else: no sends, no input or output, no other turn between.
class OnlyComputes {
  public:
    OnlyComputes(Machine& vm, Worker& worker)
        : vm_(vm), worker_(worker), denied_(vm.effects_denied), paused_(worker.may_pause) {
        vm.effects_denied = true;
        worker.may_pause = false;
    }
    ~OnlyComputes() {
        vm_.effects_denied = denied_;
        worker_.may_pause = paused_;
        end();
    }
    void begin(uint64_t budget) { worker_.budget_until = os::thread_cpu_ns() + budget; } // ns
    void end() { worker_.budget_until = 0; }
    // Between two such things, outside of protected runs: others may have their turns.
    void give_way() {
        vm_.effects_denied = denied_;
        worker_.may_pause = paused_;
        worker_.give_way();
        vm_.effects_denied = true;
        worker_.may_pause = false;
    }

  private:
    Machine& vm_;
    Worker& worker_;
    const bool denied_, paused_;
};

} // namespace indent
