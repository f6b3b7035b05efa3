"""The scheduler of an operating system: an idler, a worker, two handlers and two devices pass packets."""

import harness

IDLER, WORKER, HANDLER_A, HANDLER_B, DEVICE_A, DEVICE_B = range(6)
DEVICE_PACKET, WORK_PACKET = 0, 1
DATA_SIZE = 4
TRACING = False


class Queued:
    """What packets and the records of tasks have in common: a packet is put at the end of a queue."""

    def append(self, packet, queue):
        packet.link = None
        if queue is None:
            return packet
        last = queue
        while last.link is not None:
            last = last.link
        last.link = packet
        return queue


class Packet(Queued):
    def __init__(self, link, identity, kind):
        self.link = link
        self.identity = identity
        self.kind = kind
        self.datum = 0
        self.data = [0] * DATA_SIZE


class DeviceData(Queued):
    def __init__(self):
        self.pending = None


class HandlerData(Queued):
    def __init__(self):
        self.work_in = None
        self.device_in = None

    def add_device(self, packet):
        self.device_in = self.append(packet, self.device_in)

    def add_work(self, packet):
        self.work_in = self.append(packet, self.work_in)


class IdlerData(Queued):
    def __init__(self):
        self.control = 1
        self.count = 10000


class WorkerData(Queued):
    def __init__(self):
        self.destination = HANDLER_A
        self.count = 0


class TaskState(Queued):
    def __init__(self):
        self.pending = False
        self.waiting = False
        self.holding = False

    def set_pending(self):
        self.pending = True
        self.waiting = False
        self.holding = False
        return self

    def set_running(self):
        self.pending = False
        self.waiting = False
        self.holding = False
        return self

    def set_waiting(self):
        self.pending = False
        self.waiting = True
        self.holding = False
        return self

    def set_waiting_with_packet(self):
        self.pending = True
        self.waiting = True
        self.holding = False
        return self

    def is_pending(self):
        return self.pending

    def is_waiting(self):
        return self.waiting

    def is_holding(self):
        return self.holding

    def is_holding_or_waiting(self):
        return self.holding or (not self.pending and self.waiting)

    def is_waiting_with_packet(self):
        return self.pending and (self.waiting and not self.holding)


class Task(TaskState):
    def __init__(self, link, identity, priority, input, state, data, work):
        super().__init__()
        self.link = link
        self.identity = identity
        self.priority = priority
        self.input = input
        self.pending = state.is_pending()
        self.waiting = state.is_waiting()
        self.holding = state.is_holding()
        self.data = data
        self.work = work

    def add_input(self, packet, old_task):
        if self.input is None:
            self.input = packet
            self.pending = True
            if self.priority > old_task.priority:
                return self
        else:
            self.append(packet, self.input)
        return old_task

    def run(self):
        message = None
        if self.is_waiting_with_packet():
            message = self.input
            self.input = message.link
            if self.input is None:
                self.set_running()
            else:
                self.set_pending()
        return self.work(message, self.data)


