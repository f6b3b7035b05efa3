#include "ui/main/open_command.h"
#include "ui/cli/repl.h"
#include "ui/main/image_definitions.h"
#include "ui/main/live_session.h"
#include "vm/os/files.h"
#include "vm/os/process.h"
#include "vm/os/signals.h"
#include <cstdio>
#ifdef INDENT_WINDOW
#include "ui/ide/window.h"
#endif

namespace indent {

namespace {

// What a new image shows: a few classes to change, and a workspace that says what to do.
constexpr std::string_view kSampleModule = "shapes";
constexpr const char* kSamplePieces[][2] = {
    {"Shape", "# Something with an area. Change `describe`, press Ctrl+S, and run the workspace again.\n"
              "class Shape:\n"
              "    field name = \"shape\"\n"
              "    def area = 0\n"
              "    def describe = \"{name} covers {self.area}\"\n"},
    {"Square", "\nclass Square extends Shape:\n"
               "    field side = 1\n"
               "    def area = side * side\n"},
    {"Circle", "\nclass Circle extends Shape:\n"
               "    field radius = 1\n"
               "    def area = (3.14159 * radius * radius).round(2)\n"},
    {"examples", "\n# A square and a circle.\n"
                 "def examples = [Square(name: \"square\", side: 3), Circle(name: \"circle\", radius: 2)]\n"},
};
constexpr std::string_view kSampleWorkspace =
    "# Put the cursor on a line and press Ctrl+P: it is run and its value printed.\n"
    "1 + 2\n"
    "(1..10).map(n -> n * n)\n"
    "shapes.examples.map(s -> s.describe)\n";

int complain(const std::string& words) {
    std::fprintf(stderr, "indent: %s\n", words.c_str());
    return 1;
}

Result<std::unique_ptr<image::Image>> make_sample(const std::string& path) {
    auto image = image::Image::create(path);
    if (!image) return image;
    image::ModuleRecord module{std::string(kSampleModule), {}};
    for (const auto& piece : kSamplePieces) module.definitions.push_back({piece[0], piece[1]});
    if (auto epoch = (*image)->commit("sample", {module}); !epoch) return std::move(epoch).failure();
    if (auto saved = (*image)->save("workspace/1", kSampleWorkspace); !saved) return std::move(saved).failure();
    return image;
}

Result<std::string> default_image() {
    std::string folder = os::environment("XDG_DATA_HOME").value_or(os::home_folder() + "/.local/share") + "/indent";
    std::string made;
    for (size_t slash = folder.find('/', 1);; slash = folder.find('/', slash + 1)) {
        made = folder.substr(0, slash);
        if (!os::exists(made))
            if (auto result = os::make_folder(made); !result) return std::move(result).failure();
        if (slash == std::string::npos) break;
    }
    return folder + "/sample.indent";
}

// Ctrl-C stops what the program runs.
struct StopOnInterrupt {
    explicit StopOnInterrupt(ui::Client& client)
        : guard([](void* c) { static_cast<ui::Client*>(c)->stop(); }, &client) {}
    os::InterruptGuard guard;
};

int serve_terminal(std::unique_ptr<DefinitionStore> store) {
    Session::Options options;
    options.version = INDENT_VERSION;
    auto live = LiveSession::start(std::move(store), options, {});
    if (!live) return complain(live.failure().message);
    StopOnInterrupt interrupt((*live)->client());
    ui::ReplOptions repl;
    repl.interactive = os::is_terminal(os::Stream::Input);
    if (repl.interactive) repl.history_file = os::home_folder() + "/.indent_history";
    return ui::run_repl((*live)->client(), repl);
}

} // namespace

int open_image(const OpenOptions& options) {
    std::string path = options.image;
    if (path.empty()) {
        auto found = default_image();
        if (!found) return complain(found.failure().message);
        path = *found;
    }
    auto image = os::exists(path) ? image::Image::open(path) : make_sample(path);
    if (!image) return complain(image.failure().message);
    auto store = std::make_unique<ImageDefinitions>(std::move(*image));
#ifdef INDENT_WINDOW
    bool display = os::environment("DISPLAY").has_value() || os::environment("WAYLAND_DISPLAY").has_value();
    if (!options.terminal && display) {
        auto window = ide::Window::open("Indent — " + path);
        if (window) {
            Session::Options session;
            session.version = INDENT_VERSION;
            ide::Window* shown = window->get();
            auto live = LiveSession::start(std::move(store), session, [shown] { shown->wake(); });
            if (!live) return complain(live.failure().message);
            shown->run((*live)->client());
            return 0;
        }
        std::fprintf(stderr, "indent: no window: %s; here is the prompt\n", window.failure().message.c_str());
    }
#endif
    return serve_terminal(std::move(store));
}

int new_image(const std::string& path) {
    if (os::exists(path)) return complain(path + " is there already");
    auto image = make_sample(path);
    if (!image) return complain(image.failure().message);
    std::printf("%s is made; `indent open %s` opens it.\n", path.c_str(), path.c_str());
    return 0;
}

int run_prompt() { return serve_terminal(std::make_unique<MemoryStore>()); }

} // namespace indent
