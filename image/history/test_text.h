// Parts of the text of a test that is made of a turn (turn_test.h).
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace indent::image {

bool is_word(char c);
// Whether a message can be called so: `take_all`, `done?`.
bool is_name(std::string_view text);
// `shop_of_books` for ShopOfBooks.
std::string small(const std::string& name);
// `20 ms`, `1 h`.
std::string time_in_words(uint64_t nanoseconds);
// A timer in literal form at `at`: its end and its number.
bool timer_at(std::string_view text, size_t at, size_t& end, uint64_t& number);

// What a test has beside its own, where it needs it.
extern const char* const kHearsTheEnd; // an actor to which `of` is sent, with the one whose `reason` it hears
extern const char* const kHearsNothing;
extern const char* const kAbove;     // a supervisor
extern const char* const kComesTrue; // waits, for two seconds

} // namespace indent::image
