#include "image/journal/tape.h"
#include "image/codec/words.h"
#include "image/journal/parcels.h"
#include "vm/actors/actor_system.h"
#include "vm/actors/break_record.h"
#include "vm/actors/timers.h"

namespace indent::image {

namespace {

// No cell of a heap: values on tapes are immediate, or in parcels.
class NoPlaces final : public Places {
  public:
    uint64_t place_of(const Cell*) override { return 0; }
};
class NoCells final : public CellsAt {
  public:
    Cell* cell_at(uint64_t) override { return nullptr; }
};

// One entry, as it is in bytes.
struct Raw {
    TapeEntry::Kind kind = TapeEntry::Result;
    uint64_t selector = 0, number = 0, count = 0, hash = 0, to = 0;
    bool failed = false;
    std::string_view word, values, error_class, words, where;
};

void write_raw(ByteWriter& out, const Raw& entry) {
    out.byte(uint8_t(entry.kind));
    switch (entry.kind) {
    case TapeEntry::Result:
    case TapeEntry::Raised:
        out.number(entry.selector);
        out.byte(entry.values.empty() ? 0 : 1);
        if (entry.values.empty())
            out.raw(entry.word);
        else
            out.text(entry.values);
        break;
    case TapeEntry::Same:
        out.number(entry.selector);
        out.number(entry.number);
        break;
    case TapeEntry::Spawned:
    case TapeEntry::Full:
    case TapeEntry::Timer:
    case TapeEntry::Sleeps:
    case TapeEntry::Epoch: out.number(entry.number); break;
    case TapeEntry::Unkept:
    case TapeEntry::Deadlock: out.text(entry.words); break;
    case TapeEntry::Left:
        out.number(entry.number);
        out.number(entry.count);
        if (entry.count) out.number(entry.hash);
        break;
    case TapeEntry::Asked:
        out.number(entry.number);
        out.number(entry.to);
        out.number(entry.selector);
        break;
    case TapeEntry::Answered:
        out.byte(entry.failed);
        out.text(entry.values);
        out.text(entry.error_class);
        out.text(entry.words);
        out.text(entry.where);
        out.number(entry.to);
        break;
    case TapeEntry::Rests:
        out.number(entry.number);
        out.number(entry.count);
        break;
    case TapeEntry::Expects: out.text(entry.values); break;
    case TapeEntry::Forgets: out.number(entry.number); break;
    case TapeEntry::Had:
        out.number(entry.count);
        out.number(entry.number);
        out.number(entry.to);
        out.number(entry.selector);
        out.text(entry.values);
        break;
    case TapeEntry::Again:
    case TapeEntry::Changed:
    case TapeEntry::Taken:
    case TapeEntry::NoRoom:
    case TapeEntry::Heard:
    case TapeEntry::TimedOut:
    case TapeEntry::Stopped:
    case TapeEntry::Anew: break;
    }
}

bool read_raw(ByteReader& in, std::string_view all, Raw& entry) {
    const uint8_t kind = in.byte();
    if (kind > TapeEntry::kLast) return false;
    entry.kind = TapeEntry::Kind(kind);
    switch (entry.kind) {
    case TapeEntry::Result:
    case TapeEntry::Raised:
        entry.selector = in.number();
        if (in.byte()) {
            entry.values = in.text();
            if (entry.values.empty()) return false;
        } else {
            NoNames names;
            NoCells cells;
            Value value;
            const size_t from = all.size() - in.remaining();
            if (!read_word(in, value, names, cells)) return false;
            entry.word = all.substr(from, all.size() - in.remaining() - from);
        }
        break;
    case TapeEntry::Same:
        entry.selector = in.number();
        entry.number = in.number();
        if (entry.number > 1) return false;
        break;
    case TapeEntry::Spawned:
    case TapeEntry::Full:
    case TapeEntry::Timer:
    case TapeEntry::Sleeps:
    case TapeEntry::Epoch: entry.number = in.number(); break;
    case TapeEntry::Unkept:
    case TapeEntry::Deadlock: entry.words = in.text(); break;
    case TapeEntry::Left:
        entry.number = in.number();
        entry.count = in.number();
        if (entry.count) entry.hash = in.number();
        break;
    case TapeEntry::Asked:
        entry.number = in.number();
        entry.to = in.number();
        entry.selector = in.number();
        break;
    case TapeEntry::Answered:
        entry.failed = in.byte() != 0;
        entry.values = in.text();
        entry.error_class = in.text();
        entry.words = in.text();
        entry.where = in.text();
        entry.to = in.number();
        break;
    case TapeEntry::Rests:
        entry.number = in.number();
        entry.count = in.number();
        break;
    case TapeEntry::Expects: entry.values = in.text(); break;
    case TapeEntry::Forgets: entry.number = in.number(); break;
    case TapeEntry::Had:
        entry.count = in.number();
        entry.number = in.number();
        entry.to = in.number();
        entry.selector = in.number();
        entry.values = in.text();
        if (entry.count > BreakRecord::kLast) return false;
        break;
    case TapeEntry::Again:
    case TapeEntry::Changed:
    case TapeEntry::Taken:
    case TapeEntry::NoRoom:
    case TapeEntry::Heard:
    case TapeEntry::TimedOut:
    case TapeEntry::Stopped:
    case TapeEntry::Anew: break;
    }
    return !in.failed();
}

std::string bytes_of_deed(const BreakRecord::Deed& deed, Names& names) {
    auto symbol = [&](SymbolId id) { return id ? names.symbol(id) : 0; };
    ByteWriter out;
    out.byte(deed.kind);
    out.number(deed.whom ? deed.whom->id : 0);
    out.number(symbol(deed.selector));
    out.number(deed.labels.size());
    for (SymbolId label : deed.labels) out.number(symbol(label));
    out.byte(deed.trailing_block);
    out.text(bytes_of_parcel(deed.arguments.get(), names));
    out.number(deed.cls ? names.shape(deed.cls->shape) : 0);
    out.number(symbol(deed.name));
    out.number(deed.delay);
    out.number(deed.period);
    out.number(deed.timer ? deed.timer->number : 0);
    out.byte(deed.answer != nullptr);
    out.text(deed.answer ? bytes_of_parcel(deed.answer->value.get(), names) : std::string());
    return out.take();
}

// False: it makes no sense. Null: whom it was done to, or what came of it, is not there any more.
bool deed_from(std::string_view bytes, Runtime& runtime, Names& names,
               const std::function<Value(uint64_t actor)>& address_of,
               std::shared_ptr<BreakRecord::Deed>& made) {
    auto deed = std::make_shared<BreakRecord::Deed>();
    ByteReader in(bytes);
    auto symbol = [&](SymbolId& id) {
        const uint64_t number = in.number();
        return number == 0 || names.symbol_of(number, id);
    };
    const uint8_t kind = in.byte();
    if (kind > BreakRecord::kLast) return false;
    deed->kind = BreakRecord::Kind(kind);
    const uint64_t whom = in.number();
    if (!symbol(deed->selector)) return false;
    for (uint64_t i = in.count(); i > 0; --i) {
        deed->labels.push_back(0);
        if (!symbol(deed->labels.back())) return false;
    }
    deed->trailing_block = in.byte() != 0;
    if (!parcel_from(in.text(), runtime.shared, 0, names, deed->arguments)) return false;
    const size_t count = deed->arguments ? deed->arguments->count() : 0;
    if (!deed->labels.empty() && deed->labels.size() != count) return false;
    for (size_t i = 0; i < count; ++i)
        if (deed->arguments->peek(i).is_absent()) return false;
    const uint64_t cls = in.number();
    if (!symbol(deed->name)) return false;
    deed->delay = in.number();
    deed->period = in.number();
    const uint64_t timer = in.number();
    const bool has_answer = in.byte() != 0;
    const std::string_view answer = in.text();
    if (!in.at_end()) return false;
    if (kind == BreakRecord::Spawn) {
        ShapeId shape = 0;
        if (!names.shape_of(cls, shape) || !(deed->cls = runtime.shapes[shape].cls)) return false;
    }
    if (timer) {
        deed->timer = std::make_shared<TimerRecord>(); // what it is known by is all that is asked for
        deed->timer->number = timer;
    }
    if (kind == BreakRecord::Later && !timer) return false;
    if (has_answer) {
        deed->answer = std::make_unique<Answer>();
        if (!parcel_from(answer, runtime.shared, 0, names, deed->answer->value) || !deed->answer->value ||
            deed->answer->value->count() != 1)
            return false;
    }
    deed->left = true;
    const Value address = address_of(whom);
    if (!address) return true;
    deed->whom = ActorRef(runtime.shared, actor_of(address));
    made = std::move(deed);
    return true;
}

void append(std::string& tape, const Raw& entry) {
    ByteWriter out;
    write_raw(out, entry);
    tape += out.view();
}

} // namespace

std::string bytes_of_tape(std::span<const TapeEntry> entries, Names& names) {
    ByteWriter out;
    for (const TapeEntry& entry : entries) {
        Raw raw;
        raw.kind = entry.kind;
        raw.selector = entry.selector ? names.symbol(entry.selector) : 0;
        raw.number = entry.number;
        raw.count = entry.count;
        raw.hash = entry.hash;
        raw.to = entry.to;
        raw.failed = entry.failed;
        const std::string values =
            entry.deed ? bytes_of_deed(*entry.deed, names) : bytes_of_parcel(entry.values.get(), names);
        raw.values = values;
        ByteWriter word;
        NoPlaces no_places;
        if (values.empty()) write_word(word, entry.plain, names, no_places);
        raw.word = word.view();
        raw.error_class = entry.error_class;
        raw.words = entry.words;
        raw.where = entry.where;
        write_raw(out, raw);
    }
    return out.take();
}

void append_asked(std::string& tape, const PostRecord& post) {
    Raw entry;
    entry.kind = TapeEntry::Asked;
    entry.number = post.ask;
    entry.to = post.to;
    entry.selector = post.selector;
    append(tape, entry);
}

void append_answer(std::string& tape, const AnswerRecord& answer) {
    Raw entry;
    entry.kind = TapeEntry::Answered;
    entry.failed = answer.failed;
    entry.values = answer.value;
    entry.error_class = answer.error_class;
    entry.words = answer.words;
    entry.where = answer.where;
    append(tape, entry);
}

void append_down(std::string& tape, uint64_t asked) {
    Raw entry;
    entry.kind = TapeEntry::Answered;
    entry.failed = true;
    entry.error_class = "ActorDown";
    entry.to = asked; // who that is in words is known where it is read
    append(tape, entry);
}

bool tape_from(std::string_view bytes, ActorSystem& actors, Names& names,
               const std::function<Value(uint64_t actor)>& address_of, std::vector<TapeEntry>& entries) {
    ByteReader in(bytes);
    Runtime& runtime = actors.runtime();
    while (!in.failed() && in.remaining() > 0) {
        Raw raw;
        if (!read_raw(in, bytes, raw)) return false;
        TapeEntry entry;
        entry.kind = raw.kind;
        entry.number = raw.number;
        entry.count = raw.count;
        entry.hash = raw.hash;
        entry.to = raw.to;
        entry.failed = raw.failed;
        entry.error_class = raw.error_class;
        entry.words = raw.words;
        entry.where = raw.where;
        if (raw.selector && !names.symbol_of(raw.selector, entry.selector)) return false;
        if (!raw.word.empty()) {
            ByteReader word(raw.word);
            NoCells cells;
            if (!read_word(word, entry.plain, names, cells) || entry.plain.is_cell()) return false;
        }
        if (raw.kind == TapeEntry::Expects) {
            if (!deed_from(raw.values, runtime, names, address_of, entry.deed)) return false;
            entries.push_back(std::move(entry));
            continue;
        }
        if (!parcel_from(raw.values, runtime.shared, 0, names, entry.values)) return false;
        if (entry.values && entry.values->count() != 1) return false;
        const bool has_value = entry.values || entry.plain;
        if (entry.kind == TapeEntry::Result && !has_value) return false;
        if (entry.kind == TapeEntry::Raised && !entry.values) return false;
        if (entry.kind == TapeEntry::Answered) {
            if (!entry.failed && !entry.values) return false;
            if (entry.failed && !entry.values) {
                const Binding* found = runtime.prelude.find(runtime.symbols.intern(entry.error_class));
                if (!found || found->kind != Binding::ClassName) return false;
                if (entry.to && entry.words.empty())
                    if (const Value who = address_of(entry.to))
                        entry.words = actors.describe(*actor_of(who)) + " has ended";
            }
        }
        if (entry.kind == TapeEntry::Had && entry.count == BreakRecord::Ask && !entry.values) return false;
        if (entry.kind == TapeEntry::Spawned ||
            (entry.kind == TapeEntry::Had && entry.count == BreakRecord::Spawn)) {
            if (const Value who = address_of(entry.number)) // of one that has not left there is nothing
                entry.values = Parcel::of_shared(runtime.shared, &who, 1);
        }
        entries.push_back(std::move(entry));
    }
    return in.at_end();
}

PendingAsk pending_ask(std::string_view tape) {
    return pending_ask(tape, {});
}

PendingAsk pending_ask(std::string_view tape, const PendingAsk& known) {
    if (known.upto > tape.size()) return known;
    PendingAsk pending = known;
    const std::string_view rest = tape.substr(known.upto);
    ByteReader in(rest);
    while (!in.failed() && in.remaining() > 0) {
        Raw raw;
        if (!read_raw(in, rest, raw)) return {0, 0, false, SIZE_MAX};
        if (raw.kind == TapeEntry::Asked) {
            pending = {raw.number, raw.to};
        } else if (raw.kind == TapeEntry::Answered) {
            pending.answered = true;
        } else if (raw.kind != TapeEntry::Rests) {
            pending = {};
        }
    }
    pending.upto = tape.size();
    return pending;
}

bool crosses_reload(std::string_view tape) {
    ByteReader in(tape);
    while (!in.failed() && in.remaining() > 0) {
        Raw raw;
        if (!read_raw(in, tape, raw)) return false;
        if (raw.kind == TapeEntry::Epoch) return true;
    }
    return false;
}

bool begins_anew(std::string_view tape) {
    return !tape.empty() && uint8_t(tape[0]) == TapeEntry::Anew;
}

} // namespace indent::image
