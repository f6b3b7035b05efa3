# frozen_string_literal: true

# The Mandelbrot set on a square; the inner iterations are the length of a side.
require_relative 'harness'

class Mandelbrot
  # The results of the original for 1, 500 and 750, and one of our own, small, for a quick check.
  EXPECTED = { 1 => 128, 50 => 15, 500 => 191, 750 => 50 }.freeze

  def inner_loop(inner)
    mandelbrot(inner) == EXPECTED.fetch(inner)
  end

  def mandelbrot(size)
    sum = 0
    byte = 0
    bits = 0
    y = 0
    while y < size
      ci = 2.0 * y / size - 1.0
      x = 0
      while x < size
        zr = 0.0
        zi = 0.0
        zrzr = 0.0
        zizi = 0.0
        cr = 2.0 * x / size - 1.5
        z = 0
        going = true
        escaped = 0
        while going && z < 50
          zr = zrzr - zizi + cr
          zi = 2.0 * zr * zi + ci
          zrzr = zr * zr
          zizi = zi * zi
          if zrzr + zizi > 4.0
            going = false
            escaped = 1
          end
          z += 1
        end
        byte = (byte << 1) + escaped
        bits += 1
        if bits == 8
          sum ^= byte
          byte = 0
          bits = 0
        elsif x == size - 1
          byte <<= 8 - bits
          sum ^= byte
          byte = 0
          bits = 0
        end
        x += 1
      end
      y += 1
    end
    sum
  end
end

Harness.run('Mandelbrot', 500, Mandelbrot.new)
