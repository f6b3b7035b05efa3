-- Counts random numbers in a map that is kept: each step updates one of up to 10,000 entries.
package.path = (arg[0]:match("^.*/") or "") .. "?.lua;" .. package.path
local harness = require("harness")
local Random = require("som").Random

local KeptMap = harness.class()

function KeptMap.new()
    return setmetatable({counts = {}, random = Random.new(), steps = 0}, KeptMap)
end

function KeptMap:inner_loop(inner)
    for _ = 1, inner do
        self:count(10000)
    end
    return self:sum() == self.steps
end

function KeptMap:count(times)
    local counts = self.counts
    for _ = 1, times do
        local key = self.random:next() % 10000
        counts[key] = (counts[key] or 0) + 1
    end
    self.steps = self.steps + times
end

function KeptMap:sum()
    local sum = 0
    for _, count in pairs(self.counts) do sum = sum + count end
    return sum
end

harness.run("KeptMap", 5, KeptMap.new())
