-- An incremental solver of one-way constraints; the inner iterations are the length of the chain.
package.path = (arg[0]:match("^.*/") or "") .. "?.lua;" .. package.path
local harness = require("harness")
local class = harness.class
local som = require("som")
local Vector, Dictionary = som.Vector, som.Dictionary

local Symbol = class()

function Symbol.new(hash)
    return setmetatable({hash = hash}, Symbol)
end

function Symbol:custom_hash()
    return self.hash
end

local ABSOLUTE_STRONGEST = Symbol.new(0)
local REQUIRED = Symbol.new(1)
local STRONG_PREFERRED = Symbol.new(2)
local PREFERRED = Symbol.new(3)
local STRONG_DEFAULT = Symbol.new(4)
local DEFAULT = Symbol.new(5)
local WEAK_DEFAULT = Symbol.new(6)
local ABSOLUTE_WEAKEST = Symbol.new(7)

local Strength = class()

local values = Dictionary.new()
values:at_put(ABSOLUTE_STRONGEST, -10000)
values:at_put(REQUIRED, -800)
values:at_put(STRONG_PREFERRED, -600)
values:at_put(PREFERRED, -400)
values:at_put(STRONG_DEFAULT, -200)
values:at_put(DEFAULT, 0)
values:at_put(WEAK_DEFAULT, 500)
values:at_put(ABSOLUTE_WEAKEST, 10000)

function Strength.new(symbol)
    return setmetatable({symbol = symbol, value = values:at(symbol)}, Strength)
end

local constants = Dictionary.new()
values:keys():each(function(symbol) constants:at_put(symbol, Strength.new(symbol)) end)

function Strength.of(symbol)
    return constants:at(symbol)
end

function Strength:same_as(other) return self.value == other.value end
function Strength:stronger(other) return self.value < other.value end
function Strength:weaker(other) return self.value > other.value end

function Strength:strongest(other)
    if other:stronger(self) then return other end
    return self
end

function Strength:weakest(other)
    if other:weaker(self) then return other end
    return self
end

local REQUIRED_STRENGTH = Strength.of(REQUIRED)
local WEAKEST_STRENGTH = Strength.of(ABSOLUTE_WEAKEST)

local Variable = class()

function Variable.new(value)
    return setmetatable({
        value = value or 0,
        constraints = Vector.new(2),
        determined_by = nil,
        walk_strength = WEAKEST_STRENGTH,
        stay = true,
        mark = 0,
    }, Variable)
end

function Variable:add_constraint(constraint)
    self.constraints:append(constraint)
end

function Variable:remove_constraint(constraint)
    self.constraints:remove(constraint)
    if self.determined_by == constraint then self.determined_by = nil end
end

local Constraint = class()

function Constraint:is_input() return false end

function Constraint:add(planner)
    self:add_to_graph()
    planner:incremental_add(self)
end

function Constraint:destroy(planner)
    if self:is_satisfied() then planner:incremental_remove(self) end
    self:remove_from_graph()
end

function Constraint:inputs_known(mark)
    return not self:inputs_has_one(function(variable)
        return not (variable.mark == mark or variable.stay or variable.determined_by == nil)
    end)
end

-- Enforces this constraint if it can be; answers the constraint that it overrides, or nil.
function Constraint:satisfy(mark, planner)
    self:choose_method(mark)
    if not self:is_satisfied() then
        if self.strength:same_as(REQUIRED_STRENGTH) then
            error("Failed to satisfy a required constraint")
        end
        return nil
    end
    self:inputs_do(function(variable) variable.mark = mark end)
    local output = self:output()
    local overridden = output.determined_by
    if overridden then overridden:mark_unsatisfied() end
    output.determined_by = self
    if not planner:add_propagate(self, mark) then
        error("Cycle encountered adding: Constraint removed")
    end
    output.mark = mark
    return overridden
end

local BinaryConstraint = class(Constraint)

function BinaryConstraint:init(v1, v2, symbol)
    self.strength = Strength.of(symbol)
    self.v1 = v1
    self.v2 = v2
    self.direction = nil
end

function BinaryConstraint:is_satisfied()
    return self.direction ~= nil
end

function BinaryConstraint:add_to_graph()
    self.v1:add_constraint(self)
    self.v2:add_constraint(self)
    self.direction = nil
end

function BinaryConstraint:remove_from_graph()
    if self.v1 then self.v1:remove_constraint(self) end
    if self.v2 then self.v2:remove_constraint(self) end
    self.direction = nil
end

function BinaryConstraint:choose_method(mark)
    if self.v1.mark == mark then
        if self.v2.mark ~= mark and self.strength:stronger(self.v2.walk_strength) then
            self.direction = "forward"
        else
            self.direction = nil
        end
        return self.direction
    end
    if self.v2.mark == mark then
        if self.v1.mark ~= mark and self.strength:stronger(self.v1.walk_strength) then
            self.direction = "backward"
        else
            self.direction = nil
        end
        return self.direction
    end
    -- Neither is marked: there is a choice.
    if self.v1.walk_strength:weaker(self.v2.walk_strength) then
        if self.strength:stronger(self.v1.walk_strength) then
            self.direction = "backward"
        else
            self.direction = nil
        end
    elseif self.strength:stronger(self.v2.walk_strength) then
        self.direction = "forward"
    else
        self.direction = nil
    end
    return self.direction
