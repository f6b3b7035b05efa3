// What a file and the image had in common last is the agreement. Whoever differs from it has changed; where both do, it is
// a conflict. The agreement is kept on the image's desk, as hashes, so that it is known which side has changed while nobody
// watched.
#include "ui/main/sync.h"
#include "ui/client/socket_client.h"
#include "ui/main/asking.h"
#include "ui/main/image_session.h"
#include "vm/os/file_watch.h"
#include "vm/os/files.h"
#include "vm/os/local_socket.h"
#include "vm/os/process.h"
#include "vm/os/signals.h"
#include "vm/os/thread.h"
#include "vm/session/module_text.h"
#include "vm/session/session.h"
#include "vm/syntax/parser.h"
#include "vm/world/world.h"
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <map>
#include <mutex>
#include <set>

namespace indent {

using namespace protocol;

namespace {

constexpr std::string_view kSource = ".ind",
                           kOther = ".ind.image"; // a file, and the image's side of a conflict

void say(const std::string& words) {
    std::printf("%s\n", words.c_str());
    std::fflush(stdout);
}
void warn(const std::string& words) {
    std::fprintf(stderr, "indent: %s\n", words.c_str());
}

// Which files of the folder have changed, from a thread of its own.
class FolderWatch {
  public:
    static Result<std::unique_ptr<FolderWatch>> start(const std::string& folder,
                                                      std::function<void()> changed) {
        os::WatchOptions options;
        options.most_compared = kMostSourceBytes;
        options.wanted = [](const std::string& path, bool is_folder) {
            return is_folder ? path[path.rfind('/') + 1] != '.'
                             : path.ends_with(kSource) || path.ends_with(kOther);
        };
        auto made = os::FileWatch::make(std::move(options));
        if (!made) return std::move(made).failure();
        if (auto added = (*made)->watch(folder); !added) return std::move(added).failure();
        std::unique_ptr<FolderWatch> watch(new FolderWatch);
        watch->watch_ = std::move(*made);
        watch->changed_ = std::move(changed);
        auto thread = os::Thread::start("watch", size_t(256) << 10, [w = watch.get()] { w->run(); });
        if (!thread) return std::move(thread).failure();
        watch->thread_ = std::move(*thread);
        return watch;
    }
    ~FolderWatch() {
        ending_ = true;
        watch_->wake();
        thread_.join();
    }
    std::set<std::string> take() {
        std::lock_guard lock(mutex_);
        return std::exchange(files_, {});
    }

  private:
    void run() {
        while (!ending_) {
            auto changes = watch_->wait(-1);
            if (!changes) {
                warn(changes.failure().message);
                if (changes.failure().code == "io_error") return;
                continue;
            }
            if (changes->files.empty()) continue;
            {
                std::lock_guard lock(mutex_);
                for (auto& file : changes->files) files_.insert(std::move(file.path));
            }
            changed_();
        }
    }
    std::unique_ptr<os::FileWatch> watch_;
    std::function<void()> changed_;
    os::Thread thread_;
    std::mutex mutex_;
    std::set<std::string> files_;
    std::atomic<bool> ending_ = false;
};

class Sync {
  public:
    Sync(ui::Client& client, std::string folder, std::string desk_key, bool shows_output)
        : client_(client), folder_(std::move(folder)), desk_key_(std::move(desk_key)),
          shows_output_(shows_output) {}

    // Brings both together for the first time.
    Result<void> begin();
    // What messages and files have told since.
    void hear();
    void follow(const std::set<std::string>& files);
    // Settles the modules that were told of.
    void settle();
    bool has_work() const { return !touched_.empty(); }
    bool ended() const { return ended_; }

  private:
    struct Module {
        std::string file;
        std::string agreed;   // hash of the text that both had; empty: none
        std::string conflict; // hash of the image's text beside the file; empty: there is no conflict
        bool is_gone_told = false;
    };

    void take(const Message& message);
    template <class Answer>
    Result<Answer> ask(Request request);
    std::optional<std::string> text_of_file(const Module& module) const;
    Result<std::optional<std::string>> text_of_image(const std::string& path);
    std::string path_of(const std::string& file, const std::string& text) const;
    std::string file_of(std::string module) const;
    Module* of_file(const std::string& file, std::string* path);
    void find_files(const std::string& folder);
    void add_file(const std::string& file);

    void settle_one(const std::string& path, Module& module, std::vector<NewText>& to_load);
    void write(const std::string& path, Module& module, const std::string& text);
    void begin_conflict(const std::string& path, Module& module, const std::string& file,
                        const std::string& image);
    void load(const std::vector<NewText>& texts);
    void read_agreement(const std::string& text);
    void keep_agreement();

