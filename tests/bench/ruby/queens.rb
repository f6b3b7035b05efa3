# frozen_string_literal: true

# Eight queens, the first solution, ten times.
require_relative 'harness'

class Queens
  def inner_loop(inner)
    inner.times { return false unless benchmark }
    true
  end

  def benchmark
    result = true
    10.times { result &&= queens }
    result
  end

  def queens
    @free_rows = Array.new(8, true)
    @free_maxs = Array.new(16, true)
    @free_mins = Array.new(16, true)
    @queen_rows = Array.new(8, -1)
    place_queen(0)
  end

  def place_queen(c)
    8.times do |r|
      next unless row_column(r, c)

      @queen_rows[r] = c
      set_row_column(r, c, false)
      return true if c == 7
      return true if place_queen(c + 1)

      set_row_column(r, c, true)
    end
    false
  end

  def row_column(r, c)
    @free_rows[r] && @free_maxs[c + r] && @free_mins[c - r + 7]
  end

  def set_row_column(r, c, value)
    @free_rows[r] = value
    @free_maxs[c + r] = value
    @free_mins[c - r + 7] = value
  end
end

Harness.run('Queens', 250, Queens.new)
