// The nodes that handle errors, and what Machine::raise has to know of them.
#pragma once
#include "vm/interp/nodes.h"

namespace indent {

struct CatchTemplate {
    Node* type = nullptr;     // run in the frame of the try: the class; null: Error
    Node* in_place = nullptr; // the suite, run in the frame of the try after unwinding
    uint16_t slot = 0;        // where it finds its error
    Node* block = nullptr;    // makes the suite as a block of one parameter; run in the frame of the try
    bool may_resume = false;  // the suite has to run before unwinding
};

struct TryNode : Node {
    Node* body = nullptr;
    std::span<const CatchTemplate> catches;
    Node* finally_body = nullptr;
    uint16_t finally_slot = 0; // two slots that wait for it
};

Node* make_try(Arena& arena, Node* body, std::span<const CatchTemplate> catches, Node* finally_body,
               uint16_t finally_slot);
Node* make_raise(Arena& arena, Node* error);
Node* make_expect(Arena& arena, Node* condition, std::string_view text);
Node* make_expect_comparison(Arena& arena, Node* left, Node* right, SendSite* compare, std::string_view text,
                             uint16_t slot);

} // namespace indent
