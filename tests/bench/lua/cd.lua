-- Finds the collisions of aircraft, frame by frame; the inner iterations are the aircraft.
package.path = (arg[0]:match("^.*/") or "") .. "?.lua;" .. package.path
local harness = require("harness")
local Vector = require("som").Vector
local class = harness.class
local cos, sin, sqrt, modf, huge = math.cos, math.sin, math.sqrt, math.modf, math.huge

local MIN_X, MIN_Y, MAX_X, MAX_Y, MIN_Z, MAX_Z = 0.0, 0.0, 1000.0, 1000.0, 0.0, 10.0
local PROXIMITY_RADIUS = 1.0
local VOXEL_SIZE = 2.0

local function compare_numbers(a, b)
    if a == b then return 0 end
    if a < b then return -1 end
    if a > b then return 1 end
    return a == a and 1 or -1
end

local Vector2D = class()

function Vector2D.new(x, y)
    return setmetatable({x = x, y = y}, Vector2D)
end

function Vector2D:plus(other)
    return Vector2D.new(self.x + other.x, self.y + other.y)
end

function Vector2D:minus(other)
    return Vector2D.new(self.x - other.x, self.y - other.y)
end

function Vector2D:compare_to(other)
    local result = compare_numbers(self.x, other.x)
    if result ~= 0 then return result end
    return compare_numbers(self.y, other.y)
end

local HORIZONTAL = Vector2D.new(VOXEL_SIZE, 0.0)
local VERTICAL = Vector2D.new(0.0, VOXEL_SIZE)

local Vector3D = class()

function Vector3D.new(x, y, z)
    return setmetatable({x = x, y = y, z = z}, Vector3D)
end

function Vector3D:plus(other)
    return Vector3D.new(self.x + other.x, self.y + other.y, self.z + other.z)
end

function Vector3D:minus(other)
    return Vector3D.new(self.x - other.x, self.y - other.y, self.z - other.z)
end

function Vector3D:dot(other)
    return self.x * other.x + self.y * other.y + self.z * other.z
end

function Vector3D:squared_magnitude()
    return self:dot(self)
end

function Vector3D:magnitude()
    return sqrt(self:squared_magnitude())
end

function Vector3D:times(amount)
    return Vector3D.new(self.x * amount, self.y * amount, self.z * amount)
end

local Node = class()

function Node.new(key, value, parent)
    return setmetatable({key = key, value = value, parent = parent, red = true}, Node)
end

function Node:least()
    local node = self
    while node.left do node = node.left end
    return node
end

function Node:successor()
    if self.right then return self.right:least() end
    local child, above = self, self.parent
    while above and child == above.right do
        child, above = above, above.parent
    end
    return above
end

local function is_black(node)
    return not node or not node.red
end

local RedBlackTree = class()

function RedBlackTree.new()
    return setmetatable({root = nil}, RedBlackTree)
end

-- Answers the value that the key had, or nil.
function RedBlackTree:put(key, value)
    local inserted = self:insert(key, value)
    if not inserted.is_new_entry then return inserted.old_value end
    local x = inserted.node
    while x ~= self.root and x.parent.red do
        local grandparent = x.parent.parent
        if x.parent == grandparent.left then
            local uncle = grandparent.right
            if uncle and uncle.red then
                x.parent.red = false
                uncle.red = false
                grandparent.red = true
                x = grandparent
            else
                if x == x.parent.right then
                    x = x.parent
                    self:rotate_left(x)
                end
                x.parent.red = false
                grandparent.red = true
                self:rotate_right(grandparent)
            end
        else
            local uncle = grandparent.left
            if uncle and uncle.red then
                x.parent.red = false
                uncle.red = false
                grandparent.red = true
                x = grandparent
            else
                if x == x.parent.left then
                    x = x.parent
                    self:rotate_right(x)
                end
                x.parent.red = false
                grandparent.red = true
                self:rotate_left(grandparent)
            end
        end
    end
    self.root.red = false
    return nil
end

