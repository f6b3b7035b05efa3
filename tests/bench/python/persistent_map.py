"""A map that is never changed: an update answers another, which shares all but one path with the one before.
Written by hand, as a tree with sixteen branches at each node, the same in every language."""

import harness
from som import Random


class Leaf:
    def __init__(self, key, value):
        self.key = key
        self.value = value

    def get(self, key, shift):
        return self.value if key == self.key else 0

    def put(self, key, value, shift):
        if key == self.key:
            return Leaf(key, value)
        return Branch([None] * 16).put(self.key, self.value, shift).put(key, value, shift)

    def sum(self):
        return self.value


class Branch:
    def __init__(self, slots):
        self.slots = slots

    def get(self, key, shift):
        child = self.slots[key >> shift & 15]
        return 0 if child is None else child.get(key, shift + 4)

    def put(self, key, value, shift):
        place = key >> shift & 15
        child = self.slots[place]
        copied = self.slots.copy()
        copied[place] = Leaf(key, value) if child is None else child.put(key, value, shift + 4)
        return Branch(copied)

    def sum(self):
        total = 0
        for child in self.slots:
            if child is not None:
                total += child.sum()
        return total


class PersistentMap:
    def __init__(self):
        self.random = Random()
        self.map = Branch([None] * 16)
        self.older = None
        self.steps = 0

    def inner_loop(self, inner):
        """Two thousand updates of counts, among 8192 keys, are a step; what was before stays as it was."""
        for _ in range(inner):
            self.older = self.map
            for _ in range(2000):
                key = self.random.next() // 8
                self.map = self.map.put(key, self.map.get(key, 0) + 1, 0)
            self.steps += 1
        return self.map.sum() == self.steps * 2000 and self.older.sum() == self.steps * 2000 - 2000


harness.run("PersistentMap", 12, PersistentMap())
