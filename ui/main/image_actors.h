// The actors of a session, kept in an image (image/journal).
#pragma once
#include "image/journal/recovery.h"
#include "image/store/image.h"
#include "ui/main/durability.h"
#include "vm/session/actor_story.h"
#include <map>
#include <memory>
#include <mutex>

namespace indent {

namespace image {
class Journal;
struct Batch;
} // namespace image

class ImageActors final : public ActorStory {
  public:
    // `mutex` is of whoever uses the image: the journal's thread does, too. Both outlive this.
    ImageActors(image::Image& image, std::mutex& mutex, Durability durability = Durability::Power);
    ~ImageActors() override;

    Result<void> open() override;
    bool is_new() const override { return batches_ == 0; }
    bool fits(World& world) override;
    Result<std::vector<std::string>> begin(World& world) override;
    Result<void> sync() override;
    void follow_reload() override;
    void end() override;

    // After end: what could not be kept, and why; empty: all is kept.
    const std::string& not_kept() const { return not_kept_; }

  private:
    Result<void> keep(const image::Batch& batch);
    Result<void> prepare(World& world); // names_ and recovery_ are for it
    void note_module_values();
    Result<void> keep_names();

    image::Image& image_;
    std::mutex& mutex_;
    std::vector<image::NameRecord> rows_;
    std::vector<std::string> bodies_;
    size_t batches_ = 0;
    World* world_ = nullptr;
    std::unique_ptr<image::WorldNames> names_;
    std::unique_ptr<image::Recovery> recovery_;
    std::unique_ptr<image::Journal> journal_;
    const Durability durability_;
    bool trouble_told_ = false; // the journal's thread's own
    std::string not_kept_;
    std::map<std::pair<std::string, std::string>, std::string> module_values_; // as they were told last
};

} // namespace indent
