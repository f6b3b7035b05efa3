#include "vm/session/session.h"
#include "vm/os/thread.h"
#include "vm/session/code_as_it_was.h"
#include "vm/syntax/parser.h"
#include "vm/syntax/source.h"
#include "vm/world/world.h"
#include <algorithm>
#include <cstdio>

namespace indent {

using namespace protocol;

namespace {

// As the loader calls a file of the library.
std::string library_module_of(std::string_view path) {
    const size_t slash = path.rfind('/');
    std::string_view name = slash == std::string_view::npos ? path : path.substr(slash + 1);
    if (name.ends_with(".ind")) name.remove_suffix(4);
    return "std." + std::string(name);
}

// Places in the person's text, which is `size` long and begins at `begins` of what the world was given (or before it).
std::vector<protocol::Diagnostic> diagnostics_of(const Outcome& outcome, int64_t begins, size_t size) {
    std::vector<protocol::Diagnostic> all;
    auto inside = [&](uint32_t offset) {
        return uint32_t(std::clamp<int64_t>(int64_t(offset) - begins, 0, int64_t(size)));
    };
    for (const auto& problem : outcome.problems)
        all.push_back({problem.file, std::max(1u, problem.line), std::max(1u, problem.column),
                       inside(problem.begin), inside(problem.end), problem.error, problem.code, problem.words,
                       problem.suggestion, problem.rendered});
    return all;
}

bool refused(const Outcome& outcome) {
    return std::any_of(outcome.problems.begin(), outcome.problems.end(),
                       [](const auto& p) { return p.error; });
}

syntax::ParseMode members_mode(DefinitionKind kind) {
    switch (kind) {
    case DefinitionKind::Record: return syntax::ParseMode::RecordMembers;
    case DefinitionKind::Trait: return syntax::ParseMode::TraitMembers;
    case DefinitionKind::Extend: return syntax::ParseMode::ExtendMembers;
    case DefinitionKind::Actor: return syntax::ParseMode::ActorMembers;
    case DefinitionKind::Supervisor: return syntax::ParseMode::SupervisorMembers;
    default: return syntax::ParseMode::ClassMembers;
    }
}

StoredModule stored(const ModuleText& module) {
    StoredModule all{module.path(), {}};
    for (const auto& piece : module.pieces()) all.pieces.push_back({piece.mirror.path, piece.text});
    return all;
}

} // namespace

std::string source_hash(std::string_view text) {
    // FNV-1a: tells an edited text from another; nothing depends on its strength.
    uint64_t hash = 0xcbf29ce484222325;
    for (char c : text) hash = (hash ^ uint8_t(c)) * 0x100000001b3;
    char digits[17];
    std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(hash));
    return digits;
}

// ---- beginning

Session::Session(DefinitionStore& store, Deliver deliver, Options options)
    : store_(store), deliver_(std::move(deliver)), options_(std::move(options)),
      paused_(!options_.paused.empty()), break_on_error_(options_.break_on_error) {}

Session::~Session() {
    settle_broken();
    if (options_.story) options_.story->end();
}

Result<std::unique_ptr<Session>> Session::make(DefinitionStore& store, Deliver deliver, Options options) {
    std::unique_ptr<Session> session(new Session(store, std::move(deliver), std::move(options)));
    if (auto started = session->start(); !started) return std::move(started).failure();
    return session;
}

Result<void> Session::start() {
    if (auto read = read_modules(); !read) return read;
    for (const std::string& key : store_.damaged_texts())
        deliver_(
            Event{Trouble{"the text `" + key +
                          "` of the desk is damaged and left out; `indent image recover` may find an older "
                          "one"}});
    if (!paused_) return run();
    auto made = make_world({}); // its library alone can be asked about
    if (made) list_library();
    return made;
}

std::vector<LibraryText> Session::library_of_this() const {
    return options_.library.empty() ? library_of_program() : options_.library;
}

void Session::list_library() {
    std::lock_guard lock(mutex_);
    library_.clear();
    library_texts_.clear();
    for (const LibraryText& source : world_->library()) {
        library_.emplace(library_module_of(source.path), ModuleText());
        library_texts_.emplace(library_module_of(source.path), source.text);
    }
}

