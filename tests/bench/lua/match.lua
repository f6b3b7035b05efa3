-- Formulas as trees, derived, simplified and evaluated; values of all kinds told apart. Lua has no `match`.
package.path = (arg[0]:match("^.*/") or "") .. "?.lua;" .. package.path
local harness = require("harness")
local class = harness.class

local Number, Variable, Sum, Product, Power = class(), class(), class(), class(), class()

function Number.new(value) return setmetatable({value = value}, Number) end
function Variable.new(name) return setmetatable({name = name}, Variable) end
function Sum.new(left, right) return setmetatable({left = left, right = right}, Sum) end
function Product.new(left, right) return setmetatable({left = left, right = right}, Product) end
function Power.new(base, exponent) return setmetatable({base = base, exponent = exponent}, Power) end

local function derived(formula, by)
    local kind = getmetatable(formula)
    if kind == Number then return Number.new(0) end
    if kind == Variable then return Number.new(formula.name == by and 1 or 0) end
    if kind == Sum then return Sum.new(derived(formula.left, by), derived(formula.right, by)) end
    if kind == Product then
        local a, b = formula.left, formula.right
        return Sum.new(Product.new(derived(a, by), b), Product.new(a, derived(b, by)))
    end
    local base, n = formula.base, formula.exponent
    return Product.new(Product.new(Number.new(n), Power.new(base, n - 1)), derived(base, by))
end

local function simple_sum(a, b)
    local a_number, b_number = getmetatable(a) == Number, getmetatable(b) == Number
    if a_number and b_number then return Number.new(a.value + b.value) end
    if a_number and a.value == 0 then return b end
    if b_number and b.value == 0 then return a end
    return Sum.new(a, b)
end

local function simple_product(a, b)
    local a_number, b_number = getmetatable(a) == Number, getmetatable(b) == Number
    if a_number and b_number then return Number.new(a.value * b.value) end
    if a_number and a.value == 0 or b_number and b.value == 0 then return Number.new(0) end
    if a_number and a.value == 1 then return b end
    if b_number and b.value == 1 then return a end
    return Product.new(a, b)
end

local function simplified(formula)
    local kind = getmetatable(formula)
    if kind == Sum then return simple_sum(simplified(formula.left), simplified(formula.right)) end
    if kind == Product then return simple_product(simplified(formula.left), simplified(formula.right)) end
    if kind == Power then
        local n = formula.exponent
        if n == 0 then return Number.new(1) end
        if n == 1 then return simplified(formula.base) end
        return Power.new(simplified(formula.base), n)
    end
    return formula
end

local function evaluated(formula, x, y)
    local kind = getmetatable(formula)
    if kind == Number then return formula.value end
    if kind == Variable then return formula.name == "x" and x or y end
    if kind == Sum then return evaluated(formula.left, x, y) + evaluated(formula.right, x, y) end
    if kind == Product then return evaluated(formula.left, x, y) * evaluated(formula.right, x, y) end
    return evaluated(formula.base, x, y) ^ formula.exponent
end

-- Symbols and tuples are classes of their own here, as Lua has neither; lists are plain tables.
local Symbol, Tuple = class(), class()
local LEFT = setmetatable({name = "left"}, Symbol)

local function weight(value)
    local kind = type(value)
    if kind == "number" then
        if value % 1 ~= 0 then return 16 end
        if value == 0 or value == 1 then return 1 end
        if value >= 2 and value <= 9 then return 2 end
        if value < 0 then return 3 end
        return 4
    end
    if kind == "string" then
        if value == "" then return 5 end
        if value == "stop" or value == "go" then return 6 end
        return 7
    end
    if kind == "table" then
        local class_of = getmetatable(value)
        if class_of == Symbol then return value == LEFT and 8 or 9 end
        if class_of == Tuple then return #value == 2 and 14 or 16 end
        if #value == 0 then return 10 end
        if #value == 1 then return 11 end
        return 12 + value[1]
    end
    if value == nil then return 15 end
    return 16
end

local Match = class()

function Match.new()
    local x, y = Variable.new("x"), Variable.new("y")
    local part = Sum.new(Product.new(Number.new(3), Power.new(x, 3)), Product.new(x, y))
    return setmetatable({
        formula = Product.new(Sum.new(part, Power.new(Sum.new(x, Number.new(1)), 2)),
            Sum.new(Product.new(part, y), Number.new(7))),
        -- The 17th is nil.
        values = {
            0, 1, 5, -7, 400, "", "stop", "go", "something", LEFT, setmetatable({name = "right"}, Symbol),
            {}, {1}, {1, 2}, {2, 3, 4}, setmetatable({1, 2}, Tuple), nil, 1.5,
        },
    }, Match)
end

function Match:inner_loop(inner)
    for _ = 1, inner do
        for _ = 1, 20 do
            local once = simplified(derived(self.formula, "x"))
            local twice = simplified(derived(once, "y"))
            if evaluated(once, 2, 3) ~= 8928 or evaluated(twice, 2, 3) ~= 3589 then return false end
            local total = 0
            for i = 1, 18 do total = total + weight(self.values[i]) end
            if total ~= 145 then return false end
        end
    end
    return true
end

harness.run("Match", 50, Match.new())
