// Answers questions about an image's history, in words for people. What is looked at is a world of its own, made of what the
// image has; nothing of the program that may have the image open is touched.
//
//   info                     where the story is, what its history takes
//   turns [N [WHERE]]        the last N turns (20) before a place
//   history N                the same as a table: for each a line of turn, ms since 1970, actor, message, and nothing or
//                            `failed`, with tabs between them
//   state ACTOR [WHERE]      its fields as they were: for each a line of name and value, with a tab between them
//   places                   the snapshots: for each a line of number, ms since 1970, turn, timeline, name
//   show [WHERE [WHAT]]      the actors as they were, in short; or one of them, in full; or the value of an expression as it was
//   pictures [WHERE]         what was shown on canvases: for each a line, the bytes of a PNG in hexadecimal digits
//   diff FROM [TO]           what is different: of each field the first part
//   why ACTOR FIELD [WHERE]  which message made it what it is
//   what-if [N [FROM [TO [MODULE FILE TEXT]…]]]
//                            the last N messages (100), or those of a span, against edited texts of modules, or the newest
//                            code: failure "differs" with the report where something is not as it was, "refused" with
//                            what is wrong with the texts
//   rehearse …               the same, but what cannot be run at all is no difference
//   test-from TURN           a test of that turn, as text; failure "incomplete" with it where something cannot be written
//   step TURN [N]            the turn run again up to its Nth statement: where it is, its frames and their variables;
//                            without N its statements
//   foreign [MODULE HASH]…   which of these modules never had a text of this hash (as_hexadecimal of image::hash_of): a line
//                            for each
//   lines                    the timelines
//   fork WHERE [NAME]        a timeline that begins there; it does not go on
//   name NUMBER NAME         a timeline is called so
//   snapshots                the named places
//   snapshot NAME [WHERE]    names a place, which stays; failure "bad_name" where the name would be read as another place
//   forget NAME              a snapshot, by its name or number, is one no longer
//
// None of them runs code of the image but the value of an expression, what-if, rehearse, test-from and step, which end it
// after a while (image/history/patience.h).
#pragma once
#include "image/history/past.h"
#include "vm/base/result.h"
#include "vm/session/definition_store.h"
#include <atomic>
#include <mutex>
#include <string>
#include <vector>

namespace indent {

class ImagePast {
  public:
    // All three outlive it. The mutex is of whoever uses the image.
    ImagePast(image::Image& image, std::mutex& mutex, DefinitionStore& store)
        : past_(image, mutex), store_(store) {}

    // Failure "unknown_question"; "bad_words": how it is asked; "paused": it would run something of an image that is not
    // trusted yet (image_home.h), of which the others only look at what is written; else why it has no answer. Any thread.
    Result<std::string> ask(const std::string& question, const std::vector<std::string>& words);
    // Whether there is such a place, and the name may be a timeline's; empty: none.
    Result<void> may_go_back(const std::string& where, const std::string& name);
    // Whoever asks, or goes back, gets the failure "stopped" soon, and whoever does later at once. Any thread.
    void give_up() { past_.give_up(); }
    // Nobody tells the story meanwhile. Answers what was done.
    Result<std::string> go_back(const std::string& where, const std::string& name);

  private:
    // So many turns before, or as far back as the history is kept.
    Result<image::StoryPlace> back_from(const image::StoryPlace& upto, uint64_t most);
    Result<std::string> info();
    Result<std::string> turns(uint64_t most, const std::string& where, bool table);
    Result<std::string> state(const std::string& actor, const std::string& where);
    Result<std::string> show(const std::string& where, const std::string& what);
    Result<std::string> value(const image::StoryPlace& place, const std::string& text);
    Result<std::string> pictures(const std::string& where);
    Result<std::string> diff(const std::string& from, const std::string& to);
    Result<std::string> why(const std::string& actor, const std::string& field, const std::string& where);
    Result<std::string> test_of(const std::string& where);
    Result<std::string> step(const std::string& where, uint64_t number);
    Result<std::string> foreign(const std::vector<std::string>& words);
    Result<std::string> lines();
    Result<std::string> snapshots(bool table);
    Result<std::string> put_snapshot(const std::string& name, const std::string& where);
    Result<std::string> forget_snapshot(const std::string& which);
    std::string why_paused();
    image::Image& image() { return past_.image(); }
    std::mutex& mutex() { return past_.mutex(); }

    image::Past past_;
    DefinitionStore& store_;
    std::atomic<bool> trusted_ = false; // that is asked for until it is so
};

} // namespace indent
