"""Finds the loops of a control flow graph, nested ones too; the inner iterations are small graphs' runs."""

import sys
from enum import Enum

import harness
from som import Dictionary, IdentitySet, Set, Vector

# The depth-first search nests deep.
sys.setrecursionlimit(10000)


class BasicBlock:
    def __init__(self, name):
        self.name = name
        self.in_edges = Vector(2)
        self.out_edges = Vector(2)

    def custom_hash(self):
        return self.name

    def predecessors(self):
        return self.in_edges.size()


class Edge:
    def __init__(self, graph, from_name, to_name):
        self.source = graph.create_node(from_name)
        self.target = graph.create_node(to_name)
        self.source.out_edges.append(self.target)
        self.target.in_edges.append(self.source)
        graph.add_edge(self)


class ControlFlowGraph:
    def __init__(self):
        self.start = None
        self.blocks = Vector()
        self.edges = Vector()

    def create_node(self, name):
        node = self.blocks.at(name)
        if node is None:
            node = BasicBlock(name)
            self.blocks.at_put(name, node)
        if self.size() == 1:
            self.start = node
        return node

    def add_edge(self, edge):
        self.edges.append(edge)

    def size(self):
        return self.blocks.size()


class SimpleLoop:
    def __init__(self, block, reducible):
        self.header = block
        self.reducible = reducible
        self.parent = None
        self.is_root = False
        self.nesting_level = 0
        self.depth_level = 0
        self.counter = 0
        self.blocks = IdentitySet()
        self.children = IdentitySet()
        if block is not None:
            self.blocks.add(block)

    def add_node(self, block):
        self.blocks.add(block)

    def set_parent(self, loop):
        self.parent = loop
        loop.children.add(self)

    def set_nesting_level(self, level):
        self.nesting_level = level
        if level == 0:
            self.is_root = True


class LoopStructure:
    def __init__(self):
        self.loops = Vector()
        self.root = self.create_loop(None, True)
        self.root.set_nesting_level(0)

    def create_loop(self, block, reducible):
        loop = SimpleLoop(block, reducible)
        loop.counter = self.loops.size()
        self.loops.append(loop)
        return loop

    def size(self):
        return self.loops.size()

    def calculate_nesting_level(self):
        def link(loop):
            if not loop.is_root and loop.parent is None:
                loop.set_parent(self.root)

        self.loops.each(link)
        self.calculate_from(self.root, 0)

    def calculate_from(self, loop, depth):
        loop.depth_level = depth

        def inside(child):
            self.calculate_from(child, depth + 1)
            level = 1 + child.nesting_level
            loop.set_nesting_level(level if loop.nesting_level < level else loop.nesting_level)

        loop.children.each(inside)


class UnionFindNode:
    def __init__(self):
        self.parent = None
        self.block = None
        self.number = 0
        self.loop = None

    def start(self, block, number):
        self.parent = self
        self.block = block
        self.number = number
        self.loop = None

    def find_set(self):
        """The node that stands for the set; shortens the way to it."""
        passed = Vector()
        node = self
        while node is not node.parent:
            if node.parent is not node.parent.parent:
                passed.append(node)
            node = node.parent
        passed.each(lambda each: each.union(self.parent))
        return node

    def union(self, node):
        self.parent = node


UNVISITED = 2147483647
MOST_NON_BACK_PREDS = 32 * 1024


class Kind(Enum):
    NON_HEADER = 1
    REDUCIBLE = 2
    SELF = 3
    IRREDUCIBLE = 4
    DEAD = 5


