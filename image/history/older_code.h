// Code of blocks whose methods have been edited since: the module that they stand in is made again as it was, from the
// image's history, as an old generation beside the current one. So a program that is opened again runs them as it did.
#pragma once
#include "image/journal/recovery.h"
#include "vm/session/definition_store.h"
#include "vm/world/world.h"
#include <map>
#include <mutex>

namespace indent::image {

class OlderCode final : public OlderBodies {
  public:
    // Of texts up to an epoch. Both outlive it.
    OlderCode(World& world, DefinitionStore& store, uint64_t upto)
        : world_(world), store_(store), upto_(upto) {}

    // Generations whose blocks nobody may call any more (`purge`, a reload by force) are so in the next program, too: what
    // says so in the story, of an old generation, where those up to this epoch are meant.
    static ModuleValueRecord purge_record(const Module& generation, uint64_t epoch);
    void take_purged(const Recovery& recovery);

    void look_for(const CodeOf& body) override;
    Code* code_of(const CodeOf& body) override;
    Code* code_of_statements(const std::string& module, const std::string& text, uint32_t position) override;

  private:
    struct Version {
        DefinitionStore::Version stored;
        bool is_read = false;
        std::vector<uint64_t> bodies; // of what it has (key_of), in order
        bool is_brought = false;
        const Loader::Older* older = nullptr;
    };
    Version* find(const CodeOf& body);
    std::string text_of(const std::string& module, const Version& version);
    void read(const std::string& module, Version& version);

    World& world_;
    DefinitionStore& store_;
    const uint64_t upto_;
    std::map<std::pair<std::string, std::string>, uint64_t> purged_; // module, hash of its text: the epoch
    std::mutex mutex_;                                               // of what follows
    std::map<std::string, std::vector<Version>> modules_; // as they were when one was first looked for
    std::map<std::pair<std::string, uint64_t>, TreePointer>
        statements_;                       // module, hash of the text; null: no program
    size_t bytes_left_ = size_t(64) << 20; // of texts that are read at most
};

} // namespace indent::image
