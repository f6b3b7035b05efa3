-- The towers of Hanoi with thirteen disks.
package.path = (arg[0]:match("^.*/") or "") .. "?.lua;" .. package.path
local harness = require("harness")

local Disk = harness.class()

function Disk.new(size)
    return setmetatable({size = size, next = nil}, Disk)
end

local Towers = harness.class()

function Towers:inner_loop(inner)
    for _ = 1, inner do
        if self:benchmark() ~= 8191 then return false end
    end
    return true
end

function Towers:benchmark()
    self.piles = {}
    self:build_tower_at(1, 13)
    self.moves_done = 0
    self:move_disks(13, 1, 2)
    return self.moves_done
end

function Towers:push_disk(disk, pile)
    local top = self.piles[pile]
    if top and disk.size >= top.size then
        error("Cannot put a big disk on a smaller one")
    end
    disk.next = top
    self.piles[pile] = disk
end

function Towers:pop_disk_from(pile)
    local top = self.piles[pile]
    if not top then
        error("Attempting to remove a disk from an empty pile")
    end
    self.piles[pile] = top.next
    top.next = nil
    return top
end

function Towers:move_top_disk(from, to)
    self:push_disk(self:pop_disk_from(from), to)
    self.moves_done = self.moves_done + 1
end

function Towers:build_tower_at(pile, disks)
    for size = disks, 0, -1 do
        self:push_disk(Disk.new(size), pile)
    end
end

function Towers:move_disks(disks, from, to)
    if disks == 1 then
        self:move_top_disk(from, to)
    else
        local other = 6 - from - to
        self:move_disks(disks - 1, from, other)
        self:move_top_disk(from, to)
        self:move_disks(disks - 1, other, to)
    end
end

harness.run("Towers", 80, setmetatable({}, Towers))
