"""Trees are built, counted and forgotten, one lives long: allocation and collection."""

import harness


class Tree:
    def __init__(self, left, right):
        self.left = left
        self.right = right

    @staticmethod
    def of_depth(depth):
        if depth == 0:
            return Tree(None, None)
        return Tree(Tree.of_depth(depth - 1), Tree.of_depth(depth - 1))

    def count(self):
        if self.left is None:
            return 1
        return 1 + self.left.count() + self.right.count()


class BinaryTrees:
    def __init__(self):
        self.long_lived = None

    def inner_loop(self, inner):
        for _ in range(inner):
            if self.benchmark(8) != 25774:
                return False
        return True

    def benchmark(self, max_depth):
        total = Tree.of_depth(max_depth + 1).count()
        self.long_lived = Tree.of_depth(max_depth)
        for depth in range(4, max_depth + 1, 2):
            for _ in range(2 ** (max_depth - depth + 4)):
                total += Tree.of_depth(depth).count()
        return total + self.long_lived.count()


harness.run("BinaryTrees", 25, BinaryTrees())
