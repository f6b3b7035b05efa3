// What programs ask of the image that keeps them.
#include "vm/actors/actor.h"
#include "vm/interp/node.h"
#include "vm/interp/reload_port.h"
#include "vm/model/list.h"
#include "vm/prims/reflection_tables.h"

namespace indent {

namespace {

// question, a list of Texts, Integers and addresses, which stand for their numbers: the answer's text, or a list of the code and
// the words of a failure.
Value ask_past(Machine& vm, Value* args) {
    if (!is_text(args[1])) return vm.wrong_type(args, 1, "a Text");
    if (!has_shape(args[2], shape::kList)) return vm.wrong_type(args, 2, "a List");
    std::vector<std::string> words;
    for (size_t i = 0; i < list_size(args[2]); ++i) {
        const Value word = list_get(args[2], i);
        if (is_text(word))
            words.push_back(text_utf8(word));
        else if (word.is_symbol())
            words.emplace_back(vm.symbol_text(word));
        else if (word.is_integer())
            words.push_back(std::to_string(word.as_integer()));
        else if (has_shape(word, shape::kAddress))
            words.push_back(std::to_string(actor_of(word)->id));
        else
            return vm.wrong_type(args, 2, "a List of Texts, Symbols, Integers and addresses");
    }
    std::string answer = "this program is in no image, so that nothing of its history is kept",
                code = "no_image";
    if (vm.runtime.reloads && vm.actors)
        vm.runtime.reloads->ask_past(text_utf8(args[1]), words, answer, code);
    if (code.empty()) return vm.text(answer, args);
    args[2] = vm.list(2, args);
    for (const std::string& part : {code, answer}) {
        args[3] = vm.text(part, args);
        if (!list_add(vm, args[2], args[3], args + kPrimitiveFrame)) assert(false);
    }
    return args[2];
}

constexpr PrimitiveRow kImageRows[] = {
    {"_ask_past", 2, ask_past, Effect::Input},
};

} // namespace

PrimitiveTable image_primitives() {
    return {"", kImageRows};
}

} // namespace indent
