// The actors of a session, kept in an image (image/journal).
#pragma once
#include "image/history/checkpoints.h"
#include "image/history/older_code.h"
#include "image/history/past.h"
#include "image/history/variables.h"
#include "image/journal/restorer.h"
#include "image/store/image.h"
#include "ui/main/durability.h"
#include "ui/main/image_past.h"
#include "vm/os/thread.h"
#include "vm/session/actor_story.h"
#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>

namespace indent {

namespace image {
class Journal;
struct Batch;
} // namespace image

class ImageActors final : public ActorStory {
  public:
    // `mutex` is of whoever uses the image: the journal's thread does, too. Both outlive this.
    ImageActors(image::Image& image, std::mutex& mutex, DefinitionStore& store,
                Durability durability = Durability::Power);
    ~ImageActors() override;

    Result<void> open() override;
    bool is_new() const override { return is_new_; }
    bool fits(World& world) override;
    Result<std::vector<std::string>> begin(World& world) override;
    Result<void> sync() override;
    void reload_is_kept(std::string_view what) override;
    void follow_reload() override;
    void give_up() override { past_.give_up(); }
    void end() override;
    Result<std::string> go_back(const std::string& where, const std::string& name) override;
    Result<void> may_go_back(const std::string& where, const std::string& name) override;
    Result<std::string> ask(const std::string& question, const std::vector<std::string>& words) override;

    // After end: what could not be kept, and why; empty: all is kept.
    const std::string& not_kept() const { return not_kept_; }

  private:
    Result<void> prepare(World& world); // names_ and recovery_ are for it
    void note_module_values();
    void note_purged();
    void note_atoms();
    void note_settled();
    void follow();
    Result<void> keep_names();
    Result<void> keep(image::Batch& batch);
    void make_checkpoints();
    void count_checkpoint(const image::MadeCheckpoint& made);

    image::Image& image_;
    std::mutex& mutex_;
    image::Past story_;
    ImagePast past_;
    bool is_new_ = true;
    DefinitionStore& store_;
    World* world_ = nullptr;
    std::unique_ptr<image::OlderCode> older_;
    std::unique_ptr<image::WorldNames> names_;
    std::unique_ptr<image::Recovery> recovery_; // and what it brings back when it is needed
    std::unique_ptr<image::Restorer> restorer_;
    std::atomic<uint64_t> follows_ = 0,
                          settled_ = 0; // reloads that actors follow: the last, and the last that all have
    uint32_t layout_epoch_ = 0;         // that the actors have followed, or are about to
    std::unique_ptr<image::Journal> journal_;
    std::mutex journal_mutex_; // of whether it is there
    const Durability durability_;
    bool trouble_told_ = false; // the journal's thread's own
    std::string not_kept_;
    std::unique_ptr<image::VariableStory> variables_;
    std::map<std::pair<std::string, std::string>, std::string> module_values_; // as they were told last

    std::set<const Module*> purged_; // generations of which that has been told

    // Checkpoints, made beside what runs.
    image::RecentBatches recent_; // which they are made of
    std::mutex checkpoint_mutex_; // of what follows
    std::condition_variable checkpoint_wanted_;
    uint64_t since_checkpoint_ = 0;    // bytes of batches,
    uint64_t in_session_ = 0;          // those of them that were not there when it was opened
    uint64_t checkpoint_after_ = 0;    // so many
    uint64_t turns_ = 0;               // that batches on the disk have ended since the story began,
    uint64_t turns_of_checkpoint_ = 0; // those of them that the last checkpoint has
    bool ending_ = false;
    os::Thread checkpoints_;
};

} // namespace indent
