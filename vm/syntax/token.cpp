#include "vm/syntax/token.h"
#include <array>

namespace indent::syntax {

namespace {

struct Entry {
    std::string_view text;
    Word word = Word::None;
};

constexpr Entry reserved_words[] = {
    {"and", Word::And},
    {"or", Word::Or},
    {"not", Word::Not},
    {"if", Word::If},
    {"then", Word::Then},
    {"else", Word::Else},
    {"elif", Word::Elif},
    {"while", Word::While},
    {"for", Word::For},
    {"in", Word::In},
    {"is", Word::Is},
    {"loop", Word::Loop},
    {"break", Word::Break},
    {"continue", Word::Continue},
    {"return", Word::Return},
    {"match", Word::Match},
    {"case", Word::Case},
    {"try", Word::Try},
    {"catch", Word::Catch},
    {"finally", Word::Finally},
    {"raise", Word::Raise},
    {"pass", Word::Pass},
    {"let", Word::Let},
    {"do", Word::Do},
    {"true", Word::True},
    {"false", Word::False},
    {"nil", Word::Nil},
    {"self", Word::Self},
    {"super", Word::Super},
    {"ask", Word::Ask},
    {"send", Word::Send},
    {"spawn", Word::Spawn},
    {"watch", Word::Watch},
    {"stop", Word::Stop},
    {"within", Word::Within},
    {"after", Word::After},
    {"every", Word::Every},
    {"as", Word::As},
    {"expect", Word::Expect},
    {"expect_error", Word::ExpectError},
    {"module", Word::Module},
    {"import", Word::Import},
    {"stable", Word::Stable},
    {"var", Word::Var},
    {"def", Word::Def},
    {"class", Word::Class},
    {"record", Word::Record},
    {"trait", Word::Trait},
    {"extend", Word::Extend},
    {"extends", Word::Extends},
    {"with", Word::With},
    {"actor", Word::Actor},
    {"supervisor", Word::Supervisor},
    {"field", Word::Field},
    {"state", Word::State},
    {"state_version", Word::StateVersion},
    {"on", Word::On},
    {"once", Word::Once},
    {"test", Word::Test},
    {"strategy", Word::Strategy},
    {"child", Word::Child},
};

constexpr size_t table_size = 256;
constexpr size_t longest = 13;

constexpr size_t slot_of(std::string_view text) {
    auto at = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
    return (at(0) * 7u + at(text.size() - 1) * 31u + at(text.size() / 2) * 3u + text.size() * 53u) %
           table_size;
}

// Open addressing, filled when the program is compiled.
constexpr auto make_table() {
    std::array<Entry, table_size> table{};
    for (const Entry& entry : reserved_words) {
        size_t slot = slot_of(entry.text);
        while (!table[slot].text.empty()) slot = (slot + 1) % table_size;
        table[slot] = entry;
    }
    return table;
}
constexpr auto table = make_table();

} // namespace

Word find_word(std::string_view text) {
    if (text.size() < 2 || text.size() > longest) return Word::None;
    for (size_t slot = slot_of(text); !table[slot].text.empty(); slot = (slot + 1) % table_size)
        if (table[slot].text == text) return table[slot].word;
    return Word::None;
}

} // namespace indent::syntax
