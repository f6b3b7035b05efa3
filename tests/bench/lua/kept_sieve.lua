-- A sieve whose flags are made once and kept: every store goes to an old list.
package.path = (arg[0]:match("^.*/") or "") .. "?.lua;" .. package.path
local harness = require("harness")

local KeptSieve = harness.class()

function KeptSieve.new()
    local flags = {}
    for i = 1, 5000 do flags[i] = true end
    return setmetatable({flags = flags}, KeptSieve)
end

function KeptSieve:inner_loop(inner)
    for _ = 1, inner do
        if self:sieve() ~= 669 then return false end
    end
    return true
end

function KeptSieve:sieve()
    local flags = self.flags
    for i = 1, 5000 do flags[i] = true end
    local primes = 0
    for i = 2, 5000 do
        if flags[i - 1] then
            primes = primes + 1
            local k = i + i
            while k <= 5000 do
                flags[k - 1] = false
                k = k + i
            end
        end
    end
    return primes
end

harness.run("KeptSieve", 20, KeptSieve.new())