class LoopFinder:
    def __init__(self, graph, structure):
        self.graph = graph
        self.structure = structure
        self.non_back_preds = Vector()
        self.back_preds = Vector()
        self.numbers = Dictionary()
        self.max_size = 0
        self.headers = None
        self.kinds = None
        self.last = None
        self.nodes = None

    def is_ancestor(self, w, v):
        return w <= v and v <= self.last[w]

    def number_from(self, block, current):
        """Numbers the blocks depth first; answers the last number below `block`."""
        self.nodes[current].start(block, current)
        self.numbers.at_put(block, current)
        last_number = current

        def visit(target):
            nonlocal last_number
            if self.numbers.at(target) == UNVISITED:
                last_number = self.number_from(target, last_number + 1)

        block.out_edges.each(visit)
        self.last[current] = last_number
        return last_number

    def number_all(self):
        self.graph.blocks.each(lambda block: self.numbers.at_put(block, UNVISITED))
        self.number_from(self.graph.start, 0)

    def identify_edges(self, size):
        for w in range(size):
            self.headers[w] = 0
            self.kinds[w] = Kind.NON_HEADER
            block = self.nodes[w].block
            if block is None:
                self.kinds[w] = Kind.DEAD
            else:
                self.process_edges(block, w)

    def process_edges(self, block, w):
        if block.predecessors() > 0:
            def visit(source):
                v = self.numbers.at(source)
                if v != UNVISITED:
                    if self.is_ancestor(w, v):
                        self.back_preds.at(w).append(v)
                    else:
                        self.non_back_preds.at(w).add(v)

            block.in_edges.each(visit)

    def find_loops(self):
        if self.graph.start is None:
            return
        size = self.graph.size()
        self.non_back_preds.remove_all()
        self.back_preds.remove_all()
        self.numbers.remove_all()
        if size > self.max_size:
            self.headers = [0] * size
            self.kinds = [None] * size
            self.last = [0] * size
            self.nodes = [None] * size
            self.max_size = size
        for i in range(size):
            self.non_back_preds.append(Set())
            self.back_preds.append(Vector())
            self.nodes[i] = UnionFindNode()

        self.number_all()
        self.identify_edges(size)
        self.headers[0] = 0

        # From the last to the first: loops inside are found before those around them.
        for w in range(size - 1, -1, -1):
            pool = Vector()
            block = self.nodes[w].block
            if block is not None:
                self.collect_back_preds(w, pool)
                work = Vector()
                pool.each(work.append)
                if pool.size() != 0:
                    self.kinds[w] = Kind.REDUCIBLE
                while not work.is_empty():
                    x = work.remove_first()
                    if self.non_back_preds.at(x.number).size() > MOST_NON_BACK_PREDS:
                        return
                    self.process_non_back_preds(w, pool, work, x)
            if pool.size() > 0 or self.kinds[w] is Kind.SELF:
                loop = self.structure.create_loop(block, self.kinds[w] is not Kind.IRREDUCIBLE)
                self.set_attributes(w, pool, loop)

    def collect_back_preds(self, w, pool):
        def visit(v):
            if v != w:
                pool.append(self.nodes[v].find_set())
            else:
                self.kinds[w] = Kind.SELF

        self.back_preds.at(w).each(visit)

    def process_non_back_preds(self, w, pool, work, x):
        def visit(i):
            y = self.nodes[i].find_set()
            if not self.is_ancestor(w, y.number):
                self.kinds[w] = Kind.IRREDUCIBLE
                self.non_back_preds.at(w).add(y.number)
            elif y.number != w:
                work.append(y)
                pool.append(y)

        self.non_back_preds.at(x.number).each(visit)

    def set_attributes(self, w, pool, loop):
        self.nodes[w].loop = loop

        def visit(node):
            self.headers[node.number] = w
            node.union(self.nodes[w])
            if node.loop is not None:
                node.loop.set_parent(loop)
            else:
                loop.add_node(node.block)

        pool.each(visit)


class LoopTester:
    def __init__(self):
        self.graph = ControlFlowGraph()
        self.structure = LoopStructure()

    def main(self, small_runs, runs, parallel, parallel2, parallel3):
        self.construct_small()
        for _ in range(small_runs):
            self.find_loops(self.structure)
        self.construct(parallel, parallel2, parallel3)
        self.find_loops(self.structure)
        for _ in range(runs):
            self.find_loops(LoopStructure())
        self.structure.calculate_nesting_level()
        return self.structure.size(), self.graph.size()

    def find_loops(self, into):
        LoopFinder(self.graph, into).find_loops()

    def construct_small(self):
        self.graph.create_node(0)
        self.build_base_loop(0)
        self.graph.create_node(1)
        self.connect(0, 2)

    def construct(self, parallel, parallel2, parallel3):
        n = 2
        for _ in range(parallel):
            self.graph.create_node(n + 1)
            self.connect(2, n + 1)
            n += 1
            for _ in range(parallel2):
                top = n
                n = self.build_straight(n, 1)
                for _ in range(parallel3):
                    n = self.build_base_loop(n)
                bottom = self.build_straight(n, 1)
                self.connect(n, top)
                n = bottom
            self.connect(n, 1)

    def connect(self, source, target):
        Edge(self.graph, source, target)

    def build_diamond(self, start):
        self.connect(start, start + 1)
        self.connect(start, start + 2)
        self.connect(start + 1, start + 3)
        self.connect(start + 2, start + 3)
        return start + 3

    def build_straight(self, start, count):
        for i in range(count):
            self.connect(start + i, start + i + 1)
        return start + count

    def build_base_loop(self, start):
        header = self.build_straight(start, 1)
        diamond1 = self.build_diamond(header)
        between = self.build_straight(diamond1, 1)
        diamond2 = self.build_diamond(between)
        footer = self.build_straight(diamond2, 1)
        self.connect(diamond2, between)
        self.connect(diamond1, header)
        self.connect(footer, start)
        return self.build_straight(footer, 1)


class Havlak:
    # Loops and blocks: the results of the original, and one of our own for a quick check: 0 is one search
    # without the 50 others.
    EXPECTED = {
        0: (1602, 5213),
        1: (1605, 5213),
        15: (1647, 5213),
        150: (2052, 5213),
        1500: (6102, 5213),
        15000: (46602, 5213),
    }

    def inner_loop(self, inner):
        return LoopTester().main(inner, 0 if inner == 0 else 50, 10, 10, 5) == Havlak.EXPECTED[inner]


harness.run("Havlak", 1, Havlak())
