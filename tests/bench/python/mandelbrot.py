"""The Mandelbrot set on a square; the inner iterations are the length of a side."""

import harness

# The results of the original for 1, 500 and 750, and one of our own, small, for a quick check.
EXPECTED = {1: 128, 50: 15, 500: 191, 750: 50}


class Mandelbrot:
    def inner_loop(self, inner):
        return self.mandelbrot(inner) == EXPECTED[inner]

    def mandelbrot(self, size):
        sum = 0
        byte = 0
        bits = 0
        y = 0
        while y < size:
            ci = 2.0 * y / size - 1.0
            x = 0
            while x < size:
                zr = 0.0
                zi = 0.0
                zrzr = 0.0
                zizi = 0.0
                cr = 2.0 * x / size - 1.5
                z = 0
                going = True
                escaped = 0
                while going and z < 50:
                    zr = zrzr - zizi + cr
                    zi = 2.0 * zr * zi + ci
                    zrzr = zr * zr
                    zizi = zi * zi
                    if zrzr + zizi > 4.0:
                        going = False
                        escaped = 1
                    z += 1
                byte = (byte << 1) + escaped
                bits += 1
                if bits == 8:
                    sum ^= byte
                    byte = 0
                    bits = 0
                elif x == size - 1:
                    byte = byte << (8 - bits)
                    sum ^= byte
                    byte = 0
                    bits = 0
                x += 1
            y += 1
        return sum


harness.run("Mandelbrot", 500, Mandelbrot())
