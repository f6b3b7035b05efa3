// What all machines of a world share: names, shapes, classes, modules, and the port to the outside.
#pragma once
#include "vm/heap/shared.h"
#include "vm/interp/device.h"
#include "vm/interp/prelude.h"
#include "vm/interp/reload_summary.h"
#include "vm/model/class.h"
#include "vm/model/module.h"
#include "vm/model/shape.h"
#include "vm/model/symbol.h"
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace indent {

// The one place through which inputs and effects pass.
struct EffectPort {
    enum Mode : uint8_t {
        Live,
        Inside, // nothing outside of this world is changed: a world of the past (image/history)
        Denied
    } mode = Live;
    std::function<void(std::string_view line)> output; // print: a line without its end
    // A part of a line whose rest comes later; where there is none, it waits for the rest.
    std::function<void(std::string_view text)> partial;
    std::function<void(std::string_view text)> errors; // print_error; where there is none, it is printed
    std::function<void(std::string_view line)> log;    // log; where there is none, it is printed
    // read_line: shows the prompt, answers a line without its end, or nothing where the input has ended.
    std::function<std::optional<std::string>(std::string_view prompt)> input;
    // A text in the output: whole lines and a part of one. These are for any thread: one text goes out at a time.
    void print(std::string_view text);
    void print_error(std::string_view text);
    void write_log(std::string_view line);
    // Ends a line that waits for its rest, where one does.
    void finish_line();
    std::string waiting; // the begin of a line
    std::recursive_mutex mutex;
    bool allows(Effect effect) const {
        return effect == Effect::Pure || mode == Live || (mode == Inside && effect != Effect::Output);
    }
};

struct PrimitiveTable;

class Machine;
struct Runtime {
    Runtime();
    ~Runtime();
    Runtime(const Runtime&) = delete;

    SymbolTable symbols;
    ShapeTable shapes;
    SharedSpace shared;
    EffectPort port;
    std::vector<std::string> arguments; // of the script
    std::string program;                // the script's own path; empty where none runs
    DeviceTable devices;

    // Runs `work` while no other thread runs code of this world: definitions change only so. Set by vm/actors; alone
    // there is nobody to wait for.
    std::function<void(const std::function<void()>& work)> exclusive;
    void release(Boundary& boundary, bool data_too); // what it holds
    void exclusively(const std::function<void()>& work) { exclusive ? exclusive(work) : work(); }

    class ReloadPort* reloads = nullptr; // what programs ask of the reload engine; set by vm/world

    // Deterministic runs: what begins random sequences for which the program gives no seed. Absent: the system's own.
    std::optional<uint64_t> random_seed;

    ReloadSummary last_reload; // of the last that was taken; without numbers: there was none

    // While a reload runs the effects of new modules: the address of the actor that does, and of which module.
    std::atomic<const Cell*> arriving_in = nullptr;
    std::atomic<const Module*> arriving = nullptr;

    // Numbers of methods and initialisers, from 1: under them each machine keeps the trees that it has made.
    std::atomic<uint32_t> last_code_number = 0;

    // Everything defined lives as long as the runtime: code that runs may still need what was replaced.
    std::vector<std::unique_ptr<Class>> classes;
    std::vector<std::unique_ptr<Method>> methods;
    std::vector<std::unique_ptr<Binding>> bindings;
    std::vector<std::unique_ptr<Code>> codes; // of all machines
    std::mutex codes_mutex;
    std::vector<Value> replaced_values; // of `stable` and `var`: held until nobody can read them any more
    std::unordered_map<std::string, std::unique_ptr<Module>> modules; // by path
    std::vector<std::unique_ptr<Module>> old_modules; // generations that are not current any more
    // Counts reloads that changed layouts: objects of actors that have not seen the last may be outdated.
    std::atomic<uint32_t> layout_epoch = 0;
    std::atomic<uint32_t> epoch = 0; // counts reloads that were taken
    Prelude prelude;

    // The class with this name in the prelude; asserts that there is one.
    Class* prelude_class(std::string_view name);

    // Rows of all primitives, by "Class.selector", "Class class.selector" or ".function".
    std::unordered_map<std::string, const struct PrimitiveRow*> primitives;
};

} // namespace indent
