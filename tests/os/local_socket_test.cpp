#include "vm/os/clock.h"
#include "vm/os/files.h"
#include "vm/os/local_socket.h"
#include <csignal>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <fstream>
#include <sys/wait.h>
#include <unistd.h>

using namespace indent;
using namespace indent::os;

namespace {

TemporaryFolder folder() {
    auto made = TemporaryFolder::make();
    REQUIRE(made);
    return std::move(made).value();
}

// Waits until something is there to be read, and takes it.
std::string read_some(LocalSocket& socket) {
    char bytes[4096];
    for (int i = 0; i < 100; ++i) {
        auto came = socket.receive(bytes, sizeof bytes);
        REQUIRE(came);
        if (came->bytes || came->ended) return {bytes, came->bytes};
        Wanted wanted{socket.descriptor(), true, false};
        wait_for({&wanted, 1}, 1000);
    }
    return "";
}

LocalSocket accepted(LocalListener& listener) {
    Wanted wanted{listener.descriptor(), true, false};
    wait_for({&wanted, 1}, 5000);
    CHECK(wanted.read);
    auto came = listener.accept();
    REQUIRE(came);
    REQUIRE(came->has_value());
    return std::move(**came);
}

} // namespace

TEST_CASE("bytes go both ways, and the end of one side is told to the other") {
    auto in = folder();
    const std::string path = in.path() + "/s";
    auto listener = LocalListener::listen(path);
    REQUIRE(listener);
    CHECK((permissions(path).value() & 0777) == 0600);
    auto nobody = listener->accept();
    REQUIRE(nobody);
    CHECK(!nobody->has_value());
    auto client = LocalSocket::connect(path);
    REQUIRE(client);
    LocalSocket server = accepted(*listener);
    CHECK(client->send("hello").value() == 5);
    CHECK(read_some(server) == "hello");
    CHECK(server.send("back").value() == 4);
    CHECK(read_some(*client) == "back");
    char byte;
    CHECK(client->receive(&byte, 1)->bytes == 0);
    CHECK(!client->receive(&byte, 1)->ended);
    { LocalSocket gone = std::move(*client); }
    CHECK(server.receive(&byte, 1)->ended);
    auto sent = server.send("too late");
    CHECK((!sent && sent.failure().code == "gone")); // and no signal ends us
}

TEST_CASE("who does not read fills a bounded room, and nobody waits") {
    auto in = folder();
    auto listener = LocalListener::listen(in.path() + "/s");
    REQUIRE(listener);
    auto client = LocalSocket::connect(in.path() + "/s");
    REQUIRE(client);
    LocalSocket server = accepted(*listener);
    const std::string piece(1 << 16, 'x');
    size_t all = 0;
    for (;;) {
        auto sent = client->send(piece);
        REQUIRE(sent);
        if (*sent == 0) break;
        all += *sent;
        REQUIRE(all < (64 << 20));
    }
    Wanted wanted{client->descriptor(), false, true};
    wait_for({&wanted, 1}, 0);
    CHECK(!wanted.write);
    while (all > 0) all -= read_some(server).size();
    wanted = {client->descriptor(), false, true};
    wait_for({&wanted, 1}, 1000);
    CHECK(wanted.write);
}

TEST_CASE("what a killed program left is replaced; a socket in use, and what is no socket, is not") {
    auto in = folder();
    const std::string path = in.path() + "/s";
    CHECK(LocalSocket::connect(path).failure().code == "not_found");
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        auto listener = LocalListener::listen(path);
        kill(getpid(), SIGKILL); // its destructor never runs
    }
    int status = 0;
    waitpid(child, &status, 0);
    REQUIRE(exists(path));
    CHECK(LocalSocket::connect(path).failure().code == "nobody");
    {
        auto listener = LocalListener::listen(path);
        REQUIRE(listener);
        CHECK(LocalSocket::connect(path));
        CHECK(LocalListener::listen(path).failure().code == "exists");
    }
    CHECK(!exists(path));
    std::ofstream(path) << "mine";
    CHECK(LocalListener::listen(path).failure().code == "exists");
    CHECK(read_file(path, 100).value() == "mine");
    // A listener takes away its own file alone.
    REQUIRE(remove_path(path));
    {
        auto listener = LocalListener::listen(path);
        REQUIRE(listener);
        REQUIRE(remove_path(path));
        std::ofstream(path) << "another's";
    }
    CHECK(read_file(path, 100).value() == "another's");
}

