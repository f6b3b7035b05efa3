// What programs ask of the reload engine (vm/interp/reload_port.h), answered by a world: texts come from its files.
#pragma once
#include "vm/interp/reload_port.h"

namespace indent {

class World;

class ReloadCalls final : public ReloadPort {
  public:
    explicit ReloadCalls(World& world) : world_(world) {}

    bool reload(Machine& vm, Value* args, const std::string& path, const std::string* text,
                const ReloadOptions& options, std::string& words) override;
    uint64_t prepare(Machine& vm, Value* args, std::vector<std::string> texts, const ReloadOptions& options,
                     std::string& words) override;
    bool commit(Machine& vm, Value* args, uint64_t plan, std::string& words) override;
    bool abort(uint64_t plan) override;
    Amendment amend(Machine& vm, Module& module, Class* cls, std::shared_ptr<const syntax::SyntaxTree> tree,
                    std::string& words) override;
    Amendment remove(Class& cls, SymbolId selector, std::string& words) override;
    bool plan(uint64_t plan, ReloadSummary& summary) override;
    bool invalidate(Machine& vm) override;
    void ask_past(const std::string& question, const std::vector<std::string>& words, std::string& answer,
                  std::string& code) override;
    bool undo(Machine& vm, Value* args, const UndoOptions& options, std::string& words) override;
    std::vector<GenerationInfo> generations(Machine& vm, Value* args, const std::string& path) override;
    bool purge(Machine& vm, Value* args, const std::string& path, bool hard,
               std::vector<std::string>& holders) override;

  private:
    World& world_;
};

} // namespace indent
