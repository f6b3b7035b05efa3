// The variables of prompts and workspaces in the story: each group that shares something is a record of values of the
// module "workspace" under the names of its variables, with commas between them; what cannot be kept is a record of the
// module "workspace, not kept" with the words that say why, and what could not be brought back has such words in "workspace,
// told". An empty value: that is no more.
#pragma once
#include "image/journal/recovery.h"
#include "image/journal/world_names.h"
#include "vm/world/world.h"
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace indent::image {

// On the thread of the world, between two inputs.
class VariableStory {
  public:
    VariableStory(World& world, WorldNames& names) : world_(world), names_(names) {}

    // Gives the world what the story has. Answers what is not there again, in words for people; it is told once.
    std::vector<std::string> restore(const Recovery& recovery);
    // Whether the world's layouts are those that the values are made of.
    static bool fits(const Recovery& recovery, World& world, WorldNames& names);
    // Tells `append` what has changed since.
    void note(const std::function<void(const ModuleValueRecord&)>& append);

  private:
    using Key = std::pair<std::string, std::string>; // module, names
    World& world_;
    WorldNames& names_;
    std::map<Key, std::string> known_;
    // Names of groups, and why; they stay in the story until something else has such a name.
    std::map<std::string, std::string> not_restored_;
    bool must_note_ = false;
};

} // namespace indent::image
