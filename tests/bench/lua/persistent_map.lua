-- A map that is never changed: an update answers another, which shares all but one path with the one before.
-- Written by hand, as a tree with sixteen branches at each node, the same in every language.
package.path = (arg[0]:match("^.*/") or "") .. "?.lua;" .. package.path
local harness = require("harness")
local Random = require("som").Random
local class, shr, band, floor = harness.class, harness.shr, harness.band, math.floor

local Leaf, Branch = class(), class()

function Leaf.new(key, value)
    return setmetatable({key = key, value = value}, Leaf)
end

function Leaf:get(key)
    return key == self.key and self.value or 0
end

function Leaf:with(key, value, shift)
    if key == self.key then return Leaf.new(key, value) end
    return Branch.new({}):with(self.key, self.value, shift):with(key, value, shift)
end

function Leaf:sum()
    return self.value
end

function Branch.new(slots)
    return setmetatable({slots = slots}, Branch)
end

function Branch:get(key, shift)
    local child = self.slots[band(shr(key, shift), 15) + 1]
    return child and child:get(key, shift + 4) or 0
end

function Branch:with(key, value, shift)
    local place = band(shr(key, shift), 15) + 1
    local slots = self.slots
    local child = slots[place]
    local copied = {
        slots[1], slots[2], slots[3], slots[4], slots[5], slots[6], slots[7], slots[8],
        slots[9], slots[10], slots[11], slots[12], slots[13], slots[14], slots[15], slots[16],
    }
    copied[place] = child and child:with(key, value, shift + 4) or Leaf.new(key, value)
    return Branch.new(copied)
end

function Branch:sum()
    local total = 0
    for place = 1, 16 do
        local child = self.slots[place]
        if child then total = total + child:sum() end
    end
    return total
end

local PersistentMap = class()

function PersistentMap.new()
    return setmetatable({random = Random.new(), map = Branch.new({}), older = nil, steps = 0}, PersistentMap)
end

-- Two thousand updates of counts, among 8192 keys, are a step; what was before stays as it was.
function PersistentMap:inner_loop(inner)
    for _ = 1, inner do
        self.older = self.map
        for _ = 1, 2000 do
            local key = floor(self.random:next() / 8)
            self.map = self.map:with(key, self.map:get(key, 0) + 1, 0)
        end
        self.steps = self.steps + 1
    end
    return self.map:sum() == self.steps * 2000 and self.older:sum() == self.steps * 2000 - 2000
end

harness.run("PersistentMap", 12, PersistentMap.new())
