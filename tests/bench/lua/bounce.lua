-- A hundred balls bounce fifty steps in a box.
package.path = (arg[0]:match("^.*/") or "") .. "?.lua;" .. package.path
local harness = require("harness")
local Random = require("som").Random
local abs = math.abs

local Ball = harness.class()

function Ball.new(random)
    return setmetatable({
        x = random:next() % 500,
        y = random:next() % 500,
        x_speed = random:next() % 300 - 150,
        y_speed = random:next() % 300 - 150,
    }, Ball)
end

function Ball:bounce()
    local x_limit, y_limit = 500, 500
    local bounced = false
    self.x = self.x + self.x_speed
    self.y = self.y + self.y_speed
    if self.x > x_limit then
        self.x = x_limit
        self.x_speed = 0 - abs(self.x_speed)
        bounced = true
    end
    if self.x < 0 then
        self.x = 0
        self.x_speed = abs(self.x_speed)
        bounced = true
    end
    if self.y > y_limit then
        self.y = y_limit
        self.y_speed = 0 - abs(self.y_speed)
        bounced = true
    end
    if self.y < 0 then
        self.y = 0
        self.y_speed = abs(self.y_speed)
        bounced = true
    end
    return bounced
end

local Bounce = harness.class()

function Bounce:inner_loop(inner)
    for _ = 1, inner do
        if self:benchmark() ~= 1331 then return false end
    end
    return true
end

function Bounce:benchmark()
    local random = Random.new()
    local balls = {}
    for i = 1, 100 do
        balls[i] = Ball.new(random)
    end
    local bounces = 0
    for _ = 1, 50 do
        for i = 1, #balls do
            if balls[i]:bounce() then bounces = bounces + 1 end
        end
    end
    return bounces
end

harness.run("Bounce", 150, setmetatable({}, Bounce))