// An image goes on with the library that it had. That of this program is taken as a reload of a person's would be: all of it,
// or nothing and why.
void Session::offer_library() {
    if (!options_.story || !library_is_kept_) return;
    auto mine = library_of_this();
    if (mine == world_->library()) return;
    std::string all;
    for (const LibraryText& text : mine) all += text.path + "\n" + source_hash(text.text) + "\n";
    const std::string which = source_hash(all);
    {
        std::lock_guard lock(store_mutex_);
        auto desk = store_.desk();
        auto epochs = store_.epochs();
        if (!desk || !epochs) return;
        const auto before = desk->find(std::string(kLibraryRefused)); // and nothing has changed since
        all = which + " " + std::to_string(epochs->empty() ? 0 : epochs->back().number) + "\n";
        if (before != desk->end() && before->second.starts_with(all)) return;
    }
    const std::string what = "the library of indent " + options_.version;
    std::string failure;
    ReloadOptions options;
    options.keep = [&](std::string& words) {
        std::lock_guard lock(store_mutex_);
        auto saved = store_.save_modules({stored_library(mine)}, what);
        if (saved) {
            options_.story->reload_is_kept(what);
            return true;
        }
        words += "error: " + saved.failure().message + "\n";
        return false;
    };
    const ReloadReport report = world_->take_library(mine, options);
    if (!report.ok) {
        std::lock_guard lock(store_mutex_);
        (void)store_.save_desk(kLibraryRefused,
                               all + report.refusal); // it is offered once more when something has changed
        deliver_(Event{Trouble{what + " is not the one that this image has run with, and was refused:\n" +
                               report.refusal + "The image goes on with the library that it had.\n"}});
        return;
    }
    options_.story->follow_reload();
    {
        std::lock_guard lock(store_mutex_);
        (void)store_.forget_desk(kLibraryRefused);
    }
    std::string words = what + " is not the one that this image has run with, and was taken:\n";
    for (const std::string& module : report.modules) words += "  " + module + "\n";
    for (const std::string& state : report.states) words += "  " + state + "\n";
    for (const std::string& note : report.notes) words += note;
    deliver_(Event{Trouble{words}});
}

Result<void> Session::run() {
    if (options_.story) tell_of_broken_before();
    running_ = true;
    auto opened = open();
    if (opened) {
        offer_library();
        list_library();
        if (options_.story) opened = options_.story->sync();
    }
    running_ = false;
    return opened;
}

Result<void> Session::open() {
    ActorStory* story = options_.story;
    if (story)
        if (auto read = story->open(); !read) return read;
    if (story && !story->is_new()) {
        if (auto done = open_as_it_was(); !done) return done;
    } else {
        // Of an image without a story, too: what its modules were accepted with.
        uint64_t newest = 0;
        if (auto epochs = store_.epochs(); epochs && !epochs->empty()) newest = epochs->back().number;
        if (auto made = make_world(library_at(store_, newest, newest)); !made) return made;
    }
    list_library();
    if (!story) {
        open_modules();
        return ok();
    }
    const bool first = story->is_new(); // effects of modules are a part of the story, and run once
    story->on_trouble = [this](const std::string& words) { deliver_(Event{Trouble{words}}); };
    auto begun = story->begin(*world_);
    if (!begun) return std::move(begun).failure();
    for (const std::string& trouble : *begun) deliver_(Event{Trouble{trouble}});
    if (first) open_modules();
    return story->sync();
}

