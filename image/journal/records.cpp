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

bool read_each(std::string_view bytes, const std::function<bool(const Record&)>& take) {
    ByteReader in(bytes);
    while (!in.failed() && in.remaining() > 0) {
        Record record;
        const uint8_t kind = in.byte();
        if (!read_kind(kind, in, record) || !take(record)) return false;
    }
    return in.at_end();
}

bool read_all(std::string_view bytes, std::vector<Record>& records) {
    return read_each(bytes, [&](const Record& record) {
        records.push_back(record);
        return true;
    });
}

void append_group(std::string& batch, std::string_view group) {
    ByteWriter size;
    size.number(group.size());
    batch.append(size.view());
    batch.append(group);
}

bool next_group(ByteReader& in, std::string_view& group) {
    if (in.failed() || in.remaining() == 0) return false;
    group = in.text();
    return !in.failed();
}

} // namespace indent::image
