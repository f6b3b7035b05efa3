// What a face may know of a running program: copies in plain values, true when they were made.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace indent::protocol {

// Something wrong with a text, placed in the text that the request carried.
struct Diagnostic {
    std::string file{};  // how the text was named
    uint32_t line = 1;   // of the first character, from 1
    uint32_t column = 1; // in code points, from 1
    uint32_t begin = 0;  // the span in bytes, half open
    uint32_t end = 0;
    bool error = true;        // else a warning
    std::string code{};       // stable word, such as "unclosed-bracket"
    std::string message{};    // plain words, one sentence
    std::string suggestion{}; // what to do about it, or empty
    std::string rendered{}; // the whole as a terminal shows it: place, words, line, caret; ends in a line end
};

struct ModuleMirror {
    std::string path{};   // "shop.pricing"
    bool library = false; // comes with the program; is not edited here
    std::string doc{};    // its comment, or empty
};

// Class to Supervisor have members. Effect: what is no definition: statements of the top level, imports, comments.
// clang-format off
enum class DefinitionKind : uint8_t {
    Class, Record, Trait, Extend, Actor, Supervisor,
    Function, Method, Value, Test, Effect,
};
// clang-format on

// One piece of a module. The pieces of a module, in their order, are its text.
struct DefinitionMirror {
    std::string
        path{}; // "helper", "Counter", "Counter.increment", "Counter class.make"; unique in its module
    DefinitionKind kind = DefinitionKind::Function;
    std::string owner{}; // of a method: the path of its class; else empty
    std::string title{}; // as lists show it: "increment(by = 1)"
    bool class_side = false;
};

struct Frame {          // of the trace of an error, innermost first
    std::string what{}; // "Counter.increment", "workspace"
    std::string file{};
    uint32_t line = 0; // 0: not known
};

// A turn that an error has stopped with all that was on its stack.
struct BrokenMirror {
    uint64_t turn = 0;     // its number
    uint64_t actor = 0;    // the number of whose it is
    std::string who{};     // "Account (:left)"
    std::string message{}; // "withdraw(50)"
    std::string error{};   // "ZeroDivide: division by zero"; empty: it is no error, it differs
    std::string differs{}; // of a retried one: what it is about to do otherwise than before; else empty
    std::string report{};  // the whole as a terminal shows it; ends in a line end
    std::string file{};    // where, in the program's own text if there is one
    uint32_t line = 0;
};
struct VariableMirror {
    std::string name{};
    std::string text{};  // of its value, short
    bool changes = true; // it can be assigned
};
struct FrameMirror {
    std::string what{}; // "Account.withdraw"
    std::string file{};
    uint32_t line = 0;
    std::string receiver{}; // short; empty: a function
    std::vector<VariableMirror> variables{};
};

struct Proposal {
    std::string text{}; // the whole word
    std::string kind{}; // "class", "function", "local", "selector", "keyword"
};

// One change that was taken into the image.
struct EpochMirror {
    uint64_t number = 0; // from 1
    int64_t at_ms = 0;   // since 1970, UTC
    std::string what{};  // "Counter.increment"
};

} // namespace indent::protocol
