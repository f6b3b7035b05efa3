"""Finds the collisions of aircraft, frame by frame; the inner iterations are the aircraft."""

from math import cos, inf, sin, sqrt

import harness
from som import Vector

MIN_X = 0.0
MIN_Y = 0.0
MAX_X = 1000.0
MAX_Y = 1000.0
MIN_Z = 0.0
MAX_Z = 10.0
PROXIMITY_RADIUS = 1.0
VOXEL_SIZE = 2.0


def compare_numbers(a, b):
    if a == b:
        return 0
    if a < b:
        return -1
    if a > b:
        return 1
    return 1 if a == a else -1


class Vector2D:
    def __init__(self, x, y):
        self.x = x
        self.y = y

    def plus(self, other):
        return Vector2D(self.x + other.x, self.y + other.y)

    def minus(self, other):
        return Vector2D(self.x - other.x, self.y - other.y)

    def compare_to(self, other):
        result = compare_numbers(self.x, other.x)
        return result if result != 0 else compare_numbers(self.y, other.y)


HORIZONTAL = Vector2D(VOXEL_SIZE, 0.0)
VERTICAL = Vector2D(0.0, VOXEL_SIZE)


class Vector3D:
    def __init__(self, x, y, z):
        self.x = x
        self.y = y
        self.z = z

    def plus(self, other):
        return Vector3D(self.x + other.x, self.y + other.y, self.z + other.z)

    def minus(self, other):
        return Vector3D(self.x - other.x, self.y - other.y, self.z - other.z)

    def dot(self, other):
        return self.x * other.x + self.y * other.y + self.z * other.z

    def squared_magnitude(self):
        return self.dot(self)

    def magnitude(self):
        return sqrt(self.squared_magnitude())

    def times(self, amount):
        return Vector3D(self.x * amount, self.y * amount, self.z * amount)


class Node:
    def __init__(self, key, value, parent):
        self.key = key
        self.value = value
        self.parent = parent
        self.left = None
        self.right = None
        self.red = True

    def least(self):
        node = self
        while node.left is not None:
            node = node.left
        return node

    def successor(self):
        if self.right is not None:
            return self.right.least()
        child, above = self, self.parent
        while above is not None and child is above.right:
            child, above = above, above.parent
        return above


class Entry:
    def __init__(self, key, value):
        self.key = key
        self.value = value


class InsertResult:
    def __init__(self, is_new_entry, node, old_value):
        self.is_new_entry = is_new_entry
        self.node = node
        self.old_value = old_value


def is_black(node):
    return node is None or not node.red


