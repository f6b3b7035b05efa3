#include "image/journal/records.h"
#include <optional>

namespace indent::image {

namespace {

template <size_t Kind = 0>
bool read_kind(size_t kind, RecordReader& in, Record& record) {
    if constexpr (Kind == std::variant_size_v<Record>) {
        return false;
    } else {
        if (kind != Kind) return read_kind<Kind + 1>(kind, in, record);
        return read_record(in, record.emplace<Kind>());
    }
}

// Kinds of their own, where a record says first which of its fields follow.
enum Short : uint8_t { kShortPost = 0x40, kShortSegment };

enum PostField : unsigned {
    kSelector = 1 << 0,
    kFrom = 1 << 1,
    kArguments = 1 << 2,
    kAsk = 1 << 3,
    kLabels = 1 << 4,
    kMessageKind = 1 << 5,
    kFirst = 1 << 6,
    kTrailingBlock = 1 << 7,
    kReason = 1 << 8,
    kReport = 1 << 9,
    kStartsAs = 1 << 10,
    kLayoutEpoch = 1 << 11,
    kAllOfPost = (1 << 12) - 1
};
enum SegmentField : unsigned {
    kEnd = 3, // the value itself
    kFresh = 1 << 2,
    kDraws = 1 << 3,
    kMessage = 1 << 4,
    kTimer = 1 << 5,
    kInputs = 1 << 6,
    kAllOfSegment = (1 << 7) - 1
};

bool read_short(ByteReader& in, PostRecord& post) {
    const uint64_t has = in.number();
    if (has > kAllOfPost) return false;
    post.to = in.number();
    post.number = in.number();
    if (has & kSelector) post.selector = in.number();
    if (has & kFrom) post.from = in.number();
    if (has & kArguments) post.arguments = in.text();
    if (has & kAsk) post.ask = in.number();
    if (has & kLabels)
        for (uint64_t i = in.count(); i > 0; --i) post.labels.push_back(in.number());
    if (has & kMessageKind) post.kind = in.byte();
    post.first = has & kFirst;
    post.trailing_block = has & kTrailingBlock;
    if (has & kReason) post.reason = in.number();
    if (has & kReport) post.report = in.text();
    if (has & kStartsAs) post.starts_as = in.number();
    if (has & kLayoutEpoch) post.layout_epoch = in.number();
    return !in.failed();
}

bool read_short(ByteReader& in, SegmentRecord& segment) {
    const uint64_t has = in.number();
    if (has > kAllOfSegment) return false;
    segment.end = uint8_t(has & kEnd);
    segment.fresh = has & kFresh;
    segment.draws = has & kDraws;
    segment.actor = in.number();
    segment.turn = in.number();
    if (has & kMessage) segment.message = in.number();
    if (has & kTimer) segment.timer = in.number();
    segment.epoch = in.number();
    segment.at_ms = in.number();
    segment.heap = in.text();
    if (has & kInputs) segment.inputs = in.text();
    return !in.failed();
}

// `reader` is made when a record needs it: most do not, and it costs more than they.
bool read_one(uint8_t kind, ByteReader& in, std::optional<RecordReader>& reader, Record& record) {
    if (kind == kShortPost) return read_short(in, record.emplace<PostRecord>());
    if (kind == kShortSegment) return read_short(in, record.emplace<SegmentRecord>());
    if (!reader) reader.emplace(in);
    return read_kind(kind, *reader, record);
}

} // namespace

void write(ByteWriter& out, const PostRecord& post) {
    const unsigned has = (post.selector ? kSelector : 0U) | (post.from ? kFrom : 0U) |
                         (post.arguments.empty() ? 0U : kArguments) | (post.ask ? kAsk : 0U) |
                         (post.labels.empty() ? 0U : kLabels) | (post.kind ? kMessageKind : 0U) |
                         (post.first ? kFirst : 0U) | (post.trailing_block ? kTrailingBlock : 0U) |
                         (post.reason ? kReason : 0U) | (post.report.empty() ? 0U : kReport) |
                         (post.starts_as ? kStartsAs : 0U) | (post.layout_epoch ? kLayoutEpoch : 0U);
    out.byte(kShortPost);
    out.number(has);
    out.number(post.to);
    out.number(post.number);
    if (has & kSelector) out.number(post.selector);
    if (has & kFrom) out.number(post.from);
    if (has & kArguments) out.text(post.arguments);
    if (has & kAsk) out.number(post.ask);
    if (has & kLabels) {
        out.number(post.labels.size());
        for (uint64_t label : post.labels) out.number(label);
    }
    if (has & kMessageKind) out.byte(post.kind);
    if (has & kReason) out.number(post.reason);
    if (has & kReport) out.text(post.report);
    if (has & kStartsAs) out.number(post.starts_as);
    if (has & kLayoutEpoch) out.number(post.layout_epoch);
}

void write(ByteWriter& out, const SegmentRecord& segment) {
    write(out, segment, segment.heap);
}

void write(ByteWriter& out, const SegmentRecord& segment, std::string_view heap) {
    const unsigned has = (segment.end & kEnd) | (segment.fresh ? kFresh : 0U) |
                         (segment.draws ? kDraws : 0U) | (segment.message ? kMessage : 0U) |
                         (segment.timer ? kTimer : 0U) | (segment.inputs.empty() ? 0U : kInputs);
    out.byte(kShortSegment);
    out.number(has);
    out.number(segment.actor);
    out.number(segment.turn);
    if (has & kMessage) out.number(segment.message);
    if (has & kTimer) out.number(segment.timer);
    out.number(segment.epoch);
    out.number(segment.at_ms);
    out.text(heap);
    if (has & kInputs) out.text(segment.inputs);
}

void write(ByteWriter& out, const Record& record) {
    std::visit([&](const auto& one) { write(out, one); }, record);
}

bool read_each(std::string_view bytes, const std::function<bool(Record&)>& take) {
    ByteReader in(bytes);
    std::optional<RecordReader> reader;
    Record record;
    while (!in.failed() && in.remaining() > 0) {
        const uint8_t kind = in.byte();
        if (!read_one(kind, in, reader, record) || !take(record)) return false;
    }
    return in.at_end();
}

bool read_all(std::string_view bytes, std::vector<Record>& records) {
    return read_each(bytes, [&](Record& record) {
        records.push_back(std::move(record));
        return true;
    });
}

void append_group(std::string& batch, std::string_view group) {
    char size[kLongestNumber];
    batch.append(size, size_t(put_number(size, group.size()) - size));
    batch.append(group);
}

bool next_group(ByteReader& in, std::string_view& group) {
    if (in.failed() || in.remaining() == 0) return false;
    group = in.text();
    return !in.failed();
}

} // namespace indent::image