Result<void> Session::make_world(std::vector<LibraryText> library) {
    world_.reset();
    library_is_kept_ = !library.empty();
    WorldOptions world;
    world.library = library_is_kept_ ? std::move(library) : library_of_this();
    world.whole_library = true; // who explores looks at all of it
    world.arguments = options_.arguments;
    world.memory_limit = options_.memory_limit;
    // The first serves requests and sleeps between them; actors and timers go on in another.
    world.workers = std::max(2u, os::processors());
    world.output = [this](std::string_view line) { deliver_(Event{Output{std::string(line) + "\n"}}); };
    auto made = World::make(world);
    if (!made && library_is_kept_) {
        deliver_(Event{
            Trouble{"The library that this image has run with does not work with this program, whose own "
                    "is there instead:\n" +
                    made.failure().message}});
        library_is_kept_ = false;
        world.library = library_of_this();
        made = World::make(std::move(world));
    }
    if (!made) return std::move(made).failure();
    world_ = std::move(made).value();
    watch_broken();
    if (options_.story)
        world_->reloads().past = [this](const std::string& question, const std::vector<std::string>& words) {
            return options_.story->ask(question, words);
        };
    return ok();
}

Result<void> Session::read_modules() {
    auto stored = store_.modules();
    if (!stored) return std::move(stored).failure();
    for (const auto& module : *stored) {
        std::string text;
        for (const auto& piece : module.pieces) text += piece.text;
        if (module.path == kLibraryPath) continue;
        std::lock_guard lock(mutex_);
        own_[module.path] = ModuleText::split(module.path, text);
    }
    return ok();
}

// The world ends and begins anew as it was then. Where that fails, the session has a world without a story.
void Session::go_back(RequestId id, const GoBack& request) {
    ActorStory* story = options_.story;
    if (!story) return fail(id, {"no_image", "nothing of this session is kept in a file"});
    if (const std::string why = why_not_kept(); !why.empty()) return fail(id, {"io_error", why});
    if (request.where.empty())
        return fail(id, {"bad_place", "`where` is empty: say a turn, a snapshot or `now`"});
    if (auto may = story->may_go_back(request.where, request.name); !may)
        return fail(id, std::move(may).failure());
    story->end();
    auto gone = story->go_back(request.where, request.name);
    std::vector<std::string> changed;
    {
        std::lock_guard lock(mutex_);
        for (const auto& module : own_) changed.push_back(module.first);
        own_.clear();
    }
    auto opened = read_modules();
    if (opened && !paused_) opened = open();
    for (const auto& module : own_) changed.push_back(module.first);
    for (const std::string& module : changed) deliver_(Event{DefinitionsChanged{module}});
    if (!gone) return fail(id, std::move(gone).failure());
    if (!opened) return fail(id, std::move(opened).failure());
    finish(id, Told{std::move(*gone)});
}

// What is paused has not been opened: it is what it was, however long that takes and whatever happens to this program.
void Session::trust(RequestId id) {
    if (!paused_) return finish(id, Done{});
    if (auto trusted = options_.trust(); !trusted) return fail(id, std::move(trusted).failure());
    auto opened = run();
    if (!opened) {
        if (!world_) (void)make_world({});
        return fail(id, std::move(opened).failure());
    }
    paused_ = false;
    deliver_(Event{Trusted{}});
    finish(id, Done{});
}

bool Session::is_for_what_runs(const Request& request) const {
    return std::visit(
        [](const auto& one) {
            using Kind = std::decay_t<decltype(one)>;
            return std::is_same_v<Kind, Evaluate> || std::is_same_v<Kind, Accept> ||
                   std::is_same_v<Kind, Load> || std::is_same_v<Kind, GetFrames> ||
                   std::is_same_v<Kind, EvaluateInFrame> || std::is_same_v<Kind, ResolveBroken>;
        },
        request);
}

void Session::ask_past(RequestId id, const AskPast& request) {
    if (!options_.story) return fail(id, {"no_image", "nothing of this session is kept in a file"});
    auto answer = options_.story->ask(request.question, request.words);
    if (answer)
        reply(id, Told{std::move(*answer)});
    else
        fail(id, std::move(answer).failure());
}

// Code as it was; the effects of modules are a part of the story.
Result<void> Session::open_as_it_was() {
    uint64_t newest = 0;
    if (auto epochs = store_.epochs()) newest = epochs->empty() ? 0 : epochs->back().number;
    auto done = take_code_that_fits(
        store_, newest,
        [this](std::vector<LibraryText> library) -> Result<World*> {
            if (auto made = make_world(std::move(library)); !made) return std::move(made).failure();
            return world_.get();
        },
        [this](World& world) { return options_.story->fits(world); },
        [this](const std::string& words) { deliver_(Event{Trouble{words}}); });
    if (!done) return done;
    for (const auto& module : own_) see_in_workspace(module.first);
    return ok();
}

