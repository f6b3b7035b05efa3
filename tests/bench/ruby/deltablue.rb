# frozen_string_literal: true

# An incremental solver of one-way constraints; the inner iterations are the length of the chain.
require_relative 'harness'
require_relative 'som'

class Sym
  attr_reader :custom_hash

  def initialize(hash)
    @custom_hash = hash
  end
end

ABSOLUTE_STRONGEST = Sym.new(0)
REQUIRED = Sym.new(1)
STRONG_PREFERRED = Sym.new(2)
PREFERRED = Sym.new(3)
STRONG_DEFAULT = Sym.new(4)
DEFAULT = Sym.new(5)
WEAK_DEFAULT = Sym.new(6)
ABSOLUTE_WEAKEST = Sym.new(7)

class Strength
  VALUES = Som::Dictionary.new
  VALUES.at_put(ABSOLUTE_STRONGEST, -10_000)
  VALUES.at_put(REQUIRED, -800)
  VALUES.at_put(STRONG_PREFERRED, -600)
  VALUES.at_put(PREFERRED, -400)
  VALUES.at_put(STRONG_DEFAULT, -200)
  VALUES.at_put(DEFAULT, 0)
  VALUES.at_put(WEAK_DEFAULT, 500)
  VALUES.at_put(ABSOLUTE_WEAKEST, 10_000)

  attr_reader :value

  def initialize(symbol)
    @symbol = symbol
    @value = VALUES.at(symbol)
  end

  CONSTANTS = Som::Dictionary.new
  VALUES.keys.each { |symbol| CONSTANTS.at_put(symbol, new(symbol)) }

  def self.of(symbol)
    CONSTANTS.at(symbol)
  end

  def same_as(other)
    @value == other.value
  end

  def stronger(other)
    @value < other.value
  end

  def weaker(other)
    @value > other.value
  end

  def strongest(other)
    other.stronger(self) ? other : self
  end

  def weakest(other)
    other.weaker(self) ? other : self
  end
end

REQUIRED_STRENGTH = Strength.of(REQUIRED)
WEAKEST_STRENGTH = Strength.of(ABSOLUTE_WEAKEST)

class Variable
  attr_accessor :value, :determined_by, :walk_strength, :stay, :mark
  attr_reader :constraints

  def initialize(value = 0)
    @value = value
    @constraints = Som::Vector.new(2)
    @determined_by = nil
    @walk_strength = WEAKEST_STRENGTH
    @stay = true
    @mark = 0
  end

  def add_constraint(constraint)
    @constraints.append(constraint)
  end

  def remove_constraint(constraint)
    @constraints.remove(constraint)
    @determined_by = nil if @determined_by.equal?(constraint)
  end
end

class Constraint
  attr_reader :strength

  def initialize(symbol)
    @strength = Strength.of(symbol)
  end

  def input?
    false
  end

  def add(planner)
    add_to_graph
    planner.incremental_add(self)
  end

  def destroy(planner)
    planner.incremental_remove(self) if satisfied?
    remove_from_graph
  end

  def inputs_known(mark)
    !inputs_has_one do |variable|
      !(variable.mark == mark || variable.stay || variable.determined_by.nil?)
    end
  end

  # Enforces this constraint if it can be; answers the constraint that it overrides, or nil.
  def satisfy(mark, planner)
    choose_method(mark)
    unless satisfied?
      raise 'Failed to satisfy a required constraint' if @strength.same_as(REQUIRED_STRENGTH)

      return nil
    end
    inputs_do { |variable| variable.mark = mark }
    out = output
    overridden = out.determined_by
    overridden&.mark_unsatisfied
    out.determined_by = self
    raise 'Cycle encountered adding: Constraint removed' unless planner.add_propagate(self, mark)

    out.mark = mark
    overridden
  end
end

