// A recorded turn becomes a test, in text that a person can read and keep beside the module.
#pragma once
#include "image/history/past.h"
#include "vm/session/definition_store.h"
#include <string>
#include <vector>

namespace indent::image {

struct TurnTest {
    std::string text; // ends in a line end
    std::vector<std::string>
        missing; // what could not be written, in words; they are comments of the text, too
};

// Of the turn that ends with `place`; `before` is the place before it. On a thread with a world's stack. Failure: it cannot
// be read; "not_found": no turn of a program ends there.
Result<TurnTest> test_from(Past& past, DefinitionStore& store, const StoryPlace& before,
                           const StoryPlace& place);

} // namespace indent::image
