// An image: one SQLite file with the definitions of a person's modules, each change of them, and the texts of the
// person's desk.
//
// One process has an image open at a time. Every change is one transaction that is on the disk when the call
// answers; a call that fails has changed nothing. One thread at a time.
//
// Failure codes: "not_found", "exists", "denied", "locked", "not_an_image", "newer", "damaged", "too_large",
// "no_space", "moved" (the file is not where it was opened; nothing is kept until it is there again), "io_error"; the
// messages name the file.
#pragma once
#include "image/store/listing.h"
#include "image/store/records.h"
#include "image/store/story.h"
#include "vm/base/result.h"
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace indent::image {

class Image {
  public:
    // A new image without modules. "exists" where there is a file with anything in it.
    static Result<std::unique_ptr<Image>> create(const std::string& path);
    // An image as it was left. What is opened is checked: tables, newest epoch, its modules and definitions, the desk.
    static Result<std::unique_ptr<Image>> open(const std::string& path);
    virtual ~Image() = default;

    virtual const std::string& path() const = 0;

    // The modules of the newest epoch, by their paths.
    virtual Result<std::vector<ModuleRecord>> modules() = 0;

    // A new epoch, in which these modules are as given and the others as they were. A module without definitions is
    // there no longer. Answers the epoch's number.
    virtual Result<uint64_t> commit(std::string_view what, const std::vector<ModuleRecord>& changed) = 0;

    // Every change so far, oldest first, and the modules as they were after one.
    virtual Result<std::vector<EpochRecord>> epochs() = 0;
    virtual Result<std::vector<ModuleRecord>> modules_at(uint64_t epoch) = 0;
    // What a module has been, each once, at the last epoch up to this one that has it, the newest first; and one of those. An
    // epoch that is damaged is passed over.
    struct Version {
        uint64_t epoch = 0;
        Hash hash;
    };
    virtual std::vector<Version> versions(std::string_view module, uint64_t upto) = 0;
    virtual Result<ModuleRecord> version(std::string_view module, const Version& version) = 0;
    // Whether a module of this path ever had the text of this hash (listing.h), as a whole.
    virtual Result<bool> had(std::string_view module, const Hash& text) = 0;

    // The texts of the desk, by key, and the keys of those that are damaged, which are left out until they are saved anew.
    virtual Result<std::map<std::string, std::string>> desk() = 0;
    virtual std::vector<std::string> damaged_texts() const = 0;
    virtual Result<void> save(std::string_view key, std::string_view text) = 0;
    virtual Result<void> forget(std::string_view key) = 0;

    // The story of its actors (image/journal makes and reads what is in it).
    virtual Story& story() = 0;
    virtual uint64_t newest_epoch() const = 0; // 0: there is none yet

    // What `changes` does by other calls, as one change.
    virtual Result<void> together(const std::function<Result<void>()>& changes) = 0;

    // Looks at everything in the file, SQLite's own structure included. May take long.
    virtual Result<void> verify() = 0;

    // A copy of the image as it is now, as a new file; "exists" where there is one.
    virtual Result<void> save_as(const std::string& path) = 0;

    // What a change that was answered survives: Power the machine's end, Process that of this process. Of this opening alone.
    enum class Survives { Power, Process };
    virtual Result<void> set_survives(Survives survives) = 0;

    // The whole file is written anew without what nothing uses, or as it was; takes about that much space meanwhile.
    virtual Result<void> compact() = 0;
    // Some free pages go back to the disk, and true: there is more to do. In a file of a program that did not provide for it
    // all is done at once.
    virtual Result<bool> compact_some() = 0;
    // "moved": its path does not lead to it any more.
    virtual Result<void> in_place() = 0;

    // The file grows no further than about this; a change that would make it is "no_space".
    virtual Result<void> limit_bytes(uint64_t bytes) = 0;

  protected:
    Image() = default;
    Image(const Image&) = delete;
    Image& operator=(const Image&) = delete;
};

} // namespace indent::image
