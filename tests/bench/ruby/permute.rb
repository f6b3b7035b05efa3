# frozen_string_literal: true

# All permutations of six elements, by swapping in place.
require_relative 'harness'

class Permute
  def inner_loop(inner)
    inner.times { return false unless benchmark == 8660 }
    true
  end

  def benchmark
    @count = 0
    @elements = Array.new(6, 0)
    permute(6)
    @count
  end

  def permute(n)
    @count += 1
    return if n == 0

    n1 = n - 1
    permute(n1)
    n1.downto(0) do |i|
      swap(n1, i)
      permute(n1)
      swap(n1, i)
    end
  end

  def swap(i, j)
    kept = @elements[i]
    @elements[i] = @elements[j]
    @elements[j] = kept
  end
end

Harness.run('Permute', 100, Permute.new)
