// What a journal is made of. A group is what one segment of a turn did, or one thing that the machine did by itself: all
// of it counts or nothing. A batch, one row of the image, is some groups, each with its size before it.
#pragma once
#include "image/codec/archive.h"
#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace indent::image {

// Values of a message, an answer: cells and roots (parcels.h).
using ParcelBytes = std::string;

// The first of a story, and of a checkpoint.
struct BeginRecord {
    static constexpr uint64_t kFormat = 1;
    uint64_t format = kFormat; // of the records after it
    template <class A>
    void serialize(A& a) {
        a(format);
    }
};

// A message that waits from here on.
struct PostRecord {
    uint64_t to = 0;     // actor
    uint64_t number = 0; // of the message, in this image
    uint8_t kind = 0;    // ActorMessage::Kind
    bool first = false;  // before what waits
    uint64_t selector = 0;
    std::vector<uint64_t> labels;
    bool trailing_block = false;
    uint64_t from = 0; // actor; 0: nobody
    uint64_t ask = 0;
    uint64_t reason = 0; // Stop: a symbol; Child: the incarnation
    std::string report;
    uint64_t starts_as = 0; // a shape
    uint64_t layout_epoch = 0;
    ParcelBytes arguments;
    template <class A>
    void serialize(A& a) {
        a(to, number, kind, first, selector, labels, trailing_block, from, ask, reason, report, starts_as,
          layout_epoch, arguments);
    }
};

// A segment of a turn. With Done the changes of the heap; with Failed they are gone.
struct SegmentRecord {
    enum End : uint8_t { Waits, Done, Failed };
    uint64_t actor = 0;
    uint64_t turn = 0;    // which of its turns
    uint64_t message = 0; // that it handles; 0: none that waited in the image
    uint64_t timer = 0;   // that brought it; 0: none
    uint8_t end = Done;
    bool fresh = false; // the heap has begun anew with this turn
    bool draws = false; // with Done: the actor shows something on a canvas
    uint64_t epoch = 0;
    uint64_t at_ms = 0;
    std::string heap;   // heap_record.h
    std::string inputs; // what came into the turn since its last segment (tape.h); mostly nothing
    template <class A>
    void serialize(A& a) {
        a(actor, turn, message, timer, end, fresh, draws, epoch, at_ms, heap, inputs);
    }
};

// What an asker gets. In the group of the segment that answers.
struct AnswerRecord {
    uint64_t asker = 0; // actor
    uint64_t ask = 0;
    bool failed = false;
    ParcelBytes value;       // or the error
    std::string error_class; // of an error that the machine made
    std::string words, where;
    template <class A>
    void serialize(A& a) {
        a(asker, ask, failed, value, error_class, words, where);
    }
};

// In a checkpoint: an actor's turn waits, which has begun with this message and got all this so far.
struct TurnRecord {
    PostRecord message;
    uint64_t turn = 0;    // which of its turns
    uint64_t last_ms = 0; // when the story before this ended (ms since 1970)
    std::string inputs;
    template <class A>
    void serialize(A& a) {
        a(message, turn, last_ms, inputs);
    }
};

struct ChildRecord {
    uint64_t actor = 0;
    uint8_t restart = 0, on_error = 0;
    uint64_t patience = 0;
    uint64_t restarts = 0;
    template <class A>
    void serialize(A& a) {
        a(actor, restart, on_error, patience, restarts);
    }
};
struct SupervisionRecord {
    uint8_t strategy = 0, on_error = 0;
    uint64_t most = 0, within = 0;
    std::vector<ChildRecord> children;
    template <class A>
    void serialize(A& a) {
        a(strategy, on_error, most, within, children);
    }
};

// Who an actor is: all of it, each time that something of it changes.
struct FactsRecord {
    uint64_t actor = 0;
    uint64_t shape = 0; // of its class's instances
    std::vector<uint64_t> names;
    std::vector<uint64_t> watchers; // actors
    uint64_t supervisor = 0;        // actor; 0: none
    uint64_t incarnation = 0;
    std::optional<PostRecord> first_start;
    std::optional<SupervisionRecord> supervision;
    template <class A>
    void serialize(A& a) {
        a(actor, shape, names, watchers, supervisor, incarnation, first_start, supervision);
    }
};

struct EndRecord {
    uint64_t actor = 0;
    uint64_t reason = 0; // a symbol
    template <class A>
    void serialize(A& a) {
        a(actor, reason);
    }
};

struct TimerStartRecord {
    uint64_t number = 0;
    uint64_t due_ms = 0; // wall time
    uint64_t every = 0;  // ns
    PostRecord message;
    template <class A>
    void serialize(A& a) {
        a(number, due_ms, every, message);
    }
};
struct TimerEndRecord {
    uint64_t number = 0;
    template <class A>
    void serialize(A& a) {
        a(number);
    }
};

// An Atom's value, a module's `stable` or `var`: one value in a parcel.
struct AtomRecord {
    uint64_t atom = 0; // its number among the shared cells
    ParcelBytes value;
    template <class A>
    void serialize(A& a) {
        a(atom, value);
    }
};
struct ModuleValueRecord {
    std::string module, name;
    ParcelBytes value;
    template <class A>
    void serialize(A& a) {
        a(module, name, value);
    }
};

