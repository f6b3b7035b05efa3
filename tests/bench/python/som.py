"""The small library that the "Are We Fast Yet" programs bring along, so that every language does the
same work: a vector, an identity dictionary with chained buckets, and a random generator."""


class Vector:
    def __init__(self, capacity=50):
        self.storage = [None] * capacity
        self.first = 0
        self.last = 0

    @classmethod
    def holding(cls, element):
        vector = cls(1)
        vector.append(element)
        return vector

    def at(self, index):
        if index >= len(self.storage):
            return None
        return self.storage[index]

    def at_put(self, index, element):
        if index >= len(self.storage):
            size = len(self.storage)
            while size <= index:
                size *= 2
            self.grow(size)
        self.storage[index] = element
        if self.last < index + 1:
            self.last = index + 1

    def grow(self, size):
        grown = [None] * size
        for i, kept in enumerate(self.storage):
            grown[i] = kept
        self.storage = grown

    def append(self, element):
        if self.last >= len(self.storage):
            self.grow(2 * len(self.storage))
        self.storage[self.last] = element
        self.last += 1

    def is_empty(self):
        return self.last == self.first

    def size(self):
        return self.last - self.first

    def each(self, fn):
        for i in range(self.first, self.last):
            fn(self.storage[i])

    def has_some(self, fn):
        for i in range(self.first, self.last):
            if fn(self.storage[i]):
                return True
        return False

    def remove_first(self):
        if self.is_empty():
            return None
        self.first += 1
        return self.storage[self.first - 1]

    def remove(self, object):
        kept = [None] * len(self.storage)
        last = 0
        found = False
        for i in range(self.first, self.last):
            element = self.storage[i]
            if element is object:
                found = True
            else:
                kept[last] = element
                last += 1
        self.storage = kept
        self.first = 0
        self.last = last
        return found

    def remove_all(self):
        self.first = 0
        self.last = 0
        self.storage = [None] * len(self.storage)

    def sort(self, before):
        """Quicksort on the median of three, as the originals have it."""
        if self.size() > 0:
            self.sort_range(self.first, self.last - 1, before)

    def swap(self, i, j):
        storage = self.storage
        storage[i], storage[j] = storage[j], storage[i]

    def sort_range(self, i, j, before):
        n = j + 1 - i
        if n <= 1:
            return
        storage = self.storage
        di, dj = storage[i], storage[j]
        if not before(di, dj):
            self.swap(i, j)
            di, dj = dj, di
        if n <= 2:
            return

        middle = (i + j) // 2
        median = storage[middle]
        if before(di, median):
            if not before(median, dj):
                self.swap(j, middle)
                median = dj
        else:
            self.swap(i, middle)
            median = di
        if n <= 3:
            return

        low, high = i, j - 1
        while True:
            while low <= high and before(median, storage[high]):
                high -= 1
            low += 1
            while low <= high and before(storage[low], median):
                low += 1
            if low > high:
                break
            self.swap(low, high)
        self.sort_range(i, high, before)
        self.sort_range(low, j, before)


class Set:
    """The sets of the originals: elements in a row."""

    def __init__(self):
        self.items = Vector(10)

    def size(self):
        return self.items.size()

    def each(self, fn):
        self.items.each(fn)

    def add(self, object):
        if not self.contains(object):
            self.items.append(object)

    def contains(self, object):
        return self.items.has_some(lambda other: other == object)


class IdentitySet(Set):
    def contains(self, object):
        return self.items.has_some(lambda other: other is object)


class Entry:
    def __init__(self, hash, key, value):
        self.hash = hash
        self.key = key
        self.value = value
        self.next = None

    def match(self, hash, key):
        return self.hash == hash and self.key is key


class Dictionary:
    def __init__(self, capacity=16):
        self.buckets = [None] * capacity
        self.count = 0

    def hash(self, key):
        hash = key.custom_hash()
        return hash ^ (hash >> 16)

    def bucket_index(self, hash):
        return hash & (len(self.buckets) - 1)

    def at(self, key):
        hash = self.hash(key)
        entry = self.buckets[self.bucket_index(hash)]
        while entry is not None:
            if entry.match(hash, key):
                return entry.value
            entry = entry.next
        return None

    def at_put(self, key, value):
        hash = self.hash(key)
        index = self.bucket_index(hash)
        head = self.buckets[index]
        if head is not None:
            self.insert(head, hash, key, value)
        else:
            self.buckets[index] = Entry(hash, key, value)
            self.count += 1
        if self.count > len(self.buckets):
            self.grow()

    def insert(self, head, hash, key, value):
        entry = head
        while True:
            if entry.match(hash, key):
                entry.value = value
                return
            if entry.next is None:
                self.count += 1
                entry.next = Entry(hash, key, value)
                return
            entry = entry.next

    def grow(self):
        old = self.buckets
        self.buckets = [None] * (2 * len(old))
        for entry in old:
            while entry is not None:
                rest, index = entry.next, self.bucket_index(entry.hash)
                entry.next = self.buckets[index]
                self.buckets[index] = entry
                entry = rest

    def remove_all(self):
        self.buckets = [None] * len(self.buckets)
        self.count = 0

    def keys(self):
        keys = Vector(self.count)
        for entry in self.buckets:
            while entry is not None:
                keys.append(entry.key)
                entry = entry.next
        return keys


class Random:
    def __init__(self):
        self.seed = 74755

    def next(self):
        self.seed = (self.seed * 1309 + 13849) & 65535
        return self.seed
