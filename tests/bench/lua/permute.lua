-- All permutations of six elements, by swapping in place.
package.path = (arg[0]:match("^.*/") or "") .. "?.lua;" .. package.path
local harness = require("harness")

local Permute = harness.class()

function Permute:inner_loop(inner)
    for _ = 1, inner do
        if self:benchmark() ~= 8660 then return false end
    end
    return true
end

function Permute:benchmark()
    self.count = 0
    self.elements = {0, 0, 0, 0, 0, 0}
    self:permute(6)
    return self.count
end

function Permute:permute(n)
    self.count = self.count + 1
    if n ~= 0 then
        local n1 = n - 1
        self:permute(n1)
        for i = n, 1, -1 do
            self:swap(n, i)
            self:permute(n1)
            self:swap(n, i)
        end
    end
end

function Permute:swap(i, j)
    local kept = self.elements[i]
    self.elements[i] = self.elements[j]
    self.elements[j] = kept
end

harness.run("Permute", 100, setmetatable({}, Permute))
