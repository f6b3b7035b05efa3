"""Primes up to 5000 by the sieve of Eratosthenes."""

import harness


class Sieve:
    def inner_loop(self, inner):
        for _ in range(inner):
            if self.benchmark() != 669:
                return False
        return True

    def benchmark(self):
        return self.sieve([True] * 5000, 5000)

    def sieve(self, flags, size):
        primes = 0
        for i in range(2, size + 1):
            if flags[i - 1]:
                primes += 1
                k = i + i
                while k <= size:
                    flags[k - 1] = False
                    k += i
        return primes


harness.run("Sieve", 800, Sieve())
