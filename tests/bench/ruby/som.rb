# frozen_string_literal: true

# The small library that the "Are We Fast Yet" programs bring along, so that every language does the
# same work: a vector, an identity dictionary with chained buckets, and a random generator.
module Som
  class Vector
    def self.with(element)
      new(1).append(element)
    end

    def initialize(capacity = 50)
      @storage = Array.new(capacity)
      @first = 0
      @last = 0
    end

    def at(index)
      return nil if index >= @storage.size

      @storage[index]
    end

    def append(element)
      if @last >= @storage.size
        grown = Array.new(2 * @storage.size)
        @storage.each_index { |i| grown[i] = @storage[i] }
        @storage = grown
      end
      @storage[@last] = element
      @last += 1
      self
    end

    def empty?
      @last == @first
    end

    def size
      @last - @first
    end

    def each
      i = @first
      while i < @last
        yield @storage[i]
        i += 1
      end
    end

    def has_some
      each { |element| return true if yield element }
      false
    end

    def remove_first
      return nil if empty?

      @first += 1
      @storage[@first - 1]
    end

    def remove(object)
      kept = Array.new(@storage.size)
      last = 0
      found = false
      each do |element|
        if element.equal?(object)
          found = true
        else
          kept[last] = element
          last += 1
        end
      end
      @storage = kept
      @first = 0
      @last = last
      found
    end

    # Quicksort on the median of three, as the originals have it.
    def sort(&before)
      sort_range(@first, @last - 1, &before) if size.positive?
    end

    def swap(i, j)
      @storage[i], @storage[j] = @storage[j], @storage[i]
    end

    def sort_range(i, j, &before)
      n = j + 1 - i
      return if n <= 1

      di = @storage[i]
      dj = @storage[j]
      unless yield di, dj
        swap(i, j)
        di, dj = dj, di
      end
      return if n <= 2

      middle = (i + j) / 2
      median = @storage[middle]
      if yield di, median
        unless yield median, dj
          swap(j, middle)
          median = dj
        end
      else
        swap(i, middle)
        median = di
      end
      return if n <= 3

      low = i
      high = j - 1
      loop do
        high -= 1 while low <= high && (yield median, @storage[high])
        low += 1
        low += 1 while low <= high && (yield @storage[low], median)
        break if low > high

        swap(low, high)
      end
      sort_range(i, high, &before)
      sort_range(low, j, &before)
    end
  end

  class Entry
    attr_reader :hash, :key
    attr_accessor :value, :next

    def initialize(hash, key, value)
      @hash = hash
      @key = key
      @value = value
      @next = nil
    end

    def match(hash, key)
      @hash == hash && @key.equal?(key)
    end
  end

  class Dictionary
    def initialize(capacity = 16)
      @buckets = Array.new(capacity)
      @count = 0
    end

    def hash_of(key)
      hash = key.custom_hash
      hash ^ (hash >> 16)
    end

    def bucket_index(hash)
      hash & (@buckets.size - 1)
    end

    def at(key)
      hash = hash_of(key)
      entry = @buckets[bucket_index(hash)]
      while entry
        return entry.value if entry.match(hash, key)

        entry = entry.next
      end
      nil
    end

    def at_put(key, value)
      hash = hash_of(key)
      index = bucket_index(hash)
      head = @buckets[index]
      if head
        insert(head, hash, key, value)
      else
        @buckets[index] = Entry.new(hash, key, value)
        @count += 1
      end
      grow if @count > @buckets.size
    end

    def insert(head, hash, key, value)
      entry = head
      loop do
        if entry.match(hash, key)
          entry.value = value
          return
        end
        unless entry.next
          @count += 1
          entry.next = Entry.new(hash, key, value)
          return
        end
        entry = entry.next
      end
    end

    def grow
      old = @buckets
      @buckets = Array.new(2 * old.size)
      old.each do |entry|
        while entry
          rest = entry.next
          index = bucket_index(entry.hash)
          entry.next = @buckets[index]
          @buckets[index] = entry
          entry = rest
        end
      end
    end

    def keys
      keys = Vector.new(@count)
      @buckets.each do |entry|
        while entry
          keys.append(entry.key)
          entry = entry.next
        end
      end
      keys
    end
  end

  class Random
    def initialize
      @seed = 74755
    end

    def next
      @seed = (@seed * 1309 + 13849) & 65535
    end
  end
end
