"""The greatest singular value of an endless matrix's corner, 100 by 100: floats in lists."""

from math import sqrt

import harness


def element(i, j):
    return 1.0 / ((i + j) * (i + j + 1) / 2 + i + 1)


class SpectralNorm:
    def inner_loop(self, inner):
        for _ in range(inner):
            if abs(self.norm(100) - 1.274219991) > 0.000000001:
                return False
        return True

    def norm(self, size):
        self.u = u = [1.0] * size
        self.v = v = [0.0] * size
        between = [0.0] * size
        for _ in range(10):
            self.multiply_both(u, v, between)
            self.multiply_both(v, u, between)
        product = square = 0.0
        for i in range(size):
            product += u[i] * v[i]
            square += v[i] * v[i]
        return sqrt(product / square)

    def multiply(self, source, into):
        size = len(source)
        for i in range(size):
            total = 0.0
            for j in range(size):
                total += element(i, j) * source[j]
            into[i] = total

    def multiply_transposed(self, source, into):
        size = len(source)
        for i in range(size):
            total = 0.0
            for j in range(size):
                total += element(j, i) * source[j]
            into[i] = total

    def multiply_both(self, source, into, between):
        self.multiply(source, between)
        self.multiply_transposed(between, into)


harness.run("SpectralNorm", 4, SpectralNorm())
