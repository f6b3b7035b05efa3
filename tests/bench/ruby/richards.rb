# frozen_string_literal: true

# The scheduler of an operating system: an idler, a worker, two handlers and two devices pass packets.
require_relative 'harness'

IDLER = 0
WORKER = 1
HANDLER_A = 2
HANDLER_B = 3
DEVICE_A = 4
DEVICE_B = 5
DEVICE_PACKET = 0
WORK_PACKET = 1
DATA_SIZE = 4
TRACING = false

# What packets and the records of tasks have in common: a packet is put at the end of a queue.
class Queued
  def append(packet, queue)
    packet.link = nil
    return packet unless queue

    last = queue
    last = last.link while last.link
    last.link = packet
    queue
  end
end

class Packet < Queued
  attr_accessor :link, :identity, :datum
  attr_reader :kind, :data

  def initialize(link, identity, kind)
    super()
    @link = link
    @identity = identity
    @kind = kind
    @datum = 0
    @data = Array.new(DATA_SIZE, 0)
  end
end

class DeviceData < Queued
  attr_accessor :pending

  def initialize
    super
    @pending = nil
  end
end

class HandlerData < Queued
  attr_accessor :work_in, :device_in

  def initialize
    super
    @work_in = nil
    @device_in = nil
  end

  def add_device(packet)
    @device_in = append(packet, @device_in)
  end

  def add_work(packet)
    @work_in = append(packet, @work_in)
  end
end

class IdlerData < Queued
  attr_accessor :control, :count

  def initialize
    super
    @control = 1
    @count = 10_000
  end
end

class WorkerData < Queued
  attr_accessor :destination, :count

  def initialize
    super
    @destination = HANDLER_A
    @count = 0
  end
end

class TaskState < Queued
  attr_writer :pending, :waiting, :holding

  def initialize
    super
    @pending = false
    @waiting = false
    @holding = false
  end

  def set_pending
    @pending = true
    @waiting = false
    @holding = false
    self
  end

  def set_running
    @pending = false
    @waiting = false
    @holding = false
    self
  end

  def set_waiting
    @pending = false
    @waiting = true
    @holding = false
    self
  end

  def set_waiting_with_packet
    @pending = true
    @waiting = true
    @holding = false
    self
  end

  def pending?
    @pending
  end

  def waiting?
    @waiting
  end

  def holding?
    @holding
  end

  def holding_or_waiting?
    @holding || (!@pending && @waiting)
  end

  def waiting_with_packet?
    @pending && (@waiting && !@holding)
  end
end

class Task < TaskState
  attr_reader :link, :identity, :priority

  def initialize(link, identity, priority, input, state, data, &work)
    super()
    @link = link
    @identity = identity
    @priority = priority
    @input = input
    @pending = state.pending?
    @waiting = state.waiting?
    @holding = state.holding?
    @data = data
    @work = work
  end

  def add_input(packet, old_task)
    if @input
      append(packet, @input)
    else
      @input = packet
      @pending = true
      return self if @priority > old_task.priority
    end
    old_task
  end

  def run
    message = nil
    if waiting_with_packet?
      message = @input
      @input = message.link
      if @input
        set_pending
      else
        set_running
      end
    end
    @work.call(message, @data)
  end
end

