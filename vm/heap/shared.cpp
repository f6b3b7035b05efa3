// The shared space. Each cell is a block of its own with a count in front, so that a cell that nobody holds goes at
// once, whatever lives beside it. Counts alone never free a cycle; frozen things seldom have any, and as nothing
// here changes, a cycle can only come in as a whole: share() finds the cells that reach each other (Tarjan's
// strongly connected components) and gives them one count together.
#include "vm/heap/shared.h"
#include "vm/heap/heap.h"
#include "vm/heap/page_pool.h"
#include "vm/heap/pointer_table.h"
#include <array>
#include <atomic>
#include <cassert>
#include <cstring>
#include <mutex>
#include <new>
#include <unordered_set>
#include <vector>

namespace indent {

namespace {

struct Block;

// Cells that reach each other.
struct Group {
    std::atomic<uint64_t> count = 0;
    std::vector<Block*> members;
};

// What stands in front of a cell.
struct Block {
    std::atomic<uint64_t> count = 0;  // not used in a group
    std::atomic<uint64_t> number = 0; // 0: nobody has asked; kKept: an image has the cell
    Group* group = nullptr;
    Block* previous = nullptr; // all blocks of a shard, for the end of the space
    Block* next = nullptr;

    Cell* cell() { return reinterpret_cast<Cell*>(this + 1); }
    static Block* of(const Cell* cell) {
        assert(cell->is_shared());
        return reinterpret_cast<Block*>(const_cast<Cell*>(cell)) - 1;
    }
    std::atomic<uint64_t>& counter() { return group ? group->count : count; }
};

constexpr uint64_t kKept = uint64_t(1) << 63;
constexpr size_t kMostSharedWords = size_t(1) << 36; // half a terabyte

} // namespace

struct SharedSpace::State {
    // Blocks are linked only to be found at the end; several lists, so that threads seldom wait for each other.
    struct alignas(64) Shard {
        std::mutex mutex;
        Block* first = nullptr;
    };
    std::array<Shard, 16> shards;
    std::atomic<uint64_t> last_number = 0;
    std::atomic<size_t> cells = 0;
    std::atomic<size_t> bytes = 0;
    PagePool pages;
    ShapeId finished_shape = 0;
    void (*finish)(Cell*) = nullptr;
    std::array<ShapeId, 2> listed_shapes{};
    bool is_listed(ShapeId shape) const {
        return shape && (shape == listed_shapes[0] || shape == listed_shapes[1]);
    }
    std::mutex list_mutex;
    std::unordered_set<Block*> list;

    Shard& shard_of(const Block* block) {
        return shards[(reinterpret_cast<uintptr_t>(block) >> 6) % shards.size()];
    }

    // All words zero.
    Block* make(size_t words, Cell header) {
        if (words > kMostSharedWords) throw OutOfMemory{words};
        size_t size = sizeof(Block) + sizeof(Cell) + 8 * words;
        void* memory = ::operator new(size, std::nothrow);
        if (!memory) throw OutOfMemory{size};
        std::memset(memory, 0, size);
        auto* block = new (memory) Block;
        header.bits |= Cell::kFrozen | Cell::kShared;
        header.barrier = Cell::kNever;
        *block->cell() = header;
        if (header.size == Cell::kWide) (*block->cell())[0] = Value::integer(int64_t(words) - 1);
        cells.fetch_add(1, std::memory_order_relaxed);
        bytes.fetch_add(size, std::memory_order_relaxed);
        if (is_listed(header.shape)) {
            std::lock_guard lock(list_mutex);
            list.insert(block);
        }
        Shard& shard = shard_of(block);
        std::lock_guard lock(shard.mutex);
        block->next = shard.first;
        if (shard.first) shard.first->previous = block;
        shard.first = block;
        return block;
    }

    void free(Block* block) {
        if (is_listed(block->cell()->shape)) {
            std::lock_guard lock(list_mutex);
            list.erase(block);
        }
        if (block->cell()->shape == finished_shape && finish) finish(block->cell());
        cells.fetch_sub(1, std::memory_order_relaxed);
        bytes.fetch_sub(sizeof(Block) + block->cell()->byte_count(), std::memory_order_relaxed);
        {
            Shard& shard = shard_of(block);
            std::lock_guard lock(shard.mutex);
            (block->previous ? block->previous->next : shard.first) = block->next;
            if (block->next) block->next->previous = block->previous;
        }
        block->~Block();
        ::operator delete(block);
    }