function RedBlackTree:insert(key, value)
    local above, node, order = nil, self.root, 0
    while node do
        above = node
        order = key:compare_to(node.key)
        if order < 0 then
            node = node.left
        elseif order > 0 then
            node = node.right
        else
            local old = node.value
            node.value = value
            return {is_new_entry = false, node = nil, old_value = old}
        end
    end
    local added = Node.new(key, value, above)
    if not above then
        self.root = added
    elseif order < 0 then
        above.left = added
    else
        above.right = added
    end
    return {is_new_entry = true, node = added, old_value = nil}
end

-- Takes the key out; answers its value, or nil.
function RedBlackTree:remove(key)
    local found = self:find(key)
    if not found then return nil end
    -- The node that leaves its place: the found one, or the next, which then stands in for it.
    local leaving = found
    if found.left and found.right then leaving = found:successor() end
    local child = leaving.left or leaving.right
    local above = leaving.parent
    if child then child.parent = above end
    if not above then
        self.root = child
    elseif leaving == above.left then
        above.left = child
    else
        above.right = child
    end
    if not leaving.red then self:remove_fixup(child, above) end
    if leaving ~= found then
        leaving.parent = found.parent
        leaving.red = found.red
        leaving.left = found.left
        leaving.right = found.right
        if found.left then found.left.parent = leaving end
        if found.right then found.right.parent = leaving end
        if not found.parent then
            self.root = leaving
        elseif found.parent.left == found then
            found.parent.left = leaving
        else
            found.parent.right = leaving
        end
    end
    return found.value
end

function RedBlackTree:get(key)
    local node = self:find(key)
    return node and node.value
end

function RedBlackTree:each(fn)
    local node = self.root and self.root:least()
    while node do
        fn({key = node.key, value = node.value})
        node = node:successor()
    end
end

function RedBlackTree:find(key)
    local node = self.root
    while node do
        local order = key:compare_to(node.key)
        if order == 0 then return node end
        if order < 0 then
            node = node.left
        else
            node = node.right
        end
    end
    return nil
end

-- `node` is to stand where `old` stands.
function RedBlackTree:replace_child(old, node)
    local above = old.parent
    node.parent = above
    if not above then
        self.root = node
    elseif old == above.left then
        above.left = node
    else
        above.right = node
    end
end

function RedBlackTree:rotate_left(x)
    local y = x.right
    x.right = y.left
    if y.left then y.left.parent = x end
    self:replace_child(x, y)
    y.left = x
    x.parent = y
end

function RedBlackTree:rotate_right(y)
    local x = y.left
    y.left = x.right
    if x.right then x.right.parent = y end
    self:replace_child(y, x)
    x.right = y
    y.parent = x
end

-- Black nodes are one too few below `above` on the side of `x`, which may be nil.
function RedBlackTree:remove_fixup(x, above)
    while x ~= self.root and is_black(x) do
        if x == above.left then
            local sibling = above.right
            if sibling.red then
                sibling.red = false
                above.red = true
                self:rotate_left(above)
                sibling = above.right
            end
            if is_black(sibling.left) and is_black(sibling.right) then
                sibling.red = true
                x = above
                above = x.parent
            else
                if is_black(sibling.right) then
                    sibling.left.red = false
                    sibling.red = true
                    self:rotate_right(sibling)
                    sibling = above.right
                end
                sibling.red = above.red
                above.red = false
                if sibling.right then sibling.right.red = false end
                self:rotate_left(above)
                x = self.root
                above = x.parent
            end
        else
            local sibling = above.left
            if sibling.red then
                sibling.red = false
                above.red = true
                self:rotate_right(above)
                sibling = above.left
            end
            if is_black(sibling.left) and is_black(sibling.right) then
                sibling.red = true
                x = above
                above = x.parent
            else
                if is_black(sibling.left) then
                    sibling.right.red = false
                    sibling.red = true
                    self:rotate_left(sibling)
                    sibling = above.left
                end
                sibling.red = above.red
                above.red = false
                if sibling.left then sibling.left.red = false end
                self:rotate_right(above)
                x = self.root
                above = x.parent
            end
        end
    end
    if x then x.red = false end
end

local CallSign = class()

function CallSign.new(value)
    return setmetatable({value = value}, CallSign)
