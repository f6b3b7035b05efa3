# frozen_string_literal: true

# Sun and four planets, stepped; the inner iterations are the steps of one system.
require_relative 'harness'

class Body
  SOLAR_MASS = 4.0 * Math::PI * Math::PI
  DAYS_PER_YEAR = 365.24

  attr_accessor :x, :y, :z, :vx, :vy, :vz
  attr_reader :mass

  def initialize(x, y, z, vx, vy, vz, mass)
    @x = x
    @y = y
    @z = z
    @vx = vx * DAYS_PER_YEAR
    @vy = vy * DAYS_PER_YEAR
    @vz = vz * DAYS_PER_YEAR
    @mass = mass * SOLAR_MASS
  end

  def offset_momentum(px, py, pz)
    @vx = 0.0 - px / SOLAR_MASS
    @vy = 0.0 - py / SOLAR_MASS
    @vz = 0.0 - pz / SOLAR_MASS
  end

  def self.sun
    new(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)
  end

  def self.jupiter
    new(4.84143144246472090, -1.16032004402742839, -0.103622044471123109,
        0.00166007664274403694, 0.00769901118419740425, -0.0000690460016972063023,
        0.000954791938424326609)
  end

  def self.saturn
    new(8.34336671824457987, 4.12479856412430479, -0.403523417114321381,
        -0.00276742510726862411, 0.00499852801234917238, 0.0000230417297573763929,
        0.000285885980666130812)
  end

  def self.uranus
    new(12.8943695621391310, -15.1111514016986312, -0.223307578892655734,
        0.00296460137564761618, 0.00237847173959480950, -0.0000296589568540237556,
        0.0000436624404335156298)
  end

  def self.neptune
    new(15.3796971148509165, -25.9193146099879641, 0.179258772950371181,
        0.00268067772490389322, 0.00162824170038242295, -0.0000951592254519715870,
        0.0000515138902046611451)
  end
end

class System
  def initialize
    @bodies = [Body.sun, Body.jupiter, Body.saturn, Body.uranus, Body.neptune]
    px = py = pz = 0.0
    @bodies.each do |body|
      px += body.vx * body.mass
      py += body.vy * body.mass
      pz += body.vz * body.mass
    end
    @bodies[0].offset_momentum(px, py, pz)
  end

  def advance(dt)
    @bodies.each_index do |i|
      a = @bodies[i]
      (i + 1...@bodies.size).each do |j|
        b = @bodies[j]
        dx = a.x - b.x
        dy = a.y - b.y
        dz = a.z - b.z
        squared = dx * dx + dy * dy + dz * dz
        distance = Math.sqrt(squared)
        magnitude = dt / (squared * distance)

        a.vx -= dx * b.mass * magnitude
        a.vy -= dy * b.mass * magnitude
        a.vz -= dz * b.mass * magnitude

        b.vx += dx * a.mass * magnitude
        b.vy += dy * a.mass * magnitude
        b.vz += dz * a.mass * magnitude
      end
    end
    @bodies.each do |body|
      body.x += dt * body.vx
      body.y += dt * body.vy
      body.z += dt * body.vz
    end
  end

  def energy
    energy = 0.0
    @bodies.each_index do |i|
      a = @bodies[i]
      energy += 0.5 * a.mass * (a.vx * a.vx + a.vy * a.vy + a.vz * a.vz)
      (i + 1...@bodies.size).each do |j|
        b = @bodies[j]
        dx = a.x - b.x
        dy = a.y - b.y
        dz = a.z - b.z
        distance = Math.sqrt(dx * dx + dy * dy + dz * dz)
        energy -= a.mass * b.mass / distance
      end
    end
    energy
  end
end

class NBody
  # The results of the original for 1 and 250000, and one of our own between them.
  EXPECTED = { 1 => -0.16907495402506745, 1000 => -0.169087605234606, 250_000 => -0.1690859889909308 }.freeze

  def inner_loop(inner)
    system = System.new
    inner.times { system.advance(0.01) }
    system.energy == EXPECTED.fetch(inner)
  end
end

Harness.run('NBody', 250_000, NBody.new)
