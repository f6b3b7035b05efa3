// The names of a world's things in its image: numbers for symbols, layouts of classes, the code of blocks, and what is
// shared by heaps. Each number is explained by a row, which the journal writes before anything that has the number.
//
//   symbol   its text                          (numbers of symbols and of shapes are apart from each other)
//   shape    module, class, state_version, names of the fields; the machine's own shapes are their own numbers
//   code     module, hash of the text of what the block stands in, that, and where (code_of.h)
//   shared   a class, a module, an actor's address, an atom, or a frozen cell and its words
#pragma once
#include "image/codec/archive.h"
#include "image/codec/words.h"
#include "image/journal/code_of.h"
#include "vm/actors/actor_system.h"
#include <array>
#include <atomic>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace indent::image {

struct NameRow {
    enum Kind : uint8_t { Symbol, Shape, Code, Shared };
    uint8_t kind = Symbol;
    uint64_t number = 0;
    std::string content;
};

// Numbers by small numbers; read by any thread without a lock, written by one at a time.
class NumberTable {
  public:
    ~NumberTable();
    uint64_t get(uint32_t id) const; // 0: none
    void set(uint32_t id, uint64_t number);

  private:
    static constexpr size_t kFirst = 1024;
    std::array<std::atomic<std::atomic<uint64_t>*>, 34> chunks_{};
};

class WorldNames final : public Names {
  public:
    explicit WorldNames(ActorSystem& actors);
    ~WorldNames() override; // lets go of what it has brought back

    uint64_t symbol(SymbolId id) override;
    uint64_t shape(ShapeId id) override;
    uint64_t shared(const Cell* cell) override;
    uint64_t raw(const Cell& cell, size_t word) override;
    bool symbol_of(uint64_t number, SymbolId& id) override;
    bool shape_of(uint64_t number, ShapeId& id) override;
    bool shared_of(uint64_t number, Value& cell) override;
    bool raw_of(ShapeId shape, size_t word, uint64_t number, Value& value) override;
    size_t field_count(ShapeId shape) override;
    bool fits_its_code(const Cell& block) override;
    bool is_class_value(const Cell& shared) override;
    bool may_take(uint64_t bytes) override;

    // Rows that are new since the last call, in an order in which they can be written; any thread. Whoever writes takes
    // them after the groups that they are for are complete.
    std::vector<NameRow> take_rows();
    // A row of the image that is opened, before anything is asked. False: it makes no sense.
    [[nodiscard]] bool add(NameRow row);

    // From here on at most so many bytes are taken for what comes back, beside those that its rows stand for; a world that
    // goes on takes what it needs (kNoLimit).
    static constexpr uint64_t kNoLimit = UINT64_MAX;
    void limit_memory(uint64_t bytes) { memory_left_ = bytes; }
    void allow_memory(uint64_t more) {
        if (memory_left_ != kNoLimit) memory_left_ += std::min(more, kNoLimit - 1 - memory_left_);
    }
    static constexpr uint64_t kMostPerByte = 64, kMostAtOnce = uint64_t(256) << 20; // of a story; of any
    uint64_t row_bytes() const { return row_bytes_; } // of the image that is opened

    // The number of a symbol that has one; 0: none.
    uint64_t symbol_number(SymbolId id) const { return symbols_.get(id); }
    // The content of a row of what is shared, of the image that is opened and was not given by `add`; false: there is none.
    std::function<bool(uint64_t number, std::string& content)> shared_row;
    // What is shared gets larger numbers than this.
    void shared_from(uint64_t number) { runtime_.shared.number_from(number); }

    // Where code of blocks is looked for that is not in memory; null: nowhere. It outlives these.
    OlderBodies* older = nullptr;
    // From here on others run, so that no code is made for whoever asks: `raw_of` then gives nil for a block's code that is not
    // known yet, and does so until somebody has made what is wanted, when all can be tried anew.
    void not_alone() { alone_ = false; }
    // The same for what a thread asks that others run beside, as long as this is there.
    class Beside {
      public:
        explicit Beside(WorldNames& names)
            : lock_(names.mutex_), names_(names), was_(std::exchange(names.alone_, false)) {}
        ~Beside() { names_.alone_ = was_; }

      private:
        std::lock_guard<std::recursive_mutex> lock_;
        WorldNames& names_;
        const bool was_;
    };
    bool wants_code();
    void look_for_wanted_code(); // before it, as a part of a turn
    void make_wanted_code();     // while nobody else runs
    // How often the code of a block has been asked for.
    uint64_t blocks_met() const { return blocks_met_; }

    // The address of an actor with this number, while a world comes back; absent: there never was one.
    // It must not ask for anything shared.
    std::function<Value(uint64_t actor)> address_of;
    // Called when something shared that was asked for has been made, or could not be.
    std::function<void()> shared_made;
    // What could not be brought back, in words for people.
    const std::vector<std::string>& troubles() const { return troubles_; }

  private:
    struct SharedRow;
    std::string content_of(const Cell& cell, std::vector<const Cell*>& more);
    uint64_t code_number(const Code* code);
    uint64_t number_of_code(const CodeOf& content);
    struct Body { // what a block stands in
        Method* method = nullptr;
        FieldInfo* field = nullptr;
        explicit operator bool() const { return method || field; }
    };
    Body body_in(const CodeOf& content, Module& of);
    Body body_in_memory(const CodeOf& content, Module& current);
    Code* make_code(const CodeOf& content, std::string& why);
    Code* make_code_of_statements(const CodeOf& content, std::string& why);
    bool code_of(uint64_t number, Value& value);
    void fill_atoms();
    bool make_shared(uint64_t number, Value& cell);
    bool make_shared(uint64_t number, Value& cell, size_t& rows_met);
    bool special_from(const SharedRow& row, Value& cell, bool& plain);
    Class* class_named(const std::string& module, const std::string& name);
    Module* module_named(const std::string& path);
    bool trouble(std::string words);

    ActorSystem& actors_;
    Runtime& runtime_;
    mutable std::recursive_mutex mutex_; // of all that follows but the tables
    NumberTable symbols_, shapes_;
    std::vector<SymbolId> symbol_ids_;                       // by number - 1
    std::vector<std::string> shape_contents_;                // by number - kFirstFree
    std::unordered_map<uint64_t, ShapeId> shape_ids_;        // resolved
    std::unordered_map<std::string, uint64_t> code_numbers_; // by content
    std::vector<std::string> code_contents_;                 // by number - 1
    std::unordered_map<const Code*, uint64_t> known_codes_;
    std::unordered_map<uint64_t, std::string>
        shared_contents_;                              // of the image that was opened, not yet asked for
    std::unordered_map<uint64_t, Value> shared_cells_; // that came back: held
    std::vector<Value> held_while_named_;              // what atoms hold
    std::vector<std::pair<Cell*, std::string>> atom_values_; // of atoms that came back: still to be set
    bool fills_atoms_ = false;
    struct MadeCode {
        Code* code = nullptr;
        std::string why; // there is none
    };
    std::unordered_map<uint64_t, MadeCode> codes_; // by number
    uint32_t codes_epoch_ = 0;                     // as reloads were then
    std::set<uint64_t> wanted_codes_;
    bool alone_ = true;
    std::atomic<uint64_t> blocks_met_ = 0;
    std::vector<NameRow> rows_;
    std::vector<std::string> troubles_;
    uint64_t memory_left_ = kNoLimit;
    uint64_t row_bytes_ = 0;
    size_t rows_in_vain_ = 0; // that were read for something that then could not be made
};

} // namespace indent::image
