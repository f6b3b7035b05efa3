#include "image/history/past_world.h"
#include "image/history/variables.h"
#include "image/journal/letters.h"
#include "vm/session/code_as_it_was.h"
#include "vm/world/world.h"
#include <algorithm>
#include <charconv>

namespace indent::image {

namespace {

constexpr uint64_t kSecondsForCode = 60;        // until it is all read and its first values are made
constexpr size_t kMostOfMessage = 2 * kInShort; // bytes of its arguments

} // namespace

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
    std::optional<Patience::Run> run; // of what the code makes at first
    auto made_world = [&](std::vector<LibraryText> library) -> Result<World*> {
        run.reset();
        self.names_.reset();
        self.patience_.reset();
        self.world_.reset();
        WorldOptions options;
        options.workers = 1;
        options.library = std::move(library);
        auto world = World::make(options);
        if (!world &&
            !options.library.empty()) { // one that this program cannot run any more, as when it is opened
            options.library.clear();
            world = World::make(std::move(options));
        }
        if (!world) return std::move(world).failure();
        self.world_ = std::move(*world);
        self.world_->runtime().port.mode = EffectPort::Inside;
        self.patience_ = std::make_unique<Patience>(self.world_->actors(), past.gives_up());
        run.emplace(*self.patience_, kSecondsForCode);
        self.names_ = std::make_unique<WorldNames>(self.world_->actors());
        self.older_ = std::make_unique<OlderCode>(*self.world_, store, self.epoch_);
        self.older_->take_purged(*self.recovery_);
        self.names_->older = self.older_.get();
        named = past.give_rows(*self.names_);
        return self.world_.get();
    };
    auto code = take_code_that_fits(
        store, self.epoch_, made_world,
        [&](World&) { return self.recovery_->is_settled() || self.recovery_->fits(*self.names_); },
        [&](const std::string& words) { self.troubles_.push_back(words); },
        how == How::Looked ? FirstValues::None : FirstValues::IfPossible);
    run.reset();
    if (!code) return std::move(code).failure();
    if (!named) return std::move(named).failure();
    if (self.patience_->is_over())
        return Failure{"too_long", "the first values of its modules: " + self.patience_->why()};
    ActorSystem& actors = self.world_->actors();
    self.restorer_ = std::make_unique<Restorer>(*self.recovery_, actors, *self.names_);
    self.names_->address_of = [&self](uint64_t number) {
        Actor* actor = self.make_actor(number);
        return actor ? Value::cell(actor->address) : Value();
    };
    auto restored = self.restorer_->begin(false, how != How::Alive);
    for (std::string& words : restored.troubles) self.troubles_.push_back(std::move(words));
    actors.dormant = self.restorer_.get();
    self.restorer_->bring_busy();
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
    patience_.reset(); // nothing runs any more
    world_->actors().dormant = nullptr;
    found_.clear();
    restorer_.reset();
    names_.reset();
    recovery_.reset();
    world_.reset();
}

bool PastWorld::lives(uint64_t number) const {
    return std::binary_search(numbers_.begin(), numbers_.end(), number);
}

ActorSystem& PastWorld::system() {
    return world_->actors();
}

Result<std::string> PastWorld::value(std::string_view text) {
    if (how_ == How::Looked) return Failure{"refused", "error: nothing runs here\n"};
    Outcome outcome;
    if (!patience_->is_over()) {
        const Patience::Run run(*patience_);
        outcome = world_->evaluate(text, "past");
    }
    if (patience_->is_over())
        return Failure{"too_long", "`" + std::string(text.substr(0, kInShort)) + "`: " + patience_->why()};
    if (outcome.ok) return outcome.has_value ? outcome.value : std::string("nil");
    return Failure{outcome.error.empty() ? "refused" : "raised", outcome.text()};
}

std::string PastWorld::describe(uint64_t number) {
    Actor* actor = make_actor(number);
    return actor ? system().describe(*actor) : "actor " + std::to_string(number);
}

