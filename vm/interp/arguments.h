// Arguments that do not simply stand one for one: labels, defaults, rest, spread, tuples given to blocks.
#pragma once
#include "vm/interp/send.h"

namespace indent {

inline constexpr unsigned kMostArguments = 250;

// Evaluates operands 1 … of `site` into nf[1 …], spreads taken apart; fills count, plan and labels (room for
// kMostArguments + 1) for what came. `at`: the node that traces name. False: an error was raised and resumed, with
// the answer in nf[0].
bool evaluate_spread(Machine& vm, SendSite* site, Node* at, Value* fp, Value* nf, unsigned& count,
                     ArgumentPlan& plan, SymbolId* labels);

// Moves `count` arguments at nf[1 …] to where the parameters want them; those that are missing but have defaults
// become absent. `owner` (may be null) and `name` say in errors what is called. Absent if all is well, else what a
// handler of the ArgumentError resumed with.
Value arrange_arguments(Machine& vm, Value* nf, unsigned count, const ArgumentPlan* plan,
                        std::span<const ParameterInfo> parameters, const Class* owner, SymbolId name);

// A block was given another number of arguments than it has parameters: one tuple is taken apart, anything else
// is an error. Absent if all is well.
Value arrange_block_arguments(Machine& vm, Value* nf, unsigned count);

// A Message object, of `count` arguments on the stack and their labels (one for each, 0 where there is none, or none at
// all). `free`: the end of the live stack, of which three slots and a primitive's frame are used.
Value make_message(Machine& vm, SymbolId selector, Value* arguments, unsigned count,
                   std::span<const SymbolId> labels, Value* free);

// Sends not_understood with a message made of nf[1 …]. nf[-1] must be set.
Value send_not_understood(Machine& vm, Value* nf, SymbolId selector, unsigned count,
                          const ArgumentPlan* plan);

// The run function of sites whose operands are put in place by another node, so that they are never rewritten.
Value site_run_unrewritable(Node* node, Value* fp);
void reset_site(Node* site);
void reset_inline_loop(Node* loop);

} // namespace indent
