-- Functions composed, and given to `map`, `select` and `inject` of lists and ranges; return out of a loop.
package.path = (arg[0]:match("^.*/") or "") .. "?.lua;" .. package.path
local harness = require("harness")

local function map(list, fn)
    local result = {}
    for i = 1, #list do result[i] = fn(list[i]) end
    return result
end

local function map_range(low, high, fn)
    local result = {}
    for i = low, high do result[#result + 1] = fn(i) end
    return result
end

local function select(list, fn)
    local result = {}
    for i = 1, #list do
        if fn(list[i]) then result[#result + 1] = list[i] end
    end
    return result
end

local function inject(list, initial, fn)
    local result = initial
    for i = 1, #list do result = fn(result, list[i]) end
    return result
end

local function compose(f, g)
    return function(x) return g(f(x)) end
end

local Blocks = harness.class()

function Blocks.new()
    return setmetatable({
        numbers = map_range(1, 1000, function(n) return n * 7 % 1000 end),
        composed = inject({
            function(n) return n + 1 end,
            function(n) return n * 2 end,
            function(n) return n - 3 end,
            function(n) return n % 1000 end,
            function(n) return n * n end,
        }, function(n) return n end, compose),
    }, Blocks)
end

function Blocks:inner_loop(inner)
    for _ = 1, inner do
        if self:use_composed() ~= 333333000 or self:over_list() ~= 250500 or self:over_range() ~= 245000
                or self:search() ~= 90288 then
            return false
        end
    end
    return true
end

function Blocks:use_composed()
    return inject(self.numbers, 0, function(sum, n) return sum + self.composed(n) end)
end

function Blocks:over_list()
    local more = map(self.numbers, function(n) return n + 1 end)
    local even = select(more, function(n) return n % 2 == 0 end)
    return inject(even, 0, function(sum, n) return sum + n end)
end

function Blocks:over_range()
    local squares = map_range(1, 1000, function(n) return n * n end)
    local chosen = select(squares, function(n) return n % 4 == 0 end)
    return inject(chosen, 0, function(sum, n) return sum + n % 1000 end)
end

function Blocks:search()
    local sum = 0
    for limit = 800, 998, 2 do sum = sum + self:first_above(limit) end
    return sum
end

-- A function given to another cannot return from this one: a loop, as one writes it in Lua.
function Blocks:first_above(limit)
    for _, n in ipairs(self.numbers) do
        if n > limit then return n end
    end
    return nil
end

harness.run("Blocks", 150, Blocks.new())
