-- Reads JSON into tables, and prints it, both by hand: text by places and parts, maps.
package.path = (arg[0]:match("^.*/") or "") .. "?.lua;" .. package.path
local harness = require("harness")
local Random = require("som").Random
local class = harness.class
local byte, sub, find = string.byte, string.sub, string.find

-- What tells JSON's values apart that are all tables, or nothing, in Lua.
local Array = class()
local NULL = setmetatable({}, class())

local function array(list)
    return setmetatable(list, Array)
end

local SPACE, LINE, QUOTE, COMMA, COLON = byte(" "), byte("\n"), byte('"'), byte(","), byte(":")
local OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY = byte("{"), byte("}"), byte("["), byte("]")
local T, F, N, POINT, EXPONENT, MINUS = byte("t"), byte("f"), byte("n"), byte("."), byte("e"), byte("-")
local ZERO, NINE = byte("0"), byte("9")

local Reader = class()

function Reader.new(text)
    return setmetatable({text = text, place = 1}, Reader)
end

function Reader:read()
    local value = self:value()
    self:skip_space()
    if self.place <= #self.text then self:fail("the end") end
    return value
end

function Reader:fail(expected)
    error(expected .. " is expected at " .. self.place)
end

function Reader:skip_space()
    local text, place = self.text, self.place
    local character = byte(text, place)
    while character == SPACE or character == LINE do
        place = place + 1
        character = byte(text, place)
    end
    self.place = place
end

function Reader:expect(character)
    if byte(self.text, self.place) ~= character then self:fail(string.char(character)) end
    self.place = self.place + 1
end

-- Whether the character stands next; if so, it is passed.
function Reader:pass(character)
    self:skip_space()
    if byte(self.text, self.place) == character then
        self.place = self.place + 1
        return true
    end
    return false
end

function Reader:value()
    self:skip_space()
    local character = byte(self.text, self.place)
    if character == OPEN_OBJECT then return self:object() end
    if character == OPEN_ARRAY then return self:array() end
    if character == QUOTE then return self:string() end
    if character == T then return self:word("true", true) end
    if character == F then return self:word("false", false) end
    if character == N then return self:word("null", NULL) end
    return self:number()
end

function Reader:word(word, value)
    if sub(self.text, self.place, self.place + #word - 1) ~= word then self:fail(word) end
    self.place = self.place + #word
    return value
end

function Reader:object()
    local result = {}
    self.place = self.place + 1
    if self:pass(CLOSE_OBJECT) then return result end
    repeat
        self:skip_space()
        local key = self:string()
        self:skip_space()
        self:expect(COLON)
        result[key] = self:value()
    until not self:pass(COMMA)
    self:expect(CLOSE_OBJECT)
    return result
end

function Reader:array()
    local result = array({})
    self.place = self.place + 1
    if self:pass(CLOSE_ARRAY) then return result end
    repeat
        result[#result + 1] = self:value()
    until not self:pass(COMMA)
    self:expect(CLOSE_ARRAY)
    return result
end

function Reader:string()
    self:expect(QUOTE)
    local last = find(self.text, '"', self.place, true)
    if not last then self:fail("a quote") end
    local part = sub(self.text, self.place, last - 1)
    if find(part, "\\", 1, true) then return self:string_with_escapes() end
    self.place = last + 1
    return part
end

function Reader:string_with_escapes()
    local pieces = {}
    while true do
        local character = sub(self.text, self.place, self.place)
        self.place = self.place + 1
        if character == '"' then return table.concat(pieces) end
        if character == "\\" then
            character = sub(self.text, self.place, self.place)
            self.place = self.place + 1
            if character == "n" then character = "\n" end
        end
        pieces[#pieces + 1] = character
    end
end

function Reader:number()
    local text, start, place = self.text, self.place, self.place
    local character = byte(text, place)
    while character == MINUS or character == POINT or character == EXPONENT
            or character and character >= ZERO and character <= NINE do
        place = place + 1
        character = byte(text, place)
    end
    if place == start then self:fail("a value") end
    self.place = place
    return tonumber(sub(text, start, place - 1))
end

-- Prints with the keys in order.
local Printer = class()

function Printer.text(value)
    local printer = setmetatable({pieces = {}}, Printer)
    printer:print_value(value)
    return table.concat(printer.pieces)
end

function Printer:add(piece)
    local pieces = self.pieces
    pieces[#pieces + 1] = piece
end

function Printer:print_value(value)
    local kind = type(value)
    if kind == "string" then
        self:print_string(value)
    elseif kind == "number" or kind == "boolean" then
        self:add(tostring(value))
    elseif value == NULL then
        self:add("null")
    elseif getmetatable(value) == Array then
        self:print_array(value)
    else
        self:print_object(value)
    end
end

function Printer:print_string(text)
    self:add('"')
    if find(text, '[\\"\n]') then
        self:add((text:gsub("\\", "\\\\"):gsub('"', '\\"'):gsub("\n", "\\n")))
    else
        self:add(text)
    end
    self:add('"')
end

function Printer:print_array(list)
    local separator = "["
    for _, value in ipairs(list) do
        self:add(separator)
        self:print_value(value)
        separator = ","
    end
    self:add(#list == 0 and "[]" or "]")
end

function Printer:print_object(map)
    local keys = {}
    for key in pairs(map) do keys[#keys + 1] = key end
    table.sort(keys)
    local separator = "{"
    for _, key in ipairs(keys) do
        self:add(separator)
        self:print_string(key)
        self:add(":")
        self:print_value(map[key])
        separator = ", "
    end
    self:add(#keys == 0 and "{}" or "}")
end

local function make_value()
    local random = Random.new()
    local words = {
        "harbour", "lantern", 'a "quoted" meadow', "quarry", "two\nlines", "copper", "back\\slash", "amber",
    }
    local records = array({})
    for i = 0, 99 do
        local record = {
            number = i,
            name = words[random:next() % 8 + 1] .. " " .. i,
            price = random:next() % 1000 + 0.25,
            sold = random:next() % 2 == 0,
            parent = NULL,
            tags = array({}),
        }
        for j = 0, random:next() % 4 - 1 do record.tags[j + 1] = words[(i + j) % 8 + 1] end
        local width = random:next() % 100 - 50
        record.size = {width = width, height = random:next() % 100}
        records[i + 1] = record
    end
    return {version = 1, records = records, nothing = {}}
end

local JsonText = class()

function JsonText:inner_loop(inner)
    for _ = 1, inner do
        self.value = Reader.new(self.text):read()
        local printed = Printer.text(self.value)
        if printed ~= self.text or #printed ~= 15203 or #self.value.records ~= 100 then return false end
    end
    return true
end

harness.run("JsonText", 20, setmetatable({text = Printer.text(make_value())}, JsonText))
