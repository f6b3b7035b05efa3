"""All permutations of six elements, by swapping in place."""

import harness


class Permute:
    def inner_loop(self, inner):
        for _ in range(inner):
            if self.benchmark() != 8660:
                return False
        return True

    def benchmark(self):
        self.count = 0
        self.elements = [0] * 6
        self.permute(6)
        return self.count

    def permute(self, n):
        self.count += 1
        if n != 0:
            n1 = n - 1
            self.permute(n1)
            for i in range(n1, -1, -1):
                self.swap(n1, i)
                self.permute(n1)
                self.swap(n1, i)

    def swap(self, i, j):
        kept = self.elements[i]
        self.elements[i] = self.elements[j]
        self.elements[j] = kept


harness.run("Permute", 100, Permute())
