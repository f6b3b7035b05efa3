// Any place of the story: found by what people call it, read again from the last checkpoint before it, and walked through
// from there, turn by turn.
#pragma once
#include "image/history/recent_batches.h"
#include "image/journal/recovery.h"
#include "image/store/image.h"
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>

namespace indent::image {

// Uses an image that others use, too: each call takes the lock for as long as it reads a few rows. The image and the lock
// outlive it.
class Past {
  public:
    enum Reads : uint8_t { ReadsOften, ReadsOnce }; // places: then what is read once need not be kept
    // `recent` (null: there are none) are the image's last, and outlive it, too.
    Past(Image& image, std::mutex& mutex, Reads reads = ReadsOften, const RecentBatches* recent = nullptr)
        : image_(image), mutex_(mutex), keeps_way_(reads == ReadsOften), recent_(recent) {}

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

    // Nobody wants to know any more: what is being read, walked through or run again ends with the failure "stopped" soon, and
    // what begins later at once. Any thread.
    void give_up() { gives_up_ = true; }
    const std::atomic<bool>& gives_up() const { return gives_up_; }

    Image& image() { return image_; }
    std::mutex& mutex() { return mutex_; }

  private:
    Failure stopped() const {
        return {"stopped", "it was given up, as the program that has " + image_.path() + " open ends"};
    }
    Failure damaged() const {
        return {"damaged", image_.path() + " is damaged: the story of its actors makes no sense"};
    }
    Recovery::Piece pieces();
    using Bodies = std::vector<std::pair<uint64_t, RecentBatches::Body>>;
    // Of the next batches of a timeline, none after `upto`. `seen` gets the first number that is not among those looked at.
    Result<Bodies> next_bodies(uint64_t timeline, uint64_t next, uint64_t upto, uint64_t& seen);
    // The ways from the first timeline to this one: each with the place where the next one begins, the last with `place`.
    Result<std::vector<StoryPlace>> way_to(StoryPlace place);

    Image& image_;
    std::mutex& mutex_;
    const bool keeps_way_;
    const RecentBatches* const recent_;
    std::atomic<bool> gives_up_ = false;

    // On the way to the last place that was read, not far before it: who steps back or on begins there. Any thread.
    struct Waypoint {
        uint64_t timeline = 0, batch = 0; // after it
        std::unique_ptr<const Recovery> recovery;
    };
    std::mutex waypoint_mutex_;
    Waypoint waypoint_;
};

// The turn that ends with this group; null: none does.
const SegmentRecord* end_in(const std::vector<Record>& records);

} // namespace indent::image