std::string Session::why_not_kept() {
    if (!options_.story) return "";
    auto kept = options_.story->sync();
    return kept ? "" : kept.failure().message;
}

// Modules import each other: what is imported is loaded before, and those that import each other in a circle together.
void Session::open_modules() {
    std::vector<std::string> waiting;
    for (const auto& module : own_) waiting.push_back(module.first);
    auto imports_waiting = [&](const std::string& path) {
        auto parsed = syntax::parse(path, own_[path].text());
        for (const auto* node : parsed.tree.top_level)
            if (auto* import = syntax::try_as<syntax::ImportNode>(node))
                if (import->path != path &&
                    std::find(waiting.begin(), waiting.end(), import->path) != waiting.end())
                    return true;
        return false;
    };
    bool together = true; // has not failed
    while (!waiting.empty()) {
        auto next =
            std::find_if(waiting.begin(), waiting.end(), [&](const auto& m) { return !imports_waiting(m); });
        if (next == waiting.end() && std::exchange(together, false)) {
            std::vector<ReloadText> texts;
            for (const auto& path : waiting) texts.push_back({path, path, own_[path].text(), true});
            if (!world_->take(std::move(texts)).ok) continue;
            for (const auto& path : std::exchange(waiting, {})) see_in_workspace(path);
            break;
        }
        if (next == waiting.end()) next = waiting.begin(); // one by one: the loader says what is wrong
        const std::string path = *next;
        waiting.erase(next);
        Outcome outcome = world_->load_text(path, own_[path].text());
        if (refused(outcome) || !outcome.error.empty())
            deliver_(
                Event{Trouble{"The module " + path + " could not be loaded as a whole:\n" + outcome.text()}});
        see_in_workspace(path);
    }
}

// A workspace sees all modules of the image by their names.
void Session::see_in_workspace(const std::string& module) {
    (void)world_->evaluate("import " + module, "workspace");
}

// ---- serving

void Session::stop() {
    if (running_) world_->request_stop();
}

void Session::stop_asking() {
    if (options_.story) options_.story->give_up();
}

void Session::fail(RequestId id, Failure failure) {
    reply(id, Failed{std::move(failure.code), std::move(failure.message)});
}

bool Session::go_on_until(const std::atomic<bool>& wanted) {
    auto set = [&](World* world) {
        std::lock_guard lock(going_on_mutex_);
        going_on_ = world;
    };
    set(world_.get());
    const bool any = world_->actors().go_on_until(wanted);
    set(nullptr);
    return any;
}

void Session::look_up() {
    std::lock_guard lock(going_on_mutex_);
    if (going_on_) going_on_->actors().look_up();
}

