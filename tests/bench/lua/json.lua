-- A parser of JSON, by hand, character by character, on a document of 156 operations.
package.path = (arg[0]:match("^.*/") or "") .. "?.lua;" .. package.path
local harness = require("harness")
local class, band = harness.class, harness.band
local som = require("som")
local Vector, Random = som.Vector, som.Random

-- The document: as long and as nested as the one of the original, but made up here.
local WORDS = {
    "harbour", "lantern", "meadow", "quarry", "willow", "copper", "thistle", "amber",
    "juniper", "granite", "sparrow", "velvet", "orchard", "saffron", "tundra", "ember",
}

local SET = '["set","n%",{"bounds":[%,%,%,%],"visible":true,"enabled":false,"label":"% %"}]'
local LISTEN = '["listen","n%",{"Opened":true,"Closed":false,"Selection":true}]'
local COLUMN = '["create","n%","garden.widgets.Column",'
    .. '{"parent":"n2","text":"%","left":%,"width":%,"movable":true}]'
local TURN = '["call","n%","turn",{"angle":-%.5e-%,"note":"a \\"%\\" and a %"}]'
local PLANT = '["create","n%","garden.widgets.Plant",{"parent":"n2","index":%,'
    .. '"texts":["%","%","%","% %","%","%"],"cellBackgrounds":[null,null,null,[%,%,%,255],null,null]}]'

