#include "ui/main/image_store.h"

namespace indent {

Result<std::vector<StoredModule>> ImageStore::modules() {
    auto records = image_->modules();
    if (!records) return std::move(records).failure();
    std::vector<StoredModule> modules;
    for (auto& record : *records) {
        StoredModule module{std::move(record.path), {}};
        for (auto& definition : record.definitions)
            module.pieces.push_back({std::move(definition.path), std::move(definition.text)});
        modules.push_back(std::move(module));
    }
    return modules;
}

Result<void> ImageStore::save_module(const StoredModule& module, std::string_view what) {
    image::ModuleRecord record{module.path};
    for (const auto& piece : module.pieces) record.definitions.push_back({piece.path, piece.text});
    auto committed = image_->commit(what, {record});
    if (!committed) return std::move(committed).failure();
    return ok();
}

} // namespace indent
