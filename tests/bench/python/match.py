"""Formulas as trees, derived, simplified and evaluated by `match`; and values of all kinds told apart."""

import harness


class Number:
    __match_args__ = ("value",)

    def __init__(self, value):
        self.value = value


class Variable:
    __match_args__ = ("name",)

    def __init__(self, name):
        self.name = name


class Sum:
    __match_args__ = ("left", "right")

    def __init__(self, left, right):
        self.left = left
        self.right = right


class Product:
    __match_args__ = ("left", "right")

    def __init__(self, left, right):
        self.left = left
        self.right = right


class Power:
    __match_args__ = ("base", "exponent")

    def __init__(self, base, exponent):
        self.base = base
        self.exponent = exponent


def derived(formula, by):
    match formula:
        case Number():
            return Number(0)
        case Variable(name):
            return Number(1 if name == by else 0)
        case Sum(a, b):
            return Sum(derived(a, by), derived(b, by))
        case Product(a, b):
            return Sum(Product(derived(a, by), b), Product(a, derived(b, by)))
        case Power(base, n):
            return Product(Product(Number(n), Power(base, n - 1)), derived(base, by))


def simplified(formula):
    match formula:
        case Sum(a, b):
            return simple_sum(simplified(a), simplified(b))
        case Product(a, b):
            return simple_product(simplified(a), simplified(b))
        case Power(_, 0):
            return Number(1)
        case Power(base, 1):
            return simplified(base)
        case Power(base, n):
            return Power(simplified(base), n)
        case other:
            return other


def simple_sum(left, right):
    match (left, right):
        case (Number(a), Number(b)):
            return Number(a + b)
        case (Number(0), b):
            return b
        case (a, Number(0)):
            return a
        case (a, b):
            return Sum(a, b)


def simple_product(left, right):
    match (left, right):
        case (Number(a), Number(b)):
            return Number(a * b)
        case (Number(0), _) | (_, Number(0)):
            return Number(0)
        case (Number(1), b):
            return b
        case (a, Number(1)):
            return a
        case (a, b):
            return Product(a, b)


def evaluated(formula, x, y):
    match formula:
        case Number(value):
            return value
        case Variable("x"):
            return x
        case Variable("y"):
            return y
        case Sum(a, b):
            return evaluated(a, x, y) + evaluated(b, x, y)
        case Product(a, b):
            return evaluated(a, x, y) * evaluated(b, x, y)
        case Power(base, n):
            return evaluated(base, x, y) ** n


class Symbol:
    """What Python has no literals for."""

    def __init__(self, name):
        self.name = name


class Symbols:
    LEFT = Symbol("left")
    RIGHT = Symbol("right")


def weight(value):
    match value:
        case 0 | 1:
            return 1
        case int() if 2 <= value <= 9:
            return 2
        case int() if value < 0:
            return 3
        case int():
            return 4
        case "":
            return 5
        case "stop" | "go":
            return 6
        case str():
            return 7
        case Symbols.LEFT:
            return 8
        case Symbol():
            return 9
        case tuple((_, _)):
            return 14
        case []:
            return 10
        case [_]:
            return 11
        case [first, *_]:
            return 12 + first
        case None:
            return 15
        case _:
            return 16


class Match:
    def __init__(self):
        x, y = Variable("x"), Variable("y")
        part = Sum(Product(Number(3), Power(x, 3)), Product(x, y))
        self.formula = Product(Sum(part, Power(Sum(x, Number(1)), 2)), Sum(Product(part, y), Number(7)))
        self.values = [
            0, 1, 5, -7, 400, "", "stop", "go", "something", Symbols.LEFT, Symbols.RIGHT, [], [1],
            [1, 2], [2, 3, 4], (1, 2), None, 1.5]

    def inner_loop(self, inner):
        for _ in range(inner):
            for _ in range(20):
                once = simplified(derived(self.formula, "x"))
                twice = simplified(derived(once, "y"))
                if evaluated(once, 2, 3) != 8928 or evaluated(twice, 2, 3) != 3589:
                    return False
                total = 0
                for value in self.values:
                    total += weight(value)
                if total != 145:
                    return False
        return True


harness.run("Match", 50, Match())
