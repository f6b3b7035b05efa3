"""A tree of arrays with leaves of random length: makes garbage."""

import harness
from som import Random


class Storage:
    def inner_loop(self, inner):
        for _ in range(inner):
            if self.benchmark() != 5461:
                return False
        return True

    def benchmark(self):
        random = Random()
        self.count = 0
        self.build_tree_depth(7, random)
        return self.count

    def build_tree_depth(self, depth, random):
        self.count += 1
        if depth == 1:
            return [None] * (random.next() % 10 + 1)
        tree = [None] * 4
        for i in range(4):
            tree[i] = self.build_tree_depth(depth - 1, random)
        return tree


harness.run("Storage", 60, Storage())
