-- The scheduler of an operating system: an idler, a worker, two handlers and two devices pass packets.
package.path = (arg[0]:match("^.*/") or "") .. "?.lua;" .. package.path
local harness = require("harness")
local class, bxor, shr = harness.class, harness.bxor, harness.shr

local IDLER, WORKER, HANDLER_A, HANDLER_B, DEVICE_A, DEVICE_B = 1, 2, 3, 4, 5, 6
local DEVICE_PACKET, WORK_PACKET = 0, 1
local DATA_SIZE = 4
local TRACING = false

-- What packets and the records of tasks have in common: a packet is put at the end of a queue.
local Queued = class()

function Queued:append(packet, queue)
    packet.link = nil
    if queue == nil then return packet end
    local last = queue
    while last.link ~= nil do
        last = last.link
    end
    last.link = packet
    return queue
end

local Packet = class(Queued)

function Packet.new(link, identity, kind)
    return setmetatable({link = link, identity = identity, kind = kind, datum = 1, data = {0, 0, 0, 0}}, Packet)
end

local DeviceData = class(Queued)

function DeviceData.new()
    return setmetatable({pending = nil}, DeviceData)
end

local HandlerData = class(Queued)

function HandlerData.new()
    return setmetatable({work_in = nil, device_in = nil}, HandlerData)
end

function HandlerData:add_device(packet)
    self.device_in = self:append(packet, self.device_in)
end

function HandlerData:add_work(packet)
    self.work_in = self:append(packet, self.work_in)
end

local IdlerData = class(Queued)

function IdlerData.new()
    return setmetatable({control = 1, count = 10000}, IdlerData)
end

local WorkerData = class(Queued)

function WorkerData.new()
    return setmetatable({destination = HANDLER_A, count = 0}, WorkerData)
end

local TaskState = class(Queued)

function TaskState.new()
    return setmetatable({pending = false, waiting = false, holding = false}, TaskState)
end

function TaskState:set_pending()
    self.pending, self.waiting, self.holding = true, false, false
    return self
end

function TaskState:set_running()
    self.pending, self.waiting, self.holding = false, false, false
    return self
end

function TaskState:set_waiting()
    self.pending, self.waiting, self.holding = false, true, false
    return self
end

function TaskState:set_waiting_with_packet()
    self.pending, self.waiting, self.holding = true, true, false
    return self
end

function TaskState:is_pending() return self.pending end
function TaskState:is_waiting() return self.waiting end
function TaskState:is_holding() return self.holding end

function TaskState:is_holding_or_waiting()
    return self.holding or (not self.pending and self.waiting)
end

function TaskState:is_waiting_with_packet()
    return self.pending and (self.waiting and not self.holding)
end

local Task = class(TaskState)

function Task.new(link, identity, priority, input, state, data, work)
    return setmetatable({
        link = link,
        identity = identity,
        priority = priority,
        input = input,
        pending = state:is_pending(),
        waiting = state:is_waiting(),
        holding = state:is_holding(),
        data = data,
        work = work,
    }, Task)
end

function Task:add_input(packet, old_task)
    if self.input == nil then
        self.input = packet
        self.pending = true
        if self.priority > old_task.priority then return self end
    else
        self:append(packet, self.input)
    end
    return old_task
end

function Task:run()
    local message = nil
    if self:is_waiting_with_packet() then
        message = self.input
        self.input = message.link
        if self.input == nil then
            self:set_running()
        else
            self:set_pending()
        end
    end
    return self.work(message, self.data)
end

local Scheduler = class(Queued)

function Scheduler.new()
    return setmetatable({
        layout = 0,
        tasks = nil,
        current = nil,
        current_identity = 0,
        table = {},
        queued = 0,
        held = 0,
    }, Scheduler)
end

function Scheduler:create_task(identity, priority, input, state, data, work)
    local task = Task.new(self.tasks, identity, priority, input, state, data, work)
    self.tasks = task
    self.table[identity] = task
end

function Scheduler:create_idler(identity, priority, input, state)
    self:create_task(identity, priority, input, state, IdlerData.new(), function(_, data)
        data.count = data.count - 1
        if data.count == 0 then
            return self:hold_self()
        elseif data.control % 2 == 0 then
            data.control = shr(data.control, 1)
            return self:release(DEVICE_A)
        else
            data.control = bxor(shr(data.control, 1), 53256)
            return self:release(DEVICE_B)
        end
    end)
end

