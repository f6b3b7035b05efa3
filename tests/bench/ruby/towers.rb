# frozen_string_literal: true

# The towers of Hanoi with thirteen disks.
require_relative 'harness'

class Disk
  attr_reader :size
  attr_accessor :next

  def initialize(size)
    @size = size
    @next = nil
  end
end

class Towers
  def inner_loop(inner)
    inner.times { return false unless benchmark == 8191 }
    true
  end

  def benchmark
    @piles = Array.new(3)
    build_tower_at(0, 13)
    @moves_done = 0
    move_disks(13, 0, 1)
    @moves_done
  end

  def push_disk(disk, pile)
    top = @piles[pile]
    raise 'Cannot put a big disk on a smaller one' if top && disk.size >= top.size

    disk.next = top
    @piles[pile] = disk
  end

  def pop_disk_from(pile)
    top = @piles[pile]
    raise 'Attempting to remove a disk from an empty pile' unless top

    @piles[pile] = top.next
    top.next = nil
    top
  end

  def move_top_disk(from, to)
    push_disk(pop_disk_from(from), to)
    @moves_done += 1
  end

  def build_tower_at(pile, disks)
    disks.downto(0) { |size| push_disk(Disk.new(size), pile) }
  end

  def move_disks(disks, from, to)
    if disks == 1
      move_top_disk(from, to)
    else
      other = 3 - from - to
      move_disks(disks - 1, from, other)
      move_top_disk(from, to)
      move_disks(disks - 1, other, to)
    end
  end
end

Harness.run('Towers', 80, Towers.new)
