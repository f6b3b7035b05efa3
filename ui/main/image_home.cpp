#include "ui/main/image_home.h"
#include "vm/os/files.h"
#include "vm/os/process.h"
#include "vm/session/definition_store.h"
#include <algorithm>
#include <cstdio>
#include <random>

namespace indent {

namespace {

constexpr size_t kDigits = 32;

std::string new_id() {
    std::random_device device;
    std::string id;
    for (size_t i = 0; i < kDigits / 8; ++i) {
        char digits[9];
        std::snprintf(digits, sizeof digits, "%08x", unsigned(device()));
        id += digits;
    }
    return id;
}

// The person's id, made where there is none yet; several programs may begin at once.
Result<std::string> person() {
    const std::string file = data_folder() + "/home";
    auto failed = [&](const Failure& failure) {
        return Failure{failure.code, "whose images are is kept in " + file +
                                         ", which does not work: " + failure.message +
                                         "; XDG_DATA_HOME may name a folder that can be written"};
    };
    constexpr uint64_t kMostBytes = 4096;
    for (bool made = false;; made = true) {
        auto text = os::read_file(file, kMostBytes);
        if (text) {
            const std::string id = text->substr(0, text->find('\n'));
            if (id.size() == kDigits && id.find_first_not_of("0123456789abcdef") == std::string::npos)
                return id;
            return failed({"damaged", "it has something else; remove it to get a new one"});
        }
        if (made || text.failure().code != "not_found") return failed(text.failure());
        if (auto folder = os::make_folder(data_folder()); !folder) return failed(folder.failure());
        if (auto put = os::write_new_file(file, new_id() + "\n"); !put && put.failure().code != "exists")
            return failed(put.failure());
    }
}

} // namespace

std::string data_folder() {
    if (auto folder = os::environment("XDG_DATA_HOME"); folder && !folder->empty() && (*folder)[0] == '/')
        return *folder + "/indent";
    return os::home_folder() + "/.local/share/indent";
}

std::string why_paused(image::Image& image) {
    auto desk = image.desk();
    if (!desk) return image.path() + " is paused: " + desk.failure().message;
    const auto found = desk->find(std::string(kWhoseItIs));
    auto mine = person();
    std::string why;
    if (!mine)
        why = "nobody knows whose it is: " + mine.failure().message;
    else if (const auto damaged = image.damaged_texts();
             std::find(damaged.begin(), damaged.end(), kWhoseItIs) != damaged.end())
        why = "the text of it that says whose it is, `home`, is damaged";
    else if (found == desk->end() && image.newest_epoch() == 0 && image.story().heads().last == 0)
        return ""; // nothing is in it
    else if (found == desk->end())
        why = "it does not say whose it is";
    else if (found->second != *mine)
        why = "it comes from elsewhere, from another person or machine";
    else
        return "";
    return image.path() + " is paused: " + why +
           ". Nothing of it runs: `indent image info`, `log` and `show` look at it, `indent export` writes "
           "its "
           "code, and `indent image trust " +
           image.path() + "` lets it run";
}

Result<void> trust(image::Image& image) {
    auto mine = person();
    if (!mine) return std::move(mine).failure();
    return image.save(kWhoseItIs, *mine);
}

} // namespace indent
