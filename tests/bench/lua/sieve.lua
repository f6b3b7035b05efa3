-- Primes up to 5000 by the sieve of Eratosthenes.
package.path = (arg[0]:match("^.*/") or "") .. "?.lua;" .. package.path
local harness = require("harness")

local Sieve = harness.class()

function Sieve:inner_loop(inner)
    for _ = 1, inner do
        if self:benchmark() ~= 669 then return false end
    end
    return true
end

function Sieve:benchmark()
    local flags = {}
    for i = 1, 5000 do flags[i] = true end
    return self:sieve(flags, 5000)
end

function Sieve:sieve(flags, size)
    local primes = 0
    for i = 2, size do
        if flags[i - 1] then
            primes = primes + 1
            local k = i + i
            while k <= size do
                flags[k - 1] = false
                k = k + i
            end
        end
    end
    return primes
end

harness.run("Sieve", 800, setmetatable({}, Sieve))
