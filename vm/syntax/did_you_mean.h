// "Did you mean …?": the name out of a list that a person most likely meant.
#pragma once
#include <span>
#include <string>
#include <string_view>

namespace indent::syntax {

// How many letters must be put in, taken away, replaced or swapped with a neighbour to make one of the other.
// Counts up to `limit` and answers limit + 1 for anything further.
unsigned edit_distance(std::string_view a, std::string_view b, unsigned limit);

// The nearest of the candidates, or empty where none is near (one slip in up to seven letters, two in
// up to eleven, else three; case, `_`, `?` and `!` are no slips). The first of equals wins.
std::string nearest(std::string_view wanted, std::span<const std::string_view> candidates);

} // namespace indent::syntax
