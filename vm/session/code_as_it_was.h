// Code of an image as it was, without its effects: they are a part of the story.
#pragma once
#include "vm/session/definition_store.h"
#include "vm/world/library_text.h"
#include <functional>
#include <string>

namespace indent {

class World;

// The first values of `stable` and `var`, which are code of the program.
enum class FirstValues : uint8_t {
    Made,
    IfPossible, // a module of which one cannot be made comes without any
    None,       // nothing of it runs
};

// The library that was kept with an epoch, or, where there was none yet, first after it up to `upto`; empty: none was.
std::vector<LibraryText> library_at(DefinitionStore& store, uint64_t epoch, uint64_t upto);
std::vector<LibraryText> library_in(const StoredModule& module);
StoredModule stored_library(const std::vector<LibraryText>& library);

// Takes the modules of the epoch `from` into a world that has none of them, then the changes of each epoch up to `upto`.
// What the last of them has and cannot be taken as a whole is taken module by module, and `trouble` told of the others.
// False: an epoch before the last cannot be taken, or is not to be had.
bool take_code(World& world, DefinitionStore& store, uint64_t from, uint64_t upto,
               const std::function<void(const std::string&)>& trouble,
               FirstValues values = FirstValues::Made);

// Makes worlds (the last stays) until one has all that `fits` asks for: where actors had not followed all reloads yet, the
// code that they are of is taken first, and the reloads after it again. Where none fits, it has the code of `upto`.
// `make` is given the library that the world is to begin with; empty: the program's.
Result<void> take_code_that_fits(DefinitionStore& store, uint64_t upto,
                                 const std::function<Result<World*>(std::vector<LibraryText> library)>& make,
                                 const std::function<bool(World&)>& fits,
                                 const std::function<void(const std::string&)>& trouble,
                                 FirstValues values = FirstValues::Made);

} // namespace indent
