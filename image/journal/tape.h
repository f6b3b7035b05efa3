// What came into a turn as bytes: entries (vm/actors/turn_tape.h), one behind the other, each with its kind first. So the
// inputs of a turn's segments and what the log tells of it between them, put behind each other, are its tape.
#pragma once
#include "image/codec/names.h"
#include "image/journal/records.h"
#include "vm/actors/turn_tape.h"
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace indent::image {

std::string bytes_of_tape(std::span<const TapeEntry> entries, Names& names);

// The message is there and the turn of `post.from` waits for its answer. Appends to that turn's tape.
void append_asked(std::string& tape, const PostRecord& post);
// What it gets. Appends to the same.
void append_answer(std::string& tape, const AnswerRecord& answer);
// The same where who is asked has ended.
void append_down(std::string& tape, uint64_t asked);

// False: that is none, or it names what is not there. `address_of`: of an actor with this number; absent: there never was
// one.
[[nodiscard]] bool tape_from(std::string_view bytes, ActorSystem& actors, Names& names,
                             const std::function<Value(uint64_t actor)>& address_of,
                             std::vector<TapeEntry>& entries);

// The ask whose answer a turn with this tape waits for, without looking at values; 0: none, or the tape makes no sense.
struct PendingAsk {
    uint64_t ask = 0, to = 0;
    bool answered = false; // it is there
    size_t upto = 0;       // bytes of the tape that were looked at; more than there are: it makes no sense
};
PendingAsk pending_ask(std::string_view tape);
// The same of a tape that has become longer since `known` was answered, or is still as it was.
PendingAsk pending_ask(std::string_view tape, const PendingAsk& known);
// Of the inputs of a segment: what the turn had got before counts no more.
bool begins_anew(std::string_view inputs);
// Whether a reload came while the turn with this tape waited.
bool crosses_reload(std::string_view tape);

} // namespace indent::image