void Session::serve(const RequestEnvelope& envelope) {
    const RequestId id = envelope.id;
    if (paused_ && is_for_what_runs(envelope.request)) return fail(id, {"paused", options_.paused});
    const bool runs = lane_of(envelope.request) == Lane::Program;
    if (runs) {
        world_->forget_stop(); // of one that came too late for the last
        running_ = true;
        deliver_(Event{Busy{id}});
    }
    std::visit(
        [&](const auto& request) {
            using Kind = std::decay_t<decltype(request)>;
            if constexpr (std::is_same_v<Kind, Evaluate>)
                finish(id, evaluate(request));
            else if constexpr (std::is_same_v<Kind, Accept>)
                finish(id, accept(request));
            else if constexpr (std::is_same_v<Kind, Load>)
                finish(id, load(request));
            else if constexpr (std::is_same_v<Kind, Complete>)
                finish(id, complete(request.text));
            else if constexpr (std::is_same_v<Kind, GetFrames>)
                get_frames(id, request);
            else if constexpr (std::is_same_v<Kind, EvaluateInFrame>)
                finish(id, evaluate_in_frame(request));
            else if constexpr (std::is_same_v<Kind, ResolveBroken>)
                finish(id, resolve(request));
            else if constexpr (std::is_same_v<Kind, ListBroken>)
                reply(id, broken_turns());
            else if constexpr (std::is_same_v<Kind, BreakOnError>) {
                if (paused_)
                    break_on_error_ = request.on;
                else
                    world_->actors().break_on_error = request.on;
                reply(id, Done{});
            } else if constexpr (std::is_same_v<Kind, Document>) {
                std::string text = world_->documentation(request.name);
                if (text.empty())
                    fail(id, {"not_found", "nothing is documented under `" + request.name + "`"});
                else
                    reply(id, Documentation{std::move(text)});
            } else if constexpr (std::is_same_v<Kind, ListModules>)
                reply(id, modules());
            else if constexpr (std::is_same_v<Kind, ListDefinitions>)
                list_definitions(id, request.module);
            else if constexpr (std::is_same_v<Kind, GetSource>)
                get_source(id, request);
            else if constexpr (std::is_same_v<Kind, SaveDesk>)
                save_desk(id, request);
            else if constexpr (std::is_same_v<Kind, LoadDesk>) {
                std::lock_guard lock(store_mutex_);
                if (auto desk = store_.desk())
                    reply(id, Desk{std::move(desk).value()});
                else
                    fail(id, std::move(desk).failure());
            } else if constexpr (std::is_same_v<Kind, Describe>)
                reply(id, Description{options_.version, store_.name(), running_,
                                      paused_ ? options_.paused : std::string()});
            else if constexpr (std::is_same_v<Kind, ListEpochs>)
                list_epochs(id);
            else if constexpr (std::is_same_v<Kind, AskPast>)
                ask_past(id, request);
            else if constexpr (std::is_same_v<Kind, GoBack>)
                go_back(id, request);
            else if constexpr (std::is_same_v<Kind, TrustImage>)
                trust(id);
            else if constexpr (std::is_same_v<Kind, VerifyImage>)
                with_store(id, [&] { return store_.verify(); });
            else if constexpr (std::is_same_v<Kind, CompactImage>) {
                if (auto done = store_.compact()) // it looks after turns by itself
                    reply(id, Compacted{done->before, done->after});
                else
                    fail(id, std::move(done).failure());
            } else if constexpr (std::is_same_v<Kind, SaveImageAs>)
                with_store(id, [&]() -> Result<void> {
                    if (request.path.empty() || request.path[0] != '/')
                        return Failure{"bad_path", "`" + request.path +
                                                       "` must begin at the root: this program may stand in "
                                                       "another folder than you"};
                    auto saved = store_.save_as(request.path);
                    if (!saved) return std::move(saved).failure();
                    if (!saved->empty()) deliver_(Event{Trouble{*saved}});
                    return ok();
                });
            else
                static_assert(!sizeof(Kind), "a request that nobody serves");
        },
        envelope.request);
    if (runs) {
        running_ = false;
        deliver_(Event{Idle{}});
    }
}

// ---- the program's lane

Evaluated Session::evaluate(const Evaluate& request) {
    Evaluated result;
    using Which = Evaluated::Outcome;
    if (request.may_be_unfinished && syntax::needs_more_lines(request.text)) {
        result.outcome = Which::Unfinished;
        return result;
    }
    const Outcome outcome = world_->evaluate(request.text, request.workspace);
    result.diagnostics = diagnostics_of(outcome, 0, request.text.size());
    result.report = outcome.text();
    if (outcome.stopped) {
        result.outcome = Which::Stopped;
    } else if (refused(outcome)) {
        result.outcome = Which::Refused;
    } else if (!outcome.error.empty()) {
        result.outcome = Which::Raised;
        result.text = outcome.error_class;
        if (!outcome.error_message.empty()) result.text += ": " + outcome.error_message;
        if (outcome.error_line) result.trace.push_back({"", outcome.error_file, outcome.error_line});
    } else if (request.wants_value) {
        result.text = outcome.has_value ? outcome.value : "nil";
    }
    if (const std::string why = why_not_kept(); !why.empty()) {
        result.outcome = Which::Raised;
        result.text = "this was done and could not be kept: " + why;
        result.report += "error: " + result.text + "\n";
    }
    return result;
}

