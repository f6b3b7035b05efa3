#include "tests/heap/fixture.h"
#include "vm/model/text.h"
#include "vm/model/text_buffer.h"
#include "vm/model/text_literal.h"
#include "vm/model/text_search.h"
#include "vm/model/unicode.h"
#include <doctest/doctest.h>
#include <random>
#include <string>

using namespace indent;
using test::TestHeap;

namespace {

std::u32string points_of(Value text) {
    TextView view = view_text(text);
    std::u32string points;
    for (size_t i = 0; i < view.length; ++i) points += view[i];
    return points;
}

// Texts of all three widths, with code points at the borders of each.
std::u32string random_points(std::mt19937& random, size_t most) {
    static constexpr char32_t kAlphabets[3][4] = {
        {U'a', U'b', 0x7F, 0xFF}, {U'a', 0x100, 0x7FF, 0xFFFF}, {U'a', 0xE000, 0x10000, 0x10FFFF}};
    const auto& alphabet = kAlphabets[random() % 3];
    std::u32string points;
    for (size_t length = random() % (most + 1); points.size() < length;) points += alphabet[random() % 4];
    return points;
}

std::string utf8_of(const std::u32string& points) {
    std::string utf8;
    for (char32_t c : points) append_utf8(utf8, c);
    return utf8;
}

struct Texts {
    SharedSpace shared;
    TestHeap heap{shared};
    Mutator& mutator() { return heap.mutator; }
    Value make(const std::u32string& points) {
        return make_text(mutator(), points.data(), points.size(), heap.top());
    }
    Value make(std::string_view utf8) { return make_text(mutator(), utf8, heap.top()); }
};

std::string quoted(std::string_view utf8) {
    std::string out;
    append_quoted(out, utf8);
    return out;
}

std::string symbol_written(std::string_view name) {
    std::string out;
    append_symbol(out, name);
    return out;
}

std::u32string cased(char32_t c, size_t (*mapping)(char32_t, char32_t[3])) {
    char32_t out[3];
    return {out, mapping(c, out)};
}

} // namespace

TEST_CASE("a text has the least width that holds its code points, and gives them back") {
    Texts texts;
    for (auto [utf8, width] :
         {std::pair{"", 1}, {"abc", 1}, {"é", 1}, {"ÿ", 1}, {"Ā", 2}, {"a€", 2}, {"a😀", 4}}) {
        Value text = texts.make(utf8);
        CHECK(view_text(text).width == width);
        CHECK(text_utf8(text) == utf8);
        CHECK(text.cell()->is_frozen());
    }
    CHECK(view_text(texts.make("naïve €")).length == 7);
}

TEST_CASE("bytes that are not UTF-8 become the replacement character, each for itself") {
    Texts texts;
    CHECK(points_of(texts.make("a\xFFz")) == U"a\uFFFDz");
    CHECK(points_of(texts.make("\xC3")) == U"\uFFFD");
    CHECK(points_of(texts.make("\xED\xA0\x80")) == U"\uFFFD\uFFFD\uFFFD"); // a surrogate
    CHECK(points_of(texts.make("\xC0\x80")) == U"\uFFFD\uFFFD");           // an overlong form
    CHECK(find_invalid_utf8("abc é") == std::string::npos);
    CHECK(find_invalid_utf8("é\xFF") == 2);
    CHECK(find_invalid_utf8("ab\xC3") == 2);
}

