"""A parser of JSON, by hand, character by character, on a document of 156 operations."""

import harness
from som import Random, Vector

# The document: as long and as nested as the one of the original, but made up here.
WORDS = [
    "harbour", "lantern", "meadow", "quarry", "willow", "copper", "thistle", "amber",
    "juniper", "granite", "sparrow", "velvet", "orchard", "saffron", "tundra", "ember",
]

SET = '["set","n%",{"bounds":[%,%,%,%],"visible":true,"enabled":false,"label":"% %"}]'
LISTEN = '["listen","n%",{"Opened":true,"Closed":false,"Selection":true}]'
COLUMN = (
    '["create","n%","garden.widgets.Column",'
    '{"parent":"n2","text":"%","left":%,"width":%,"movable":true}]')
TURN = '["call","n%","turn",{"angle":-%.5e-%,"note":"a \\"%\\" and a %"}]'
PLANT = (
    '["create","n%","garden.widgets.Plant",{"parent":"n2","index":%,'
    '"texts":["%","%","%","% %","%","%"],"cellBackgrounds":[null,null,null,[%,%,%,255],null,null]}]')


def document():
    random = Random()

    def fill(template, *values):
        """Fills each % of a template: a number takes the next number below it, "w" the next word."""
        parts = template.split("%")
        text = parts[0]
        for value, part in zip(values, parts[1:]):
            if value == "w":
                text += WORDS[random.next() % 16]
            elif isinstance(value, int):
                text += str(random.next() % value)
            else:
                text += value
            text += part
        return text

    operations = []
    for i in range(156):
        id = str(i)
        if i >= 38:
            text = fill(PLANT, id, str(i - 38), id, "w", "w", "w", "w", 18, 7, 256, 256, 256)
        elif i % 4 == 0:
            text = fill(SET, id, 1000, 1000, 500, 500, "w", "w")
        elif i % 4 == 1:
            text = fill(LISTEN, id)
        elif i % 4 == 2:
            text = fill(COLUMN, id, "w", 900, 200)
        else:
            text = fill(TURN, id, 90, 9, "w", "w")
        operations.append(text)
    return '{"head":{"requestCounter":4},"operations":[' + ",".join(operations) + "]}"


class JsonValue:
    def is_object(self):
        return False

    def is_array(self):
        return False

    def is_number(self):
        return False

    def is_string(self):
        return False

    def is_boolean(self):
        return False

    def as_object(self):
        raise ValueError("not an object: " + self.as_string())

    def as_array(self):
        raise ValueError("not an array: " + self.as_string())


class JsonLiteral(JsonValue):
    def __init__(self, value):
        self.value = value
        self.is_null = value == "null"
        self.is_true = value == "true"
        self.is_false = value == "false"

    def as_string(self):
        return self.value

    def is_boolean(self):
        return self.is_true or self.is_false


NULL = JsonLiteral("null")
TRUE = JsonLiteral("true")
FALSE = JsonLiteral("false")


class JsonNumber(JsonValue):
    def __init__(self, text):
        self.text = text

    def is_number(self):
        return True

    def as_string(self):
        return self.text


class JsonString(JsonValue):
    def __init__(self, text):
        self.text = text

    def is_string(self):
        return True

    def as_string(self):
        return self.text


class JsonArray(JsonValue):
    def __init__(self):
        self.values = Vector()

    def add(self, value):
        if value is None:
            raise ValueError("value is None")
        self.values.append(value)
        return self

    def size(self):
        return self.values.size()

    def get(self, index):
        return self.values.at(index)

    def is_array(self):
        return True

    def as_array(self):
        return self


class HashIndexTable:
    """Remembers where a name is likely to stand; 0 means nowhere."""

    def __init__(self):
        self.slots = [0] * 32

    def slot_for(self, name):
        return (len(name) * 1402589) & 31

    def add(self, name, index):
        slot = self.slot_for(name)
        if index < 255:
            self.slots[slot] = (index + 1) & 255
        else:
            self.slots[slot] = 0

    def get(self, name):
        return (self.slots[self.slot_for(name)] & 255) - 1


class JsonObject(JsonValue):
    def __init__(self):
        self.names = Vector()
        self.values = Vector()
        self.table = HashIndexTable()

    def add(self, name, value):
        if name is None:
            raise ValueError("name is None")
        if value is None:
            raise ValueError("value is None")
        self.table.add(name, self.names.size())
        self.names.append(name)
        self.values.append(value)
        return self

    def get(self, name):
        if name is None:
            raise ValueError("name is None")
        index = self.index_of(name)
        if index == -1:
            return None
        return self.values.at(index)

    def index_of(self, name):
        index = self.table.get(name)
        if index != -1 and name == self.names.at(index):
            return index
        raise NotImplementedError("two names in one slot")

    def is_object(self):
        return True

    def as_object(self):
        return self


