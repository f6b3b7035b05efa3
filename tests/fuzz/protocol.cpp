// Lines of a socket, any bytes, as a program and as a client would read them: a message or words, and what was read is
// read again from what is written of it.
#include "vm/protocol/lines.h"
#include <cstdint>
#include <cstdlib>

using namespace indent;
using namespace indent::protocol;

namespace {

void must(bool holds) {
    if (!holds) std::abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view line(reinterpret_cast<const char*>(data), size);
    const ClientLine said = decode_client_line(line);
    if (auto* unreadable = std::get_if<Unreadable>(&said))
        must(!unreadable->failure.code.empty() && !unreadable->failure.message.empty());
    if (auto* request = std::get_if<RequestEnvelope>(&said)) {
        const std::string written = encode(*request);
        must(written.find('\n') == std::string::npos);
        const ClientLine again = decode_client_line(written);
        auto* same = std::get_if<RequestEnvelope>(&again);
        must(same && same->id == request->id && encode(*same) == written);
    }
    const ServerLine told = decode_server_line(line);
    if (auto* message = std::get_if<Message>(&told)) {
        const std::string written = encode(*message);
        const ServerLine again = decode_server_line(written);
        auto* same = std::get_if<Message>(&again);
        must(same && encode(*same) == written);
    }
    if (auto place = decode_served_at(line)) must(bool(decode_served_at(encode(*place))));
    return 0;
}
