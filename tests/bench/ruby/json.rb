# frozen_string_literal: true

# A parser of JSON, by hand, character by character, on a document of 156 operations.
require_relative 'harness'
require_relative 'som'

# The document: as long and as nested as the one of the original, but made up here.
module Document
  WORDS = %w[
    harbour lantern meadow quarry willow copper thistle amber
    juniper granite sparrow velvet orchard saffron tundra ember
  ].freeze

  SET = '["set","n%",{"bounds":[%,%,%,%],"visible":true,"enabled":false,"label":"% %"}]'
  LISTEN = '["listen","n%",{"Opened":true,"Closed":false,"Selection":true}]'
  COLUMN = '["create","n%","garden.widgets.Column",' \
           '{"parent":"n2","text":"%","left":%,"width":%,"movable":true}]'
  TURN = '["call","n%","turn",{"angle":-%.5e-%,"note":"a \\"%\\" and a %"}]'
  PLANT = '["create","n%","garden.widgets.Plant",{"parent":"n2","index":%,' \
          '"texts":["%","%","%","% %","%","%"],"cellBackgrounds":[null,null,null,[%,%,%,255],null,null]}]'

  def self.text
    random = Som::Random.new
    operations = (0..155).map do |i|
      if i >= 38
        fill(random, PLANT, i.to_s, (i - 38).to_s, i.to_s, 'w', 'w', 'w', 'w', 18, 7, 256, 256, 256)
      elsif i % 4 == 0
        fill(random, SET, i.to_s, 1000, 1000, 500, 500, 'w', 'w')
      elsif i % 4 == 1
        fill(random, LISTEN, i.to_s)
      elsif i % 4 == 2
        fill(random, COLUMN, i.to_s, 'w', 900, 200)
      else
        fill(random, TURN, i.to_s, 90, 9, 'w', 'w')
      end
    end
    "{\"head\":{\"requestCounter\":4},\"operations\":[#{operations.join(',')}]}"
  end

  # Fills each % of a template: a number takes the next number below it, 'w' the next word.
  def self.fill(random, template, *values)
    parts = template.split('%')
    text = +parts[0]
    values.each_with_index do |value, i|
      text <<
        if value == 'w'
          WORDS[random.next % 16]
        elsif value.is_a?(Integer)
          (random.next % value).to_s
        else
          value
        end
      text << parts[i + 1]
    end
    text
  end
end

class JsonValue
  def object?
    false
  end

  def array?
    false
  end

  def number?
    false
  end

  def string?
    false
  end

  def boolean?
    false
  end

  def as_object
    raise "not an object: #{as_string}"
  end

  def as_array
    raise "not an array: #{as_string}"
  end
end

class JsonLiteral < JsonValue
  def initialize(value)
    super()
    @value = value
    @is_null = value == 'null'
    @is_true = value == 'true'
    @is_false = value == 'false'
  end

  def as_string
    @value
  end

  def boolean?
    @is_true || @is_false
  end

  NULL = new('null')
  TRUE = new('true')
  FALSE = new('false')
end

class JsonNumber < JsonValue
  def initialize(text)
    super()
    @text = text
  end

  def number?
    true
  end

  def as_string
    @text
  end
end

class JsonString < JsonValue
  def initialize(text)
    super()
    @text = text
  end

  def string?
    true
  end

  def as_string
    @text
  end
end

class JsonArray < JsonValue
  attr_reader :values

  def initialize
    super
    @values = Som::Vector.new
  end

  def add(value)
    raise 'value is nil' unless value

    @values.append(value)
    self
  end

  def size
    @values.size
  end

  def get(index)
    @values.at(index)
  end

  def array?
    true
  end

  def as_array
    self
  end
end

# Remembers where a name is likely to stand; 0 means nowhere.
class HashIndexTable
  def initialize
    @slots = Array.new(32, 0)
  end

  def slot_for(name)
    (name.size * 1_402_589) & 31
  end

  def add(name, index)
    slot = slot_for(name)
    @slots[slot] = index < 255 ? (index + 1) & 255 : 0
  end

  def get(name)
    (@slots[slot_for(name)] & 255) - 1
  end
end

class JsonObject < JsonValue
  attr_reader :values

  def initialize
    super
    @names = Som::Vector.new
    @values = Som::Vector.new
    @table = HashIndexTable.new
  end

  def add(name, value)
    raise 'name is nil' unless name
    raise 'value is nil' unless value

    @table.add(name, @names.size)
    @names.append(name)
    @values.append(value)
    self
  end

  def get(name)
    raise 'name is nil' unless name

    index = index_of(name)
    index == -1 ? nil : @values.at(index)
  end

  def index_of(name)
    index = @table.get(name)
    return index if index != -1 && name == @names.at(index)

    raise NotImplementedError, 'two names in one slot'
  end

  def object?
    true
  end

  def as_object
    self
  end
end

