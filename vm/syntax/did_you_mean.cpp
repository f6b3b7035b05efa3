#include "vm/syntax/did_you_mean.h"
#include <algorithm>
#include <bit>
#include <vector>

namespace indent::syntax {

namespace {
constexpr size_t kLongest = 127; // letters of the shorter name

// A bit for each letter or digit that occurs.
uint64_t letters_of(std::string_view text) {
    uint64_t set = 0;
    for (char c : text)
        if (c != '_' && c != '?' && c != '!')
            set |= uint64_t(1) << ((c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) & 63);
    return set;
}
} // namespace

unsigned edit_distance(std::string_view a, std::string_view b, unsigned limit) {
    if (a.size() > b.size()) std::swap(a, b);
    if (b.size() - a.size() > limit) return limit + 1;
    if (a.size() > kLongest) return limit + 1;
    unsigned rows[3][kLongest + 1];
    unsigned *before = rows[0], *last = rows[1], *row = rows[2];
    for (size_t i = 0; i <= a.size(); ++i) last[i] = static_cast<unsigned>(i);
    for (size_t j = 1; j <= b.size(); ++j) {
        row[0] = static_cast<unsigned>(j);
        unsigned least = row[0];
        for (size_t i = 1; i <= a.size(); ++i) {
            unsigned cost = a[i - 1] == b[j - 1] ? 0 : 1;
            row[i] = std::min({row[i - 1] + 1, last[i] + 1, last[i - 1] + cost});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[i] = std::min(row[i], before[i - 2] + 1);
            least = std::min(least, row[i]);
        }
        if (least > limit) return limit + 1;
        std::swap(before, last);
        std::swap(last, row);
    }
    return std::min(last[a.size()], limit + 1);
}

namespace {

// Letters small, and no `_`, `?` or `!`: what people forget most is not counted as a slip.
std::string bare(std::string_view text) {
    std::string result;
    for (char c : text) {
        if (c == '_' || c == '?' || c == '!') continue;
        result += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return result;
}

unsigned slips_allowed(size_t letters) {
    return letters < 8 ? 1 : letters < 12 ? 2 : 3;
}

// In a short name only a letter too many, one too few, or two that changed places are a slip: another letter makes
// another word.
bool another_word(std::string_view a, std::string_view b) {
    if (a.size() != b.size() || a.size() > 3 || a == b) return false;
    std::string x(a), y(b);
    std::sort(x.begin(), x.end());
    std::sort(y.begin(), y.end());
    return x != y;
}

} // namespace

std::string nearest(std::string_view wanted, std::span<const std::string_view> candidates) {
    if (wanted.size() < 2 || wanted.size() > 100) return {};
    std::string plain = bare(wanted);
    unsigned allowed = slips_allowed(plain.size());
    unsigned best = allowed + 1;
    std::string_view found;
    const uint64_t letters = letters_of(plain);
    for (std::string_view candidate : candidates) {
        if (candidate == wanted || candidate.size() < 2 || candidate.size() > 100) continue;
        // Each slip brings one letter and takes one away at most.
        if (unsigned(std::popcount(letters ^ letters_of(candidate))) > 2 * allowed) continue;
        std::string other = bare(candidate);
        unsigned distance = edit_distance(plain, other, allowed);
        if (distance >= std::min(plain.size(), other.size()) || another_word(plain, other)) continue;
        if (distance < best) {
            best = distance;
            found = candidate;
        }
    }
    return std::string(found);
}

} // namespace indent::syntax
