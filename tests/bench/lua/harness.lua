-- Runs a benchmark as often as the command line says and prints the time of each iteration:
--   lua5.4 NAME.lua [ITERATIONS [INNER]]
-- Works in Lua 5.4 and in LuaJIT (Lua 5.1 with `bit`).

local harness = {}

-- `benchmark:inner_loop(inner)` does the work `inner` times and answers whether every result was right.
function harness.run(name, default_inner, benchmark)
    local iterations = tonumber(arg[1] or 1)
    local inner = tonumber(arg[2] or default_inner)
    for i = 1, iterations do
        local start = os.clock()
        local right = benchmark:inner_loop(inner)
        local micros = (os.clock() - start) * 1e6
        if not right then
            io.stderr:write(name, ": wrong result\n")
            os.exit(1)
        end
        print(("%s: iteration %d: %.0f us"):format(name, i, micros))
    end
end

-- A class in the usual way: one table that is its instances' metatable, and looks further in `super`.
function harness.class(super)
    local class = {}
    class.__index = class
    return setmetatable(class, {__index = super})
end

-- Bit operations are operators in 5.4 and functions in LuaJIT.
if bit then
    harness.bxor, harness.band, harness.shl, harness.shr = bit.bxor, bit.band, bit.lshift, bit.rshift
else
    harness.bxor = load("return function(a, b) return a ~ b end")()
    harness.band = load("return function(a, b) return a & b end")()
    harness.shl = load("return function(a, b) return a << b end")()
    harness.shr = load("return function(a, b) return a >> b end")()
end

return harness
