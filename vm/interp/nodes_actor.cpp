// spawn, send, ask, watch, stop, and `self` in actors. What they do is the actor port's; here are the operands.
#include "vm/interp/actor_port.h"
#include "vm/interp/arguments.h"
#include "vm/interp/inner.h"
#include "vm/interp/nodes.h"

namespace indent {

namespace {

// The operands, then the clauses, are evaluated from left to right into the frame of the message; the values of the
// clauses wait in the two slots before its call site.
struct ActorCall : Node {
    ActorVerb verb = ActorVerb::Ask;
    SymbolId selector = 0;
    Binding* spawned = nullptr;
    uint8_t argument_count = 0;
    Node** operands = nullptr; // the receiver (of spawn: null), then the arguments
    const ArgumentPlan* plan = nullptr;
    SendSite* spread = nullptr;
    Node* clauses[2] = {}; // within, name or after; every
};

ActorPort* port_of(Machine& vm, Value* nf) {
    if (vm.actors && !vm.effects_denied) return vm.actors;
    vm.fail("EffectDenied", "nothing is sent, asked or spawned here: what runs may only compute", nf);
    return nullptr;
}

Value say(Machine& vm, const ActorCall* call, const OutgoingMessage& message, Value* fp) {
    Value* nf = message.nf;
    Value* clauses = fp + call->temp - 2;
    clauses[0] = clauses[1] = Value();
    for (int i = 0; i < 2; ++i)
        if (call->clauses[i]) clauses[i] = run(call->clauses[i], fp);
    nf[-1] = Value::raw(call);
    ActorPort* port = port_of(vm, nf);
    if (!port) return Value::nil();
    switch (call->verb) {
    case ActorVerb::Spawn: return port->spawn(vm, call->spawned->cls, message, clauses[0]);
    case ActorVerb::Send: return port->send(vm, message, clauses[0], clauses[1]);
    case ActorVerb::Ask: return port->ask(vm, message, clauses[0]);
    case ActorVerb::Watch: return port->watch(vm, nf);
    case ActorVerb::Stop: return port->stop(vm, nf);
    }
    return Value::nil();
}

// Apart: its kilobyte of labels would be copied with every turn that waits.
[[gnu::noinline]] Value run_spread_call(Node* node, Value* fp) {
    auto* call = static_cast<ActorCall*>(node);
    Machine& vm = Machine::of(fp);
    Value* nf = fp + call->temp + 1;
    unsigned count = call->argument_count;
    ArgumentPlan plan;
    SymbolId labels[kMostArguments + 1];
    nf[0] = call->operands[0] ? run(call->operands[0], fp) : Value::nil();
    if (!evaluate_spread(vm, call->spread, call, fp, nf, count, plan, labels)) return nf[0];
    return say(vm, call, {nf, count, call->selector, &plan}, fp);
}

Value run_actor_call(Node* node, Value* fp) {
    auto* call = static_cast<ActorCall*>(node);
    if (call->spread) [[unlikely]]
        return run_spread_call(node, fp);
    Machine& vm = Machine::of(fp);
    Value* nf = fp + call->temp + 1;
    const unsigned count = call->argument_count;
    nf[0] = call->operands[0] ? run(call->operands[0], fp) : Value::nil();
    for (unsigned i = 0; i < count; ++i) nf[i + 1] = run(call->operands[i + 1], fp);
    return say(vm, call, {nf, count, call->selector, call->plan}, fp);
}

// In the body of an actor self is its state; as a value it is its address.
Value run_actor_self(Node*, Value* fp) {
    Machine& vm = Machine::of(fp);
    return fp[0] == vm.actor_state && vm.self_address ? vm.self_address : fp[0];
}

} // namespace

Node* make_actor_self(Arena& arena) {
    Node* node = arena.make<Node>();
    node->run = run_actor_self;
    return node;
}

Node* make_actor_call(Arena& arena, ActorVerb verb, SymbolId selector, Binding* spawned, Node* receiver,
                      std::span<Node* const> arguments, const ArgumentPlan* plan, Node* first_clause,
                      Node* second_clause) {
    auto* node = arena.make<ActorCall>();
    node->run = run_actor_call;
    node->verb = verb;
    node->selector = selector;
    node->spawned = spawned;
    std::vector<Node*> operands{receiver};
    operands.insert(operands.end(), arguments.begin(), arguments.end());
    node->operands = arena.copy(operands).data();
    node->argument_count = uint8_t(arguments.size());
    node->plan = plan;
    node->clauses[0] = first_clause;
    node->clauses[1] = second_clause;
    if (plan && plan->spreads) node->spread = make_send(arena, selector, operands, plan);
    return node;
}

} // namespace indent
