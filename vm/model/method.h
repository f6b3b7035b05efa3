// A method, a function, an actor's message: behaviour with a name, made from a definition or a primitive.
#pragma once
#include "vm/heap/value.h"
#include "vm/model/symbol.h"
#include "vm/syntax/tree.h"
#include <memory>
#include <vector>

namespace indent {

class Class;
class Machine;
struct Code;
struct Module;

// What a primitive does beside computing; the effect port (vm/interp/runtime.h) is asked before it runs.
enum class Effect : uint8_t {
    Pure,
    Input,
    Inside, // changes what this world has: an Atom, a timer, code, what it prints
    Output, // changes what is outside of it: files, programs
};

// args[0] is the receiver (nil for functions), args[1 … n] one value for each parameter (a rest parameter is a
// List, defaults are filled in). The slots args[n + 1 … 15] are the primitive's own roots. Everything that may
// allocate or call is given `args`; addresses of cells are void after it. See vm/interp/machine.h.
using PrimitiveFunction = Value (*)(Machine& vm, Value* args);

struct ParameterInfo {
    SymbolId name = 0;
    bool has_default = false;
    bool rest = false;
};

// Sends of these methods with a literal block run the block in the frame of its home (vm/interp/control.h).
enum class Control : uint8_t { None, ListEach, RangeEach, IntegerTimes, MapEach };

struct Method {
    SymbolId selector = 0;
    Class* owner = nullptr;   // null: a function of its module
    Module* module = nullptr; // where its text stands
    bool class_side = false;
    bool message = false; // `on`
    std::shared_ptr<const syntax::SyntaxTree> tree;
    const syntax::DefinitionNode* definition = nullptr; // in tree; null: made by the machine
    std::vector<ParameterInfo> parameters;
    uint32_t required = 0;                 // leading parameters without a default
    bool has_rest = false;                 // a *parameter takes what is over
    PrimitiveFunction primitive = nullptr; // null: runs code
    Effect effect = Effect::Pure;
    Control control = Control::None;
    int reader = -1;     // field index, if this only answers a field
    uint32_t number = 0; // of its executable trees (Machine::code_slot)
};

} // namespace indent
