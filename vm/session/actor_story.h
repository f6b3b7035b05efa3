// Where the story of a session's actors is kept. A port: the session knows no files; ui/main fills it with an image. The
// program's thread alone calls.
#pragma once
#include "vm/base/result.h"
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace indent {

class World;

class ActorStory {
  public:
    virtual ~ActorStory() = default;
    // Hears what cannot be brought back later, in words for people, on any thread. Set before all else.
    std::function<void(const std::string& words)> on_trouble;
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
    // The definitions of a reload have just been kept, as the store's newest epoch, and everything can still be taken back; no
    // turn runs.
    virtual void reload_is_kept(std::string_view what) = 0;
    // A reload was taken: actors follow it now, and not with their next messages.
    virtual void follow_reload() = 0;
    // After `end`: goes on from a place of the history; the store's newest definitions are those of that time. The name is the
    // timeline's. Answers words for people.
    virtual Result<std::string> go_back(const std::string& where, const std::string& name) = 0;
    // Whether there is such a place, and a timeline may be called so. Any time.
    virtual Result<void> may_go_back(const std::string& where, const std::string& name) = 0;
    // Answers a question about the history, in words for people. Any thread.
    virtual Result<std::string> ask(const std::string& question, const std::vector<std::string>& words) = 0;
    // Who asks, or goes back, is given the failure "stopped" soon, and whoever does so later at once. Any thread.
    virtual void give_up() = 0;
    // No more is told; the world is about to end.
    virtual void end() = 0;
};

} // namespace indent
