-- Takeuchi's function on the lengths of linked lists.
package.path = (arg[0]:match("^.*/") or "") .. "?.lua;" .. package.path
local harness = require("harness")
local class = harness.class

local Element = class()

function Element.new(value)
    return setmetatable({value = value, next = nil}, Element)
end

function Element:length()
    if not self.next then return 1 end
    return 1 + self.next:length()
end

local List = class()

function List:inner_loop(inner)
    for _ = 1, inner do
        if self:benchmark() ~= 10 then return false end
    end
    return true
end

function List:benchmark()
    local result = self:tail(self:make_list(15), self:make_list(10), self:make_list(6))
    return result:length()
end

function List:make_list(length)
    if length == 0 then return nil end
    local element = Element.new(length)
    element.next = self:make_list(length - 1)
    return element
end

function List:is_shorter_than(x, y)
    local x_tail, y_tail = x, y
    while y_tail do
        if not x_tail then return true end
        x_tail = x_tail.next
        y_tail = y_tail.next
    end
    return false
end

function List:tail(x, y, z)
    if self:is_shorter_than(y, x) then
        return self:tail(self:tail(x.next, y, z), self:tail(y.next, z, x), self:tail(z.next, x, y))
    end
    return z
end

harness.run("List", 250, setmetatable({}, List))
