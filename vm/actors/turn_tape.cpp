#include "vm/actors/turn_tape.h"
#include "vm/actors/actor_system.h"
#include "vm/actors/worker.h"
#include "vm/interp/inner.h"
#include "vm/os/clock.h"
#include <algorithm>
#include <array>

namespace indent {

namespace {

constexpr int kSlot = int(kPrimitiveFrame) - 1;

// How the tape of a turn has to do with a primitive that has an effect.
enum class Tells : uint8_t {
    Answer, // it is what comes in
    Itself, // runs code of the program, or waits: it says by itself what comes in (InputTape::input and so on)
    RunsCode, // changes the program or runs what nobody has seen: not to be done again
};

Tells tells(Machine& vm, const Method& method) {
    static constexpr std::string_view kItself[] = {"swap",        "set", "print",
                                                   "print_error", "log", "_sleep_seconds"};
    static constexpr std::string_view kRunCode[] = {
        "eval",         "define", "remove", "_load",       "_reload",      "_prepare",     "_commit",
        "abort_reload", "_undo",  "_purge", "_hot_accept", "_hot_dispose", "_hot_decline", "_hot_invalidate"};
    const std::string_view name = vm.symbols.text(method.selector);
    if (std::find(std::begin(kItself), std::end(kItself), name) != std::end(kItself)) return Tells::Itself;
    if (std::find(std::begin(kRunCode), std::end(kRunCode), name) != std::end(kRunCode))
        return Tells::RunsCode;
    return Tells::Answer;
}

} // namespace

uint64_t hash_of_letters(const Outbox& outbox, const SymbolTable& symbols) {
    uint64_t hash = 0;
    for (const Outbox::Letter& letter : outbox.letters) {
        hash = (hash ^ letter.to->id) * 0x9E37'79B9'7F4A'7C15;
        hash = (hash ^ symbols.hash(letter.message->selector) ^ hash >> 29) * 0xBF58'476D'1CE4'E5B9;
    }
    return hash >> 32; // enough to tell two from each other
}

TurnTape::TurnTape(ActorSystem& system, std::vector<TapeEntry> entries, std::string broken, uint64_t last_ms,
                   ActorRef asked)
    : system_(system), broken_(std::move(broken)), asked_(std::move(asked)) {
    uint64_t waits_from = 0;
    for (TapeEntry& entry : entries) {
        switch (entry.kind) {
        case TapeEntry::Epoch: crossed_reload_ = true; continue;
        case TapeEntry::Anew: continue;
        case TapeEntry::Unkept:
            if (broken_.empty()) broken_ = std::move(entry.words);
            continue;
        case TapeEntry::Expects:
            if (entry.deed) expected_.push_back(std::move(*entry.deed));
            continue;
        case TapeEntry::Forgets: forget_expected(entry.number ? entry.number : expected_.size()); continue;
        case TapeEntry::Had: forget_expected(1); break;
        case TapeEntry::Rests:
            waited_ms_ = entry.number;
            waits_from = entry.count;
            continue;
        case TapeEntry::Left:
            left_at_ms_ = waits_from = entry.number;
            waited_ms_ = 0;
            break;
        default: break;
        }
        entries_.push_back(std::move(entry));
        if (entries_.back().kind == TapeEntry::Left) lefts_ = entries_.size();
    }
    waited_ms_ += last_ms - std::min(last_ms, waits_from);
    if (!entries_.empty() && entries_.back().kind == TapeEntry::Asked) pending_ = entries_.back().number;
}

TurnTape::TurnTape(ActorSystem& system, std::vector<TapeEntry> entries, bool loose,
                   std::shared_ptr<Collected> collected)
    : TurnTape(system, std::move(entries), {}, 0, {}) {
    pending_ = 0;
    collected_ = std::move(collected);
    loose_ = loose;
    used_.resize(entries_.size());
}

void TurnTape::forget_expected(uint64_t count) {
    for (; count > 0 && !expected_.empty(); --count) expected_.pop_front();
}

// ---- to be looked at

void TurnTape::collect(Collected::Way way, const Actor& to, ActorMessage& message, uint64_t after,
                       uint64_t every) {
    collected_->letters.push_back({way, to.id, message.selector, std::move(message.labels),
                                   std::move(message.arguments), after, every});
}

void TurnTape::collect(Outbox& outbox) {
    for (Outbox::Letter& letter : outbox.letters) collect(Collected::Sent, *letter.to, *letter.message);
    outbox.clear();
    collected_->left = collected_->letters.size();
}

void TurnTape::collect_reply(Machine& vm, const Value* value) {
    collected_->reply = Parcel::pack_whole(vm, value, 1);
}

void TurnTape::collect_end() {
    collected_->done = true;
}

void TurnTape::collect_failure() {
    auto& letters = collected_->letters;
    const auto from = letters.begin() + ptrdiff_t(std::min(collected_->left, letters.size()));
    letters.erase(std::remove_if(from, letters.end(),
                                 [](const Collected::Letter& each) { return each.way == Collected::Timed; }),
                  letters.end());
}

TapeEntry* TurnTape::take_if(TapeEntry::Kind kind, const std::function<bool(const TapeEntry&)>& fits) {
    if (lost()) return nullptr;
    if (!loose_) {
        if (!next_is(kind) || (fits && !fits(entries_[at_]))) return nullptr;
        return &entries_[at_++];
    }
    for (size_t i = 0; i < entries_.size(); ++i) {
        if (used_[i] || entries_[i].kind != kind || (fits && !fits(entries_[i]))) continue;
        used_[i] = true;
        at_ = i + 1; // what belongs to it comes behind it
        return &entries_[i];
    }
    return nullptr;
}

// ---- where it does not fit

Value TurnTape::lose(Machine& vm, Value* args, std::string words) {
    if (why_lost_.empty()) why_lost_ = std::move(words);
    if (collected_ && collected_->diverged.empty()) collected_->diverged = why_lost_;
    at_ = entries_.size();
    return vm.fail("TurnLost", why_lost_, args);
}

void TurnTape::begin_turn(Machine& vm, Value* args) {
    if (!broken_.empty())
        lose(vm, args,
             "the program ended while this turn waited, and it cannot be run again, because " + broken_);
}

void TurnTape::end_turn(Machine& vm, Value* args) {
    if (at_ < entries_.size() && !loose_) diverge(vm, args, "it ends");
}

std::string TurnTape::in_words(const TapeEntry& entry) const {
    const SymbolTable& symbols = system_.runtime().symbols;
    const std::string name = entry.selector ? "`" + std::string(symbols.text(entry.selector)) + "`" : "";
    switch (entry.kind) {
    case TapeEntry::Result:
    case TapeEntry::Same: return "it called " + name;
    case TapeEntry::Again:
    case TapeEntry::Changed: return "it changed an Atom";
    case TapeEntry::Raised: return "it called " + name + ", which failed";
    case TapeEntry::Spawned:
    case TapeEntry::Taken: return "it spawned an actor";
    case TapeEntry::Full: return "it sent to a full mailbox";
    case TapeEntry::Timer: return "it sent with a timer";
    case TapeEntry::Deadlock: return "it asked in a circle";
    case TapeEntry::Left: return entry.count > 0 ? "it had sent messages and waited" : "it waited";
    case TapeEntry::NoRoom: return "it asked for what had no room";
    case TapeEntry::Asked: return "it asked the actor " + std::to_string(entry.to) + " for " + name;
    case TapeEntry::Answered:
    case TapeEntry::Heard:
    case TapeEntry::TimedOut: return "it waited for an answer";
    case TapeEntry::Sleeps: return "it slept";
    case TapeEntry::Stopped: return "it was stopped";
    case TapeEntry::Had: return "it did what it had done before it was retried";
    default: return "it did something else";
    }
}

std::string TurnTape::differs(const std::string& does) const {
    std::string words = "run again on what it had got, the turn is another one: " + does;
    if (const TapeEntry* then = loose_ ? nullptr : next())
        words += " where " + in_words(*then);
    else
        words += ", which it did not";
    if (crossed_reload_) words += " (a reload came in the middle of it)";
    return words;
}

// ---- primitives

void TurnTape::note_value(Machine& vm, SymbolId selector, Value value) {
    TapeEntry entry;
    entry.selector = selector;
    if (!value.is_cell()) {
        entry.plain = value;
    } else {
        std::string refusal;
        entry.values = Parcel::pack(vm, &value, 1, refusal);
        if (!entry.values) {
            note(TapeEntry::Unkept, 0,
                 "what `" + std::string(vm.symbols.text(selector)) + "` answered cannot be kept: " + refusal);
            return;
        }
    }
    written_.push_back(std::move(entry));
    constexpr size_t kMany = 1024; // a turn that only reads the clock, and never waits
    if (written_.size() >= kMany && !in_raise_ && system_.log) system_.log->inputs(system_.worker_of(vm));
}

// The value goes to a slot of the frame at `nf`.
bool TurnTape::give(Machine& vm, TapeEntry& entry, Value* nf, Value& value) {
    if (!entry.values) {
        value = entry.plain;
        return true;
    }
    const uint32_t epoch = entry.values->layout_epoch();
    Value* slot = nf + kSlot;
    Parcel::unpack(std::move(entry.values), vm, slot, slot + 1);
    if (epoch < vm.layout_epoch && system_.migrate_in_turn)
        system_.migrate_in_turn(vm, native_frame(vm, nf, slot + 1), {slot, 1});
    value = *slot;
    return true;
}

Value TurnTape::call_again(Machine& vm, Method& method, Value* nf) {
    const bool left = has_left();
    auto same = [&](const TapeEntry& entry) { return entry.selector == method.selector; };
    TapeEntry* entry = take_if(TapeEntry::Result, same);
    if (!entry) entry = take_if(TapeEntry::Same, same);
    if (!entry) entry = take_if(TapeEntry::Raised, same);
    if (!entry) return diverge(vm, nf, "it calls `" + std::string(vm.symbols.text(method.selector)) + "`");
    // What is with the segment alone is to be done once more where that has not left.
    if (!left && vm.symbols.text(method.selector) == "_cancel_timer") return method.primitive(vm, nf);
    if (entry->kind == TapeEntry::Same) return nf[entry->number];
    Value value;
    give(vm, *entry, nf, value);
    return entry->kind == TapeEntry::Raised ? vm.raise(value, nf) : value;
}

Value TurnTape::call(Machine& vm, Method& method, Value* nf) {
    if (lost()) return vm.fail("TurnLost", why_lost_, nf);
    if (inside_) return method.primitive(vm, nf);
    const Tells kind = tells(vm, method);
    if (kind == Tells::Itself) return method.primitive(vm, nf);
    if (repeats()) return call_again(vm, method, nf);
    if (kind == Tells::RunsCode) {
        note(TapeEntry::Unkept, 0,
             "`" + std::string(vm.symbols.text(method.selector)) + "` ran code that is in no method");
        return method.primitive(vm, nf);
    }
    const Rooted receiver(vm, nf[0]), first(vm, method.parameters.empty() ? Value::nil() : nf[1]);
    struct Inside {
        TurnTape& tape;
        ~Inside() { tape.inside_ = nullptr; }
    } inside{*this};
    inside_ = &method;
    const Value answer = method.primitive(vm, nf);
    if (inside_ != &method) return answer; // an error of it was resumed: that is what came in
    inside_ = nullptr;
    if (answer.is_cell() && (answer == receiver || answer == first)) {
        TapeEntry entry;
        entry.kind = TapeEntry::Same;
        entry.selector = method.selector;
        entry.number = answer == receiver ? 0 : 1;
        written_.push_back(std::move(entry));
    } else {
        nf[kSlot] = answer;
        note_value(vm, method.selector, answer);
        return nf[kSlot];
    }
    return answer;
}

void TurnTape::raised(Machine& vm, Value error) {
    const Method* method = std::exchange(inside_, nullptr);
    if (!method) return;
    in_raise_ = true; // it stays here until it is one
    const size_t before = written_.size();
    note_value(vm, method->selector, error);
    in_raise_ = false;
    if (written_.size() > before && written_.back().kind == TapeEntry::Result)
        written_.back().kind = TapeEntry::Raised;
}

Value TurnTape::input(Machine& vm, SymbolId selector, Value read, Value* nf) {
    if (lost()) return vm.fail("TurnLost", why_lost_, nf);
    if (inside_) return read;
    if (!repeats()) {
        note_value(vm, selector, read);
        return read;
    }
    TapeEntry* entry =
        take_if(TapeEntry::Result, [&](const TapeEntry& each) { return each.selector == selector; });
    if (!entry) return diverge(vm, nf, "it calls `" + std::string(vm.symbols.text(selector)) + "`");
    Value value;
    give(vm, *entry, nf, value);
    return value;
}

bool TurnTape::had(Mark mark) {
    if (loose_) return mark == Changed; // nobody else was there
    return take_if(mark == Changed ? TapeEntry::Changed : TapeEntry::Again) != nullptr;
}

// ---- writing

void TurnTape::note(TapeEntry::Kind kind, uint64_t number, std::string words) {
    if (repeats() || inside_ || lost()) return;
    TapeEntry entry;
    entry.kind = kind;
    entry.number = number;
    entry.words = std::move(words);
    written_.push_back(std::move(entry));
}

void TurnTape::note_asked(const Actor& to, SymbolId selector, uint64_t number) {
    if (repeats() || inside_ || lost()) return;
    TapeEntry entry;
    entry.kind = TapeEntry::Asked;
    entry.to = to.id;
    entry.selector = selector;
    entry.number = number;
    written_.push_back(std::move(entry));
}

void TurnTape::note_answer(Machine& vm, const Answer& reply) {
    if (reply.kept) {
        note(TapeEntry::Heard);
        return;
    }
    if (repeats() || inside_ || lost()) return;
    TapeEntry entry;
    entry.kind = TapeEntry::Answered;
    entry.failed = reply.failed;
    if (reply.value) entry.values = Parcel::pack_whole(vm, reply.value->peek_all(), reply.value->count());
    if (reply.error_class) entry.error_class = reply.error_class;
    entry.words = reply.words;
    if (reply.trace) entry.where = reply.trace->where;
    written_.push_back(std::move(entry));
}

void TurnTape::note_had(TapeEntry entry) {
    if (repeats() || inside_ || lost()) return;
    entry.kind = TapeEntry::Had;
    written_.push_back(std::move(entry));
}

void TurnTape::note_expected(Machine& vm, const BreakRecord& record) {
    for (const BreakRecord::Deed& deed : record.all_expected()) {
        TapeEntry entry;
        entry.kind = TapeEntry::Expects;
        entry.deed = std::make_shared<BreakRecord::Deed>(BreakRecord::copy_of(vm, deed));
        written_.push_back(std::move(entry));
    }
}

void TurnTape::note_rests() {
    note(TapeEntry::Rests, waited_ms_);
    if (!written_.empty()) written_.back().count = uint64_t(os::wall_ns()) / os::kMillisecond;
}

void TurnTape::note_left(const Outbox& outbox) {
    if (inside_) {
        const Method* method = std::exchange(inside_, nullptr);
        note(TapeEntry::Unkept, 0,
             "it waited inside of `" + std::string(system_.runtime().symbols.text(method->selector)) + "`");
        inside_ = method;
        return;
    }
    if (repeats() || lost()) return;
    if (std::exchange(just_left_, false) && outbox.empty()) return; // the tape says so already
    TapeEntry entry;
    entry.kind = TapeEntry::Left;
    entry.number = uint64_t(os::wall_ns()) / os::kMillisecond;
    entry.count = outbox.letters.size();
    entry.hash = entry.count ? hash_of_letters(outbox, system_.runtime().symbols) : 0;
    written_.push_back(std::move(entry));
}

void TurnTape::begin_epoch(uint32_t epoch) {
    epoch_ = epoch;
}

void TurnTape::note_epoch(uint32_t epoch) {
    if (std::exchange(epoch_, epoch) != epoch) note(TapeEntry::Epoch, epoch);
}

bool TurnTape::is_full(bool full, size_t letters) {
    if (repeats())
        return take_if(TapeEntry::Full, [&](const TapeEntry& each) { return each.number == letters; }) !=
               nullptr;
    if (full) note(TapeEntry::Full, letters);
    return full;
}

// ---- reading

bool TurnTape::leave(const Outbox& outbox) {
    if (loose_) return true;
    const SymbolTable& symbols = system_.runtime().symbols;
    if (next_is(TapeEntry::Left)) {
        const TapeEntry& entry = entries_[at_];
        const uint64_t count = outbox.letters.size();
        if (entry.count == count && (count == 0 || entry.hash == hash_of_letters(outbox, symbols))) {
            ++at_;
            just_left_ = !repeats();
            return true;
        }
        why_lost_ = differs("what it sends before it waits is not the same, " + std::to_string(count) +
                            " messages of " + std::to_string(entry.count));
    } else {
        why_lost_ = differs("it waits");
    }
    if (collected_ && collected_->diverged.empty()) collected_->diverged = why_lost_;
    at_ = entries_.size();
    return false;
}

} // namespace indent
