#include "image/journal/records.h"

namespace indent::image {

namespace {

template <size_t Kind = 0>
bool read_kind(size_t kind, ByteReader& in, Record& record) {
    if constexpr (Kind == std::variant_size_v<Record>) {
        return false;
    } else {
        if (kind != Kind) return read_kind<Kind + 1>(kind, in, record);
        return read_record(in, record.emplace<Kind>());
    }
}

} // namespace

void write(ByteWriter& out, const Record& record) {
    out.byte(uint8_t(record.index()));
    std::visit([&](const auto& one) { write_record(out, one); }, record);
}

void write(ByteWriter& out, const SegmentRecord& segment, std::string_view heap) {
    out.byte(kind_of_record<SegmentRecord>());
    RecordWriter writer(out);
    const_cast<SegmentRecord&>(segment).serialize_head(writer); // which reads and writes alike
    out.text(heap);
    out.text(segment.inputs);
}

bool read_each(std::string_view bytes, const std::function<bool(Record&)>& take) {
    ByteReader in(bytes);
    Record record;
    while (!in.failed() && in.remaining() > 0) {
        const uint8_t kind = in.byte();
        if (!read_kind(kind, in, record) || !take(record)) return false;
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
