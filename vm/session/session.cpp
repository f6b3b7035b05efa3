#include "vm/session/session.h"
#include "stdlib/sources.h"
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

bool is_module_path(std::string_view path) {
    bool begin = true;
    for (char c : path) {
        if (c == '.') {
            if (begin) return false;
            begin = true;
            continue;
        }
        const bool letter = (c >= 'a' && c <= 'z') || c == '_';
        if (!letter && (begin || c < '0' || c > '9')) return false;
        begin = false;
    }
    return !begin;
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

// The head of the class is the same, and no method has gone.
bool only_methods_changed(const ModuleText& before, const ModuleText& next, const std::string& path) {
    const Piece* old = before.piece(path);
    const Piece* now = next.piece(path);
    if (!old || !now || old->text != now->text) return false;
    if (old->mirror.kind == DefinitionKind::Extend || old->mirror.kind > DefinitionKind::Supervisor)
        return false;
    const auto extent = next.find(path);
    if (extent.end == extent.begin + 1) return false;
    return std::all_of(before.pieces().begin(), before.pieces().end(), [&](const Piece& piece) {
        return piece.mirror.owner != path || piece.mirror.kind != DefinitionKind::Method ||
               next.piece(piece.mirror.path);
    });
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
    : store_(store), deliver_(std::move(deliver)), options_(std::move(options)) {}

Session::~Session() = default;

Result<std::unique_ptr<Session>> Session::make(DefinitionStore& store, Deliver deliver, Options options) {
    std::unique_ptr<Session> session(new Session(store, std::move(deliver), std::move(options)));
    if (auto started = session->start(); !started) return std::move(started).failure();
    return session;
}

Result<void> Session::start() {
    for (const auto& source : library_sources()) {
        std::string path = library_module_of(source.path);
        library_.emplace(path, ModuleText()); // split when it is looked at
    }
    WorldOptions world;
    world.whole_library = true; // who explores looks at all of it
    world.arguments = options_.arguments;
    world.memory_limit = options_.memory_limit;
    world.output = [this](std::string_view line) { deliver_(Event{Output{std::string(line) + "\n"}}); };
    auto made = World::make(std::move(world));
    if (!made) return std::move(made).failure();
    world_ = std::move(made).value();
    auto stored = store_.modules();
    if (!stored) return std::move(stored).failure();
    for (const auto& module : *stored) {
        std::string text;
        for (const auto& piece : module.pieces) text += piece.text;
        std::lock_guard lock(mutex_);
        own_[module.path] = ModuleText::split(module.path, text);
    }
    // Modules import each other: what is imported is loaded before.
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
    running_ = true;
    while (!waiting.empty()) {
        auto next =
            std::find_if(waiting.begin(), waiting.end(), [&](const auto& m) { return !imports_waiting(m); });
        if (next == waiting.end()) next = waiting.begin(); // a circle: the loader says so
        const std::string path = *next;
        waiting.erase(next);
        Outcome outcome = world_->load_text(path, own_[path].text());
        if (refused(outcome) || !outcome.error.empty())
            deliver_(
                Event{Trouble{"The module " + path + " could not be loaded as a whole:\n" + outcome.text()}});
        see_in_workspace(path);
    }
    running_ = false;
    return ok();
}

// A workspace sees all modules of the image by their names.
void Session::see_in_workspace(const std::string& module) {
    (void)world_->evaluate("import " + module, "workspace");
}

// ---- serving

void Session::stop() {
    if (running_) world_->request_stop();
}

void Session::fail(RequestId id, Failure failure) {
    reply(id, Failed{std::move(failure.code), std::move(failure.message)});
}

void Session::serve(const RequestEnvelope& envelope) {
    const RequestId id = envelope.id;
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
            else if constexpr (std::is_same_v<Kind, Complete>)
                finish(id, complete(request.text));
            else if constexpr (std::is_same_v<Kind, Document>) {
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
                reply(id, Description{options_.version, store_.name(), running_});
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
    return result;
}

Accepted Session::accept(const Accept& request) {
    Accepted answer;
    auto refuse = [&](std::string why) {
        answer.problem = std::move(why);
        return answer;
    };
    if (library_.count(request.module))
        return refuse("`" + request.module + "` comes with the program and is read only");
    if (!is_module_path(request.module) || request.module == "workspace" || request.module == "std" ||
        request.module.rfind("std.", 0) == 0)
        return refuse("`" + request.module +
                      "` cannot be a module's name; one is like `shop` or `shop.pricing`");
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
    // An `extend` has no class of its own to take a member: it is taken as a whole.
    const bool in_class = cls && cls->mirror.kind != DefinitionKind::Extend;

    // What came of it, and where in what the world was given the person's text begins.
    struct Offered {
        Outcome outcome;
        int64_t begins = 0;
    };
    auto offer = [&](const ModuleText& module, const std::string& text, const std::string& path) -> Offered {
        if (in_class) return {world_->accept(request.module, owner, text), 0};
        if (cls) {
            const std::string whole = module.source(module.find(owner));
            const size_t begins = whole.find(text);
            return {world_->load_text(request.module, whole),
                    begins == std::string::npos ? 0 : int64_t(begins)};
        }
        // A class of which only methods changed keeps its identity, and its objects see the new ones.
        if (!path.empty() && only_methods_changed(before, next, path)) {
            auto extent = module.find(path);
            const size_t head = module.pieces()[extent.begin].text.size();
            extent.begin++;
            return {world_->accept(request.module, path, module.source(extent)), -int64_t(head)};
        }
        return {world_->load_text(request.module, text), 0};
    };

    // It must also stand in the module as it is written there.
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

    auto [outcome, begins] = offer(next, request.text, request.path);
    answer.diagnostics = diagnostics_of(outcome, begins, request.text.size());
    if (refused(outcome)) return;

    const std::string path = next.path_at(at);
    {
        std::lock_guard lock(store_mutex_);
        if (auto saved = store_.save_module(stored(next), path.empty() ? request.module : path); !saved) {
            answer.problem = saved.failure().message;
            if (piece) // the program goes back to what the image has
                (void)offer(before, before.source(before.find(request.path)), request.path);
            return;
        }
    }
    if (!outcome.error.empty()) deliver_(Event{Output{outcome.error}});
    const bool is_new = known == own_.end();
    answer.taken = true;
    answer.path = path;
    answer.hash = source_hash(next.source(next.find(path)));
    {
        std::lock_guard lock(mutex_);
        own_[request.module] = std::move(next);
    }
    if (is_new) see_in_workspace(request.module);
    deliver_(Event{DefinitionsChanged{request.module}});
}

Completions Session::complete(const std::string& text) {
    Completions all;
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
            for (const auto& source : library_sources())
                if (library_module_of(source.path) == path)
                    found->second = ModuleText::split(path, source.text);
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

void Session::save_desk(RequestId id, const SaveDesk& request) {
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
