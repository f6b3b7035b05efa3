#include "ui/main/image_commands.h"
#include "image/store/listing.h"
#include "ui/client/served_image.h"
#include "ui/client/socket_client.h"
#include "ui/main/asking.h"
#include "ui/main/commands.h"
#include "ui/main/image_home.h"
#include "ui/main/image_session.h"
#include "ui/main/past_commands.h"
#include "ui/main/past_words.h"
#include "vm/os/files.h"
#include "vm/os/local_socket.h"
#include "vm/os/process.h"
#include "vm/os/signals.h"
#include "vm/session/module_text.h"
#include "vm/syntax/parser.h"
#include "vm/world/world.h"
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <ctime>

namespace indent {

using namespace protocol;

namespace {

// What is about the file alone is asked of whoever has it open, or else of the file: no program is started for it.
class File {
  public:
    static Result<File> find(const std::string& path) {
        auto found = find_image(path);
        if (!found) return std::move(found).failure();
        return File(std::move(found).value());
    }
    File() = default; // none
    // 0: no other has it open.
    int64_t process() const { return served_ ? served_->process() : 0; }

    Result<std::vector<std::pair<std::string, std::string>>> modules() {
        std::vector<std::pair<std::string, std::string>> all;
        if (!served_) {
            auto stored = own_->modules();
            if (!stored) return std::move(stored).failure();
            for (auto& module : *stored) {
                if (module.path == kLibraryPath) continue;
                all.emplace_back(module.path, "");
                for (const auto& piece : module.pieces) all.back().second += piece.text;
            }
            return all;
        }
        auto listed = ask_for<Modules>(*served_, ListModules{});
        if (!listed) return std::move(listed).failure();
        for (const auto& module : listed->modules) {
            if (module.library) continue;
            auto source = ask_for<protocol::Source>(*served_, GetSource{module.path, ""});
            if (!source) return std::move(source).failure();
            all.emplace_back(module.path, std::move(source->text));
        }
        return all;
    }
    Result<std::vector<EpochMirror>> epochs() {
        if (served_) {
            auto listed = ask_for<Epochs>(*served_, ListEpochs{});
            if (!listed) return std::move(listed).failure();
            return std::move(listed->epochs);
        }
        auto stored = own_->epochs();
        if (!stored) return std::move(stored).failure();
        std::vector<EpochMirror> all;
        for (auto& epoch : *stored) all.push_back({epoch.number, epoch.at_ms, std::move(epoch.what)});
        return all;
    }
    // As image_home.h says.
    Result<std::string> why_paused() {
        if (!served_) return indent::why_paused(own_->image());
        auto described = ask_for<Description>(*served_, Describe{});
        if (!described) return std::move(described).failure();
        return std::move(described->paused);
    }
    // Why it goes on with an older library (Session::offer_library); empty: it does not.
    Result<std::string> refused_library() {
        std::map<std::string, std::string> texts;
        if (served_) {
            auto desk = ask_for<Desk>(*served_, LoadDesk{});
            if (!desk) return std::move(desk).failure();
            texts = std::move(desk->texts);
        } else {
            auto desk = own_->desk();
            if (!desk) return std::move(desk).failure();
            texts = std::move(*desk);
        }
        const std::string& words = texts[std::string(kLibraryRefused)]; // after a line that says which
        return words.substr(words.empty() ? 0 : words.find('\n') + 1);
    }
    Result<void> trust() { return served_ ? done(TrustImage{}) : indent::trust(own_->image()); }
    Result<void> verify() { return served_ ? done(VerifyImage{}) : own_->verify(); }
    // Answers what the copy has damaged; who has the image open says so by itself.
    Result<std::string> save_as(const std::string& path) {
        if (!served_) return own_->save_as(path);
        if (auto saved = done(SaveImageAs{path}); !saved) return std::move(saved).failure();
        return std::string();
    }

