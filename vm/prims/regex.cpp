// Regular expressions for texts of code points: offsets in UTF-8 become places in the text.
#include "vm/interp/inner.h"
#include "vm/model/list.h"
#include "vm/prims/format_tables.h"
#include "vm/prims/regex_pattern.h"
#include "vm/prims/text_arguments.h"
#include <list>

namespace indent {

// The patterns that a machine has used last. Only a short cut: any may be compiled again.
class PatternCache {
  public:
    std::shared_ptr<const RegexPattern> get(const std::string& pattern, unsigned flags,
                                            RegexPattern::Fault& fault) {
        for (auto i = entries_.begin(); i != entries_.end(); ++i) {
            if (i->flags != flags || i->pattern != pattern) continue;
            entries_.splice(entries_.begin(), entries_, i);
            return i->compiled;
        }
        auto compiled = RegexPattern::compile(pattern, flags, fault);
        if (!compiled) return nullptr;
        entries_.push_front({pattern, flags, compiled});
        if (entries_.size() > kMost) entries_.pop_back();
        return compiled;
    }

  private:
    static constexpr size_t kMost = 32;
    struct Entry {
        std::string pattern;
        unsigned flags;
        std::shared_ptr<const RegexPattern> compiled;
    };
    std::list<Entry> entries_;
};

namespace {

// Slots: the arguments, then what is made. `fail` is a block that raises an error: message, place or nil.
enum Slot { kPattern = 1, kFlags, kText, kFrom, kMost, kFail, kResult, kMatch, kValue };

Value fail(Machine& vm, const std::string& message, Value place, int fail_slot, Value* args) {
    args[kValue] = vm.text(message, args);
    return vm.call(args[fail_slot], {args[kValue], place}, args);
}

// Null: an error was raised, and a handler has given `resumed` for the answer.
std::shared_ptr<const RegexPattern> pattern_argument(Machine& vm, Value* args, int fail_slot,
                                                     Value& resumed) {
    if (!is_text(args[kPattern])) {
        resumed = vm.wrong_type(args, kPattern, "a Text");
        return nullptr;
    }
    if (!args[kFlags].is_integer() || args[kFlags].as_integer() < 0 ||
        args[kFlags].as_integer() > int64_t(kAllRegexFlags)) {
        resumed = vm.wrong_type(args, kFlags, "flags");
        return nullptr;
    }
    RegexPattern::Fault fault;
    std::string pattern = text_utf8(args[kPattern]);
    auto& patterns = vm.inner->patterns;
    if (!patterns) patterns = std::make_shared<PatternCache>();
    auto compiled = patterns->get(pattern, unsigned(args[kFlags].as_integer()), fault);
    if (!compiled) {
        int64_t place = 0;
        for (char c : std::string_view(pattern).substr(0, fault.offset)) place += (c & 0xC0) != 0x80;
        resumed = fail(vm, fault.message, Value::integer(place), fail_slot, args);
    }
    return compiled;
}

// The names of the groups: a Text, or nil where a group has none.
Value regex_groups(Machine& vm, Value* args) {
    Value resumed;
    auto pattern = pattern_argument(vm, args, 3, resumed);
    if (!pattern) return resumed;
    std::vector<std::string> names = pattern->group_names();
    args[kResult] = vm.list(names.size(), args);
    for (const std::string& name : names) {
        args[kValue] = name.empty() ? Value::nil() : vm.text(name, args);
        add_to_new_list(vm, args[kResult], args[kValue], args);
    }
    return args[kResult];
}

// Turns offsets in UTF-8 into places, quickly for those that come in order.
class Places {
  public:
    Places(std::string_view text, bool ascii) : text_(text), ascii_(ascii) {}
    int64_t of(size_t offset) {
        if (ascii_) return int64_t(offset);
        for (; at_ < offset; ++at_) place_ += is_start(at_);
        for (; at_ > offset; --at_) place_ -= is_start(at_ - 1);
        return place_;
    }
    size_t offset_of(int64_t place) {
        if (ascii_) return size_t(place);
        size_t offset = 0;
        for (; place > 0; --place) {
            ++offset;
            while (offset < text_.size() && !is_start(offset)) ++offset;
        }
        return offset;
    }

  private:
    bool is_start(size_t at) const { return (static_cast<unsigned char>(text_[at]) & 0xC0) != 0x80; }
    std::string_view text_;
    bool ascii_;
    size_t at_ = 0;
    int64_t place_ = 0;
};

// Up to `most` matches from a place on: a list of lists (begin and end of the match, begin and end of each group, or
// nil twice).
Value regex_scan(Machine& vm, Value* args) {
    Value resumed;
    auto pattern = pattern_argument(vm, args, kFail, resumed);
    if (!pattern) return resumed;
    if (!is_text(args[kText])) return vm.wrong_type(args, kText, "a Text");
    size_t length = view_text(args[kText]).length;
    if (!args[kFrom].is_integer() || args[kFrom].as_integer() < 0 ||
        size_t(args[kFrom].as_integer()) > length)
        return vm.wrong_type(args, kFrom, "a place in the text");
    int64_t most = args[kMost].is_integer() ? args[kMost].as_integer() : INT64_MAX;
    std::string text = text_utf8(args[kText]);
    Places places(text, text.size() == length);
    RegexSearch search(pattern, text, places.offset_of(args[kFrom].as_integer()));
    args[kResult] = vm.list(most == 1 ? 1 : 8, args);
    while (most > 0) {
        vm.poll(args);
        switch (search.next()) {
        case RegexSearch::Found::No: return args[kResult];
        case RegexSearch::Found::NotYet: continue;
        case RegexSearch::Found::Limit: return fail(vm, search.limit(), Value::nil(), kFail, args);
        case RegexSearch::Found::Yes: break;
        }
        args[kMatch] = vm.list(search.offsets().size(), args);
        for (size_t offset : search.offsets()) {
            args[kValue] = offset == kNoOffset ? Value::nil() : Value::integer(places.of(offset));
            add_to_new_list(vm, args[kMatch], args[kValue], args);
        }
        add_to_new_list(vm, args[kResult], args[kMatch], args);
        --most;
    }
    return args[kResult];
}

constexpr PrimitiveRow kRegexRows[] = {{"_regex_groups", 3, regex_groups}, {"_regex_scan", 6, regex_scan}};

} // namespace

PrimitiveTable regex_primitives() {
    return {"", kRegexRows};
}

} // namespace indent