end

function BinaryConstraint:inputs_do(fn)
    if self.direction == "forward" then fn(self.v1) else fn(self.v2) end
end

function BinaryConstraint:inputs_has_one(fn)
    if self.direction == "forward" then return fn(self.v1) end
    return fn(self.v2)
end

function BinaryConstraint:mark_unsatisfied()
    self.direction = nil
end

function BinaryConstraint:output()
    if self.direction == "forward" then return self.v2 end
    return self.v1
end

function BinaryConstraint:recalculate()
    local input, output
    if self.direction == "forward" then
        input, output = self.v1, self.v2
    else
        input, output = self.v2, self.v1
    end
    output.walk_strength = self.strength:weakest(input.walk_strength)
    output.stay = input.stay
    if output.stay then self:execute() end
end

local UnaryConstraint = class(Constraint)

function UnaryConstraint:init(variable, symbol, planner)
    self.strength = Strength.of(symbol)
    self.variable = variable
    self.satisfied = false
    self:add(planner)
end

function UnaryConstraint:is_satisfied()
    return self.satisfied
end

function UnaryConstraint:add_to_graph()
    self.variable:add_constraint(self)
    self.satisfied = false
end

function UnaryConstraint:remove_from_graph()
    if self.variable then self.variable:remove_constraint(self) end
    self.satisfied = false
end

function UnaryConstraint:choose_method(mark)
    self.satisfied = self.variable.mark ~= mark and self.strength:stronger(self.variable.walk_strength)
end

function UnaryConstraint:inputs_do(_) end

function UnaryConstraint:inputs_has_one(_)
    return false
end

function UnaryConstraint:mark_unsatisfied()
    self.satisfied = false
end

function UnaryConstraint:output()
    return self.variable
end

function UnaryConstraint:recalculate()
    self.variable.walk_strength = self.strength
    self.variable.stay = not self:is_input()
    if self.variable.stay then self:execute() end
end

local EditConstraint = class(UnaryConstraint)

function EditConstraint.new(variable, symbol, planner)
    local constraint = setmetatable({}, EditConstraint)
    constraint:init(variable, symbol, planner)
    return constraint
end

function EditConstraint:is_input() return true end
function EditConstraint:execute() end

local StayConstraint = class(UnaryConstraint)

function StayConstraint.new(variable, symbol, planner)
    local constraint = setmetatable({}, StayConstraint)
    constraint:init(variable, symbol, planner)
    return constraint
end

function StayConstraint:execute() end

local EqualityConstraint = class(BinaryConstraint)

function EqualityConstraint.new(v1, v2, symbol, planner)
    local constraint = setmetatable({}, EqualityConstraint)
    constraint:init(v1, v2, symbol)
    constraint:add(planner)
    return constraint
end

function EqualityConstraint:execute()
    if self.direction == "forward" then
        self.v2.value = self.v1.value
    else
        self.v1.value = self.v2.value
    end
end

local ScaleConstraint = class(BinaryConstraint)

function ScaleConstraint.new(source, scale, offset, destination, symbol, planner)
    local constraint = setmetatable({scale = scale, offset = offset}, ScaleConstraint)
    constraint:init(source, destination, symbol)
    constraint:add(planner)
    return constraint
end

function ScaleConstraint:add_to_graph()
    self.v1:add_constraint(self)
    self.v2:add_constraint(self)
    self.scale:add_constraint(self)
    self.offset:add_constraint(self)
    self.direction = nil
end

function ScaleConstraint:remove_from_graph()
    if self.v1 then self.v1:remove_constraint(self) end
    if self.v2 then self.v2:remove_constraint(self) end
    if self.scale then self.scale:remove_constraint(self) end
    if self.offset then self.offset:remove_constraint(self) end
    self.direction = nil
end

function ScaleConstraint:execute()
    if self.direction == "forward" then
        self.v2.value = self.v1.value * self.scale.value + self.offset.value
    else
        self.v1.value = (self.v2.value - self.offset.value) / self.scale.value
    end
end

function ScaleConstraint:inputs_do(fn)
    if self.direction == "forward" then fn(self.v1) else fn(self.v2) end
    fn(self.scale)
    fn(self.offset)
end

function ScaleConstraint:recalculate()
    local input, output
    if self.direction == "forward" then
        input, output = self.v1, self.v2
    else
        input, output = self.v2, self.v1
    end
    output.walk_strength = self.strength:weakest(input.walk_strength)
    output.stay = input.stay and self.scale.stay and self.offset.stay
    if output.stay then self:execute() end
end

-- The constraints that keep the variables right after a change of an input, in order.
local Plan = class(Vector)

function Plan.new()
    return setmetatable(Vector.new(15), Plan)
end

function Plan:execute()
    self:each(function(constraint) constraint:execute() end)
end

local Planner = class()

