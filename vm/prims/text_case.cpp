// Texts: capital and small letters, what kind of characters they hold, normal forms.
#include "vm/model/text_buffer.h"
#include "vm/model/unicode.h"
#include "vm/prims/text_arguments.h"
#include "vm/prims/text_tables.h"
#include <memory>
#include <utf8proc.h>

namespace indent {

namespace {

bool is_ascii(TextView text) {
    if (text.width != 1) return false;
    for (size_t i = 0; i < text.length; ++i)
        if (text.data[i] >= 0x80) return false;
    return true;
}

// ASCII letters change in place, by flipping the bit that tells small from capital.
Value map_ascii(Machine& vm, Value* args, char32_t first) {
    size_t length = view_text(args[0]).length;
    Value result;
    uint8_t* to = make_text_room(vm, length, 1, result, args + kPrimitiveFrame);
    const uint8_t* from = view_text(args[0]).data;
    for (size_t i = 0; i < length; ++i) to[i] = uint8_t(from[i] ^ (uint8_t(from[i] - first) < 26 ? 32 : 0));
    return result;
}

using CaseMapping = size_t (*)(char32_t, char32_t[3]);

void append_mapped(TextBuffer& to, char32_t c, CaseMapping mapping) {
    char32_t out[3];
    size_t count = mapping(c, out);
    for (size_t i = 0; i < count; ++i) to.append(out[i]);
}

constexpr char32_t kSigma = 0x3A3, kFinalSigma = 0x3C2;

// A small sigma has a form of its own at the end of a word.
bool ends_word(TextView text, size_t at) {
    return at > 0 && unicode::is_letter(text[at - 1]) &&
           (at + 1 == text.length || !unicode::is_letter(text[at + 1]));
}

void append_lower(TextBuffer& to, TextView text, size_t at) {
    if (text[at] == kSigma && ends_word(text, at))
        to.append(kFinalSigma);
    else
        append_mapped(to, text[at], unicode::to_lower);
}

Value text_upper(Machine& vm, Value* args) {
    if (is_ascii(view_text(args[0]))) return map_ascii(vm, args, 'a');
    TextBuffer result;
    for (size_t i = 0; i < view_text(args[0]).length; ++i) {
        poll_now_and_then(vm, i, args);
        append_mapped(result, view_text(args[0])[i], unicode::to_upper);
    }
    return result.finish(vm, args + kPrimitiveFrame);
}

Value text_lower(Machine& vm, Value* args) {
    if (is_ascii(view_text(args[0]))) return map_ascii(vm, args, 'A');
    TextBuffer result;
    for (size_t i = 0; i < view_text(args[0]).length; ++i) {
        poll_now_and_then(vm, i, args);
        append_lower(result, view_text(args[0]), i);
    }
    return result.finish(vm, args + kPrimitiveFrame);
}

// The first letter large and the others small, in the whole text or in each word.
Value capitalise(Machine& vm, Value* args, bool each_word) {
    TextBuffer result;
    bool begins = true;
    for (size_t i = 0; i < view_text(args[0]).length; ++i) {
        poll_now_and_then(vm, i, args);
        TextView text = view_text(args[0]);
        if (begins)
            append_mapped(result, text[i], unicode::to_title);
        else
            append_lower(result, text, i);
        begins = each_word && unicode::is_space(text[i]);
    }
    return result.finish(vm, args + kPrimitiveFrame);
}

Value text_capitalised(Machine& vm, Value* args) {
    return capitalise(vm, args, false);
}
Value text_title(Machine& vm, Value* args) {
    return capitalise(vm, args, true);
}

// By way of utf8proc, which works on UTF-8.
Value mapped_by(Machine& vm, Value* args, int options) {
    std::string utf8 = text_utf8(args[0]);
    utf8proc_uint8_t* made = nullptr;
    utf8proc_ssize_t bytes = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(utf8.data()),
                                          utf8proc_ssize_t(utf8.size()), &made, utf8proc_option_t(options));
    std::unique_ptr<utf8proc_uint8_t, void (*)(void*)> owner(made, std::free);
    if (bytes < 0) throw OutOfMemory{utf8.size() * 4}; // the input is valid, so nothing else can fail
    return vm.text({reinterpret_cast<const char*>(made), size_t(bytes)}, args);
}

Value text_folded(Machine& vm, Value* args) {
    if (is_ascii(view_text(args[0]))) return map_ascii(vm, args, 'A');
    return mapped_by(vm, args, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD);
}

Value text_normalised(Machine& vm, Value* args) {
    struct Form {
        std::string_view name;
        int options;
    };
    constexpr Form kForms[] = {{"nfc", UTF8PROC_STABLE | UTF8PROC_COMPOSE},
                               {"nfd", UTF8PROC_STABLE | UTF8PROC_DECOMPOSE},
                               {"nfkc", UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT},
                               {"nfkd", UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT}};
    if (args[1].is_symbol())
        for (const Form& form : kForms)
            if (vm.symbol_text(args[1]) == form.name) {
                if (is_ascii(view_text(args[0]))) return args[0];
                return mapped_by(vm, args, form.options);
            }
    return vm.wrong_type(args, 1, ":nfc, :nfd, :nfkc or :nfkd");
}

// Whether there are characters and all are of a kind.
template <class IsOne>
Value all(Machine& vm, Value* args, IsOne is_one) {
    size_t length = view_text(args[0]).length;
    for (size_t i = 0; i < length; ++i) {
        poll_now_and_then(vm, i, args);
        if (!is_one(view_text(args[0])[i])) return Value::boolean(false);
    }
    return Value::boolean(length > 0);
}

Value text_is_letter(Machine& vm, Value* args) {
    return all(vm, args, unicode::is_letter);
}
Value text_is_digit(Machine& vm, Value* args) {
    return all(vm, args, unicode::is_digit);
}
Value text_is_space(Machine& vm, Value* args) {
    return all(vm, args, unicode::is_space);
}
Value text_is_punctuation(Machine& vm, Value* args) {
    return all(vm, args, unicode::is_punctuation);
}
Value text_is_alphanumeric(Machine& vm, Value* args) {
    return all(vm, args, [](char32_t c) { return unicode::is_letter(c) || unicode::is_digit(c); });
}

// Whether it has letters of this case and none of the other.
Value only_case(Machine& vm, Value* args, bool (*wanted)(char32_t), bool (*other)(char32_t)) {
    size_t length = view_text(args[0]).length;
    bool any = false;
    for (size_t i = 0; i < length; ++i) {
        poll_now_and_then(vm, i, args);
        char32_t c = view_text(args[0])[i];
        if (other(c)) return Value::boolean(false);
        any = any || wanted(c);
    }
    return Value::boolean(any);
}

Value text_is_upper(Machine& vm, Value* args) {
    return only_case(vm, args, unicode::is_upper, unicode::is_lower);
}
Value text_is_lower(Machine& vm, Value* args) {
    return only_case(vm, args, unicode::is_lower, unicode::is_upper);
}

constexpr PrimitiveRow kTextCaseRows[] = {
    {"upper", 0, text_upper},
    {"lower", 0, text_lower},
    {"capitalised", 0, text_capitalised},
    {"title", 0, text_title},
    {"folded", 0, text_folded},
    {"normalised", 1, text_normalised},
    {"letter?", 0, text_is_letter},
    {"digit?", 0, text_is_digit},
    {"space?", 0, text_is_space},
    {"punctuation?", 0, text_is_punctuation},
    {"alphanumeric?", 0, text_is_alphanumeric},
    {"upper?", 0, text_is_upper},
    {"lower?", 0, text_is_lower},
};

} // namespace

PrimitiveTable text_case_primitives() {
    return {"Text", kTextCaseRows};
}

} // namespace indent
