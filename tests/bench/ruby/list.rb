# frozen_string_literal: true

# Takeuchi's function on the lengths of linked lists.
require_relative 'harness'

class Element
  attr_accessor :value, :next

  def initialize(value)
    @value = value
    @next = nil
  end

  def length
    @next ? 1 + @next.length : 1
  end
end

class List
  def inner_loop(inner)
    inner.times { return false unless benchmark == 10 }
    true
  end

  def benchmark
    tail(make_list(15), make_list(10), make_list(6)).length
  end

  def make_list(length)
    return nil if length == 0

    element = Element.new(length)
    element.next = make_list(length - 1)
    element
  end

  def shorter?(x, y)
    x_tail = x
    y_tail = y
    while y_tail
      return true unless x_tail

      x_tail = x_tail.next
      y_tail = y_tail.next
    end
    false
  end

  def tail(x, y, z)
    if shorter?(y, x)
      tail(tail(x.next, y, z), tail(y.next, z, x), tail(z.next, x, y))
    else
      z
    end
  end
end

Harness.run('List', 250, List.new)
