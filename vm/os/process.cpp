#include "vm/os/process.h"
#include <cerrno>
#include <cstdlib>
#include <pwd.h>
#include <sys/ioctl.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#ifdef __APPLE__
#include <mach-o/dyld.h>
#endif

namespace indent::os {

bool is_terminal(Stream stream) {
    switch (stream) {
    case Stream::Input: return isatty(STDIN_FILENO) == 1;
    case Stream::Output: return isatty(STDOUT_FILENO) == 1;
    case Stream::Error: return isatty(STDERR_FILENO) == 1;
    }
    return false;
}

int terminal_width() {
    winsize size{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
    return 80;
}

std::optional<std::string> environment(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    if (!value) return std::nullopt;
    return value;
}

int process_id() {
    return getpid();
}

int processor_count() {
    auto count = std::thread::hardware_concurrency();
    return count ? static_cast<int>(count) : 1;
}

std::string executable_path() {
    std::string path(4096, '\0');
#ifdef __APPLE__
    auto bytes = static_cast<uint32_t>(path.size());
    if (_NSGetExecutablePath(path.data(), &bytes) != 0) return {};
    path.resize(path.find('\0'));
    return path;
#else
    auto length = readlink("/proc/self/exe", path.data(), path.size());
    path.resize(length > 0 ? static_cast<size_t>(length) : 0);
    return path;
#endif
}

Result<std::string> working_folder() {
    char* folder = getcwd(nullptr, 0);
    if (!folder) {
        int error = errno;
        return Failure{error == ENOENT   ? "not_found"
                       : error == EACCES ? "denied"
                                         : "io_error",
                       "cannot tell the working folder: " + std::generic_category().message(error)};
    }
    std::string answer = folder;
    std::free(folder);
    return answer;
}

std::string home_folder() {
    if (auto home = environment("HOME"); home && !home->empty()) return *home;
    const passwd* user = getpwuid(getuid());
    return user && user->pw_dir ? user->pw_dir : "";
}

} // namespace indent::os