  private:
    explicit File(FoundImage found) : served_(std::move(found.served)) {
        if (found.own) own_ = std::make_unique<ImageStore>(std::move(found.own));
    }
    Result<void> done(Request request) {
        auto answer = ask_for<Done>(*served_, std::move(request));
        if (!answer) return std::move(answer).failure();
        return ok();
    }
    std::unique_ptr<ui::SocketClient> served_;
    std::unique_ptr<ImageStore> own_;
};

std::string file_of_module(const std::string& folder, std::string module) {
    std::replace(module.begin(), module.end(), '.', '/');
    return folder + "/" + module + ".ind";
}

std::string moment(int64_t at_ms) {
    const std::time_t seconds = std::time_t(at_ms / 1000);
    char text[32] = "";
    if (const std::tm* utc = std::gmtime(&seconds))
        std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", utc);
    return text;
}

} // namespace

// ---- serve

int serve_image(const std::string& path, bool break_on_error, Durability durability) {
    auto found = find_image(path);
    if (!found) return complain(found.failure());
    if (found->served)
        return complain({"locked", path + " is open in another program (process " +
                                       std::to_string(found->served->process()) +
                                       "), which serves it already"});
    os::ignore_broken_pipes(); // who reads what we print may go
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
    auto started = ImageSession::start(std::move(found).value(),
                                       {[&] { ending.waker.wake(); }, true, break_on_error, durability});
    if (!started) return complain(started.failure());
    ImageSession& session = **started;
    if (!session.why_not_served().empty()) return complain({"", session.why_not_served()});
    if (!session.why_paused().empty()) complain({"paused", session.why_paused()});
    std::fprintf(stderr, "indent: serving %s as process %d; Ctrl-C ends it\n", path.c_str(),
                 os::process_id());
    while (!ending.wanted) {
        os::Wanted wanted{ending.waker.descriptor(), true, false};
        os::wait_for({&wanted, 1}, -1);
        ending.waker.clear();
        while (auto message = session.client().poll()) {
            auto* event = std::get_if<Event>(&*message);
            if (!event) continue;
            if (auto* output = std::get_if<Output>(event))
                print(output->text), std::fflush(stdout);
            else if (auto* trouble = std::get_if<Trouble>(event))
                std::fprintf(stderr, "indent: %s\n", trouble->message.c_str());
            else if (auto* stopped = std::get_if<TurnStopped>(event))
                std::fprintf(stderr, "%s  stopped turn %llu: `indent repl %s` shows it with :broken\n",
                             stopped->report.c_str(), static_cast<unsigned long long>(stopped->turn),
                             path.c_str());
        }
    }
    const std::string lost = session.end();
    return lost.empty() ? 0 : complain({"no_space", lost});
}

// ---- eval, load

int eval_in_image(const std::string& path, const std::string& text) {
    auto found = find_image(path);
    if (!found) return complain(found.failure());
    auto session = ImageSession::start(std::move(found).value(), {});
    if (!session) return complain(session.failure());
    ui::Client& client = (*session)->client();
    os::InterruptGuard on_interrupt([](void* to) { static_cast<ui::Client*>(to)->stop(); }, &client);
    Evaluate request;
    request.workspace = "eval";
    request.text = text;
    auto answer = ask_for<Evaluated>(client, std::move(request));
    if (!answer) return complain(answer.failure());
    std::fflush(stdout);
    for (const auto& diagnostic : answer->diagnostics) std::fputs(diagnostic.rendered.c_str(), stderr);
    switch (answer->outcome) {
    case Evaluated::Outcome::Value: print(answer->text + "\n"); return 0;
    case Evaluated::Outcome::Raised: std::fputs(answer->report.c_str(), stderr); return 1;
    case Evaluated::Outcome::Stopped: std::fputs("stopped\n", stderr); return 1;
    default: return 1; // the diagnostics have said why
    }
}

int load_into_image(const std::string& path, const std::vector<std::string>& paths, uint64_t rehearse) {
    const auto files = sources_in(paths);
    if (!files) return 2;
    Load request;
    request.rehearse = rehearse;
    for (const auto& file : *files) {
        auto text = os::read_file(file, kMostSourceBytes);
        if (!text) return complain(text.failure());
        const auto parsed = syntax::parse(file, *text);
        request.modules.push_back(
            {parsed.tree.module ? std::string(parsed.tree.module->path) : module_name_of(file), file,
             std::move(*text)});
    }
    if (request.modules.empty()) return complain({"", "there is no .ind file in what was named"});
    auto found = find_image(path);
    if (!found) return complain(found.failure());
    auto session = ImageSession::start(std::move(found).value(), {});
    if (!session) return complain(session.failure());
    ui::Client& client = (*session)->client();
    os::InterruptGuard on_interrupt([](void* to) { static_cast<ui::Client*>(to)->stop(); }, &client);
    auto answer = ask_for<Loaded>(client, std::move(request));
    if (!answer) return complain(answer.failure());
    std::fflush(stdout);
    if (!answer->taken) {
        std::fputs(answer->problem.c_str(), stderr);
        std::fputs("indent: refused; the image is what it was\n", stderr);
        return 1;
    }
    for (const auto& note : answer->notes) std::fputs(note.c_str(), stderr);
    if (answer->identical) {
        print("nothing to do: all of it is there already\n");
        return 0;
    }
    for (const auto& module : answer->modules) print("loaded " + module + "\n");
    if (answer->objects > 0)
        print(counted(answer->objects, "object") + " of " + counted(answer->actors, "actor") +
              (answer->objects == 1 ? " migrates\n" : " migrate\n"));
    for (const auto& state : answer->states) print("  " + state + "\n");
    return 0;
}

// ---- the file

Result<std::vector<std::pair<std::string, std::string>>> modules_of_image(const std::string& path,
                                                                          bool to_run) {
    auto file = File::find(path);
    if (!file) return std::move(file).failure();
    if (to_run) {
        auto paused = file->why_paused();
        if (!paused) return std::move(paused).failure();
        if (!paused->empty()) return Failure{"paused", std::move(*paused)};
    }
    return file->modules();
}

bool is_image(const std::string& path) {
    constexpr std::string_view kHead("SQLite format 3\0", 16);
    std::FILE* file = std::fopen(path.c_str(), "rb");
    if (!file) return false;
    char head[16];
    const bool same =
        std::fread(head, 1, sizeof head, file) == sizeof head && std::string_view(head, sizeof head) == kHead;
    std::fclose(file); // nobody has it open here: closing would let go of its locks
    return same;
}

int export_image(const std::string& path, const std::string& folder, bool forced) {
    auto modules = modules_of_image(path, false);
    if (!modules) return complain(modules.failure());
    struct Place {
        std::string file;
        const std::string* text;
    };
    std::vector<Place> to_write;
    std::vector<std::string> foreign, words; // files; modules with the hashes of what their files have
    for (const auto& [module, text] : *modules) {
        if (!is_module_path(module)) // of an image that somebody has made by hand
            return complain({"", "`" + module + "` cannot be a module's name, so it names no file"});
        const std::string file = file_of_module(folder, module);
        auto there = os::read_file(file, kMostSourceBytes);
        if (there && *there == text) continue;
        to_write.push_back({file, &text});
        if (there)
            words.insert(words.end(),
                         {module, as_hexadecimal(std::string(image::bytes_of(image::hash_of(*there))))});
        else if (there.failure().code != "not_found")
            foreign.push_back(file);
    }
    if (!forced && !words.empty()) {
        auto answer = answer_of_image(path, "foreign", words);
        if (!answer) return complain(answer.failure());
        for (size_t at = 0; at < answer->size();) {
            const size_t end = std::min(answer->find('\n', at), answer->size());
            foreign.push_back(file_of_module(folder, answer->substr(at, end - at)));
            at = end + 1;
        }
    }
    if (!forced && !foreign.empty()) {
        std::string files;
        for (const std::string& file : foreign) files += "  " + file + "\n";
        return complain({"exists", "nothing is written: what these files have was never in " + path + ":\n" +
                                       files +
                                       "Name another folder, or write over them with --force; `indent sync` "
                                       "shows both sides and loses neither"});
    }
    for (const Place& place : to_write) {
        if (auto made = os::make_folder(place.file.substr(0, place.file.rfind('/'))); !made)
            return complain(made.failure());
        if (auto wrote = os::write_file_atomically(place.file, *place.text); !wrote)
            return complain(wrote.failure());
    }
    print(counted(modules->size(), "module") + ", " + counted(to_write.size(), "file") + " written\n");
    return 0;
}

int show_image(const std::string& path) {
    auto file = File::find(path);
    if (!file) return complain(file.failure());
    auto modules = file->modules();
    if (!modules) return complain(modules.failure());
    auto epochs = file->epochs();
    if (!epochs) return complain(epochs.failure());
    const auto info = os::file_info(path);
    print("image: " + path + (info ? ", " + std::to_string(info.value().bytes) + " bytes\n" : "\n"));
    print(file->process() ? "open in: process " + std::to_string(file->process()) + "\n" : "not open\n");
    std::string names;
    for (const auto& module : *modules) names += (names.empty() ? "" : ", ") + module.first;
    print("modules: " + (names.empty() ? "none" : names) + "\n");
    print("epochs: " + std::to_string(epochs->size()));
    if (!epochs->empty()) print(", the last " + moment(epochs->back().at_ms) + ": " + epochs->back().what);
    print("\n");
    auto paused = file->why_paused();
    if (!paused) return complain(paused.failure());
    if (!paused->empty()) print("paused: " + *paused + "\n");
    auto refused = file->refused_library();
    if (!refused) return complain(refused.failure());
    if (!refused->empty()) print("library: an older one; the program's was refused:\n" + *refused);
    *file = File();
    return ask_image(path, "info", {});
}

int show_image_log(const std::string& path) {
    auto file = File::find(path);
    if (!file) return complain(file.failure());
    auto epochs = file->epochs();
    if (!epochs) return complain(epochs.failure());
    for (const auto& epoch : *epochs)
        print(std::to_string(epoch.number) + "  " + moment(epoch.at_ms) + "  " + epoch.what + "\n");
    return 0;
}

int verify_image(const std::string& path) {
    auto file = File::find(path);
    if (!file) return complain(file.failure());
    if (auto good = file->verify(); !good) return complain(good.failure());
    print(path + " is whole\n");
    return 0;
}

int trust_image(const std::string& path) {
    auto file = File::find(path);
    if (!file) return complain(file.failure());
    auto paused = file->why_paused();
    if (!paused) return complain(paused.failure());
    if (paused->empty()) {
        print(path + " is yours already\n");
        return 0;
    }
    if (auto trusted = file->trust(); !trusted) return complain(trusted.failure());
    print(path + (file->process() ? " is yours from now on, and runs\n"
                                  : " is yours from now on, and runs when it is opened\n"));
    return 0;
}

int save_image_as(const std::string& path, const std::string& to) {
    auto file = File::find(path);
    if (!file) return complain(file.failure());
    std::string from_root = to;
    if (to.empty() || to[0] != '/') {
        auto folder = os::working_folder();
        if (!folder) return complain(folder.failure());
        from_root = *folder + "/" + to;
    }
    auto saved = file->save_as(from_root);
    if (!saved) return complain(saved.failure());
    if (!saved->empty()) std::fprintf(stderr, "indent: %s\n", saved->c_str());
    print(to + " is a copy of " + path + "\n");
    return 0;
}

} // namespace indent
