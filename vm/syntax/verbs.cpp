// spawn, send, ask, watch, stop: words only where an operand follows them, so that they may be names
// elsewhere.
#include "vm/syntax/parsing.h"

namespace indent::syntax {

bool Parser::verb_here() const {
    if (!at(TokenKind::Name)) return false;
    switch (token().word) {
    case Word::Ask:
    case Word::Send:
    case Word::Spawn:
    case Word::Watch:
    case Word::Stop: break;
    default: return false;
    }
    const Token& next = peek(1);
    if (next.kind == TokenKind::Name) {
        switch (next.word) {
        case Word::Self:
        case Word::Super:
        case Word::True:
        case Word::False:
        case Word::Nil: return true;
        default: return !is_reserved(next.word);
        }
    }
    return begins_operand(next) && next.has(Token::Spaced);
}

const Node* Parser::parse_verb() {
    Deeper deeper(*this);
    auto* node = make<ActorCallNode>(token().begin);
    const Token verb = advance();
    switch (verb.word) {
    case Word::Ask: node->verb = ActorVerb::Ask; break;
    case Word::Send: node->verb = ActorVerb::Send; break;
    case Word::Spawn: node->verb = ActorVerb::Spawn; break;
    case Word::Watch: node->verb = ActorVerb::Watch; break;
    default: node->verb = ActorVerb::Stop; break;
    }
    const Node* operand = panicking_ ? error_node() : parse_postfix(false);
    node->message = message_of(operand, verb.word);
    // A `do` suite ends the line, so no clause can follow one.
    bool open = previous().kind != TokenKind::Dedent;
    During<std::string_view> no_suite(head_, text(verb));
    while (open && !panicking_ && at(TokenKind::Name)) {
        const Node** clause = nullptr;
        bool fits = false;
        switch (token().word) {
        case Word::Within: clause = &node->within, fits = verb.word == Word::Ask; break;
        case Word::After: clause = &node->after, fits = verb.word == Word::Send; break;
        case Word::Every: clause = &node->every, fits = verb.word == Word::Send; break;
        case Word::As: clause = &node->name, fits = verb.word == Word::Spawn; break;
        default: break;
        }
        if (!clause) break;
        std::string word(text(token()));
        if (!fits) report(Code::ClauseNotForVerb, span(token()), {std::string(text(verb)), word});
        if (*clause) report(Code::ClauseTwice, span(token()), {word});
        advance();
        constexpr int arithmetic = 6; // + and - and what binds tighter
        *clause = parse_binary(arithmetic);
    }
    return finish(node);
}

// What the verb may take, made into the form that the tree promises.
const Node* Parser::message_of(const Node* operand, Word verb) {
    if (panicking_ || operand->kind == Kind::Error) return operand;
    if (verb == Word::Watch || verb == Word::Stop) return operand;
    if (verb == Word::Spawn) {
        if (operand->kind == Kind::Call) return operand;
        if (auto* send = try_as<SendNode>(operand); send && !send->is_operator) return operand;
        if (auto* name = try_as<NameNode>(operand)) { // spawn Counter
            auto* call = tree_.arena.make<CallNode>(operand->span);
            call->name = {name->text, name->span};
            call->parentheses = true;
            return call;
        }
        report(Code::SpawnNeedsCall, operand->span);
        return operand;
    }
    if (auto* send = try_as<SendNode>(operand); send && !send->is_operator) return operand;
    report(Code::VerbNeedsMessage, operand->span, {verb == Word::Ask ? "ask" : "send"});
    return operand;
}

} // namespace indent::syntax
