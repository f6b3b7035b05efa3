// Values of a world that stands still, in words and compared. No code of the world runs for it, so it comes to an end
// whatever the program is, does nothing, and is the same each time. Neither allocates in a heap. The thread that has the
// values, while nobody changes them.
#pragma once
#include "vm/actors/actor_system.h"
#include <optional>
#include <string>
#include <vector>

namespace indent::image {

// A field of an actor, as long as nothing runs there.
struct Field {
    std::string name;
    Value value;
};
// All of them; none: it has no state.
std::vector<Field> fields_of(ActorSystem& actors, const Actor& actor); // that does nothing
std::vector<Field> fields_of_state(ActorSystem& actors, Value state);

struct Shown {
    std::string text; // on one line
    bool is_cut = false;
};

inline constexpr size_t kInShort = 120; // bytes: as much of a value as fits beside others

// A value by its structure, as `inspect` shows what has no `inspect` of its own: `Item(size: 1, name: "a")`. Cut with `…` where
// it would have more than about `most` bytes.
Shown show(ActorSystem& actors, Value value, size_t most);
inline std::string in_short(ActorSystem& actors, Value value) {
    return show(actors, value, kInShort).text;
}

struct Difference {
    std::string path; // from the values to what differs: `[3].name`; empty: they themselves
    std::string was, is;
};
// The first part, in order, that is another; nothing: they are alike. They may be of two worlds and of two layouts. Blocks
// are alike that are of the same place in the same text, and whose self and captured values are alike. Costs as much as the parts that are alike.
std::optional<Difference> first_difference(ActorSystem& before, Value was, ActorSystem& after, Value is);

} // namespace indent::image
