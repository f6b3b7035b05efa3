-- A tree of arrays with leaves of random length: makes garbage.
package.path = (arg[0]:match("^.*/") or "") .. "?.lua;" .. package.path
local harness = require("harness")
local Random = require("som").Random

local Storage = harness.class()

function Storage:inner_loop(inner)
    for _ = 1, inner do
        if self:benchmark() ~= 5461 then return false end
    end
    return true
end

function Storage:benchmark()
    local random = Random.new()
    self.count = 0
    self:build_tree_depth(7, random)
    return self.count
end

-- Lua has no array of a given size: a leaf keeps its size in `n`, as the original does.
function Storage:build_tree_depth(depth, random)
    self.count = self.count + 1
    if depth == 1 then
        return {n = random:next() % 10 + 1}
    end
    return {
        n = 4,
        self:build_tree_depth(depth - 1, random),
        self:build_tree_depth(depth - 1, random),
        self:build_tree_depth(depth - 1, random),
        self:build_tree_depth(depth - 1, random),
    }
end

harness.run("Storage", 60, setmetatable({}, Storage))