TEST_CASE("parts and joins of texts are what they are of code points, while everything moves") {
    Texts texts;
    texts.heap.young->set_collect_always(true);
    std::mt19937 random(7);
    for (int round = 0; round < 300; ++round) {
        std::u32string a = random_points(random, 20), b = random_points(random, 20);
        texts.heap[0] = texts.make(a);
        texts.heap[1] = texts.make(b);
        size_t from = random() % (a.size() + 1), to = from + random() % (a.size() - from + 1);
        texts.heap[2] = make_text_part(texts.mutator(), texts.heap[0], from, to, texts.heap.top());
        texts.heap[3] = make_text_joined(texts.mutator(), texts.heap[0], texts.heap[1], texts.heap.top());
        CHECK(points_of(texts.heap[2]) == a.substr(from, to - from));
        CHECK(points_of(texts.heap[3]) == a + b);
        // The same text by another way is equal and has the same hash, so the width must be the same too.
        texts.heap[4] = texts.make(utf8_of(a.substr(from, to - from)));
        CHECK(text_equal(texts.heap[2], texts.heap[4]));
        CHECK(text_hash(texts.heap[2]) == text_hash(texts.heap[4]));
        CHECK(text_equal(texts.heap[0], texts.heap[1]) == (a == b));
        int order = text_compare(texts.heap[0], texts.heap[1]);
        CHECK((order < 0) == (a < b));
        CHECK((order == 0) == (a == b));
    }
}