std::string Session::why_no_module(const std::string& path) const {
    if (library_.count(path)) return "`" + path + "` comes with the program and is read only";
    if (!is_module_path(path) || path == "workspace" || path == "std" || path.rfind("std.", 0) == 0)
        return "`" + path + "` cannot be a module's name; one is like `shop` or `shop.pricing`";
    return "";
}

Accepted Session::accept(const Accept& request) {
    Accepted answer;
    auto refuse = [&](std::string why) {
        answer.problem = std::move(why);
        return answer;
    };
    if (std::string why = why_no_module(request.module); !why.empty()) return refuse(std::move(why));
    if (request.text.find_first_not_of(" \r\n") == std::string::npos)
        return refuse("there is nothing to accept");
    // Only this thread changes own_, so that it may read without the lock.
    auto known = own_.find(request.module);
    const ModuleText before = known == own_.end() ? ModuleText::split(request.module, "") : known->second;

    const ModuleText::Extent extent = before.find(request.path);
    const Piece* piece = request.path.empty() ? nullptr : before.piece(request.path);
    if (!request.path.empty() && !piece) {
        answer.conflict = true;
        return refuse("`" + request.path + "` is no longer in `" + request.module + "`");
    }
    if (piece && !request.base.empty() && request.base != source_hash(before.source(extent))) {
        answer.conflict = true;
        return refuse("`" + request.path + "` was changed by somebody else meanwhile");
    }
    const std::string owner = piece ? piece->mirror.owner : request.owner;
    ModuleText::Edited edited;
    if (owner.empty()) {
        edited =
            piece ? before.replaced(extent, as_lines(request.text)) : before.added(as_lines(request.text));
    } else {
        const ModuleText::Extent whole = before.find(owner);
        if (whole.empty()) return refuse("`" + request.module + "` has no class `" + owner + "`");
        edited = piece ? before.replaced(extent, as_member(request.text))
                       : before.added_member(whole, as_member(request.text));
    }
    take(request, ModuleText::split(request.module, edited.text), edited.at, answer);
    return answer;
}

// The way of an edit: read as part of its module; taken by the world, which checks it; written; told.
void Session::take(const Accept& request, ModuleText next, size_t at, Accepted& answer) {
    auto known = own_.find(request.module);
    const ModuleText before = known == own_.end() ? ModuleText::split(request.module, "") : known->second;
    const Piece* piece = request.path.empty() ? nullptr : before.piece(request.path);
    const std::string owner = piece ? piece->mirror.owner : request.owner;
    const Piece* cls = owner.empty() ? nullptr : before.piece(owner);

    // What cannot be read is shown in the person's own text, as what it was meant to be.
    auto whole = syntax::parse(request.module, next.text());
    if (!whole.ok()) {
        const auto mode = cls ? members_mode(cls->mirror.kind) : syntax::ParseMode::Module;
        auto alone = syntax::parse(request.module, request.text, mode);
        auto& found = alone.ok() ? whole : alone;
        syntax::Source source(found.tree.file, *found.tree.source);
        for (const auto& diagnostic : found.diagnostics) {
            const size_t shift = alone.ok() ? at : 0;
            auto place = source.position(diagnostic.span.begin);
            auto inside = [&](size_t offset) {
                return uint32_t(std::clamp<size_t>(offset, shift, shift + request.text.size()) - shift);
            };
            answer.diagnostics.push_back(
                {request.module, place.line, place.column, inside(diagnostic.span.begin),
                 inside(diagnostic.span.end), diagnostic.severity == syntax::Severity::Error,
                 std::string(syntax::code_name(diagnostic.code)), syntax::words(diagnostic),
                 syntax::suggestion(diagnostic), syntax::render(diagnostic, source)});
        }
        return;
    }

    const std::string path = next.path_at(at);
    ReloadOptions options;
    options.keep = keeping({next}, path.empty() ? request.module : path, answer.problem);
    const Outcome outcome = world_->accept(request.module, next.text(), options);
    if (!answer.problem.empty()) return;
    answer.diagnostics = diagnostics_of(outcome, int64_t(at), request.text.size());
    if (refused(outcome)) return;
    answer.taken = true;
    answer.path = path;
    answer.hash = source_hash(next.source(next.find(path)));
    now_are({std::move(next)});
    if (options_.story) options_.story->follow_reload();
    answer.problem = why_not_kept();
}

