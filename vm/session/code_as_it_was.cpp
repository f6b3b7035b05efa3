#include "vm/session/code_as_it_was.h"
#include "vm/world/world.h"
#include <map>

namespace indent {

std::vector<LibraryText> library_in(const StoredModule& module) {
    std::vector<LibraryText> texts;
    for (const StoredPiece& piece : module.pieces) texts.push_back({piece.path, piece.text});
    return texts;
}

StoredModule stored_library(const std::vector<LibraryText>& library) {
    StoredModule module{std::string(kLibraryPath), {}};
    for (const LibraryText& text : library) module.pieces.push_back({text.path, text.text});
    return module;
}

std::vector<LibraryText> library_at(DefinitionStore& store, uint64_t epoch, uint64_t upto) {
    for (; epoch <= upto; ++epoch) {
        auto modules = store.modules_at(epoch);
        if (!modules) break;
        for (const StoredModule& module : *modules)
            if (module.path == kLibraryPath) return library_in(module);
    }
    return {};
}

bool take_code(World& world, DefinitionStore& store, uint64_t from, uint64_t upto,
               const std::function<void(const std::string&)>& trouble, FirstValues values) {
    ReloadOptions without_effects;
    without_effects.effects = false;
    without_effects.values = values != FirstValues::None;
    auto take_definitions = [&](const std::vector<ReloadText>& texts) {
        ReloadOptions definitions = without_effects;
        definitions.values = false;
        return values == FirstValues::IfPossible && world.take(texts, definitions).ok;
    };
    std::map<std::string, std::string> known;
    bool has_library = false;
    for (uint64_t epoch = from; epoch <= upto; ++epoch) {
        auto modules = store.modules_at(epoch);
        if (!modules) return false;
        std::vector<ReloadText> changed;
        for (const StoredModule& module : *modules) {
            if (module.path == kLibraryPath) { // the first is what the world was made with
                auto library = library_in(module);
                if (std::exchange(has_library, true) &&
                    !world.take_library(std::move(library), without_effects).ok && epoch != upto)
                    return false;
                continue;
            }
            std::string text;
            for (const auto& piece : module.pieces) text += piece.text;
            if (known[module.path] == text) continue;
            known[module.path] = text;
            changed.push_back({module.path, module.path, std::move(text), true});
        }
        if (changed.empty() || world.take(changed, without_effects).ok) continue;
        if (take_definitions(changed)) continue;
        if (epoch != upto) return false;
        for (const ReloadText& text : changed) { // those that can be taken are
            const ReloadReport report = world.take({text}, without_effects);
            if (!report.ok && !take_definitions({text}))
                trouble("The module " + text.path + " could not be loaded as a whole:\n" + report.refusal);
        }
    }
    return true;
}

Result<void> take_code_that_fits(DefinitionStore& store, uint64_t upto,
                                 const std::function<Result<World*>(std::vector<LibraryText> library)>& make,
                                 const std::function<bool(World&)>& fits,
                                 const std::function<void(const std::string&)>& trouble, FirstValues values) {
    constexpr uint64_t kMostTries = 20;
    for (uint64_t from = upto;; --from) {
        auto world = make(library_at(store, from, upto));
        if (!world) return std::move(world).failure();
        if (take_code(**world, store, from, upto, trouble, values) && fits(**world)) return ok();
        if (from > 1 && upto - from < kMostTries) continue;
        world = make(library_at(store, upto, upto));
        if (!world) return std::move(world).failure();
        (void)take_code(**world, store, upto, upto, trouble, values);
        (void)fits(**world); // what does not fit is told by who brings it back
        return ok();
    }
}

} // namespace indent