class BinaryConstraint < Constraint
  def initialize(v1, v2, symbol)
    super(symbol)
    @v1 = v1
    @v2 = v2
    @direction = nil
  end

  def satisfied?
    !@direction.nil?
  end

  def add_to_graph
    @v1.add_constraint(self)
    @v2.add_constraint(self)
    @direction = nil
  end

  def remove_from_graph
    @v1&.remove_constraint(self)
    @v2&.remove_constraint(self)
    @direction = nil
  end

  def choose_method(mark)
    if @v1.mark == mark
      @direction = (:forward if @v2.mark != mark && @strength.stronger(@v2.walk_strength))
      return @direction
    end
    if @v2.mark == mark
      @direction = (:backward if @v1.mark != mark && @strength.stronger(@v1.walk_strength))
      return @direction
    end
    # Neither is marked: there is a choice.
    @direction =
      if @v1.walk_strength.weaker(@v2.walk_strength)
        :backward if @strength.stronger(@v1.walk_strength)
      elsif @strength.stronger(@v2.walk_strength)
        :forward
      end
  end

  def inputs_do
    if @direction == :forward
      yield @v1
    else
      yield @v2
    end
  end

  def inputs_has_one
    if @direction == :forward
      yield @v1
    else
      yield @v2
    end
  end

  def mark_unsatisfied
    @direction = nil
  end

  def output
    @direction == :forward ? @v2 : @v1
  end

  def recalculate
    if @direction == :forward
      input = @v1
      output = @v2
    else
      input = @v2
      output = @v1
    end
    output.walk_strength = @strength.weakest(input.walk_strength)
    output.stay = input.stay
    execute if output.stay
  end
end

class UnaryConstraint < Constraint
  def initialize(variable, symbol, planner)
    super(symbol)
    @variable = variable
    @satisfied = false
    add(planner)
  end

  def satisfied?
    @satisfied
  end

  def add_to_graph
    @variable.add_constraint(self)
    @satisfied = false
  end

  def remove_from_graph
    @variable&.remove_constraint(self)
    @satisfied = false
  end

  def choose_method(mark)
    @satisfied = @variable.mark != mark && @strength.stronger(@variable.walk_strength)
  end

  def inputs_do; end

  def inputs_has_one
    false
  end

  def mark_unsatisfied
    @satisfied = false
  end

  def output
    @variable
  end

  def recalculate
    @variable.walk_strength = @strength
    @variable.stay = !input?
    execute if @variable.stay
  end
end

class EditConstraint < UnaryConstraint
  def input?
    true
  end

  def execute; end
end

class StayConstraint < UnaryConstraint
  def execute; end
end

class EqualityConstraint < BinaryConstraint
  def initialize(v1, v2, symbol, planner)
    super(v1, v2, symbol)
    add(planner)
  end

  def execute
    if @direction == :forward
      @v2.value = @v1.value
    else
      @v1.value = @v2.value
    end
  end
end

class ScaleConstraint < BinaryConstraint
  def initialize(source, scale, offset, destination, symbol, planner)
    super(source, destination, symbol)
    @scale = scale
    @offset = offset
    add(planner)
  end

  def add_to_graph
    @v1.add_constraint(self)
    @v2.add_constraint(self)
    @scale.add_constraint(self)
    @offset.add_constraint(self)
    @direction = nil
  end

  def remove_from_graph
    @v1&.remove_constraint(self)
    @v2&.remove_constraint(self)
    @scale&.remove_constraint(self)
    @offset&.remove_constraint(self)
    @direction = nil
  end

  def execute
    if @direction == :forward
      @v2.value = @v1.value * @scale.value + @offset.value
    else
      @v1.value = (@v2.value - @offset.value) / @scale.value
    end
  end

  def inputs_do
    if @direction == :forward
      yield @v1
    else
      yield @v2
    end
    yield @scale
    yield @offset
  end

  def recalculate
    if @direction == :forward
      input = @v1
      output = @v2
    else
      input = @v2
      output = @v1
    end
    output.walk_strength = @strength.weakest(input.walk_strength)
    output.stay = input.stay && @scale.stay && @offset.stay
    execute if output.stay
  end
end

# The constraints that keep the variables right after a change of an input, in order.
class Plan < Som::Vector
  def initialize
    super(15)
  end

  def execute
    each(&:execute)
  end
end

