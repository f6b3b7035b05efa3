// JSON (RFC 8259) taken apart, event by event, as the caller asks for them: no recursion, however deep it is, no
// conversion of numbers, no heap. Why not a library: RapidJSON and nlohmann's both refuse integers beyond a float's
// range even where they hand out digits, and call back instead of being asked, so they cannot be left in the middle.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace indent {

enum class JsonEvent { Map, EndMap, List, EndList, Key, Text, Integer, Float, True, False, Nil, End, Fault };

class JsonReader {
  public:
    // The text is UTF-8 and outlives the reader. What lies deeper than `most_depth` is a fault.
    JsonReader(std::string_view text, size_t most_depth) : text_(text), most_depth_(most_depth) {}

    // End once the document is over; after a fault, that fault for ever.
    JsonEvent next();
    // Of a key or text: itself, without escapes; of a number: how it is written. Until the next event.
    std::string_view value() const { return value_; }
    // What is wrong, and where in the text (bytes).
    const std::string& fault() const { return fault_; }
    size_t offset() const { return at_; }
    size_t depth() const { return open_.size(); }
    // Makes the value just read a fault.
    JsonEvent refuse(std::string message);

  private:
    enum class Expect { Value, ValueOrEnd, Key, KeyOrEnd, CommaOrEnd, Nothing, Broken };

    void skip_space();
    JsonEvent read_value();
    JsonEvent read_key();
    JsonEvent read_number();
    JsonEvent read_word(std::string_view word, JsonEvent event);
    bool read_text();
    bool read_escape();
    bool read_hex(unsigned& unit);
    JsonEvent begin(bool is_map);
    JsonEvent end();
    JsonEvent done(JsonEvent event);
    JsonEvent expected(std::string_view what);
    int peek() const { return at_ < text_.size() ? static_cast<unsigned char>(text_[at_]) : -1; }

    std::string_view text_, value_;
    size_t most_depth_, at_ = 0, value_at_ = 0;
    Expect expect_ = Expect::Value;
    std::vector<bool> open_; // containers around, outermost first: is it a map?
    std::string unescaped_, fault_;
};

// Line and column of a place in UTF-8, from 1; columns count code points.
struct TextPlace {
    size_t line = 1, column = 1;
};
TextPlace place_of(std::string_view text, size_t offset);

} // namespace indent
