// Files that stay open, by the numbers of their devices.
#include "vm/os/open_file.h"
#include "vm/prims/file_arguments.h"
#include "vm/prims/text_arguments.h"
#include "vm/prims/text_tables.h"

namespace indent {

namespace {

constexpr size_t kLongestPiece = size_t(1) << 30;

class FileDevice : public Device {
  public:
    explicit FileDevice(std::unique_ptr<os::OpenFile> file) : file(std::move(file)) {}
    std::unique_ptr<os::OpenFile> file;
};

Value open_file(Machine& vm, Value* args) {
    std::string path;
    Value resumed;
    if (!path_argument(vm, args, 1, path, resumed)) return resumed;
    std::string_view word = args[2].is_symbol() ? vm.symbol_text(args[2]) : "";
    os::OpenMode mode = word == "write"    ? os::OpenMode::Write
                        : word == "append" ? os::OpenMode::Append
                                           : os::OpenMode::Read;
    if (word != "read" && word != "write" && word != "append")
        return vm.wrong_type(args, 2, ":read, :write or :append");
    auto file = os::OpenFile::open(path, mode);
    if (!file) return fail_file(vm, file.failure(), path, args);
    uint64_t number = vm.runtime.devices.add(std::make_unique<FileDevice>(std::move(file).value()));
    return vm.integer(int64_t(number), args);
}

FileDevice* device_of(Machine& vm, Value number) {
    if (!number.is_integer() || number.as_integer() < 0) return nullptr;
    return dynamic_cast<FileDevice*>(vm.runtime.devices.find(uint64_t(number.as_integer())));
}

// The open file with the number in args[1]; null: an error was raised.
os::OpenFile* open_argument(Machine& vm, Value* args, bool reads, Value& resumed) {
    FileDevice* device = device_of(vm, args[1]);
    if (!device) {
        resumed = fail_file(vm, {"closed", "the file is closed"}, "", args);
        return nullptr;
    }
    os::OpenFile* file = device->file.get();
    if (file->reads() != reads) {
        std::string message =
            file->path() + (reads ? " is open for writing, not for reading (`File.open(path, :read)`)"
                                  : " is open for reading, not for writing (`File.open(path, :write)`)");
        resumed = fail_file(vm, {"wrong_mode", message}, file->path(), args);
        return nullptr;
    }
    return file;
}

Value text_of_file(Machine& vm, const os::OpenFile& file, const std::string& bytes, Value* args) {
    if (find_invalid_utf8(bytes) != std::string::npos)
        return vm.fail("EncodingError", file.path() + " is not UTF-8 (File.read_bytes reads it as it is)",
                       args);
    return vm.text(bytes, args);
}

Value file_read_line(Machine& vm, Value* args) {
    Value resumed;
    os::OpenFile* file = open_argument(vm, args, true, resumed);
    if (!file) return resumed;
    std::string line;
    auto read = file->read_line(line, kLongestPiece);
    if (!read) return fail_file(vm, read.failure(), file->path(), args);
    return *read ? text_of_file(vm, *file, line, args) : Value::nil();
}

Value file_read_bytes(Machine& vm, Value* args) {
    Value resumed;
    os::OpenFile* file = open_argument(vm, args, true, resumed);
    if (!file) return resumed;
    if (!args[2].is_integer() || args[2].as_integer() < 0 || args[2].as_integer() > int64_t(kLongestPiece))
        return vm.wrong_type(args, 2, "an Integer from 0 to " + std::to_string(kLongestPiece));
    auto piece = file->read(size_t(args[2].as_integer()));
    if (!piece) return fail_file(vm, piece.failure(), file->path(), args);
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
    Value resumed;
    os::OpenFile* file = open_argument(vm, args, false, resumed);
    if (!file) return resumed;
    if (!is_text(args[2])) return vm.wrong_type(args, 2, "a Text");
    if (auto written = file->write(text_utf8(args[2])); !written)
        return fail_file(vm, written.failure(), file->path(), args);
    return Value::nil();
}

Value file_flush(Machine& vm, Value* args) {
    Value resumed;
    os::OpenFile* file = open_argument(vm, args, false, resumed);
    if (!file) return resumed;
    if (auto written = file->flush(); !written) return fail_file(vm, written.failure(), file->path(), args);
    return Value::nil();
}

// Closing twice is no error.
Value file_close(Machine& vm, Value* args) {
    FileDevice* device = device_of(vm, args[1]);
    if (!device) return Value::nil();
    std::string path = device->file->path();
    auto closed = device->file->close();
    vm.runtime.devices.close(uint64_t(args[1].as_integer()));
    if (!closed) return fail_file(vm, closed.failure(), path, args);
    return Value::nil();
}

Value file_is_open(Machine& vm, Value* args) {
    return Value::boolean(device_of(vm, args[1]) != nullptr);
}

constexpr PrimitiveRow kRows[] = {
    {"_open_file", 2, open_file, Effect::Output},
    {"_file_read_line", 1, file_read_line, Effect::Input},
    {"_file_read_bytes", 2, file_read_bytes, Effect::Input},
    {"_file_write", 2, file_write_text, Effect::Output},
    {"_file_flush", 1, file_flush, Effect::Output},
    {"_file_close", 1, file_close, Effect::Output},
    {"_file_open?", 1, file_is_open, Effect::Input},
};

} // namespace

PrimitiveTable open_file_primitives() {
    return {"", kRows};
}

} // namespace indent
