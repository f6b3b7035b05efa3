// Records as bytes, by cereal over our own bytes: numbers are as short as they can be, a size is never larger than what
// remains, and there are no pointers (cereal's own are not safe against hostile bytes: its memory.hpp and polymorphic.hpp
// are never included). A record is a struct with `template <class A> void serialize(A& a) { a(…); }` of numbers, texts,
// vectors, optional ones and such structs.
#pragma once
#include "image/codec/bytes.h"
#include <cereal/cereal.hpp>
#include <cereal/types/optional.hpp>
#include <cereal/types/string.hpp>
#include <cereal/types/vector.hpp>
#include <string>
#include <string_view>
#include <type_traits>

namespace indent::image {

class RecordWriter : public cereal::OutputArchive<RecordWriter, cereal::AllowEmptyClassElision> {
  public:
    explicit RecordWriter(ByteWriter& out) : OutputArchive(this), out(out) {}
    ByteWriter& out;
};

// Throws cereal::Exception, which read_record catches.
class RecordReader : public cereal::InputArchive<RecordReader, cereal::AllowEmptyClassElision> {
  public:
    explicit RecordReader(ByteReader& in) : InputArchive(this), in(in) {}
    void check() const {
        if (in.failed()) throw cereal::Exception("the record ends too early");
    }
    ByteReader& in;
};

template <class Record>
void write_record(ByteWriter& out, const Record& record) {
    RecordWriter writer(out);
    writer(record);
}

// False: that is none.
template <class Record>
[[nodiscard]] bool read_record(RecordReader& reader, Record& record) {
    try {
        reader(record);
        return !reader.in.failed();
    } catch (const cereal::Exception&) {
        return false;
    }
}
template <class Record>
[[nodiscard]] bool read_record(ByteReader& in, Record& record) {
    RecordReader reader(in);
    return read_record(reader, record);
}

// A record that is alone.
template <class Record>
std::string encoded_record(const Record& record) {
    ByteWriter out;
    write_record(out, record);
    return out.take();
}
template <class Record>
[[nodiscard]] bool decoded_record(const std::string& bytes, Record& record) {
    ByteReader in(bytes);
    return read_record(in, record) && in.at_end();
}

template <class T>
std::enable_if_t<std::is_arithmetic_v<T>> CEREAL_SAVE_FUNCTION_NAME(RecordWriter& a, const T& number) {
    static_assert(std::is_unsigned_v<T>, "records have unsigned numbers and bools");
    a.out.number(uint64_t(number));
}
template <class T>
std::enable_if_t<std::is_arithmetic_v<T>> CEREAL_LOAD_FUNCTION_NAME(RecordReader& a, T& number) {
    const uint64_t n = a.in.number();
    a.check();
    number = T(n);
    if (uint64_t(number) != n) throw cereal::Exception("a number is too large");
}
template <class T>
void CEREAL_SAVE_FUNCTION_NAME(RecordWriter& a, const cereal::SizeTag<T>& size) {
    a.out.number(uint64_t(size.size));
}
template <class T>
void CEREAL_LOAD_FUNCTION_NAME(RecordReader& a, cereal::SizeTag<T>& size) {
    size.size = size_t(a.in.count());
    a.check();
}
template <class T>
void CEREAL_SAVE_FUNCTION_NAME(RecordWriter& a, const cereal::BinaryData<T>& data) {
    a.out.raw({static_cast<const char*>(data.data), size_t(data.size)});
}
template <class T>
void CEREAL_LOAD_FUNCTION_NAME(RecordReader& a, cereal::BinaryData<T>& data) {
    const std::string_view bytes = a.in.raw(data.size);
    a.check();
    if (!bytes.empty()) std::memcpy(data.data, bytes.data(), bytes.size());
}
template <class T>
void CEREAL_SAVE_FUNCTION_NAME(RecordWriter& a, const cereal::NameValuePair<T>& pair) {
    a(pair.value);
}
template <class T>
void CEREAL_LOAD_FUNCTION_NAME(RecordReader& a, cereal::NameValuePair<T>& pair) {
    a(pair.value);
}

} // namespace indent::image

CEREAL_REGISTER_ARCHIVE(indent::image::RecordReader)
CEREAL_REGISTER_ARCHIVE(indent::image::RecordWriter)
CEREAL_SETUP_ARCHIVE_TRAITS(indent::image::RecordReader, indent::image::RecordWriter)
