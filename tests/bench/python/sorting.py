"""A kept list of two thousand people gets new scores and is sorted: by a function that compares two, and by one
that answers a key."""

from functools import cmp_to_key

import harness
from som import Random


class Person:
    def __init__(self, number):
        self.number = number
        self.score = 0


class Sorting:
    def __init__(self):
        self.people = [Person(i) for i in range(2000)]
        self.random = Random()

    def inner_loop(self, inner):
        people = self.people
        for _ in range(inner):
            for person in people:
                person.score = self.random.next()
            people.sort(key=cmp_to_key(
                lambda a, b: a.score - b.score if a.score != b.score else a.number - b.number))
            if not self.is_in_order():
                return False
            people.sort(key=lambda person: person.number)
            if people[0].number != 0 or people[-1].number != 1999:
                return False
        return True

    def is_in_order(self):
        people = self.people
        last = people[0]
        for i in range(1, len(people)):
            person = people[i]
            if person.score < last.score:
                return False
            if person.score == last.score and person.number < last.number:
                return False
            last = person
        return True


harness.run("Sorting", 30, Sorting())
