# frozen_string_literal: true

# Runs a benchmark as often as the command line says and prints the time of each iteration:
#   ruby NAME.rb [ITERATIONS [INNER]]
module Harness
  # `benchmark.inner_loop(inner)` does the work `inner` times and answers whether all results were right.
  def self.run(name, default_inner, benchmark)
    iterations = (ARGV[0] || 1).to_i
    inner = (ARGV[1] || default_inner).to_i
    (1..iterations).each do |i|
      start = now
      right = benchmark.inner_loop(inner)
      micros = ((now - start) * 1e6).round
      abort "#{name}: wrong result" unless right
      puts "#{name}: iteration #{i}: #{micros} us"
    end
  end

  def self.now
    Process.clock_gettime(Process::CLOCK_PROCESS_CPUTIME_ID)
  end
end
