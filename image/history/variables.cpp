#include "image/history/variables.h"
#include "image/journal/parcels.h"
#include <algorithm>
#include <set>

namespace indent::image {

namespace {

constexpr const char* kVariables = "workspace";
constexpr const char* kUnkept = "workspace, not kept"; // no module can be called so
constexpr const char* kTold = "workspace, told";       // why a group was not brought back
constexpr size_t kMostBytes = 64 << 20;                // of a group; a batch has room for some of them

std::vector<std::string> split(const std::string& names) {
    std::vector<std::string> all;
    for (size_t at = 0; at <= names.size();) {
        const size_t end = std::min(names.find(',', at), names.size());
        all.push_back(names.substr(at, end - at));
        at = end + 1;
    }
    return all;
}

std::string joined(const std::vector<std::string>& names) {
    std::string all;
    for (const std::string& name : names) all += (all.empty() ? "" : ",") + name;
    return all;
}

bool is_one_name(const std::string& name) {
    return !name.empty() && name != "_" && name.find_first_of(" \n\t") == std::string::npos;
}

} // namespace

std::vector<std::string> VariableStory::restore(const Recovery& recovery) {
    std::vector<std::string> troubles;
    for (const auto& [key, value] : recovery.module_values()) {
        if ((key.first != kVariables && key.first != kUnkept && key.first != kTold) || value.empty())
            continue;
        known_[key] = value;
        if (key.first == kTold) continue;
        if (key.first == kUnkept) {
            troubles.push_back("the variable `" + key.second +
                               "` of a prompt is not there any more: " + value);
            must_note_ = true;
            continue;
        }
        const std::vector<std::string> names = split(key.second);
        const size_t said = names_.troubles().size();
        Parcel::Pointer values;
        std::string why = "what it holds cannot be read";
        if (std::all_of(names.begin(), names.end(), is_one_name) &&
            parcel_from(value, world_.runtime().shared, 0, names_, values) && values)
            why = world_.give_variables(names, std::move(values));
        else if (names_.troubles().size() > said)
            why = names_.troubles().back();
        if (why.empty()) continue;
        not_restored_[key.second] = why;
        const auto told = recovery.module_values().find({kTold, key.second});
        if (told != recovery.module_values().end() && told->second == why) continue;
        must_note_ = true;
        troubles.push_back("the variable" + std::string(names.size() == 1 ? " `" : "s `") + key.second +
                           "` of a prompt cannot be brought back, and stays in the image: " + why);
    }
    return troubles;
}

bool VariableStory::fits(const Recovery& recovery, World& world, WorldNames& names) {
    for (const auto& [key, value] : recovery.module_values()) {
        Parcel::Pointer values;
        if (key.first == kVariables && !parcel_from(value, world.runtime().shared, 0, names, values))
            return false;
    }
    return true;
}

void VariableStory::note(const std::function<void(const ModuleValueRecord&)>& append) {
    if (!std::exchange(must_note_, false) && !world_.variables_changed()) return;
    std::map<Key, std::string> now;
    std::set<std::string> bound;
    for (World::Variables& group : world_.variables()) {
        bound.insert(group.names.begin(), group.names.end());
        if (group.values && group.values->bytes() > kMostBytes) {
            group.values = nullptr;
            group.why = "it is too large to be kept";
        }
        if (group.values)
            now[{kVariables, joined(group.names)}] = bytes_of_parcel(group.values.get(), names_);
        else
            for (const std::string& name : group.names) now[{kUnkept, name}] = group.why;
    }
    for (const auto& [key, value] : known_) {
        if (now.count(key)) continue;
        const std::vector<std::string> names = split(key.second);
        if (key.first == kVariables && not_restored_.count(key.second) &&
            std::none_of(names.begin(), names.end(),
                         [&](const auto& name) { return bound.count(name) > 0; })) {
            now[key] = value;
            now[{kTold, key.second}] = not_restored_[key.second];
            continue;
        }
        if (key.first == kTold && now.count(key)) continue;
        append({key.first, key.second, ""});
    }
    for (const auto& [key, value] : now)
        if (auto before = known_.find(key); before == known_.end() || before->second != value)
            append({key.first, key.second, value});
    known_ = std::move(now);
}

} // namespace indent::image
