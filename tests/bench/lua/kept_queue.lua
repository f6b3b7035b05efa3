-- A linked queue of jobs that is kept: the first goes to the end, and every tenth gives way to a new one.
package.path = (arg[0]:match("^.*/") or "") .. "?.lua;" .. package.path
local harness = require("harness")

local Job = harness.class()

function Job.new(number)
    return setmetatable({number = number, runs = 0, next = nil}, Job)
end

function Job:run()
    self.runs = self.runs + 1
    return self.number
end

local KeptQueue = harness.class()

function KeptQueue.new()
    local queue = setmetatable({first = nil, last = nil, size = 0, steps = 0, sum = 0}, KeptQueue)
    for number = 0, 999 do queue:add(Job.new(number)) end
    return queue
end

function KeptQueue:add(job)
    job.next = nil
    if self.first == nil then
        self.first = job
    else
        self.last.next = job
    end
    self.last = job
    self.size = self.size + 1
end

function KeptQueue:remove_first()
    local job = self.first
    self.first = job.next
    self.size = self.size - 1
    return job
end

function KeptQueue:step()
    local job = self:remove_first()
    self.sum = self.sum + job:run()
    self.steps = self.steps + 1
    if self.steps % 10 == 0 then job = Job.new(job.number) end
    self:add(job)
end

function KeptQueue:inner_loop(inner)
    for _ = 1, inner do
        for _ = 1, 10000 do self:step() end
    end
    -- Each thousand steps run the numbers 0 to 999 once.
    return self.size == 1000 and self.sum == self.steps / 1000 * 499500
end

harness.run("KeptQueue", 5, KeptQueue.new())