function Planner.new()
    return setmetatable({current_mark = 1}, Planner)
end

function Planner:new_mark()
    self.current_mark = self.current_mark + 1
    return self.current_mark
end

function Planner:incremental_add(constraint)
    local mark = self:new_mark()
    local overridden = constraint:satisfy(mark, self)
    while overridden do
        overridden = overridden:satisfy(mark, self)
    end
end

function Planner:incremental_remove(constraint)
    local output = constraint:output()
    constraint:mark_unsatisfied()
    constraint:remove_from_graph()
    local unsatisfied = self:remove_propagate_from(output)
    unsatisfied:each(function(other) self:incremental_add(other) end)
end

function Planner:extract_plan(constraints)
    local sources = Vector.new()
    constraints:each(function(constraint)
        if constraint:is_input() and constraint:is_satisfied() then
            sources:append(constraint)
        end
    end)
    return self:make_plan(sources)
end

function Planner:make_plan(sources)
    local mark = self:new_mark()
    local plan = Plan.new()
    local todo = sources
    while not todo:is_empty() do
        local constraint = todo:remove_first()
        if constraint:output().mark ~= mark and constraint:inputs_known(mark) then
            plan:append(constraint)
            constraint:output().mark = mark
            self:add_consuming_to(constraint:output(), todo)
        end
    end
    return plan
end

function Planner:add_consuming_to(variable, todo)
    local determining = variable.determined_by
    variable.constraints:each(function(constraint)
        if constraint ~= determining and constraint:is_satisfied() then
            todo:append(constraint)
        end
    end)
end

function Planner:add_propagate(constraint, mark)
    local todo = Vector.with(constraint)
    while not todo:is_empty() do
        local next = todo:remove_first()
        if next:output().mark == mark then
            self:incremental_remove(constraint)
            return false
        end
        next:recalculate()
        self:add_consuming_to(next:output(), todo)
    end
    return true
end

function Planner:consuming_do(variable, fn)
    local determining = variable.determined_by
    variable.constraints:each(function(constraint)
        if constraint ~= determining and constraint:is_satisfied() then
            fn(constraint)
        end
    end)
end

function Planner:remove_propagate_from(output)
    local unsatisfied = Vector.new()
    output.determined_by = nil
    output.walk_strength = WEAKEST_STRENGTH
    output.stay = true

    local todo = Vector.with(output)
    while not todo:is_empty() do
        local variable = todo:remove_first()
        variable.constraints:each(function(constraint)
            if not constraint:is_satisfied() then
                unsatisfied:append(constraint)
            end
        end)
        self:consuming_do(variable, function(constraint)
            constraint:recalculate()
            todo:append(constraint:output())
        end)
    end
    unsatisfied:sort(function(a, b) return a.strength:stronger(b.strength) end)
    return unsatisfied
end

function Planner:change(variable, value)
    local edit = EditConstraint.new(variable, PREFERRED, self)
    local plan = self:extract_plan(Vector.with(edit))
    for _ = 1, 10 do
        variable.value = value
        plan:execute()
    end
    edit:destroy(self)
end

-- A long chain of equalities with a stay at one end; an edit at the other end sends values all the way.
local function chain_test(n)
    local planner = Planner.new()
    local variables = {}
    for i = 1, n + 1 do variables[i] = Variable.new() end
    for i = 1, n do
        EqualityConstraint.new(variables[i], variables[i + 1], REQUIRED, planner)
    end
    local first, last = variables[1], variables[n + 1]
    StayConstraint.new(last, STRONG_DEFAULT, planner)
    local edit = EditConstraint.new(first, PREFERRED, planner)
    local plan = planner:extract_plan(Vector.with(edit))
    for value = 1, 100 do
        first.value = value
        plan:execute()
        if last.value ~= value then error("Chain test failed!") end
    end
    edit:destroy(planner)
end

-- Pairs of variables tied by a scale and an offset, all changed from either side.
local function projection_test(n)
    local planner = Planner.new()
    local destinations = Vector.new()
    local scale, offset = Variable.new(10), Variable.new(1000)
    local source, destination
    for i = 1, n do
        source, destination = Variable.new(i), Variable.new(i)
        destinations:append(destination)
        StayConstraint.new(source, DEFAULT, planner)
        ScaleConstraint.new(source, scale, offset, destination, REQUIRED, planner)
    end

    planner:change(source, 17)
    if destination.value ~= 1170 then error("Projection 1 failed") end
    planner:change(destination, 1050)
    if source.value ~= 5 then error("Projection 2 failed") end
    planner:change(scale, 5)
    for i = 1, n - 1 do
        if destinations:at(i).value ~= i * 5 + 1000 then error("Projection 3 failed") end
    end
    planner:change(offset, 2000)
    for i = 1, n - 1 do
        if destinations:at(i).value ~= i * 5 + 2000 then error("Projection 4 failed") end
    end
end

local DeltaBlue = class()

function DeltaBlue:inner_loop(inner)
    chain_test(inner)
    projection_test(inner)
    return true
end

harness.run("DeltaBlue", 2000, setmetatable({}, DeltaBlue))
