// Any place of the story: found by what people call it, read again from the last checkpoint before it, and walked through
// from there, turn by turn.
#pragma once
#include "image/journal/recovery.h"
#include "image/store/image.h"
#include <functional>
#include <memory>
#include <mutex>

namespace indent::image {

// Uses an image that others use, too: each call takes the lock for as long as it reads a few rows. The image and the lock
// outlive it.
class Past {
  public:
    enum Reads : uint8_t { ReadsOften, ReadsOnce }; // places: then what is read once need not be kept
    Past(Image& image, std::mutex& mutex, Reads reads = ReadsOften)
        : image_(image), mutex_(mutex), keeps_way_(reads == ReadsOften) {}

    // "now"; "500": after turn 500 of the timeline that goes on; "now-3" or "-3": three turns before now; "2:500": on timeline 2; the
    // name of a snapshot, or "#3" for its number; the name of a timeline: where that is now. Failures: "not_found", with
    // what there is; "forgotten".
    Result<StoryPlace> find(const std::string& where);
    // Whether a snapshot or a timeline may be called so. Failure "bad_name": `find` would read it as something else, or it is
    // the name of another one.
    Result<void> may_be_named(const std::string& name);
    Result<StoryPlace> now();
    Result<StoryPlace> at_turn(uint64_t timeline, uint64_t turn);

    // The first place that is known on the way to this one.
    Result<StoryPlace> earliest(const StoryPlace& place);

    // What there was at a place.
    Result<std::unique_ptr<Recovery>> read(const StoryPlace& place);

    // One turn, or more precisely its end, before it is taken.
    struct Step {
        uint64_t turn = 0; // which it is
        StoryPlace place;  // after it
        const SegmentRecord* segment = nullptr;
        const PostRecord* message = nullptr;          // null: it handles none that waited here
        const std::vector<Record>* records = nullptr; // all of its group
        const Recovery::State* before = nullptr;      // of its actor
        Recovery* recovery = nullptr;                 // before it
    };
    // From `from` on (a place on the way to `upto`), until `step` answers false. Groups that end no turn are taken in silence.
    Result<void> walk(const StoryPlace& from, const StoryPlace& upto,
                      const std::function<Result<bool>(const Step&)>& step);

    // Which actors the image has damaged as they are now, in words: `actors 2 to 9 (:counter)`; empty: none. Reads all of them,
    // in pieces between which others have the image.
    Result<std::string> damaged_actors();

    // Gives names the rows of the image: those of what is shared when they are asked for. This outlives them.
    Result<void> give_rows(WorldNames& names);

    Image& image() { return image_; }
    std::mutex& mutex() { return mutex_; }

  private:
    Failure damaged() const {
        return {"damaged", image_.path() + " is damaged: the story of its actors makes no sense"};
    }
    Recovery::Piece pieces();
    // The ways from the first timeline to this one: each with the place where the next one begins, the last with `place`.
    Result<std::vector<StoryPlace>> way_to(StoryPlace place);

    Image& image_;
    std::mutex& mutex_;
    const bool keeps_way_;

    // On the way to the last place that was read, not far before it: who steps back or on begins there. Any thread.
    struct Waypoint {
        uint64_t timeline = 0, batch = 0; // after it
        std::unique_ptr<const Recovery> recovery;
    };
    std::mutex waypoint_mutex_;
    Waypoint waypoint_;
};

// Folds what has come since the last checkpoint of the timeline that goes on into one more, in slices between which others
// have the image. Answers how many bytes it has, 0: there is nothing new; where those are more than `most` nothing is
// written. `stop`: gives up when it becomes true.
Result<uint64_t> make_checkpoint(Image& image, std::mutex& mutex, const std::function<bool()>& stop,
                                 uint64_t most = UINT64_MAX);

// A timeline that begins at this place with the checkpoint of what there was. Answers its number.
Result<uint64_t> fork(Image& image, std::mutex& mutex, const StoryPlace& place, const std::string& name,
                      bool goes_on);

// Goes on from there: on a timeline of its own, and with the definitions of that time as the newest. Nothing is
// overwritten. Nobody tells the image's story meanwhile. Answers the timeline's number.
Result<uint64_t> go_back(Image& image, std::mutex& mutex, const StoryPlace& place, const std::string& name);

// Forgets the oldest history until batches and pieces take at most `budget` bytes, or nothing more may go: what the
// timelines are now and the snapshots that are pinned stay, and the newest snapshots that are not.
Result<void> keep_budget(Image& image, std::mutex& mutex, uint64_t budget, const std::function<bool()>& stop);

} // namespace indent::image
