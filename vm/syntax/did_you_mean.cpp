#include "vm/syntax/did_you_mean.h"
#include <algorithm>
#include <vector>

namespace indent::syntax {

unsigned edit_distance(std::string_view a, std::string_view b, unsigned limit) {
    if (a.size() > b.size()) std::swap(a, b);
    if (b.size() - a.size() > limit) return limit + 1;
    std::vector<unsigned> before(a.size() + 1), last(a.size() + 1), row(a.size() + 1);
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

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return result;
}

} // namespace

std::string nearest(std::string_view wanted, std::span<const std::string_view> candidates) {
    if (wanted.size() > 100) return {};
    std::string small = lower(wanted);
    auto allowed = static_cast<unsigned>(std::max<size_t>(1, (wanted.size() + 1) / 3));
    if (wanted.size() < 2) return {};
    unsigned best = allowed + 1;
    std::string_view found;
    for (std::string_view candidate : candidates) {
        if (candidate == wanted || candidate.size() < 2 || candidate.size() > 100) continue;
        unsigned distance = edit_distance(small, lower(candidate), allowed);
        // A name of which every letter is another is no suggestion.
        if (distance >= std::min(wanted.size(), candidate.size())) continue;
        if (distance < best) {
            best = distance;
            found = candidate;
        }
    }
    return std::string(found);
}

} // namespace indent::syntax
