// SQLite writes its log and its file page by page, a page of the log in two calls, and most of them are beside each other. Each
// call costs about as much as what it writes, so those that are beside each other go to the system as one.
//
// Reads that follow each other, as those of a large row do, are answered from one read that goes further; what was read ahead
// is forgotten when something is written, or the file was anybody else's for a moment.
//
// What SQLite is told of writes holds no less than before: nothing stays gathered over a sync, a commit, a read of the file, a
// change of its length or its end. A write that fails is told by whichever of those sends it. So this is for connections that
// sync before they rely on anything but commits (`synchronous` is not OFF).
#pragma once

namespace indent::image {

// The name of an sqlite3_vfs, for sqlite3_open_v2. It is one over whichever is the default when a file is opened. Any thread.
const char* gathered_files();

} // namespace indent::image
