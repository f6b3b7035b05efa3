// Making executable trees: bodies, scopes, variables, blocks. Expressions and statements have files of their own.
#include "vm/interp/maker.h"
#include "vm/interp/arguments.h"
#include "vm/interp/block.h"
#include "vm/interp/maker_scope.h"

namespace indent {

// ---- slots

void Maker::reserve(unsigned upto) {
    if (upto > b_.highest) b_.highest = upto;
}

uint16_t Maker::take(unsigned count) {
    unsigned slot = b_.next;
    b_.next += count;
    reserve(b_.next);
    return uint16_t(std::min<unsigned>(slot, kFrameWords));
}

// The callee of a primitive has its frame, and whatever is arranged for a call some words more.
constexpr unsigned kFrameSlack = 4 * kPrimitiveFrame;

void Maker::finish() {
    Code* code = b_.code;
    if (b_.highest + kFrameSlack > kFrameWords) {
        // Too many variables and operands at once for one frame.
        Node* failing =
            make_failure(arena(), "ArgumentError",
                         "this body needs more than " + std::to_string(kFrameWords - kFrameSlack) +
                             " places for variables and operands; divide it");
        failing->code = code;
        failing->temp = 1;
        code->body = failing;
        code->frame_words = kFrameWords;
        return;
    }
    code->frame_words = uint16_t(b_.highest + kFrameSlack);
}

// ---- variables

const Environment* Maker::declare(std::string_view name, uint16_t slot) {
    auto* entry = arena().make<Environment>();
    entry->outer = b_.environment;
    entry->variable = {name, slot, b_.names->assigned.count(name) > 0};
    return b_.environment = entry;
}

const Environment* Maker::find_local(std::string_view name) const {
    for (const Environment* e = b_.environment; e; e = e->outer)
        if (e->variable.name == name) return e;
    return nullptr;
}

bool Maker::shareable(std::string_view name) const {
    return b_.names->assigned.count(name) && b_.names->in_blocks.count(name);
}

namespace {
const Environment* find_in(const Environment* environment, std::string_view name) {
    for (const Environment* e = environment; e; e = e->outer)
        if (e->variable.name == name) return e;
    return nullptr;
}

// Where `variable` (of some outer body) is found among the captures of `body`, made part of them if need be.
int capture_into(Body& body, const Environment* variable) {
    for (size_t i = 0; i < body.captures.size(); ++i)
        if (body.captures[i].variable == variable) return int(i);
    Body::Capture capture;
    capture.variable = variable;
    capture.shared = variable->variable.shared;
    if (find_in(body.outer_environment, variable->variable.name) == variable) {
        capture.source.kind = capture.shared ? CaptureSource::SharedSlot : CaptureSource::Slot;
        capture.source.index = variable->variable.slot;
    } else {
        assert(body.outer && body.outer->is_block);
        capture.source.kind = CaptureSource::Word;
        capture.source.index = uint16_t(block::kCaptured + capture_into(*body.outer, variable));
    }
    body.captures.push_back(capture);
    return int(body.captures.size()) - 1;
}

// The variable with this name in the bodies around, innermost first.
const Environment* find_outside(const Body& body, std::string_view name) {
    for (const Body* at = &body; at && at->is_block; at = at->outer)
        if (const Environment* found = find_in(at->outer_environment, name)) return found;
    return nullptr;
}
} // namespace

Node* Maker::read_variable(std::string_view name) {
    if (const Environment* local = find_local(name)) return make_local(arena(), local->variable.slot);
    if (const Environment* outside = find_outside(b_, name)) {
        uint32_t word = uint32_t(block::kCaptured + capture_into(b_, outside));
        return outside->variable.shared ? make_captured_variable(arena(), b_.block_slot, word)
                                        : make_captured(arena(), b_.block_slot, word);
    }
    if (b_.workspace)
        if (auto found = b_.workspace->variables.find(name); found != b_.workspace->variables.end()) {
            mark(&Code::keeps);
            return make_kept(arena(), &b_.workspace->array, found->second);
        }
    if (b_.cls)
        if (int field = b_.cls->field_index(symbol(name)); field >= 0) {
            mark(&Code::sees_state);
            if (b_.laid_out) field = place_of_field(symbol(name));
            return field >= 0 ? make_field(arena(), uint32_t(field)) : no_field(name);
        }
    return nullptr;
}

Node* Maker::write_variable(std::string_view name, Node* value) {
    if (const Environment* local = find_local(name))
        return make_set_local(arena(), local->variable.slot, value);
    if (const Environment* outside = find_outside(b_, name)) {
        assert(outside->variable.shared);
        uint32_t word = uint32_t(block::kCaptured + capture_into(b_, outside));
        mark(&Code::assigns);
        return make_set_captured_variable(arena(), b_.block_slot, word, value);
    }
    if (b_.workspace)
        if (auto found = b_.workspace->variables.find(name); found != b_.workspace->variables.end()) {
            mark(&Code::keeps);
            return make_set_kept(arena(), &b_.workspace->array, found->second, value);
        }
    if (b_.cls)
        if (int field = b_.cls->field_index(symbol(name)); field >= 0) {
            mark(&Code::sees_state);
            if (b_.laid_out) field = place_of_field(symbol(name));
            return field >= 0 ? make_set_field(arena(), uint32_t(field), value) : no_field(name);
        }
    return nullptr;
}

Node* Maker::no_field(std::string_view name) {
    return make_failure(
        arena(), "NotUnderstood",
        "this block is of code that has been reloaded since, and what it belongs to has no field `" +
            std::string(name) + "` any more");
}

// Fields are known by their names, on the way that their objects have gone.
int Maker::place_of_field(SymbolId name) const {
    auto is_there = [&](const Class* cls) {
        for (const Class* c = b_.laid_out; c; c = c->superclass)
            if (c == cls) return true;
        return false;
    };
    for (const Class* cls = b_.cls; cls->lineage && !is_there(cls);
         cls = cls->newer ? cls->newer : cls->lineage)
        for (const auto& [was, is] : cls->renamed)
            if (was == name) {
                if (!is) return -1;
                name = is;
                break;
            }
    return b_.laid_out->field_index(name);
}

// Of nodes at the same place the first is the innermost.
void Maker::note_scope(const Node* node) {
    ScopeWatch& watch = *vm_.inner->watch;
    if (watch.found || node->position != watch.position || node->temp != watch.temp ||
        place_of(b_.code) != watch.place)
        return;
    watch.found = true;
    watch.environment = b_.environment;
    watch.body = body_;
}

// Says it of this block and of those around it.
void Maker::mark(bool Code::*what) {
    for (Body* at = &b_; at; at = at->is_block ? at->outer : nullptr) at->code->*what = true;
}

int Maker::close_from(unsigned first) const {
    // Whether a variable declared since then may be shared with a block is told by the names.
    for (const Environment* e = b_.environment; e && e->variable.slot >= first; e = e->outer)
        if (shareable(e->variable.name)) return int(first);
    return -1;
}

Value Maker::literal_text(std::string_view text) {
    Value value = make_shared_text(vm_.runtime.shared, text);
    b_.code->literals.push_back(value);
    return value;
}

// ---- bodies

namespace {

Code* new_code(Machine& vm, Module* module, std::shared_ptr<const syntax::SyntaxTree> tree) {
    auto made = std::make_unique<Code>();
    Code* code = made.get();
    {
        std::lock_guard lock(vm.runtime.codes_mutex);
        vm.runtime.codes.push_back(std::move(made));
    }
    code->worker = uint8_t(vm.worker);
    code->module = module;
    code->tree = std::move(tree);
    return code;
}

std::shared_ptr<Body> new_body(Code* code, Module* module) {
    auto body = std::make_shared<Body>();
    body->code = code;
    body->module = module;
    return body;
}

std::string_view kept_name(Code* code, const std::string& name) {
    return code->arena.copy(std::string_view(name));
}

std::string full_name(Machine& vm, const Method* method) {
    std::string name;
    if (method->owner) {
        name = std::string(vm.symbols.text(method->owner->name));
        name += method->class_side ? " class." : ".";
    }
    return name + std::string(vm.symbols.text(method->selector));
}

} // namespace

Node* Maker::method_body(Method* method) {
    const syntax::DefinitionNode* definition = method->definition;
    // Slots: self, parameters, the home's mark, then locals.
    b_.next = 1;
    for (const auto& parameter : definition->parameters) declare(parameter.name.text, take());
    b_.home_slot = take();
    std::vector<Node*> parts;
    for (size_t i = 0; i < definition->parameters.size(); ++i) {
        const auto& parameter = definition->parameters[i];
        if (!parameter.initial) continue;
        // A default sees the parameters before it.
        const Environment* all = b_.environment;
        const Environment* before = all;
        while (before && before->variable.slot >= i + 1) before = before->outer;
        b_.environment = before;
        Node* initial = expression(parameter.initial);
        b_.environment = all;
        parts.push_back(placed(make_default(arena(), uint16_t(i + 1), initial), parameter.initial, b_.next));
    }
    if (method->primitive) {
        parts.push_back(placed(make_primitive_body(arena(), method), definition, b_.next));
    } else {
        parts.push_back(statements(definition->body.statements, true));
    }
    Node* body = make_sequence(arena(), parts);
    if (body->code == nullptr) placed(body, definition, b_.next);
    int close = close_from(0);
    if (close >= 0) body = placed(make_closing_scope(arena(), body, 0), definition, b_.next);
    if (b_.needs_home)
        body = placed(make_home_body(arena(), body, b_.home_slot), definition, b_.next);
    else if (body->abrupt)
        body = placed(make_returning_body(arena(), body), definition, b_.next);
    return body;
}

Node* Maker::block_body(syntax::Parameters parameters, const syntax::Suite& suite, bool loop_body) {
    b_.next = 1;
    std::vector<Node*> parts;
    std::vector<std::pair<const syntax::Parameter*, uint16_t>> patterns;
    for (const auto& parameter : parameters) {
        uint16_t slot = take();
        if (parameter.pattern)
            patterns.emplace_back(&parameter, slot);
        else
            declare(parameter.name.text, slot);
    }
    b_.block_slot = take();
    for (auto& [parameter, slot] : patterns) {
        Node* value = placed(make_local(arena(), slot), parameter->span, b_.next);
        parts.push_back(destructure(parameter->pattern, value, parameter->span));
    }
    if (loop_body) ++b_.loops;
    parts.push_back(statements(suite.statements, false));
    Node* body = make_sequence(arena(), parts);
    if (body->code == nullptr) placed(body, suite.span, b_.next);
    if (close_from(0) >= 0) body = placed(make_closing_scope(arena(), body, 0), suite.span, b_.next);
    if (loop_body && body->abrupt)
        body = placed(make_loop_block_body(arena(), body, b_.block_slot), suite.span, b_.next);
    else if (body->abrupt && !b_.handler)
        body = placed(make_block_body(arena(), body, b_.block_slot), suite.span, b_.next);
    return body;
}

Node* Maker::top_level_body(syntax::Nodes nodes) {
    b_.next = 1;
    for (const std::string& name : b_.code->top_level->given) declare(name, take());
    b_.home_slot = take();
    b_.top_level = true;
    Node* body = statements(nodes, true);
    if (body->code == nullptr) placed(body, syntax::Span{}, b_.next);
    if (close_from(0) >= 0) body = placed(make_closing_scope(arena(), body, 0), syntax::Span{}, b_.next);
    if (b_.needs_home)
        body = placed(make_home_body(arena(), body, b_.home_slot), syntax::Span{}, b_.next);
    else if (body->abrupt)
        body = placed(make_returning_body(arena(), body), syntax::Span{}, b_.next);
    return body;
}

// ---- blocks

namespace {

Code* outermost(Body* body) {
    while (body->is_block) body = body->outer;
    return body->code;
}

// Fills a template for a block made in `outer`; `environment`: what it sees there.
BlockTemplate* make_template(Machine& vm, const std::shared_ptr<Body>& outer, syntax::Parameters parameters,
                             bool has_parameters, const syntax::Suite& suite, bool loop_body, bool handler,
                             const Environment* environment) {
    Code* code = new_code(vm, outer->module, outer->code->tree);
    auto body = new_body(code, outer->module);
    body->kept_outer = outer;
    body->outer = outer.get();
    body->outer_environment = environment;
    body->names = outer->names;
    body->cls = outer->cls;
    body->laid_out = outer->laid_out;
    body->owner = outer->owner;
    body->workspace = outer->workspace;
    body->is_block = true;
    body->handler = handler;
    body->sets_module_values = outer->sets_module_values;
    body->sees_all_modules = outer->sees_all_modules;
    body->script = outer->script;
    code->is_block = true;
    code->parameters = uint16_t(parameters.size());
    code->ignores_arguments = !has_parameters;
    code->outer = outer->code;
    code->method = outer->code->method;
    code->name = outer->code->name;
    code->position = suite.span.begin;
    code->returns = !loop_body && contains_return(suite);
    outermost(outer.get())->blocks.push_back(code);
    Maker maker(vm, body);
    code->body = maker.block_body(parameters, suite, loop_body);
    maker.finish();
    if (outer->module && outer->module->purged) code->body = make_stale_body(code->arena, code);
    auto* block = outer->code->arena.make<BlockTemplate>();
    block->code = code;
    std::vector<CaptureSource> sources;
    for (const auto& capture : body->captures) {
        sources.push_back(capture.source);
        code->captures.push_back(capture.shared);
    }
    code->sees = outer->cls ? outer->cls : outer->owner;
    if (code->sees_state && outer->cls) {
        code->fields_of = outer->cls->shape;
        code->layout = outer->laid_out ? outer->laid_out->shape : code->fields_of;
        if (is_laid_out_anew(vm.runtime, *code)) code->worker = Code::kNobody;
    }
    block->captures = outer->code->arena.copy(sources);
    block->block_slot = outer->block_slot;
    if (!loop_body && contains_return(suite)) {
        if (outer->is_block) {
            block->home_slot = -2;
        } else {
            block->home_slot = outer->home_slot;
            outer->needs_home = true;
        }
    } else if (outer->is_block) {
        block->home_slot = -2;
    }
    return block;
}

} // namespace

Node* Maker::block(const syntax::BlockNode* node) {
    BlockTemplate* block = make_template(vm_, body_, node->parameters, node->has_parameters, node->body,
                                         false, false, b_.environment);
    reserve(b_.next + unsigned(block->captures.size()) + 1);
    return placed(make_block(arena(), block), node, b_.next);
}

struct LazyBlock : Node {
    std::shared_ptr<Body>* outer = nullptr; // in the code's scopes
    syntax::Parameters parameters;
    syntax::Suite suite;
    bool has_parameters = true;
    bool loop_body = false;
    bool handler = false;
    const Environment* environment = nullptr;
    const BlockTemplate* block = nullptr;
};

namespace {
// What lazy blocks need lives as long as their code.
struct KeptBodies {
    std::vector<std::unique_ptr<std::shared_ptr<Body>>> outers;
    std::vector<LazyBlock*> blocks;
};

Value run_lazy_block(Node* node, Value* fp) {
    return create_lazy_block(Machine::of(fp), node, fp, fp + node->temp);
}
} // namespace

namespace {
const BlockTemplate& block_of(Machine& vm, LazyBlock* lazy) {
    if (!lazy->block)
        lazy->block = make_template(vm, *lazy->outer, lazy->parameters, lazy->has_parameters, lazy->suite,
                                    lazy->loop_body, lazy->handler, lazy->environment);
    return *lazy->block;
}
} // namespace

Value create_lazy_block(Machine& vm, Node* node, Value* fp, Value* top) {
    return create_block(vm, block_of(vm, static_cast<LazyBlock*>(node)), fp, top);
}

Node* make_lazy_block(Maker&, Machine&, std::shared_ptr<Body> outer, syntax::Parameters parameters,
                      bool has_parameters, const syntax::Suite& suite, bool loop_body, bool handler,
                      const Environment* environment) {
    Code* code = outer->code;
    auto kept = std::static_pointer_cast<KeptBodies>(code->scopes_kept);
    if (!kept) {
        kept = std::make_shared<KeptBodies>();
        code->scopes_kept = kept;
    }
    kept->outers.push_back(std::make_unique<std::shared_ptr<Body>>(outer));
    auto* node = code->arena.make<LazyBlock>();
    node->run = run_lazy_block;
    node->outer = kept->outers.back().get();
    node->parameters = parameters;
    node->has_parameters = has_parameters;
    node->suite = suite;
    node->loop_body = loop_body;
    node->handler = handler;
    node->environment = environment;
    kept->blocks.push_back(node);
    return node;
}

// ---- twins

namespace {
Code* twin_of_top_level(Machine& vm, const Code* theirs) {
    Code*& known = vm.inner->twins[theirs];
    if (!known) known = make_top_level(vm, *theirs->top_level);
    return known;
}

// A suite may be made twice, in the frame of its home and as a block: what lies in it is told apart by what is around.
bool is_at(const Code* block, const BlockPlace& place) {
    for (uint32_t position : place) {
        if (!block->is_block || block->position != position) return false;
        block = block->outer;
    }
    return !block->is_block;
}

} // namespace

BlockPlace place_of(const Code* block) {
    BlockPlace place;
    for (; block->is_block; block = block->outer) place.push_back(block->position);
    return place;
}

Code* block_at(Machine& vm, Code* root, const BlockPlace& place) {
    if (place.empty()) return nullptr;
    for (Code* block : root->blocks)
        if (is_at(block, place)) return block;
    // What lies in a lazy block is known once that is made; making one may bring others.
    std::vector<Code*> bodies{root};
    bodies.insert(bodies.end(), root->blocks.begin(), root->blocks.end());
    for (size_t i = 0; i < bodies.size(); ++i) {
        auto kept = std::static_pointer_cast<KeptBodies>(bodies[i]->scopes_kept);
        if (!kept) continue;
        for (size_t j = 0; j < kept->blocks.size(); ++j) {
            LazyBlock* lazy = kept->blocks[j];
            if (lazy->block || lazy->suite.span.begin > place.front() || lazy->suite.span.end < place.front())
                continue;
            const size_t before = root->blocks.size();
            block_of(vm, lazy);
            for (size_t k = before; k < root->blocks.size(); ++k) {
                if (is_at(root->blocks[k], place)) return root->blocks[k];
                bodies.push_back(root->blocks[k]);
            }
        }
    }
    return nullptr;
}

namespace {
Code* make_method(Machine& vm, Method* method, ShapeId fields_of = 0, const Class* laid_out = nullptr);
Code* make_initialiser(Machine& vm, const FieldInfo& field, ShapeId fields_of = 0,
                       const Class* laid_out = nullptr);
Code* make_top_level(Machine& vm, const TopLevelBody& source, ShapeId fields_of, const Class* laid_out);

bool has_layout(const Class* cls, ShapeId layout) {
    for (; cls; cls = cls->superclass)
        if (cls->shape == layout) return true;
    return false;
}
} // namespace

bool is_laid_out_anew(const Runtime& runtime, const Code& block) {
    return block.layout != 0 && runtime.shapes[block.layout].cls->lineage != nullptr;
}

Code* twin_of(Machine& vm, Code* block, Value self) {
    if (block->layout && self.is_cell()) {
        const ShapeId shape = self.cell()->shape;
        const Class* cls = vm.shapes[shape].cls;
        if (!has_layout(cls, block->layout)) {
            Code*& known = vm.inner->twins_laid_out[{block, shape}];
            if (known) return known;
            const Code* root = block;
            while (root->outer) root = root->outer;
            // The text names what it named then, wherever that is by now.
            Code* again = root->method ? make_method(vm, root->method, block->fields_of, cls)
                          : root->initialiser
                              ? make_initialiser(vm, *root->initialiser, block->fields_of, cls)
                              : make_top_level(vm, *root->top_level, block->fields_of, cls);
            Code* twin = block_at(vm, again, place_of(block));
            assert(twin && "a body has the same blocks in each layout");
            return vm.inner->twins_laid_out[{block, shape}] = twin;
        }
    }
    Code*& known = vm.inner->twins[block];
    if (known) return known;
    const Code* theirs = block;
    while (theirs->outer) theirs = theirs->outer;
    Code* root = theirs->method        ? code_of(vm, theirs->method)
                 : theirs->initialiser ? code_of_initialiser(vm, *theirs->initialiser)
                                       : twin_of_top_level(vm, theirs);
    Code* twin = block_at(vm, root, place_of(block));
    assert(twin && "a body has the same blocks on each worker");
    return vm.inner->twins[block] = twin;
}

// ---- entry points

namespace {
Code* make_method(Machine& vm, Method* method, ShapeId fields_of, const Class* laid_out) {
    assert(method->definition);
    Code* code = new_code(vm, method->module, method->tree);
    code->method = method;
    code->parameters = uint16_t(method->parameters.size());
    code->name = kept_name(code, full_name(vm, method));
    code->position = method->definition->span.begin;
    auto body = new_body(code, method->module);
    body->names = std::make_shared<syntax::NameUse>(syntax::scan_names(method->definition->body.statements));
    if (method->owner && !method->class_side && method->owner->kind != ClassKind::Trait)
        body->cls = method->owner;
    if (fields_of) body->cls = vm.shapes[fields_of].cls;
    body->laid_out = laid_out;
    body->owner = method->class_side && method->owner ? method->owner->side : method->owner;
    Maker maker(vm, body);
    code->body = maker.method_body(method);
    maker.finish();
    return code;
}

Code* make_initialiser(Machine& vm, const FieldInfo& field, ShapeId fields_of, const Class* laid_out) {
    Code* code = new_code(vm, field.module, field.tree);
    code->initialiser = std::make_unique<FieldInfo>(field);
    code->name = kept_name(code, std::string(vm.symbols.text(field.declared_in->name)) + "." +
                                     std::string(vm.symbols.text(field.name)) + " (initialiser)");
    code->position = field.initial->span.begin;
    auto body = new_body(code, field.module);
    const syntax::Node* statements[] = {field.initial};
    body->names = std::make_shared<syntax::NameUse>(syntax::scan_names(statements));
    body->cls = fields_of ? vm.shapes[fields_of].cls : field.declared_in;
    body->laid_out = laid_out;
    Maker maker(vm, body);
    body->next = 2;
    code->body = maker.expression(field.initial);
    maker.finish();
    return code;
}
} // namespace

Code* code_of(Machine& vm, Method* method) {
    if (Code* made = vm.code_slot(method->number)) return made;
    return vm.code_slot(method->number) = make_method(vm, method);
}

Code* code_of_initialiser(Machine& vm, FieldInfo& field) {
    if (Code* made = vm.code_slot(field.number)) return made;
    return vm.code_slot(field.number) = make_initialiser(vm, field);
}

Code* made_again(Machine& vm, const Code* code) {
    const BlockPlace place = place_of(code);
    const ShapeId fields_of = code->fields_of;
    const Class* laid_out = code->layout == fields_of ? nullptr : vm.shapes[code->layout].cls;
    while (code->outer) code = code->outer;
    Code* root = code->method        ? make_method(vm, code->method, fields_of, laid_out)
                 : code->initialiser ? make_initialiser(vm, *code->initialiser, fields_of, laid_out)
                 : code->top_level   ? make_top_level(vm, *code->top_level)
                                     : nullptr;
    return root && !place.empty() ? block_at(vm, root, place) : root;
}

bool is_of_script(const Code& code) {
    const Code* root = &code;
    while (root->outer) root = root->outer;
    return root->top_level && root->top_level->assign_declares && !root->top_level->workspace && root->tree &&
           !root->tree->module;
}

Code* make_top_level(Machine& vm, const TopLevelBody& source) {
    return make_top_level(vm, source, 0, nullptr);
}

namespace {
Code* make_top_level(Machine& vm, const TopLevelBody& source, ShapeId fields_of, const Class* laid_out) {
    Code* code = new_code(vm, source.module, source.tree);
    code->name = kept_name(code, std::string(source.name));
    code->top_level = std::make_shared<TopLevelBody>(source);
    code->top_level->statements =
        code->arena.copy(std::vector(source.statements.begin(), source.statements.end()));
    code->top_level->name = code->name;
    auto body = new_body(code, source.module);
    body->names = std::make_shared<syntax::NameUse>(syntax::scan_names(source.statements));
    body->workspace = source.workspace;
    body->cls = body->owner = source.cls;
    if (fields_of) body->cls = vm.shapes[fields_of].cls;
    body->laid_out = laid_out;
    code->parameters = uint16_t(source.given.size());
    body->assign_declares = source.assign_declares;
    body->script = is_of_script(*code);
    body->sets_module_values = source.sets_module_values;
    body->sees_all_modules = source.sees_all_modules || source.workspace;
    Maker maker(vm, body);
    code->body = maker.top_level_body(source.statements);
    maker.finish();
    return code;
}

} // namespace

Binding* find_binding(Runtime& runtime, const Module* module, std::string_view name) {
    SymbolId id = runtime.symbols.intern(name);
    if (module) {
        if (auto found = module->names.find(id); found != module->names.end()) return found->second;
        if (auto found = module->imports.find(id); found != module->imports.end()) return found->second;
    }
    return runtime.prelude.find(id);
}

} // namespace indent