class Parser:
    def __init__(self, input):
        self.input = input
        self.index = -1
        self.line = 1
        self.column = 0
        self.current = None
        self.capture_start = -1
        self.captured = ""

    def parse(self):
        self.read()
        self.skip_white_space()
        result = self.read_value()
        self.skip_white_space()
        if not self.is_end():
            self.fail("unexpected character")
        return result

    def read_value(self):
        c = self.current
        if c == "n":
            return self.read_null()
        if c == "t":
            return self.read_true()
        if c == "f":
            return self.read_false()
        if c == '"':
            return self.read_string()
        if c == "[":
            return self.read_array()
        if c == "{":
            return self.read_object()
        if c in ("-", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9"):
            return self.read_number()
        self.expected("value")

    def read_array(self):
        self.read()
        array = JsonArray()
        self.skip_white_space()
        if self.read_char("]"):
            return array
        while True:
            self.skip_white_space()
            array.add(self.read_value())
            self.skip_white_space()
            if not self.read_char(","):
                break
        if not self.read_char("]"):
            self.expected("',' or ']'")
        return array

    def read_object(self):
        self.read()
        object = JsonObject()
        self.skip_white_space()
        if self.read_char("}"):
            return object
        while True:
            self.skip_white_space()
            name = self.read_name()
            self.skip_white_space()
            if not self.read_char(":"):
                self.expected("':'")
            self.skip_white_space()
            object.add(name, self.read_value())
            self.skip_white_space()
            if not self.read_char(","):
                break
        if not self.read_char("}"):
            self.expected("',' or '}'")
        return object

    def read_name(self):
        if self.current != '"':
            self.expected("name")
        return self.read_text()

    def read_null(self):
        self.read()
        self.read_required("u")
        self.read_required("l")
        self.read_required("l")
        return NULL

    def read_true(self):
        self.read()
        self.read_required("r")
        self.read_required("u")
        self.read_required("e")
        return TRUE

    def read_false(self):
        self.read()
        self.read_required("a")
        self.read_required("l")
        self.read_required("s")
        self.read_required("e")
        return FALSE

    def read_required(self, char):
        if not self.read_char(char):
            self.expected("'" + char + "'")

    def read_string(self):
        return JsonString(self.read_text())

    def read_text(self):
        self.read()
        self.start_capture()
        while self.current != '"':
            if self.current == "\\":
                self.pause_capture()
                self.read_escape()
                self.start_capture()
            else:
                self.read()
        text = self.end_capture()
        self.read()
        return text

    def read_escape(self):
        self.read()
        c = self.current
        if c in ('"', "/", "\\"):
            self.captured += c
        elif c == "b":
            self.captured += "\b"
        elif c == "f":
            self.captured += "\f"
        elif c == "n":
            self.captured += "\n"
        elif c == "r":
            self.captured += "\r"
        elif c == "t":
            self.captured += "\t"
        else:
            self.expected("valid escape sequence")
        self.read()

    def read_number(self):
        self.start_capture()
        self.read_char("-")
        first = self.current
        if not self.read_digit():
            self.expected("digit")
        if first != "0":
            while self.read_digit():
                pass
        self.read_fraction()
        self.read_exponent()
        return JsonNumber(self.end_capture())

    def read_fraction(self):
        if not self.read_char("."):
            return False
        if not self.read_digit():
            self.expected("digit")
        while self.read_digit():
            pass
        return True

    def read_exponent(self):
        if not self.read_char("e") and not self.read_char("E"):
            return False
        if not self.read_char("+"):
            self.read_char("-")
        if not self.read_digit():
            self.expected("digit")
        while self.read_digit():
            pass
        return True

    def read_char(self, char):
        if self.current != char:
            return False
        self.read()
        return True

    def read_digit(self):
        if not self.is_digit():
            return False
        self.read()
        return True

    def skip_white_space(self):
        while self.is_white_space():
            self.read()

    def read(self):
        if self.current == "\n":
            self.line += 1
            self.column = 0
        self.index += 1
        self.column += 1
        if self.index < len(self.input):
            self.current = self.input[self.index]
        else:
            self.current = None

    def start_capture(self):
        self.capture_start = self.index

    def pause_capture(self):
        self.captured += self.input[self.capture_start:self.index]
        self.capture_start = -1

    def end_capture(self):
        text = self.input[self.capture_start:self.index]
        if self.captured != "":
            text = self.captured + text
            self.captured = ""
        self.capture_start = -1
        return text

    def is_white_space(self):
        return self.current in (" ", "\t", "\n", "\r")

    def is_digit(self):
        return self.current in ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")

    def is_end(self):
        return self.current is None

    def expected(self, what):
        if self.is_end():
            self.fail("unexpected end of input")
        self.fail("expected " + what)

    def fail(self, message):
        raise ValueError(f"JSON:{self.line}:{self.column}: {message}")


class Json:
    def __init__(self, text):
        self.text = text

    def inner_loop(self, inner):
        for _ in range(inner):
            if not self.verify(Parser(self.text).parse()):
                return False
        return True

    def verify(self, result):
        if not result.is_object():
            return False
        if not result.as_object().get("head").is_object():
            return False
        if not result.as_object().get("operations").is_array():
            return False
        return result.as_object().get("operations").as_array().size() == 156


def total_size(value):
    """Outside of the time: that the document came out the same in every language, and is read whole."""
    if value.is_array() or value.is_object():
        sizes = []
        value.values.each(lambda part: sizes.append(total_size(part)))
        return 1 + sum(sizes)
    return len(value.as_string())


text = document()
whole = total_size(Parser(text).parse())
if len(text) != 25615 or whole != 13394:
    raise ValueError(f"the document is another one: {len(text)}, {whole}")
harness.run("Json", 15, Json(text))