TEST_CASE("a path that is too long for a socket is refused in words") {
    auto in = folder();
    const std::string path = in.path() + "/" + std::string(longest_socket_path(), 'x');
    CHECK(LocalListener::listen(path).failure().code == "too_long");
    CHECK(LocalSocket::connect(path).failure().code == "too_long");
    CHECK(longest_socket_path() >= 90);
}

TEST_CASE("a waker wakes, from other threads too, and wakes once") {
    auto waker = Waker::make();
    REQUIRE(waker);
    auto is_awake = [&](int ms) {
        Wanted wanted{waker->descriptor(), true, false};
        wait_for({&wanted, 1}, ms);
        return wanted.read;
    };
    CHECK(!is_awake(0));
    for (int i = 0; i < 200'000; ++i) waker->wake(); // more than a pipe holds
    CHECK(is_awake(0));
    waker->clear();
    CHECK(!is_awake(0));
}

TEST_CASE(
    "a private file is nobody else's from its first moment, and one that others may touch is not believed") {
    auto in = folder();
    const std::string path = in.path() + "/token";
    REQUIRE(write_private_file(path, "secret"));
    CHECK(permissions(path).value() == 0600);
    CHECK(read_private_file(path, 100).value() == "secret");
    REQUIRE(write_private_file(path, "another"));
    CHECK(read_private_file(path, 100).value() == "another");
    CHECK(read_private_file(path, 3).failure().code == "too_large");
    CHECK(list_folder(in.path())->size() == 1); // nothing is left beside it
    REQUIRE(set_permissions(path, 0640));
    CHECK(read_private_file(path, 100).failure().code == "denied");
    CHECK(read_private_file(in.path(), 100).failure().code != "");
    CHECK(read_private_file(path + "x", 100).failure().code == "not_found");
    CHECK(!write_private_file(in.path() + "/no/token", "x"));
    REQUIRE(make_private_folder(in.path() + "/mine"));
    REQUIRE(make_private_folder(in.path() + "/mine"));
    REQUIRE(set_permissions(in.path() + "/mine", 0755));
    CHECK(make_private_folder(in.path() + "/mine").failure().code == "denied");
}

TEST_CASE("who holds a lock on a file is told by its number") {
    auto in = folder();
    const std::string path = in.path() + "/locked";
    std::ofstream(path) << "content";
    CHECK(lock_holder(path) == 0);
    CHECK(lock_holder(path + "x") == 0);
    int ready[2], go[2];
    REQUIRE(pipe(ready) == 0);
    REQUIRE(pipe(go) == 0);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        close(go[1]);
        const int file = open(path.c_str(), O_RDWR);
        struct flock lock {};
        lock.l_type = F_WRLCK;
        lock.l_whence = SEEK_SET;
        lock.l_start = 0x40000000; // where SQLite has its locks: far behind the end
        lock.l_len = 512;
        fcntl(file, F_SETLK, &lock);
        char byte = 0;
        if (write(ready[1], &byte, 1) != 1) _exit(1);
        if (read(go[0], &byte, 1) < 0) _exit(1);
        _exit(0);
    }
    close(go[0]);
    char byte;
    REQUIRE(read(ready[0], &byte, 1) == 1);
    CHECK(lock_holder(path) == child);
    close(go[1]);
    int status = 0;
    waitpid(child, &status, 0);
    CHECK(lock_holder(path) == 0);
    close(ready[0]);
    close(ready[1]);
}
