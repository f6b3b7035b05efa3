-- The Mandelbrot set on a square; the inner iterations are the length of a side.
package.path = (arg[0]:match("^.*/") or "") .. "?.lua;" .. package.path
local harness = require("harness")
local bxor, shl = harness.bxor, harness.shl

local Mandelbrot = harness.class()

-- The results of the original for 1, 500 and 750, and one of our own, small, for a quick check.
local EXPECTED = {[1] = 128, [50] = 15, [500] = 191, [750] = 50}

function Mandelbrot:inner_loop(inner)
    local result = self:mandelbrot(inner)
    if EXPECTED[inner] == nil then error("no result is known for " .. inner .. "; it was " .. result) end
    return result == EXPECTED[inner]
end

function Mandelbrot:mandelbrot(size)
    local sum, byte, bits = 0, 0, 0
    local y = 0
    while y < size do
        local ci = 2.0 * y / size - 1.0
        local x = 0
        while x < size do
            local zr, zi = 0.0, 0.0
            local zrzr, zizi = 0.0, 0.0
            local cr = 2.0 * x / size - 1.5
            local z, going, escaped = 0, true, 0
            while going and z < 50 do
                zr = zrzr - zizi + cr
                zi = 2.0 * zr * zi + ci
                zrzr = zr * zr
                zizi = zi * zi
                if zrzr + zizi > 4.0 then
                    going = false
                    escaped = 1
                end
                z = z + 1
            end
            byte = shl(byte, 1) + escaped
            bits = bits + 1
            if bits == 8 then
                sum = bxor(sum, byte)
                byte, bits = 0, 0
            elseif x == size - 1 then
                byte = shl(byte, 8 - bits)
                sum = bxor(sum, byte)
                byte, bits = 0, 0
            end
            x = x + 1
        end
        y = y + 1
    end
    return sum
end

harness.run("Mandelbrot", 500, setmetatable({}, Mandelbrot))