std::function<bool(std::string&)> Session::keeping(const std::vector<ModuleText>& modules, std::string what,
                                                   std::string& failure) {
    std::vector<StoredModule> all;
    for (const auto& module : modules) all.push_back(stored(module));
    if (options_.story && !library_is_kept_ && !all.empty()) all.push_back(stored_library(world_->library()));
    return [this, all = std::move(all), what = std::move(what), &failure](std::string& words) {
        if (all.empty()) return true;
        std::lock_guard lock(store_mutex_);
        auto saved = store_.save_modules(all, what);
        if (saved) {
            library_is_kept_ = options_.story != nullptr;
            if (options_.story) options_.story->reload_is_kept(what);
            return true;
        }
        failure = saved.failure().message;
        words += "error: " + failure + "\n";
        return false;
    };
}

void Session::now_are(std::vector<ModuleText> modules) {
    std::vector<std::pair<std::string, bool>> paths; // and whether it is new
    {
        std::lock_guard lock(mutex_);
        for (auto& module : modules) {
            const std::string path = module.path();
            paths.emplace_back(path, own_.insert_or_assign(path, std::move(module)).second);
        }
    }
    for (const auto& [path, is_new] : paths)
        if (is_new) see_in_workspace(path);
    for (const auto& [path, is_new] : paths) deliver_(Event{DefinitionsChanged{path}});
}

// Texts of whole modules, in one reload.
Loaded Session::load(const Load& request) {
    Loaded answer;
    auto refuse = [&](const std::string& why) {
        answer.problem = "error: " + why + "\n";
        return answer;
    };
    if (request.modules.empty()) return refuse("there is nothing to load");
    std::vector<ReloadText> texts;
    std::vector<ModuleText> modules;
    std::string what;
    for (const NewText& text : request.modules) {
        if (std::string why = why_no_module(text.module); !why.empty()) return refuse(why);
        const std::string file = text.file.empty() ? text.module : text.file;
        for (const ReloadText& other : texts)
            if (other.path == text.module)
                return refuse("`" + text.module + "` is there twice: in " + other.file + " and in " + file);
        if (auto parsed = syntax::parse(file, text.text);
            parsed.tree.module && parsed.tree.module->path != text.module)
            return refuse(file + " says that it is `" + std::string(parsed.tree.module->path) +
                          "`, and not `" + text.module + "`");
        texts.push_back({text.module, file, text.text, true});
        what += (what.empty() ? "load " : ", ") + text.module;
        // Only this thread changes own_, so that it may read without the lock.
        auto known = own_.find(text.module);
        if (known == own_.end() || known->second.text() != text.text)
            modules.push_back(ModuleText::split(text.module, text.text));
    }
    std::string not_kept;
    ReloadOptions options;
    options.keep = keeping(modules, what, not_kept);
    options.rehearse = request.rehearse;
    ReloadReport report = world_->take(std::move(texts), options);
    Outcome outcome;
    outcome.problems = world_->problems_of(report);
    answer.diagnostics = diagnostics_of(outcome, 0, UINT32_MAX);
    if (!report.ok) {
        answer.problem = report.refusal;
        return answer;
    }
    answer.taken = true;
    answer.identical = report.identical;
    answer.modules = std::move(report.modules);
    answer.states = std::move(report.states);
    answer.notes = std::move(report.notes);
    answer.actors = report.actors_tried;
    answer.objects = report.objects_tried;
    answer.microseconds = report.total_ns / 1000;
    if (options_.story && !answer.identical) name_epoch(answer.modules);
    now_are(std::move(modules));
    if (options_.story) options_.story->follow_reload();
    answer.problem = why_not_kept();
    return answer;
}

