// A session's store that is an image.
#pragma once
#include "image/store/image.h"
#include "vm/session/definition_store.h"
#include <memory>
#include <mutex>

namespace indent {

class ImageStore final : public DefinitionStore {
  public:
    explicit ImageStore(std::unique_ptr<image::Image> image) : image_(std::move(image)) {}
    std::string name() const override { return image_->path(); }
    Result<std::vector<StoredModule>> modules() override;
    Result<void> save_modules(const std::vector<StoredModule>& modules, std::string_view what) override;
    Result<std::map<std::string, std::string>> desk() override {
        std::lock_guard lock(mutex_);
        return image_->desk();
    }
    Result<void> save_desk(std::string_view key, std::string_view text) override {
        std::lock_guard lock(mutex_);
        return image_->save(key, text);
    }
    Result<void> forget_desk(std::string_view key) override {
        std::lock_guard lock(mutex_);
        return image_->forget(key);
    }
    std::vector<std::string> damaged_texts() override {
        std::lock_guard lock(mutex_);
        return image_->damaged_texts();
    }
    Result<std::vector<StoredEpoch>> epochs() override;
    Result<std::vector<StoredModule>> modules_at(uint64_t epoch) override;
    Result<std::vector<Version>> versions(std::string_view module, uint64_t upto) override;
    Result<StoredModule> version(std::string_view module, const Version& version) override;
    Result<void> verify() override {
        std::lock_guard lock(mutex_);
        return image_->verify();
    }
    Result<std::string> save_as(const std::string& path) override;
    Result<Compacted> compact() override;
    // The same at once, for nobody else uses it.
    Result<Compacted> compact_alone();

    // For who else uses the image: one at a time.
    image::Image& image() { return *image_; }
    std::mutex& mutex() { return mutex_; }

  private:
    uint64_t bytes() const; // of the file
    Result<void> may_compact();

    std::unique_ptr<image::Image> image_;
    std::mutex mutex_;
};

} // namespace indent