class RedBlackTree:
    def __init__(self):
        self.root = None

    def put(self, key, value):
        """Answers the value that the key had, or None."""
        inserted = self.insert(key, value)
        if not inserted.is_new_entry:
            return inserted.old_value
        x = inserted.node
        while x is not self.root and x.parent.red:
            grandparent = x.parent.parent
            if x.parent is grandparent.left:
                uncle = grandparent.right
                if uncle is not None and uncle.red:
                    x.parent.red = False
                    uncle.red = False
                    grandparent.red = True
                    x = grandparent
                else:
                    if x is x.parent.right:
                        x = x.parent
                        self.rotate_left(x)
                    x.parent.red = False
                    grandparent.red = True
                    self.rotate_right(grandparent)
            else:
                uncle = grandparent.left
                if uncle is not None and uncle.red:
                    x.parent.red = False
                    uncle.red = False
                    grandparent.red = True
                    x = grandparent
                else:
                    if x is x.parent.left:
                        x = x.parent
                        self.rotate_right(x)
                    x.parent.red = False
                    grandparent.red = True
                    self.rotate_left(grandparent)
        self.root.red = False
        return None

    def insert(self, key, value):
        above = None
        node = self.root
        order = 0
        while node is not None:
            above = node
            order = key.compare_to(node.key)
            if order < 0:
                node = node.left
            elif order > 0:
                node = node.right
            else:
                old = node.value
                node.value = value
                return InsertResult(False, None, old)
        added = Node(key, value, above)
        if above is None:
            self.root = added
        elif order < 0:
            above.left = added
        else:
            above.right = added
        return InsertResult(True, added, None)

    def remove(self, key):
        """Takes the key out; answers its value, or None."""
        found = self.find(key)
        if found is None:
            return None
        # The node that leaves its place: the found one, or the next, which then stands in for it.
        leaving = found if found.left is None or found.right is None else found.successor()
        child = leaving.left if leaving.left is not None else leaving.right
        above = leaving.parent
        if child is not None:
            child.parent = above
        if above is None:
            self.root = child
        elif leaving is above.left:
            above.left = child
        else:
            above.right = child
        if not leaving.red:
            self.remove_fixup(child, above)
        if leaving is not found:
            leaving.parent = found.parent
            leaving.red = found.red
            leaving.left = found.left
            leaving.right = found.right
            if found.left is not None:
                found.left.parent = leaving
            if found.right is not None:
                found.right.parent = leaving
            if found.parent is None:
                self.root = leaving
            elif found.parent.left is found:
                found.parent.left = leaving
            else:
                found.parent.right = leaving
        return found.value

    def get(self, key):
        node = self.find(key)
        return None if node is None else node.value

    def each(self, fn):
        if self.root is None:
            return
        node = self.root.least()
        while node is not None:
            fn(Entry(node.key, node.value))
            node = node.successor()

    def find(self, key):
        node = self.root
        while node is not None:
            order = key.compare_to(node.key)
            if order == 0:
                return node
            node = node.left if order < 0 else node.right
        return None

    def replace_child(self, old, node):
        """`node` is to stand where `old` stands."""
        above = old.parent
        node.parent = above
        if above is None:
            self.root = node
        elif old is above.left:
            above.left = node
        else:
            above.right = node

    def rotate_left(self, x):
        y = x.right
        x.right = y.left
        if y.left is not None:
            y.left.parent = x
        self.replace_child(x, y)
        y.left = x
        x.parent = y

    def rotate_right(self, y):
        x = y.left
        y.left = x.right
        if x.right is not None:
            x.right.parent = y
        self.replace_child(y, x)
        x.right = y
        y.parent = x

    def remove_fixup(self, x, above):
        """Black nodes are one too few below `above` on the side of `x`, which may be None."""
        while x is not self.root and is_black(x):
            if x is above.left:
                sibling = above.right
                if sibling.red:
                    sibling.red = False
                    above.red = True
                    self.rotate_left(above)
                    sibling = above.right
                if is_black(sibling.left) and is_black(sibling.right):
                    sibling.red = True
                    x = above
                    above = x.parent
                else:
                    if is_black(sibling.right):
                        sibling.left.red = False
                        sibling.red = True
                        self.rotate_right(sibling)
                        sibling = above.right
                    sibling.red = above.red
                    above.red = False
                    if sibling.right is not None:
                        sibling.right.red = False
                    self.rotate_left(above)
                    x = self.root
                    above = x.parent
            else:
                sibling = above.left
                if sibling.red:
                    sibling.red = False
                    above.red = True
                    self.rotate_right(above)
                    sibling = above.left
                if is_black(sibling.left) and is_black(sibling.right):
                    sibling.red = True
                    x = above
                    above = x.parent
                else:
                    if is_black(sibling.left):
                        sibling.right.red = False
                        sibling.red = True
                        self.rotate_left(sibling)
                        sibling = above.left
                    sibling.red = above.red
                    above.red = False
                    if sibling.left is not None:
                        sibling.left.red = False
                    self.rotate_right(above)
                    x = self.root
                    above = x.parent
        if x is not None:
            x.red = False


class CallSign:
    def __init__(self, value):
        self.value = value

    def compare_to(self, other):
        if self.value == other.value:
            return 0
        return -1 if self.value < other.value else 1


class Aircraft:
    def __init__(self, call_sign, position):
        self.call_sign = call_sign
        self.position = position


