#include "vm/prims/regex_pattern.h"
#include <algorithm>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace indent {

namespace {

constexpr size_t kLongestPattern = 1 << 16;
constexpr uint32_t kMostNested = 200;      // brackets in a pattern
constexpr uint32_t kMostSteps = 1'000'000; // of one attempt
constexpr uint32_t kFewSteps = 10'000;     // of each attempt, while many are made in one go
constexpr uint32_t kMostHeap = 1 << 15;    // KiB
constexpr uint32_t kMostPatternDepth = 100'000;
constexpr size_t kWindow = 4096, kCarefulWindow = 16; // bytes in which matches may begin

pcre2_code* code_of(void* code) {
    return static_cast<pcre2_code*>(code);
}
pcre2_match_data* data_of(void* data) {
    return static_cast<pcre2_match_data*>(data);
}
pcre2_match_context* context_of(void* context) {
    return static_cast<pcre2_match_context*>(context);
}
PCRE2_SPTR units(std::string_view text) {
    return reinterpret_cast<PCRE2_SPTR>(text.data());
}

std::string error_text(int error) {
    PCRE2_UCHAR text[256];
    int length = pcre2_get_error_message(error, text, sizeof text);
    return length < 0 ? "error " + std::to_string(error)
                      : std::string(reinterpret_cast<const char*>(text), size_t(length));
}

} // namespace

std::shared_ptr<const RegexPattern> RegexPattern::compile(std::string_view pattern, unsigned flags,
                                                          Fault& fault) {
    if (pattern.size() > kLongestPattern) {
        fault = {"a pattern has at most " + std::to_string(kLongestPattern) + " bytes", kLongestPattern};
        return nullptr;
    }
    uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_NO_UTF_CHECK | PCRE2_NEVER_BACKSLASH_C |
                       PCRE2_USE_OFFSET_LIMIT | PCRE2_DOLLAR_ENDONLY;
    if (flags & kIgnoreCase) options |= PCRE2_CASELESS;
    if (flags & kMultiLine) options |= PCRE2_MULTILINE;
    if (flags & kDotAll) options |= PCRE2_DOTALL;
    if (flags & kExtended) options |= PCRE2_EXTENDED;
    std::unique_ptr<pcre2_compile_context, decltype(&pcre2_compile_context_free)> context(
        pcre2_compile_context_create(nullptr), pcre2_compile_context_free);
    if (!context) throw std::bad_alloc();
    pcre2_set_parens_nest_limit(context.get(), kMostNested);
    int error = 0;
    PCRE2_SIZE offset = 0;
    pcre2_code* code = pcre2_compile(units(pattern), pattern.size(), options, &error, &offset, context.get());
    if (!code) {
        fault = {error_text(error), std::min<size_t>(offset, pattern.size())};
        return nullptr;
    }
    return std::shared_ptr<const RegexPattern>(new RegexPattern(code));
}

RegexPattern::~RegexPattern() {
    pcre2_code_free(code_of(code_));
}

std::vector<std::string> RegexPattern::group_names() const {
    uint32_t groups = 0, names = 0, width = 0;
    PCRE2_SPTR table = nullptr;
    pcre2_pattern_info(code_of(code_), PCRE2_INFO_CAPTURECOUNT, &groups);
    pcre2_pattern_info(code_of(code_), PCRE2_INFO_NAMECOUNT, &names);
    pcre2_pattern_info(code_of(code_), PCRE2_INFO_NAMEENTRYSIZE, &width);
    pcre2_pattern_info(code_of(code_), PCRE2_INFO_NAMETABLE, &table);
    std::vector<std::string> result(groups);
    for (uint32_t i = 0; i < names; ++i, table += width) {
        size_t group = size_t(table[0]) << 8 | table[1];
        if (group >= 1 && group <= groups) result[group - 1] = reinterpret_cast<const char*>(table + 2);
    }
    return result;
}

