// Bytes written as text (base64, hexadecimal), digests of bytes, and bytes out of the system's randomness.
#include "vm/model/list.h"
#include "vm/prims/format_tables.h"
#include "vm/prims/text_arguments.h"
#include <sodium.h>

namespace indent {

namespace {

constexpr size_t kMostBytes = size_t(1) << 29;
// Bytes between two polls; a whole number of groups of base64, bytes' and letters'.
constexpr size_t kPiece = size_t(3) << 16;

// visit(begin, size) for one piece after the other, with a poll before each.
template <class Visit>
void in_pieces(Machine& vm, std::string_view all, Value* args, Visit visit) {
    for (size_t at = 0; at < all.size(); at += kPiece) {
        vm.poll(args);
        visit(all.substr(at, kPiece));
    }
}

// The bytes of args[i]: a Text's in UTF-8, or those that a list or tuple of numbers tells. False: an error was raised,
// and a handler has given `resumed` for the answer.
bool bytes_argument(Machine& vm, Value* args, int i, std::string& bytes, Value& resumed) {
    if (is_text(args[i])) {
        bytes = utf8_in_pieces(vm, args[i], args);
        if (bytes.size() <= kMostBytes) return true;
        resumed = vm.fail("ArgumentError", "more than 2 ** 29 bytes at once are too many", args);
        return false;
    }
    bool fits = is_list(args[i]) || is_tuple(args[i]);
    size_t size = is_list(args[i]) ? list_size(args[i]) : fits ? tuple_size(args[i]) : 0;
    if (size > kMostBytes) fits = false;
    if (fits) bytes.reserve(size);
    for (size_t k = 0; fits && k < size; ++k) {
        poll_now_and_then(vm, k, args);
        Value byte = is_list(args[i]) ? list_get(args[i], k) : tuple_get(args[i], k);
        fits = byte.is_integer() && byte.as_integer() >= 0 && byte.as_integer() <= 255;
        if (fits) bytes += char(byte.as_integer());
    }
    if (!fits) resumed = vm.wrong_type(args, i, "a Text or a list of Integers from 0 to 255");
    return fits;
}

const unsigned char* data_of(std::string_view bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* data_of(std::string& bytes) {
    return reinterpret_cast<unsigned char*>(bytes.data());
}

Value list_of_bytes(Machine& vm, const std::string& bytes, Value* args) {
    constexpr int kList = 6, kByte = 7;
    args[kList] = vm.list(bytes.size(), args);
    for (size_t i = 0; i < bytes.size(); ++i) {
        poll_now_and_then(vm, i, args);
        args[kByte] = Value::integer(static_cast<unsigned char>(bytes[i]));
        add_to_new_list(vm, args[kList], args[kByte], args);
    }
    return args[kList];
}

Value hex_text(Machine& vm, const std::string& bytes, Value* args) {
    std::string text, shown;
    text.reserve(2 * bytes.size());
    in_pieces(vm, bytes, args, [&](std::string_view piece) {
        shown.resize(2 * piece.size() + 1);
        sodium_bin2hex(shown.data(), shown.size(), data_of(piece), piece.size());
        text.append(shown, 0, 2 * piece.size());
    });
    return vm.text(text, args);
}

int base64_variant(bool url_safe, bool padded) {
    return url_safe ? padded ? sodium_base64_VARIANT_URLSAFE : sodium_base64_VARIANT_URLSAFE_NO_PADDING
           : padded ? sodium_base64_VARIANT_ORIGINAL
                    : sodium_base64_VARIANT_ORIGINAL_NO_PADDING;
}

// args: bytes, whether it is safe in an address, whether it is filled up with `=`
Value base64_encode(Machine& vm, Value* args) {
    std::string bytes;
    Value resumed;
    if (!bytes_argument(vm, args, 1, bytes, resumed)) return resumed;
    int variant = base64_variant(vm.truth(args[2], args), vm.truth(args[3], args));
    std::string text, shown;
    text.reserve(sodium_base64_encoded_len(bytes.size(), variant));
    in_pieces(vm, bytes, args, [&](std::string_view piece) {
        shown.resize(sodium_base64_encoded_len(piece.size(), variant));
        sodium_bin2base64(shown.data(), shown.size(), data_of(piece), piece.size(), variant);
        text.append(shown, 0, shown.find('\0'));
    });
    return vm.text(text, args);
}

// args: text. A list of bytes, or nil. Both alphabets are read, with `=` at the end or without; white space counts for
// nothing.
Value base64_decode(Machine& vm, Value* args) {
    if (!is_text(args[1])) return vm.wrong_type(args, 1, "a Text");
    constexpr size_t kGroup = 4;
    const std::string text = text_utf8(args[1]);
    std::string bytes, waiting, read; // `waiting`: letters that are to be read, whole groups but at the end
    bool plain = false, url_safe = false;
    auto take = [&](bool last) {
        const bool padded = last && !waiting.empty() && waiting.back() == '=';
        const int variant = base64_variant(false, padded);
        read.resize(waiting.size() / kGroup * 3 + 3);
        size_t size = 0;
        const char* end = nullptr;
        if (sodium_base642bin(data_of(read), read.size(), waiting.data(), waiting.size(), nullptr, &size,
                              &end, variant) ||
            end != waiting.data() + waiting.size())
            return false;
        bytes.append(read, 0, size);
        waiting.clear();
        return true;
    };
    for (size_t i = 0; i < text.size(); ++i) {
        poll_now_and_then(vm, i, args);
        char c = text[i];
        if (c == ' ' || c == '\n' || c == '\r' || c == '\t') continue;
        if (waiting.size() == kPiece / 3 * kGroup && !take(false)) return Value::nil();
        plain |= c == '+' || c == '/';
        if (c == '-' || c == '_') {
            url_safe = true;
            c = c == '-' ? '+' : '/';
        }
        waiting += c;
    }
    if ((plain && url_safe) || !take(true)) return Value::nil();
    return list_of_bytes(vm, bytes, args);
}

Value hex_encode(Machine& vm, Value* args) {
    std::string bytes;
    Value resumed;
    return bytes_argument(vm, args, 1, bytes, resumed) ? hex_text(vm, bytes, args) : resumed;
}

// args: text. A list of bytes, or nil.
Value hex_decode(Machine& vm, Value* args) {
    if (!is_text(args[1])) return vm.wrong_type(args, 1, "a Text");
    const std::string text = text_utf8(args[1]);
    std::string bytes, read(kPiece, '\0');
    auto take = [&](std::string_view piece) {
        size_t size = 0;
        const char* end = nullptr;
        if (sodium_hex2bin(data_of(read), read.size(), piece.data(), piece.size(), " \n\r\t", &size, &end) ||
            end != piece.data() + piece.size())
            return false;
        bytes.append(read, 0, size);
        return true;
    };
    for (size_t at = 0; at < text.size();) {
        vm.poll(args);
        std::string_view piece = std::string_view(text).substr(at, kPiece);
        const bool last = at + piece.size() == text.size();
        if (!take(piece)) { // it may end in the middle of a byte
            if (last) return Value::nil();
            piece.remove_suffix(1);
            if (!take(piece)) return Value::nil();
        }
        at += piece.size();
    }
    return list_of_bytes(vm, bytes, args);
}

// args: bytes; the digest in hexadecimal.
Value sha256(Machine& vm, Value* args) {
    std::string bytes, digest(crypto_hash_sha256_BYTES, '\0');
    Value resumed;
    if (!bytes_argument(vm, args, 1, bytes, resumed)) return resumed;
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    in_pieces(vm, bytes, args, [&](std::string_view piece) {
        crypto_hash_sha256_update(&state, data_of(piece), piece.size());
    });
    crypto_hash_sha256_final(&state, data_of(digest));
    return hex_text(vm, digest, args);
}

Value sha512(Machine& vm, Value* args) {
    std::string bytes, digest(crypto_hash_sha512_BYTES, '\0');
    Value resumed;
    if (!bytes_argument(vm, args, 1, bytes, resumed)) return resumed;
    crypto_hash_sha512_state state;
    crypto_hash_sha512_init(&state);
    in_pieces(vm, bytes, args, [&](std::string_view piece) {
        crypto_hash_sha512_update(&state, data_of(piece), piece.size());
    });
    crypto_hash_sha512_final(&state, data_of(digest));
    return hex_text(vm, digest, args);
}

// args: bytes, bytes of the digest, a key (may be empty)
Value blake2b(Machine& vm, Value* args) {
    std::string bytes, key;
    Value resumed;
    if (!bytes_argument(vm, args, 1, bytes, resumed)) return resumed;
    int64_t size = args[2].is_integer() ? args[2].as_integer() : 0;
    if (size < int64_t(crypto_generichash_BYTES_MIN) || size > int64_t(crypto_generichash_BYTES_MAX))
        return vm.wrong_type(args, 2, "an Integer from 16 to 64");
    if (!bytes_argument(vm, args, 3, key, resumed)) return resumed;
    if (!key.empty() &&
        (key.size() < crypto_generichash_KEYBYTES_MIN || key.size() > crypto_generichash_KEYBYTES_MAX))
        return vm.fail("ArgumentError", "a key has from 16 to 64 bytes, not " + std::to_string(key.size()),
                       args);
    std::string digest(size_t(size), '\0');
    crypto_generichash_state state;
    crypto_generichash_init(&state, key.empty() ? nullptr : data_of(key), key.size(), digest.size());
    in_pieces(vm, bytes, args, [&](std::string_view piece) {
        crypto_generichash_update(&state, data_of(piece), piece.size());
    });
    crypto_generichash_final(&state, data_of(digest), digest.size());
    return hex_text(vm, digest, args);
}

// args: bytes, key of any length
template <class State, size_t Size, auto Begin, auto Update, auto Finish>
Value hmac(Machine& vm, Value* args) {
    std::string bytes, key, digest(Size, '\0');
    Value resumed;
    if (!bytes_argument(vm, args, 1, bytes, resumed) || !bytes_argument(vm, args, 2, key, resumed))
        return resumed;
    State state;
    Begin(&state, data_of(key), key.size());
    in_pieces(vm, bytes, args, [&](std::string_view piece) { Update(&state, data_of(piece), piece.size()); });
    Finish(&state, data_of(digest));
    return hex_text(vm, digest, args);
}

constexpr PrimitiveFunction hmac_sha256 =
    hmac<crypto_auth_hmacsha256_state, crypto_auth_hmacsha256_BYTES, crypto_auth_hmacsha256_init,
         crypto_auth_hmacsha256_update, crypto_auth_hmacsha256_final>;
constexpr PrimitiveFunction hmac_sha512 =
    hmac<crypto_auth_hmacsha512_state, crypto_auth_hmacsha512_BYTES, crypto_auth_hmacsha512_init,
         crypto_auth_hmacsha512_update, crypto_auth_hmacsha512_final>;

// 128 bits that nobody can foretell, in hexadecimal.
Value secret_bits(Machine& vm, Value* args) {
    std::string bytes(16, '\0');
    randombytes_buf(bytes.data(), bytes.size());
    return hex_text(vm, bytes, args);
}

constexpr PrimitiveRow kBase64Rows[] = {{"encode", 3, base64_encode}};
constexpr PrimitiveRow kHexRows[] = {{"encode", 1, hex_encode}};
constexpr PrimitiveRow kDigestRows[] = {
    {"sha256", 1, sha256},           {"sha512", 1, sha512},           {"blake2b", 3, blake2b},
    {"hmac_sha256", 2, hmac_sha256}, {"hmac_sha512", 2, hmac_sha512},
};
constexpr PrimitiveRow kBytesRows[] = {
    {"_base64_decode", 1, base64_decode},
    {"_hex_decode", 1, hex_decode},
    {"_secret_bits", 0, secret_bits, Effect::Input},
};

} // namespace

PrimitiveTable base64_primitives() {
    return {"Base64 class", kBase64Rows};
}
PrimitiveTable hex_primitives() {
    return {"Hex class", kHexRows};
}
PrimitiveTable digest_primitives() {
    return {"Digest class", kDigestRows};
}
PrimitiveTable bytes_primitives() {
    return {"", kBytesRows};
}

} // namespace indent