class Collision:
    def __init__(self, first, second, position):
        self.first = first
        self.second = second
        self.position = position


class Motion:
    def __init__(self, call_sign, start, finish):
        self.call_sign = call_sign
        self.start = start
        self.finish = finish

    def delta(self):
        return self.finish.minus(self.start)

    def intersection(self, other):
        """Where the two come nearer than the radius while each moves straight at an even speed, or None."""
        start1, start2 = self.start, other.start
        move1, move2 = self.delta(), other.delta()
        a = move2.minus(move1).squared_magnitude()
        if a == 0.0:
            # Both move alike: their distance stays what it is.
            distance = start2.minus(start1).magnitude()
            return start1.plus(start2).times(0.5) if distance <= PROXIMITY_RADIUS else None

        # The times at which the distance is the radius solve a * t * t + b * t + c = 0.
        b = 2.0 * start1.minus(start2).dot(move1.minus(move2))
        c = -PROXIMITY_RADIUS * PROXIMITY_RADIUS + start2.minus(start1).squared_magnitude()
        discriminant = b * b - 4.0 * a * c
        if discriminant < 0.0:
            return None
        t1 = (-b - sqrt(discriminant)) / (2.0 * a)
        t2 = (-b + sqrt(discriminant)) / (2.0 * a)
        if not (t1 <= t2 and (t1 <= 1.0 and 1.0 <= t2 or t1 <= 0.0 and 0.0 <= t2 or 0.0 <= t1 and t2 <= 1.0)):
            return None
        t = 0.0 if t1 <= 0.0 else t1
        result = start1.plus(move1.times(t)).plus(start2.plus(move2.times(t))).times(0.5)
        if (result.x >= MIN_X and result.x <= MAX_X and result.y >= MIN_Y and result.y <= MAX_Y
                and result.z >= MIN_Z and result.z <= MAX_Z):
            return result
        return None


class VoxelMap:
    """Which motions come through which squares of the plane."""

    def __init__(self):
        self.motions = RedBlackTree()

    def draw(self, motion):
        self.spread(RedBlackTree(), self.voxel_of(motion.start), motion)

    def reduced(self):
        """Those that more than one motion comes through."""
        result = Vector()

        def add(entry):
            if entry.value.size() > 1:
                result.append(entry.value)

        self.motions.each(add)
        return result

    def voxel_of(self, position):
        x = VOXEL_SIZE * int(position.x / VOXEL_SIZE)
        y = VOXEL_SIZE * int(position.y / VOXEL_SIZE)
        if position.x < 0.0:
            x -= VOXEL_SIZE
        if position.y < 0.0:
            y -= VOXEL_SIZE
        return Vector2D(x, y)

    def spread(self, seen, voxel, motion):
        if not self.touches(voxel, motion):
            return
        if seen.put(voxel, True):
            return
        self.put(voxel, motion)
        self.spread(seen, voxel.minus(HORIZONTAL), motion)
        self.spread(seen, voxel.plus(HORIZONTAL), motion)
        self.spread(seen, voxel.minus(VERTICAL), motion)
        self.spread(seen, voxel.plus(VERTICAL), motion)
        self.spread(seen, voxel.minus(HORIZONTAL).minus(VERTICAL), motion)
        self.spread(seen, voxel.minus(HORIZONTAL).plus(VERTICAL), motion)
        self.spread(seen, voxel.plus(HORIZONTAL).minus(VERTICAL), motion)
        self.spread(seen, voxel.plus(HORIZONTAL).plus(VERTICAL), motion)

    def put(self, voxel, motion):
        there = self.motions.get(voxel)
        if there is None:
            there = Vector()
            self.motions.put(voxel, there)
        there.append(motion)

    def touches(self, voxel, motion):
        if voxel.x > MAX_X or voxel.x < MIN_X or voxel.y > MAX_Y or voxel.y < MIN_Y:
            return False
        start, finish = motion.start, motion.finish
        r = PROXIMITY_RADIUS / 2.0
        vx, x0, xv = voxel.x, start.x, finish.x - start.x
        vy, y0, yv = voxel.y, start.y, finish.y - start.y

        # The times at which it enters and leaves the square's column and row.
        if xv == 0.0:
            low_x = -inf if vx - r - x0 < 0.0 else inf
            high_x = -inf if vx + VOXEL_SIZE + r - x0 < 0.0 else inf
        else:
            low_x = (vx - r - x0) / xv
            high_x = (vx + VOXEL_SIZE + r - x0) / xv
        if xv < 0.0:
            low_x, high_x = high_x, low_x

        if yv == 0.0:
            low_y = -inf if vy - r - y0 < 0.0 else inf
            high_y = -inf if vy + VOXEL_SIZE + r - y0 < 0.0 else inf
        else:
            low_y = (vy - r - y0) / yv
            high_y = (vy + VOXEL_SIZE + r - y0) / yv
        if yv < 0.0:
            low_y, high_y = high_y, low_y

        return ((xv == 0.0 and vx <= x0 + r and x0 - r <= vx + VOXEL_SIZE
                 or low_x <= 1.0 and 1.0 <= high_x
                 or low_x <= 0.0 and 0.0 <= high_x
                 or 0.0 <= low_x and high_x <= 1.0)
                and (yv == 0.0 and vy <= y0 + r and y0 - r <= vy + VOXEL_SIZE
                     or low_y <= 1.0 and 1.0 <= high_y
                     or low_y <= 0.0 and 0.0 <= high_y
                     or 0.0 <= low_y and high_y <= 1.0)
                and (xv == 0.0 or yv == 0.0
                     or low_y <= high_x and high_x <= high_y
                     or low_y <= low_x and low_x <= high_y
                     or low_x <= low_y and high_y <= high_x))


