"""Eight queens, the first solution, ten times."""

import harness


class Queens:
    def inner_loop(self, inner):
        for _ in range(inner):
            if not self.benchmark():
                return False
        return True

    def benchmark(self):
        result = True
        for _ in range(10):
            result = result and self.queens()
        return result

    def queens(self):
        self.free_rows = [True] * 8
        self.free_maxs = [True] * 16
        self.free_mins = [True] * 16
        self.queen_rows = [-1] * 8
        return self.place_queen(0)

    def place_queen(self, c):
        for r in range(8):
            if self.get_row_column(r, c):
                self.queen_rows[r] = c
                self.set_row_column(r, c, False)
                if c == 7:
                    return True
                if self.place_queen(c + 1):
                    return True
                self.set_row_column(r, c, True)
        return False

    def get_row_column(self, r, c):
        return self.free_rows[r] and self.free_maxs[c + r] and self.free_mins[c - r + 7]

    def set_row_column(self, r, c, value):
        self.free_rows[r] = value
        self.free_maxs[c + r] = value
        self.free_mins[c - r + 7] = value


harness.run("Queens", 250, Queens())
