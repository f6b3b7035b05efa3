#include "vm/interp/arguments.h"
#include "vm/interp/block.h"
#include "vm/interp/inner.h"
#include "vm/interp/maker.h"

namespace indent {

namespace {

std::string parameters_in_words(Machine& vm, std::span<const ParameterInfo> parameters) {
    std::string words;
    for (const auto& p : parameters) {
        if (!words.empty()) words += ", ";
        if (p.rest) words += "*";
        words += vm.symbols.text(p.name);
        if (p.has_default) words += " = …";
    }
    return words;
}

std::string counted(size_t n, std::string_view noun) {
    return std::to_string(n) + " " + std::string(noun) + (n == 1 ? "" : "s");
}

bool push(Machine& vm, Value* nf, unsigned& count, Value value) {
    if (count >= kMostArguments) return false;
    nf[++count] = value;
    return true;
}

} // namespace

bool evaluate_spread(Machine& vm, SendSite* site, Node* at, Value* fp, Value* nf, unsigned& count,
                     ArgumentPlan& plan, SymbolId* labels) {
    // The frame was made with room for kMostArguments behind nf (maker.cpp), so nested evaluation begins there.
    bool any_label = false;
    for (unsigned i = 0; i < site->argument_count; ++i) {
        SymbolId label = i < site->plan->labels.size() ? site->plan->labels[i] : 0;
        Value value = run(site->operands[i + 1], fp);
        nf[-1] = Value::raw(at);
        bool fits = true;
        if (!(site->plan->spreads >> i & 1)) {
            labels[count] = label;
            any_label |= label != 0;
            fits = push(vm, nf, count, value);
        } else if (is_list(value)) {
            for (size_t k = 0; k < list_size(value) && fits; ++k) {
                labels[count] = 0;
                fits = push(vm, nf, count, list_get(value, k));
            }
        } else if (is_tuple(value)) {
            for (size_t k = 0; k < value.cell()->word_count() && fits; ++k) {
                labels[count] = 0;
                fits = push(vm, nf, count, (*value.cell())[k]);
            }
        } else {
            nf[0] = vm.fail("ArgumentError",
                            "* spreads a List or a Tuple into arguments, not " + vm.with_article(value), nf);
            return false;
        }
        if (!fits) {
            nf[0] = vm.fail("ArgumentError",
                            "a call takes at most " + std::to_string(kMostArguments) + " arguments", nf);
            return false;
        }
    }
    plan.labels = any_label ? std::span<const SymbolId>(labels, count) : std::span<const SymbolId>();
    plan.trailing_block = site->plan->trailing_block;
    return true;
}

Value arrange_arguments(Machine& vm, Value* nf, unsigned count, const ArgumentPlan* plan,
                        std::span<const ParameterInfo> parameters, const Class* owner, SymbolId name) {
    const unsigned wanted = unsigned(parameters.size());
    if (count < wanted && (!plan || (plan->labels.empty() && !plan->trailing_block))) {
        // The first parameters are given and the others have defaults: nothing has to move.
        bool all = true;
        for (unsigned i = 0; i < wanted && all; ++i)
            all = !parameters[i].rest && (i < count || parameters[i].has_default);
        if (all) {
            for (unsigned i = count; i < wanted; ++i) nf[1 + i] = Value();
            return Value();
        }
    }
    // Incoming arguments are moved out of the way, behind all parameters.
    Value* in = nf + 1 + std::max(wanted, count);
    Value* end = in + count;
    auto fail = [&](std::string message) {
        std::string callee = owner ? std::string(vm.symbols.text(owner->name)) + "." : "";
        callee += vm.symbols.text(name);
        return vm.fail("ArgumentError", "`" + callee + "` " + message, nf);
    };
    if (end + 2 * kPrimitiveFrame > vm.stack_end && !Heap::raise_stack(vm, end + 2 * kPrimitiveFrame))
        return vm.fail("StackOverflow", "calls are nested too deeply", nf);
    for (unsigned i = 0; i < count; ++i) in[i] = nf[1 + i];
    for (unsigned i = 0; i < wanted; ++i) nf[1 + i] = Value();
    int rest = -1;
    for (unsigned i = 0; i < wanted; ++i)
        if (parameters[i].rest) rest = int(i);
    if (rest >= 0) {
        Value list = make_list(vm, count, end + kPrimitiveFrame);
        nf[1 + rest] = list;
    }
    unsigned next = 0;
    for (unsigned i = 0; i < count; ++i) {
        SymbolId label = plan && i < plan->labels.size() ? plan->labels[i] : 0;
        if (label) {
            unsigned at = 0;
            while (at < wanted && parameters[at].name != label) ++at;
            if (at == wanted || int(at) == rest)
                return fail("has no parameter `" + std::string(vm.symbols.text(label)) +
                            "` (it takes: " + parameters_in_words(vm, parameters) + ")");
            if (nf[1 + at]) return fail("was given `" + std::string(vm.symbols.text(label)) + "` twice");
            nf[1 + at] = in[i];
        } else if (plan && plan->trailing_block && i + 1 == count && wanted > 0 && rest != int(wanted) - 1 &&
                   !nf[wanted]) {
            nf[wanted] = in[i];
        } else {
            while (next < wanted && int(next) != rest && nf[1 + next]) ++next;
            if (next >= wanted || (int(next) == rest && rest < 0))
                return fail("takes " + counted(wanted, "argument") +
                            (wanted ? " (" + parameters_in_words(vm, parameters) + ")" : "") + ", but " +
                            std::to_string(count) + (count == 1 ? " came" : " came"));
            if (int(next) == rest) {
                if (!list_add(vm, nf[1 + rest], in[i], end + kPrimitiveFrame)) assert(false);
            } else {
                nf[1 + next] = in[i];
            }
        }
    }
    for (unsigned i = 0; i < wanted; ++i)
        if (!nf[1 + i] && !parameters[i].has_default)
            return fail("takes " + counted(wanted, "argument") + " (" + parameters_in_words(vm, parameters) +
                        "), but `" + std::string(vm.symbols.text(parameters[i].name)) + "` was not given");
    return Value();
}

Value arrange_block_arguments(Machine& vm, Value* nf, unsigned count) {
    const Code* code = block_code(nf[0]); // any worker's will do
    if (count == 1 && code->parameters > 1 && is_tuple(nf[1]) &&
        nf[1].cell()->word_count() == code->parameters) {
        if (nf + 1 + code->parameters + kPrimitiveFrame > vm.stack_end &&
            !Heap::raise_stack(vm, nf + 1 + code->parameters + kPrimitiveFrame))
            return vm.fail("StackOverflow", "calls are nested too deeply", nf);
        Cell* tuple = nf[1].cell();
        for (unsigned i = 0; i < code->parameters; ++i) nf[1 + i] = (*tuple)[i];
        return Value();
    }
    std::string message = "a block of " + counted(code->parameters, "parameter") + " was called with " +
                          counted(count, "argument");
    if (count == 1 && is_tuple(nf[1]))
        message += " (a tuple of " + std::to_string(nf[1].cell()->word_count()) + ")";
    return vm.fail("ArgumentError", message, nf);
}

Value make_message(Machine& vm, SymbolId selector, Value* arguments, unsigned count,
                   std::span<const SymbolId> labels, Value* free) {
    free[0] = make_list(vm, count, free + kPrimitiveFrame);
    for (unsigned i = 0; i < count; ++i)
        if (!list_add(vm, free[0], arguments[i], free + kPrimitiveFrame)) assert(false);
    free[1] = Value::nil();
    if (!labels.empty()) {
        free[1] = make_list(vm, count, free + kPrimitiveFrame);
        for (unsigned i = 0; i < count; ++i) {
            free[2] = i < labels.size() && labels[i] ? Value::symbol(labels[i]) : Value::nil();
            if (!list_add(vm, free[1], free[2], free + kPrimitiveFrame)) assert(false);
        }
    }
    Cell* message = Heap::allocate(vm, shape::kMessage, 3, free + kPrimitiveFrame);
    (*message)[0] = Value::symbol(selector);
    (*message)[1] = free[0];
    (*message)[2] = free[1];
    return Value::cell(message);
}

Value send_not_understood(Machine& vm, Value* nf, SymbolId selector, unsigned count,
                          const ArgumentPlan* plan) {
    nf[1] = make_message(vm, selector, nf + 1, count, plan ? plan->labels : std::span<const SymbolId>(),
                         nf + 1 + count + 1);
    Method* method = vm.class_of(nf[0])->lookup(sym::not_understood);
    assert(method && "Object defines not_understood");
    return call_method(vm, method, nf, 1, nullptr);
}

} // namespace indent
