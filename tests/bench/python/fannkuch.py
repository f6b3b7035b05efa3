"""All orders of seven pancakes, and how often each must be turned: integers in lists."""

import harness


class Fannkuch:
    def inner_loop(self, inner):
        """The results for seven are known: 228 and 16."""
        for _ in range(inner):
            self.benchmark(7)
            if self.checksum != 228 or self.most != 16:
                return False
        return True

    def benchmark(self, size):
        self.order = order = list(range(size))
        self.pancakes = [0] * size
        self.counts = counts = [0] * size
        self.checksum = 0
        self.most = 0
        even = True
        left = size
        while True:
            while left > 1:
                counts[left - 1] = left
                left -= 1
            flips = self.flips(size)
            if flips > self.most:
                self.most = flips
            self.checksum += flips if even else -flips
            # The next order.
            while True:
                if left == size:
                    return
                first = order[0]
                for i in range(left):
                    order[i] = order[i + 1]
                order[left] = first
                counts[left] -= 1
                if counts[left] > 0:
                    break
                left += 1
            even = not even

    def flips(self, size):
        """How often the first so many are turned round until a 0 is first."""
        order, pancakes = self.order, self.pancakes
        for i in range(size):
            pancakes[i] = order[i]
        count = 0
        first = pancakes[0]
        while first != 0:
            low, high = 0, first
            while low < high:
                pancakes[low], pancakes[high] = pancakes[high], pancakes[low]
                low += 1
                high -= 1
            count += 1
            first = pancakes[0]
        return count


harness.run("Fannkuch", 40, Fannkuch())