function Scheduler:create_worker(identity, priority, input, state)
    self:create_task(identity, priority, input, state, WorkerData.new(), function(packet, data)
        if packet == nil then return self:wait() end
        data.destination = data.destination == HANDLER_A and HANDLER_B or HANDLER_A
        packet.identity = data.destination
        packet.datum = 1
        for i = 1, DATA_SIZE do
            data.count = data.count + 1
            if data.count > 26 then data.count = 1 end
            packet.data[i] = 65 + data.count - 1
        end
        return self:queue_packet(packet)
    end)
end

function Scheduler:create_handler(identity, priority, input, state)
    self:create_task(identity, priority, input, state, HandlerData.new(), function(packet, data)
        if packet ~= nil then
            if packet.kind == WORK_PACKET then
                data:add_work(packet)
            else
                data:add_device(packet)
            end
        end
        local work_packet = data.work_in
        if work_packet == nil then return self:wait() end
        local count = work_packet.datum
        if count > DATA_SIZE then
            data.work_in = work_packet.link
            return self:queue_packet(work_packet)
        end
        local device_packet = data.device_in
        if device_packet == nil then return self:wait() end
        data.device_in = device_packet.link
        device_packet.datum = work_packet.data[count]
        work_packet.datum = count + 1
        return self:queue_packet(device_packet)
    end)
end

function Scheduler:create_device(identity, priority, input, state)
    self:create_task(identity, priority, input, state, DeviceData.new(), function(packet, data)
        if packet == nil then
            packet = data.pending
            if packet == nil then return self:wait() end
            data.pending = nil
            return self:queue_packet(packet)
        end
        data.pending = packet
        if TRACING then self:trace(packet.datum) end
        return self:hold_self()
    end)
end

function Scheduler:start()
    self:create_idler(IDLER, 0, nil, TaskState.new():set_running())

    local queue = Packet.new(nil, WORKER, WORK_PACKET)
    queue = Packet.new(queue, WORKER, WORK_PACKET)
    self:create_worker(WORKER, 1000, queue, TaskState.new():set_waiting_with_packet())

    queue = Packet.new(nil, DEVICE_A, DEVICE_PACKET)
    queue = Packet.new(queue, DEVICE_A, DEVICE_PACKET)
    queue = Packet.new(queue, DEVICE_A, DEVICE_PACKET)
    self:create_handler(HANDLER_A, 2000, queue, TaskState.new():set_waiting_with_packet())

    queue = Packet.new(nil, DEVICE_B, DEVICE_PACKET)
    queue = Packet.new(queue, DEVICE_B, DEVICE_PACKET)
    queue = Packet.new(queue, DEVICE_B, DEVICE_PACKET)
    self:create_handler(HANDLER_B, 3000, queue, TaskState.new():set_waiting_with_packet())

    self:create_device(DEVICE_A, 4000, nil, TaskState.new():set_waiting())
    self:create_device(DEVICE_B, 5000, nil, TaskState.new():set_waiting())

    self:schedule()
    return self.queued == 23246 and self.held == 9297
end

function Scheduler:schedule()
    self.current = self.tasks
    while self.current ~= nil do
        if self.current:is_holding_or_waiting() then
            self.current = self.current.link
        else
            self.current_identity = self.current.identity
            if TRACING then self:trace(self.current_identity) end
            self.current = self.current:run()
        end
    end
end

function Scheduler:find_task(identity)
    local task = self.table[identity]
    if task == nil then error("find_task failed") end
    return task
end

function Scheduler:hold_self()
    self.held = self.held + 1
    self.current.holding = true
    return self.current.link
end

function Scheduler:queue_packet(packet)
    local task = self:find_task(packet.identity)
    self.queued = self.queued + 1
    packet.link = nil
    packet.identity = self.current_identity
    return task:add_input(packet, self.current)
end

function Scheduler:release(identity)
    local task = self:find_task(identity)
    task.holding = false
    if task.priority > self.current.priority then return task end
    return self.current
end

function Scheduler:wait()
    self.current.waiting = true
    return self.current
end

function Scheduler:trace(id)
    self.layout = self.layout - 1
    if self.layout <= 0 then
        print()
        self.layout = 50
    end
    io.write(id)
end

local Richards = class()

function Richards:inner_loop(inner)
    for _ = 1, inner do
        if not Scheduler.new():start() then return false end
    end
    return true
end

harness.run("Richards", 5, setmetatable({}, Richards))
