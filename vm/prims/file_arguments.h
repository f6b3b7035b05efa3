// Paths as arguments, and what the system says of them as errors.
#pragma once
#include "vm/base/result.h"
#include "vm/interp/machine.h"

namespace indent {

// A FileError: message, path, reason.
Value fail_file(Machine& vm, const Failure& failure, const std::string& path, Value* args);

// args[i] as a path. False: an error was raised, and a handler has given `resumed` for the answer.
[[nodiscard]] bool path_argument(Machine& vm, Value* args, int i, std::string& path, Value& resumed);

// Whose a device is that is opened now: the actor's whose turn runs.
DeviceTable::Owner device_owner(Machine& vm);

} // namespace indent
