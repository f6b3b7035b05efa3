#include "ui/main/image_care.h"
#include "image/store/recover.h"
#include "ui/client/socket_client.h"
#include "ui/main/asking.h"
#include "ui/main/image_session.h"
#include "vm/os/files.h"
#include "vm/os/local_socket.h"
#include <cstdio>

namespace indent {

namespace {

std::string line_of(const char* what, const image::Counted& count) {
    return std::string(what) + ": " + std::to_string(count.kept) + " kept, " + std::to_string(count.lost) +
           " lost\n";
}

} // namespace

int recover_image(const std::string& path, const std::string& to) {
    auto absolute = os::absolute_path(path);
    if (!absolute) return complain(absolute.failure());
    if (const int64_t process = os::lock_holder(*absolute))
        return complain({"locked", path + " is open in another program (process " + std::to_string(process) +
                                       "); close it there first"});
    auto told = image::recover(*absolute, to);
    if (!told) return complain(told.failure());
    print("read " + counted(told->pages, "page") + ", " + std::to_string(told->unreadable) +
          " of them unreadable\n");
    print(line_of("definitions", told->definitions) + line_of("changes", told->epochs) +
          line_of("texts of the desk", told->desk) + line_of("names of the story", told->names) +
          line_of("batches of the story", told->batches) + line_of("checkpoints", told->checkpoints) +
          line_of("timelines", told->timelines) + line_of("snapshots", told->snapshots));
    for (const auto& loss : told->losses) print("lost: " + loss + "\n");
    print(to + (told->losses.empty() ? " has all of it; nothing is lost\n"
                                     : " has what could be read; " + path + " is as it was\n"));
    return 0;
}

int compact_image(const std::string& path) {
    auto found = find_image(path);
    if (!found) return complain(found.failure());
    uint64_t before = 0, after = 0;
    if (found->served) {
        auto done = ask_for<protocol::Compacted>(*found->served, protocol::CompactImage{});
        if (!done) return complain(done.failure());
        before = done->before;
        after = done->after;
    } else {
        auto done = ImageStore(std::move(found->own)).compact_alone();
        if (!done) return complain(done.failure());
        before = done->before;
        after = done->after;
    }
    print(path + ": " + std::to_string(before) + " bytes before, " + std::to_string(after) + " after\n");
    return 0;
}

} // namespace indent