class Scheduler(Queued):
    def __init__(self):
        self.layout = 0
        self.tasks = None
        self.current = None
        self.current_identity = 0
        self.table = [None] * 6
        self.queued = 0
        self.held = 0

    def create_task(self, identity, priority, input, state, data, work):
        task = Task(self.tasks, identity, priority, input, state, data, work)
        self.tasks = task
        self.table[identity] = task

    def create_idler(self, identity, priority, input, state):
        def work(_, data):
            data.count -= 1
            if data.count == 0:
                return self.hold_self()
            if data.control & 1 == 0:
                data.control >>= 1
                return self.release(DEVICE_A)
            data.control = (data.control >> 1) ^ 53256
            return self.release(DEVICE_B)

        self.create_task(identity, priority, input, state, IdlerData(), work)

    def create_worker(self, identity, priority, input, state):
        def work(packet, data):
            if packet is None:
                return self.wait()
            data.destination = HANDLER_B if data.destination == HANDLER_A else HANDLER_A
            packet.identity = data.destination
            packet.datum = 0
            for i in range(DATA_SIZE):
                data.count += 1
                if data.count > 26:
                    data.count = 1
                packet.data[i] = 65 + data.count - 1
            return self.queue_packet(packet)

        self.create_task(identity, priority, input, state, WorkerData(), work)

    def create_handler(self, identity, priority, input, state):
        def work(packet, data):
            if packet is not None:
                if packet.kind == WORK_PACKET:
                    data.add_work(packet)
                else:
                    data.add_device(packet)
            work_packet = data.work_in
            if work_packet is None:
                return self.wait()
            count = work_packet.datum
            if count >= DATA_SIZE:
                data.work_in = work_packet.link
                return self.queue_packet(work_packet)
            device_packet = data.device_in
            if device_packet is None:
                return self.wait()
            data.device_in = device_packet.link
            device_packet.datum = work_packet.data[count]
            work_packet.datum = count + 1
            return self.queue_packet(device_packet)

        self.create_task(identity, priority, input, state, HandlerData(), work)

    def create_device(self, identity, priority, input, state):
        def work(packet, data):
            if packet is None:
                packet = data.pending
                if packet is None:
                    return self.wait()
                data.pending = None
                return self.queue_packet(packet)
            data.pending = packet
            if TRACING:
                self.trace(packet.datum)
            return self.hold_self()

        self.create_task(identity, priority, input, state, DeviceData(), work)

    def start(self):
        self.create_idler(IDLER, 0, None, TaskState().set_running())

        queue = Packet(None, WORKER, WORK_PACKET)
        queue = Packet(queue, WORKER, WORK_PACKET)
        self.create_worker(WORKER, 1000, queue, TaskState().set_waiting_with_packet())

        queue = Packet(None, DEVICE_A, DEVICE_PACKET)
        queue = Packet(queue, DEVICE_A, DEVICE_PACKET)
        queue = Packet(queue, DEVICE_A, DEVICE_PACKET)
        self.create_handler(HANDLER_A, 2000, queue, TaskState().set_waiting_with_packet())

        queue = Packet(None, DEVICE_B, DEVICE_PACKET)
        queue = Packet(queue, DEVICE_B, DEVICE_PACKET)
        queue = Packet(queue, DEVICE_B, DEVICE_PACKET)
        self.create_handler(HANDLER_B, 3000, queue, TaskState().set_waiting_with_packet())

        self.create_device(DEVICE_A, 4000, None, TaskState().set_waiting())
        self.create_device(DEVICE_B, 5000, None, TaskState().set_waiting())

        self.schedule()
        return self.queued == 23246 and self.held == 9297

    def schedule(self):
        self.current = self.tasks
        while self.current is not None:
            if self.current.is_holding_or_waiting():
                self.current = self.current.link
            else:
                self.current_identity = self.current.identity
                if TRACING:
                    self.trace(self.current_identity)
                self.current = self.current.run()

    def find_task(self, identity):
        task = self.table[identity]
        if task is None:
            raise ValueError("find_task failed")
        return task

    def hold_self(self):
        self.held += 1
        self.current.holding = True
        return self.current.link

    def queue_packet(self, packet):
        task = self.find_task(packet.identity)
        self.queued += 1
        packet.link = None
        packet.identity = self.current_identity
        return task.add_input(packet, self.current)

    def release(self, identity):
        task = self.find_task(identity)
        task.holding = False
        if task.priority > self.current.priority:
            return task
        return self.current

    def wait(self):
        self.current.waiting = True
        return self.current

    def trace(self, id):
        self.layout -= 1
        if self.layout <= 0:
            print()
            self.layout = 50
        print(id, end="")


class Richards:
    def inner_loop(self, inner):
        for _ in range(inner):
            if not Scheduler().start():
                return False
        return True


harness.run("Richards", 5, Richards())
