"""The towers of Hanoi with thirteen disks."""

import harness


class Disk:
    def __init__(self, size):
        self.size = size
        self.next = None


class Towers:
    def inner_loop(self, inner):
        for _ in range(inner):
            if self.benchmark() != 8191:
                return False
        return True

    def benchmark(self):
        self.piles = [None] * 3
        self.build_tower_at(0, 13)
        self.moves_done = 0
        self.move_disks(13, 0, 1)
        return self.moves_done

    def push_disk(self, disk, pile):
        top = self.piles[pile]
        if top is not None and disk.size >= top.size:
            raise ValueError("Cannot put a big disk on a smaller one")
        disk.next = top
        self.piles[pile] = disk

    def pop_disk_from(self, pile):
        top = self.piles[pile]
        if top is None:
            raise ValueError("Attempting to remove a disk from an empty pile")
        self.piles[pile] = top.next
        top.next = None
        return top

    def move_top_disk(self, source, target):
        self.push_disk(self.pop_disk_from(source), target)
        self.moves_done += 1

    def build_tower_at(self, pile, disks):
        for size in range(disks, -1, -1):
            self.push_disk(Disk(size), pile)

    def move_disks(self, disks, source, target):
        if disks == 1:
            self.move_top_disk(source, target)
        else:
            other = 3 - source - target
            self.move_disks(disks - 1, source, other)
            self.move_top_disk(source, target)
            self.move_disks(disks - 1, other, target)


harness.run("Towers", 80, Towers())
