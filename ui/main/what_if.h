// Recorded messages against edited code, in words for people.
#pragma once
#include "image/history/past.h"
#include "vm/base/result.h"
#include "vm/reload/reload_engine.h"
#include "vm/session/definition_store.h"
#include <string>
#include <vector>

namespace indent {

// The turns after `from` up to `upto` (image/history/what_if.h). Failure codes: "differs", where something is not as it was,
// with the report that is the answer otherwise; "refused", with what is wrong with the code. `only_differences`: messages
// that are the same are counted alone, and those that cannot be run are no failure. Any thread.
Result<std::string> tell_what_if(image::Past& past, DefinitionStore& store, const image::StoryPlace& from,
                                 const image::StoryPlace& upto, std::vector<ReloadText> texts,
                                 bool only_differences);

} // namespace indent