    // True if that was the last.
    static bool drop(Block* block) {
        uint64_t before = block->counter().fetch_sub(1, std::memory_order_acq_rel);
        assert(before > 0);
        return before == 1;
    }

    void free_all_of(Block* dead) {
        std::vector<Block*> waiting{dead};
        auto drop_words = [&](Block* block) {
            Cell* cell = block->cell();
            if (cell->format() == Format::Bytes) return;
            for (size_t i = 0; i < cell->word_count(); ++i) {
                Value word = (*cell)[i];
                if (!word.is_cell()) continue;
                Block* other = Block::of(word.cell());
                if (other == block || (block->group && other->group == block->group)) continue;
                if (drop(other)) waiting.push_back(other);
            }
        };
        while (!waiting.empty()) {
            Block* block = waiting.back();
            waiting.pop_back();
            if (Group* group = block->group) {
                for (Block* member : group->members) drop_words(member);
                for (Block* member : group->members) free(member);
                delete group;
            } else {
                drop_words(block);
                free(block);
            }
        }
    }
};

namespace {

// The graph of cells to be copied, and which of them reach each other. No recursion: it may be deep.
class Graph {
  public:
    struct Node {
        const Cell* cell;
        uint32_t low;       // the earliest node on the path that it is known to reach
        uint32_t component; // nodes of one component have the same number
        bool on_path = true;
        Block* copy = nullptr;
    };
    std::vector<Node> nodes; // in the order in which they were met
    uint32_t components = 0;

    // False if something is not frozen.
    bool walk(const Cell* root) {
        if (!meet(root)) return false;
        while (!steps_.empty()) {
            uint32_t at = steps_.back().node;
            const Cell* cell = nodes[at].cell;
            if (steps_.back().next_word < words_to_follow(cell)) {
                Value word = (*cell)[steps_.back().next_word++];
                if (!word.is_cell() || word.cell()->is_shared()) continue;
                if (const uint64_t* known = numbers_.find(word.cell())) {
                    Node& other = nodes[*known];
                    if (other.on_path && *known < nodes[at].low) nodes[at].low = uint32_t(*known);
                } else if (!meet(word.cell())) {
                    return false;
                }
                continue;
            }
            steps_.pop_back();
            if (nodes[at].low == at) {
                for (uint32_t member = at + 1; member != at;) {
                    member = path_.back();
                    path_.pop_back();
                    nodes[member].on_path = false;
                    nodes[member].component = components;
                }
                ++components;
            }
            if (!steps_.empty()) {
                Node& parent = nodes[steps_.back().node];
                if (nodes[at].on_path && nodes[at].low < parent.low) parent.low = nodes[at].low;
            }
        }
        return true;
    }

    Node& of(const Cell* cell) { return nodes[*numbers_.find(cell)]; }
    static size_t words_to_follow(const Cell* cell) {
        return cell->format() == Format::Bytes ? 0 : cell->word_count();
    }

  private:
    struct Step {
        uint32_t node;
        size_t next_word;
    };
    bool meet(const Cell* cell) {
        if (!cell->is_frozen()) return false;
        auto number = uint32_t(nodes.size());
        numbers_.add(cell, number);
        nodes.push_back({cell, number, 0});
        steps_.push_back({number, 0});
        path_.push_back(number);
        return true;
    }