uint64_t PastWorld::waiting(uint64_t number) {
    const Recovery::State* state = recovery_->actor(number);
    return state ? state->mailbox.size() + state->begun.has_value() : 0;
}

std::vector<Field> PastWorld::fields(uint64_t number) {
    Actor* actor = find(number);
    return actor ? fields_of(system(), *actor) : std::vector<Field>();
}

void PastWorld::find_pictures() {
    for (const uint64_t number : recovery_->busy()) (void)find(number);
}

bool PastWorld::has_state(uint64_t number) {
    const Actor* actor = find(number);
    return actor && actor->state.is_cell();
}

bool PastWorld::has_same_record(uint64_t number, PastWorld& other) {
    for (PastWorld* world : {this, &other}) // whose state is in memory has no record of it any more
        if (const Actor* actor = world->make_actor(number); !actor || !actor->dormant) return false;
    const Recovery::State* here = recovery_->actor(number);
    const Recovery::State* there = other.recovery_->actor(number);
    return here && there && here->heap == there->heap && here->head == there->head &&
           here->leaves == there->leaves && here->kept == there->kept &&
           recovery_->atoms() == other.recovery_->atoms();
}

uint64_t PastWorld::number_of(std::string_view name) {
    uint64_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (!name.empty() && error == std::errc() && end == name.data() + name.size())
        return lives(number) ? number : 0;
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
    if (!actor) return nullptr;
    found_.try_emplace(number, world_->runtime().shared, actor);
    if (actor->dormant && !restorer_->awaken(*actor)) actor->status = Actor::Held;
    return actor;
}

bool PastWorld::put(uint64_t number, const Recovery::State& state) {
    Actor* actor = make_actor(number);
    if (!actor || actor->status == Actor::Ended || !restorer_->restore_heap(*actor, state)) return false;
    found_.try_emplace(number, world_->runtime().shared, actor);
    actor->dormant = false;
    actor->layout_epoch = 0;
    return true;
}

bool PastWorld::put(uint64_t number, HeapPicture& picture) {
    Actor* actor = make_actor(number);
    if (!actor || actor->status == Actor::Ended || !restorer_->restore_heap(*actor, picture)) return false;
    actor->dormant = false;
    actor->layout_epoch = 0;
    return true;
}

std::unique_ptr<Heap> PastWorld::heap_of(const Recovery::State& state) {
    HeapPicture picture;
    auto heap = std::make_unique<Heap>(world_->runtime().shared, system().heap_options());
    std::vector<Value> roots;
    names_->allow_memory(WorldNames::kMostPerByte * state.heap_bytes());
    if (!recovery_->give_heap(state, picture) || !picture.restore(*heap, roots, *names_)) return nullptr;
    return heap;
}

std::string PastWorld::message(const PostRecord& post) {
    static constexpr const char* kKinds[] = {"", "on start", "on stop",      "on down",
                                             "", "restart",  "a child's end"};
    if (post.kind >= std::size(kKinds)) return "";
    const std::string text = post.kind == ActorMessage::Call ? symbol(post.selector) : kKinds[post.kind];
    names_->allow_memory(WorldNames::kMostPerByte * post.arguments.size());
    const auto message = message_from(post, world_->runtime(), *names_);
    if (!message) return text + "(…)";
    std::string inside;
    for (size_t i = 0; message->arguments && i < message->arguments->count(); ++i) {
        const Value argument = message->arguments->peek(i);
        if (!argument) continue; // left out, so that it has its default
        inside += inside.empty() ? "" : ", ";
        if (inside.size() > kMostOfMessage) {
            inside += "…";
            break;
        }
        if (i < message->labels.size() && message->labels[i])
            inside += std::string(world_->runtime().symbols.text(message->labels[i])) + ": ";
        inside += in_short(system(), argument);
    }
    return inside.empty() ? text : text + "(" + inside + ")";
}

std::string PastWorld::symbol(uint64_t number) {
    SymbolId id = 0;
    if (!number || !names_->symbol_of(number, id)) return "";
    return std::string(world_->runtime().symbols.text(id));
}

} // namespace indent::image
