"""A hundred balls bounce fifty steps in a box."""

import harness
from som import Random


class Ball:
    def __init__(self, random):
        self.x = random.next() % 500
        self.y = random.next() % 500
        self.x_speed = random.next() % 300 - 150
        self.y_speed = random.next() % 300 - 150

    def bounce(self):
        x_limit, y_limit = 500, 500
        bounced = False
        self.x += self.x_speed
        self.y += self.y_speed
        if self.x > x_limit:
            self.x = x_limit
            self.x_speed = 0 - abs(self.x_speed)
            bounced = True
        if self.x < 0:
            self.x = 0
            self.x_speed = abs(self.x_speed)
            bounced = True
        if self.y > y_limit:
            self.y = y_limit
            self.y_speed = 0 - abs(self.y_speed)
            bounced = True
        if self.y < 0:
            self.y = 0
            self.y_speed = abs(self.y_speed)
            bounced = True
        return bounced


class Bounce:
    def inner_loop(self, inner):
        for _ in range(inner):
            if self.benchmark() != 1331:
                return False
        return True

    def benchmark(self):
        random = Random()
        balls = [Ball(random) for _ in range(100)]
        bounces = 0
        for _ in range(50):
            for ball in balls:
                if ball.bounce():
                    bounces += 1
        return bounces


harness.run("Bounce", 150, Bounce())
