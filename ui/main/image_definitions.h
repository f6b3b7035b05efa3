// The image as the place where a session keeps its definitions.
#pragma once
#include "image/store/image.h"
#include "vm/session/definition_store.h"
#include <memory>

namespace indent {

class ImageDefinitions final : public DefinitionStore {
  public:
    explicit ImageDefinitions(std::unique_ptr<image::Image> image) : image_(std::move(image)) {}
    std::string name() const override { return image_->path(); }
    Result<std::vector<StoredModule>> modules() override;
    Result<void> save_module(const StoredModule& module, std::string_view what) override;
    Result<std::map<std::string, std::string>> desk() override { return image_->desk(); }
    Result<void> save_desk(std::string_view key, std::string_view text) override { return image_->save(key, text); }
    Result<void> forget_desk(std::string_view key) override { return image_->forget(key); }

  private:
    std::unique_ptr<image::Image> image_;
};

} // namespace indent
