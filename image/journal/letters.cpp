#include "image/journal/letters.h"
#include "image/journal/parcels.h"

namespace indent::image {

std::unique_ptr<ActorMessage> message_from(const PostRecord& post, Runtime& runtime, WorldNames& names) {
    if (post.kind > ActorMessage::Child || post.kind == ActorMessage::Native) return nullptr;
    auto symbol = [&](uint64_t number) {
        SymbolId id = 0;
        if (number) (void)names.symbol_of(number, id);
        return id;
    };
    auto message = std::make_unique<ActorMessage>();
    message->kind = ActorMessage::Kind(post.kind);
    message->number = post.number;
    message->selector = symbol(post.selector);
    if (post.selector && !message->selector) return nullptr; // it has been lost
    for (uint64_t label : post.labels) {
        message->labels.push_back(symbol(label));
        if (label && !message->labels.back()) return nullptr;
    }
    message->trailing_block = post.trailing_block;
    message->report = post.report;
    message->reason = message->kind == ActorMessage::Child ? SymbolId(post.reason) : symbol(post.reason);
    if (post.starts_as && !names.shape_of(post.starts_as, message->starts_as)) return nullptr;
    if (!parcel_from(post.arguments, runtime.shared, 0, names, message->arguments)) return nullptr;
    return message;
}

} // namespace indent::image
