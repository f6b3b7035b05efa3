"""Functions composed, and given to `map`, `filter` and `reduce` of lists and ranges; return out of a loop."""

from functools import reduce

import harness


def compose(f, g):
    return lambda x: g(f(x))


class Blocks:
    def __init__(self):
        self.numbers = [n * 7 % 1000 for n in range(1, 1001)]
        self.composed = reduce(compose, [
            lambda n: n + 1, lambda n: n * 2, lambda n: n - 3, lambda n: n % 1000, lambda n: n * n,
        ], lambda n: n)

    def inner_loop(self, inner):
        for _ in range(inner):
            results = self.use_composed(), self.over_list(), self.over_range(), self.search()
            if results != (333333000, 250500, 245000, 90288):
                return False
        return True

    def use_composed(self):
        return reduce(lambda sum, n: sum + self.composed(n), self.numbers, 0)

    def over_list(self):
        more = list(map(lambda n: n + 1, self.numbers))
        even = list(filter(lambda n: n % 2 == 0, more))
        return reduce(lambda sum, n: sum + n, even, 0)

    def over_range(self):
        squares = list(map(lambda n: n * n, range(1, 1001)))
        chosen = list(filter(lambda n: n % 4 == 0, squares))
        return reduce(lambda sum, n: sum + n % 1000, chosen, 0)

    def search(self):
        sum = 0
        for limit in range(800, 1000, 2):
            sum += self.first_above(limit)
        return sum

    def first_above(self, limit):
        for n in self.numbers:
            if n > limit:
                return n
        return None


harness.run("Blocks", 150, Blocks())
