// A text that grows, outside the heap: for results whose length or width is not known before they are made.
#pragma once
#include "vm/model/text.h"

namespace indent {

class TextBuffer {
  public:
    void append(char32_t point);
    void append(TextView text);
    void append_ascii(std::string_view ascii);
    size_t length() const { return is_wide_ ? wide_.size() : narrow_.size(); }
    // The text of what was appended.
    Value finish(Mutator& mutator, Value* top) const;

  private:
    void widen();
    std::string narrow_; // code points below 0x100, until the first one that is not
    std::u32string wide_;
    bool is_wide_ = false;
};

} // namespace indent