    PointerTable numbers_;
    std::vector<Step> steps_;
    std::vector<uint32_t> path_;
};

} // namespace

SharedSpace::SharedSpace() : state_(std::make_unique<State>()) {}

SharedSpace::~SharedSpace() {
    for (State::Shard& shard : state_->shards)
        while (Block* block = shard.first) {
            if (Group* group = block->group) {
                for (Block* member : group->members) member->group = nullptr;
                delete group;
            }
            state_->free(block);
        }
}

Cell* SharedSpace::allocate(ShapeId shape, Format format, size_t words, bool wide) {
    assert(wide ? words >= 1 : words < Cell::kWide);
    uint8_t bits = format == Format::Bytes ? Cell::kBytes : 0;
    Block* block = state_->make(words, Cell{shape, 0, bits, wide ? Cell::kWide : uint16_t(words)});
    block->count = 1;
    return block->cell();
}

Value SharedSpace::share(Value value) {
    if (!value.is_cell()) return value;
    if (value.cell()->is_shared()) {
        hold(value);
        return value;
    }
    Graph graph;
    if (!graph.walk(value.cell())) return Value();

    try {
        for (Graph::Node& node : graph.nodes) {
            Cell header = *node.cell;
            header.bits &= Cell::kBytes;
            node.copy = state_->make(node.cell->word_count(), header);
        }
    } catch (...) {
        for (Graph::Node& node : graph.nodes)
            if (node.copy) state_->free(node.copy);
        throw;
    }
    if (graph.components < graph.nodes.size()) {
        std::vector<uint32_t> sizes(graph.components);
        for (Graph::Node& node : graph.nodes) ++sizes[node.component];
        std::vector<Group*> groups(graph.components);
        for (Graph::Node& node : graph.nodes) {
            if (sizes[node.component] == 1) continue;
            Group*& group = groups[node.component];
            if (!group) group = new Group;
            group->members.push_back(node.copy);
            node.copy->group = group;
        }
    }
    // Nobody else sees the copies yet: their counts need no order.
    for (Graph::Node& node : graph.nodes) {
        const Value* from = node.cell->words();
        Value* to = node.copy->cell()->words();
        size_t words = node.cell->word_count();
        if (node.cell->format() == Format::Bytes) {
            std::memcpy(static_cast<void*>(to), from, 8 * words);
            continue;
        }
        for (size_t i = 0; i < words; ++i) {
            to[i] = from[i];
            if (!from[i].is_cell()) continue;
            if (from[i].cell()->is_shared()) {
                hold(from[i]);
                continue;
            }
            Graph::Node& other = graph.of(from[i].cell());
            to[i] = Value::cell(other.copy->cell());
            if (other.component == node.component) continue; // it does not keep itself
            other.copy->counter().fetch_add(1, std::memory_order_relaxed);
        }
    }
    Block* root = graph.nodes[0].copy;
    root->counter().fetch_add(1, std::memory_order_release);
    return Value::cell(root->cell());
}

void SharedSpace::hold(Value value) {
    if (!value.is_cell()) return;
    [[maybe_unused]] uint64_t before =
        Block::of(value.cell())->counter().fetch_add(1, std::memory_order_relaxed);
    assert(before > 0);
}

void SharedSpace::release(Value value) {
    if (!value.is_cell()) return;
    Block* block = Block::of(value.cell());
    if (State::drop(block)) state_->free_all_of(block);
}

uint64_t SharedSpace::number_of(const Cell* cell) {
    auto& number = Block::of(cell)->number;
    uint64_t known = number.load(std::memory_order_relaxed);
    if (known == 0) {
        const uint64_t next = state_->last_number.fetch_add(1, std::memory_order_relaxed) + 1;
        if (number.compare_exchange_strong(known, next, std::memory_order_relaxed)) known = next;
    }
    return known & ~kKept;
}

void SharedSpace::restore_number(const Cell* cell, uint64_t number) {
    Block::of(cell)->number.store(number | kKept, std::memory_order_release);
    number_from(number);
}

void SharedSpace::number_from(uint64_t last) {
    uint64_t known = state_->last_number.load(std::memory_order_relaxed);
    while (known < last && !state_->last_number.compare_exchange_weak(known, last)) {
    }
}

bool SharedSpace::is_kept(const Cell* cell) const {
    return Block::of(cell)->number.load(std::memory_order_acquire) & kKept;
}

void SharedSpace::set_kept(const Cell* cell) {
    Block::of(cell)->number.fetch_or(kKept, std::memory_order_acq_rel);
}

void SharedSpace::set_finisher(ShapeId shape, void (*finish)(Cell*)) {
    state_->finished_shape = shape;
    state_->finish = finish;
}

void SharedSpace::list_shape(ShapeId shape) {
    ShapeId& place = state_->listed_shapes[state_->listed_shapes[0] ? 1 : 0];
    assert(!place);
    place = shape;
}

std::vector<Value> SharedSpace::listed(ShapeId shape) {
    std::vector<Value> found;
    std::lock_guard lock(state_->list_mutex);
    for (Block* block : state_->list) {
        if (block->cell()->shape != shape) continue;
        // One whose last holder is gone is not taken back.
        uint64_t count = block->counter().load();
        while (count > 0 && !block->counter().compare_exchange_weak(count, count + 1)) {
        }
        if (count > 0) found.push_back(Value::cell(block->cell()));
    }
    return found;
}

size_t SharedSpace::cells() const {
    return state_->cells.load(std::memory_order_relaxed);
}
size_t SharedSpace::bytes() const {
    return state_->bytes.load(std::memory_order_relaxed);
}
uint64_t SharedSpace::holders(const Cell* cell) const {
    return Block::of(cell)->counter().load();
}
PagePool& SharedSpace::pages() {
    return state_->pages;
}

} // namespace indent
