// Records of messages and segments, in which what is not said takes no byte.
#include "image/journal/records.h"
#include "tests/sanitizers.h"
#include <doctest/doctest.h>
#include <random>

using namespace indent::image;

namespace {

class Random {
  public:
    explicit Random(uint64_t seed) : random_(seed) {}
    // Zero half of the time.
    uint64_t number() { return random_() % 2 ? 0 : uint64_t(1) << random_() % 64 | random_() % 100; }
    bool flag() { return random_() % 2; }
    std::string text() { return std::string(random_() % 2 ? 0 : random_() % 300, char(random_())); }

  private:
    std::mt19937_64 random_;
};

PostRecord any_post(Random& any) {
    PostRecord post;
    post.to = any.number();
    post.number = any.number();
    post.kind = uint8_t(any.number());
    post.first = any.flag();
    post.selector = any.number();
    for (int i = any.flag() ? 3 : 0; i > 0; --i) post.labels.push_back(any.number());
    post.trailing_block = any.flag();
    post.from = any.number();
    post.ask = any.number();
    post.reason = any.number();
    post.report = any.text();
    post.starts_as = any.number();
    post.layout_epoch = any.number();
    post.arguments = any.text();
    return post;
}

SegmentRecord any_segment(Random& any) {
    SegmentRecord segment;
    segment.actor = any.number();
    segment.turn = any.number();
    segment.message = any.number();
    segment.timer = any.number();
    segment.end = uint8_t(any.number() % 3);
    segment.fresh = any.flag();
    segment.draws = any.flag();
    segment.epoch = any.number();
    segment.at_ms = any.number();
    segment.heap = any.text();
    segment.inputs = any.text();
    return segment;
}

// All that it says, as cereal writes it.
template <class T>
std::string whole(const T& record) {
    ByteWriter out;
    write_record(out, record);
    return out.take();
}

// As version 2 wrote it.
template <class T>
std::string in_full(const T& record) {
    ByteWriter out;
    out.byte(kind_of_record<T>());
    write_record(out, record);
    return out.take();
}

template <class T>
void check_back(const std::string& bytes, const T& record) {
    std::vector<Record> read;
    REQUIRE(read_all(bytes, read));
    REQUIRE(read.size() == 1);
    REQUIRE(std::holds_alternative<T>(read[0]));
    CHECK(whole(std::get<T>(read[0])) == whole(record));
    std::vector<Record> none;
    for (size_t size = 1; size < bytes.size(); ++size) CHECK_FALSE(read_all(bytes.substr(0, size), none));
}

template <class T>
void check_both(const T& record) {
    ByteWriter out;
    write(out, record);
    check_back(std::string(out.view()), record);
    check_back(in_full(record), record);
}

} // namespace

TEST_CASE("messages and segments come back whatever they say, from what this version writes and what version "
          "2 wrote") {
    Random any(1);
    for (int i = 0; i < (indent::kSanitizers ? 150 : 500); ++i) {
        check_both(any_post(any));
        check_both(any_segment(any));
    }
}

TEST_CASE("what a message or a segment does not say takes no byte") {
    PostRecord post;
    post.to = 5;
    post.number = 6;
    ByteWriter out;
    write(out, post);
    CHECK(out.size() == 4);
    CHECK(in_full(post).size() == 15);
    SegmentRecord segment;
    ByteWriter other;
    write(other, segment);
    CHECK(other.size() == 7);
    CHECK(in_full(segment).size() == 12);
}

TEST_CASE("a message or a segment with a field that there is not is none") {
    auto read = [](std::initializer_list<int> bytes) {
        std::string text;
        for (int byte : bytes) text += char(byte);
        std::vector<Record> records;
        return read_all(text, records);
    };
    CHECK(read({0x40, 0, 1, 2}));
    CHECK_FALSE(read({0x40, 0x80, 0x20, 1, 2}));
    CHECK(read({0x41, 1, 1, 2, 3, 4, 0}));
    CHECK_FALSE(read({0x41, 0x81, 1, 1, 2, 3, 4, 0}));
    CHECK_FALSE(read({0x42, 0, 1, 2}));
}

TEST_CASE("A new base is due when the changes are many, and of a large heap when it has shrunk") {
    constexpr uint64_t kMega = uint64_t(1) << 20;
    uint32_t room = room_after(1000, 0, 4096);
    CHECK_FALSE(has_no_room(room, 4096));
    spend_room(room, 10'000, 4096);
    CHECK_FALSE(has_no_room(room, 4096));
    spend_room(room, 10'000, 4096);
    CHECK(has_no_room(room, 4096));
    CHECK(has_no_room(room_after(100'000, 400'000, kMega), kMega));
    room = room_after(30 * kMega, 0, 100 * kMega);
    for (int i = 0; i < 100; ++i) spend_room(room, 100 * kMega, (100 + uint64_t(i)) * kMega);
    CHECK_FALSE(has_no_room(room, 199 * kMega));
    CHECK_FALSE(has_no_room(room, 50 * kMega));
    CHECK(has_no_room(room, 40 * kMega));
    CHECK_FALSE(has_no_room(room_after(UINT64_MAX / 2, 0, UINT64_MAX / 2), UINT64_MAX / 2));
}
