// Writes down what the actors do, as they do it, and keeps it behind them in batches.
//
// Each call of the log makes one group of records and appends it to a buffer before anybody can see what the group is about.
// One thread takes whole groups from the front of that, with the names that they need, and has them kept as one batch. So
// what is kept is always a beginning of the story: whatever is in it has its causes in it.
#pragma once
#include "image/journal/records.h"
#include "image/journal/world_names.h"
#include "vm/actors/turn_log.h"
#include "vm/base/result.h"
#include "vm/os/thread.h"
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace indent::image {

struct Batch {
    std::vector<NameRow> names; // new ones, to be kept first
    std::string body;           // records.h
    uint64_t turns = 0;         // that have ended in the story so far
    int64_t at_ms = 0;
};

class Journal final : public TurnLog {
  public:
    // `keep` has a batch on the disk when it answers, and left it as it was; it is called on the journal's thread, one call at
    // a time.
    using Keep = std::function<Result<void>(Batch&)>;
    // The story so far has so many messages and turns.
    Journal(ActorSystem& actors, WorldNames& names, Keep keep, uint64_t last_message, uint64_t turns);
    ~Journal() override; // keeps what is there

    void segment(Worker& worker, Actor& actor, const ActorMessage* message, SegmentEnd end) override;
    void inputs(Worker& worker) override;
    void posted(Actor& to, ActorMessage& message, bool first) override;
    void facts(Actor& actor) override;
    void ended(Actor& actor) override;
    void atom(Worker& worker, const Cell* atom, Value value) override;
    // One that no log tells.
    void append(const Record& record);
    // Turns that have ended, of which it has heard. Any thread.
    uint64_t turns();

    // What happens from here on is not told any more: the world is about to end. Answers as sync. Any thread.
    Result<void> close();
    // Answers when all that was appended before the call is kept, or could not be in a try that began after the call.
    // Nothing is dropped then: it is tried again with each sync and each second, and turns wait when too much waits. Any
    // thread.
    Result<void> sync();
    // Batches come no faster than this; nobody need wait for them. Before the first turn. 0: after a moment, or as soon as
    // somebody waits.
    void group_for(uint64_t milliseconds) { group_ms_ = milliseconds; }
    // Why the last try failed, if it did. Any thread.
    std::optional<Failure> failure() const;

  private:
    void take(const ByteWriter& group, bool may_wait, bool ends_turn);
    void run();
    FactsRecord facts_of(Actor& actor);
    void write_inputs(ByteWriter& group, Worker& worker);
    SegmentRecord segment_of(const Actor& actor, const ActorMessage* message);
    PostRecord post_of(const Actor& to, const ActorMessage& message, bool first);

    ActorSystem& actors_;
    WorldNames& names_;
    Keep keep_;
    std::atomic<uint64_t> last_message_;
    mutable std::mutex mutex_;
    std::condition_variable work_, done_;
    struct Chunk { // whole groups
        std::string bytes;
        uint64_t groups = 0, turns = 0; // appended_ and turns_ where it ends
    };
    std::vector<Chunk> take_buffered(size_t before);
    std::deque<Chunk> buffer_;
    std::string spare_;                         // memory for the next chunk
    size_t buffer_bytes_ = 0, tried_bytes_ = 0; // the second: of a batch that is to be tried again
    uint64_t appended_ = 0, kept_ = 0;          // groups
    uint64_t turns_;
    bool ending_ = false, closed_ = false;
    std::optional<Failure> failure_;      // of the last try
    uint64_t tries_ = 0, wanted_try_ = 0; // the first counts those that have ended
    uint64_t group_ms_ = 0;
    os::Thread thread_;
};

} // namespace indent::image
