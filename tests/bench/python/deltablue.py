"""An incremental solver of one-way constraints; the inner iterations are the length of the chain."""

from enum import Enum

import harness
from som import Dictionary, Vector


class Symbol:
    def __init__(self, hash):
        self.hash = hash

    def custom_hash(self):
        return self.hash


ABSOLUTE_STRONGEST = Symbol(0)
REQUIRED = Symbol(1)
STRONG_PREFERRED = Symbol(2)
PREFERRED = Symbol(3)
STRONG_DEFAULT = Symbol(4)
DEFAULT = Symbol(5)
WEAK_DEFAULT = Symbol(6)
ABSOLUTE_WEAKEST = Symbol(7)


class Strength:
    values = Dictionary()
    values.at_put(ABSOLUTE_STRONGEST, -10000)
    values.at_put(REQUIRED, -800)
    values.at_put(STRONG_PREFERRED, -600)
    values.at_put(PREFERRED, -400)
    values.at_put(STRONG_DEFAULT, -200)
    values.at_put(DEFAULT, 0)
    values.at_put(WEAK_DEFAULT, 500)
    values.at_put(ABSOLUTE_WEAKEST, 10000)

    constants = Dictionary()

    def __init__(self, symbol):
        self.symbol = symbol
        self.value = Strength.values.at(symbol)

    @classmethod
    def of(cls, symbol):
        return cls.constants.at(symbol)

    def same_as(self, other):
        return self.value == other.value

    def stronger(self, other):
        return self.value < other.value

    def weaker(self, other):
        return self.value > other.value

    def strongest(self, other):
        return other if other.stronger(self) else self

    def weakest(self, other):
        return other if other.weaker(self) else self


Strength.values.keys().each(lambda symbol: Strength.constants.at_put(symbol, Strength(symbol)))

REQUIRED_STRENGTH = Strength.of(REQUIRED)
WEAKEST_STRENGTH = Strength.of(ABSOLUTE_WEAKEST)


class Direction(Enum):
    FORWARD = 1
    BACKWARD = 2


FORWARD = Direction.FORWARD
BACKWARD = Direction.BACKWARD


class Variable:
    def __init__(self, value=0):
        self.value = value
        self.constraints = Vector(2)
        self.determined_by = None
        self.walk_strength = WEAKEST_STRENGTH
        self.stay = True
        self.mark = 0

    def add_constraint(self, constraint):
        self.constraints.append(constraint)

    def remove_constraint(self, constraint):
        self.constraints.remove(constraint)
        if self.determined_by is constraint:
            self.determined_by = None


class Constraint:
    def __init__(self, symbol):
        self.strength = Strength.of(symbol)

    def is_input(self):
        return False

    def add(self, planner):
        self.add_to_graph()
        planner.incremental_add(self)

    def destroy(self, planner):
        if self.is_satisfied():
            planner.incremental_remove(self)
        self.remove_from_graph()

    def inputs_known(self, mark):
        return not self.inputs_has_one(
            lambda variable: not (variable.mark == mark or variable.stay or variable.determined_by is None))

    def satisfy(self, mark, planner):
        """Enforces this constraint if it can be; answers the constraint that it overrides, or None."""
        self.choose_method(mark)
        if not self.is_satisfied():
            if self.strength.same_as(REQUIRED_STRENGTH):
                raise ValueError("Failed to satisfy a required constraint")
            return None

        def set_mark(variable):
            variable.mark = mark

        self.inputs_do(set_mark)
        output = self.output()
        overridden = output.determined_by
        if overridden is not None:
            overridden.mark_unsatisfied()
        output.determined_by = self
        if not planner.add_propagate(self, mark):
            raise ValueError("Cycle encountered adding: Constraint removed")
        output.mark = mark
        return overridden


