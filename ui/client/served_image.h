// Where a program that has an image open can be spoken to: the files beside the image.
//
//   IMAGE.token    who has it open, which socket to connect to, and the word that opens it; only its owner can read it
//   IMAGE.socket   the socket; where that path is too long for one, it lies in the person's folder for such things
//                  ($XDG_RUNTIME_DIR/indent, or /tmp/indent-NUMBER), so clients read its place from the token file
//
// Whoever is killed leaves both behind; whoever has the image open (there is one at a time) may replace them.
#pragma once
#include "vm/base/result.h"
#include "vm/protocol/lines.h"
#include <string>

namespace indent::ui {

// `image` is a path without links ("." and ".." too), as os::absolute_path gives it.
std::string token_file_of(const std::string& image);

// A path that a socket can have, in a folder that is there. Failure codes as in vm/os/local_socket.h.
Result<std::string> socket_path_for(const std::string& image);

// What the token file says; "not_found": nobody serves the image. Says nothing about whether that program lives.
Result<protocol::ServedAt> find_served(const std::string& image);

// 64 hexadecimal digits that nobody can guess.
std::string new_token();
// In a time that does not tell how much of it was right.
bool same_token(const std::string& a, const std::string& b);

} // namespace indent::ui
