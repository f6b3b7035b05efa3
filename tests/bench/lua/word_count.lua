-- Counts the words of texts in a map that is kept.
package.path = (arg[0]:match("^.*/") or "") .. "?.lua;" .. package.path
local harness = require("harness")
local Random = require("som").Random
local floor = math.floor

-- Eight texts of 2000 words each, from a vocabulary of 1000 in which the first are used more often.
local function make_texts()
    local random = Random.new()
    local syllables = {"ba", "co", "du", "fe", "gi", "ho", "ka", "le", "mi", "no"}
    local words = {}
    for i = 0, 999 do
        local first, second, third = i % 10, floor(i / 10) % 10, floor(i / 100)
        words[i + 1] = syllables[first + 1] .. syllables[second + 1] .. syllables[third + 1]
    end
    local texts = {}
    for i = 1, 8 do
        local pieces = {}
        for place = 1, 2000 do
            local skewed = floor(random:next() * random:next() / 65536)
            pieces[#pieces + 1] = words[floor(skewed * 1000 / 65536) + 1]
            pieces[#pieces + 1] = place % 12 == 0 and "\n" or " "
        end
        texts[i] = table.concat(pieces)
    end
    return texts
end

local WordCount = harness.class()

function WordCount.new(texts)
    return setmetatable({texts = texts, counts = {}, steps = 0}, WordCount)
end

function WordCount:inner_loop(inner)
    for _ = 1, inner do
        self:count(self.texts[self.steps % #self.texts + 1])
        self.steps = self.steps + 1
    end
    return self:sum() == self.steps * 2000 and self:most() == self.counts.bababa
end

function WordCount:count(text)
    local counts = self.counts
    for word in text:gmatch("%S+") do
        counts[word] = (counts[word] or 0) + 1
    end
end

function WordCount:sum()
    local total = 0
    for _, count in pairs(self.counts) do total = total + count end
    return total
end

-- How often the most frequent word came.
function WordCount:most()
    local most = 0
    for _, count in pairs(self.counts) do
        if count > most then most = count end
    end
    return most
end

harness.run("WordCount", 300, WordCount.new(make_texts()))