    ui::Client& client_;
    const std::string folder_, desk_key_;
    const bool shows_output_;
    bool ended_ = false, watches_ = false;
    std::map<std::string, Module> modules_;
    std::set<std::string> touched_;              // modules that may differ from the agreement
    std::map<std::string, std::string> refused_; // by module: the text of its file that was refused
    std::string kept_agreement_, shown_refusal_;
};

// ---- talking

void Sync::take(const Message& message) {
    auto* event = std::get_if<Event>(&message);
    if (!event) return;
    if (auto* changed = std::get_if<DefinitionsChanged>(event)) {
        touched_.insert(changed->module);
    } else if (auto* output = std::get_if<Output>(event)) {
        if (shows_output_) print(output->text), std::fflush(stdout);
    } else if (auto* trouble = std::get_if<Trouble>(event)) {
        warn(trouble->message);
    } else if (std::holds_alternative<Ended>(*event)) {
        ended_ = true;
    }
}

// As ask_for; what happens meanwhile is heard.
template <class Answer>
Result<Answer> Sync::ask(Request request) {
    const RequestId id = client_.send(std::move(request));
    if (id == 0) return Failure{"busy", "the session takes no more requests now"};
    while (!ended_) {
        auto message = client_.wait(std::chrono::milliseconds(60'000));
        if (!message) continue;
        auto* reply = std::get_if<Reply>(&*message);
        if (!reply || reply->id != id) {
            take(*message);
            continue;
        }
        if (auto* failed = std::get_if<Failed>(&reply->body)) return Failure{failed->code, failed->message};
        if (auto* answer = std::get_if<Answer>(&reply->body)) return std::move(*answer);
        return Failure{"unreadable", "the session gave an answer to something else"};
    }
    return Failure{"ended", "the program that has the image open has ended"};
}

void Sync::hear() {
    while (auto message = client_.poll()) take(*message);
}

// ---- files and modules

std::optional<std::string> Sync::text_of_file(const Module& module) const {
    auto text = os::read_file(module.file, kMostSourceBytes);
    return text ? std::optional(std::move(*text)) : std::nullopt;
}

// Nothing: the image has no such module.
Result<std::optional<std::string>> Sync::text_of_image(const std::string& path) {
    auto source = ask<protocol::Source>(GetSource{path, ""});
    if (source) return std::optional(std::move(source->text));
    if (source.failure().code == "not_found") return std::optional<std::string>();
    return std::move(source).failure();
}

std::string Sync::file_of(std::string module) const {
    std::replace(module.begin(), module.end(), '.', '/');
    return folder_ + "/" + module + std::string(kSource);
}

// What the text says that it is, or else the way to the file.
std::string Sync::path_of(const std::string& file, const std::string& text) const {
    const auto parsed = syntax::parse(file, text);
    if (parsed.tree.module) return std::string(parsed.tree.module->path);
    std::string path = file.substr(folder_.size() + 1);
    path.resize(path.size() - kSource.size());
    std::replace(path.begin(), path.end(), '/', '.');
    return path;
}

Sync::Module* Sync::of_file(const std::string& file, std::string* path) {
    for (auto& [name, module] : modules_)
        if (module.file == file) {
            *path = name;
            return &module;
        }
    return nullptr;
}

void Sync::add_file(const std::string& file) {
    std::string path;
    if (of_file(file, &path)) {
        touched_.insert(path);
        return;
    }
    auto text = os::read_file(file, kMostSourceBytes);
    if (!text) return;
    if (text->empty()) return; // somebody is about to write it
    path = path_of(file, *text);
    if (!is_module_path(path))
        return warn(file + ": `" + path + "` cannot be a module's name; the file is left alone");
    Module& module = modules_[path];
    if (!module.file.empty() && module.file != file && os::exists(module.file))
        return warn(file + " and " + module.file + " are both the module `" + path +
                    "`; the first is left alone");
    module.file = file;
    touched_.insert(path);
}

void Sync::find_files(const std::string& folder) {
    auto entries = os::list_folder(folder);
    if (!entries) return warn(entries.failure().message);
    for (const auto& entry : *entries) {
        const std::string path = folder + "/" + entry.name;
        if (entry.name[0] == '.') continue;
        if (entry.kind == os::FileKind::Folder) {
            if (!os::is_link(path)) find_files(path);
        } else if (path.ends_with(kSource)) {
            add_file(path);
        }
    }
}

void Sync::follow(const std::set<std::string>& files) {
    for (std::string file : files) {
        if (file.ends_with(kOther)) {
            file.resize(file.size() - kOther.size() + kSource.size());
            std::string path;
            if (of_file(file, &path)) touched_.insert(path);
        } else {
            add_file(file);
        }
    }
}

// ---- the agreement: a line for each module with the hash, and that of a conflict

void Sync::read_agreement(const std::string& text) {
    size_t at = 0;
    while (at < text.size()) {
        const size_t end = std::min(text.find('\n', at), text.size());
        std::vector<std::string> words;
        for (size_t from = at; from <= end;) {
            const size_t to = std::min(text.find(' ', from), end);
            words.push_back(text.substr(from, to - from));
            from = to + 1;
        }
        if (words.size() == 3) {
            modules_[words[0]].agreed = words[1] == "-" ? "" : words[1];
            modules_[words[0]].conflict = words[2] == "-" ? "" : words[2];
        }
        at = end + 1;
    }
}

void Sync::keep_agreement() {
    std::string text;
    auto word = [](const std::string& hash) { return hash.empty() ? std::string("-") : hash; };
    for (const auto& [path, module] : modules_)
        if (!module.agreed.empty() || !module.conflict.empty())
            text += path + " " + word(module.agreed) + " " + word(module.conflict) + "\n";
    if (text == kept_agreement_) return;
    auto kept = ask<Done>(SaveDesk{desk_key_, text});
    if (!kept) return warn(kept.failure().message);
    kept_agreement_ = std::move(text);
}

Result<void> Sync::begin() {
    auto desk = ask<Desk>(LoadDesk{});
    if (!desk) return std::move(desk).failure();
    if (auto found = desk->texts.find(desk_key_); found != desk->texts.end()) {
        kept_agreement_ = found->second;
        read_agreement(found->second);
    }
    auto listed = ask<Modules>(ListModules{});
    if (!listed) return std::move(listed).failure();
    for (const auto& mirror : listed->modules)
        if (!mirror.library) touched_.insert(mirror.path);
    find_files(folder_);
    for (auto& entry : modules_) touched_.insert(entry.first);
    settle();
    watches_ = true;
    return ok();
}

// ---- what is done

void Sync::write(const std::string& path, Module& module, const std::string& text) {
    if (auto made = os::make_folder(module.file.substr(0, module.file.rfind('/'))); !made)
        return warn(made.failure().message);
    if (auto wrote = os::write_file_atomically(module.file, text); !wrote)
        return warn(wrote.failure().message);
    module.agreed = source_hash(text);
    refused_.erase(path);
    say("written " + module.file);
}

// Both sides, from the first line in which they differ.
std::string both_sides(const std::string& file, const std::string& image) {
    auto line_at = [](const std::string& text, size_t begin) {
        return begin >= text.size() ? std::string("(nothing more)")
                                    : text.substr(begin, text.find('\n', begin) - begin);
    };
    size_t same = 0, begin = 0, line = 1;
    while (same < file.size() && same < image.size() && file[same] == image[same])
        if (file[same++] == '\n') begin = same, ++line;
    return "  line " + std::to_string(line) + " of the file:  " + line_at(file, begin) +
           "\n  and of the image: " + line_at(image, begin);
}

void Sync::begin_conflict(const std::string& path, Module& module, const std::string& file,
                          const std::string& image) {
    const std::string beside = module.file + ".image", hash = source_hash(image);
    if (module.conflict == hash && os::exists(beside)) return;
    if (auto wrote = os::write_file_atomically(beside, image); !wrote) return warn(wrote.failure().message);
    module.conflict = hash;
    warn("`" + path + "` was changed in " + module.file + " and in the image; both are as they were.\n" +
         both_sides(file, image) + "\n  The image's text is in " + beside +
         ". Make the file what it is to be, and remove that one.");
}

void Sync::settle_one(const std::string& path, Module& module, std::vector<NewText>& to_load) {
    auto of_image = text_of_image(path);
    if (!of_image) return warn(of_image.failure().message);
    const std::optional<std::string>& image = *of_image;
    const std::optional<std::string> file = text_of_file(module);
    const std::string image_hash = image ? source_hash(*image) : "",
                      file_hash = file ? source_hash(*file) : "";
    const std::string beside = module.file + ".image";
    if (file && file->empty() && image) return; // somebody is about to write it
    if (!file && !image) {
        module.agreed = module.conflict = "";
        return;
    }
    if (file) module.is_gone_told = false;
    if (file && image && *file == *image) {
        if (!module.conflict.empty()) {
            (void)os::remove_path(beside);
            say("agreed on " + path);
        }
        module.conflict = "";
        module.agreed = file_hash;
        refused_.erase(path);
        return;
    }
    if (!image) {
        to_load.push_back({path, module.file, *file});
        return;
    }
    if (!file) {
        // A file that goes while somebody watches is perhaps about to come again, by an editor that saves in this way.
        if (watches_ && module.agreed == image_hash) {
            if (!std::exchange(module.is_gone_told, true))
                say(module.file +
                    " is gone; the module stays in the image, and is written when it changes there");
            return;
        }
        if (os::exists(beside)) return;
        module.conflict = "";
        module.is_gone_told = false;
        write(path, module, *image);
        return;
    }
    if (!module.conflict.empty()) {
        // Who has removed the image's side has decided for the file's, as long as the image is the one they have seen.
        if (!os::exists(beside) && image_hash == module.conflict)
            to_load.push_back({path, module.file, *file});
        else
            begin_conflict(path, module, *file, *image);
    } else if (module.agreed == image_hash) {
        to_load.push_back({path, module.file, *file});
    } else if (module.agreed == file_hash) {
        write(path, module, *image);
    } else {
        begin_conflict(path, module, *file, *image);
    }
}

void Sync::settle() {
    // What was refused may fit with what has come now.
    if (!touched_.empty())
        for (const auto& entry : refused_) touched_.insert(entry.first);
    std::vector<NewText> to_load;
    for (const std::string& path : std::exchange(touched_, {})) {
        Module& module = modules_[path];
        if (module.file.empty()) module.file = file_of(path);
        if (is_module_path(path)) settle_one(path, module, to_load);
        if (ended_) return;
    }
    if (!to_load.empty()) load(to_load);
    if (!ended_) keep_agreement();
}

void Sync::load(const std::vector<NewText>& texts) {
    bool is_new = false; // something that has not been refused as it is
    for (const NewText& text : texts) {
        auto found = refused_.find(text.module);
        is_new |= found == refused_.end() || found->second != text.text;
    }
    if (!is_new) return;
    auto loaded = ask<Loaded>(Load{texts});
    if (!loaded) return warn(loaded.failure().message);
    if (!loaded->taken && texts.size() > 1) {
        // What has come now may fit without what was refused before.
        std::vector<NewText> fresh;
        for (const NewText& text : texts)
            if (auto found = refused_.find(text.module);
                found == refused_.end() || found->second != text.text)
                fresh.push_back(text);
        if (fresh.size() < texts.size()) return load(fresh);
    }
    if (!loaded->taken) {
        for (const NewText& text : texts) refused_[text.module] = text.text;
        if (std::exchange(shown_refusal_, loaded->problem) != loaded->problem)
            std::fputs(loaded->problem.c_str(), stderr);
        return warn("refused; the image is what it was");
    }
    shown_refusal_.clear();
    for (const auto& note : loaded->notes) std::fputs(note.c_str(), stderr);
    if (!loaded->problem.empty()) warn(loaded->problem); // it could not be kept
    for (const auto& module : loaded->modules) say("loaded " + module);
    for (const NewText& text : texts) {
        Module& module = modules_[text.module];
        module.agreed = source_hash(text.text);
        module.conflict = "";
        refused_.erase(text.module);
    }
}

} // namespace

int sync_image(const std::string& path, const std::string& folder, Durability durability) {
    if (auto made = os::make_folder(folder); !made) return complain(made.failure());
    auto absolute = os::absolute_path(folder);
    if (!absolute) return complain(absolute.failure());
    os::ignore_broken_pipes();
    auto made = os::Waker::make();
    if (!made) return complain(made.failure());
    struct Ending {
        os::Waker waker;
        std::atomic<bool> wanted{false};
    } ending{std::move(made).value()};
    os::InterruptGuard on_end(
        [](void* to) {
            static_cast<Ending*>(to)->wanted = true;
            static_cast<Ending*>(to)->waker.wake();
        },
        &ending, true);
    auto wake = [&ending] { ending.waker.wake(); };
    auto found = find_image(path, wake);
    if (!found) return complain(found.failure());
    const bool attached = found->served != nullptr;
    auto started = ImageSession::start(std::move(found).value(), {wake, !attached, false, durability});
    if (!started) return complain(started.failure());
    ImageSession& session = **started;
    if (!session.why_paused().empty()) return complain({"paused", session.why_paused()});
    if (!session.why_not_served().empty()) warn("other programs cannot attach: " + session.why_not_served());
    // Watched before anything is read, so that nothing is missed between.
    auto watch = FolderWatch::start(*absolute, wake);
    if (!watch) return complain(watch.failure());
    Sync sync(session.client(), *absolute, "sync/" + *absolute, !attached);
    if (auto begun = sync.begin(); !begun) return complain(begun.failure());
    std::fprintf(stderr, "indent: syncing %s with %s%s; Ctrl-C ends it\n", path.c_str(), folder.c_str(),
                 attached ? ", which another program serves" : "");
    while (!ending.wanted && !sync.ended()) {
        os::Wanted wanted{ending.waker.descriptor(), true, false};
        if (!sync.has_work()) os::wait_for({&wanted, 1}, -1);
        ending.waker.clear();
        sync.hear();
        sync.follow((*watch)->take());
        if (sync.has_work()) sync.settle();
    }
    if (sync.ended() && !ending.wanted)
        return complain({"ended", "the program that has the image open has ended"});
    const std::string lost = session.end();
    return lost.empty() ? 0 : complain({"no_space", lost});
}

} // namespace indent
