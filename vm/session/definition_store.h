// Where a session keeps what a person makes. A port: the session knows no files; ui/main fills it with an image, or
// with nothing.
#pragma once
#include "vm/base/result.h"
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace indent {

struct StoredPiece { // of a module's text
    std::string path;
    std::string text;
};
struct StoredModule {
    std::string path;
    std::vector<StoredPiece> pieces; // in order they are the text; none: the module is gone
};
// Under this path a store keeps the library that its program runs with: a piece for each file ("core/list.ind"). It is no
// module that a person sees or changes.
inline constexpr std::string_view kLibraryPath = "std";
// The text of the desk that says which library was refused, on its first line, and why.
inline constexpr std::string_view kLibraryRefused = "library/refused";
// On the desk, too, and not for clients to write: whose image it is, and what begins with the other one, stopped turns.
inline constexpr std::string_view kWhoseItIs = "home", kStoppedTurns = "broken/";

struct StoredEpoch { // one change that was kept
    uint64_t number = 0;
    int64_t at_ms = 0; // since 1970, UTC
    std::string what;
};

// Every change is kept when the call answers, or has failed and changed nothing. The session calls from its two
// threads and that of a reload's turn, one call at a time.
class DefinitionStore {
  public:
    virtual ~DefinitionStore() = default;
    virtual std::string name() const = 0; // for people: the image's path; empty where nothing is kept
    virtual Result<std::vector<StoredModule>> modules() = 0;
    // All of them as one change.
    virtual Result<void> save_modules(const std::vector<StoredModule>& modules, std::string_view what) = 0;
    virtual Result<std::map<std::string, std::string>> desk() = 0;
    virtual Result<void> save_desk(std::string_view key, std::string_view text) = 0;
    virtual Result<void> forget_desk(std::string_view key) = 0;
    // Keys of texts of the desk that are damaged, and that `desk` leaves out.
    virtual std::vector<std::string> damaged_texts() { return {}; }

    // ---- of what is kept in a file; "no_image" where nothing is
    virtual Result<std::vector<StoredEpoch>> epochs() { return no_image(); }
    virtual Result<std::vector<StoredModule>> modules_at(uint64_t /*epoch*/) { return no_image(); }
    // What a module has been up to an epoch, each text once, the newest first: the last epoch that has it, and the store's own
    // name for it. Of kLibraryPath the library's.
    struct Version {
        uint64_t epoch = 0;
        std::string name;
    };
    virtual Result<std::vector<Version>> versions(std::string_view /*module*/, uint64_t /*upto*/) {
        return no_image();
    }
    virtual Result<StoredModule> version(std::string_view /*module*/, const Version&) { return no_image(); }
    virtual Result<void> verify() { return no_image(); } // looks at all of it
    // Answers what the copy has damaged, in words for people; empty: nothing of what is now.
    virtual Result<std::string> save_as(const std::string&) { return no_image(); }
    // Gives space that nothing uses back to the disk, and lets others in between. Failure "damaged": not while something that is
    // there may be all that is left of something else.
    struct Compacted {
        uint64_t before = 0, after = 0; // bytes of the file
    };
    virtual Result<Compacted> compact() { return no_image(); }

  private:
    static Failure no_image() { return {"no_image", "nothing of this session is kept in a file"}; }
};

// Keeps everything until the program ends.
class MemoryStore final : public DefinitionStore {
  public:
    std::string name() const override { return ""; }
    Result<std::vector<StoredModule>> modules() override {
        std::vector<StoredModule> all;
        for (const auto& module : modules_) all.push_back(module.second);
        return all;
    }
    Result<void> save_modules(const std::vector<StoredModule>& modules, std::string_view) override {
        for (const auto& module : modules) modules_[module.path] = module;
        return ok();
    }
    Result<std::map<std::string, std::string>> desk() override { return desk_; }
    Result<void> save_desk(std::string_view key, std::string_view text) override {
        desk_[std::string(key)] = text;
        return ok();
    }
    Result<void> forget_desk(std::string_view key) override {
        desk_.erase(std::string(key));
        return ok();
    }

  private:
    std::map<std::string, StoredModule> modules_;
    std::map<std::string, std::string> desk_;
};

} // namespace indent
