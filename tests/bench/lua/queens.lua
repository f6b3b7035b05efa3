-- Eight queens, the first solution, ten times.
package.path = (arg[0]:match("^.*/") or "") .. "?.lua;" .. package.path
local harness = require("harness")

local Queens = harness.class()

function Queens:inner_loop(inner)
    for _ = 1, inner do
        if not self:benchmark() then return false end
    end
    return true
end

function Queens:benchmark()
    local result = true
    for _ = 1, 10 do
        result = result and self:queens()
    end
    return result
end

local function filled(n, value)
    local list = {}
    for i = 1, n do list[i] = value end
    return list
end

function Queens:queens()
    self.free_rows = filled(8, true)
    self.free_maxs = filled(16, true)
    self.free_mins = filled(16, true)
    self.queen_rows = filled(8, -1)
    return self:place_queen(1)
end

function Queens:place_queen(c)
    for r = 1, 8 do
        if self:get_row_column(r, c) then
            self.queen_rows[r] = c
            self:set_row_column(r, c, false)
            if c == 8 then return true end
            if self:place_queen(c + 1) then return true end
            self:set_row_column(r, c, true)
        end
    end
    return false
end

function Queens:get_row_column(r, c)
    return self.free_rows[r] and self.free_maxs[c + r] and self.free_mins[c - r + 8]
end

function Queens:set_row_column(r, c, value)
    self.free_rows[r] = value
    self.free_maxs[c + r] = value
    self.free_mins[c - r + 8] = value
end

harness.run("Queens", 250, setmetatable({}, Queens))
