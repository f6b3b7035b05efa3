-- Ten thousand objects that are kept; each step changes two fields of each.
package.path = (arg[0]:match("^.*/") or "") .. "?.lua;" .. package.path
local harness = require("harness")

local Cell = harness.class()

function Cell.new(value)
    return setmetatable({value = value, steps = 0}, Cell)
end

function Cell:step()
    self.value = (self.value * 1309 + 13849) % 65536
    self.steps = self.steps + 1
end

local KeptObjects = harness.class()

function KeptObjects.new()
    local cells = {}
    for i = 1, 10000 do cells[i] = Cell.new(i - 1) end
    return setmetatable({cells = cells, steps = 0}, KeptObjects)
end

function KeptObjects:inner_loop(inner)
    local cells = self.cells
    for _ = 1, inner do
        for i = 1, #cells do cells[i]:step() end
        self.steps = self.steps + 1
    end
    return self:right()
end

-- The last cell against the same steps done apart.
function KeptObjects:right()
    local last = self.cells[#self.cells]
    local value = #self.cells - 1
    for _ = 1, self.steps do value = (value * 1309 + 13849) % 65536 end
    return last.value == value and last.steps == self.steps
end

harness.run("KeptObjects", 5, KeptObjects.new())
