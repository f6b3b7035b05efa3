#include "image/journal/journal.h"
#include "image/codec/heap_record.h"
#include "image/journal/parcels.h"
#include "image/journal/tape.h"
#include "vm/actors/actor_system.h"
#include "vm/actors/supervisor.h"
#include "vm/actors/turn_tape.h"
#include "vm/os/clock.h"
#include <chrono>

namespace indent::image {

namespace {

constexpr size_t kMostWaiting = size_t(256) << 20; // bytes that may wait for the disk; turns wait then
constexpr size_t kMostInBatch = size_t(32) << 20;  // bytes of a row
constexpr size_t kChunkBytes = size_t(1) << 20;
constexpr size_t kLongGroup = size_t(64) << 10;         // bytes: it is copied without the lock
constexpr size_t kWorthABatch = size_t(256) << 10;      // bytes for which a batch does not wait for more,
constexpr auto kMoment = std::chrono::milliseconds(10); // nor for longer
constexpr size_t kKeptBytes = size_t(4) << 20;          // of memory, from one batch to the next

// Neither the main program nor a reload is an actor of the image.
bool is_kept(const Actor& actor) {
    return actor.cls != nullptr;
}

} // namespace

Journal::Journal(ActorSystem& actors, WorldNames& names, Keep keep, uint64_t last_message, uint64_t turns)
    : actors_(actors), names_(names), keep_(std::move(keep)), last_message_(last_message), turns_(turns) {
    auto thread = os::Thread::start("journal", size_t(1) << 20, [this] { run(); });
    if (thread)
        thread_ = std::move(thread).value();
    else
        failure_ = std::move(thread).failure();
}

Journal::~Journal() {
    {
        std::lock_guard lock(mutex_);
        ending_ = true;
    }
    work_.notify_all();
    thread_ = {};
}

// ---- what happens

PostRecord Journal::post_of(const Actor& to, const ActorMessage& message, bool first) {
    PostRecord post;
    post.to = to.id;
    post.number = message.number;
    post.kind = uint8_t(message.kind);
    post.first = first;
    post.selector = message.selector ? names_.symbol(message.selector) : 0;
    for (SymbolId label : message.labels) post.labels.push_back(label ? names_.symbol(label) : 0);
    post.trailing_block = message.trailing_block;
    post.from = message.from ? message.from->id : 0;
    post.ask = message.ask;
    post.reason = message.kind == ActorMessage::Child ? message.reason
                  : message.reason                    ? names_.symbol(message.reason)
                                                      : 0;
    post.report = message.report;
    post.starts_as = message.starts_as ? names_.shape(message.starts_as) : 0;
    const Parcel* parcel = message.timer ? message.timer->arguments.get() : message.arguments.get();
    post.arguments = bytes_of_parcel(parcel, names_);
    return post;
}

FactsRecord Journal::facts_of(Actor& actor) {
    FactsRecord facts;
    facts.actor = actor.id;
    facts.shape = names_.shape(actor.cls->itself()->shape);
    facts.incarnation = actor.incarnation;
    for (SymbolId name : actors_.names_of(actor)) facts.names.push_back(names_.symbol(name));
    for (const ActorRef& watcher : actors_.watchers_of(actor))
        if (is_kept(*watcher)) facts.watchers.push_back(watcher->id);
    if (ActorRef supervisor = actors_.supervisor_of(actor); supervisor && actor.supervised)
        facts.supervisor = supervisor->id;
    if (actor.first_start) facts.first_start = post_of(actor, *actor.first_start, false);
    if (const Supervision* supervision = actor.supervision.get()) {
        SupervisionRecord record;
        record.strategy = supervision->strategy;
        record.on_error = supervision->on_error;
        record.most = supervision->most;
        record.within = supervision->within;
        for (const Child& child : supervision->children)
            record.children.push_back(
                {child.actor->id, child.restart, child.on_error, child.patience, child.restarts});
        facts.supervision = std::move(record);
    }
    return facts;
}

SegmentRecord Journal::segment_of(const Actor& actor, const ActorMessage* message) {
    SegmentRecord segment;
    segment.actor = actor.id;
    segment.turn = actor.turns;
    segment.epoch = actors_.runtime().epoch;
    segment.at_ms = uint64_t(os::wall_ns()) / os::kMillisecond;
    // Of a restart two turns tell: the one that ends the old incarnation has not done with the message.
    const bool ends_old = message && message->kind == ActorMessage::Restart && actor.state;
    if (message && !ends_old) {
        segment.message = message->number;
        segment.timer = message->timer ? message->timer->number : 0;
    }
    return segment;
}

void Journal::segment(Worker& worker, Actor& actor, const ActorMessage* message, SegmentEnd end) {
    static thread_local ByteWriter group, heap; // turns are short, and each has the same
    group.clear();
    heap.clear();
    bool is_end = false;
    Machine& vm = *worker.machine;
    if (is_kept(actor) && !(message && message->kind == ActorMessage::Native)) {
        // What came into it, before others have their turn: a reload of then is none of its own.
        std::string inputs;
        if (worker.tape && worker.tape->anything_written())
            inputs = bytes_of_tape(worker.tape->take_written(), names_);
        bool fresh = !actor.state;
        uint64_t parts = 0;
        if (end == SegmentEnd::Done) {
            uint64_t bytes = 0;
            const auto one_part = [&](std::string record) {
                ByteWriter part;
                bytes += record.size();
                write(part, PartRecord{actor.id, std::move(record)});
                take(part, true, false);
                ++parts;
            };
            const auto let_others = [&] {
                worker.give_way();
                group.clear(); // others of the thread have written there
                heap.clear();
            };
            const PutPart put_part = std::cref(one_part); // which takes no memory
            const GiveWay give_way = std::cref(let_others);
            // Where it has followed a reload, what its objects were need not be known any more; nor what they were a
            // long chain of changes ago.
            if (message && !fresh && !has_no_room(actor.log_room, vm.heap->used_bytes())) {
                Value* const roots[] = {&vm.actor_state, &vm.actor_journal, &vm.actor_drawings};
                write_changes(heap, *vm.heap, vm.stack_base, roots, names_, put_part, give_way);
                spend_room(actor.log_room, bytes + heap.size(), vm.heap->used_bytes());
            } else {
                vm.heap->collect_nursery(vm.stack_base);
                const Value roots[] = {vm.actor_state, vm.actor_journal, vm.actor_drawings};
                write_base(heap, *vm.heap, roots, names_, put_part, give_way);
                fresh = true;
                actor.log_room = room_after(bytes + heap.size(), 0, vm.heap->used_bytes());
            }
        }
        SegmentRecord segment = segment_of(actor, message);
        segment.fresh = fresh;
        segment.draws = end == SegmentEnd::Done && vm.actor_drawings;
        segment.inputs = std::move(inputs);
        segment.end = end == SegmentEnd::Waits    ? SegmentRecord::Waits
                      : end == SegmentEnd::Failed ? SegmentRecord::Failed
                                                  : SegmentRecord::Done;
        if (parts > 0) write(group, PartsRecord{actor.id, parts});
        // A turn without a trace: nobody needs to hear that it waits.
        is_end = ends_turn(segment);
        if (is_end || segment.message || segment.timer) write(group, segment, heap.view());
        const bool follows = !message && end == SegmentEnd::Done; // it has another layout now
        if (actor.supervision || follows) write(group, facts_of(actor));
    }
    if (Answer* reply = worker.reply; reply && message && message->ask && is_kept(*message->from)) {
        AnswerRecord answer;
        answer.asker = message->from->id;
        answer.ask = message->ask;
        answer.failed = reply->failed;
        answer.value = bytes_of_parcel(reply->value.get(), names_);
        if (reply->error_class) answer.error_class = reply->error_class;
        answer.words = reply->words;
        if (reply->trace) answer.where = reply->trace->where;
        write(group, answer);
        reply->kept = true;
    }
    if (end != SegmentEnd::Failed) {
        for (ActorRef& born : worker.outbox.spawned) {
            write(group, facts_of(*born));
            born->lock.lock();
            if (ActorMessage* start = born->first) {
                start->number = ++last_message_;
                write(group, post_of(*born, *start, false));
            }
            born->lock.unlock();
        }
        for (auto& letter : worker.outbox.letters) {
            if (!is_kept(*letter.to)) continue;
            letter.message->number = ++last_message_;
            write(group, post_of(*letter.to, *letter.message, false));
        }
        for (const TimerPointer& timer : worker.outbox.cancelled) write(group, TimerEndRecord{timer->number});
        const uint64_t now = actors_.now();
        for (const TimerPointer& timer : worker.outbox.timers) {
            if (timer->cancelled || !is_kept(*timer->target)) continue;
            ActorMessage message;
            message.selector = timer->selector;
            message.labels = timer->labels;
            message.trailing_block = timer->trailing_block;
            message.timer = timer;
            const uint64_t in = timer->due - std::min(timer->due, now);
            write(group, TimerStartRecord{timer->number, (uint64_t(os::wall_ns()) + in) / os::kMillisecond,
                                          timer->every, post_of(*timer->target, message, false)});
        }
    }
    if (group.size() > 0) take(group, true, is_end);
}

// The actor's lock is held.
void Journal::posted(Actor& to, ActorMessage& message, bool first) {
    if (!is_kept(to) || message.kind == ActorMessage::Native) return;
    message.number = ++last_message_;
    if (message.timer) return; // it is in the log as long as its turn waits alone
    append(post_of(to, message, first));
}

void Journal::facts(Actor& actor) {
    if (is_kept(actor)) append(facts_of(actor));
}

// The actor's lock is held.
void Journal::ended(Actor& actor) {
    if (is_kept(actor)) append(EndRecord{actor.id, actor.end_reason ? names_.symbol(actor.end_reason) : 0});
}

// What its turn has got so far, so that it gets and does it no second time.
void Journal::write_inputs(ByteWriter& group, Worker& worker) {
    const Actor& actor = *worker.running;
    if (!is_kept(actor) || !worker.tape || !actor.message || !worker.tape->anything_written()) return;
    SegmentRecord segment = segment_of(actor, actor.message.get());
    segment.end = SegmentRecord::Waits;
    segment.inputs = bytes_of_tape(worker.tape->take_written(), names_);
    if (segment.message) write(group, segment);
}

void Journal::inputs(Worker& worker) {
    ByteWriter group;
    write_inputs(group, worker);
    if (group.size() > 0) take(group, true, false);
}

void Journal::atom(Worker& worker, const Cell* atom, Value value) {
    ByteWriter group;
    write_inputs(group, worker);
    Parcel::Pointer parcel = Parcel::of_shared(actors_.runtime().shared, &value, 1);
    write(group, AtomRecord{names_.shared(atom), bytes_of_parcel(parcel.get(), names_)});
    take(group, false, false); // `atoms` is locked
}

void Journal::append(const Record& record) {
    ByteWriter group;
    write(group, record);
    take(group, false, false); // an actor may be locked
}

uint64_t Journal::turns() {
    std::lock_guard lock(mutex_);
    return turns_;
}

void Journal::take(const ByteWriter& group, bool may_wait, bool ends_turn) {
    // Others who end a turn wait for the lock, and what is long is copied without it.
    std::string alone;
    if (group.size() >= kLongGroup) append_group(alone, group.view());
    std::unique_lock lock(mutex_);
    if (may_wait) done_.wait(lock, [&] { return buffer_bytes_ + tried_bytes_ < kMostWaiting || closed_; });
    if (closed_) return;
    const size_t before = buffer_bytes_;
    if (!alone.empty()) {
        buffer_bytes_ += alone.size();
        buffer_.push_back({std::move(alone), 0, 0});
    } else {
        if (buffer_.empty() || buffer_.back().bytes.size() >= kChunkBytes) {
            spare_.clear();
            buffer_.push_back({std::exchange(spare_, {}), 0, 0});
        }
        std::string& bytes = buffer_.back().bytes;
        buffer_bytes_ -= bytes.size();
        append_group(bytes, group.view());
        buffer_bytes_ += bytes.size();
    }
    Chunk& chunk = buffer_.back();
    chunk.groups = ++appended_;
    chunk.turns = turns_ += ends_turn;
    const bool wakes = before == 0 || (before < kWorthABatch && buffer_bytes_ >= kWorthABatch);
    lock.unlock();
    if (wakes) work_.notify_one();
}

// ---- and is kept

// So much from the front of the buffer as a row takes with `before` bytes.
std::vector<Journal::Chunk> Journal::take_buffered(size_t before) {
    std::vector<Chunk> taken;
    while (!buffer_.empty() && (before == 0 || before + buffer_.front().bytes.size() <= kMostInBatch)) {
        taken.push_back(std::move(buffer_.front()));
        buffer_.pop_front();
        before += taken.back().bytes.size();
        buffer_bytes_ -= taken.back().bytes.size();
    }
    return taken;
}

// A batch that was not kept goes with all that has come since into the next one, and so do its names: nothing is left out.
void Journal::run() {
    constexpr auto kPatience = std::chrono::seconds(1);
    Batch batch; // not kept yet
    uint64_t upto = 0;
    std::unique_lock lock(mutex_);
    for (;;) {
        auto is_asked = [&] { return ending_ || wanted_try_ > tries_; };
        if (failure_)
            work_.wait_for(lock, kPatience, is_asked);
        else
            work_.wait(lock, [&] { return !buffer_.empty() || is_asked(); });
        // As long as nobody waits for it a batch gathers for a moment: each costs the same, whatever is in it.
        if (!is_asked()) {
            if (group_ms_)
                work_.wait_for(lock, std::chrono::milliseconds(group_ms_), is_asked);
            else
                work_.wait_for(lock, kMoment, [&] { return buffer_bytes_ >= kWorthABatch || is_asked(); });
        }
        const bool last = ending_;
        if (!buffer_.empty() || !batch.body.empty()) {
            std::vector<Chunk> taken = take_buffered(batch.body.size());
            lock.unlock();
            done_.notify_all();
            for (Chunk& chunk : taken) {
                if (batch.body.empty())
                    batch.body.swap(chunk.bytes);
                else
                    batch.body += chunk.bytes;
            }
            if (!taken.empty()) {
                batch.turns = taken.back().turns;
                batch.at_ms = os::wall_ns() / int64_t(os::kMillisecond);
                upto = taken.back().groups;
            }
            for (NameRow& row : names_.take_rows()) // all that those groups name was there before them
                batch.names.push_back(std::move(row));
            Result<void> kept = keep_(batch);
            lock.lock();
            if (kept) {
                if (batch.body.capacity() <= kKeptBytes) spare_ = std::move(batch.body);
                batch = {};
            }
            failure_.reset();
            if (kept)
                kept_ = upto;
            else
                failure_ = std::move(kept).failure();
            tried_bytes_ = batch.body.size();
        }
        if (failure_ || buffer_.empty()) ++tries_; // else it is not all that was there
        done_.notify_all();
        if (last && (failure_ || buffer_.empty())) return;
    }
}

std::optional<Failure> Journal::failure() const {
    std::lock_guard lock(mutex_);
    return failure_;
}

Result<void> Journal::sync() {
    std::unique_lock lock(mutex_);
    const uint64_t wanted = appended_;
    if (kept_ >= wanted) return ok();
    if (!thread_.joinable()) return *failure_;
    // One that is under way may have begun before the call, without what the caller waits for.
    const uint64_t tries = tries_ + 2;
    wanted_try_ = std::max(wanted_try_, tries);
    work_.notify_all();
    done_.wait(lock, [&] { return kept_ >= wanted || tries_ >= tries; });
    if (kept_ >= wanted) return ok();
    return failure_ ? *failure_ : Failure{"io_error", "what was done could not be kept"};
}

Result<void> Journal::close() {
    {
        std::lock_guard lock(mutex_);
        closed_ = true;
    }
    done_.notify_all();
    return sync();
}

} // namespace indent::image