class Parser
  def initialize(input)
    @input = input
    @index = -1
    @line = 1
    @column = 0
    @current = nil
    @capture_start = -1
    @captured = ''
  end

  def parse
    read
    skip_white_space
    result = read_value
    skip_white_space
    fail_with('unexpected character') unless end?
    result
  end

  def read_value
    case @current
    when 'n' then read_null
    when 't' then read_true
    when 'f' then read_false
    when '"' then read_string
    when '[' then read_array
    when '{' then read_object
    when '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9' then read_number
    else expected('value')
    end
  end

  def read_array
    read
    array = JsonArray.new
    skip_white_space
    return array if read_char(']')

    loop do
      skip_white_space
      array.add(read_value)
      skip_white_space
      break unless read_char(',')
    end
    expected("',' or ']'") unless read_char(']')
    array
  end

  def read_object
    read
    object = JsonObject.new
    skip_white_space
    return object if read_char('}')

    loop do
      skip_white_space
      name = read_name
      skip_white_space
      expected("':'") unless read_char(':')
      skip_white_space
      object.add(name, read_value)
      skip_white_space
      break unless read_char(',')
    end
    expected("',' or '}'") unless read_char('}')
    object
  end

  def read_name
    expected('name') unless @current == '"'
    read_text
  end

  def read_null
    read
    read_required('u')
    read_required('l')
    read_required('l')
    JsonLiteral::NULL
  end

  def read_true
    read
    read_required('r')
    read_required('u')
    read_required('e')
    JsonLiteral::TRUE
  end

  def read_false
    read
    read_required('a')
    read_required('l')
    read_required('s')
    read_required('e')
    JsonLiteral::FALSE
  end

  def read_required(char)
    expected("'#{char}'") unless read_char(char)
  end

  def read_string
    JsonString.new(read_text)
  end

  def read_text
    read
    start_capture
    until @current == '"'
      if @current == '\\'
        pause_capture
        read_escape
        start_capture
      else
        read
      end
    end
    text = end_capture
    read
    text
  end

  def read_escape
    read
    case @current
    when '"', '/', '\\' then @captured += @current
    when 'b' then @captured += "\b"
    when 'f' then @captured += "\f"
    when 'n' then @captured += "\n"
    when 'r' then @captured += "\r"
    when 't' then @captured += "\t"
    else expected('valid escape sequence')
    end
    read
  end

  def read_number
    start_capture
    read_char('-')
    first = @current
    expected('digit') unless read_digit
    if first != '0'
      nil while read_digit
    end
    read_fraction
    read_exponent
    JsonNumber.new(end_capture)
  end

  def read_fraction
    return false unless read_char('.')

    expected('digit') unless read_digit
    nil while read_digit
    true
  end

  def read_exponent
    return false if !read_char('e') && !read_char('E')

    read_char('-') unless read_char('+')
    expected('digit') unless read_digit
    nil while read_digit
    true
  end

  def read_char(char)
    return false unless @current == char

    read
    true
  end

  def read_digit
    return false unless digit?

    read
    true
  end

  def skip_white_space
    read while white_space?
  end

  def read
    if @current == "\n"
      @line += 1
      @column = 0
    end
    @index += 1
    @column += 1
    @current = @index < @input.size ? @input[@index] : nil
  end

  def start_capture
    @capture_start = @index
  end

  def pause_capture
    @captured += @input[@capture_start...@index]
    @capture_start = -1
  end

  def end_capture
    text = @input[@capture_start...@index]
    if @captured != ''
      text = @captured + text
      @captured = ''
    end
    @capture_start = -1
    text
  end

  def white_space?
    c = @current
    c == ' ' || c == "\t" || c == "\n" || c == "\r"
  end

  def digit?
    case @current
    when '0', '1', '2', '3', '4', '5', '6', '7', '8', '9' then true
    else false
    end
  end

  def end?
    @current.nil?
  end

  def expected(what)
    fail_with('unexpected end of input') if end?
    fail_with("expected #{what}")
  end

  def fail_with(message)
    raise "JSON:#{@line}:#{@column}: #{message}"
  end
end

class Json
  def initialize(text)
    @text = text
  end

  def inner_loop(inner)
    inner.times { return false unless verify(Parser.new(@text).parse) }
    true
  end

  def verify(result)
    return false unless result.object?
    return false unless result.as_object.get('head').object?
    return false unless result.as_object.get('operations').array?

    result.as_object.get('operations').as_array.size == 156
  end
end

# Outside of the time: that the document came out the same in every language, and is read whole.
def total_size(value)
  return value.as_string.size unless value.array? || value.object?

  sum = 1
  value.values.each { |part| sum += total_size(part) }
  sum
end

text = Document.text
whole = total_size(Parser.new(text).parse)
raise "the document is another one: #{text.size}, #{whole}" if text.size != 25_615 || whole != 13_394

Harness.run('Json', 15, Json.new(text))
