// Compiled regular expressions, by PCRE2, without its just-in-time compiler. No heap; texts are UTF-8.
//
// Nothing may run away: one match may take only so many steps, memory and depth, and a search goes through the text in
// short windows, between which the caller can do as it likes.
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace indent {

inline constexpr size_t kNoOffset = SIZE_MAX;

enum RegexFlag : unsigned {
    kIgnoreCase = 1,
    kMultiLine = 2, // ^ and $ fit at lines
    kDotAll = 4,    // . fits a line end
    kExtended = 8,  // white space and comments in the pattern
    kAllRegexFlags = 15,
};

class RegexPattern {
  public:
    struct Fault {
        std::string message;
        size_t offset = 0; // bytes
    };
    // Null where the pattern is wrong: `fault` says why then.
    static std::shared_ptr<const RegexPattern> compile(std::string_view pattern, unsigned flags,
                                                       Fault& fault);

    RegexPattern(const RegexPattern&) = delete;
    ~RegexPattern();
    // For each group from 1 on its name, or "".
    std::vector<std::string> group_names() const;

  private:
    friend class RegexSearch;
    explicit RegexPattern(void* code) : code_(code) {}
    void* code_;
};

// Looks for matches in one text, from the left.
class RegexSearch {
  public:
    enum class Found { Yes, No, NotYet, Limit };

    // The text outlives the search.
    RegexSearch(std::shared_ptr<const RegexPattern> pattern, std::string_view text, size_t from);
    ~RegexSearch();
    RegexSearch(const RegexSearch&) = delete;

    // Goes on, for a moment. NotYet: ask again. Yes: `offsets` has the match, and the next call looks behind it.
    Found next();
    // Begin and end in bytes of the match and of its groups; kNoOffset for groups that took no part.
    const std::vector<size_t>& offsets() const { return offsets_; }
    const std::string& limit() const { return limit_; } // which one it was

  private:
    Found take_match(int count);
    Found fail_at_limit(int error);
    size_t window_end() const;

    std::shared_ptr<const RegexPattern> pattern_;
    std::string_view text_;
    size_t from_, searched_; // where matches may begin; where the next window does
    bool not_empty_ = false; // at from_
    bool careful_ = false;   // a window with few steps was not enough
    size_t careful_to_ = 0;
    std::vector<size_t> offsets_;
    std::string limit_;
    void* data_;
    void* context_;
};

} // namespace indent
