// A small world for stories that may come from anybody: it brings back what a story tells, and uses all of it.
#pragma once
#include "image/journal/journal.h"
#include "image/journal/recovery.h"
#include "vm/heap/young.h"
#include "vm/interp/inner.h"
#include "vm/interp/send.h"
#include "vm/world/world.h"
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace indent::image::test {

struct StoryText {
    std::vector<NameRow> rows;
    std::vector<std::string> bodies;

    // As one run of bytes: rows (kind, number, content) and bodies (0xFF, body), in any order.
    std::string bytes() const {
        ByteWriter out;
        for (const NameRow& row : rows) {
            out.byte(row.kind);
            out.number(row.number);
            out.text(row.content);
        }
        for (const std::string& body : bodies) {
            out.byte(0xFF);
            out.text(body);
        }
        return out.take();
    }
    static StoryText of(std::string_view bytes) {
        StoryText story;
        ByteReader in(bytes);
        while (in.remaining() > 0) {
            NameRow row;
            row.kind = in.byte();
            if (row.kind != 0xFF) row.number = in.number();
            const std::string_view text = in.text();
            if (in.failed()) break;
            if (row.kind == 0xFF) {
                story.bodies.emplace_back(text);
                continue;
            }
            row.content = text;
            story.rows.push_back(std::move(row));
        }
        return story;
    }
};

constexpr const char* kSmallModule = R"(module m
record Point(x, y)
class Bag:
    field things = {}
    def put(key, thing): things[key] = thing
    def each(block): things.each(block)
    def adder(n) = x -> x + n + things.size
    def self_adder = x -> self.put(x, self)
    def counter:
        let count = 0
        () -> count += 1
def around:
    let a = [1]
    a.add(a)
    a
stable kept = Atom((1, 2))
var changes = Point(1, :a)

# Does with a value what programs do with values; errors are well.
def attempt(block):
    try:
        block()
    catch e:
        e.message

def use_all(things, deep):
    if deep > 0:
        attempt(() -> things.each(part -> use(part, deep - 1)))

def use(thing, deep):
    if deep < 0: return nil
    attempt(() -> thing.inspect)
    attempt(() -> thing.to_text)
    attempt(() -> thing.hash)
    attempt(() -> thing == thing)
    attempt(() -> thing.frozen)
    attempt(() -> thing.size)
    attempt(() -> thing.class.name)
    attempt(() -> [(thing, 1)].to_map[thing])
    match thing:
        case Text:
            attempt(() -> thing.upper + thing)
            attempt(() -> thing.reversed)
            attempt(() -> thing.split(""))
        case Integer: attempt(() -> (thing * thing - thing) // 7)
        case List:
            use_all(thing, deep)
            attempt(() -> thing.add(1))
            attempt(() -> thing.insert(0, 2))
            attempt(() -> thing.sort)
            attempt(() -> thing.remove_at(0))
            attempt(() -> thing.clear)
        case Map:
            use_all(thing, deep)
            attempt(() -> thing.at_put("new", 1))
            for i in 1..20: attempt(() -> thing.at_put(i, i))
            attempt(() -> thing.remove(3))
            attempt(() -> thing.clear)
        case Tuple: use_all(thing, deep)
        case Range: attempt(() -> thing.take(3))
        case Block:
            attempt(() -> thing(3))
            attempt(() -> thing())
            attempt(() -> thing(1, 2))
        case Point:
            use_all((thing.x, thing.y), deep)
        case Bag: attempt(() -> thing.each((k, v) -> use(v, deep - 1)))
        case Atom:
            attempt(() -> use(thing.value, deep - 1))
            attempt(() -> thing.set((1, thing.value)))
        case Error: attempt(() -> raise thing)
        case Collection:
            attempt(() -> thing.to_list)
            attempt(() -> thing.first)
            attempt(() -> thing.map(x -> x))
        case _:
            attempt(() -> thing.call(1))
            attempt(() -> thing.float)
            attempt(() -> thing.matches?("abc"))
            attempt(() -> thing * thing)
            attempt(() -> thing.transposed)
            attempt(() -> thing.with_added(1))
            attempt(() -> thing.with(1, 2))
    nil

def show_all = actors().map(a -> attempt(() -> ask a.shown within 20.milliseconds))
def walk_all:
    for a in actors(): attempt(() -> ask a.walk within 20.milliseconds)
    use((kept.value, changes), 4)
    actors().size
def end_all:
    for a in actors(): a.kill
    sleep(1.milliseconds)
    kept.set((1, 2))

actor Box:
    state thing = nil
    state log = []
    on put(value):
        thing = value
        nil
    on change(block):
        thing = block(thing)
        nil
    on bag(n):
        let bag = Bag()
        for i in 1..n: bag.put(i, (i, "x"))
        thing = [bag, bag.adder(1), bag.self_adder, bag.counter]
        nil
    on block:
        let mine = 3
        thing = [x -> x + mine, x -> log.add(x), x -> self.keep(mine), &use, &Point.new]
        mine = 4
        nil
    def keep(n): log.add(n)
    on wait(n): sleep(n.seconds)
    on hear(a, b = 2, *rest): log.add((a, b, rest))
    on walk:
        use(thing, 4)
        use(log, 4)
        attempt(() -> thing.inspect)
    on shown = thing.inspect + log.inspect
    on other(message): log.add(message)
    on down(who, reason): log.add(reason)
supervisor Top:
    strategy :one_for_all, max: 5, within: 1.hours
    child Box() as :first
    child Box() as :second
)";

class SmallWorld {
  public:
    explicit SmallWorld(uint64_t seed = 7) {
        WorldOptions options;
        options.workers = 1;
        options.seed = seed;
        options.memory_limit = size_t(256) << 20;
        auto made = World::make(options);
        if (!made) std::abort();
        world = std::move(made).value();
        world->actors().report = [this](const std::string& report) { reports += report; };
        const Outcome loaded = world->load_text("m", kSmallModule);
        if (!loaded.ok) std::fprintf(stderr, "%s", loaded.text().c_str());
        if (!loaded.ok) std::abort();
    }

    std::string value(const std::string& text) {
        const Outcome outcome = world->evaluate(text);
        return outcome.ok ? outcome.value : outcome.text();
    }

    // What is told while `text` runs, line by line.
    StoryText tell(const std::vector<std::string>& lines) {
        StoryText story;
        WorldNames names(world->actors());
        Journal journal(
            world->actors(), names,
            [&](const Batch& batch) {
                story.rows.insert(story.rows.end(), batch.names.begin(), batch.names.end());
                std::string body;
                ByteReader in(batch.body);
                for (std::string_view group; next_group(in, group);) body += group;
                story.bodies.push_back(std::move(body));
                return ok();
            },
            0, 0);
        world->actors().log = &journal;
        journal.append(BeginRecord{});
        for (const std::string& line : lines) {
            const Outcome outcome = world->evaluate(line);
            if (!outcome.ok) std::fprintf(stderr, "%s: %s\n", line.c_str(), outcome.text().c_str());
            if (!outcome.ok) std::abort();
        }
        if (!journal.sync() || !journal.close()) std::abort();
        world->actors().log = nullptr;
        end_all();
        return story;
    }

    // The records as one group.
    static bool add_to(Recovery& recovery, std::string_view records) {
        std::string batch;
        append_group(batch, records);
        return recovery.add(batch);
    }

    // What one story came to.
    struct Came {
        bool taken = false;  // it makes sense; else an error was reported
        size_t actors = 0;   // that live
        size_t troubles = 0; // that were told
        std::string words;   // of the first trouble
        std::string shown;   // their states in words, each in a line
        StoryText again;     // what was kept of what came back
    };
    // Brings it back, looks at all that came, and ends it. `walks`: all of it is used, too.
    Came bring_back(const StoryText& story, bool walks) {
        Came came;
        reports.clear();
        std::vector<Value> held;
        {
            WorldNames names(world->actors());
            Recovery recovery;
            for (const NameRow& row : story.rows)
                if (!names.add(row)) return came;
            for (const std::string& body : story.bodies)
                if (!add_to(recovery, body)) return came;
            (void)recovery.fits(names);
            Recovery::Restored restored = recovery.restore(world->actors(), names);
            came.taken = true;
            came.actors = restored.actors.size();
            came.troubles = restored.troubles.size();
            if (came.troubles) came.words = restored.troubles[0];
            held = restored.held;
            came.again.rows = story.rows;
            Recovery::Checkpoint checkpoint;
            if (!recovery.checkpoint(checkpoint)) std::abort();
            came.again.bodies = checkpoint.pieces;
            for (NameRow& row : names.take_rows()) came.again.rows.push_back(std::move(row));
            for (Actor* actor : restored.actors) collect_twice(*actor);
            world->actors().begin_restored(restored.actors);
        }
        for (Value address : held) world->runtime().shared.release(address);
        (void)world->pictures();
        came.shown = call(walks ? "walk_all" : "show_all");
        end_all();
        return came;
    }

    // All of its heap is walked and what is dead swept, as later collections would; then what is left once more.
    void collect_twice(Actor& actor) {
        if (!actor.heap) return;
        constexpr size_t kSlots = 4096, kRoots = 3;
        std::vector<Value> slots(kSlots);
        Mutator mutator;
        mutator.stack_base = slots.data();
        mutator.stack_true_end = slots.data() + kSlots;
        Young young(mutator, world->actors().heap_options());
        actor.heap->enter(mutator);
        Value* top = slots.data() + kRoots;
        if (!Heap::raise_stack(mutator, top)) std::abort();
        slots[0] = actor.state;
        slots[1] = actor.journal;
        slots[2] = actor.drawings;
        actor.heap->collect_fully(top);
        actor.heap->collect_fully(top);
        if (slots[0] != actor.state) std::abort(); // what is old stays where it is
        actor.heap->commit(top);
        actor.heap->leave(slots.data());
    }

    void end_all() { (void)call("end_all"); }

    // A function of the module, without a text that is read and checked each time. What it answers, in words.
    std::string call(const char* name) {
        std::string words;
        world->actors().run_main([&](Machine& vm) {
            Runtime& runtime = world->runtime();
            Method* method = runtime.modules.at("m")->names.at(runtime.symbols.intern(name))->method;
            const RunResult result = run_protected(vm, [&](Value* args) {
                Value* frame = native_frame(vm, args, args + kPrimitiveFrame);
                frame[0] = Value::nil();
                args[0] = call_method(vm, method, frame, 0, nullptr);
                words = vm.inspect(args[0], args);
                return Value::nil();
            });
            vm.inner->uncaught = {};
            if (result.ok)
                vm.heap->commit(vm.stack_base);
            else
                vm.heap->rollback();
            return result.ok;
        });
        return words;
    }

    std::unique_ptr<World> world;
    std::string reports;
};

// Stories of one thing each, by name.
inline std::vector<std::pair<std::string, std::vector<std::string>>> small_stories() {
    std::vector<std::pair<std::string, std::vector<std::string>>> all;
    auto thing = [&](const char* name, const std::string& value) {
        all.push_back({name, {"spawn m.Box() as :box", "ask actor(:box).put(" + value + ")"}});
    };
    thing("list", "[1, 2.5, nil, true, :symbol, \"text\", [3]]");
    thing("map", "[(1, \"one\"), (\"two\", 2), (:three, [3]), ((4, 5), 4.5), (nil, nil)].to_map");
    thing("large_map", "(1..12).map(i -> (i, i * i)).to_map");
    thing("texts", "[\"plain\", \"gr\u00fcn\", \"\u0394\u0395\u0397\", \"\U0001F419!\"]");
    thing("numbers", "[2 ** 100, -(2 ** 64), 0.1, -0.0, Float.infinity, 140737488355328]");
    thing("range", "[1..10, 0..<3, \"a\"..\"c\", 2 ** 60..2 ** 61]");
    thing("records", "[m.Point(1, [2]), m.Point(m.Point(1, 2), :x).frozen]");
    thing("cycle", "m.around()");
    thing("errors", "[Error(\"bad\"), ArgumentError(\"worse\")]");
    thing("set", "Set([1, 2, \"x\"])");
    thing("persistent", "[PersistentMap({a: 3, b: [1]}), PersistentVector(1..40)]");
    thing("matrix", "Matrix([[1, 2], [3, 4]])");
    thing("regex", "Regex('(?<x>a)|b')");
    thing("random", "Random(7)");
    thing("times", "[Time.now, 3.seconds, Date(2024, 2, 29)]");
    thing("queues", "[Queue([1, 2]), PriorityQueue([3, 1])]");
    thing("classes", "[m.Point, Integer, m.Box, actor(:box), &m.use]");
    thing("atom", "[Atom((1, \"x\")), m.kept]");
    thing("shared", "[[m.Point(1, (2, \"x\")).frozen, 3].frozen, {a: 2}.frozen, Atom([1, [2]].frozen)]");
    all.push_back({"bag", {"spawn m.Box() as :box", "ask actor(:box).bag(3)"}});
    all.push_back({"block", {"spawn m.Box() as :box", "ask actor(:box).block"}});
    all.push_back(
        {"changes",
         {"spawn m.Box() as :box", "ask actor(:box).put([1])", "ask actor(:box).change(x -> x + [2, 3])",
          "for i in 1..5: ask actor(:box).hear(i)", "ask actor(:box).hear(b: 1, a: 2)"}});
    all.push_back({"waiting",
                   {"spawn m.Box() as :box", "send actor(:box).wait(1000)",
                    "send actor(:box).hear([1, \"x\"], b: 3)", "send actor(:box).hear(x -> x + 1)",
                    "send actor(:box).nothing(1)", "send actor(:box).hear(1) after 1.hours",
                    "send actor(:box).hear(2) every 1.hours", "sleep(1.milliseconds)"}});
    all.push_back({"named_in_its_mailbox",
                   {"spawn m.Box() as :box", "spawn m.Box() as :box_named",
                    "let named = [actor(:box_named), [1, 2].frozen].frozen", "ask actor(:box).put(named)",
                    "send actor(:box_named).wait(1000)", "send actor(:box_named).hear(named)",
                    "sleep(1.milliseconds)"}});
    all.push_back(
        {"supervisor",
         {"spawn m.Top() as :top", "ask actor(:first).put(3)", "stop actor(:second)", "sleep(1.seconds)"}});
    all.push_back({"ended",
                   {"spawn m.Box() as :box", "spawn m.Box() as :other", "ask actor(:box).put(actor(:other))",
                    "stop actor(:other)", "sleep(1.milliseconds)"}});
    all.push_back(
        {"canvas",
         {"spawn m.Box() as :box", "ask actor(:box).put(Canvas.open(\"c\", width: 50, height: 40))"}});
    return all;
}

} // namespace indent::image::test
