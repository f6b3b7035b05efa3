// Files and folders, by path. What goes wrong is a FileError that names the path.
#include "vm/model/text_literal.h"
#include "vm/os/files.h"
#include "vm/os/process.h"
#include "vm/prims/file_arguments.h"
#include "vm/prims/number_arguments.h"
#include "vm/prims/text_arguments.h"
#include "vm/prims/text_tables.h"
#include <cmath>

namespace indent {

Value fail_file(Machine& vm, const Failure& failure, const std::string& path, Value* args) {
    args[4] = vm.text(failure.message, args);
    args[5] = vm.text(path, args);
    args[6] =
        vm.object(vm.runtime.prelude_class("FileError"), {args[4], args[5], vm.symbol(failure.code)}, args);
    return vm.raise(args[6], args);
}

bool path_argument(Machine& vm, Value* args, int i, std::string& path, Value& resumed) {
    if (!is_text(args[i])) {
        resumed = vm.wrong_type(args, i, "a path (a Text)");
        return false;
    }
    path = text_utf8(args[i]);
    if (path.empty() || path.find('\0') != std::string::npos) {
        std::string message;
        append_quoted(message, path);
        resumed = vm.fail("ArgumentError", message + " cannot be a path", args);
        return false;
    }
    return true;
}

namespace {

constexpr uint64_t kLargestFile = uint64_t(1) << 30;

// Reads the file that args[1] names. False as above.
bool read(Machine& vm, Value* args, std::string& path, std::string& bytes, Value& resumed) {
    if (!path_argument(vm, args, 1, path, resumed)) return false;
    // Looking at the past comes to an end (image/history/patience.h), and no clock ends a read of a pipe.
    const bool looks = vm.runtime.port.mode == EffectPort::Inside;
    auto content = looks ? os::read_plain_file(path, kLargestFile) : os::read_file(path, kLargestFile);
    if (!content) {
        resumed = fail_file(vm, content.failure(), path, args);
        return false;
    }
    bytes = std::move(content).value();
    return true;
}

Value file_read(Machine& vm, Value* args) {
    std::string path, bytes;
    Value resumed;
    if (!read(vm, args, path, bytes, resumed)) return resumed;
    if (size_t at = find_invalid_utf8(bytes); at != std::string::npos)
        return vm.fail("EncodingError",
                       path + " is not UTF-8 at byte " + std::to_string(at) +
                           " (File.read_bytes reads it as it is)",
                       args);
    return vm.text(bytes, args);
}

Value file_read_bytes(Machine& vm, Value* args) {
    std::string path, bytes;
    Value resumed;
    if (!read(vm, args, path, bytes, resumed)) return resumed;
    args[2] = vm.list(bytes.size(), args);
    for (size_t i = 0; i < bytes.size(); ++i) {
        poll_now_and_then(vm, i, args);
        args[3] = Value::integer(uint8_t(bytes[i]));
        add_to_new_list(vm, args[2], args[3], args);
    }
    return args[2];
}

using Writer = Result<void> (*)(const std::string& path, std::string_view bytes);

Value write_text(Machine& vm, Value* args, Writer write) {
    std::string path;
    Value resumed;
    if (!path_argument(vm, args, 1, path, resumed)) return resumed;
    if (!is_text(args[2])) return vm.wrong_type(args, 2, "a Text");
    if (auto written = write(path, text_utf8(args[2])); !written)
        return fail_file(vm, written.failure(), path, args);
    return Value::nil();
}

Value file_write(Machine& vm, Value* args) {
    return write_text(vm, args, os::write_file_atomically);
}
Value file_append(Machine& vm, Value* args) {
    return write_text(vm, args, os::append_file);
}

Value file_write_bytes(Machine& vm, Value* args) {
    std::string path, bytes;
    Value resumed;
    if (!path_argument(vm, args, 1, path, resumed)) return resumed;
    if (!is_list(args[2])) return vm.wrong_type(args, 2, "a List of bytes");
    for (size_t i = 0; i < list_size(args[2]); ++i) {
        Value byte = list_get(args[2], i);
        if (!byte.is_integer() || byte.as_integer() < 0 || byte.as_integer() > 255)
            return vm.wrong_type(args, 2, "a List of Integers from 0 to 255");
        bytes += char(byte.as_integer());
        poll_now_and_then(vm, i, args);
    }
    if (auto written = os::write_file_atomically(path, bytes); !written)
        return fail_file(vm, written.failure(), path, args);
    return Value::nil();
}

bool stands(const std::string& path, os::FileKind kind) {
    auto info = os::file_info(path);
    return info && info->kind == kind;
}

Value file_exists(Machine& vm, Value* args) {
    std::string path;
    Value resumed;
    if (!path_argument(vm, args, 1, path, resumed)) return resumed;
    return Value::boolean(os::exists(path) && !os::is_folder(path));
}

// What file_info says, by `part`.
template <class Part>
Value information(Machine& vm, Value* args, Part part) {
    std::string path;
    Value resumed;
    if (!path_argument(vm, args, 1, path, resumed)) return resumed;
    auto info = os::file_info(path);
    if (!info) return fail_file(vm, info.failure(), path, args);
    if (info->kind == os::FileKind::Folder)
        return fail_file(vm, {"is_folder", path + " is a folder"}, path, args);
    return part(*info);
}

Value file_size(Machine& vm, Value* args) {
    return information(vm, args,
                       [&](const os::FileInfo& info) { return vm.integer(int64_t(info.bytes), args); });
}
Value file_modified(Machine& vm, Value* args) {
    return information(
        vm, args, [&](const os::FileInfo& info) { return Value::floating(double(info.modified_ns) / 1e9); });
}

Value file_set_modified(Machine& vm, Value* args) {
    std::string path;
    Value resumed;
    double seconds;
    if (!path_argument(vm, args, 1, path, resumed) || !float_argument(vm, args, 2, seconds, resumed))
        return resumed;
    if (!(std::fabs(seconds) < 9e9)) return vm.wrong_type(args, 2, "seconds since 1970");
    if (auto set = os::set_modified(path, int64_t(seconds * 1e9)); !set)
        return fail_file(vm, set.failure(), path, args);
    return Value::nil();
}

Value file_permissions(Machine& vm, Value* args) {
    std::string path;
    Value resumed;
    if (!path_argument(vm, args, 1, path, resumed)) return resumed;
    auto bits = os::permissions(path);
    return bits ? Value::integer(*bits) : fail_file(vm, bits.failure(), path, args);
}

Value file_set_permissions(Machine& vm, Value* args) {
    std::string path;
    Value resumed;
    if (!path_argument(vm, args, 1, path, resumed)) return resumed;
    if (!args[2].is_integer() || args[2].as_integer() < 0 || args[2].as_integer() > 07777)
        return vm.wrong_type(args, 2, "an Integer from 0 to 4095, such as 0b110_100_100");
    if (auto set = os::set_permissions(path, uint32_t(args[2].as_integer())); !set)
        return fail_file(vm, set.failure(), path, args);
    return Value::nil();
}

Value file_is_link(Machine& vm, Value* args) {
    std::string path;
    Value resumed;
    if (!path_argument(vm, args, 1, path, resumed)) return resumed;
    return Value::boolean(os::is_link(path));
}

Value file_link_target(Machine& vm, Value* args) {
    std::string path;
    Value resumed;
    if (!path_argument(vm, args, 1, path, resumed)) return resumed;
    auto target = os::read_link(path);
    return target ? vm.text(*target, args) : fail_file(vm, target.failure(), path, args);
}

Value file_link(Machine& vm, Value* args) {
    std::string path, target;
    Value resumed;
    if (!path_argument(vm, args, 1, path, resumed) || !path_argument(vm, args, 2, target, resumed))
        return resumed;
    if (auto made = os::make_link(target, path); !made) return fail_file(vm, made.failure(), path, args);
    return Value::nil();
}

Value file_delete(Machine& vm, Value* args) {
    std::string path;
    Value resumed;
    if (!path_argument(vm, args, 1, path, resumed)) return resumed;
    if (stands(path, os::FileKind::Folder) && !os::is_link(path))
        return fail_file(vm, {"is_folder", path + " is a folder (Folder.delete takes folders)"}, path, args);
    if (auto removed = os::remove_path(path); !removed) return fail_file(vm, removed.failure(), path, args);
    return Value::nil();
}

Value file_rename(Machine& vm, Value* args) {
    std::string from, to;
    Value resumed;
    if (!path_argument(vm, args, 1, from, resumed) || !path_argument(vm, args, 2, to, resumed))
        return resumed;
    if (auto renamed = os::rename_path(from, to); !renamed)
        return fail_file(vm, renamed.failure(), from, args);
    return Value::nil();
}

Value file_copy(Machine& vm, Value* args) {
    std::string from, to, bytes;
    Value resumed;
    if (!read(vm, args, from, bytes, resumed) || !path_argument(vm, args, 2, to, resumed)) return resumed;
    if (auto written = os::write_file_atomically(to, bytes); !written)
        return fail_file(vm, written.failure(), to, args);
    return Value::nil();
}

// ---- folders

Value folder_list(Machine& vm, Value* args) {
    std::string path;
    Value resumed;
    if (!path_argument(vm, args, 1, path, resumed)) return resumed;
    auto entries = os::list_folder(path);
    if (!entries) return fail_file(vm, entries.failure(), path, args);
    args[2] = vm.list(entries->size(), args);
    for (const auto& entry : *entries) {
        args[3] = vm.text(entry.name, args);
        add_to_new_list(vm, args[2], args[3], args);
    }
    return args[2];
}

Value folder_make(Machine& vm, Value* args) {
    std::string path;
    Value resumed;
    if (!path_argument(vm, args, 1, path, resumed)) return resumed;
    if (auto made = os::make_folder(path); !made) return fail_file(vm, made.failure(), path, args);
    return Value::nil();
}

Value folder_delete(Machine& vm, Value* args) {
    std::string path;
    Value resumed;
    if (!path_argument(vm, args, 1, path, resumed)) return resumed;
    if (stands(path, os::FileKind::File))
        return fail_file(vm, {"not_folder", path + " is a file (File.delete takes files)"}, path, args);
    if (auto removed = os::remove_path(path); !removed) return fail_file(vm, removed.failure(), path, args);
    return Value::nil();
}

Value folder_home(Machine& vm, Value* args) {
    std::string home = os::home_folder();
    if (home.empty())
        return fail_file(vm, {"not_found", "nobody knows the home folder of this user"}, "", args);
    return vm.text(home, args);
}

Value folder_make_temporary(Machine& vm, Value* args) {
    auto folder = os::TemporaryFolder::make();
    if (!folder) return fail_file(vm, folder.failure(), "", args);
    return vm.text(std::move(*folder).release(), args);
}

Value folder_exists(Machine& vm, Value* args) {
    std::string path;
    Value resumed;
    if (!path_argument(vm, args, 1, path, resumed)) return resumed;
    return Value::boolean(os::is_folder(path));
}

Value path_absolute(Machine& vm, Value* args) {
    std::string path;
    Value resumed;
    if (!path_argument(vm, args, 1, path, resumed)) return resumed;
    auto absolute = os::absolute_path(path);
    if (!absolute) return fail_file(vm, absolute.failure(), path, args);
    return vm.text(*absolute, args);
}

constexpr PrimitiveRow kFileRows[] = {
    {"read", 1, file_read, Effect::Input},
    {"read_bytes", 1, file_read_bytes, Effect::Input},
    {"write", 2, file_write, Effect::Output},
    {"write_bytes", 2, file_write_bytes, Effect::Output},
    {"append", 2, file_append, Effect::Output},
    {"exists?", 1, file_exists, Effect::Input},
    {"size", 1, file_size, Effect::Input},
    {"modified", 1, file_modified, Effect::Input},
    {"delete", 1, file_delete, Effect::Output},
    {"rename", 2, file_rename, Effect::Output},
    {"copy", 2, file_copy, Effect::Output},
    {"set_modified", 2, file_set_modified, Effect::Output},
    {"permissions", 1, file_permissions, Effect::Input},
    {"set_permissions", 2, file_set_permissions, Effect::Output},
    {"link?", 1, file_is_link, Effect::Input},
    {"link_target", 1, file_link_target, Effect::Input},
    {"link", 2, file_link, Effect::Output},
};

constexpr PrimitiveRow kFolderRows[] = {
    {"list", 1, folder_list, Effect::Input},
    {"make", 1, folder_make, Effect::Output},
    {"delete", 1, folder_delete, Effect::Output},
    {"home", 0, folder_home, Effect::Input},
    {"make_temporary", 0, folder_make_temporary, Effect::Output},
    {"exists?", 1, folder_exists, Effect::Input},
};

constexpr PrimitiveRow kPathRows[] = {
    {"absolute", 1, path_absolute, Effect::Input},
};

} // namespace

PrimitiveTable file_primitives() {
    return {"File class", kFileRows};
}
PrimitiveTable folder_primitives() {
    return {"Folder class", kFolderRows};
}
PrimitiveTable path_primitives() {
    return {"Path class", kPathRows};
}

} // namespace indent