local function document()
    local random = Random.new()
    local function word() return WORDS[random:next() % 16 + 1] end
    local function number(limit) return tostring(random:next() % limit) end

    -- Fills each % of a template: n takes the next number, w a word, anything else stands for itself.
    local function fill(template, ...)
        local values, next = {...}, 0
        return (template:gsub("%%", function()
            next = next + 1
            local value = values[next]
            if type(value) == "number" then return number(value) end
            return value == "w" and word() or value
        end))
    end

    local operations = {}
    for i = 0, 155 do
        local id = tostring(i)
        local text
        if i >= 38 then
            text = fill(PLANT, id, tostring(i - 38), id, "w", "w", "w", "w", 18, 7, 256, 256, 256)
        elseif i % 4 == 0 then
            text = fill(SET, id, 1000, 1000, 500, 500, "w", "w")
        elseif i % 4 == 1 then
            text = fill(LISTEN, id)
        elseif i % 4 == 2 then
            text = fill(COLUMN, id, "w", 900, 200)
        else
            text = fill(TURN, id, 90, 9, "w", "w")
        end
        operations[#operations + 1] = text
    end
    return '{"head":{"requestCounter":4},"operations":[' .. table.concat(operations, ",") .. "]}"
end

local JsonValue = class()

function JsonValue:is_object() return false end
function JsonValue:is_array() return false end
function JsonValue:is_number() return false end
function JsonValue:is_string() return false end
function JsonValue:is_boolean() return false end
function JsonValue:as_object() error("not an object: " .. self:as_string()) end
function JsonValue:as_array() error("not an array: " .. self:as_string()) end

local JsonLiteral = class(JsonValue)

function JsonLiteral.new(value)
    return setmetatable({
        value = value, is_null = value == "null", is_true = value == "true", is_false = value == "false",
    }, JsonLiteral)
end

function JsonLiteral:as_string() return self.value end
function JsonLiteral:is_boolean() return self.is_true or self.is_false end

local NULL, TRUE, FALSE = JsonLiteral.new("null"), JsonLiteral.new("true"), JsonLiteral.new("false")

local JsonNumber = class(JsonValue)

function JsonNumber.new(text)
    return setmetatable({text = text}, JsonNumber)
end

function JsonNumber:is_number() return true end
function JsonNumber:as_string() return self.text end

local JsonString = class(JsonValue)

function JsonString.new(text)
    return setmetatable({text = text}, JsonString)
end

function JsonString:is_string() return true end
function JsonString:as_string() return self.text end

local JsonArray = class(JsonValue)

function JsonArray.new()
    return setmetatable({values = Vector.new()}, JsonArray)
end

function JsonArray:add(value)
    if value == nil then error("value is nil") end
    self.values:append(value)
    return self
end

function JsonArray:size() return self.values:size() end
function JsonArray:get(index) return self.values:at(index) end
function JsonArray:is_array() return true end
function JsonArray:as_array() return self end

-- Remembers where a name is likely to stand; 0 means nowhere.
local HashIndexTable = class()

function HashIndexTable.new()
    local slots = {}
    for i = 1, 32 do slots[i] = 0 end
    return setmetatable({slots = slots}, HashIndexTable)
end

function HashIndexTable:slot_for(name)
    return band(#name * 1402589, 31) + 1
end

function HashIndexTable:add(name, index)
    local slot = self:slot_for(name)
    if index < 255 then
        self.slots[slot] = band(index + 1, 255)
    else
        self.slots[slot] = 0
    end
end

function HashIndexTable:get(name)
    return band(self.slots[self:slot_for(name)], 255) - 1
end

local JsonObject = class(JsonValue)

function JsonObject.new()
    return setmetatable({names = Vector.new(), values = Vector.new(), table = HashIndexTable.new()}, JsonObject)
end

function JsonObject:add(name, value)
    if name == nil then error("name is nil") end
    if value == nil then error("value is nil") end
    self.names:append(name)
    self.values:append(value)
    self.table:add(name, self.names:size())
    return self
end

function JsonObject:get(name)
    if name == nil then error("name is nil") end
    local index = self:index_of(name)
    if index == -1 then return nil end
    return self.values:at(index)
end

function JsonObject:index_of(name)
    local index = self.table:get(name)
    if index ~= -1 and name == self.names:at(index) then return index end
    error("not implemented: two names in one slot")
end

function JsonObject:is_object() return true end
function JsonObject:as_object() return self end

local Parser = class()

function Parser.new(input)
    return setmetatable({
        input = input, index = 0, line = 1, column = 0, current = nil,
        capture_start = -1, captured = "",
    }, Parser)
end

function Parser:parse()
    self:read()
    self:skip_white_space()
    local result = self:read_value()
    self:skip_white_space()
    if not self:is_end() then self:fail("unexpected character") end
    return result
end

function Parser:read_value()
    local c = self.current
    if c == "n" then return self:read_null()
    elseif c == "t" then return self:read_true()
    elseif c == "f" then return self:read_false()
    elseif c == '"' then return self:read_string()
    elseif c == "[" then return self:read_array()
    elseif c == "{" then return self:read_object()
    elseif c == "-" or c == "0" or c == "1" or c == "2" or c == "3" or c == "4"
        or c == "5" or c == "6" or c == "7" or c == "8" or c == "9" then
        return self:read_number()
    end
    self:expected("value")
end

function Parser:read_array()
    self:read()
    local array = JsonArray.new()
    self:skip_white_space()
    if self:read_char("]") then return array end
    repeat
        self:skip_white_space()
        array:add(self:read_value())
        self:skip_white_space()
    until not self:read_char(",")
    if not self:read_char("]") then self:expected("',' or ']'") end
    return array
end

function Parser:read_object()
    self:read()
    local object = JsonObject.new()
    self:skip_white_space()
    if self:read_char("}") then return object end
    repeat
        self:skip_white_space()
        local name = self:read_name()
        self:skip_white_space()
        if not self:read_char(":") then self:expected("':'") end
        self:skip_white_space()
        object:add(name, self:read_value())
        self:skip_white_space()
    until not self:read_char(",")
    if not self:read_char("}") then self:expected("',' or '}'") end
    return object
end

function Parser:read_name()
    if self.current ~= '"' then self:expected("name") end
    return self:read_text()
end

function Parser:read_null()
    self:read()
    self:read_required("u")
    self:read_required("l")
    self:read_required("l")
    return NULL
end

function Parser:read_true()
    self:read()
    self:read_required("r")
    self:read_required("u")
    self:read_required("e")
    return TRUE
end

function Parser:read_false()
    self:read()
    self:read_required("a")
    self:read_required("l")
    self:read_required("s")
    self:read_required("e")
    return FALSE
end

function Parser:read_required(char)
    if not self:read_char(char) then self:expected("'" .. char .. "'") end
end

function Parser:read_string()
    return JsonString.new(self:read_text())
end

function Parser:read_text()
    self:read()
    self:start_capture()
    while self.current ~= '"' do
        if self.current == "\\" then
            self:pause_capture()
            self:read_escape()
            self:start_capture()
        else
            self:read()
        end
    end
    local text = self:end_capture()
    self:read()
    return text
end

function Parser:read_escape()
    self:read()
    local c = self.current
    if c == '"' or c == "/" or c == "\\" then
        self.captured = self.captured .. c
    elseif c == "b" then
        self.captured = self.captured .. "\b"
    elseif c == "f" then
        self.captured = self.captured .. "\f"
    elseif c == "n" then
        self.captured = self.captured .. "\n"
    elseif c == "r" then
        self.captured = self.captured .. "\r"
    elseif c == "t" then
        self.captured = self.captured .. "\t"
    else
        self:expected("valid escape sequence")
    end
    self:read()
end

function Parser:read_number()
    self:start_capture()
    self:read_char("-")
    local first = self.current
    if not self:read_digit() then self:expected("digit") end
    if first ~= "0" then
        while self:read_digit() do end
    end
    self:read_fraction()
    self:read_exponent()
    return JsonNumber.new(self:end_capture())
end

function Parser:read_fraction()
    if not self:read_char(".") then return false end
    if not self:read_digit() then self:expected("digit") end
    while self:read_digit() do end
    return true
end

function Parser:read_exponent()
    if not self:read_char("e") and not self:read_char("E") then return false end
    if not self:read_char("+") then self:read_char("-") end
    if not self:read_digit() then self:expected("digit") end
    while self:read_digit() do end
    return true
end

function Parser:read_char(char)
    if self.current ~= char then return false end
    self:read()
    return true
end

function Parser:read_digit()
    if not self:is_digit() then return false end
    self:read()
    return true
end

function Parser:skip_white_space()
    while self:is_white_space() do self:read() end
end

function Parser:read()
    if self.current == "\n" then
        self.line = self.line + 1
        self.column = 0
    end
    self.index = self.index + 1
    self.column = self.column + 1
    if self.index <= #self.input then
        self.current = self.input:sub(self.index, self.index)
    else
        self.current = nil
    end
end

function Parser:start_capture()
    self.capture_start = self.index
end

function Parser:pause_capture()
    self.captured = self.captured .. self.input:sub(self.capture_start, self.index - 1)
    self.capture_start = -1
end

function Parser:end_capture()
    local text = self.input:sub(self.capture_start, self.index - 1)
    if self.captured ~= "" then
        text = self.captured .. text
        self.captured = ""
    end
    self.capture_start = -1
    return text
end

function Parser:is_white_space()
    local c = self.current
    return c == " " or c == "\t" or c == "\n" or c == "\r"
end

function Parser:is_digit()
    local c = self.current
    return c == "0" or c == "1" or c == "2" or c == "3" or c == "4"
        or c == "5" or c == "6" or c == "7" or c == "8" or c == "9"
end

function Parser:is_end()
    return self.current == nil
end

function Parser:expected(what)
    if self:is_end() then self:fail("unexpected end of input") end
    self:fail("expected " .. what)
end

function Parser:fail(message)
    error(("JSON:%d:%d: %s"):format(self.line, self.column, message))
end

local Json = class()

function Json:inner_loop(inner)
    for _ = 1, inner do
        if not self:verify(Parser.new(self.text):parse()) then return false end
    end
    return true
end

function Json:verify(result)
    if not result:is_object() then return false end
    if not result:as_object():get("head"):is_object() then return false end
    if not result:as_object():get("operations"):is_array() then return false end
    return result:as_object():get("operations"):as_array():size() == 156
end

-- Outside of the time: that the document came out the same in every language, and is read whole.
local function total_size(value)
    if value:is_array() or value:is_object() then
        local sum = 1
        value.values:each(function(part) sum = sum + total_size(part) end)
        return sum
    end
    return #value:as_string()
end

local text = document()
local whole = total_size(Parser.new(text):parse())
if #text ~= 25615 or whole ~= 13394 then
    error("the document is another one: " .. #text .. ", " .. whole)
end
harness.run("Json", 15, setmetatable({text = text}, Json))
