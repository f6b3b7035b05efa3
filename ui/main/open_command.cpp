#include "ui/main/open_command.h"
#include "stdlib/sources.h"
#include "ui/cli/repl.h"
#include "ui/client/socket_client.h"
#include "ui/main/asking.h"
#include "ui/main/image_home.h"
#include "ui/main/image_session.h"
#include "ui/main/session_host.h"
#include "vm/os/files.h"
#include "vm/os/process.h"
#include "vm/os/signals.h"
#include <atomic>
#include <cstdio>
#include <functional>
#ifdef INDENT_WINDOW
#include "ui/ide/window_face.h"
#include "vm/os/plugin.h"
#endif

namespace indent {

namespace {

// What the workspace of a new image says.
constexpr std::string_view kFirstWorkspace =
    "# A workspace: write anything, put the cursor on its line,\n"
    "# and press Ctrl+P to print its value, or Ctrl+D to run it.\n"
    "# Code > New module... makes a place for classes and functions.\n\n";

// The browser begins at a method that is worth changing (ui/ide/layout.h reads this).
constexpr std::string_view kFirstLayout = "module shapes\ndefinition Square.area\n";

// A module of a sample, in as many pieces as a session makes of it.
image::ModuleRecord sample_module(std::string_view path, std::string_view text) {
    const std::string name(path.substr(path.rfind('/') + 1));
    image::ModuleRecord record{name.substr(0, name.size() - 4)};
    const ModuleText module = ModuleText::split(record.path, text);
    for (const auto& piece : module.pieces()) record.definitions.push_back({piece.mirror.path, piece.text});
    return record;
}

Result<std::unique_ptr<image::Image>> make_image(const std::string& path, bool with_samples) {
    auto image = image::Image::create(path);
    if (!image) return image;
    if (auto mine = trust(**image); !mine) return std::move(mine).failure();
    if (!with_samples) {
        if (auto saved = (*image)->save("workspace/1", kFirstWorkspace); !saved)
            return std::move(saved).failure();
        return image;
    }
    std::vector<image::ModuleRecord> modules;
    for (const auto& source : sample_sources()) {
        if (source.path == "sample_image/workspace.ind") {
            if (auto saved = (*image)->save("workspace/1", source.text); !saved)
                return std::move(saved).failure();
        } else {
            modules.push_back(sample_module(source.path, source.text));
        }
    }
    if (auto saved = (*image)->save("layout", kFirstLayout); !saved) return std::move(saved).failure();
    if (auto committed = (*image)->commit("the samples", modules); !committed)
        return std::move(committed).failure();
    return image;
}

Result<FoundImage> made(Result<std::unique_ptr<image::Image>> image) {
    if (!image) return std::move(image).failure();
    FoundImage found;
    found.own = std::move(image).value();
    return found;
}

Result<FoundImage> open_or_make(const OpenOptions& options, std::function<void()> wake) {
    std::string path = options.image;
    if (path.empty()) {
        path = data_folder() + "/sample.indent";
        if (auto made = os::make_folder(data_folder()); !made) return std::move(made).failure();
    }
    const auto info = os::file_info(path);
    // An empty file is what is left of a program that was ended while it made an image.
    if (!info && info.failure().code == "not_found") return made(make_image(path, options.image.empty()));
    if (info && info.value().bytes == 0 && info.value().kind == os::FileKind::File)
        return made(make_image(path, true));
    return find_image(path, std::move(wake));
}

#ifdef INDENT_WINDOW
// The window's plugin stands beside the program, or where it was installed.
Result<std::unique_ptr<ide::WindowFace>> open_window(const std::string& title) {
    std::string folder = os::executable_path();
    folder.resize(folder.rfind('/') + 1);
    std::string plugin = folder + "indent_window.so";
    if (!os::exists(plugin)) plugin = folder + INDENT_PLUGIN_FOLDER "/indent_window.so";
    auto entry = os::load_symbol(plugin, ide::kOpenWindow);
    if (!entry) return Failure{"no_display", "the window cannot be loaded: " + entry.failure().message};
    Failure failure;
    if (auto* window = reinterpret_cast<ide::OpenWindow>(*entry)(title.c_str(), &failure))
        return std::unique_ptr<ide::WindowFace>(window);
    return failure;
}
#endif

int at_the_prompt(ui::Client& client, bool break_on_error = false) {
    os::InterruptGuard on_interrupt([](void* to) { static_cast<ui::Client*>(to)->stop(); }, &client);
    ui::ReplOptions options;
    options.interactive = os::is_terminal(os::Stream::Input);
    options.break_on_error = break_on_error;
    if (options.interactive && os::make_folder(data_folder()))
        options.history_file = data_folder() + "/history";
    return ui::run_repl(client, options);
}

Result<std::unique_ptr<ImageSession>> start_served(FoundImage found, std::function<void()> wake,
                                                   Durability durability) {
    auto session = ImageSession::start(std::move(found), {std::move(wake), true, false, durability});
    if (session && !(*session)->why_not_served().empty())
        std::fprintf(stderr, "indent: other programs cannot attach: %s\n",
                     (*session)->why_not_served().c_str());
    return session;
}

int prompt_on(FoundImage found, bool break_on_error, Durability durability) {
    auto session = start_served(std::move(found), {}, durability);
    if (!session) return complain(session.failure());
    return at_the_prompt((*session)->client(), break_on_error);
}

} // namespace

int open_image(const OpenOptions& options) {
#ifdef INDENT_WINDOW
    // The session may wake the window before there is one.
    auto to_wake = std::make_shared<std::atomic<ide::WindowFace*>>(nullptr);
    auto wake = [to_wake] {
        if (ide::WindowFace* window = *to_wake) window->wake();
    };
    auto found = open_or_make(options, wake);
#else
    auto found = open_or_make(options, {});
#endif
    if (!found) return complain(found.failure());
#ifdef INDENT_WINDOW
    if (!options.terminal) {
        const std::string name = found->own              ? found->own->path()
                                 : options.image.empty() ? "the sample image"
                                                         : options.image;
        auto window = open_window("Indent \xE2\x80\x94 " + name);
        if (window) {
            *to_wake = window->get();
            {
                auto session = start_served(std::move(found).value(), wake, options.durability);
                if (!session) return complain(session.failure());
                (*window)->run((*session)->client());
            }
            *to_wake = nullptr;
            return 0;
        }
        std::fprintf(stderr, "indent: %s; here is the prompt on %s instead\n",
                     window.failure().message.c_str(), name.c_str());
    }
#endif
    return prompt_on(std::move(found).value(), false, options.durability);
}

int run_prompt(const std::string& image, bool break_on_error, Durability durability) {
    if (!image.empty()) {
        auto found = find_image(image);
        if (!found) return complain(found.failure());
        return prompt_on(std::move(found).value(), break_on_error, durability);
    }
    MemoryStore store;
    auto host = SessionHost::start(store, Session::Options{INDENT_VERSION}, {});
    if (!host) return complain(host.failure());
    return at_the_prompt((*host)->client(), break_on_error);
}

int new_image(const std::string& path) {
    auto image = make_image(path, false);
    if (!image) return complain(image.failure());
    std::printf("%s is a new image; `indent open %s` opens it\n", path.c_str(), path.c_str());
    return 0;
}

} // namespace indent
