#include "image/journal/recovery.h"
#include "image/journal/restorer.h"
#include <algorithm>

namespace indent::image {

namespace {

constexpr std::string_view kRest = "rest"; // the piece of what is of no actor

// Of actors, timers, messages: they are integers of programs, and new ones are larger.
constexpr uint64_t kLargestNumber = uint64_t(1) << 46;
constexpr uint64_t kMainActor = 1;         // the program itself, which is in no image
constexpr uint64_t kMostPassedOver = 4096; // for each record, on the way to the message that was handled

} // namespace

// ---- reading

bool Recovery::begin(std::string_view manifest, Piece piece) {
    piece_ = std::move(piece);
    auto listing = decode_listing(manifest);
    if (!listing) return false;
    std::string rest;
    for (const ListingEntry& entry : listing->entries) {
        if (entry.name == kRest) {
            if (!piece_(entry.hash, rest)) return false;
            continue;
        }
        uint64_t number = 0;
        ByteReader in(entry.name);
        number = in.fixed64();
        if (number & kAlone && in.remaining() > 0) {
            const LeafNumber leaf = in.fixed64();
            if (!in.at_end()) return false;
            bundles_[number].leaves[leaf] = entry.hash;
            continue;
        }
        if (!in.at_end()) return false;
        any_alone_ |= (number & kAlone) != 0;
        Bundle& bundle = bundles_[number];
        bundle.hash = entry.hash;
        bundle.there = true;
    }
    if (!take_group(rest)) return false;
    last_of_checkpoint_ = totals_.last_actor;
    turns_of_checkpoint_ = totals_.turns;
    return true;
}

bool Recovery::take_group(std::string_view group) {
    bytes_ += group.size();
    return read_each(group, [&](Record& record) { return take_one(record); });
}

bool Recovery::take_records(const std::vector<Record>& records) {
    return std::all_of(records.begin(), records.end(), [&](Record record) { return take_one(record); });
}

// What it holds is taken out of it.
bool Recovery::take_one(Record& record) {
    ++records_;
    return std::visit([&](auto& one) { return take(one); }, record);
}

void Recovery::drop_timer(uint64_t number) {
    auto timer = timers_.find(number);
    if (timer == timers_.end()) return;
    const uint64_t to = timer->second.message.to;
    if (auto its = timers_of_.find(to);
        its != timers_of_.end() && its->second.erase(number) && its->second.empty())
        timers_of_.erase(its);
    timers_.erase(timer);
}

bool Recovery::add(std::string_view batch, uint64_t from, uint64_t upto) {
    batch_bytes_ += batch.size();
    ByteReader in(batch);
    std::string_view group;
    for (uint64_t i = 0; i < upto && next_group(in, group); ++i)
        if (i >= from && !take_group(group)) return false;
    return !in.failed();
}

uint64_t Recovery::bundle_number(uint64_t actor) const {
    return any_alone_ && bundles_.contains(kAlone | actor) ? kAlone | actor : actor / kBundle;
}

Recovery::Bundle* Recovery::bundle_of(uint64_t actor) {
    return read_bundle(bundle_number(actor));
}

Recovery::Bundle* Recovery::read_bundle(uint64_t number) {
    if (reading_ && number != reading_number_) return nullptr; // a piece says nothing of others
    Bundle& bundle = bundles_[number];
    if (bundle.read || !bundle.there) return &bundle;
    bundle.read = true;
    std::string content;
    bool whole = piece_(bundle.hash, content);
    if (whole) {
        reading_ = true;
        reading_number_ = number;
        whole = take_group(content);
        reading_ = false;
    }
    for (auto part = bundle.leaves.lower_bound(kPart); whole && part != bundle.leaves.end(); ++part) {
        whole = bundle.actors.size() == 1 && piece_(part->second, content);
        if (whole) bundle.actors.begin()->second.parts.push_back(std::move(content));
    }
    for (auto at = bundle.leaves.lower_bound(kRecords);
         whole && at != bundle.leaves.end() && at->first < kPart; ++at) {
        whole = bundle.actors.size() == 1 && piece_(at->second, content);
        if (!whole) break;
        State& state = bundle.actors.begin()->second;
        ByteReader in(content);
        while (in.remaining() > 0 && !in.failed()) state.heap.emplace_back(in.text());
        whole = !in.failed() && !state.head.empty();
        state.kept.push_back(at->second);
        state.kept_records = state.heap.size();
        bytes_ += content.size();
    }
    bundle.changed = false;
    if (!whole) {
        bundle.damaged = any_damaged_ = true;
        bundle.actors.clear();
    }
    return &bundle;
}

bool Recovery::is_damaged(uint64_t actor) {
    Bundle* bundle = bundle_of(actor);
    return bundle && bundle->damaged && actor <= last_of_checkpoint_ && !bundle->actors.contains(actor);
}

std::vector<uint64_t> Recovery::names_of(uint64_t actor) const {
    std::vector<uint64_t> all;
    for (const auto& [symbol, named] : names_)
        if (named == actor) all.push_back(symbol);
    return all;
}

std::vector<Recovery::Damaged> Recovery::damaged(Look look) {
    std::vector<Damaged> all;
    std::string content;
    for (const auto& [number, bundle] : bundles_) {
        bool whole = !bundle.damaged;
        if (look == Look::AtAll) {
            whole = whole && (!bundle.there || piece_(bundle.hash, content));
            for (auto leaf = bundle.leaves.begin(); whole && leaf != bundle.leaves.end(); ++leaf)
                whole = piece_(leaf->second, content);
        }
        if (whole) continue;
        Damaged one;
        one.first = number & kAlone ? number & ~kAlone : std::max(number * kBundle, kMainActor + 1);
        one.last =
            number & kAlone ? one.first : std::min(number * kBundle + kBundle - 1, last_of_checkpoint_);
        for (const auto& [symbol, actor] : names_)
            if (bundle_number(actor) == number && !(bundle.damaged && bundle.actors.contains(actor)))
                one.names.push_back(symbol);
        all.push_back(std::move(one));
    }
    return all;
}

Recovery::State* Recovery::find(uint64_t actor) {
    Bundle* bundle = bundle_of(actor);
    if (!bundle) return nullptr;
    auto found = bundle->actors.find(actor);
    return found == bundle->actors.end() ? nullptr : &found->second;
}

Recovery::State* Recovery::change(uint64_t actor) {
    Bundle* bundle = bundle_of(actor);
    if (!bundle) return nullptr;
    auto found = bundle->actors.find(actor);
    if (found == bundle->actors.end()) return nullptr;
    bundle->changed = true;
    return &found->second;
}

template <class Visit>
void Recovery::each_actor(Visit visit) {
    for (auto& bundle : bundles_) {
        (void)read_bundle(bundle.first);
        for (auto& actor : bundle.second.actors) visit(actor.first, actor.second);
    }
}

std::vector<uint64_t> Recovery::actors() {
    std::vector<uint64_t> all;
    each_actor([&](uint64_t number, const State& state) {
        if (!state.ended) all.push_back(number);
    });
    std::sort(all.begin(), all.end());
    return all;
}

size_t Recovery::actor_count() {
    return actors().size();
}

// Most are busy for a moment, again and again: who rests is found when somebody asks.
void Recovery::note(uint64_t number, State& state) {
    if (reading_) return; // the index has it
    state.rests = state.ended || (state.mailbox.empty() && !state.begun && !state.draws && state.has_heap());
    if (!state.rests && !std::exchange(state.is_listed, true)) busy_.insert(number);
}

std::vector<uint64_t> Recovery::busy() const {
    std::vector<uint64_t> all;
    for (uint64_t number : busy_) {
        auto bundle = bundles_.find(bundle_number(number));
        if (bundle != bundles_.end()) {
            auto found = bundle->second.actors.find(number);
            if (found != bundle->second.actors.end() && found->second.rests) continue;
        }
        all.push_back(number);
    }
    return all;
}

uint64_t Recovery::named(uint64_t symbol) const {
    auto found = names_.find(symbol);
    return symbol && found != names_.end() ? found->second : 0;
}

void Recovery::forget_heap(uint64_t actor) {
    Bundle* bundle = bundle_of(actor);
    if (!bundle || bundle->changed || !bundle->there) return; // it could not be read again
    if (auto found = bundle->actors.find(actor); found != bundle->actors.end()) found->second.heap = {};
}

bool Recovery::take(const IndexRecord& index) {
    if (reading_ || index.names.size() % 2) return false;
    for (size_t i = 0; i + 1 < index.names.size(); i += 2) names_[index.names[i]] = index.names[i + 1];
    busy_.insert(index.busy.begin(), index.busy.end());
    return true;
}

bool Recovery::take(PostRecord& post) {
    if (post.number > kLargestNumber) return false;
    totals_.last_message = std::max(totals_.last_message, post.number);
    totals_.last_ask = std::max(totals_.last_ask, post.ask);
    if (post.ask && !reading_)
        if (State* waits = find(post.from); waits && waits->begun && pending_of(*waits).ask != post.ask)
            append_asked(change(post.from)->tape, post);
    State* state = change(post.to);
    if (!state) return passes_over(post.to);
    if (state->ended) return true; // it came too late
    const uint64_t to = post.to;
    if (post.first)
        state->mailbox.push_front(std::move(post));
    else
        state->mailbox.push_back(std::move(post));
    note(to, *state);
    return true;
}

bool Recovery::take(SegmentRecord& segment) {
    if (segment.end > SegmentRecord::Failed) return false;
    if (!reading_ && ends_turn(segment)) ++totals_.turns;
    totals_.last_message = std::max(totals_.last_message, segment.message);
    totals_.last_ms = std::max(totals_.last_ms, segment.at_ms);
    std::optional<PostRecord> handled;
    if (auto timer = segment.timer ? timers_.find(segment.timer) : timers_.end(); timer != timers_.end()) {
        if (segment.end == SegmentRecord::Waits) {
            handled = timer->second.message;
            handled->number = segment.message;
        }
        if (timer->second.every == 0) drop_timer(segment.timer);
    }
    State* found = change(segment.actor);
    if (!found) return passes_over(segment.actor);
    if (found->ended) return true;
    State& state = *found;
    state.turns = std::max(state.turns, segment.turn);
    auto message = std::find_if(state.mailbox.begin(), state.mailbox.end(), [&](const PostRecord& post) {
        return segment.message != 0 && post.number == segment.message;
    });
    // Messages are handled nearly in the order in which they came.
    passed_over_ += uint64_t(message - state.mailbox.begin());
    if (passed_over_ > kMostPassedOver * records_) return false;
    if (message != state.mailbox.end()) {
        if (segment.end == SegmentRecord::Waits) handled = std::move(*message);
        state.mailbox.erase(message);
    }
    if (segment.end == SegmentRecord::Waits) {
        const bool goes_on = state.begun && state.begun->number == segment.message;
        if (!goes_on && handled) state.begun = std::move(handled);
        if (!goes_on || begins_anew(segment.inputs)) state.tape.clear(), state.pending = {};
        state.tape_turn = segment.turn;
        if (state.begun && state.begun->number == segment.message) state.tape += segment.inputs;
    } else if (segment.message || segment.timer) {
        state.begun.reset();
        state.tape.clear();
        state.pending = {};
    }
    if (!segment.heap.empty()) state.draws = segment.draws;
    state.take_heap(segment, std::move(segment.heap));
    note(segment.actor, state);
    return true;
}

void Recovery::State::take_heap(const SegmentRecord& segment, std::string after) {
    if (segment.fresh && segment.end != SegmentRecord::Failed) {
        heap.clear();
        leaves.clear();
        head.clear();
        leaf_bytes = 0;
        kept.clear();
        kept_records = 0;
    }
    if (parts_due > 0 && !after.empty())
        for (std::string& part : parts) heap.push_back(std::move(part));
    parts.clear();
    parts_due = 0;
    if (!after.empty()) heap.push_back(std::move(after));
}

bool Recovery::State::take(const PartsRecord& due) {
    if (due.count == 0 || due.count > parts.size()) return false;
    parts.erase(parts.begin(), parts.end() - long(due.count));
    parts_due = due.count;
    return true;
}

bool Recovery::State::follow(const SegmentRecord& segment, const std::vector<Record>& group) {
    for (const Record& record : group)
        if (auto* due = std::get_if<PartsRecord>(&record); due && due->actor == segment.actor)
            if (!take(*due)) return false;
    take_heap(segment, segment.heap);
    return true;
}

uint64_t Recovery::State::heap_bytes() const {
    uint64_t bytes = leaf_bytes + head.size();
    for (const std::string& record : heap) bytes += record.size();
    return bytes;
}

bool Recovery::give_heap(const State& state, HeapPicture& picture) const {
    return give_heap(state, picture, [&](std::string leaf, bool is_changed) {
        return is_changed ? picture.add(std::move(leaf)) : picture.add_unchanged(std::move(leaf));
    });
}

bool Recovery::give_heap(const State& state, HeapPicture& picture, const TakeLeaf& take) const {
    std::set<LeafNumber> changed;
    for (const std::string& record : state.heap)
        if (!state.leaves.empty() && !add_leaves_of(record, changed)) return false;
    for (auto& [number, hash] : state.leaves) {
        std::string leaf;
        if (!piece_ || !piece_(hash, leaf) ||
            !take(std::move(leaf), changed.contains(leaf_number(page_of_leaf(number), 0))))
            return false;
    }
    if (!state.head.empty() && !picture.add(state.head)) return false;
    for (const std::string& record : state.heap)
        if (!picture.add(record)) return false;
    return true;
}

bool Recovery::take(PartRecord& part) {
    if (reading_) return false;
    State* state = change(part.actor);
    if (!state) return passes_over(part.actor);
    if (!state->ended) state->parts.push_back(std::move(part.heap));
    return true;
}

bool Recovery::take(const PartsRecord& parts) {
    State* state = reading_ ? nullptr : change(parts.actor);
    if (!state) return passes_over(parts.actor);
    return state->ended || state->take(parts);
}

bool Recovery::take(const HeadRecord& head) {
    if (!reading_ || !(reading_number_ & kAlone)) return false;
    State* state = change(head.actor);
    if (!state || state->ended || state->has_heap()) return false;
    const Bundle& bundle = bundles_[reading_number_];
    state->leaves = {bundle.leaves.begin(), bundle.leaves.lower_bound(kRecords)};
    state->head = head.head;
    state->leaf_bytes = head.bytes;
    return !head.head.empty();
}

bool Recovery::take(FactsRecord& facts) {
    if (facts.actor <= kMainActor || facts.actor > kLargestNumber) return false;
    Bundle* bundle = bundle_of(facts.actor);
    if (!bundle) return false;
    if (passes_over(facts.actor)) return true;
    totals_.last_actor = std::max(totals_.last_actor, facts.actor);
    bundle->changed = true;
    State& state = bundle->actors[facts.actor];
    if (state.ended) return true;
    if (!reading_) {
        for (uint64_t name : state.facts.names)
            if (named(name) == facts.actor) names_.erase(name);
        for (uint64_t name : facts.names) names_[name] = facts.actor;
    }
    const uint64_t number = facts.actor;
    state.facts = std::move(facts);
    note(number, state);
    return true;
}

bool Recovery::take(const EndRecord& end) {
    State* state = change(end.actor);
    if (!state) return passes_over(end.actor);
    if (state->ended) return true;
    const State was = std::exchange(*state, State());
    const uint64_t shape = was.facts.shape;
    state->ended = true;
    state->end_reason = end.reason;
    state->facts.actor = end.actor;
    state->facts.shape = shape; // it is known that it was there
    if (reading_) return true;
    for (uint64_t name : was.facts.names)
        if (named(name) == end.actor) names_.erase(name);
    note(end.actor, *state);
    end_asks(end.actor, was);
    if (auto its = timers_of_.find(end.actor); its != timers_of_.end()) {
        for (uint64_t timer : its->second) timers_.erase(timer);
        timers_of_.erase(its);
    }
    return true;
}

bool Recovery::take(const TimerStartRecord& timer) {
    if (timer.number == 0 || timer.number > kLargestNumber) return false;
    drop_timer(timer.number);
    timers_of_[timer.message.to].insert(timer.number);
    timers_[timer.number] = timer;
    return true;
}
bool Recovery::take(const TimerEndRecord& timer) {
    drop_timer(timer.number);
    return true;
}
bool Recovery::take(const AtomRecord& atom) {
    atoms_[atom.atom] = atom.value;
    return true;
}
bool Recovery::take(const ModuleValueRecord& value) {
    module_values_[{value.module, value.name}] = value.value;
    return true;
}
bool Recovery::take(const DefinitionsRecord& epoch) {
    epoch_ = epoch.epoch;
    settled_ = epoch.settled;
    return true;
}
bool Recovery::take(const TotalsRecord& totals) {
    totals_ = totals;
    return true;
}

bool Recovery::take(const AnswerRecord& answer) {
    State* asker = find(answer.asker);
    if (!asker) return passes_over(answer.asker);
    const PendingAsk pending = pending_of(*asker);
    if (!asker->ended && pending.ask == answer.ask && !pending.answered)
        append_answer(change(answer.asker)->tape, answer);
    return true;
}

bool Recovery::take(const TurnRecord& turn) {
    State* state = change(turn.message.to);
    if (!state) return false;
    totals_.last_message = std::max(totals_.last_message, turn.message.number);
    totals_.last_ask = std::max({totals_.last_ask, turn.message.ask, pending_ask(turn.inputs).ask});
    totals_.last_ms = std::max(totals_.last_ms, turn.last_ms);
    state->begun = turn.message;
    state->tape = turn.inputs;
    state->pending = {};
    state->tape_turn = turn.turn;
    note(turn.message.to, *state);
    return true;
}

// A turn may ask very often: its tape is not read from the beginning each time.
const PendingAsk& Recovery::pending_of(State& state) {
    return state.pending = pending_ask(state.tape, state.pending);
}

// Who waits for an answer of an actor that has ended hears of that.
void Recovery::end_asks(uint64_t actor, const State& state) {
    auto tell = [&](const PostRecord& post) {
        if (waits_for(post)) append_down(change(post.from)->tape, actor);
    };
    for (const PostRecord& post : state.mailbox) tell(post);
    if (state.begun) tell(*state.begun);
}

// Whether somebody waits for the answer to this message.
bool Recovery::waits_for(const PostRecord& post) {
    if (!post.ask) return false;
    State* asker = find(post.from);
    if (!asker || !asker->begun) return false;
    const PendingAsk pending = pending_of(*asker);
    return pending.ask == post.ask && !pending.answered;
}

// ---- and writing it again as one

void Recovery::write_state(ByteWriter& out, uint64_t number, const State& state) {
    write(out, state.facts);
    if (state.ended) {
        write(out, EndRecord{number, state.end_reason});
        return;
    }
    bool fresh = true;
    SegmentRecord segment;
    segment.actor = number;
    segment.turn = state.turns;
    segment.draws = state.draws;
    for (const std::string& heap : state.heap) {
        segment.fresh = std::exchange(fresh, false);
        write(out, segment, heap);
    }
    if (state.heap.empty() && state.turns > 0) write(out, segment);
    write_rest(out, state);
}

void Recovery::write_rest(ByteWriter& out, const State& state) {
    if (state.begun) {
        TurnRecord turn{*state.begun, state.tape_turn, totals_.last_ms, state.tape};
        if (!waits_for(turn.message)) turn.message.ask = 0;
        write(out, turn);
    }
    for (PostRecord post : state.mailbox) {
        post.first = false;
        if (!waits_for(post)) post.ask = 0;
        write(out, post);
    }
}

// Nobody waits for the heap of a neighbour to be read, or written.
void Recovery::move_large_apart() {
    std::vector<std::pair<uint64_t, State>> large;
    for (auto& [number, bundle] : bundles_) {
        if (!bundle.changed || number & kAlone) continue;
        for (auto at = bundle.actors.begin(); at != bundle.actors.end();) {
            if (at->second.heap_bytes() <= kLargeHeap && at->second.parts.empty()) {
                ++at;
                continue;
            }
            large.emplace_back(at->first, std::move(at->second));
            at = bundle.actors.erase(at);
        }
    }
    for (auto& [actor, state] : large) {
        Bundle& alone = bundles_[kAlone | actor];
        alone.changed = any_alone_ = true;
        alone.actors.emplace(actor, std::move(state));
    }
}

// Turns have changed some leaves of a large heap. Where that is much of them they are read, and written anew; else what
// has changed is kept beside them.
bool Recovery::write_large(Bundle& bundle, ByteWriter& out, Checkpoint& made) {
    std::map<LeafNumber, Hash> leaves;
    for (auto& [number, state] : bundle.actors) {
        if (state.ended || state.heap_bytes() <= kLargeHeap) {
            write_state(out, number, state);
        } else {
            leaves = state.leaves;
            HeadRecord head{number, state.head, state.leaf_bytes};
            std::set<LeafNumber> touched;
            for (const std::string& record : state.heap)
                if (!state.head.empty() && !add_leaves_of(record, touched)) return false;
            if (is_folded(state, touched)) {
                if (!fold(state, touched, leaves, head, made)) return false;
            } else {
                std::vector<Hash> kept = state.kept;
                ByteWriter records;
                for (size_t i = state.kept_records; i < state.heap.size(); ++i) records.text(state.heap[i]);
                if (records.size() > 0) {
                    kept.push_back(hash_of(records.view()));
                    made.pieces.push_back(records.take());
                }
                for (const Hash& piece : kept) {
                    const LeafNumber next = kRecords + leaves.size();
                    leaves[next] = piece;
                }
            }
            write(out, state.facts);
            write(out, head);
            SegmentRecord segment;
            segment.actor = number;
            segment.turn = state.turns;
            segment.draws = state.draws;
            write(out, segment);
            write_rest(out, state);
        }
        for (const std::string& part : state.parts) {
            const LeafNumber next = kPart + leaves.size();
            leaves[next] = hash_of(part);
            made.pieces.push_back(part);
        }
    }
    bundle.leaves = std::move(leaves);
    return true;
}

// Whether the changes since the leaves are a good part of the leaves that they change.
bool Recovery::is_folded(const State& state, const std::set<LeafNumber>& touched) const {
    if (state.heap.empty()) return false;
    if (state.leaves.empty()) return true;
    uint64_t there = 0, changes = 0;
    for (LeafNumber each : touched) there += state.leaves.contains(each);
    for (const std::string& record : state.heap) changes += record.size();
    constexpr uint64_t kGoodPart = 4; // a quarter
    return changes > there * (state.leaf_bytes / state.leaves.size()) / kGoodPart;
}

bool Recovery::fold(const State& state, const std::set<LeafNumber>& touched,
                    std::map<LeafNumber, Hash>& leaves, HeadRecord& head, Checkpoint& made) const {
    const bool anew = state.head.empty();
    HeapPicture picture;
    if (!anew) {
        for (LeafNumber each : touched) {
            auto leaf = leaves.find(each);
            std::string content;
            if (leaf == leaves.end()) continue;
            if (!piece_(leaf->second, content)) return false;
            head.bytes -= std::min<uint64_t>(head.bytes, content.size());
            if (!picture.add(std::move(content))) return false;
        }
        if (!picture.add(state.head)) return false;
    }
    for (const std::string& record : state.heap)
        if (!picture.add(record)) return false;
    const bool written = picture.write_leaves(
        anew ? nullptr : &touched, [&](LeafNumber first, LeafNumber upto, std::string record) {
            leaves.erase(leaves.lower_bound(first), leaves.lower_bound(upto));
            if (record.empty()) return;
            head.bytes += record.size();
            leaves[first] = hash_of(record);
            made.pieces.push_back(std::move(record));
        });
    head.head = picture.head();
    return written;
}

bool Recovery::checkpoint(Checkpoint& made) {
    move_large_apart();
    std::vector<ListingEntry> entries;
    ByteWriter rest;
    write(rest, BeginRecord{});
    write(rest, totals_);
    write(rest, DefinitionsRecord{epoch_, settled_});
    IndexRecord index;
    for (auto& [symbol, actor] : names_) index.names.insert(index.names.end(), {symbol, actor});
    index.busy = busy();
    write(rest, index);
    for (auto& [number, timer] : timers_) write(rest, timer);
    for (auto& [number, value] : atoms_) write(rest, AtomRecord{number, value});
    for (auto& [name, value] : module_values_) write(rest, ModuleValueRecord{name.first, name.second, value});
    made.pieces.push_back(rest.take());
    entries.push_back({std::string(kRest), hash_of(made.pieces.back())});
    for (auto& [number, bundle] : bundles_) {
        if (bundle.changed) {
            ByteWriter piece;
            if (number & kAlone && !write_large(bundle, piece, made)) return false;
            if (!(number & kAlone))
                for (auto& [actor, state] : bundle.actors) write_state(piece, actor, state);
            bundle.hash = hash_of(piece.view());
            bundle.there = bundle.read = true;
            bundle.changed = false;
            made.pieces.push_back(piece.take());
        }
        if (!bundle.there) continue;
        ByteWriter name;
        name.fixed64(number);
        entries.push_back({std::string(name.view()), bundle.hash});
        for (auto& [leaf, hash] : bundle.leaves) {
            name.cut_to(sizeof number);
            name.fixed64(leaf);
            entries.push_back({std::string(name.view()), hash});
        }
    }
    made.manifest = encode_listing("", entries);
    return !any_damaged_;
}

bool Recovery::fits(WorldNames& names) {
    ShapeId shape = 0;
    bool fits = true;
    each_actor([&](uint64_t, const State& state) {
        if (!fits || state.ended) return;
        fits = names.shape_of(state.facts.shape, shape);
        HeapPicture picture;
        if (!give_heap(state, picture)) return; // it is held, whatever the layouts are
        for (uint64_t each : picture.shapes()) fits = fits && names.shape_of(each, shape);
        if (state.facts.first_start && state.facts.first_start->starts_as)
            fits = fits && names.shape_of(state.facts.first_start->starts_as, shape);
        for (const PostRecord& post : state.mailbox)
            if (post.starts_as) fits = fits && names.shape_of(post.starts_as, shape);
    });
    return fits;
}

Recovery::Restored Recovery::restore(ActorSystem& actors, WorldNames& names, bool still) {
    return Restorer(*this, actors, names).begin(true, still);
}

} // namespace indent::image
