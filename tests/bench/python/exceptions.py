"""Errors raised at some depth, caught by their class or passed on, and suites that run in any case."""

import harness


class Refused(Exception):
    def __init__(self, message, amount):
        super().__init__(message)
        self.amount = amount


class Missing(Exception):
    def __init__(self, message, name):
        super().__init__(message)
        self.name = name


class Exceptions:
    def inner_loop(self, inner):
        self.caught = 0
        self.passed_on = 0
        self.finished = 0
        total = 0
        for _ in range(inner):
            for n in range(1, 1001):
                total += self.outer(n)
        return (total == inner * 601457 and self.caught == inner * 333 and self.passed_on == inner * 134
                and self.finished == inner * 1000)

    def outer(self, n):
        try:
            return self.inner(n)
        except Missing as e:
            self.passed_on += 1
            return -len(e.name)

    def inner(self, n):
        """Catches one class of errors and lets the other pass."""
        try:
            return self.deep(n, 5)
        except Refused as e:
            self.caught += 1
            return e.amount * 2
        finally:
            self.finished += 1

    def deep(self, n, depth):
        if depth > 0:
            return self.deep(n, depth - 1) + 1
        if n % 3 == 0:
            raise Refused("too much", n)
        if n % 5 == 0:
            raise Missing("not there", "something")
        return n


harness.run("Exceptions", 150, Exceptions())
