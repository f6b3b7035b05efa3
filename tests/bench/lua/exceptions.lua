-- Errors raised at some depth, caught by their class or passed on, and code that runs in any case.
package.path = (arg[0]:match("^.*/") or "") .. "?.lua;" .. package.path
local harness = require("harness")

local Refused, Missing = harness.class(), harness.class()
local Exceptions = harness.class()

function Exceptions:inner_loop(inner)
    self.caught, self.passed_on, self.finished = 0, 0, 0
    local total = 0
    for _ = 1, inner do
        for n = 1, 1000 do total = total + self:outer(n) end
    end
    return total == inner * 601457 and self.caught == inner * 333 and self.passed_on == inner * 134
        and self.finished == inner * 1000
end

function Exceptions:outer(n)
    local right, result = pcall(self.inner, self, n)
    if right then return result end
    if getmetatable(result) == Missing then
        self.passed_on = self.passed_on + 1
        return -#result.name
    end
    error(result, 0)
end

-- Catches one class of errors and lets the other pass.
function Exceptions:inner(n)
    local right, result = pcall(self.deep, self, n, 5)
    if not right and getmetatable(result) == Refused then
        self.caught = self.caught + 1
        right, result = true, result.amount * 2
    end
    self.finished = self.finished + 1
    if not right then error(result, 0) end
    return result
end

function Exceptions:deep(n, depth)
    if depth > 0 then return self:deep(n, depth - 1) + 1 end
    if n % 3 == 0 then error(setmetatable({message = "too much", amount = n}, Refused), 0) end
    if n % 5 == 0 then error(setmetatable({message = "not there", name = "something"}, Missing), 0) end
    return n
end

harness.run("Exceptions", 150, setmetatable({}, Exceptions))
