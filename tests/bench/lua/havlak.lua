-- Finds the loops of a control flow graph, nested ones too; the inner iterations are runs on a small graph.
-- Blocks and their numbers count from 1 here, as Lua's arrays do.
package.path = (arg[0]:match("^.*/") or "") .. "?.lua;" .. package.path
local harness = require("harness")
local som = require("som")
local Dictionary, IdentitySet, Set, Vector = som.Dictionary, som.IdentitySet, som.Set, som.Vector
local class = harness.class

local BasicBlock = class()

function BasicBlock.new(name)
    return setmetatable({name = name, in_edges = Vector.new(2), out_edges = Vector.new(2)}, BasicBlock)
end

function BasicBlock:custom_hash()
    return self.name
end

function BasicBlock:predecessors()
    return self.in_edges:size()
end

local Edge = class()

function Edge.new(graph, from_name, to_name)
    local source, target = graph:create_node(from_name), graph:create_node(to_name)
    source.out_edges:append(target)
    target.in_edges:append(source)
    local edge = setmetatable({source = source, target = target}, Edge)
    graph:add_edge(edge)
    return edge
end

local ControlFlowGraph = class()

function ControlFlowGraph.new()
    return setmetatable({start = nil, blocks = Vector.new(), edges = Vector.new()}, ControlFlowGraph)
end

function ControlFlowGraph:create_node(name)
    local node = self.blocks:at(name)
    if not node then
        node = BasicBlock.new(name)
        self.blocks:at_put(name, node)
    end
    if self:size() == 1 then self.start = node end
    return node
end

function ControlFlowGraph:add_edge(edge)
    self.edges:append(edge)
end

function ControlFlowGraph:size()
    return self.blocks:size()
end

local SimpleLoop = class()

function SimpleLoop.new(block, reducible)
    local blocks = IdentitySet.new()
    if block then blocks:add(block) end
    return setmetatable({
        header = block,
        reducible = reducible,
        parent = nil,
        is_root = false,
        nesting_level = 0,
        depth_level = 0,
        counter = 0,
        blocks = blocks,
        children = IdentitySet.new(),
    }, SimpleLoop)
end

function SimpleLoop:add_node(block)
    self.blocks:add(block)
end

function SimpleLoop:set_parent(loop)
    self.parent = loop
    loop.children:add(self)
end

function SimpleLoop:set_nesting_level(level)
    self.nesting_level = level
    if level == 0 then self.is_root = true end
end

local LoopStructure = class()

function LoopStructure.new()
    local structure = setmetatable({loops = Vector.new(), root = nil}, LoopStructure)
    structure.root = structure:create_loop(nil, true)
    structure.root:set_nesting_level(0)
    return structure
end

function LoopStructure:create_loop(block, reducible)
    local loop = SimpleLoop.new(block, reducible)
    loop.counter = self.loops:size()
    self.loops:append(loop)
    return loop
end

function LoopStructure:size()
    return self.loops:size()
end

function LoopStructure:calculate_nesting_level()
    self.loops:each(function(loop)
        if not loop.is_root and not loop.parent then loop:set_parent(self.root) end
    end)
    self:calculate_from(self.root, 0)
end

function LoopStructure:calculate_from(loop, depth)
    loop.depth_level = depth
    loop.children:each(function(child)
        self:calculate_from(child, depth + 1)
        local level = 1 + child.nesting_level
        loop:set_nesting_level(loop.nesting_level < level and level or loop.nesting_level)
    end)
end

local UnionFindNode = class()

function UnionFindNode.new()
    return setmetatable({parent = nil, block = nil, number = 0, loop = nil}, UnionFindNode)
end

function UnionFindNode:start(block, number)
    self.parent = self
    self.block = block
    self.number = number
    self.loop = nil
end

-- The node that stands for the set; shortens the way to it.
function UnionFindNode:find_set()
    local passed, node = Vector.new(), self
    while node ~= node.parent do
        if node.parent ~= node.parent.parent then passed:append(node) end
        node = node.parent
    end
    passed:each(function(each) each:union(self.parent) end)
    return node
end

function UnionFindNode:union(node)
    self.parent = node
end

local UNVISITED = 2147483647
local MOST_NON_BACK_PREDS = 32 * 1024

local LoopFinder = class()

function LoopFinder.new(graph, structure)
    return setmetatable({
        graph = graph,
        structure = structure,
        non_back_preds = Vector.new(),
        back_preds = Vector.new(),
        numbers = Dictionary.new(),
        max_size = 0,
        headers = nil,
        kinds = nil,
        last = nil,
        nodes = nil,
    }, LoopFinder)
end

function LoopFinder:is_ancestor(w, v)
    return w <= v and v <= self.last[w]
end

-- Numbers the blocks depth first; answers the last number below `block`.
function LoopFinder:number_from(block, current)
    self.nodes[current]:start(block, current)
    self.numbers:at_put(block, current)
    local last_number = current
    block.out_edges:each(function(target)
        if self.numbers:at(target) == UNVISITED then
            last_number = self:number_from(target, last_number + 1)
        end
    end)
    self.last[current] = last_number
    return last_number
end

function LoopFinder:number_all()
    self.graph.blocks:each(function(block) self.numbers:at_put(block, UNVISITED) end)
    self:number_from(self.graph.start, 1)
end

function LoopFinder:identify_edges(size)
    for w = 1, size do
        self.headers[w] = 1
        self.kinds[w] = "non_header"
        local block = self.nodes[w].block
        if not block then
            self.kinds[w] = "dead"
        else
            self:process_edges(block, w)
        end
    end
end

