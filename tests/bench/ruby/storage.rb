# frozen_string_literal: true

# A tree of arrays with leaves of random length: makes garbage.
require_relative 'harness'
require_relative 'som'

class Storage
  def inner_loop(inner)
    inner.times { return false unless benchmark == 5461 }
    true
  end

  def benchmark
    random = Som::Random.new
    @count = 0
    build_tree_depth(7, random)
    @count
  end

  def build_tree_depth(depth, random)
    @count += 1
    if depth == 1
      Array.new(random.next % 10 + 1)
    else
      Array.new(4) { build_tree_depth(depth - 1, random) }
    end
  end
end

Harness.run('Storage', 60, Storage.new)
