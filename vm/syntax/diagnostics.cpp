#include "vm/syntax/diagnostics.h"
#include "vm/syntax/source.h"
#include <algorithm>
#include <array>
#include <tuple>
#include <utf8proc.h>

namespace indent::syntax {

namespace {

struct Row {
    Code code;
    Severity severity;
    std::string_view name;
    std::string_view words;
    std::string_view suggestion;
    std::string_view anchor;
};

constexpr Severity error = Severity::Error;
constexpr Severity warning = Severity::Warning;

// One row for each code, in the order of the enumeration.
constexpr Row rows[] = {
    {Code::SourceTooLarge, error, "source-too-large", "the text is larger than {0} megabytes",
     "divide it into modules", "text-of-a-program"},
    {Code::InvalidUtf8, error, "invalid-utf8", "the byte {0} does not belong to UTF-8 text",
     "save the file as UTF-8", "text-of-a-program"},
    {Code::TabInIndentation, error, "tab-in-indentation", "there is a tab in the indentation",
     "indent with spaces, four for each level", "layout"},
    {Code::InconsistentDedent, error, "inconsistent-dedent",
     "this line is indented less than the line before it, but as far as no line above",
     "line it up with the statement that it follows", "layout"},
    {Code::UnexpectedIndent, error, "unexpected-indent",
     "this line is indented, but nothing above it opens a suite",
     "take the indentation away, or end the line above with `:`", "layout"},
    {Code::UnexpectedCharacter, error, "unexpected-character", "{0} cannot stand here", "",
     "text-of-a-program"},
    {Code::NotAnOperator, error, "not-an-operator", "`{0}` is not an operator", "write {1}", "operators"},
    {Code::Semicolon, error, "semicolon", "`;` does not separate statements",
     "put each statement on a line of its own", "layout"},
    {Code::Backslash, error, "backslash", "a backslash does not continue a line",
     "put the expression in brackets: a line goes on while one is open", "layout"},
    {Code::UnclosedBracket, error, "unclosed-bracket", "this `{0}` is never closed", "{2}", "layout"},
    {Code::StrayBracket, error, "stray-bracket", "this `{0}` closes nothing",
     "take it away, or open it before", "layout"},
    {Code::UnfinishedText, error, "unfinished-text", "this text is not closed before its line ends",
     "close it with `\"`; a text of several lines stands between `\"\"\"`", "text"},
    {Code::UnfinishedRawText, error, "unfinished-raw-text",
     "this raw text is not closed before its line ends",
     "close it with `'`; a text that holds an apostrophe stands between `\"`", "text"},
    {Code::UnfinishedMultiline, error, "unfinished-multiline", "this text of several lines is never closed",
     "close it with `\"\"\"`", "text"},
    {Code::EmptyInterpolation, error, "empty-interpolation", "there is nothing between these braces",
     "write an expression there, or `\\{` for a brace", "text"},
    {Code::InvalidEscape, error, "invalid-escape", "`{0}` is no escape",
     "the escapes are \\n \\t \\r \\e \\0 \\\\ \\\" \\' \\{ \\} and \\u{1F600}; in '…' a backslash is a "
     "backslash",
     "text"},
    {Code::InvalidCodePoint, error, "invalid-code-point", "`{0}` is not the number of a character",
     "write one to six hexadecimal digits in the braces, up to 10FFFF and outside D800 to DFFF", "text"},
    {Code::DigitMissing, error, "digit-missing", "a digit is missing after `{0}`", "", "numbers"},
    {Code::UnderscoreInNumber, error, "underscore-in-number", "`_` stands only between two digits",
     "write `{0}`", "numbers"},
    {Code::NameAfterNumber, error, "name-after-number", "the name `{0}` follows a number directly",
     "put an operator or a space between them; a name cannot begin with a digit", "numbers"},
    {Code::DigitNotInBase, error, "digit-not-in-base", "`{0}` is no {1} digit", "", "numbers"},
    {Code::PointNeedsDigits, error, "point-needs-digits", "a float has digits on both sides of its point",
     "write `{0}`", "numbers"},
    {Code::FloatTooLarge, error, "float-too-large", "this number is too large for a float",
     "a float goes up to about 1.8e308; integers have no limit", "numbers"},
    {Code::IntegerTooLong, error, "integer-too-long", "an integer is written with at most {0} digits",
     "compute it, or read it from a file", "numbers"},

    {Code::TooDeep, error, "too-deep", "this is nested too deeply", "give a part of it a name, and use that",
     "limits"},
    {Code::TooManyErrors, error, "too-many-errors", "there are more errors, which are not shown",
     "mend the first ones", "limits"},
    {Code::Expected, error, "expected", "expected {0}, but found {1}", "{2}", "grammar"},
    {Code::ExpectedExpression, error, "expected-expression", "expected an expression, but found {0}", "{1}",
     "expressions"},
    {Code::ExpressionAtLineEnd, error, "expression-at-line-end",
     "the expression stops at the end of the line",
     "put it in brackets: a line goes on while one is open, or when the next begins with `.name`", "layout"},
    {Code::ExpectedEndOfLine, error, "expected-end-of-line", "expected the end of the line, but found {0}",
     "{1}", "layout"},
    {Code::ReservedName, error, "reserved-name", "`{0}` is a word of the language and cannot be a name here",
     "{1}", "names"},
    {Code::ExpectedSuite, error, "expected-suite", "the `:` opens a suite, but no indented line follows",
     "indent the lines that belong to it by four spaces, or write `pass`", "layout"},
    {Code::MissingColon, error, "missing-colon", "the head of `{0}` ends with `:`, but here is {1}", "{2}",
     "layout"},
    {Code::OneSimpleStatement, error, "one-simple-statement",
     "a suite on the same line is one simple statement, and `{0}` is not",
     "put it on the next line, indented", "layout"},
    {Code::ComparisonChain, error, "comparison-chain", "comparisons do not chain", "write `{0}`",
     "operators"},
    {Code::RangeChain, error, "range-chain", "a range has two ends, not three",
     "use `step`: `(1..10).step(2)`", "operators"},
    {Code::AssignInExpression, error, "assign-in-expression",
     "`=` assigns, and cannot stand in an expression", "to compare, write `==`", "assignment"},
    {Code::InvalidTarget, error, "invalid-target", "{0} cannot be assigned to",
     "assign to a name or to an element: `x = 1`, `xs[0] = 1`", "assignment"},
    {Code::AssignFromOutside, error, "assign-from-outside",
     "`{0}` cannot be assigned from outside its object",
     "give the class a method that changes it, and send that", "assignment"},
    {Code::AssignThroughSelf, error, "assign-through-self", "a field is assigned by its bare name",
     "write `{0} = …`; a parameter or local named `{0}` would hide the field, so name that otherwise",
     "fields"},
    {Code::TupleNeedsParentheses, error, "tuple-needs-parentheses", "a tuple stands in parentheses",
     "write `{0}`", "tuples"},
    {Code::CallSpace, error, "call-space", "a space stands before the `{1}`", "write `{0}` without it",
     "calls"},
    {Code::ParenthesesNeeded, error, "parentheses-needed", "`{0}` cannot stand inside an operation as it is",
     "put parentheses around it", "operators"},
    {Code::ElseMissing, error, "else-missing", "a conditional expression has an `else`",
     "write `if condition then a else b`", "conditions"},
    {Code::SuiteInBrackets, error, "suite-in-brackets", "a `do` suite cannot stand inside brackets",
     "name the block first (`let work = do x:` …) and pass `work`, or write `x -> …`", "blocks"},
    {Code::DoInHead, error, "do-in-head", "the head of `{0}` takes no `do`",
     "name the block or the value first, or write `x -> …` in parentheses", "blocks"},
    {Code::VerbNeedsMessage, error, "verb-needs-message",
     "`{0}` takes a message to an actor, and this is none", "write `{0} receiver.message(…)`", "actors"},
    {Code::SpawnNeedsCall, error, "spawn-needs-call", "`spawn` takes the construction of an actor",
     "write `spawn Name(…)`", "actors"},
    {Code::ClauseNotForVerb, error, "clause-not-for-verb", "`{1}` does not go with `{0}`",
     "`within` goes with `ask`, `after` and `every` with `send`, `as` with `spawn`", "actors"},
    {Code::ClauseTwice, error, "clause-twice", "`{0}` stands here twice", "take one of them away", "actors"},
    {Code::DefinitionInBody, error, "definition-in-body", "`{0}` cannot stand inside a body",
     "move it to the top level, or make a block: `let f = x -> …`", "definitions"},
    {Code::MemberNotHere, error, "member-not-here", "`{0}` does not belong in {1}", "{2}", "definitions"},
    {Code::StatementNotHere, error, "statement-not-here", "{0} holds definitions, and this is a statement",
     "put it into a `def`", "definitions"},
    {Code::MissingBody, error, "missing-body", "`{0}` has no body",
     "write `= expression`, or `:` and an indented suite", "functions"},
    {Code::PrimitiveWithBody, error, "primitive-with-body", "a `@primitive` has no body of its own",
     "take the body away, or the annotation", "annotations"},
    {Code::PrimitiveMisplaced, error, "primitive-misplaced", "`@primitive` marks a `def`, and this is none",
     "", "annotations"},
    {Code::AnnotationAlone, error, "annotation-alone", "this annotation stands above nothing",
     "put it right above a definition", "annotations"},
    {Code::ModuleNotFirst, error, "module-not-first", "`module` stands before everything else in a file",
     "move it to the top", "modules"},
    {Code::ModuleTwice, error, "module-twice", "a file is one module", "take one of the two away", "modules"},
    {Code::HookHasParameters, error, "hook-has-parameters", "`{0}` takes no parameters", "write `def {0}:`",
     "reload"},
    {Code::LetNeedsValue, error, "let-needs-value", "`let` gives a value", "write `let {0} = nil`", "locals"},
    {Code::InvalidPattern, error, "invalid-pattern", "expected a pattern, but found {0}", "{1}", "patterns"},
    {Code::TextPatternInterpolates, error, "text-pattern-interpolates",
     "a text in a pattern cannot interpolate", "bind a name and test it: `case t if t == …:`", "patterns"},
    {Code::RestTwice, error, "rest-twice", "there is one `*` already", "a list has one rest", "patterns"},
    {Code::RestInRecord, error, "rest-in-record", "a record has a fixed number of fields",
     "take a list: `record Group(members)`", "records"},
    {Code::PositionalAfterLabel, error, "positional-after-label",
     "an argument without a name follows one with a name", "put it before the named ones, or name it",
     "calls"},
    {Code::WordWithoutHead, error, "word-without-head", "`{0}` does not follow {1}", "{2}", "statements"},
    {Code::TryNeedsCatch, error, "try-needs-catch", "this `try` has neither `catch` nor `finally`",
     "add `catch e:` or `finally:` below it", "errors"},
    {Code::MatchNeedsCases, error, "match-needs-cases", "expected `case`, but found {0}",
     "the suite of `match` is made of `case pattern:`", "patterns"},
    {Code::IndexNeedsValue, error, "index-needs-value", "there is nothing between the brackets",
     "write `xs[0]`", "lists"},
    {Code::SelectorExpected, error, "selector-expected", "expected a selector after `.`, but found {0}",
     "{1}", "sends"},
    {Code::BlockTwice, error, "block-twice", "this send has a block already", "pass the second one by name",
     "blocks"},
    {Code::StatementAsValue, error, "statement-as-value", "`{0}` is a statement and has no value here", "{1}",
     "statements"},
    {Code::NotADefinition, error, "not-a-definition", "expected a definition, but found {0}", "",
     "definitions"},
    {Code::ClassNameExpected, error, "class-name-expected", "the name of {0} begins with a capital letter",
     "write `{1}`", "names"},
    {Code::NameExpected, error, "name-expected", "expected the name of {0}, but found {1}", "{2}", "names"},

    {Code::UndefinedName, error, "undefined-name", "nothing defines `{0}`", "{1}", "names"},
    {Code::UndefinedClass, error, "undefined-class", "nothing defines a class, record or actor `{0}`", "{1}",
     "names"},
    {Code::UndefinedModule, error, "undefined-module", "there is no module `{0}`", "did you mean `{1}`?",
     "modules"},
    {Code::LikelyRename, error, "likely-rename",
     "`{0}` loses `{1}` and gains `{2}`: nobody says whether that is one and the same",
     "write `@renamed({1}: :{2})` above the definition, or define `migrate_state`", "reload"},
    {Code::FieldTypeChanged, error, "field-type-changed", "`{0}` was declared as {1} and is now {2}",
     "define `migrate_state(old, version)`, which says what becomes of the values", "reload"},
    {Code::NewFieldNeedsValue, error, "new-field-needs-value",
     "`{0}` gains `{1}` without a first value, and there are objects already",
     "write `{1} = …`, or define `migrate_state`", "reload"},
    {Code::NameCaptured, error, "name-captured", "`{0}` is {1} here, and would become the {2} of `{3}`",
     "rename the {2}{4}", "reload"},
    {Code::UndefinedInModule, error, "undefined-in-module", "the module `{0}` defines no `{1}`",
     "did you mean `{2}`?", "modules"},
    {Code::AssignUndefined, error, "assign-undefined", "there is no variable `{0}` to assign to", "{1}",
     "assignment"},
    {Code::AssignConstant, error, "assign-constant", "`{0}` is {1} and cannot be assigned",
     "choose another name", "assignment"},
    {Code::ScriptLocalInFunction, error, "script-local-in-function",
     "`{0}` is a local of the script's top level, which functions do not see",
     "pass it as an argument, or make it a module value with `stable` or `var`", "locals"},
    {Code::TooManyArguments, error, "too-many-arguments", "`{0}` takes {1}, but {2} given", "{3}", "calls"},
    {Code::TooFewArguments, error, "too-few-arguments", "`{0}` is missing {1}", "{2}", "calls"},
    {Code::UnknownLabel, error, "unknown-label", "`{0}` has no parameter `{1}`", "did you mean `{2}`?",
     "calls"},
    {Code::LabelTwice, error, "label-twice", "`{0}` is given twice", "take one of them away", "calls"},
    {Code::ArgumentTwice, error, "argument-twice", "`{0}` is given by position and by name", "give it once",
     "calls"},
    {Code::UndefinedSelf, error, "undefined-self", "`{0}` defines no `{1}`", "did you mean `{2}`?", "sends"},
    {Code::UnknownAnnotation, error, "unknown-annotation", "nothing knows the annotation `@{0}`",
     "did you mean `@{1}`?", "annotations"},
    {Code::AnnotationMisplaced, error, "annotation-misplaced", "`@{0}` belongs above {1}, and not here", "",
     "annotations"},
    {Code::AnnotationArguments, error, "annotation-arguments", "`@{0}` takes {1}", "write `@{0}{2}`",
     "annotations"},
    {Code::FieldHidden, warning, "field-hidden", "this `{0}` hides the {1} `{0}`", "choose another name",
     "fields"},
    {Code::Unreachable, warning, "unreachable", "this is never reached: the `{0}` above it leaves",
     "take it away", "statements"},
    {Code::DuplicateDefinition, error, "duplicate-definition", "`{0}` is defined twice in {1}",
     "the other one is in line {2}; rename one of them", "definitions"},
    {Code::MethodTaken, error, "method-taken", "`{0}` is already defined by {1}",
     "give yours another name; what others rely on is not replaced", "definitions"},
    {Code::DuplicateParameter, error, "duplicate-parameter", "there are two parameters `{0}`",
     "rename one of them", "functions"},
    {Code::DuplicateField, error, "duplicate-field", "there are two fields `{0}`", "rename one of them",
     "fields"},
    {Code::BreakOutsideLoop, error, "break-outside-loop", "there is no loop here to break", "{0}", "loops"},
    {Code::ContinueOutsideLoop, error, "continue-outside-loop", "there is no loop here to continue", "{0}",
     "loops"},
    {Code::ReturnOutsideFunction, error, "return-outside-function",
     "there is no function here to return from", "to end a script write `exit()`", "functions"},
    {Code::ModuleValueAssigned, error, "module-value-assigned",
     "`{0}` is a `{1}` of the module, and only the module's top level, `once` and the reload hooks assign it",
     "for a value that changes use an `Atom` (`{0}.set(…)`), or an actor", "module-values"},
    {Code::SuperOutsideClass, error, "super-outside-class", "`super` stands only in the method of a class",
     "", "classes"},
    {Code::SelfOutsideObject, error, "self-outside-object", "there is no `self` here",
     "`self` stands in the methods of classes, records, traits and actors", "classes"},
    {Code::NotAClass, error, "not-a-class", "`{0}` is {1}, not {2}", "", "classes"},
    {Code::InheritsItself, error, "inherits-itself", "`{0}` inherits from itself", "", "classes"},
    {Code::IsWithClass, warning, "is-with-class", "`is` asks whether this is the class `{0}` itself",
     "to ask for its kind write `{1}.is_a?({0})`", "operators"},
    {Code::ConditionNeverBoolean, warning, "condition-never-boolean",
     "a condition is `true` or `false`, and this is {0}", "{1}", "conditions"},
    {Code::BlockCannotBeSent, warning, "block-cannot-be-sent",
     "this block {0}, so it cannot be sent to an actor", "send what it needs as arguments instead", "actors"},
    {Code::MatchCaseUnreachable, warning, "match-case-unreachable",
     "no value reaches this case: the one in line {0} takes all", "put it last", "patterns"},
    {Code::LetTwice, error, "let-twice", "`{0}` is declared already in this suite",
     "assign with `{0} = …`, or choose another name", "locals"},
    {Code::OnAndDef, error, "on-and-def", "`{0}` is both `on` and `def`", "rename one of them", "actors"},
    {Code::MessageMissing, error, "message-missing", "the actor `{0}` has no message `{1}`",
     "did you mean `{2}`?", "actors"},
    {Code::MissingField, error, "missing-field", "`{0}` needs {1}", "write `{2}`", "classes"},
    {Code::NoSuchField, error, "no-such-field", "`{0}` has no field `{1}`", "did you mean `{2}`?", "classes"},
    {Code::AlternativesDiffer, error, "alternatives-differ",
     "all alternatives bind the same names, and `{0}` is bound by {1} only", "write two cases", "patterns"},
};

static_assert(std::size(rows) == static_cast<size_t>(Code::Count_));
consteval bool rows_in_order() {
    for (size_t i = 0; i < std::size(rows); ++i)
        if (rows[i].code != static_cast<Code>(i)) return false;
    return true;
}
static_assert(rows_in_order());

const Row& row(Code code) {
    return rows[static_cast<size_t>(code)];
}

// Fills {0} … {9}; says whether an argument that it wanted was missing or empty.
std::string fill(std::string_view pattern, const std::vector<std::string>& arguments, bool& lacking) {
    std::string result;
    for (size_t i = 0; i < pattern.size(); ++i) {
        bool hole = pattern[i] == '{' && i + 2 < pattern.size() && pattern[i + 2] == '}' &&
                    pattern[i + 1] >= '0' && pattern[i + 1] <= '9';
        if (!hole) {
            result += pattern[i];
            continue;
        }
        auto index = static_cast<size_t>(pattern[i + 1] - '0');
        if (index < arguments.size() && !arguments[index].empty())
            result += arguments[index];
        else
            lacking = true;
        i += 2;
    }
    return result;
}

// How many columns of a terminal a code point takes.
int width(char32_t value) {
    if (value < 0x20 || value == 0x7F) return 1; // shown as a space
    int columns = utf8proc_charwidth(static_cast<utf8proc_int32_t>(value));
    return std::clamp(columns, 0, 2);
}

// A source line and the marks below it. At most about 100 columns are shown, around the place.
void render_line(std::string& to, std::string_view line, uint32_t from, uint32_t until) {
    constexpr uint32_t before = 70, shown = 100;
    auto boundary = [&](uint32_t at) {
        while (at > 0 && at < line.size() && (static_cast<unsigned char>(line[at]) & 0xC0) == 0x80) --at;
        return at;
    };
    auto size = static_cast<uint32_t>(line.size());
    from = std::min(from, size);
    until = std::clamp(until, from, size);
    uint32_t begin = from > before && size > shown ? boundary(from - before) : 0;
    uint32_t end = size - begin > shown + 20 ? boundary(begin + shown) : size;
    std::string text = begin > 0 ? "…" : "";
    std::string marks = begin > 0 ? " " : "";
    int caret_columns = 0;
    for (uint32_t at = begin; at < end;) {
        CodePoint point = code_point_at(line, at);
        int columns = width(point.value);
        if (point.value == '\t')
            text += '\t';
        else if (point.value < 0x20 || point.value == 0x7F || (point.value >= 0x80 && point.value < 0xA0))
            text += ' ';
        else
            append_utf8(text, point.value);
        if (at < from) {
            marks.append(point.value == '\t' ? "\t" : std::string(static_cast<size_t>(columns), ' '));
        } else if (at < until) {
            marks.append(static_cast<size_t>(columns), '^');
            caret_columns += columns;
        }
        at += point.bytes;
    }
    if (end < size) text += "…";
    if (caret_columns == 0) marks += '^';
    to += "    " + text + "\n    " + marks + "\n";
}

} // namespace

Diagnostic make_diagnostic(Code code, Span span, std::vector<std::string> arguments) {
    return {code, row(code).severity, span, std::move(arguments)};
}

std::string_view code_name(Code code) {
    return row(code).name;
}
std::string_view guide_anchor(Code code) {
    return row(code).anchor;
}

std::string words(const Diagnostic& diagnostic) {
    bool lacking = false;
    return fill(row(diagnostic.code).words, diagnostic.arguments, lacking);
}

std::string suggestion(const Diagnostic& diagnostic) {
    bool lacking = false;
    std::string result = fill(row(diagnostic.code).suggestion, diagnostic.arguments, lacking);
    const bool fits = !lacking && !result.empty();
    // `{let x = 1; …}` is a program in a text, `{a if b else c}` an expression as others write it.
    const bool foreign = diagnostic.code == Code::StatementAsValue && diagnostic.arguments[0] != "if";
    if (diagnostic.in_text && (!fits || foreign))
        return "`{` begins an expression in a text; a brace itself is written `\\{`";
    return lacking ? std::string() : result;
}

std::string render(const Diagnostic& diagnostic, const Source& source) {
    Position place = source.position(diagnostic.span.begin);
    std::string result(source.name());
    result += ':' + std::to_string(place.line) + ':' + std::to_string(place.column);
    result += diagnostic.severity == Severity::Error ? ": error: " : ": warning: ";
    result += words(diagnostic) + '\n';
    uint32_t line_begin = source.line_begin(place.line);
    uint32_t from = diagnostic.span.begin - std::min(diagnostic.span.begin, line_begin);
    uint32_t until = diagnostic.span.end - std::min(diagnostic.span.end, line_begin);
    render_line(result, source.line(place.line), from, until);
    std::string help = suggestion(diagnostic);
    if (!help.empty()) result += "suggestion: " + help + '\n';
    return result;
}

std::string render(const std::vector<Diagnostic>& diagnostics, const Source& source) {
    std::string result;
    for (const Diagnostic& diagnostic : diagnostics) result += render(diagnostic, source);
    return result;
}

void sort_diagnostics(std::vector<Diagnostic>& diagnostics) {
    auto key = [](const Diagnostic& d) {
        return std::tuple(d.code == Code::TooManyErrors, d.span.begin, d.severity, d.code, d.span.end);
    };
    std::stable_sort(diagnostics.begin(), diagnostics.end(),
                     [&](const Diagnostic& a, const Diagnostic& b) { return key(a) < key(b); });
    auto equal = [&](const Diagnostic& a, const Diagnostic& b) {
        return key(a) == key(b) && a.arguments == b.arguments;
    };
    diagnostics.erase(std::unique(diagnostics.begin(), diagnostics.end(), equal), diagnostics.end());
}

bool has_errors(const std::vector<Diagnostic>& diagnostics) {
    return std::any_of(diagnostics.begin(), diagnostics.end(),
                       [](const Diagnostic& d) { return d.severity == Severity::Error; });
}

} // namespace indent::syntax