class BinaryConstraint(Constraint):
    def __init__(self, v1, v2, symbol):
        super().__init__(symbol)
        self.v1 = v1
        self.v2 = v2
        self.direction = None

    def is_satisfied(self):
        return self.direction is not None

    def add_to_graph(self):
        self.v1.add_constraint(self)
        self.v2.add_constraint(self)
        self.direction = None

    def remove_from_graph(self):
        if self.v1 is not None:
            self.v1.remove_constraint(self)
        if self.v2 is not None:
            self.v2.remove_constraint(self)
        self.direction = None

    def choose_method(self, mark):
        if self.v1.mark == mark:
            if self.v2.mark != mark and self.strength.stronger(self.v2.walk_strength):
                self.direction = FORWARD
            else:
                self.direction = None
            return self.direction
        if self.v2.mark == mark:
            if self.v1.mark != mark and self.strength.stronger(self.v1.walk_strength):
                self.direction = BACKWARD
            else:
                self.direction = None
            return self.direction
        # Neither is marked: there is a choice.
        if self.v1.walk_strength.weaker(self.v2.walk_strength):
            if self.strength.stronger(self.v1.walk_strength):
                self.direction = BACKWARD
            else:
                self.direction = None
        elif self.strength.stronger(self.v2.walk_strength):
            self.direction = FORWARD
        else:
            self.direction = None
        return self.direction

    def inputs_do(self, fn):
        if self.direction is FORWARD:
            fn(self.v1)
        else:
            fn(self.v2)

    def inputs_has_one(self, fn):
        if self.direction is FORWARD:
            return fn(self.v1)
        return fn(self.v2)

    def mark_unsatisfied(self):
        self.direction = None

    def output(self):
        if self.direction is FORWARD:
            return self.v2
        return self.v1

    def recalculate(self):
        if self.direction is FORWARD:
            input, output = self.v1, self.v2
        else:
            input, output = self.v2, self.v1
        output.walk_strength = self.strength.weakest(input.walk_strength)
        output.stay = input.stay
        if output.stay:
            self.execute()


class UnaryConstraint(Constraint):
    def __init__(self, variable, symbol, planner):
        super().__init__(symbol)
        self.variable = variable
        self.satisfied = False
        self.add(planner)

    def is_satisfied(self):
        return self.satisfied

    def add_to_graph(self):
        self.variable.add_constraint(self)
        self.satisfied = False

    def remove_from_graph(self):
        if self.variable is not None:
            self.variable.remove_constraint(self)
        self.satisfied = False

    def choose_method(self, mark):
        self.satisfied = self.variable.mark != mark and self.strength.stronger(self.variable.walk_strength)

    def inputs_do(self, fn):
        pass

    def inputs_has_one(self, fn):
        return False

    def mark_unsatisfied(self):
        self.satisfied = False

    def output(self):
        return self.variable

    def recalculate(self):
        self.variable.walk_strength = self.strength
        self.variable.stay = not self.is_input()
        if self.variable.stay:
            self.execute()


class EditConstraint(UnaryConstraint):
    def is_input(self):
        return True

    def execute(self):
        pass


class StayConstraint(UnaryConstraint):
    def execute(self):
        pass


class EqualityConstraint(BinaryConstraint):
    def __init__(self, v1, v2, symbol, planner):
        super().__init__(v1, v2, symbol)
        self.add(planner)

    def execute(self):
        if self.direction is FORWARD:
            self.v2.value = self.v1.value
        else:
            self.v1.value = self.v2.value


class ScaleConstraint(BinaryConstraint):
    def __init__(self, source, scale, offset, destination, symbol, planner):
        super().__init__(source, destination, symbol)
        self.scale = scale
        self.offset = offset
        self.add(planner)

    def add_to_graph(self):
        self.v1.add_constraint(self)
        self.v2.add_constraint(self)
        self.scale.add_constraint(self)
        self.offset.add_constraint(self)
        self.direction = None

    def remove_from_graph(self):
        if self.v1 is not None:
            self.v1.remove_constraint(self)
        if self.v2 is not None:
            self.v2.remove_constraint(self)
        if self.scale is not None:
            self.scale.remove_constraint(self)
        if self.offset is not None:
            self.offset.remove_constraint(self)
        self.direction = None

    def execute(self):
        if self.direction is FORWARD:
            self.v2.value = self.v1.value * self.scale.value + self.offset.value
        else:
            self.v1.value = (self.v2.value - self.offset.value) // self.scale.value

    def inputs_do(self, fn):
        if self.direction is FORWARD:
            fn(self.v1)
        else:
            fn(self.v2)
        fn(self.scale)
        fn(self.offset)

    def recalculate(self):
        if self.direction is FORWARD:
            input, output = self.v1, self.v2
        else:
            input, output = self.v2, self.v1
        output.walk_strength = self.strength.weakest(input.walk_strength)
        output.stay = input.stay and self.scale.stay and self.offset.stay
        if output.stay:
            self.execute()


class Plan(Vector):
    """The constraints that keep the variables right after a change of an input, in order."""

    def __init__(self):
        super().__init__(15)

    def execute(self):
        self.each(lambda constraint: constraint.execute())


