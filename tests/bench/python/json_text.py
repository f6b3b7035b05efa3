"""Reads JSON into dictionaries and lists, and prints it, both by hand: text by places, maps, `match`."""

import harness
from som import Random


class Reader:
    def __init__(self, text):
        self.text = text
        self.place = 0

    def read(self):
        value = self.value()
        self.skip_space()
        if self.place != len(self.text):
            self.fail("the end")
        return value

    def fail(self, expected):
        raise ValueError(f"{expected} is expected at {self.place}")

    def skip_space(self):
        text = self.text
        while self.place < len(text) and (text[self.place] == " " or text[self.place] == "\n"):
            self.place += 1

    def expect(self, character):
        if self.place >= len(self.text) or self.text[self.place] != character:
            self.fail(character)
        self.place += 1

    def passes(self, character):
        """Whether the character stands next; if so, it is passed."""
        self.skip_space()
        if self.place < len(self.text) and self.text[self.place] == character:
            self.place += 1
            return True
        return False

    def value(self):
        self.skip_space()
        if self.place >= len(self.text):
            self.fail("a value")
        match self.text[self.place]:
            case "{":
                return self.object()
            case "[":
                return self.array()
            case '"':
                return self.string()
            case "t":
                return self.word("true", True)
            case "f":
                return self.word("false", False)
            case "n":
                return self.word("null", None)
            case _:
                return self.number()

    def word(self, word, value):
        if self.text[self.place:self.place + len(word)] != word:
            self.fail(word)
        self.place += len(word)
        return value

    def object(self):
        result = {}
        self.place += 1
        if self.passes("}"):
            return result
        while True:
            self.skip_space()
            key = self.string()
            self.skip_space()
            self.expect(":")
            result[key] = self.value()
            if not self.passes(","):
                break
        self.expect("}")
        return result

    def array(self):
        result = []
        self.place += 1
        if self.passes("]"):
            return result
        while True:
            result.append(self.value())
            if not self.passes(","):
                break
        self.expect("]")
        return result

    def string(self):
        self.expect('"')
        end = self.text.find('"', self.place)
        if end < 0:
            self.fail("a quote")
        part = self.text[self.place:end]
        if "\\" in part:
            return self.string_with_escapes()
        self.place = end + 1
        return part

    def string_with_escapes(self):
        pieces = []
        while True:
            character = self.text[self.place]
            self.place += 1
            if character == '"':
                return "".join(pieces)
            if character == "\\":
                character = self.text[self.place]
                self.place += 1
                if character == "n":
                    character = "\n"
            pieces.append(character)

    def number(self):
        text, start = self.text, self.place
        whole = True
        while self.place < len(text):
            character = text[self.place]
            if character == "." or character == "e":
                whole = False
            elif not (character == "-" or "0" <= character <= "9"):
                break
            self.place += 1
        if self.place == start:
            self.fail("a value")
        digits = text[start:self.place]
        return int(digits) if whole else float(digits)


class Printer:
    """Prints with the keys in order."""

    def __init__(self):
        self.pieces = []

    @staticmethod
    def text(value):
        printer = Printer()
        printer.print_value(value)
        return "".join(printer.pieces)

    def print_value(self, value):
        match value:
            case str():
                self.print_string(value)
            case True:
                self.pieces.append("true")
            case False:
                self.pieces.append("false")
            case int() | float():
                self.pieces.append(str(value))
            case list():
                self.print_array(value)
            case dict():
                self.print_object(value)
            case None:
                self.pieces.append("null")

    def print_string(self, text):
        self.pieces.append('"')
        if "\\" in text or '"' in text or "\n" in text:
            self.pieces.append(text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n"))
        else:
            self.pieces.append(text)
        self.pieces.append('"')

    def print_array(self, values):
        separator = "["
        for value in values:
            self.pieces.append(separator)
            self.print_value(value)
            separator = ","
        self.pieces.append("]" if values else "[]")

    def print_object(self, values):
        separator = "{"
        for key in sorted(values):
            self.pieces.append(separator)
            self.print_string(key)
            self.pieces.append(":")
            self.print_value(values[key])
            separator = ", "
        self.pieces.append("}" if values else "{}")


def make_value():
    random = Random()
    words = [
        "harbour", "lantern", 'a "quoted" meadow', "quarry", "two\nlines", "copper", "back\\slash", "amber"]
    records = [{
        "number": i,
        "name": words[random.next() % 8] + " " + str(i),
        "price": random.next() % 1000 + 0.25,
        "sold": random.next() % 2 == 0,
        "parent": None,
        "tags": [words[(i + j) % 8] for j in range(random.next() % 4)],
        "size": {"width": random.next() % 100 - 50, "height": random.next() % 100},
    } for i in range(100)]
    return {"version": 1, "records": records, "nothing": {}}


class JsonText:
    def __init__(self, text):
        self.text = text
        self.value = None

    def inner_loop(self, inner):
        for _ in range(inner):
            self.value = Reader(self.text).read()
            printed = Printer.text(self.value)
            if printed != self.text or len(printed) != 15203 or len(self.value["records"]) != 100:
                return False
        return True


harness.run("JsonText", 20, JsonText(Printer.text(make_value())))