TEST_CASE("a text too long for the nursery is made, joined and cut like any other") {
    Texts texts;
    std::u32string points(100'000, U'x');
    points[50'000] = 0x1F600;
    texts.heap[0] = texts.make(points);
    texts.heap[1] = make_text_part(texts.mutator(), texts.heap[0], 0, 50'000, texts.heap.top());
    CHECK(view_text(texts.heap[1]).width == 1);
    texts.heap[2] = make_text_part(texts.mutator(), texts.heap[0], 50'000, 100'000, texts.heap.top());
    texts.heap[3] = make_text_joined(texts.mutator(), texts.heap[1], texts.heap[2], texts.heap.top());
    CHECK(text_equal(texts.heap[3], texts.heap[0]));
    Value unused;
    CHECK_THROWS_AS(make_text_room(texts.mutator(), size_t(1) << 60, 4, unused, texts.heap.top()),
                    OutOfMemory);
}

TEST_CASE("shared texts are equal to those of a heap") {
    Texts texts;
    Value shared = make_shared_text(texts.shared, "schön");
    CHECK(shared.cell()->is_shared());
    texts.heap[0] = texts.make("schön");
    CHECK(text_equal(shared, texts.heap[0]));
    CHECK(text_hash(shared) == text_hash(texts.heap[0]));
    texts.shared.release(shared);
}

TEST_CASE("searching finds what searching in code points finds, short and long, forwards and backwards") {
    Texts texts;
    std::mt19937 random(11);
    for (int round = 0; round < 2000; ++round) {
        std::u32string text = random_points(random, 60);
        size_t begin = random() % (text.size() + 1);
        std::u32string part = round % 3 == 0 ? random_points(random, 3) : text.substr(begin, random() % 30);
        texts.heap[0] = texts.make(text);
        texts.heap[1] = texts.make(part);
        TextView in = view_text(texts.heap[0]), wanted = view_text(texts.heap[1]);
        size_t from = random() % (text.size() + 1);
        CHECK(find_text(in, wanted, from) == text.find(part, from));
        CHECK(find_last_text(in, wanted, from) == text.rfind(part, from));
        CHECK(starts_with(in, wanted) == (text.compare(0, part.size(), part) == 0));
        CHECK(ends_with(in, wanted) == (text.size() >= part.size() &&
                                        text.compare(text.size() - part.size(), part.size(), part) == 0));
    }
}

TEST_CASE("searching for a long part that nearly fits everywhere ends soon") {
    Texts texts;
    std::u32string part(100'000, U'a');
    part.back() = U'b';
    texts.heap[0] = texts.make(std::u32string(400'000, U'a'));
    texts.heap[1] = texts.make(part);
    CHECK(find_text(view_text(texts.heap[0]), view_text(texts.heap[1]), 0) == kNotFound);
    CHECK(find_last_text(view_text(texts.heap[0]), view_text(texts.heap[1]), 400'000) == kNotFound);
}

TEST_CASE("a buffer makes the text of what was appended, in the least width") {
    Texts texts;
    texts.heap[0] = texts.make("é€");
    TextBuffer buffer;
    buffer.append_ascii("ab");
    buffer.append(U'ü');
    CHECK(view_text(buffer.finish(texts.mutator(), texts.heap.top())).width == 1);
    buffer.append(view_text(texts.heap[0]));
    buffer.append(char32_t(0x1F600));
    CHECK(buffer.length() == 6);
    CHECK(text_utf8(buffer.finish(texts.mutator(), texts.heap.top())) == "abüé€😀");
    // Only what is appended counts, not the width it came in.
    TextBuffer narrow;
    narrow.append(view_part(view_text(texts.heap[0]), 0, 1));
    CHECK(view_text(narrow.finish(texts.mutator(), texts.heap.top())).width == 1);
}

TEST_CASE("inspecting quotes texts so that they can be read back, and shows what cannot be seen") {
    CHECK(quoted("plain") == "\"plain\"");
    CHECK(quoted("a\"b\\c{d}") == "\"a\\\"b\\\\c\\{d}\"");
    CHECK(quoted("\n\t\r\x1B") == "\"\\n\\t\\r\\e\"");
    CHECK(quoted(std::string_view("\0\x07", 2)) == "\"\\0\\u{7}\"");
    CHECK(quoted("é😀") == "\"é😀\"");
    CHECK(quoted("\u2028") == "\"\\u{2028}\"");
    CHECK(symbol_written("ready?") == ":ready?");
    CHECK(symbol_written("at_put") == ":at_put");
    CHECK(symbol_written("+") == ":\"+\"");
    CHECK(symbol_written("two words") == ":\"two words\"");
    CHECK(symbol_written("") == ":\"\"");
    CHECK(symbol_written("?") == ":\"?\"");
    CHECK(symbol_written("1st") == ":\"1st\"");
}

TEST_CASE("letters change their case, also into several") {
    CHECK(cased(U'a', unicode::to_upper) == U"A");
    CHECK(cased(U'ß', unicode::to_upper) == U"SS");
    CHECK(cased(U'ß', unicode::to_title) == U"Ss");
    CHECK(cased(U'ﬃ', unicode::to_upper) == U"FFI");
    CHECK(cased(U'ÿ', unicode::to_upper) == U"Ÿ");
    CHECK(cased(U'İ', unicode::to_lower) == U"i\u0307");
    CHECK(cased(U'Ω', unicode::to_lower) == U"ω");
    CHECK(cased(U'ǆ', unicode::to_title) == U"ǅ");
    CHECK(cased(U'1', unicode::to_upper) == U"1");
}

TEST_CASE("code points are known by their kind") {
    CHECK(unicode::is_letter(U'λ'));
    CHECK_FALSE(unicode::is_letter(U'1'));
    CHECK(unicode::is_digit(U'٣'));
    CHECK_FALSE(unicode::is_digit(U'½'));
    CHECK(unicode::is_space(0xA0));
    CHECK(unicode::is_space(U'\v'));
    CHECK_FALSE(unicode::is_space(0x200B));
    CHECK(unicode::is_upper(U'É'));
    CHECK(unicode::is_lower(U'é'));
    CHECK(unicode::is_punctuation(U'€'));
    CHECK_FALSE(unicode::is_code_point(0xD800));
    CHECK_FALSE(unicode::is_code_point(0x110000));
    CHECK(unicode::is_code_point(0x10FFFF));
}

TEST_CASE("clusters keep accents, flags and families together") {
    auto count = [](const std::u32string& points) {
        unicode::Clusters clusters;
        size_t n = 0;
        for (char32_t c : points) n += clusters.begins(c);
        return n;
    };
    CHECK(count(U"abc") == 3);
    CHECK(count(U"e\u0301a") == 2);
    CHECK(count(U"\r\n\n") == 2);
    CHECK(count(U"\U0001F1E9\U0001F1EA\U0001F1EB\U0001F1F7") == 2);
    CHECK(count(U"\U0001F468\u200D\U0001F469\u200D\U0001F467") == 1);
}