class Scheduler < Queued
  def initialize
    super
    @layout = 0
    @tasks = nil
    @current = nil
    @current_identity = 0
    @table = Array.new(6)
    @queued = 0
    @held = 0
  end

  def create_task(identity, priority, input, state, data, &work)
    task = Task.new(@tasks, identity, priority, input, state, data, &work)
    @tasks = task
    @table[identity] = task
  end

  def create_idler(identity, priority, input, state)
    create_task(identity, priority, input, state, IdlerData.new) do |_, data|
      data.count -= 1
      if data.count == 0
        hold_self
      elsif (data.control & 1) == 0
        data.control >>= 1
        release(DEVICE_A)
      else
        data.control = (data.control >> 1) ^ 53_256
        release(DEVICE_B)
      end
    end
  end

  def create_worker(identity, priority, input, state)
    create_task(identity, priority, input, state, WorkerData.new) do |packet, data|
      if packet
        data.destination = data.destination == HANDLER_A ? HANDLER_B : HANDLER_A
        packet.identity = data.destination
        packet.datum = 0
        DATA_SIZE.times do |i|
          data.count += 1
          data.count = 1 if data.count > 26
          packet.data[i] = 65 + data.count - 1
        end
        queue_packet(packet)
      else
        wait
      end
    end
  end

  def create_handler(identity, priority, input, state)
    create_task(identity, priority, input, state, HandlerData.new) do |packet, data|
      if packet
        if packet.kind == WORK_PACKET
          data.add_work(packet)
        else
          data.add_device(packet)
        end
      end
      work_packet = data.work_in
      if work_packet
        count = work_packet.datum
        if count >= DATA_SIZE
          data.work_in = work_packet.link
          queue_packet(work_packet)
        else
          device_packet = data.device_in
          if device_packet
            data.device_in = device_packet.link
            device_packet.datum = work_packet.data[count]
            work_packet.datum = count + 1
            queue_packet(device_packet)
          else
            wait
          end
        end
      else
        wait
      end
    end
  end

  def create_device(identity, priority, input, state)
    create_task(identity, priority, input, state, DeviceData.new) do |packet, data|
      if packet
        data.pending = packet
        trace(packet.datum) if TRACING
        hold_self
      else
        packet = data.pending
        if packet
          data.pending = nil
          queue_packet(packet)
        else
          wait
        end
      end
    end
  end

  def start
    create_idler(IDLER, 0, nil, TaskState.new.set_running)

    queue = Packet.new(nil, WORKER, WORK_PACKET)
    queue = Packet.new(queue, WORKER, WORK_PACKET)
    create_worker(WORKER, 1000, queue, TaskState.new.set_waiting_with_packet)

    queue = Packet.new(nil, DEVICE_A, DEVICE_PACKET)
    queue = Packet.new(queue, DEVICE_A, DEVICE_PACKET)
    queue = Packet.new(queue, DEVICE_A, DEVICE_PACKET)
    create_handler(HANDLER_A, 2000, queue, TaskState.new.set_waiting_with_packet)

    queue = Packet.new(nil, DEVICE_B, DEVICE_PACKET)
    queue = Packet.new(queue, DEVICE_B, DEVICE_PACKET)
    queue = Packet.new(queue, DEVICE_B, DEVICE_PACKET)
    create_handler(HANDLER_B, 3000, queue, TaskState.new.set_waiting_with_packet)

    create_device(DEVICE_A, 4000, nil, TaskState.new.set_waiting)
    create_device(DEVICE_B, 5000, nil, TaskState.new.set_waiting)

    schedule
    @queued == 23_246 && @held == 9297
  end

  def schedule
    @current = @tasks
    while @current
      if @current.holding_or_waiting?
        @current = @current.link
      else
        @current_identity = @current.identity
        trace(@current_identity) if TRACING
        @current = @current.run
      end
    end
  end

  def find_task(identity)
    @table[identity] || raise('find_task failed')
  end

  def hold_self
    @held += 1
    @current.holding = true
    @current.link
  end

  def queue_packet(packet)
    task = find_task(packet.identity)
    @queued += 1
    packet.link = nil
    packet.identity = @current_identity
    task.add_input(packet, @current)
  end

  def release(identity)
    task = find_task(identity)
    task.holding = false
    task.priority > @current.priority ? task : @current
  end

  def wait
    @current.waiting = true
    @current
  end

  def trace(id)
    @layout -= 1
    if @layout <= 0
      puts
      @layout = 50
    end
    print id
  end
end

class Richards
  def inner_loop(inner)
    inner.times { return false unless Scheduler.new.start }
    true
  end
end

Harness.run('Richards', 5, Richards.new)