class Planner
  def initialize
    @current_mark = 1
  end

  def new_mark
    @current_mark += 1
  end

  def incremental_add(constraint)
    mark = new_mark
    overridden = constraint.satisfy(mark, self)
    overridden = overridden.satisfy(mark, self) while overridden
  end

  def incremental_remove(constraint)
    output = constraint.output
    constraint.mark_unsatisfied
    constraint.remove_from_graph
    unsatisfied = remove_propagate_from(output)
    unsatisfied.each { |other| incremental_add(other) }
  end

  def extract_plan(constraints)
    sources = Som::Vector.new
    constraints.each do |constraint|
      sources.append(constraint) if constraint.input? && constraint.satisfied?
    end
    make_plan(sources)
  end

  def make_plan(sources)
    mark = new_mark
    plan = Plan.new
    todo = sources
    until todo.empty?
      constraint = todo.remove_first
      next unless constraint.output.mark != mark && constraint.inputs_known(mark)

      plan.append(constraint)
      constraint.output.mark = mark
      add_consuming_to(constraint.output, todo)
    end
    plan
  end

  def add_consuming_to(variable, todo)
    determining = variable.determined_by
    variable.constraints.each do |constraint|
      todo.append(constraint) if !constraint.equal?(determining) && constraint.satisfied?
    end
  end

  def add_propagate(constraint, mark)
    todo = Som::Vector.with(constraint)
    until todo.empty?
      following = todo.remove_first
      if following.output.mark == mark
        incremental_remove(constraint)
        return false
      end
      following.recalculate
      add_consuming_to(following.output, todo)
    end
    true
  end

  def consuming_do(variable)
    determining = variable.determined_by
    variable.constraints.each do |constraint|
      yield constraint if !constraint.equal?(determining) && constraint.satisfied?
    end
  end

  def remove_propagate_from(output)
    unsatisfied = Som::Vector.new
    output.determined_by = nil
    output.walk_strength = WEAKEST_STRENGTH
    output.stay = true

    todo = Som::Vector.with(output)
    until todo.empty?
      variable = todo.remove_first
      variable.constraints.each do |constraint|
        unsatisfied.append(constraint) unless constraint.satisfied?
      end
      consuming_do(variable) do |constraint|
        constraint.recalculate
        todo.append(constraint.output)
      end
    end
    unsatisfied.sort { |a, b| a.strength.stronger(b.strength) }
    unsatisfied
  end

  def change(variable, value)
    edit = EditConstraint.new(variable, PREFERRED, self)
    plan = extract_plan(Som::Vector.with(edit))
    10.times do
      variable.value = value
      plan.execute
    end
    edit.destroy(self)
  end
end

class DeltaBlue
  def inner_loop(inner)
    chain_test(inner)
    projection_test(inner)
    true
  end

  # A long chain of equalities with a stay at one end; an edit at the other end sends values all the way.
  def chain_test(n)
    planner = Planner.new
    variables = Array.new(n + 1) { Variable.new }
    n.times { |i| EqualityConstraint.new(variables[i], variables[i + 1], REQUIRED, planner) }
    first = variables.first
    last = variables.last
    StayConstraint.new(last, STRONG_DEFAULT, planner)
    edit = EditConstraint.new(first, PREFERRED, planner)
    plan = planner.extract_plan(Som::Vector.with(edit))
    (1..100).each do |value|
      first.value = value
      plan.execute
      raise 'Chain test failed!' if last.value != value
    end
    edit.destroy(planner)
  end

  # Pairs of variables tied by a scale and an offset, all changed from either side.
  def projection_test(n)
    planner = Planner.new
    destinations = Som::Vector.new
    scale = Variable.new(10)
    offset = Variable.new(1000)
    source = nil
    destination = nil
    (1..n).each do |i|
      source = Variable.new(i)
      destination = Variable.new(i)
      destinations.append(destination)
      StayConstraint.new(source, DEFAULT, planner)
      ScaleConstraint.new(source, scale, offset, destination, REQUIRED, planner)
    end

    planner.change(source, 17)
    raise 'Projection 1 failed' if destination.value != 1170

    planner.change(destination, 1050)
    raise 'Projection 2 failed' if source.value != 5

    planner.change(scale, 5)
    (n - 1).times do |i|
      raise 'Projection 3 failed' if destinations.at(i).value != (i + 1) * 5 + 1000
    end
    planner.change(offset, 2000)
    (n - 1).times do |i|
      raise 'Projection 4 failed' if destinations.at(i).value != (i + 1) * 5 + 2000
    end
  end
end

Harness.run('DeltaBlue', 2000, DeltaBlue.new)
