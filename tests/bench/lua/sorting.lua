-- A kept list of two thousand people gets new scores and is sorted by two functions. Lua only compares two.
package.path = (arg[0]:match("^.*/") or "") .. "?.lua;" .. package.path
local harness = require("harness")
local Random = require("som").Random

local Person = harness.class()

local Sorting = harness.class()

function Sorting.new()
    local people = {}
    for i = 1, 2000 do people[i] = setmetatable({number = i - 1, score = 0}, Person) end
    return setmetatable({people = people, random = Random.new()}, Sorting)
end

function Sorting:inner_loop(inner)
    local people = self.people
    for _ = 1, inner do
        for _, person in ipairs(people) do person.score = self.random:next() end
        table.sort(people, function(a, b)
            if a.score ~= b.score then return a.score < b.score end
            return a.number < b.number
        end)
        if not self:is_in_order() then return false end
        table.sort(people, function(a, b) return a.number < b.number end)
        if people[1].number ~= 0 or people[#people].number ~= 1999 then return false end
    end
    return true
end

function Sorting:is_in_order()
    local people = self.people
    local last = people[1]
    for i = 2, #people do
        local person = people[i]
        if person.score < last.score then return false end
        if person.score == last.score and person.number < last.number then return false end
        last = person
    end
    return true
end

harness.run("Sorting", 30, Sorting.new())