RegexSearch::RegexSearch(std::shared_ptr<const RegexPattern> pattern, std::string_view text, size_t from)
    : pattern_(std::move(pattern)), text_(text), from_(from), searched_(from),
      data_(pcre2_match_data_create_from_pattern(code_of(pattern_->code_), nullptr)),
      context_(pcre2_match_context_create(nullptr)) {
    if (!data_ || !context_) {
        pcre2_match_data_free(data_of(data_));
        pcre2_match_context_free(context_of(context_));
        throw std::bad_alloc();
    }
    pcre2_set_heap_limit(context_of(context_), kMostHeap);
    pcre2_set_depth_limit(context_of(context_), kMostPatternDepth);
}

RegexSearch::~RegexSearch() {
    pcre2_match_data_free(data_of(data_));
    pcre2_match_context_free(context_of(context_));
}

// The last place of the window that begins at searched_: at the beginning of a character.
size_t RegexSearch::window_end() const {
    size_t end = std::min(searched_ + (careful_ ? kCarefulWindow : kWindow), text_.size());
    while (end < text_.size() && (static_cast<unsigned char>(text_[end]) & 0xC0) == 0x80) ++end;
    return end;
}

RegexSearch::Found RegexSearch::next() {
    if (searched_ > text_.size()) return Found::No;
    if (careful_ && searched_ >= careful_to_) careful_ = false;
    size_t end = window_end();
    pcre2_set_offset_limit(context_of(context_), end);
    pcre2_set_match_limit(context_of(context_), careful_ ? kMostSteps : kFewSteps);
    uint32_t options = PCRE2_NO_UTF_CHECK;
    if (not_empty_ && searched_ == from_) options |= PCRE2_NOTEMPTY_ATSTART;
    int count = pcre2_match(code_of(pattern_->code_), units(text_), text_.size(), searched_, options,
                            data_of(data_), context_of(context_));
    if (count > 0) return take_match(count);
    if (count == PCRE2_ERROR_NOMATCH) {
        if (end >= text_.size()) {
            searched_ = text_.size() + 1;
            return Found::No;
        }
        searched_ = end;
        return Found::NotYet;
    }
    if (count == PCRE2_ERROR_MATCHLIMIT && !careful_) {
        careful_ = true;
        careful_to_ = end;
        return Found::NotYet;
    }
    return fail_at_limit(count);
}

RegexSearch::Found RegexSearch::take_match(int count) {
    const PCRE2_SIZE* vector = pcre2_get_ovector_pointer(data_of(data_));
    size_t pairs = pcre2_get_ovector_count(data_of(data_));
    offsets_.assign(2 * pairs, kNoOffset);
    for (size_t i = 0; i < std::min(pairs, size_t(count)); ++i) {
        if (vector[2 * i] == PCRE2_UNSET || vector[2 * i + 1] == PCRE2_UNSET) continue;
        offsets_[2 * i] = std::min(vector[2 * i], vector[2 * i + 1]); // \K may turn them round
        offsets_[2 * i + 1] = vector[2 * i + 1];
    }
    size_t next = offsets_[1];
    bool empty = offsets_[0] == next;
    if (next < from_ || (next == from_ && !empty)) { // behind \K nothing is sure: go on in any case
        next = from_ + 1;
        while (next < text_.size() && (static_cast<unsigned char>(text_[next]) & 0xC0) == 0x80) ++next;
        empty = false;
    }
    not_empty_ = empty;
    from_ = searched_ = next;
    return Found::Yes;
}

RegexSearch::Found RegexSearch::fail_at_limit(int error) {
    limit_ = error == PCRE2_ERROR_MATCHLIMIT   ? "takes more than " + std::to_string(kMostSteps) + " steps"
             : error == PCRE2_ERROR_DEPTHLIMIT ? "goes deeper than " + std::to_string(kMostPatternDepth)
             : error == PCRE2_ERROR_HEAPLIMIT || error == PCRE2_ERROR_NOMEMORY
                 ? "needs more than " + std::to_string(kMostHeap / 1024) + " MiB"
                 : "fails: " + error_text(error);
    return Found::Limit;
}

} // namespace indent
