"""The digits of pi, one by one, by a spigot of growing integers; the inner iterations are the digits."""

import harness


class PiDigits:
    # The last ten of so many.
    EXPECTED = {30: "6264338327", 300: "6024914127", 1000: "9216420198", 2000: "4780275900"}

    def inner_loop(self, inner):
        digits = []
        q, r, t, k = 1, 0, 1, 1
        left = inner
        while left > 0:
            # The next term of the series.
            odd = 2 * k + 1
            r = (2 * q + r) * odd
            t *= odd
            q *= k
            k += 1
            if q <= r:
                # A digit is certain if two bounds of what remains agree on it.
                digit = (3 * q + r) // t
                if digit == (4 * q + r) // t:
                    digits.append(str(digit))
                    q *= 10
                    r = (r - digit * t) * 10
                    left -= 1
        text = "".join(digits)
        return text.startswith("314159265358979323846264338") and text[-10:] == PiDigits.EXPECTED[inner]


harness.run("PiDigits", 2000, PiDigits())
