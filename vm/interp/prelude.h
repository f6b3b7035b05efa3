// What every module sees: the library's public names. Most programs name few of them, so those of the files in
// stdlib/library wait until they are first asked for; their file is read then, in the middle of what runs.
//
// One thread at a time.
#pragma once
#include "vm/model/module.h"
#include <functional>
#include <unordered_map>
#include <vector>

namespace indent {

class Prelude {
  public:
    // What the name means, its file read if it waited; null: nothing.
    Binding* find(SymbolId name) {
        if (!staged_.empty()) [[unlikely]]
            if (auto staged = staged_.find(name); staged != staged_.end()) return staged->second;
        auto found = bindings_.find(name);
        return found != bindings_.end() ? found->second : find_waiting(name);
    }
    void add(SymbolId name, Binding* binding);
    // While a reload of the library is checked, its names mean what they will; null: nothing any more.
    void stage(SymbolId name, Binding* binding) { staged_[name] = binding; }
    void unstage() { staged_.clear(); }
    void remove(SymbolId name) { bindings_.erase(name); }
    // The name is defined by the library's file with this number, which is not read yet.
    void wait(SymbolId name, size_t file) { waiting_[name] = file; }
    // Reads all files that wait.
    void find_all();
    // The names, those that wait too, in no order.
    std::vector<SymbolId> names() const;

    // Reads a file of the library and adds what it defines; set by who has the files. It cannot fail: the library is
    // part of the program.
    std::function<void(size_t file)> read_file;
    // Runs what it is given while nobody else reads the prelude (Runtime::exclusively).
    std::function<void(const std::function<void()>&)> exclusively;

  private:
    Binding* find_waiting(SymbolId name);
    std::unordered_map<SymbolId, Binding*> bindings_;
    std::unordered_map<SymbolId, Binding*> staged_;
    std::unordered_map<SymbolId, size_t> waiting_;
};

} // namespace indent
