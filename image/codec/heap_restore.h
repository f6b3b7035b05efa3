// A heap comes back from a picture (heap_record.h), and from leaves that go into the heap as they are read, so that another
// thread can do that while the next ones are being read.
#pragma once
#include "image/codec/heap_record.h"
#include "vm/os/thread.h"
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace indent::image {

// Who does it.
struct Hands {
    // Called on each thread that works, each time that a little more has been done; false: nobody wants the heap any more.
    // Not set: it is wanted.
    std::function<bool()> poll;
    // Runs `work` on a thread that may read what the names read; not joinable: there is none. Not set: the caller does all.
    std::function<os::Thread(std::function<void()> work)> beside;
};

class HeapRestore {
  public:
    // Into a heap that has never had a cell. All outlive it.
    HeapRestore(HeapPicture& picture, Heap& heap, Names& names, Hands hands);
    ~HeapRestore();
    HeapRestore(const HeapRestore&) = delete;
    HeapRestore& operator=(const HeapRestore&) = delete;

    // A leaf in which no record that is still to come changes anything; one with a part of a large cell goes into the
    // picture. False: that is no leaf, or something went wrong before.
    [[nodiscard]] bool add_leaf(std::string leaf);

    // When the picture has its head and the records of turns: all that is in it, and the roots that its last record names
    // (as many as it has). False: it makes no sense, names what is not there, there is no memory, or it is not wanted; the
    // heap is to be thrown away. Once.
    [[nodiscard]] bool finish(std::vector<Value>& roots);

  private:
    struct Work;
    std::unique_ptr<Work> work_;
};

} // namespace indent::image
