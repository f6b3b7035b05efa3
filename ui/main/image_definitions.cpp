#include "ui/main/image_definitions.h"

namespace indent {

Result<std::vector<StoredModule>> ImageDefinitions::modules() {
    auto records = image_->modules();
    if (!records) return std::move(records).failure();
    std::vector<StoredModule> all;
    for (const auto& record : *records) {
        StoredModule module{record.path, {}};
        for (const auto& definition : record.definitions) module.pieces.push_back({definition.path, definition.text});
        all.push_back(std::move(module));
    }
    return all;
}

Result<void> ImageDefinitions::save_module(const StoredModule& module, std::string_view what) {
    image::ModuleRecord record{module.path, {}};
    for (const auto& piece : module.pieces) record.definitions.push_back({piece.path, piece.text});
    auto epoch = image_->commit(what, {record});
    if (!epoch) return std::move(epoch).failure();
    return ok();
}

} // namespace indent
