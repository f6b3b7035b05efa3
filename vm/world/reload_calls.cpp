#include "vm/world/reload_calls.h"
#include "vm/os/files.h"
#include "vm/world/world.h"

namespace indent {

namespace {

// The text says which module it is. Empty path: refused with words.
ReloadText named_by_itself(Runtime& runtime, std::string text, std::string& words) {
    ReloadText one;
    auto parsed = syntax::parse("load", text, syntax::ParseMode::Module);
    if (parsed.tree.module) one.path = parsed.tree.module->path;
    if (one.path.empty() && text.ends_with(".ind") && text.find('\n') == std::string::npos)
        words = "`" + text +
                "` is the name of a file, and what is wanted is the text of a module: File.read(\"" + text +
                "\") is that of the file";
    else if (one.path.empty())
        words = "the text does not begin with `module NAME`, so nobody knows what it is a new version of";
    auto known = runtime.modules.find(one.path);
    one.file = known != runtime.modules.end() ? known->second->file : one.path;
    one.text = std::move(text);
    return one;
}

} // namespace

bool ReloadCalls::reload(Machine& vm, Value* args, const std::string& path, const std::string* text,
                         const ReloadOptions& options, std::string& words) {
    Runtime& runtime = world_.runtime();
    std::vector<ReloadText> texts;
    if (text) {
        texts.push_back(named_by_itself(runtime, *text, words));
        if (!words.empty()) return false;
    } else {
        auto known = runtime.modules.find(path);
        if (known == runtime.modules.end()) {
            words = "there is no module `" + path + "`";
            return false;
        }
        auto source = os::read_file(known->second->file, kMostSourceBytes);
        if (!source) {
            words = source.failure().message;
            return false;
        }
        texts.push_back({path, known->second->file, std::move(*source)});
    }
    world_.add_missing_imports(texts);
    ReloadReport report = world_.reloads().reload(&vm, args, std::move(texts), options);
    words = report.refusal;
    return report.ok;
}

uint64_t ReloadCalls::prepare(Machine& vm, Value* args, std::vector<std::string> wanted,
                              const ReloadOptions& options, std::string& words) {
    std::vector<ReloadText> texts;
    for (std::string& text : wanted) {
        texts.push_back(named_by_itself(world_.runtime(), std::move(text), words));
        if (!words.empty()) return 0;
    }
    world_.add_missing_imports(texts);
    ReloadReport report;
    const uint64_t plan = world_.reloads().prepare(&vm, args, std::move(texts), options, report);
    words = report.refusal;
    return plan;
}

bool ReloadCalls::commit(Machine& vm, Value* args, uint64_t plan, std::string& words) {
    ReloadReport report = world_.reloads().commit(&vm, args, plan);
    words = report.refusal;
    return report.ok;
}

void ReloadCalls::ask_past(const std::string& question, const std::vector<std::string>& words,
                           std::string& answer, std::string& code) {
    const auto& past = world_.reloads().past;
    auto told =
        past ? past(question, words)
             : Result<std::string>(Failure{"no_image", "this program is in no image, so that nothing of its "
                                                       "history is kept"});
    code = told ? "" : told.failure().code;
    answer = told ? std::move(*told) : told.failure().message;
}

bool ReloadCalls::abort(uint64_t plan) {
    return world_.reloads().abort(plan);
}

Amendment ReloadCalls::amend(Machine& vm, Module& module, Class* cls,
                             std::shared_ptr<const syntax::SyntaxTree> tree, std::string& words) {
    return world_.reloads().amend(vm, module, cls, std::move(tree), words);
}

Amendment ReloadCalls::remove(Class& cls, SymbolId selector, std::string& words) {
    return world_.reloads().remove(cls, selector, words);
}

bool ReloadCalls::plan(uint64_t plan, ReloadSummary& summary) {
    return world_.reloads().plan(plan, summary);
}

bool ReloadCalls::invalidate(Machine& vm) {
    return world_.reloads().invalidate(vm);
}

bool ReloadCalls::undo(Machine& vm, Value* args, const UndoOptions& options, std::string& words) {
    ReloadReport report = world_.reloads().undo(&vm, args, options);
    words = report.refusal;
    return report.ok;
}

std::vector<GenerationInfo> ReloadCalls::generations(Machine& vm, Value* args, const std::string& path) {
    return world_.reloads().generations(&vm, args, path);
}

bool ReloadCalls::purge(Machine& vm, Value* args, const std::string& path, bool hard,
                        std::vector<std::string>& holders) {
    return world_.reloads().purge(&vm, args, path, hard, holders);
}

} // namespace indent
