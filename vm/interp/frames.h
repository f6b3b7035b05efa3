// The frames of a turn that stands still, for a person who looks at it: whose code runs in each, where, and the variables
// that are in sight there. What a body calls its variables is not kept with its executable tree: the maker is asked, which
// makes the body once more.
#pragma once
#include "vm/interp/inner.h"
#include "vm/interp/maker.h"
#include <string>
#include <vector>

namespace indent {

struct LiveFrame {
    const Node* site = nullptr; // where it is; site->code: whose frame it is
    Value* fp = nullptr;
};

// Innermost first, at most `most`; `args`: the innermost, as C++ code has it. Valid as long as nothing runs in the turn.
std::vector<LiveFrame> live_frames(const Machine& vm, Value* args, size_t most);

struct FrameVariable {
    std::string name;
    uint16_t slot = 0;                                  // of the frame; of a captured one: of the block
    int word = -1;                                      // of the block, where it is captured
    bool shared = false;                                // with the home of the block
    bool changes() const { return word < 0 || shared; } // an assignment reaches whoever reads it
};

// Innermost first, each name once. May make code; allocates nothing in the heap.
std::vector<FrameVariable> variables_at(Machine& vm, const LiveFrame& frame);
// Absent: it has none yet.
Value read_variable(const LiveFrame& frame, const FrameVariable& variable);
// Of one that changes.
void write_variable(Machine& vm, const LiveFrame& frame, const FrameVariable& variable, Value value);

// The class whose fields are in sight in the body; null: none.
Class* class_in_sight(const Code& code);

} // namespace indent