// `shop: generation 2` is how often this program has taken it; the image counts its changes, and its log shows them.
void Session::name_epoch(std::vector<std::string>& modules) {
    std::lock_guard lock(store_mutex_);
    const auto epochs = store_.epochs();
    if (!epochs || epochs->empty()) return;
    for (std::string& module : modules)
        module = module.substr(0, module.find(':')) + ": epoch " + std::to_string(epochs->back().number);
}

Completions Session::complete(const std::string& text) {
    Completions all;
    all.prefix = text.substr(text.size() - world_->completed_part(text).size());
    for (auto& word : world_->completions(text)) all.completions.push_back({std::move(word), ""});
    return all;
}

// ---- the desk's lane

Modules Session::modules() {
    Modules all;
    std::lock_guard lock(mutex_);
    for (const auto& module : own_) all.modules.push_back({module.first, false, module.second.doc()});
    for (const auto& module : library_) all.modules.push_back({module.first, true, ""});
    return all;
}

const ModuleText* Session::find_locked(const std::string& module, bool& library) const {
    library = false;
    if (auto own = own_.find(module); own != own_.end()) return &own->second;
    auto found = library_.find(module);
    if (found == library_.end()) return nullptr;
    library = true;
    return &found->second;
}

void Session::list_definitions(RequestId id, const std::string& path) {
    Definitions all{path, {}};
    {
        std::lock_guard lock(mutex_);
        if (auto found = library_.find(path); found != library_.end() && found->second.path().empty())
            found->second = ModuleText::split(path, library_texts_[path]);
        bool library = false;
        const ModuleText* module = find_locked(path, library);
        if (module)
            for (const auto& piece : module->pieces())
                if (!piece.blank) all.definitions.push_back(piece.mirror);
    }
    reply(id, std::move(all));
}

void Session::get_source(RequestId id, const GetSource& request) {
    Source source{request.module, request.path};
    {
        std::lock_guard lock(mutex_);
        bool library = false;
        const ModuleText* module = find_locked(request.module, library);
        const auto extent = module ? module->find(request.path) : ModuleText::Extent();
        if (!module || (!request.path.empty() && extent.empty())) {
            fail(id, {"not_found", "there is no `" + request.path + "` in `" + request.module + "`"});
            return;
        }
        source.text = request.path.empty() ? module->text() : module->source(extent);
        source.editable = !library;
    }
    source.hash = source_hash(source.text);
    reply(id, std::move(source));
}

void Session::list_epochs(RequestId id) {
    Result<std::vector<StoredEpoch>> stored = [&] {
        std::lock_guard lock(store_mutex_);
        return store_.epochs();
    }();
    if (!stored) return fail(id, std::move(stored).failure());
    Epochs all;
    for (auto& epoch : *stored) all.epochs.push_back({epoch.number, epoch.at_ms, std::move(epoch.what)});
    reply(id, std::move(all));
}

void Session::with_store(RequestId id, const std::function<Result<void>()>& work) {
    Result<void> done = [&] {
        std::lock_guard lock(store_mutex_);
        return work();
    }();
    if (done)
        reply(id, Done{});
    else
        fail(id, std::move(done).failure());
}

static bool is_own_key(std::string_view key) {
    return key == kLibraryRefused || key == kWhoseItIs || key.starts_with(kStoppedTurns);
}

void Session::save_desk(RequestId id, const SaveDesk& request) {
    if (is_own_key(request.key))
        return fail(id, {"denied", "`" + request.key + "` is what the image keeps for itself"});
    std::lock_guard lock(store_mutex_);
    auto saved =
        request.text ? store_.save_desk(request.key, *request.text) : store_.forget_desk(request.key);
    if (saved) {
        reply(id, Done{});
    } else {
        deliver_(Event{Trouble{saved.failure().message}});
        fail(id, std::move(saved).failure());
    }
}

} // namespace indent