function LoopFinder:process_edges(block, w)
    if block:predecessors() > 0 then
        block.in_edges:each(function(source)
            local v = self.numbers:at(source)
            if v ~= UNVISITED then
                if self:is_ancestor(w, v) then
                    self.back_preds:at(w):append(v)
                else
                    self.non_back_preds:at(w):add(v)
                end
            end
        end)
    end
end

function LoopFinder:find_loops()
    if not self.graph.start then return end
    local size = self.graph:size()
    self.non_back_preds:remove_all()
    self.back_preds:remove_all()
    self.numbers:remove_all()
    if size > self.max_size then
        self.headers, self.kinds, self.last, self.nodes = {}, {}, {}, {}
        self.max_size = size
    end
    for i = 1, size do
        self.non_back_preds:append(Set.new())
        self.back_preds:append(Vector.new())
        self.nodes[i] = UnionFindNode.new()
    end

    self:number_all()
    self:identify_edges(size)
    self.headers[1] = 1

    -- From the last to the first: loops inside are found before those around them.
    for w = size, 1, -1 do
        local pool = Vector.new()
        local block = self.nodes[w].block
        if block then
            self:collect_back_preds(w, pool)
            local work = Vector.new()
            pool:each(function(node) work:append(node) end)
            if pool:size() ~= 0 then self.kinds[w] = "reducible" end
            while not work:is_empty() do
                local x = work:remove_first()
                if self.non_back_preds:at(x.number):size() > MOST_NON_BACK_PREDS then return end
                self:process_non_back_preds(w, pool, work, x)
            end
        end
        if pool:size() > 0 or self.kinds[w] == "self" then
            local loop = self.structure:create_loop(block, self.kinds[w] ~= "irreducible")
            self:set_attributes(w, pool, loop)
        end
    end
end

function LoopFinder:collect_back_preds(w, pool)
    self.back_preds:at(w):each(function(v)
        if v ~= w then
            pool:append(self.nodes[v]:find_set())
        else
            self.kinds[w] = "self"
        end
    end)
end

function LoopFinder:process_non_back_preds(w, pool, work, x)
    self.non_back_preds:at(x.number):each(function(i)
        local y = self.nodes[i]:find_set()
        if not self:is_ancestor(w, y.number) then
            self.kinds[w] = "irreducible"
            self.non_back_preds:at(w):add(y.number)
        elseif y.number ~= w then
            work:append(y)
            pool:append(y)
        end
    end)
end

function LoopFinder:set_attributes(w, pool, loop)
    self.nodes[w].loop = loop
    pool:each(function(node)
        self.headers[node.number] = w
        node:union(self.nodes[w])
        if node.loop then
            node.loop:set_parent(loop)
        else
            loop:add_node(node.block)
        end
    end)
end

local LoopTester = class()

function LoopTester.new()
    return setmetatable({graph = ControlFlowGraph.new(), structure = LoopStructure.new()}, LoopTester)
end

function LoopTester:main(small_runs, runs, parallel, parallel2, parallel3)
    self:construct_small()
    for _ = 1, small_runs do self:find_loops(self.structure) end
    self:construct(parallel, parallel2, parallel3)
    self:find_loops(self.structure)
    for _ = 1, runs do self:find_loops(LoopStructure.new()) end
    self.structure:calculate_nesting_level()
    return self.structure:size(), self.graph:size()
end

function LoopTester:find_loops(into)
    LoopFinder.new(self.graph, into):find_loops()
end

function LoopTester:construct_small()
    self.graph:create_node(1)
    self:build_base_loop(1)
    self.graph:create_node(2)
    self:connect(1, 3)
end

function LoopTester:construct(parallel, parallel2, parallel3)
    local n = 3
    for _ = 1, parallel do
        self.graph:create_node(n + 1)
        self:connect(3, n + 1)
        n = n + 1
        for _ = 1, parallel2 do
            local top = n
            n = self:build_straight(n, 1)
            for _ = 1, parallel3 do n = self:build_base_loop(n) end
            local bottom = self:build_straight(n, 1)
            self:connect(n, top)
            n = bottom
        end
        self:connect(n, 2)
    end
end

function LoopTester:connect(source, target)
    Edge.new(self.graph, source, target)
end

function LoopTester:build_diamond(start)
    self:connect(start, start + 1)
    self:connect(start, start + 2)
    self:connect(start + 1, start + 3)
    self:connect(start + 2, start + 3)
    return start + 3
end

function LoopTester:build_straight(start, count)
    for i = 0, count - 1 do self:connect(start + i, start + i + 1) end
    return start + count
end

function LoopTester:build_base_loop(start)
    local header = self:build_straight(start, 1)
    local diamond1 = self:build_diamond(header)
    local between = self:build_straight(diamond1, 1)
    local diamond2 = self:build_diamond(between)
    local footer = self:build_straight(diamond2, 1)
    self:connect(diamond2, between)
    self:connect(diamond1, header)
    self:connect(footer, start)
    return self:build_straight(footer, 1)
end

local Havlak = class()

-- Loops and blocks: the results of the original, and one of our own for a quick check: 0 is one search
-- without the 50 others.
local LOOPS = {[0] = 1602, [1] = 1605, [15] = 1647, [150] = 2052, [1500] = 6102, [15000] = 46602}

function Havlak:inner_loop(inner)
    local loops, blocks = LoopTester.new():main(inner, inner == 0 and 0 or 50, 10, 10, 5)
    if LOOPS[inner] == nil then error("no result is known for " .. inner .. "; it was " .. loops) end
    return loops == LOOPS[inner] and blocks == 5213
end

harness.run("Havlak", 1, setmetatable({}, Havlak))