class Planner:
    def __init__(self):
        self.current_mark = 1

    def new_mark(self):
        self.current_mark += 1
        return self.current_mark

    def incremental_add(self, constraint):
        mark = self.new_mark()
        overridden = constraint.satisfy(mark, self)
        while overridden is not None:
            overridden = overridden.satisfy(mark, self)

    def incremental_remove(self, constraint):
        output = constraint.output()
        constraint.mark_unsatisfied()
        constraint.remove_from_graph()
        unsatisfied = self.remove_propagate_from(output)
        unsatisfied.each(self.incremental_add)

    def extract_plan(self, constraints):
        sources = Vector()

        def take(constraint):
            if constraint.is_input() and constraint.is_satisfied():
                sources.append(constraint)

        constraints.each(take)
        return self.make_plan(sources)

    def make_plan(self, sources):
        mark = self.new_mark()
        plan = Plan()
        todo = sources
        while not todo.is_empty():
            constraint = todo.remove_first()
            if constraint.output().mark != mark and constraint.inputs_known(mark):
                plan.append(constraint)
                constraint.output().mark = mark
                self.add_consuming_to(constraint.output(), todo)
        return plan

    def add_consuming_to(self, variable, todo):
        determining = variable.determined_by

        def take(constraint):
            if constraint is not determining and constraint.is_satisfied():
                todo.append(constraint)

        variable.constraints.each(take)

    def add_propagate(self, constraint, mark):
        todo = Vector.holding(constraint)
        while not todo.is_empty():
            next = todo.remove_first()
            if next.output().mark == mark:
                self.incremental_remove(constraint)
                return False
            next.recalculate()
            self.add_consuming_to(next.output(), todo)
        return True

    def consuming_do(self, variable, fn):
        determining = variable.determined_by

        def take(constraint):
            if constraint is not determining and constraint.is_satisfied():
                fn(constraint)

        variable.constraints.each(take)

    def remove_propagate_from(self, output):
        unsatisfied = Vector()
        output.determined_by = None
        output.walk_strength = WEAKEST_STRENGTH
        output.stay = True

        def take(constraint):
            if not constraint.is_satisfied():
                unsatisfied.append(constraint)

        def follow(constraint):
            constraint.recalculate()
            todo.append(constraint.output())

        todo = Vector.holding(output)
        while not todo.is_empty():
            variable = todo.remove_first()
            variable.constraints.each(take)
            self.consuming_do(variable, follow)
        unsatisfied.sort(lambda a, b: a.strength.stronger(b.strength))
        return unsatisfied

    def change(self, variable, value):
        edit = EditConstraint(variable, PREFERRED, self)
        plan = self.extract_plan(Vector.holding(edit))
        for _ in range(10):
            variable.value = value
            plan.execute()
        edit.destroy(self)


def chain_test(n):
    """A long chain of equalities with a stay at one end; an edit at the other end sends values all the way."""
    planner = Planner()
    variables = [Variable() for _ in range(n + 1)]
    for i in range(n):
        EqualityConstraint(variables[i], variables[i + 1], REQUIRED, planner)
    first, last = variables[0], variables[n]
    StayConstraint(last, STRONG_DEFAULT, planner)
    edit = EditConstraint(first, PREFERRED, planner)
    plan = planner.extract_plan(Vector.holding(edit))
    for value in range(1, 101):
        first.value = value
        plan.execute()
        if last.value != value:
            raise ValueError("Chain test failed!")
    edit.destroy(planner)


def projection_test(n):
    """Pairs of variables tied by a scale and an offset, all changed from either side."""
    planner = Planner()
    destinations = Vector()
    scale, offset = Variable(10), Variable(1000)
    source, destination = None, None
    for i in range(1, n + 1):
        source, destination = Variable(i), Variable(i)
        destinations.append(destination)
        StayConstraint(source, DEFAULT, planner)
        ScaleConstraint(source, scale, offset, destination, REQUIRED, planner)

    planner.change(source, 17)
    if destination.value != 1170:
        raise ValueError("Projection 1 failed")
    planner.change(destination, 1050)
    if source.value != 5:
        raise ValueError("Projection 2 failed")
    planner.change(scale, 5)
    for i in range(n - 1):
        if destinations.at(i).value != (i + 1) * 5 + 1000:
            raise ValueError("Projection 3 failed")
    planner.change(offset, 2000)
    for i in range(n - 1):
        if destinations.at(i).value != (i + 1) * 5 + 2000:
            raise ValueError("Projection 4 failed")


class DeltaBlue:
    def inner_loop(self, inner):
        chain_test(inner)
        projection_test(inner)
        return True


harness.run("DeltaBlue", 2000, DeltaBlue())