end

function CallSign:compare_to(other)
    if self.value == other.value then return 0 end
    return self.value < other.value and -1 or 1
end

local Motion = class()

function Motion.new(call_sign, start, finish)
    return setmetatable({call_sign = call_sign, start = start, finish = finish}, Motion)
end

function Motion:delta()
    return self.finish:minus(self.start)
end

-- Where the two come nearer than the radius while each moves straight at an even speed; nil if they do not.
function Motion:intersection(other)
    local start1, start2 = self.start, other.start
    local move1, move2 = self:delta(), other:delta()
    local a = move2:minus(move1):squared_magnitude()
    if a == 0.0 then
        -- Both move alike: their distance stays what it is.
        local distance = start2:minus(start1):magnitude()
        if distance <= PROXIMITY_RADIUS then return start1:plus(start2):times(0.5) end
        return nil
    end

    -- The times at which the distance is the radius solve a * t * t + b * t + c = 0.
    local b = 2.0 * start1:minus(start2):dot(move1:minus(move2))
    local c = -PROXIMITY_RADIUS * PROXIMITY_RADIUS + start2:minus(start1):squared_magnitude()
    local discriminant = b * b - 4.0 * a * c
    if discriminant < 0.0 then return nil end
    local t1 = (-b - sqrt(discriminant)) / (2.0 * a)
    local t2 = (-b + sqrt(discriminant)) / (2.0 * a)
    if not (t1 <= t2 and (t1 <= 1.0 and 1.0 <= t2 or t1 <= 0.0 and 0.0 <= t2 or 0.0 <= t1 and t2 <= 1.0)) then
        return nil
    end
    local t = t1 <= 0.0 and 0.0 or t1
    local result = start1:plus(move1:times(t)):plus(start2:plus(move2:times(t))):times(0.5)
    if result.x >= MIN_X and result.x <= MAX_X and result.y >= MIN_Y and result.y <= MAX_Y
            and result.z >= MIN_Z and result.z <= MAX_Z then
        return result
    end
    return nil
end

-- Which motions come through which squares of the plane.
local VoxelMap = class()

function VoxelMap.new()
    return setmetatable({motions = RedBlackTree.new()}, VoxelMap)
end

function VoxelMap:draw(motion)
    self:spread(RedBlackTree.new(), self:voxel_of(motion.start), motion)
end

-- Those that more than one motion comes through.
function VoxelMap:reduced()
    local result = Vector.new()
    self.motions:each(function(entry)
        if entry.value:size() > 1 then result:append(entry.value) end
    end)
    return result
end

function VoxelMap:voxel_of(position)
    local x = VOXEL_SIZE * modf(position.x / VOXEL_SIZE)
    local y = VOXEL_SIZE * modf(position.y / VOXEL_SIZE)
    if position.x < 0.0 then x = x - VOXEL_SIZE end
    if position.y < 0.0 then y = y - VOXEL_SIZE end
    return Vector2D.new(x, y)
end

function VoxelMap:spread(seen, voxel, motion)
    if not self:touches(voxel, motion) then return end
    if seen:put(voxel, true) then return end
    self:put(voxel, motion)
    self:spread(seen, voxel:minus(HORIZONTAL), motion)
    self:spread(seen, voxel:plus(HORIZONTAL), motion)
    self:spread(seen, voxel:minus(VERTICAL), motion)
    self:spread(seen, voxel:plus(VERTICAL), motion)
    self:spread(seen, voxel:minus(HORIZONTAL):minus(VERTICAL), motion)
    self:spread(seen, voxel:minus(HORIZONTAL):plus(VERTICAL), motion)
    self:spread(seen, voxel:plus(HORIZONTAL):minus(VERTICAL), motion)
    self:spread(seen, voxel:plus(HORIZONTAL):plus(VERTICAL), motion)
end

function VoxelMap:put(voxel, motion)
    local there = self.motions:get(voxel)
    if not there then
        there = Vector.new()
        self.motions:put(voxel, there)
    end
    there:append(motion)
end

