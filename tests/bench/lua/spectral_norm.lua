-- The greatest singular value of an endless matrix's corner, 100 by 100: floats in lists.
package.path = (arg[0]:match("^.*/") or "") .. "?.lua;" .. package.path
local harness = require("harness")

local function element(i, j)
    return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1)
end

local function filled(size, value)
    local list = {}
    for i = 1, size do list[i] = value end
    return list
end

local SpectralNorm = harness.class()

function SpectralNorm:inner_loop(inner)
    for _ = 1, inner do
        if math.abs(self:norm(100) - 1.274219991) > 0.000000001 then return false end
    end
    return true
end

function SpectralNorm:norm(size)
    self.u, self.v = filled(size, 1.0), filled(size, 0.0)
    local u, v, between = self.u, self.v, filled(size, 0.0)
    for _ = 1, 10 do
        self:multiply_both(u, v, between)
        self:multiply_both(v, u, between)
    end
    local product, square = 0.0, 0.0
    for i = 1, size do
        product = product + u[i] * v[i]
        square = square + v[i] * v[i]
    end
    return math.sqrt(product / square)
end

function SpectralNorm:multiply(from, into)
    local size = #from
    for i = 1, size do
        local sum = 0.0
        for j = 1, size do sum = sum + element(i - 1, j - 1) * from[j] end
        into[i] = sum
    end
end

function SpectralNorm:multiply_transposed(from, into)
    local size = #from
    for i = 1, size do
        local sum = 0.0
        for j = 1, size do sum = sum + element(j - 1, i - 1) * from[j] end
        into[i] = sum
    end
end

function SpectralNorm:multiply_both(from, into, between)
    self:multiply(from, between)
    self:multiply_transposed(between, into)
end

harness.run("SpectralNorm", 4, setmetatable({}, SpectralNorm))
