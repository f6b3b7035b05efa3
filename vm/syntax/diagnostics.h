// What is wrong with a text, as data: a code with arguments and a place. The words stand in one table
// (diagnostics.cpp), so that they can be tested, explained by a page of the guide, and translated.
#pragma once
#include "vm/syntax/tree.h"
#include <string>
#include <string_view>
#include <vector>

namespace indent::syntax {

class Source;

enum class Code : uint8_t {
    // the text as such
    SourceTooLarge,
    InvalidUtf8,
    TabInIndentation,
    InconsistentDedent,
    UnexpectedIndent,
    UnexpectedCharacter,
    NotAnOperator,
    Semicolon,
    Backslash,
    UnclosedBracket,
    StrayBracket,
    UnfinishedText,
    UnfinishedRawText,
    UnfinishedMultiline,
    EmptyInterpolation,
    InvalidEscape,
    InvalidCodePoint,
    DigitMissing,
    UnderscoreInNumber,
    NameAfterNumber,
    DigitNotInBase,
    PointNeedsDigits,
    FloatTooLarge,
    IntegerTooLong,
    // grammar
    TooDeep,
    TooManyErrors,
    Expected,
    ExpectedExpression,
    ExpressionAtLineEnd,
    ExpectedEndOfLine,
    ReservedName,
    ExpectedSuite,
    MissingColon,
    OneSimpleStatement,
    ComparisonChain,
    RangeChain,
    AssignInExpression,
    InvalidTarget,
    AssignFromOutside,
    AssignThroughSelf,
    TupleNeedsParentheses,
    CallSpace,
    ParenthesesNeeded,
    ElseMissing,
    SuiteInBrackets,
    DoInHead,
    VerbNeedsMessage,
    SpawnNeedsCall,
    ClauseNotForVerb,
    ClauseTwice,
    DefinitionInBody,
    MemberNotHere,
    StatementNotHere,
    MissingBody,
    PrimitiveWithBody,
    PrimitiveMisplaced,
    AnnotationAlone,
    ModuleNotFirst,
    ModuleTwice,
    HookHasParameters,
    LetNeedsValue,
    InvalidPattern,
    TextPatternInterpolates,
    RestTwice,
    RestInRecord,
    PositionalAfterLabel,
    WordWithoutHead,
    TryNeedsCatch,
    MatchNeedsCases,
    IndexNeedsValue,
    SelectorExpected,
    BlockTwice,
    StatementAsValue,
    NotADefinition,
    ClassNameExpected,
    NameExpected,
    // names and meaning (found by the checker)
    UndefinedName,
    UndefinedClass,
    UndefinedModule,
    LikelyRename,
    FieldTypeChanged,
    NewFieldNeedsValue,
    NameCaptured,
    UndefinedInModule,
    AssignUndefined,
    AssignConstant,
    ScriptLocalInFunction,
    TooManyArguments,
    TooFewArguments,
    UnknownLabel,
    LabelTwice,
    ArgumentTwice,
    UndefinedSelf,
    UnknownAnnotation,
    AnnotationMisplaced,
    AnnotationArguments,
    FieldHidden,
    Unreachable,
    DuplicateDefinition,
    MethodTaken,
    DuplicateParameter,
    DuplicateField,
    BreakOutsideLoop,
    ContinueOutsideLoop,
    ReturnOutsideFunction,
    ModuleValueAssigned,
    SuperOutsideClass,
    SelfOutsideObject,
    NotAClass,
    InheritsItself,
    IsWithClass,
    ConditionNeverBoolean,
    BlockCannotBeSent,
    MatchCaseUnreachable,
    LetTwice,
    OnAndDef,
    MessageMissing,
    MissingField,
    NoSuchField,
    AlternativesDiffer,
    Count_
};

enum class Severity : uint8_t { Error, Warning };

struct Diagnostic {
    Code code{};
    Severity severity = Severity::Error;
    Span span;
    std::vector<std::string> arguments; // fill {0}, {1} … of the words and the suggestion
    bool in_text = false;               // in an expression that interrupts a text: perhaps none was meant
};

// A diagnostic with the severity that its row gives it.
Diagnostic make_diagnostic(Code code, Span span, std::vector<std::string> arguments = {});

// The stable name of a code, such as "unclosed-bracket".
std::string_view code_name(Code code);
// Where the guide explains it: a heading of stdlib/guide/language.md, such as "layout".
std::string_view guide_anchor(Code code);
// The sentence, arguments filled in.
std::string words(const Diagnostic& diagnostic);
// What to do about it, or empty. A suggestion with an argument that is empty is left out.
std::string suggestion(const Diagnostic& diagnostic);

// `file:line:column: error: words`, the source line, a caret line under the span, and `suggestion: …`.
// Every line ends in a line end. Tabs and wide characters keep the caret in place; very long lines are cut.
std::string render(const Diagnostic& diagnostic, const Source& source);
std::string render(const std::vector<Diagnostic>& diagnostics, const Source& source);

// By place, then errors before warnings; equal ones once.
void sort_diagnostics(std::vector<Diagnostic>& diagnostics);
bool has_errors(const std::vector<Diagnostic>& diagnostics);

} // namespace indent::syntax
