-- Trees are built, counted and forgotten, one lives long: allocation and collection.
package.path = (arg[0]:match("^.*/") or "") .. "?.lua;" .. package.path
local harness = require("harness")

local Tree = harness.class()

function Tree.of_depth(depth)
    if depth == 0 then return setmetatable({}, Tree) end
    return setmetatable({left = Tree.of_depth(depth - 1), right = Tree.of_depth(depth - 1)}, Tree)
end

function Tree:count()
    if not self.left then return 1 end
    return 1 + self.left:count() + self.right:count()
end

local BinaryTrees = harness.class()

function BinaryTrees:inner_loop(inner)
    for _ = 1, inner do
        if self:benchmark(8) ~= 25774 then return false end
    end
    return true
end

function BinaryTrees:benchmark(max_depth)
    local total = Tree.of_depth(max_depth + 1):count()
    self.long_lived = Tree.of_depth(max_depth)
    for depth = 4, max_depth, 2 do
        for _ = 1, 2 ^ (max_depth - depth + 4) do
            total = total + Tree.of_depth(depth):count()
        end
    end
    return total + self.long_lived:count()
end

harness.run("BinaryTrees", 25, setmetatable({}, BinaryTrees))