class CollisionDetector:
    def __init__(self):
        self.state = RedBlackTree()

    def handle_new_frame(self, frame):
        motions = Vector()
        seen = RedBlackTree()

        def move(aircraft):
            old = self.state.put(aircraft.call_sign, aircraft.position)
            seen.put(aircraft.call_sign, True)
            # Who is new stands still.
            motions.append(Motion(
                aircraft.call_sign, aircraft.position if old is None else old, aircraft.position))

        frame.each(move)

        gone = Vector()

        def look(entry):
            if seen.get(entry.key) is None:
                gone.append(entry.key)

        self.state.each(look)
        gone.each(self.state.remove)

        map = VoxelMap()
        motions.each(map.draw)
        collisions = Vector()

        def collide(together):
            for i in range(together.size()):
                motion1 = together.at(i)
                for j in range(i + 1, together.size()):
                    motion2 = together.at(j)
                    position = motion1.intersection(motion2)
                    if position is not None:
                        collisions.append(Collision(motion1.call_sign, motion2.call_sign, position))

        map.reduced().each(collide)
        return collisions


class Simulator:
    def __init__(self, aircraft):
        self.call_signs = Vector()
        for i in range(aircraft):
            self.call_signs.append(CallSign(i))

    def simulate(self, time):
        frame = Vector()
        for i in range(0, self.call_signs.size(), 2):
            frame.append(Aircraft(self.call_signs.at(i), Vector3D(time, cos(time) * 2.0 + i * 3.0, 10.0)))
            frame.append(Aircraft(self.call_signs.at(i + 1), Vector3D(time, sin(time) * 2.0 + i * 3.0, 10.0)))
        return frame


class CD:
    EXPECTED = {2: 42, 10: 390, 100: 4305, 200: 8655, 250: 10830, 500: 14484}

    def inner_loop(self, inner):
        simulator = Simulator(inner)
        detector = CollisionDetector()
        collisions = 0
        for frame in range(200):
            collisions += detector.handle_new_frame(simulator.simulate(frame / 10.0)).size()
        return collisions == CD.EXPECTED[inner]


harness.run("CD", 10, CD())
