// Files that stay open, by the numbers of their devices. Several actors may have one's handle, so each operation has it
// to itself, and what takes turns to others or raises comes after.
#include "vm/os/open_file.h"
#include "vm/actors/actor.h"
#include "vm/prims/file_arguments.h"
#include "vm/prims/text_arguments.h"
#include "vm/prims/text_tables.h"

namespace indent {

DeviceTable::Owner device_owner(Machine& vm) {
    if (!vm.self_address) return {};
    const Actor& actor = *actor_of(vm.self_address);
    return {actor.id, actor.turns.load(std::memory_order_relaxed)};
}

namespace {

constexpr size_t kLongestPiece = size_t(1) << 30;

struct FileDevice : Device {
    explicit FileDevice(std::unique_ptr<os::OpenFile> opened) : file(std::move(opened)) {}
    std::unique_ptr<os::OpenFile> file;
};

constexpr std::pair<std::string_view, os::OpenMode> kModes[] = {{"read", os::OpenMode::Read},
                                                                {"write", os::OpenMode::Write},
                                                                {"append", os::OpenMode::Append},
                                                                {"update", os::OpenMode::Update}};

Value open_file(Machine& vm, Value* args) {
    std::string path;
    Value resumed;
    if (!path_argument(vm, args, 1, path, resumed)) return resumed;
    const std::string_view word = args[2].is_symbol() ? vm.symbol_text(args[2]) : "";
    for (const auto& mode : kModes) {
        if (mode.first != word) continue;
        auto file = os::OpenFile::open(path, mode.second);
        if (!file) return fail_file(vm, file.failure(), path, args);
        const uint64_t number =
            vm.runtime.devices.add(std::make_shared<FileDevice>(std::move(file).value()), device_owner(vm));
        return vm.integer(int64_t(number), args);
    }
    return vm.wrong_type(args, 2, ":read, :write, :append or :update");
}

std::shared_ptr<FileDevice> device_of(Machine& vm, Value number) {
    if (!number.is_integer() || number.as_integer() < 0) return nullptr;
    return std::dynamic_pointer_cast<FileDevice>(vm.runtime.devices.find(uint64_t(number.as_integer())));
}

enum Use { Reads, Writes, Either };

// Does `work` with the open file of args[1] while nobody else has it: what it answers, or why it cannot be. `path`: of
// the file, for errors.
template <class T, class Work>
Result<T> with_file(Machine& vm, Value* args, Use use, std::string& path, Work work) {
    const std::shared_ptr<FileDevice> device = device_of(vm, args[1]);
    if (!device) return Failure{"closed", "the file is closed"};
    std::lock_guard lock(device->mutex);
    os::OpenFile& file = *device->file;
    path = file.path();
    if (!file.is_open()) return Failure{"closed", "the file is closed"};
    if (use != Either && file.reads() != (use == Reads))
        return Failure{"wrong_mode",
                       path + (use == Reads
                                   ? " is open for writing, not for reading (`File.open(path, :read)`)"
                                   : " is open for reading, not for writing (`File.open(path, :write)`)")};
    return work(file);
}

Value text_of_file(Machine& vm, const std::string& path, const std::string& bytes, Value* args) {
    if (find_invalid_utf8(bytes) != std::string::npos)
        return vm.fail("EncodingError", path + " is not UTF-8 (File.read_bytes reads it as it is)", args);
    return vm.text(bytes, args);
}

Value file_read_line(Machine& vm, Value* args) {
    std::string path, line;
    auto read = with_file<bool>(vm, args, Reads, path,
                                [&](os::OpenFile& file) { return file.read_line(line, kLongestPiece); });
    if (!read) return fail_file(vm, read.failure(), path, args);
    return *read ? text_of_file(vm, path, line, args) : Value::nil();
}

Value open_file_read_bytes(Machine& vm, Value* args) {
    if (!args[2].is_integer() || args[2].as_integer() < 0 || args[2].as_integer() > int64_t(kLongestPiece))
        return vm.wrong_type(args, 2, "an Integer from 0 to " + std::to_string(kLongestPiece));
    std::string path;
    auto piece = with_file<std::string>(
        vm, args, Reads, path, [&](os::OpenFile& file) { return file.read(size_t(args[2].as_integer())); });
    if (!piece) return fail_file(vm, piece.failure(), path, args);
    std::string bytes = std::move(piece).value();
    args[3] = vm.list(bytes.size(), args);
    for (size_t i = 0; i < bytes.size(); ++i) {
        poll_now_and_then(vm, i, args);
        args[4] = Value::integer(uint8_t(bytes[i]));
        add_to_new_list(vm, args[3], args[4], args);
    }
    return args[3];
}

Value file_write_text(Machine& vm, Value* args) {
    if (!is_text(args[2])) return vm.wrong_type(args, 2, "a Text");
    std::string path;
    const std::string text = text_utf8(args[2]);
    auto written =
        with_file<void>(vm, args, Writes, path, [&](os::OpenFile& file) { return file.write(text); });
    return written ? Value::nil() : fail_file(vm, written.failure(), path, args);
}

Value file_flush(Machine& vm, Value* args) {
    std::string path;
    auto written = with_file<void>(vm, args, Writes, path, [&](os::OpenFile& file) { return file.flush(); });
    return written ? Value::nil() : fail_file(vm, written.failure(), path, args);
}

Value file_position(Machine& vm, Value* args) {
    std::string path;
    auto position = with_file<uint64_t>(
        vm, args, Either, path, [&](os::OpenFile& file) { return Result<uint64_t>(file.position()); });
    return position ? vm.integer(int64_t(*position), args) : fail_file(vm, position.failure(), path, args);
}

Value file_bytes(Machine& vm, Value* args) {
    std::string path;
    auto size = with_file<uint64_t>(vm, args, Either, path, [&](os::OpenFile& file) { return file.size(); });
    return size ? vm.integer(int64_t(*size), args) : fail_file(vm, size.failure(), path, args);
}

Value file_seek(Machine& vm, Value* args) {
    if (!args[2].is_integer() || args[2].as_integer() < 0) return vm.wrong_type(args, 2, "a number of bytes");
    std::string path;
    auto sought = with_file<void>(vm, args, Either, path, [&](os::OpenFile& file) {
        return file.seek(uint64_t(args[2].as_integer()));
    });
    return sought ? Value::nil() : fail_file(vm, sought.failure(), path, args);
}

// Closing twice is no error.
Value file_close(Machine& vm, Value* args) {
    std::string path;
    auto closed = with_file<void>(vm, args, Either, path, [&](os::OpenFile& file) { return file.close(); });
    if (!closed && closed.failure().code == "closed") return Value::nil();
    vm.runtime.devices.close(uint64_t(args[1].as_integer()));
    return closed ? Value::nil() : fail_file(vm, closed.failure(), path, args);
}

Value file_is_open(Machine& vm, Value* args) {
    return Value::boolean(device_of(vm, args[1]) != nullptr);
}

constexpr PrimitiveRow kOpenFileRows[] = {
    {"_open_file", 2, open_file, Effect::Output},
    {"_file_read_line", 1, file_read_line, Effect::Input},
    {"_file_read_bytes", 2, open_file_read_bytes, Effect::Input},
    {"_file_write", 2, file_write_text, Effect::Output},
    {"_file_flush", 1, file_flush, Effect::Output},
    {"_file_position", 1, file_position, Effect::Input},
    {"_file_bytes", 1, file_bytes, Effect::Input},
    {"_file_seek", 2, file_seek, Effect::Output},
    {"_file_close", 1, file_close, Effect::Output},
    {"_file_open?", 1, file_is_open, Effect::Input},
};

} // namespace

PrimitiveTable open_file_primitives() {
    return {"", kOpenFileRows};
}

} // namespace indent
