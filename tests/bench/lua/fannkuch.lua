-- All orders of seven pancakes, and how often each must be turned: integers in lists.
package.path = (arg[0]:match("^.*/") or "") .. "?.lua;" .. package.path
local harness = require("harness")

local Fannkuch = harness.class()

-- The results for seven are known: 228 and 16.
function Fannkuch:inner_loop(inner)
    for _ = 1, inner do
        self:benchmark(7)
        if self.checksum ~= 228 or self.most ~= 16 then return false end
    end
    return true
end

-- Places count from 1, pancakes too.
function Fannkuch:benchmark(size)
    self.order, self.pancakes, self.counts = {}, {}, {}
    self.checksum, self.most = 0, 0
    local order, counts = self.order, self.counts
    for i = 1, size do
        order[i] = i
        counts[i] = 0
    end
    local even, left = true, size
    while true do
        while left > 1 do
            counts[left] = left
            left = left - 1
        end
        local flips = self:flips(size)
        if flips > self.most then self.most = flips end
        self.checksum = self.checksum + (even and flips or -flips)
        -- The next order.
        while true do
            if left == size then return end
            local first = order[1]
            for i = 1, left do order[i] = order[i + 1] end
            order[left + 1] = first
            counts[left + 1] = counts[left + 1] - 1
            if counts[left + 1] > 0 then break end
            left = left + 1
        end
        even = not even
    end
end

-- How often the first so many are turned round until a 1 is first.
function Fannkuch:flips(size)
    local order, pancakes = self.order, self.pancakes
    for i = 1, size do pancakes[i] = order[i] end
    local count, first = 0, pancakes[1]
    while first ~= 1 do
        local low, high = 1, first
        while low < high do
            pancakes[low], pancakes[high] = pancakes[high], pancakes[low]
            low = low + 1
            high = high - 1
        end
        count = count + 1
        first = pancakes[1]
    end
    return count
end

harness.run("Fannkuch", 40, setmetatable({}, Fannkuch))
