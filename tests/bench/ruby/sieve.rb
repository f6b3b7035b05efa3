# frozen_string_literal: true

# Primes up to 5000 by the sieve of Eratosthenes.
require_relative 'harness'

class Sieve
  def inner_loop(inner)
    inner.times { return false unless benchmark == 669 }
    true
  end

  def benchmark
    sieve(Array.new(5000, true), 5000)
  end

  def sieve(flags, size)
    primes = 0
    (2..size).each do |i|
      next unless flags[i - 1]

      primes += 1
      k = i + i
      while k <= size
        flags[k - 1] = false
        k += i
      end
    end
    primes
  end
end

Harness.run('Sieve', 800, Sieve.new)