// From here on the definitions are those of this epoch of the image.
struct DefinitionsRecord {
    uint64_t epoch = 0;
    bool settled = false; // and all actors have followed
    template <class A>
    void serialize(A& a) {
        a(epoch, settled);
    }
};

// What a checkpoint says that is of no actor.
struct TotalsRecord {
    uint64_t last_message = 0, last_actor = 0, last_ask = 0, turns = 0;
    uint64_t last_ms = 0; // since 1970: when the story before it ended
    template <class A>
    void serialize(A& a) {
        a(last_message, last_actor, last_ask, turns, last_ms);
    }
};

// In a checkpoint: what is asked for before the pieces of actors are read.
struct IndexRecord {
    std::vector<uint64_t> names; // a symbol, its actor, …
    std::vector<uint64_t> busy;  // actors that have something to do, or show something
    template <class A>
    void serialize(A& a) {
        a(names, busy);
    }
};

// Of a heap that is too large for one row: the records before the one in the segment, each a group of its own. The group
// of the segment says before it how many of the actor's last ones they are; others are of a turn that did not end.
struct PartRecord {
    uint64_t actor = 0;
    std::string heap; // heap_record.h
    template <class A>
    void serialize(A& a) {
        a(actor, heap);
    }
};
struct PartsRecord {
    uint64_t actor = 0;
    uint64_t count = 0;
    template <class A>
    void serialize(A& a) {
        a(actor, count);
    }
};

// In a checkpoint: an actor whose heap is a base in leaves (heap_leaves.h), which are pieces.
struct HeadRecord {
    uint64_t actor = 0;
    std::string head;
    uint64_t bytes = 0; // of the leaves
    template <class A>
    void serialize(A& a) {
        a(actor, head, bytes);
    }
};

using Record = std::variant<BeginRecord, PostRecord, SegmentRecord, FactsRecord, EndRecord, TimerStartRecord,
                            TimerEndRecord, AtomRecord, ModuleValueRecord, DefinitionsRecord, TotalsRecord,
                            AnswerRecord, TurnRecord, IndexRecord, PartRecord, PartsRecord, HeadRecord>;

template <class T, size_t Kind = 0>
constexpr uint8_t kind_of_record() {
    if constexpr (std::is_same_v<T, std::variant_alternative_t<Kind, Record>>)
        return uint8_t(Kind);
    else
        return kind_of_record<T, Kind + 1>();
}

// Appends one to a group.
template <class T>
void write(ByteWriter& out, const T& record) {
    out.byte(kind_of_record<T>());
    write_record(out, record);
}
void write(ByteWriter& out, const Record& record);
// Of these there are very many: what they do not say is left out. Until version 2 they were written as the others are.
void write(ByteWriter& out, const PostRecord& post);
void write(ByteWriter& out, const SegmentRecord& segment);
// A segment without a heap, as if it had this one.
void write(ByteWriter& out, const SegmentRecord& segment, std::string_view heap);
// The records of a group, in their order, each let go before the next: few bytes may be many records. False: those are none,
// or `take` has answered false; what it is given is its own.
[[nodiscard]] bool read_each(std::string_view bytes, const std::function<bool(Record&)>& take);
// All of them. False: those are none.
[[nodiscard]] bool read_all(std::string_view bytes, std::vector<Record>& records);

// A group becomes the next of a batch.
void append_group(std::string& batch, std::string_view group);
// The next group of a batch; false: there is no more, or what follows is none (then `in` has failed).
[[nodiscard]] bool next_group(ByteReader& in, std::string_view& group);

// Whether a turn ends with this: those are what places in the story are counted by.
inline bool ends_turn(const SegmentRecord& segment) {
    return segment.end != SegmentRecord::Waits;
}

// How much may still come after a base, as Actor::log_room has it, before a new base is shorter to read: so many bytes of
// changes. A large base is in leaves: checkpoints fold changes into those, and its actor need not stand still to write it
// anew; there it is how large the heap has been, in units, as what is dead stays in leaves until there is little else.
constexpr uint32_t kLargeRoom = uint32_t(1) << 31;
constexpr unsigned kRoomUnitBits = 12;
inline uint32_t large_room(uint64_t heap_bytes) {
    return kLargeRoom | uint32_t(std::min<uint64_t>(heap_bytes >> kRoomUnitBits, kLargeRoom - 1));
}
// After a base and changes of these sizes, in a heap that uses so many bytes.
inline uint32_t room_after(uint64_t base, uint64_t changes, uint64_t heap_bytes) {
    constexpr uint64_t kLeast = 16 << 10, kTimes = 4, kLargeBase = 1 << 20;
    if (base >= kLargeBase) return large_room(heap_bytes);
    const uint64_t most = std::max(kLeast, kTimes * base);
    return uint32_t(most - std::min(most, changes));
}
// Whether the next record is to be a base.
inline bool has_no_room(uint32_t room, uint64_t heap_bytes) {
    constexpr uint32_t kShrunk = 4; // times
    return room & kLargeRoom ? (room & ~kLargeRoom) / kShrunk > heap_bytes >> kRoomUnitBits : room == 0;
}
// So many bytes of changes more have come.
inline void spend_room(uint32_t& room, uint64_t changes, uint64_t heap_bytes) {
    room = room & kLargeRoom ? std::max(room, large_room(heap_bytes))
                             : room - uint32_t(std::min<uint64_t>(room, changes));
}

} // namespace indent::image
