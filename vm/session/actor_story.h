// Where the story of a session's actors is kept. A port: the session knows no files; ui/main fills it with an image. The
// program's thread alone calls.
#pragma once
#include "vm/base/result.h"
#include <string>
#include <vector>

namespace indent {

class World;

class ActorStory {
  public:
    virtual ~ActorStory() = default;
    // Reads what there is. Before anything else.
    virtual Result<void> open() = 0;
    // Nothing has been told yet: the first effects of modules are still to run.
    virtual bool is_new() const = 0;
    // Whether the modules of the world have all that the story's actors are made of. It has no actors yet.
    virtual bool fits(World& world) = 0;
    // Puts the actors into the world, lets them go on, and tells from now on. Answers what could not be brought back, in
    // words for people.
    virtual Result<std::vector<std::string>> begin(World& world) = 0;
    // All that has happened so far is kept when it answers.
    virtual Result<void> sync() = 0;
    // A reload was taken: actors follow it now, and not with their next messages.
    virtual void follow_reload() = 0;
    // No more is told; the world is about to end.
    virtual void end() = 0;
};

} // namespace indent
