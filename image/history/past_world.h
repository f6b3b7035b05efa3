// A world as it was at a place of the story: to look at, never to go on. It is made of the code of that time, in which
// everything has the shape that it had; what is evaluated in it changes nothing but itself.
#pragma once
#include "image/history/past.h"
#include "image/journal/restorer.h"
#include "vm/session/definition_store.h"
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace indent {
class World;
}

namespace indent::image {

// On one thread, whose stack is a world's (kThreadStack).
class PastWorld {
  public:
    enum class How : uint8_t {
        Alive, // with all that there was
        Still, // messages, timers and turns that waited are left out, so that turns can be run again in it (rerun.h)
        Looked, // the same, and no code of the image ever runs: values are shown in the words of sketch.h
    };
    // `past` and `store` outlive it.
    static Result<std::unique_ptr<PastWorld>> make(Past& past, DefinitionStore& store,
                                                   const StoryPlace& place, How how = How::Alive);
    ~PastWorld();

    struct Field {
        std::string name, value; // as literal text
        bool operator==(const Field&) const = default;
    };
    struct Seen {
        uint64_t number = 0;
        std::string text; // `Counter (:clicks)`
        bool has_state = false;
        std::vector<Field> fields;
        uint64_t waiting = 0; // messages
        bool operator==(const Seen&) const = default;
    };
    std::vector<Seen> actors(); // that lived, by number
    // One of them; nothing: it did not live then.
    std::optional<Seen> actor(uint64_t number);
    // Its number, for `clicks`, `:clicks`, `12`; 0: there was none.
    uint64_t number_of(std::string_view name);
    // The literal text of an expression's value. Failure "raised": its report; "refused": what is wrong with the text, or
    // that nothing runs here.
    Result<std::string> value(std::string_view text);

    // The actor is as this says from here on. False: the code of this world does not fit.
    [[nodiscard]] bool put(uint64_t number, const Recovery::State& state);
    // One of its actors, with its state, to run a turn of; null: there has never been one.
    Actor* find(uint64_t number);
    // Who it is that has been born since the place of this world, by the number of an actor that is not known here. Null: there is
    // none. Asked until it is set anew, or this ends.
    std::function<const FactsRecord*(uint64_t number)> born;
    // A message for it as a send is written: `deposit(10)`.
    std::string message(uint64_t to, const PostRecord& post);
    // The text of a symbol by its number in the image.
    std::string symbol(uint64_t number);

    uint64_t epoch() const { return epoch_; }
    World& world() { return *world_; }
    WorldNames& names() { return *names_; }
    // What could not be brought back, in words for people.
    const std::vector<std::string>& troubles() const { return troubles_; }

  private:
    PastWorld() = default;
    std::vector<Seen> seen(const std::string& which);
    Seen looked_at(uint64_t number);
    std::string shown(Value value) const; // without running anything
    Actor* make_actor(uint64_t number);
    std::string where(uint64_t number) const; // an expression for its address; empty: there is none

    std::unique_ptr<World> world_;
    std::unique_ptr<WorldNames> names_;
    std::unique_ptr<Recovery> recovery_;
    std::unique_ptr<Restorer> restorer_;
    std::vector<uint64_t> numbers_; // of those that live
    std::vector<std::string> troubles_;
    std::string printed_;
    uint64_t epoch_ = 0;
    How how_ = How::Alive;
};

} // namespace indent::image
