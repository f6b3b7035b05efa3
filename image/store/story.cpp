#include "image/store/story.h"
#include "image/store/rows.h"

namespace indent::image {

std::string StoryHeads::encode() const {
    return number_bytes(first) + number_bytes(last) + number_bytes(names) + number_bytes(names_sum);
}

std::optional<StoryHeads> StoryHeads::decode(std::string_view bytes) {
    StoryHeads heads;
    if (!take_number(bytes, heads.first) || !take_number(bytes, heads.last) ||
        !take_number(bytes, heads.names) || !take_number(bytes, heads.names_sum) || !bytes.empty() ||
        heads.first == 0 || heads.last + 1 < heads.first)
        return std::nullopt;
    return heads;
}

Failure StoryRows::damaged(std::string_view what) const {
    return {"damaged", connection_.path() + " is damaged: " + std::string(what)};
}

Result<void> StoryRows::prepare() {
    const std::pair<Statement*, std::string_view> all[] = {
        {&put_batch_, "INSERT INTO batches VALUES(?1, ?2, ?3)"},
        {&drop_batches_, "DELETE FROM batches WHERE number <= ?1"},
        {&all_batches_, "SELECT number, body, checksum FROM batches ORDER BY number"},
        {&put_name_, "INSERT INTO names VALUES(?1, ?2, ?3, ?4)"},
        {&all_names_, "SELECT kind, number, content, checksum FROM names ORDER BY kind, number"},
    };
    for (auto [statement, sql] : all) {
        auto prepared = connection_.prepare(sql);
        if (!prepared) return std::move(prepared).failure();
        *statement = std::move(prepared).value();
    }
    return ok();
}

Result<void> StoryRows::append(StoryHeads& heads, const std::vector<NameRecord>& names,
                               std::string_view body) {
    if (body.size() > kLargestBatch)
        return Failure{"too_large", "what was done at once is too large for " + connection_.path()};
    for (const NameRecord& name : names) {
        const int64_t sum = name_checksum(name.kind, name.number, name.content);
        Using row(put_name_);
        row->bind(1, int64_t(name.kind));
        row->bind(2, int64_t(name.number));
        row->bind_blob(3, name.content);
        row->bind(4, sum);
        if (auto done = row->step(); !done) return std::move(done).failure();
        heads.names++;
        heads.names_sum ^= uint64_t(sum);
    }
    if (body.empty()) return ok();
    Using row(put_batch_);
    row->bind(1, int64_t(heads.last + 1));
    row->bind_blob(2, body);
    row->bind(3, batch_checksum(heads.last + 1, body));
    if (auto done = row->step(); !done) return std::move(done).failure();
    heads.last++;
    return ok();
}

Result<void> StoryRows::begin_anew(StoryHeads& heads, const std::vector<std::string>& bodies) {
    {
        Using row(drop_batches_);
        row->bind(1, int64_t(heads.last));
        if (auto done = row->step(); !done) return std::move(done).failure();
    }
    heads.first = heads.last + 1;
    for (const std::string& body : bodies)
        if (auto done = append(heads, {}, body); !done) return done;
    return ok();
}

Result<void> StoryRows::read(const StoryHeads& heads, const std::function<Result<void>(NameRecord)>& name,
                             const std::function<Result<void>(std::string_view body)>& batch) {
    uint64_t names = 0, sum = 0;
    {
        Using row(all_names_);
        for (;;) {
            auto found = row->step();
            if (!found) return std::move(found).failure();
            if (!*found) break;
            NameRecord record{uint64_t(row->integer(0)), uint64_t(row->integer(1)),
                              std::string(row->bytes(2))};
            if (row->integer(3) != name_checksum(record.kind, record.number, record.content))
                return damaged("a name does not match its checksum");
            ++names;
            sum ^= uint64_t(row->integer(3));
            if (auto done = name(std::move(record)); !done) return done;
        }
    }
    if (names != heads.names || sum != heads.names_sum) return damaged("a name is missing");
    uint64_t next = heads.first;
    Using row(all_batches_);
    for (;; ++next) {
        auto found = row->step();
        if (!found) return std::move(found).failure();
        if (!*found) break;
        if (uint64_t(row->integer(0)) != next || next > heads.last ||
            row->integer(2) != batch_checksum(next, row->bytes(1)))
            return damaged("the batch " + std::to_string(next) + " of the story is not what it was");
        if (auto done = batch(row->bytes(1)); !done) return done;
    }
    if (next != heads.last + 1) return damaged("a batch of the story is missing");
    return ok();
}

} // namespace indent::image
