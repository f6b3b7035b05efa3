#include "ui/client/served_image.h"
#include "vm/os/local_socket.h"
#include "vm/os/process.h"
#include <cstdlib>
#include <sodium.h>

namespace indent::ui {

namespace {

// Names the image in a folder that it shares with others.
std::string short_name(const std::string& image) {
    unsigned char hash[16];
    crypto_generichash(hash, sizeof hash, reinterpret_cast<const unsigned char*>(image.data()), image.size(),
                       nullptr, 0);
    char digits[2 * sizeof hash + 1];
    return sodium_bin2hex(digits, sizeof digits, hash, sizeof hash);
}

} // namespace

std::string token_file_of(const std::string& image) {
    return image + ".token";
}

Result<std::string> socket_path_for(const std::string& image) {
    const std::string beside = image + ".socket";
    if (beside.size() <= os::longest_socket_path()) return beside;
    std::string folder = "/tmp/indent-" + std::to_string(os::user_number());
    if (auto own = os::environment("XDG_RUNTIME_DIR"); own && !own->empty() && (*own)[0] == '/')
        folder = *own + "/indent";
    if (auto made = os::make_private_folder(folder); !made) return std::move(made).failure();
    return folder + "/" + short_name(image) + ".socket";
}

Result<protocol::ServedAt> find_served(const std::string& image) {
    constexpr size_t kMostBytes = 64 << 10;
    auto text = os::read_private_file(token_file_of(image), kMostBytes);
    if (!text) return std::move(text).failure();
    auto place = protocol::decode_served_at(*text);
    if (!place)
        return Failure{"damaged", token_file_of(image) + " cannot be read: " + place.failure().message};
    return place;
}

std::string new_token() {
    if (sodium_init() < 0) std::abort(); // the system has no random numbers
    unsigned char bytes[32];
    randombytes_buf(bytes, sizeof bytes);
    char digits[2 * sizeof bytes + 1];
    return sodium_bin2hex(digits, sizeof digits, bytes, sizeof bytes);
}

bool same_token(const std::string& a, const std::string& b) {
    return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

} // namespace indent::ui
