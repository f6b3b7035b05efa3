#include "vm/actors/break_record.h"
#include "vm/model/key.h"
#include "vm/model/list.h"
#include "vm/model/map.h"
#include <cstring>
#include <set>

namespace indent {

namespace {

// By what they are made of, without asking any code. What cannot be compared so is not the same.
bool are_same(const Machine& vm, std::vector<std::pair<Value, Value>> pairs) {
    std::set<std::pair<uint64_t, uint64_t>> seen;
    while (!pairs.empty()) {
        const auto [a, b] = pairs.back();
        pairs.pop_back();
        if (a == b) continue;
        if (!a.is_cell() || !b.is_cell()) return false;
        if (is_text(a) || is_text(b)) {
            if (quick_equal(a, b) != Equal::Yes) return false;
            continue;
        }
        if (!seen.insert({a.bits(), b.bits()}).second) continue;
        const Cell &one = *a.cell(), &other = *b.cell();
        if (is_list(a) && is_list(b)) {
            if (list_size(a) != list_size(b)) return false;
            for (size_t i = 0; i < list_size(a); ++i) pairs.emplace_back(list_get(a, i), list_get(b, i));
            continue;
        }
        if (is_map(a) && is_map(b)) {
            size_t i = map_next(a, 0), j = map_next(b, 0);
            for (; i != kNoEntry && j != kNoEntry; i = map_next(a, i + 1), j = map_next(b, j + 1)) {
                pairs.emplace_back(map_key_at(a, i), map_key_at(b, j));
                pairs.emplace_back(map_value_at(a, i), map_value_at(b, j));
            }
            if (i != j) return false;
            continue;
        }
        const Class *is = vm.class_of(a), *as = vm.class_of(b);
        const bool apart = one.shape == shape::kBlock || one.shape == shape::kAddress ||
                           one.shape == shape::kAtom || one.shape == shape::kVariable;
        if (apart || !is || !as || is->itself() != as->itself() || one.format() != other.format() ||
            one.word_count() != other.word_count())
            return false;
        if (one.format() == Format::Bytes) {
            if (std::memcmp(one.words(), other.words(), 8 * one.word_count()) != 0) return false;
            continue;
        }
        for (size_t i = 0; i < one.word_count(); ++i) pairs.emplace_back(one[i], other[i]);
    }
    return true;
}

Parcel::Pointer copy_of_parcel(Machine& vm, const Parcel* parcel) {
    if (!parcel) return nullptr;
    Parcel::Pointer copy = Parcel::pack_whole(vm, parcel->peek_all(), parcel->count());
    copy->filled(parcel->layout_epoch(), parcel->has_blocks());
    return copy;
}

} // namespace

BreakRecord::Deed BreakRecord::deed(Machine& vm, Kind kind, SharedSpace& shared, Actor& whom,
                                    const ActorMessage& call) {
    Deed deed;
    deed.kind = kind;
    deed.whom = ActorRef(shared, &whom);
    deed.selector = call.selector;
    deed.labels = call.labels;
    deed.trailing_block = call.trailing_block;
    deed.arguments = copy_of_parcel(vm, call.arguments.get());
    return deed;
}

void BreakRecord::begin() {
    std::deque<Deed> left;
    for (Deed& deed : done_)
        if (deed.left) left.push_back(std::move(deed));
    // What the last time did not come to is expected after it.
    for (Deed& deed : expected_) left.push_back(std::move(deed));
    expected_ = std::move(left);
    done_.clear();
    may_break = true;
    whole = true;
    looked_at = retries = returns = gives_up = false;
    broken.reset();
}

bool BreakRecord::is_expected(Machine& vm, const Deed& deed) const {
    const Deed* next = expected();
    if (!next || next->kind != deed.kind || next->selector != deed.selector || next->labels != deed.labels ||
        next->trailing_block != deed.trailing_block || next->delay != deed.delay ||
        next->period != deed.period || next->name != deed.name)
        return false;
    if (deed.kind == Spawn ? next->cls->itself() != deed.cls->itself() : next->whom.get() != deed.whom.get())
        return false;
    const size_t count = deed.arguments ? deed.arguments->count() : 0;
    if (count != (next->arguments ? next->arguments->count() : 0)) return false;
    std::vector<std::pair<Value, Value>> pairs;
    for (size_t i = 0; i < count; ++i) pairs.emplace_back(next->arguments->peek(i), deed.arguments->peek(i));
    return are_same(vm, std::move(pairs));
}

const BreakRecord::Deed& BreakRecord::meet() {
    done_.push_back(std::move(expected_.front()));
    expected_.pop_front();
    return done_.back();
}

void BreakRecord::all_left() {
    for (auto deed = done_.rbegin(); deed != done_.rend() && !deed->left; ++deed) deed->left = true;
}

std::unique_ptr<Answer> BreakRecord::copy_of(Machine& vm, const Answer& answer) {
    auto copy = std::make_unique<Answer>();
    copy->value = copy_of_parcel(vm, answer.value.get());
    copy->failed = answer.failed;
    copy->trace = answer.trace;
    copy->error_class = answer.error_class;
    copy->words = answer.words;
    return copy;
}

BreakRecord::Deed BreakRecord::copy_of(Machine& vm, const Deed& deed) {
    Deed copy;
    copy.kind = deed.kind;
    copy.whom = deed.whom;
    copy.selector = deed.selector;
    copy.labels = deed.labels;
    copy.trailing_block = deed.trailing_block;
    copy.arguments = copy_of_parcel(vm, deed.arguments.get());
    copy.cls = deed.cls;
    copy.name = deed.name;
    copy.delay = deed.delay;
    copy.period = deed.period;
    copy.timer = deed.timer;
    if (deed.answer) copy.answer = copy_of(vm, *deed.answer);
    copy.left = deed.left;
    return copy;
}

void BreakRecord::answered(Machine& vm, const Answer& answer) {
    if (done_.empty() || done_.back().kind != Ask) return;
    if (answer.failed)
        done_.pop_back();
    else
        done_.back().answer = copy_of(vm, answer);
}

bool BreakRecord::is_caught(Machine& vm, Value error) const {
    for (const Class* cls : caught_by)
        if (!cls || vm.is_a(error, cls)) return true;
    return false;
}

} // namespace indent