function VoxelMap:touches(voxel, motion)
    if voxel.x > MAX_X or voxel.x < MIN_X or voxel.y > MAX_Y or voxel.y < MIN_Y then return false end
    local start, finish = motion.start, motion.finish
    local r = PROXIMITY_RADIUS / 2.0
    local vx, x0, xv = voxel.x, start.x, finish.x - start.x
    local vy, y0, yv = voxel.y, start.y, finish.y - start.y

    -- The times at which it enters and leaves the square's column and row.
    local low_x, high_x
    if xv == 0.0 then
        low_x = vx - r - x0 < 0.0 and -huge or huge
        high_x = vx + VOXEL_SIZE + r - x0 < 0.0 and -huge or huge
    else
        low_x = (vx - r - x0) / xv
        high_x = (vx + VOXEL_SIZE + r - x0) / xv
    end
    if xv < 0.0 then low_x, high_x = high_x, low_x end

    local low_y, high_y
    if yv == 0.0 then
        low_y = vy - r - y0 < 0.0 and -huge or huge
        high_y = vy + VOXEL_SIZE + r - y0 < 0.0 and -huge or huge
    else
        low_y = (vy - r - y0) / yv
        high_y = (vy + VOXEL_SIZE + r - y0) / yv
    end
    if yv < 0.0 then low_y, high_y = high_y, low_y end

    return (xv == 0.0 and vx <= x0 + r and x0 - r <= vx + VOXEL_SIZE
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
            or low_x <= low_y and high_y <= high_x)
end

local CollisionDetector = class()

function CollisionDetector.new()
    return setmetatable({state = RedBlackTree.new()}, CollisionDetector)
end

function CollisionDetector:handle_new_frame(frame)
    local motions, seen = Vector.new(), RedBlackTree.new()
    frame:each(function(aircraft)
        local old = self.state:put(aircraft.call_sign, aircraft.position)
        seen:put(aircraft.call_sign, true)
        -- Who is new stands still.
        motions:append(Motion.new(aircraft.call_sign, old or aircraft.position, aircraft.position))
    end)

    local gone = Vector.new()
    self.state:each(function(entry)
        if not seen:get(entry.key) then gone:append(entry.key) end
    end)
    gone:each(function(call_sign) self.state:remove(call_sign) end)

    local map = VoxelMap.new()
    motions:each(function(motion) map:draw(motion) end)
    local collisions = Vector.new()
    map:reduced():each(function(together)
        for i = 1, together:size() do
            local motion1 = together:at(i)
            for j = i + 1, together:size() do
                local motion2 = together:at(j)
                local position = motion1:intersection(motion2)
                if position then
                    local first, second = motion1.call_sign, motion2.call_sign
                    collisions:append({first = first, second = second, position = position})
                end
            end
        end
    end)
    return collisions
end

local Simulator = class()

function Simulator.new(aircraft)
    local call_signs = Vector.new()
    for i = 0, aircraft - 1 do call_signs:append(CallSign.new(i)) end
    return setmetatable({call_signs = call_signs}, Simulator)
end

function Simulator:simulate(time)
    local frame = Vector.new()
    for i = 0, self.call_signs:size() - 1, 2 do
        frame:append({
            call_sign = self.call_signs:at(i + 1),
            position = Vector3D.new(time, cos(time) * 2.0 + i * 3.0, 10.0),
        })
        frame:append({
            call_sign = self.call_signs:at(i + 2),
            position = Vector3D.new(time, sin(time) * 2.0 + i * 3.0, 10.0),
        })
    end
    return frame
end

local CD = class()

local EXPECTED = {
    [2] = 42, [10] = 390, [100] = 4305, [200] = 8655, [250] = 10830, [500] = 14484,
}

function CD:inner_loop(inner)
    local simulator, detector = Simulator.new(inner), CollisionDetector.new()
    local collisions = 0
    for frame = 0, 199 do
        collisions = collisions + detector:handle_new_frame(simulator:simulate(frame / 10.0)):size()
    end
    if EXPECTED[inner] == nil then error("no result is known for " .. inner .. "; it was " .. collisions) end
    return collisions == EXPECTED[inner]
end

harness.run("CD", 10, setmetatable({}, CD))
