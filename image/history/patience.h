// A limit for code of a program that runs in a world of the past, so that looking comes to an end whatever the code is: what
// has run for some seconds is ended, and so is everything when nobody wants to know any more. Then the world is of no
// more use: a turn may stand still in the middle of it.
//
//     Patience patience(world.actors(), past.gives_up());     // before anything runs in the world
//     {
//         const Patience::Run run(patience);
//         … code of the program …
//     }
//     if (patience.is_over()) …                               // it says nothing
//
// The thread of the world. It must go before the world, whose workers it stops: what is left of turns ends under it, too.
#pragma once
#include "vm/actors/actor_system.h"
#include "vm/os/thread.h"
#include <atomic>
#include <condition_variable>
#include <mutex>

namespace indent::image {

class Patience {
  public:
    Patience(ActorSystem& actors, const std::atomic<bool>& gives_up);
    ~Patience();
    Patience(const Patience&) = delete;
    Patience& operator=(const Patience&) = delete;

    class Run {
      public:
        explicit Run(Patience& patience, uint64_t seconds = 10) : patience_(patience) {
            patience_.begin(seconds);
        }
        ~Run() { patience_.end(); }

      private:
        Patience& patience_;
    };
    // Something was ended: nothing is run in this world any more.
    bool is_over() const { return over_; }
    // Why, as the end of a sentence that begins with what was run.
    std::string why() const;

  private:
    void begin(uint64_t seconds);
    void end();
    void watch();

    ActorSystem& actors_;
    const std::atomic<bool>& gives_up_;
    std::atomic<bool> over_ = false;
    std::mutex mutex_; // of what follows
    std::condition_variable changed_;
    uint64_t until_ = 0;                  // monotonic ns; 0: nothing runs
    std::atomic<uint64_t> seconds_ = 0;   // that it was given last
    bool ending_ = false, ended_ = false; // it goes: its workers are told to stop; they have
    os::Thread thread_;
};

} // namespace indent::image
