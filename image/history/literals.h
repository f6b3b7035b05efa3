// Values as a test writes them: what their `inspect` answers. That is code of the program, so it computes alone, for a while
// (patience.h), and a value has a limit. The thread of the world, while nothing else runs in it.
#pragma once
#include "image/history/patience.h"
#include <string>

namespace indent::image {

struct Literal {
    std::string text;
    std::string why_not; // there is none, as the end of a sentence that begins with what the value is
};

class Literals {
  public:
    Literals(ActorSystem& actors, Patience& patience) : actors_(actors), patience_(patience) {}
    // The value may be in a heap that nobody changes, or in a parcel.
    Literal of(Value value);

  private:
    ActorSystem& actors_;
    Patience& patience_;
};

} // namespace indent::image
