// posix_spawn rather than fork: nothing of ours runs in the child, however many threads we have. The pipes are
// polled together, so that neither side waits for the other with a full pipe.
#include "vm/os/subprocess.h"
#include "vm/os/clock.h"
#include "vm/os/files.h"
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

extern char** environ; // POSIX has it without a header

namespace indent::os {

namespace {

constexpr size_t kLongestLine = size_t(64) << 20; // bytes that are kept of one that stays
constexpr uint64_t kPatience = 300'000'000;       // nanoseconds between SIGTERM and SIGKILL

void close_end(int& fd) {
    if (fd >= 0) close(fd);
    fd = -1;
}

// Both ends are closed on exec and none is 0, 1 or 2, which are the child's.
bool make_pipe(int (&ends)[2]) {
    int made[2];
    if (pipe(made) != 0) return false;
    for (int i = 0; i < 2; ++i) {
        ends[i] = fcntl(made[i], F_DUPFD_CLOEXEC, 3);
        close(made[i]);
    }
    return ends[0] >= 0 && ends[1] >= 0;
}

void do_not_block(int fd) {
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

// A write to a pipe that nobody reads any more fails, and raises no signal in this thread or any other.
ssize_t write_quietly(int fd, const char* bytes, size_t count) {
    sigset_t broken, before, pending;
    sigemptyset(&broken);
    sigaddset(&broken, SIGPIPE);
    sigpending(&pending);
    bool had = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &broken, &before);
    ssize_t written = write(fd, bytes, count);
    int error = errno;
    if (written < 0 && error == EPIPE && !had) {
        sigpending(&pending);
        int signal;
        if (sigismember(&pending, SIGPIPE) == 1) sigwait(&broken, &signal);
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    errno = error;
    return written;
}

std::string words_of(int error) {
    return std::generic_category().message(error);
}

struct Attributes {
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    Attributes() {
        posix_spawnattr_init(&attributes);
        posix_spawn_file_actions_init(&actions);
        sigset_t none, all;
        sigemptyset(&none);
        sigfillset(&all);
        posix_spawnattr_setsigmask(&attributes, &none);
        posix_spawnattr_setsigdefault(&attributes, &all);
        posix_spawnattr_setpgroup(&attributes, 0);
        posix_spawnattr_setflags(&attributes,
                                 POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    ~Attributes() {
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
    }
};

std::vector<std::string> environment_with(const Command& command) {
    std::vector<std::string> result;
    for (const auto& [name, value] : all_environment()) {
        auto changed = std::find_if(command.environment.begin(), command.environment.end(),
                                    [&, &name = name](const auto& pair) { return pair.first == name; });
        if (changed == command.environment.end()) result.push_back(name + "=" + value);
    }
    for (const auto& [name, value] : command.environment)
        if (value) result.push_back(name + "=" + *value);
    return result;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
    std::vector<char*> pointers;
    for (auto& text : texts) pointers.push_back(text.data());
    pointers.push_back(nullptr);
    return pointers;
}

} // namespace

struct Subprocess::State {
    pid_t child = -1; // -1: has ended and been waited for
    int input = -1, output = -1, errors = -1;
    std::string to_write;
    size_t written = 0;
    uint64_t most_output = 0;
    bool stays = false;
    bool more_input = false; // its input stays open although all has been written
    int wait_status = 0;
    int pause = 1; // milliseconds until we look again whether it has ended
    Finished finished;

    ~State() {
        close_end(input);
        close_end(output);
        close_end(errors);
        if (child < 0) return;
        kill(-child, SIGTERM);
        uint64_t begin = monotonic_ns();
        while (!has_ended() && monotonic_ns() - begin < kPatience) sleep_ns(2'000'000);
        if (child < 0) return;
        kill(-child, SIGKILL);
        while (waitpid(child, &wait_status, 0) < 0 && errno == EINTR) {
        }
    }

    bool has_ended() {
        if (child < 0) return true;
        pid_t ended = waitpid(child, &wait_status, WNOHANG);
        if (ended != child) return false;
        child = -1;
        return true;
    }

    void feed() {
        ssize_t count = write_quietly(input, to_write.data() + written, to_write.size() - written);
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (count < 0) return close_end(input); // it reads no more, which is its own affair
        written += static_cast<size_t>(count);
        if (written != to_write.size()) return;
        to_write.clear();
        written = 0;
        if (!more_input) close_end(input);
    }

    // One that stays has written enough for now.
    bool is_full() const {
        return stays && finished.output.size() >= most_output &&
               finished.output.find('\n') != std::string::npos;
    }

    // Reads what is there. False: more than there may be.
    bool listen(int& fd, std::string& into) {
        char buffer[64 * 1024];
        for (;;) {
            ssize_t count = read(fd, buffer, sizeof buffer);
            if (count < 0 && errno == EINTR) continue;
            if (count < 0 && errno == EAGAIN) return true;
            if (count <= 0) {
                close_end(fd);
                return true;
            }
            if (stays && finished.output.size() > kLongestLine) return false;
            if (!stays &&
                finished.output.size() + finished.errors.size() + static_cast<size_t>(count) > most_output)
                return false;
            into.append(buffer, static_cast<size_t>(count));
            if (count < static_cast<ssize_t>(sizeof buffer) || is_full()) return true;
        }
    }
};

Subprocess::Subprocess(std::unique_ptr<State> state) : state_(std::move(state)) {}
Subprocess::Subprocess(Subprocess&&) noexcept = default;
Subprocess::~Subprocess() = default;

Result<Subprocess> Subprocess::start(const Command& command) {
    const std::string& program = command.words.at(0);
    if (!command.folder.empty() && !is_folder(command.folder))
        return Failure{"not_folder",
                       "cannot run " + program + " in " + command.folder + ": there is no such folder"};
    auto state = std::make_unique<State>();
    state->to_write = command.input;
    state->most_output = command.most_output;
    state->stays = state->more_input = command.stays;
    int in[2] = {-1, -1}, out[2] = {-1, -1}, err[2] = {-1, -1};
    bool piped = make_pipe(in) && make_pipe(out) && (command.stays || make_pipe(err));
    int pipe_error = errno;
    state->input = in[1];
    state->output = out[0];
    state->errors = err[0];
    int error = pipe_error;
    if (piped) {
        Attributes with;
        posix_spawn_file_actions_adddup2(&with.actions, in[0], STDIN_FILENO);
        posix_spawn_file_actions_adddup2(&with.actions, out[1], STDOUT_FILENO);
        if (!command.stays) posix_spawn_file_actions_adddup2(&with.actions, err[1], STDERR_FILENO);
        if (!command.folder.empty())
            posix_spawn_file_actions_addchdir_np(&with.actions, command.folder.c_str());
        std::vector<std::string> words = command.words, variables = environment_with(command);
        error = posix_spawnp(&state->child, program.c_str(), &with.actions, &with.attributes,
                             pointers_to(words).data(), pointers_to(variables).data());
        if (error) state->child = -1;
    }
    close_end(in[0]);
    close_end(out[1]);
    close_end(err[1]);
    if (error || !piped) {
        if (error == ENOENT)
            return Failure{"not_found", "cannot run " + program + ": there is no such program"};
        if (error == EACCES) return Failure{"denied", "cannot run " + program + ": permission denied"};
        return Failure{"io_error", "cannot run " + program + ": " + words_of(error)};
    }
    for (int fd : {state->input, state->output, state->errors})
        if (fd >= 0) do_not_block(fd);
    if (state->to_write.empty() && !state->more_input) close_end(state->input);
    return Subprocess(std::move(state));
}

Result<bool> Subprocess::step(int milliseconds) {
    State& s = *state_;
    const uint64_t begin = monotonic_ns();
    for (;;) {
        bool ended = s.has_ended(); // asked first: all that it wrote is in the pipes then
        const bool feeds = !ended && !s.to_write.empty();
        pollfd polled[3] = {{s.is_full() ? -1 : s.output, POLLIN, 0},
                            {s.errors, POLLIN, 0},
                            {feeds ? s.input : -1, POLLOUT, 0}}; // -1 is passed over
        bool closed = s.output < 0 && s.errors < 0;
        if (s.is_full() && !feeds) return false;
        int ready = poll(polled, 3, ended ? 0 : closed ? s.pause : std::min(milliseconds, 10));
        if (ready < 0 && errno != EINTR)
            return Failure{"io_error", "cannot listen to a program: " + words_of(errno)};
        if (ready > 0) {
            bool fits = (!polled[0].revents || s.listen(s.output, s.finished.output)) &&
                        (!polled[1].revents || s.listen(s.errors, s.finished.errors));
            if (!fits)
                return Failure{"too_large", "the program wrote more than " +
                                                std::to_string(s.stays ? kLongestLine : s.most_output) +
                                                (s.stays ? " bytes without a line end" : " bytes")};
            if (polled[2].revents && s.input >= 0) s.feed();
        } else if (ended) {
            if (s.stays) close_end(s.output); // what its children write later is lost
            return true;
        } else if (closed) {
            s.pause = std::min(s.pause * 2, 10);
        }
        if ((monotonic_ns() - begin) / 1'000'000 >= static_cast<uint64_t>(milliseconds)) return false;
    }
}

void Subprocess::write(std::string_view bytes) {
    if (state_->input >= 0) state_->to_write += bytes;
}

size_t Subprocess::unwritten() const {
    return state_->input < 0 ? 0 : state_->to_write.size() - state_->written;
}

void Subprocess::end_input() {
    state_->more_input = false;
    if (state_->to_write.empty()) close_end(state_->input);
}

std::optional<std::string> Subprocess::line() {
    std::string& output = state_->finished.output;
    const size_t end = output.find('\n');
    if (end == std::string::npos && (!output_ended() || output.empty())) return std::nullopt;
    std::string line = output.substr(0, end);
    output.erase(0, end == std::string::npos ? end : end + 1);
    if (!line.empty() && line.back() == '\r') line.pop_back();
    return line;
}

bool Subprocess::output_ended() const {
    return state_->output < 0;
}

Finished Subprocess::take() {
    Finished result = *how_it_ended();
    result.output = std::move(state_->finished.output);
    result.errors = std::move(state_->finished.errors);
    return result;
}

std::optional<Finished> Subprocess::how_it_ended() {
    if (!state_->has_ended()) return std::nullopt;
    Finished result;
    if (WIFSIGNALED(state_->wait_status)) {
        result.signal = WTERMSIG(state_->wait_status);
        result.status = 128 + result.signal;
    } else {
        result.status = WEXITSTATUS(state_->wait_status);
    }
    return result;
}

std::vector<std::pair<std::string, std::string>> all_environment() {
    std::vector<std::pair<std::string, std::string>> result;
    for (char** at = environ; at && *at; ++at) {
        const char* equals = std::strchr(*at, '=');
        if (equals && equals != *at)
            result.emplace_back(std::string(*at, static_cast<size_t>(equals - *at)), std::string(equals + 1));
    }
    return result;
}

} // namespace indent::os
