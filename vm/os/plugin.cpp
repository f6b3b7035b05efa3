#include "vm/os/plugin.h"
#include <dlfcn.h>

namespace indent::os {

Result<void*> load_symbol(const std::string& path, const char* symbol) {
    auto failed = [] {
        const char* why = dlerror();
        return Failure{"not_loaded", why ? why : "it cannot be loaded"};
    };
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) return failed();
    void* found = dlsym(library, symbol);
    if (!found) return failed();
    return found;
}

} // namespace indent::os
