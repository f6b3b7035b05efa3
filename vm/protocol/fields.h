// What each message is called on a socket, and what its fields are called there: one place for writing, reading and
// for the test that none is left out. A new kind of message does not compile before it has its two lines here.
//
// `must`: who writes by hand has to say it. `may`: left out, it is what it is in a new value.
#pragma once
#include "vm/protocol/messages.h"
#include <concepts>
#include <string_view>

namespace indent::protocol {

template <class M, class T>
concept Of = std::same_as<std::remove_const_t<M>, T>;

// ---- requests

constexpr std::string_view kind_of(const Evaluate*) {
    return "evaluate";
}
void fields(auto& v, Of<Evaluate> auto& m) {
    v.must("text", m.text);
    v.may("workspace", m.workspace);
    v.may("wants_value", m.wants_value);
    v.may("may_be_unfinished", m.may_be_unfinished);
}
constexpr std::string_view kind_of(const Accept*) {
    return "accept";
}
void fields(auto& v, Of<Accept> auto& m) {
    v.must("module", m.module);
    v.must("text", m.text);
    v.may("path", m.path);
    v.may("owner", m.owner);
    v.may("base", m.base);
}
void fields(auto& v, Of<NewText> auto& m) {
    v.must("module", m.module);
    v.must("text", m.text);
    v.may("file", m.file);
}
constexpr std::string_view kind_of(const Load*) {
    return "load";
}
void fields(auto& v, Of<Load> auto& m) {
    v.must("modules", m.modules);
    v.may("rehearse", m.rehearse);
}
constexpr std::string_view kind_of(const ListModules*) {
    return "list_modules";
}
void fields(auto&, Of<ListModules> auto&) {}
constexpr std::string_view kind_of(const ListDefinitions*) {
    return "list_definitions";
}
void fields(auto& v, Of<ListDefinitions> auto& m) {
    v.must("module", m.module);
}
constexpr std::string_view kind_of(const GetSource*) {
    return "get_source";
}
void fields(auto& v, Of<GetSource> auto& m) {
    v.must("module", m.module);
    v.may("path", m.path);
}
constexpr std::string_view kind_of(const SaveDesk*) {
    return "save_desk";
}
void fields(auto& v, Of<SaveDesk> auto& m) {
    v.must("key", m.key);
    v.may("text", m.text);
}
constexpr std::string_view kind_of(const LoadDesk*) {
    return "load_desk";
}
void fields(auto&, Of<LoadDesk> auto&) {}
constexpr std::string_view kind_of(const Complete*) {
    return "complete";
}
void fields(auto& v, Of<Complete> auto& m) {
    v.must("text", m.text);
}
constexpr std::string_view kind_of(const Document*) {
    return "document";
}
void fields(auto& v, Of<Document> auto& m) {
    v.must("name", m.name);
}
constexpr std::string_view kind_of(const Describe*) {
    return "describe";
}
void fields(auto&, Of<Describe> auto&) {}
constexpr std::string_view kind_of(const ListEpochs*) {
    return "list_epochs";
}
void fields(auto&, Of<ListEpochs> auto&) {}
constexpr std::string_view kind_of(const VerifyImage*) {
    return "verify_image";
}
void fields(auto&, Of<VerifyImage> auto&) {}
constexpr std::string_view kind_of(const CompactImage*) {
    return "compact_image";
}
void fields(auto&, Of<CompactImage> auto&) {}
constexpr std::string_view kind_of(const TrustImage*) {
    return "trust_image";
}
void fields(auto&, Of<TrustImage> auto&) {}
constexpr std::string_view kind_of(const SaveImageAs*) {
    return "save_image_as";
}
void fields(auto& v, Of<SaveImageAs> auto& m) {
    v.must("path", m.path);
}

constexpr std::string_view kind_of(const AskPast*) {
    return "ask_past";
}
void fields(auto& v, Of<AskPast> auto& m) {
    v.must("question", m.question);
    v.may("words", m.words);
}
constexpr std::string_view kind_of(const GoBack*) {
    return "go_back";
}
void fields(auto& v, Of<GoBack> auto& m) {
    v.must("where", m.where);
    v.may("name", m.name);
}
constexpr std::string_view kind_of(const BreakOnError*) {
    return "break_on_error";
}
void fields(auto& v, Of<BreakOnError> auto& m) {
    v.may("on", m.on);
}
constexpr std::string_view kind_of(const ListBroken*) {
    return "list_broken";
}
void fields(auto&, Of<ListBroken> auto&) {}
constexpr std::string_view kind_of(const GetFrames*) {
    return "get_frames";
}
void fields(auto& v, Of<GetFrames> auto& m) {
    v.must("turn", m.turn);
}
constexpr std::string_view kind_of(const EvaluateInFrame*) {
    return "evaluate_in_frame";
}
void fields(auto& v, Of<EvaluateInFrame> auto& m) {
    v.must("turn", m.turn);
    v.must("text", m.text);
    v.may("frame", m.frame);
}
constexpr std::string_view kind_of(const ResolveBroken*) {
    return "resolve_broken";
}
void fields(auto& v, Of<ResolveBroken> auto& m) {
    v.must("turn", m.turn);
    v.must("decision", m.decision);
    v.may("frame", m.frame);
    v.may("text", m.text);
}

// ---- mirrors

void fields(auto& v, Of<Diagnostic> auto& m) {
    v.may("file", m.file);
    v.may("line", m.line);
    v.may("column", m.column);
    v.may("begin", m.begin);
    v.may("end", m.end);
    v.may("error", m.error);
    v.may("code", m.code);
    v.may("message", m.message);
    v.may("suggestion", m.suggestion);
    v.may("rendered", m.rendered);
}
void fields(auto& v, Of<ModuleMirror> auto& m) {
    v.must("path", m.path);
    v.may("library", m.library);
    v.may("doc", m.doc);
}
void fields(auto& v, Of<DefinitionMirror> auto& m) {
    v.must("path", m.path);
    v.may("kind", m.kind);
    v.may("owner", m.owner);
    v.may("title", m.title);
    v.may("class_side", m.class_side);
}
void fields(auto& v, Of<Frame> auto& m) {
    v.may("what", m.what);
    v.may("file", m.file);
    v.may("line", m.line);
}
void fields(auto& v, Of<Proposal> auto& m) {
    v.must("text", m.text);
    v.may("kind", m.kind);
}
void fields(auto& v, Of<EpochMirror> auto& m) {
    v.must("number", m.number);
    v.may("at_ms", m.at_ms);
    v.may("what", m.what);
}

void fields(auto& v, Of<BrokenMirror> auto& m) {
    v.must("turn", m.turn);
    v.may("actor", m.actor);
    v.may("who", m.who);
    v.may("message", m.message);
    v.may("error", m.error);
    v.may("differs", m.differs);
    v.may("report", m.report);
    v.may("file", m.file);
    v.may("line", m.line);
}
void fields(auto& v, Of<VariableMirror> auto& m) {
    v.must("name", m.name);
    v.may("text", m.text);
    v.may("changes", m.changes);
}
void fields(auto& v, Of<FrameMirror> auto& m) {
    v.may("what", m.what);
    v.may("file", m.file);
    v.may("line", m.line);
    v.may("receiver", m.receiver);
    v.may("variables", m.variables);
}

// ---- replies

constexpr std::string_view kind_of(const Evaluated*) {
    return "evaluated";
}
void fields(auto& v, Of<Evaluated> auto& m) {
    v.must("outcome", m.outcome);
    v.may("text", m.text);
    v.may("diagnostics", m.diagnostics);
    v.may("trace", m.trace);
    v.may("report", m.report);
}
constexpr std::string_view kind_of(const Accepted*) {
    return "accepted";
}
void fields(auto& v, Of<Accepted> auto& m) {
    v.must("taken", m.taken);
    v.may("diagnostics", m.diagnostics);
    v.may("problem", m.problem);
    v.may("conflict", m.conflict);
    v.may("path", m.path);
    v.may("hash", m.hash);
}
constexpr std::string_view kind_of(const Loaded*) {
    return "loaded";
}
void fields(auto& v, Of<Loaded> auto& m) {
    v.must("taken", m.taken);
    v.may("identical", m.identical);
    v.may("diagnostics", m.diagnostics);
    v.may("problem", m.problem);
    v.may("modules", m.modules);
    v.may("states", m.states);
    v.may("notes", m.notes);
    v.may("actors", m.actors);
    v.may("objects", m.objects);
    v.may("microseconds", m.microseconds);
}
constexpr std::string_view kind_of(const Modules*) {
    return "modules";
}
void fields(auto& v, Of<Modules> auto& m) {
    v.must("modules", m.modules);
}
constexpr std::string_view kind_of(const Definitions*) {
    return "definitions";
}
void fields(auto& v, Of<Definitions> auto& m) {
    v.must("module", m.module);
    v.must("definitions", m.definitions);
}
constexpr std::string_view kind_of(const Source*) {
    return "source";
}
void fields(auto& v, Of<Source> auto& m) {
    v.must("module", m.module);
    v.may("path", m.path);
    v.must("text", m.text);
    v.may("hash", m.hash);
    v.may("editable", m.editable);
}
constexpr std::string_view kind_of(const Done*) {
    return "done";
}
void fields(auto&, Of<Done> auto&) {}
constexpr std::string_view kind_of(const Desk*) {
    return "desk";
}
void fields(auto& v, Of<Desk> auto& m) {
    v.must("texts", m.texts);
}
constexpr std::string_view kind_of(const Completions*) {
    return "completions";
}
void fields(auto& v, Of<Completions> auto& m) {
    v.may("prefix", m.prefix);
    v.must("completions", m.completions);
}
constexpr std::string_view kind_of(const Documentation*) {
    return "documentation";
}
void fields(auto& v, Of<Documentation> auto& m) {
    v.must("text", m.text);
}
constexpr std::string_view kind_of(const Description*) {
    return "description";
}
void fields(auto& v, Of<Description> auto& m) {
    v.must("version", m.version);
    v.may("image", m.image);
    v.may("running", m.running);
    v.may("paused", m.paused);
}
constexpr std::string_view kind_of(const Compacted*) {
    return "compacted";
}
void fields(auto& v, Of<Compacted> auto& m) {
    v.must("before", m.before);
    v.must("after", m.after);
}
constexpr std::string_view kind_of(const Epochs*) {
    return "epochs";
}
void fields(auto& v, Of<Epochs> auto& m) {
    v.must("epochs", m.epochs);
}
constexpr std::string_view kind_of(const Told*) {
    return "told";
}
void fields(auto& v, Of<Told> auto& m) {
    v.must("text", m.text);
}
constexpr std::string_view kind_of(const BrokenTurns*) {
    return "broken_turns";
}
void fields(auto& v, Of<BrokenTurns> auto& m) {
    v.may("on", m.on);
    v.must("turns", m.turns);
}
constexpr std::string_view kind_of(const Frames*) {
    return "frames";
}
void fields(auto& v, Of<Frames> auto& m) {
    v.must("frames", m.frames);
}
constexpr std::string_view kind_of(const Resolved*) {
    return "resolved";
}
void fields(auto& v, Of<Resolved> auto& m) {
    v.must("taken", m.taken);
    v.may("problem", m.problem);
    v.may("course", m.course);
    v.may("turn", m.turn);
}
constexpr std::string_view kind_of(const Failed*) {
    return "failed";
}
void fields(auto& v, Of<Failed> auto& m) {
    v.must("code", m.code);
    v.may("message", m.message);
}

// ---- events

constexpr std::string_view kind_of(const Output*) {
    return "output";
}
void fields(auto& v, Of<Output> auto& m) {
    v.must("text", m.text);
}
constexpr std::string_view kind_of(const Busy*) {
    return "busy";
}
void fields(auto& v, Of<Busy> auto& m) {
    v.may("request", m.request);
}
constexpr std::string_view kind_of(const Idle*) {
    return "idle";
}
void fields(auto&, Of<Idle> auto&) {}
constexpr std::string_view kind_of(const DefinitionsChanged*) {
    return "definitions_changed";
}
void fields(auto& v, Of<DefinitionsChanged> auto& m) {
    v.must("module", m.module);
}
constexpr std::string_view kind_of(const Trouble*) {
    return "trouble";
}
void fields(auto& v, Of<Trouble> auto& m) {
    v.must("message", m.message);
}
constexpr std::string_view kind_of(const TurnStopped*) {
    return "turn_stopped";
}
void fields(auto& v, Of<TurnStopped> auto& m) {
    v.must("turn", m.turn);
    v.may("who", m.who);
    v.may("message", m.message);
    v.may("error", m.error);
    v.may("differs", m.differs);
    v.may("report", m.report);
}
constexpr std::string_view kind_of(const TurnGoesOn*) {
    return "turn_goes_on";
}
void fields(auto& v, Of<TurnGoesOn> auto& m) {
    v.must("turn", m.turn);
}
constexpr std::string_view kind_of(const Trusted*) {
    return "trusted";
}
void fields(auto&, Of<Trusted> auto&) {}
constexpr std::string_view kind_of(const Ended*) {
    return "ended";
}
void fields(auto&, Of<Ended> auto&) {}

// ---- words

constexpr std::string_view kOutcomeWords[] = {"value", "refused", "raised", "stopped", "unfinished"};
constexpr std::string_view kDefinitionWords[] = {"class", "record",     "trait",    "extend",
                                                 "actor", "supervisor", "function", "method",
                                                 "value", "test",       "effect"};
constexpr std::string_view kDecisionWords[] = {"retry", "resume", "return", "give_up", "go_on", "go_on_anew"};
constexpr std::string_view kCourseWords[] = {"goes_on", "done", "failed", "stopped_again"};
static_assert(std::size(kDecisionWords) == size_t(Decision::GoOnAnew) + 1);
static_assert(std::size(kCourseWords) == size_t(Resolved::Course::StoppedAgain) + 1);
static_assert(std::size(kOutcomeWords) == size_t(Evaluated::Outcome::Unfinished) + 1);
static_assert(std::size(kDefinitionWords) == size_t(DefinitionKind::Effect) + 1);

} // namespace indent::protocol
