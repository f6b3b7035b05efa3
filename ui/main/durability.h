// What is there after the worst, of that which was answered.
#pragma once

namespace indent {

// Of a program while it has an image open; the image does not know of it.
enum class Durability {
    Power,   // all of it, when the power goes
    Process, // all of it, when the program is killed; when the power goes, what the system had written by then
    Lazy,    // all but what actors did in about the last second; nobody waits for the disk
};

} // namespace indent
