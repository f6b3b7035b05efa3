# frozen_string_literal: true

# A hundred balls bounce fifty steps in a box.
require_relative 'harness'
require_relative 'som'

class Ball
  def initialize(random)
    @x = random.next % 500
    @y = random.next % 500
    @x_speed = random.next % 300 - 150
    @y_speed = random.next % 300 - 150
  end

  def bounce
    x_limit = 500
    y_limit = 500
    bounced = false
    @x += @x_speed
    @y += @y_speed
    if @x > x_limit
      @x = x_limit
      @x_speed = 0 - @x_speed.abs
      bounced = true
    end
    if @x < 0
      @x = 0
      @x_speed = @x_speed.abs
      bounced = true
    end
    if @y > y_limit
      @y = y_limit
      @y_speed = 0 - @y_speed.abs
      bounced = true
    end
    if @y < 0
      @y = 0
      @y_speed = @y_speed.abs
      bounced = true
    end
    bounced
  end
end

class Bounce
  def inner_loop(inner)
    inner.times { return false unless benchmark == 1331 }
    true
  end

  def benchmark
    random = Som::Random.new
    balls = Array.new(100) { Ball.new(random) }
    bounces = 0
    50.times do
      balls.each { |ball| bounces += 1 if ball.bounce }
    end
    bounces
  end
end

Harness.run('Bounce', 150, Bounce.new)
