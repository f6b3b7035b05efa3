// Tokens: what the lexer gives and the parser takes. Sixteen bytes each; texts are read from the source.
#pragma once
#include <cstdint>
#include <string_view>

namespace indent::syntax {

enum class TokenKind : uint8_t {
    End,
    Newline,
    Indent,
    Dedent,
    Name, // words too, see Word
    Integer,
    Float,
    Symbol, // Symbol: with its colon
    Text,
    TextStart,
    TextMiddle,
    TextEnd, // "a {  } b {  } c": the pieces between interpolations
    RawText,
    LeftParen,
    RightParen,
    LeftBracket,
    RightBracket,
    LeftBrace,
    RightBrace,
    Comma,
    Colon,
    Dot,
    Range,
    RangeExclusive,
    Arrow,
    Ampersand,
    Bar,
    At,
    Plus,
    Minus,
    Star,
    Slash,
    DoubleSlash,
    Percent,
    Power,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Assign,
    PlusAssign,
    MinusAssign,
    StarAssign,
    SlashAssign,
    Error, // something that no token begins with; reported already
};

// The words of the language. The reserved ones cannot name a variable; the others are words only where a
// definition or an actor's verb begins. Both may be selectors, labels and map keys.
enum class Word : uint8_t {
    None,
    And,
    Or,
    Not,
    If,
    Then,
    Else,
    Elif,
    While,
    For,
    In,
    Is,
    Loop,
    Break,
    Continue,
    Return,
    Match,
    Case,
    Try,
    Catch,
    Finally,
    Raise,
    Pass,
    Let,
    Do,
    True,
    False,
    Nil,
    Self,
    Super,
    LastReserved = Super,
    Ask,
    Send,
    Spawn,
    Watch,
    Stop,
    Within,
    After,
    Every,
    As,
    Expect,
    ExpectError,
    Module,
    Import,
    Stable,
    Var,
    Def,
    Class,
    Record,
    Trait,
    Extend,
    Extends,
    With,
    Actor,
    Supervisor,
    Field,
    State,
    StateVersion,
    On,
    Once,
    Test,
    Strategy,
    Child,
};

// Which word this is, or None. Constant time.
Word find_word(std::string_view text);
inline bool is_reserved(Word word) {
    return word != Word::None && word <= Word::LastReserved;
}

struct Token {
    enum Flags : uint8_t {
        Spaced = 1,     // white space (or the line's begin) stands before it
        Multiline = 2,  // a piece of a """text"""
        Escaped = 4,    // a piece with a backslash or a line end in it
        Unfinished = 8, // a text whose closing quote is missing; a bracket that the lexer closed
        FirstOfLine = 16,
    };
    TokenKind kind = TokenKind::End;
    uint8_t flags = 0;
    Word word = Word::None;
    uint32_t begin = 0;
    uint32_t end = 0;
    uint32_t partner = 0; // opening brackets: the index of the closing token

    bool has(Flags flag) const { return flags & flag; }
};
static_assert(sizeof(Token) == 16);

} // namespace indent::syntax
