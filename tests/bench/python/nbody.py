"""Sun and four planets, stepped; the inner iterations are the steps of one system."""

from math import pi, sqrt

import harness

SOLAR_MASS = 4.0 * pi * pi
DAYS_PER_YEAR = 365.24

# The results of the original for 1 and 250000, and one of our own between them.
EXPECTED = {
    1: -0.16907495402506745,
    1000: -0.169087605234606,
    250000: -0.1690859889909308,
}


class Body:
    def __init__(self, x, y, z, vx, vy, vz, mass):
        self.x = x
        self.y = y
        self.z = z
        self.vx = vx * DAYS_PER_YEAR
        self.vy = vy * DAYS_PER_YEAR
        self.vz = vz * DAYS_PER_YEAR
        self.mass = mass * SOLAR_MASS

    def offset_momentum(self, px, py, pz):
        self.vx = 0.0 - px / SOLAR_MASS
        self.vy = 0.0 - py / SOLAR_MASS
        self.vz = 0.0 - pz / SOLAR_MASS

    @classmethod
    def sun(cls):
        return cls(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0)

    @classmethod
    def jupiter(cls):
        return cls(
            4.84143144246472090, -1.16032004402742839, -0.103622044471123109,
            0.00166007664274403694, 0.00769901118419740425, -0.0000690460016972063023,
            0.000954791938424326609)

    @classmethod
    def saturn(cls):
        return cls(
            8.34336671824457987, 4.12479856412430479, -0.403523417114321381,
            -0.00276742510726862411, 0.00499852801234917238, 0.0000230417297573763929,
            0.000285885980666130812)

    @classmethod
    def uranus(cls):
        return cls(
            12.8943695621391310, -15.1111514016986312, -0.223307578892655734,
            0.00296460137564761618, 0.00237847173959480950, -0.0000296589568540237556,
            0.0000436624404335156298)

    @classmethod
    def neptune(cls):
        return cls(
            15.3796971148509165, -25.9193146099879641, 0.179258772950371181,
            0.00268067772490389322, 0.00162824170038242295, -0.0000951592254519715870,
            0.0000515138902046611451)


class System:
    def __init__(self):
        bodies = [Body.sun(), Body.jupiter(), Body.saturn(), Body.uranus(), Body.neptune()]
        px, py, pz = 0.0, 0.0, 0.0
        for body in bodies:
            px += body.vx * body.mass
            py += body.vy * body.mass
            pz += body.vz * body.mass
        bodies[0].offset_momentum(px, py, pz)
        self.bodies = bodies

    def advance(self, dt):
        bodies = self.bodies
        for i, a in enumerate(bodies):
            for j in range(i + 1, len(bodies)):
                b = bodies[j]
                dx = a.x - b.x
                dy = a.y - b.y
                dz = a.z - b.z
                squared = dx * dx + dy * dy + dz * dz
                distance = sqrt(squared)
                magnitude = dt / (squared * distance)

                a.vx -= dx * b.mass * magnitude
                a.vy -= dy * b.mass * magnitude
                a.vz -= dz * b.mass * magnitude

                b.vx += dx * a.mass * magnitude
                b.vy += dy * a.mass * magnitude
                b.vz += dz * a.mass * magnitude
        for body in bodies:
            body.x += dt * body.vx
            body.y += dt * body.vy
            body.z += dt * body.vz

    def energy(self):
        bodies = self.bodies
        energy = 0.0
        for i, a in enumerate(bodies):
            energy += 0.5 * a.mass * (a.vx * a.vx + a.vy * a.vy + a.vz * a.vz)
            for j in range(i + 1, len(bodies)):
                b = bodies[j]
                dx = a.x - b.x
                dy = a.y - b.y
                dz = a.z - b.z
                distance = sqrt(dx * dx + dy * dy + dz * dz)
                energy -= a.mass * b.mass / distance
        return energy


class NBody:
    def inner_loop(self, inner):
        system = System()
        for _ in range(inner):
            system.advance(0.01)
        return system.energy() == EXPECTED[inner]


harness.run("NBody", 250000, NBody())
