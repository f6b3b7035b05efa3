#include "image/history/past_world.h"
#include "image/history/variables.h"
#include "vm/interp/sketch.h"
#include "vm/session/code_as_it_was.h"
#include "vm/world/world.h"
#include <algorithm>
#include <charconv>

namespace indent::image {

Result<std::unique_ptr<PastWorld>> PastWorld::make(Past& past, DefinitionStore& store,
                                                   const StoryPlace& place, How how) {
    std::unique_ptr<PastWorld> made(new PastWorld);
    PastWorld& self = *made;
    self.how_ = how;
    auto read = past.read(place);
    if (!read) return std::move(read).failure();
    self.recovery_ = std::move(*read);
    {
        std::lock_guard lock(past.mutex());
        self.epoch_ = self.recovery_->epoch() ? self.recovery_->epoch() : past.image().newest_epoch();
    }
    Result<void> named = ok();
    auto made_world = [&](std::vector<LibraryText> library) -> Result<World*> {
        self.names_.reset();
        self.world_.reset();
        WorldOptions options;
        options.workers = 1;
        options.library = std::move(library);
        options.output = [&self](std::string_view line) { self.printed_ += std::string(line) + "\n"; };
        auto world = World::make(options);
        if (!world &&
            !options.library.empty()) { // one that this program cannot run any more, as when it is opened
            options.library.clear();
            world = World::make(std::move(options));
        }
        if (!world) return std::move(world).failure();
        self.world_ = std::move(*world);
        self.names_ = std::make_unique<WorldNames>(self.world_->actors());
        named = past.give_rows(*self.names_);
        return self.world_.get();
    };
    auto code = take_code_that_fits(
        store, self.epoch_, made_world,
        [&](World&) { return self.recovery_->is_settled() || self.recovery_->fits(*self.names_); },
        [&](const std::string& words) { self.troubles_.push_back(words); }, how != How::Looked);
    if (!code) return std::move(code).failure();
    if (!named) return std::move(named).failure();
    ActorSystem& actors = self.world_->actors();
    self.restorer_ = std::make_unique<Restorer>(*self.recovery_, actors, *self.names_);
    self.names_->address_of = [&self](uint64_t number) {
        Actor* actor = self.make_actor(number);
        return actor ? Value::cell(actor->address) : Value();
    };
    auto restored = self.restorer_->begin(false, how != How::Alive);
    for (std::string& words : restored.troubles) self.troubles_.push_back(std::move(words));
    actors.dormant = self.restorer_.get();
    self.numbers_ = self.recovery_->actors();
    if (how == How::Looked) return made;
    if (how == How::Alive) // its own troubles are of today's opening
        (void)VariableStory(*self.world_, *self.names_).restore(*self.recovery_);
    auto modules = store.modules_at(self.epoch_);
    if (modules)
        for (const StoredModule& module : *modules)
            if (module.path != kLibraryPath)
                (void)self.world_->evaluate("import " + module.path, "workspace");
    return made;
}

PastWorld::~PastWorld() {
    if (!names_) return;
    world_->actors().stop_workers();
    world_->actors().dormant = nullptr;
    restorer_.reset();
    names_.reset();
    recovery_.reset();
    world_.reset();
}

std::string PastWorld::where(uint64_t number) const {
    const auto found = std::lower_bound(numbers_.begin(), numbers_.end(), number);
    if (found == numbers_.end() || *found != number) return "";
    return "actors()[" + std::to_string(found - numbers_.begin()) + "]";
}

Result<std::string> PastWorld::value(std::string_view text) {
    if (how_ == How::Looked) return Failure{"refused", "error: nothing runs here\n"};
    const Outcome outcome = world_->evaluate(text, "past");
    if (outcome.ok) return outcome.has_value ? outcome.value : std::string("nil");
    return Failure{outcome.error.empty() ? "refused" : "raised", outcome.text()};
}

std::vector<PastWorld::Seen> PastWorld::seen(const std::string& which) {
    printed_.clear();
    auto looked = value("for a in " + which + R"(:
    print("A\t{a}\t{a.mailbox.size}\t{a.state != nil}")
    if a.state != nil:
        for (field, value) in a.state: print("F\t{field}\t{value.inspect.replace("\n", " ")}")
)");
    std::vector<Seen> all;
    if (!looked) troubles_.push_back(looked.failure().message);
    for (size_t at = 0; at < printed_.size();) {
        const size_t end = printed_.find('\n', at);
        const std::string_view line = std::string_view(printed_).substr(at, end - at);
        at = end + 1;
        std::vector<std::string> parts;
        for (size_t from = 0; from <= line.size();) {
            size_t tab = parts.size() < 2 || line[0] == 'A' ? line.find('\t', from) : std::string_view::npos;
            if (tab == std::string_view::npos) tab = line.size();
            parts.emplace_back(line.substr(from, tab - from));
            from = tab + 1;
        }
        if (parts.size() == 4 && parts[0] == "A") {
            Seen one;
            one.text = parts[1];
            std::from_chars(parts[2].data(), parts[2].data() + parts[2].size(), one.waiting);
            one.has_state = parts[3] == "true";
            all.push_back(std::move(one));
        } else if (parts.size() == 3 && !all.empty()) {
            all.back().fields.push_back({parts[1], parts[2]});
        }
    }
    printed_.clear();
    return all;
}

std::string PastWorld::shown(Value value) const {
    const Machine& vm = world_->machine();
    const std::string text = sketch(vm, value);
    return text.empty() ? indent::described(vm, value) : text;
}

PastWorld::Seen PastWorld::looked_at(uint64_t number) {
    Seen one;
    one.number = number;
    Actor* actor = find(number);
    if (!actor) {
        one.text = "actor " + std::to_string(number);
        return one;
    }
    one.text = world_->actors().describe(*actor);
    if (const Recovery::State* state =
            recovery_->actor(number)) // what a turn that waits handles is in its mailbox again
        one.waiting = state->mailbox.size() + (state->begun ? 1 : 0);
    one.has_state = actor->state.is_cell();
    if (!one.has_state) return one;
    const Class& cls = *world_->machine().class_of(actor->state);
    for (size_t i = 0; i < cls.fields.size(); ++i)
        one.fields.push_back({std::string(world_->runtime().symbols.text(cls.fields[i].name)),
                              shown((*actor->state.cell())[i])});
    return one;
}

std::vector<PastWorld::Seen> PastWorld::actors() {
    if (how_ == How::Looked) {
        std::vector<Seen> all;
        for (const uint64_t number : std::vector(numbers_)) all.push_back(looked_at(number));
        return all;
    }
    std::vector<Seen> all = seen("actors()");
    for (size_t i = 0; i < all.size() && i < numbers_.size(); ++i) all[i].number = numbers_[i];
    return all;
}

std::optional<PastWorld::Seen> PastWorld::actor(uint64_t number) {
    const std::string address = where(number);
    if (address.empty()) return std::nullopt;
    if (how_ == How::Looked) return looked_at(number);
    std::vector<Seen> one = seen("[" + address + "]");
    if (one.empty()) return std::nullopt;
    one[0].number = number;
    return one[0];
}

uint64_t PastWorld::number_of(std::string_view name) {
    uint64_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (!name.empty() && error == std::errc() && end == name.data() + name.size())
        return where(number).empty() ? 0 : number;
    if (name.starts_with(':')) name.remove_prefix(1);
    ActorRef found = world_->actors().named(world_->runtime().symbols.intern(name));
    return found ? found->id : 0;
}

Actor* PastWorld::make_actor(uint64_t number) {
    if (Actor* actor = restorer_->make(number)) return actor;
    const FactsRecord* facts = born ? born(number) : nullptr;
    if (!facts || facts->actor != number || !recovery_->take_records({*facts})) return nullptr;
    Actor* actor = restorer_->make(number);
    if (actor && actor->status != Actor::Ended)
        numbers_.insert(std::lower_bound(numbers_.begin(), numbers_.end(), number), number);
    return actor;
}

Actor* PastWorld::find(uint64_t number) {
    Actor* actor = make_actor(number);
    if (actor && actor->dormant && !restorer_->awaken(*actor)) actor->status = Actor::Held;
    return actor;
}

bool PastWorld::put(uint64_t number, const Recovery::State& state) {
    Actor* actor = make_actor(number);
    if (!actor || actor->status == Actor::Ended || !restorer_->restore_heap(*actor, state)) return false;
    actor->dormant = false;
    actor->layout_epoch = 0;
    return true;
}

std::string PastWorld::message(uint64_t to, const PostRecord& post) {
    std::string text = symbol(post.selector);
    if (post.kind != ActorMessage::Call) {
        static constexpr const char* kKinds[] = {"", "on start", "on stop",      "on down",
                                                 "", "restart",  "a child's end"};
        return post.kind < std::size(kKinds) ? kKinds[post.kind] : "";
    }
    const std::string address = where(to);
    Actor* found = restorer_->make(to);
    auto message = found && found->cls ? restorer_->message(post, found->cls) : nullptr;
    if (address.empty() || !message) return text + "(…)";
    if (how_ == How::Looked) {
        std::string arguments;
        for (size_t i = 0; message->arguments && i < message->arguments->count(); ++i) {
            if (i > 0) arguments += ", ";
            if (i < post.labels.size() && post.labels[i]) arguments += symbol(post.labels[i]) + ": ";
            arguments += shown(message->arguments->peek(i));
        }
        return arguments.empty() ? text : text + "(" + arguments + ")";
    }
    Actor& actor = *found;
    world_->actors().restore_message(actor, std::move(message));
    printed_.clear();
    auto shown = value("for a in " + address + R"(.mailbox.last.arguments: print(a.inspect.replace("\n", " "))
)");
    std::vector<std::unique_ptr<ActorMessage>> others;
    {
        std::lock_guard lock(actor.lock);
        while (actor.first) others.push_back(actor.take());
        if (!others.empty()) others.pop_back(); // that message
        for (auto& other : others) {
            actor.mailbox.fetch_add(1, std::memory_order_relaxed);
            actor.add(other.release());
        }
    }
    if (!shown) return text + "(…)";
    std::string arguments;
    size_t number = 0;
    for (size_t at = 0; at < printed_.size(); ++number) {
        const size_t end = printed_.find('\n', at);
        if (number > 0) arguments += ", ";
        if (number < post.labels.size() && post.labels[number])
            arguments += symbol(post.labels[number]) + ": ";
        arguments += printed_.substr(at, end - at);
        at = end + 1;
    }
    printed_.clear();
    return arguments.empty() ? text : text + "(" + arguments + ")";
}

std::string PastWorld::symbol(uint64_t number) {
    SymbolId id = 0;
    if (!number || !names_->symbol_of(number, id)) return "";
    return std::string(world_->runtime().symbols.text(id));
}

} // namespace indent::image
