-- Writes a table of 1000 rows to a text, and reads it back: formatting, concatenation, patterns, numbers.
package.path = (arg[0]:match("^.*/") or "") .. "?.lua;" .. package.path
local harness = require("harness")

local TextBuilding = harness.class()

local COLOURS = {[0] = "red", "green", "blue", "yellow", "violet"}

function TextBuilding:inner_loop(inner)
    for _ = 1, inner do
        self.text = self:write(1000)
        if #self.text ~= 16025 or self:read(self.text) ~= 968300 then return false end
        if #self.text:gsub(",", ", ") ~= 19025 then return false end
    end
    return true
end

function TextBuilding:write(rows)
    local pieces = {}
    for row = 1, rows do
        pieces[#pieces + 1] = row .. "," .. COLOURS[row % 5] .. "," .. row * row % 1000 .. ","
        pieces[#pieces + 1] = ("x"):rep(row % 4)
        pieces[#pieces + 1] = "\n"
    end
    return table.concat(pieces)
end

local function split(text, separator)
    local parts, from = {}, 1
    while true do
        local at = text:find(separator, from, true)
        if not at then
            parts[#parts + 1] = text:sub(from)
            return parts
        end
        parts[#parts + 1] = text:sub(from, at - 1)
        from = at + 1
    end
end

-- The sum of the numbers and of the words' sizes.
function TextBuilding:read(written)
    local sum = 0
    for line in written:gmatch("[^\n]+") do
        local parts = split(line, ",")
        sum = sum + tonumber(parts[1]) + #parts[2] + tonumber(parts[3]) + #parts[4]
    end
    return sum
end

harness.run("TextBuilding", 60, setmetatable({}, TextBuilding))
