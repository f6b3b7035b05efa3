-- The small library that the "Are We Fast Yet" programs bring along, so that every language does the
-- same work: a vector, an identity dictionary with chained buckets, and a random generator.
local harness = require("harness")
local class, bxor = harness.class, harness.bxor

local Vector = class()

function Vector.new(capacity)
    return setmetatable({storage = {}, capacity = capacity or 50, first = 1, last = 1}, Vector)
end

function Vector.with(element)
    local vector = Vector.new(1)
    vector:append(element)
    return vector
end

function Vector:at(index)
    if index > self.capacity then return nil end
    return self.storage[index]
end

function Vector:at_put(index, element)
    while index > self.capacity do self.capacity = 2 * self.capacity end
    self.storage[index] = element
    if self.last < index + 1 then self.last = index + 1 end
end

function Vector:append(element)
    if self.last > self.capacity then
        self.capacity = 2 * self.capacity
    end
    self.storage[self.last] = element
    self.last = self.last + 1
end

function Vector:is_empty()
    return self.last == self.first
end

function Vector:size()
    return self.last - self.first
end

function Vector:each(fn)
    for i = self.first, self.last - 1 do
        fn(self.storage[i])
    end
end

function Vector:has_some(fn)
    for i = self.first, self.last - 1 do
        if fn(self.storage[i]) then return true end
    end
    return false
end

function Vector:remove_first()
    if self:is_empty() then return nil end
    self.first = self.first + 1
    return self.storage[self.first - 1]
end

function Vector:remove(object)
    local kept, last, found = {}, 1, false
    self:each(function(element)
        if element == object then
            found = true
        else
            kept[last] = element
            last = last + 1
        end
    end)
    self.storage, self.first, self.last = kept, 1, last
    return found
end

function Vector:remove_all()
    self.storage, self.first, self.last = {}, 1, 1
end

-- Quicksort on the median of three, as the originals have it.
function Vector:sort(before)
    if self:size() > 0 then
        self:sort_range(self.first, self.last - 1, before)
    end
end

function Vector:swap(i, j)
    local storage = self.storage
    storage[i], storage[j] = storage[j], storage[i]
end

function Vector:sort_range(i, j, before)
    local n = j + 1 - i
    if n <= 1 then return end
    local storage = self.storage
    local di, dj = storage[i], storage[j]
    if not before(di, dj) then
        self:swap(i, j)
        di, dj = dj, di
    end
    if n <= 2 then return end

    local middle = math.floor((i + j) / 2)
    local median = storage[middle]
    if before(di, median) then
        if not before(median, dj) then
            self:swap(j, middle)
            median = dj
        end
    else
        self:swap(i, middle)
        median = di
    end
    if n <= 3 then return end

    local low, high = i, j - 1
    while true do
        while low <= high and before(median, storage[high]) do high = high - 1 end
        low = low + 1
        while low <= high and before(storage[low], median) do low = low + 1 end
        if low > high then break end
        self:swap(low, high)
    end
    self:sort_range(i, high, before)
    self:sort_range(low, j, before)
end

-- The sets of the originals: elements in a row.
local Set = class()

function Set.new()
    return setmetatable({items = Vector.new(10)}, Set)
end

function Set:size()
    return self.items:size()
end

function Set:each(fn)
    self.items:each(fn)
end

function Set:add(object)
    if not self:contains(object) then self.items:append(object) end
end

-- Objects are equal in Lua where they are identical: one class serves for both.
function Set:contains(object)
    return self.items:has_some(function(other) return other == object end)
end

local Entry = class()

function Entry.new(hash, key, value)
    return setmetatable({hash = hash, key = key, value = value, next = nil}, Entry)
end

function Entry:match(hash, key)
    return self.hash == hash and self.key == key
end

local Dictionary = class()

function Dictionary.new(capacity)
    return setmetatable({buckets = {}, capacity = capacity or 16, count = 0}, Dictionary)
end

function Dictionary:hash(key)
    local hash = key:custom_hash()
    return bxor(hash, math.floor(hash / 65536))
end

function Dictionary:bucket_index(hash)
    return hash % self.capacity + 1
end

function Dictionary:at(key)
    local hash = self:hash(key)
    local entry = self.buckets[self:bucket_index(hash)]
    while entry do
        if entry:match(hash, key) then return entry.value end
        entry = entry.next
    end
    return nil
end

function Dictionary:at_put(key, value)
    local hash = self:hash(key)
    local index = self:bucket_index(hash)
    local head = self.buckets[index]
    if head then
        self:insert(head, hash, key, value)
    else
        self.buckets[index] = Entry.new(hash, key, value)
        self.count = self.count + 1
    end
    if self.count > self.capacity then self:grow() end
end

function Dictionary:insert(head, hash, key, value)
    local entry = head
    while true do
        if entry:match(hash, key) then
            entry.value = value
            return
        end
        if not entry.next then
            self.count = self.count + 1
            entry.next = Entry.new(hash, key, value)
            return
        end
        entry = entry.next
    end
end

function Dictionary:grow()
    local old, old_capacity = self.buckets, self.capacity
    self.buckets, self.capacity = {}, old_capacity * 2
    for i = 1, old_capacity do
        local entry = old[i]
        while entry do
            local rest, index = entry.next, self:bucket_index(entry.hash)
            entry.next = self.buckets[index]
            self.buckets[index] = entry
            entry = rest
        end
    end
end

function Dictionary:remove_all()
    self.buckets, self.count = {}, 0
end

function Dictionary:keys()
    local keys = Vector.new(self.count)
    for i = 1, self.capacity do
        local entry = self.buckets[i]
        while entry do
            keys:append(entry.key)
            entry = entry.next
        end
    end
    return keys
end

local Random = class()

function Random.new()
    return setmetatable({seed = 74755}, Random)
end

function Random:next()
    self.seed = (self.seed * 1309 + 13849) % 65536
    return self.seed
end

return {Vector = Vector, Set = Set, IdentitySet = Set, Dictionary = Dictionary, Random = Random}
