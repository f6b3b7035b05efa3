// try, catch, finally, raise, and the test library's two statements.
//
// An error is handled before the stack is unwound: Machine::raise walks the TryRecords from the innermost out,
// finds the catch that fits, and runs its suite as a block on top of everything, so that the suite may resume or
// retry. Where the suite uses its error for nothing of the kind and no `finally` lies in between, nobody could
// tell the difference, and the suite runs in place after unwinding, which is quicker (CatchTemplate::in_place).
#include "vm/interp/nodes_try.h"
#include "vm/interp/block.h"
#include "vm/interp/inner.h"

namespace indent {

namespace {

// The chain of handlers as it was, however the scope is left.
struct HandlerScope {
    Machine::Inner& inner;
    TryRecord record;
    HandlerScope(Machine& vm, TryNode* node, Value* fp) : inner(*vm.inner) {
        record.outer = inner.handlers;
        record.node = node;
        record.fp = fp;
        record.roots = vm.roots;
        record.visiting = vm.visiting;
        inner.handlers = &record;
    }
    ~HandlerScope() { inner.handlers = record.outer; }
};

// Runs the body; false where it was left by a jump to the record. In a function of its own, so that the caller keeps
// no variable in a register across the jump.
[[gnu::noinline]] bool run_to_jump(TryRecord& record, Node* body, Value* fp, Value& answer) {
    if (_setjmp(record.jump)) return false;
    answer = run(body, fp);
    return true;
}
[[gnu::noinline]] bool run_to_jump(TryRecord& record, Value (*work)(TryNode*, Value*), TryNode* node,
                                   Value* fp, Value& answer) {
    if (_setjmp(record.jump)) return false;
    answer = work(node, fp);
    return true;
}

// Body and catches, without finally.
Value run_guarded(TryNode* node, Value* fp) {
    Machine& vm = Machine::of(fp);
    bool out_of_memory = false;
    for (;;) {
        HandlerScope scope(vm, node, fp);
        scope.record.temp = node->temp;
        try {
            if (!out_of_memory) {
                Value answer;
                if (run_to_jump(scope.record, node->body, fp, answer)) return answer;
            } else {
                // The heap said so from somewhere below, whose frames are gone: it becomes an error here.
                Value* nf = fp + node->temp + 1;
                nf[-1] = Value::raw(node);
                nf[0] = Value::nil();
                return vm.fail("OutOfMemory", "the program needs more memory than it may take", nf);
            }
        } catch (const Unwinding& unwinding) {
            if (unwinding.target != &scope.record) throw;
        } catch (const OutOfMemory&) {
            if (out_of_memory) throw;
            close_variables_if_any(vm, fp + node->temp);
            out_of_memory = true;
            continue;
        }
        out_of_memory = false;
        close_variables_if_any(vm, fp + node->temp);
        if (scope.record.retry) continue;
        if (scope.record.in_place < 0) return scope.record.result;
        // The error waits in the slot of the clause's name.
        const CatchTemplate& clause = node->catches[size_t(scope.record.in_place)];
        fp[clause.slot] = scope.record.result;
        vm.inner->handlers = scope.record.outer;
        return run(clause.in_place, fp);
    }
}

Value run_body(TryNode* node, Value* fp) {
    return run(node->body, fp);
}

Value run_try(Node* node_, Value* fp) {
    auto* node = static_cast<TryNode*>(node_);
    if (!node->finally_body) return run_guarded(node, fp);
    Machine& vm = Machine::of(fp);
    auto& inner = *vm.inner;
    Value* kept = fp + node->finally_slot;
    auto run_finally = [&]() -> bool {
        // What is under way waits while finally runs.
        Completion completion = inner.completion;
        kept[1] = inner.completion_value ? inner.completion_value : Value::nil();
        inner.completion = Completion::None;
        if (!run(node->finally_body, fp)) return false; // its own return, break or continue wins
        inner.completion = completion;
        inner.completion_value = kept[1];
        return true;
    };
    enum { Done, Jumped, Thrown, Exhausted } left = Done;
    const void* target = nullptr;
    size_t wanted = 0;
    {
        // A record without catches, so that whoever searches knows that a finally lies here.
        HandlerScope scope(vm, nullptr, fp);
        scope.record.temp = node->temp;
        scope.record.has_finally = true;
        try {
            Value answer;
            if (run_to_jump(scope.record, node->catches.empty() ? run_body : run_guarded, node, fp, answer)) {
                kept[0] = answer;
            } else {
                left = Jumped;
                target = scope.record.heading_for;
            }
        } catch (const Unwinding& unwinding) {
            left = Thrown;
            target = unwinding.target;
        } catch (const OutOfMemory& memory) {
            left = Exhausted;
            wanted = memory.wanted;
        }
    }
    // Only now, as no C++ exception is under way: finally may jump, too.
    if (left != Done) close_variables_if_any(vm, fp + node->temp);
    if (!run_finally()) return Value();
    if (left == Done) return kept[0];
    if (left == Thrown) unwind_to(target);
    if (left == Exhausted) throw OutOfMemory{wanted};
    Value* nf = fp + node->temp + 1;
    nf[-1] = Value::raw(node);
    jump_to(vm, nf, static_cast<TryRecord*>(const_cast<void*>(target)));
}

struct RaisingNode : Node {
    Node* operand = nullptr;
    Node* body = nullptr;
    uint16_t slot = 0;
    std::string_view text;
    Node* left = nullptr;
    Node* right = nullptr;
    SendSite* compare = nullptr;
};

Value run_raise(Node* node_, Value* fp) {
    auto* node = static_cast<RaisingNode*>(node_);
    Value* nf = fp + node->temp + 1;
    nf[0] = run(node->operand, fp);
    nf[-1] = Value::raw(node);
    return raise_from_node(Machine::of(fp), nf[0], nf);
}

Value run_expect(Node* node_, Value* fp) {
    auto* node = static_cast<RaisingNode*>(node_);
    Machine& vm = Machine::of(fp);
    Value* nf = fp + node->temp + 1;
    if (!node->compare) {
        if (node->operand->holds(fp)) return Value::nil();
        nf[-1] = Value::raw(node);
        nf[0] = Value::nil();
        return vm.fail("TestFailure", "expected " + std::string(node->text), nf);
    }
    fp[node->slot] = run(node->left, fp);
    fp[node->slot + 1] = run(node->right, fp);
    Value* sent = fp + node->compare->temp + 1;
    sent[0] = fp[node->slot];
    sent[1] = fp[node->slot + 1];
    if (send_prepared(node->compare, sent).is_true()) return Value::nil();
    nf[-1] = Value::raw(node);
    nf[0] = Value::nil();
    std::string left = vm.inspect(fp[node->slot], nf);
    std::string right = vm.inspect(fp[node->slot + 1], nf);
    return vm.fail("TestFailure",
                   "expected " + std::string(node->text) + ", but the left side is " + left +
                       " and the right side is " + right,
                   nf);
}

} // namespace

Node* make_try(Arena& arena, Node* body, std::span<const CatchTemplate> catches, Node* finally_body,
               uint16_t finally_slot) {
    auto* node = made<TryNode>(arena, run_try);
    node->body = body;
    node->catches = arena.copy(std::vector<CatchTemplate>(catches.begin(), catches.end()));
    node->finally_body = finally_body;
    node->finally_slot = finally_slot;
    node->abrupt = body->abrupt || (finally_body && finally_body->abrupt);
    for (const auto& clause : catches) node->abrupt |= clause.in_place->abrupt;
    return node;
}

Node* make_raise(Arena& arena, Node* error) {
    auto* node = made<RaisingNode>(arena, run_raise);
    node->operand = error;
    return node;
}

Node* make_expect(Arena& arena, Node* condition, std::string_view text) {
    auto* node = made<RaisingNode>(arena, run_expect);
    node->operand = condition;
    node->text = arena.copy(text);
    return node;
}

Node* make_expect_comparison(Arena& arena, Node* left, Node* right, SendSite* compare, std::string_view text,
                             uint16_t slot) {
    auto* node = made<RaisingNode>(arena, run_expect);
    node->left = left;
    node->right = right;
    node->compare = compare;
    node->slot = slot;
    node->text = arena.copy(text);
    return node;
}

} // namespace indent
