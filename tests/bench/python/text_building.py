"""Writes a table of 1000 rows to a text, and reads it back: formatting, joining, lines, split, numbers."""

import harness

COLOURS = ["red", "green", "blue", "yellow", "violet"]


class TextBuilding:
    def inner_loop(self, inner):
        for _ in range(inner):
            self.text = self.write(1000)
            if len(self.text) != 16025 or self.read(self.text) != 968300:
                return False
            if len(self.text.replace(",", ", ")) != 19025:
                return False
        return True

    def write(self, rows):
        pieces = []
        for row in range(1, rows + 1):
            pieces.append(f"{row},{COLOURS[row % 5]},{row * row % 1000},")
            pieces.append("x" * (row % 4))
            pieces.append("\n")
        return "".join(pieces)

    def read(self, written):
        """The sum of the numbers and of the words' sizes."""
        sum = 0
        for line in written.splitlines():
            parts = line.split(",")
            sum += int(parts[0]) + len(parts[1]) + int(parts[2]) + len(parts[3])
        return sum


harness.run("TextBuilding", 60, TextBuilding())
