// The tables are sorted by what people write (a static_assert sees to it), so that they can be searched.
#include "vm/syntax/foreign_names.h"
#include <algorithm>

namespace indent::syntax {

namespace {

// Selectors of Python, Ruby, JavaScript, Java, Lua, Smalltalk and others.
// clang-format off
constexpr ForeignSelector selectors[] = {
    {"__call__", "call"}, {"abspath", "absolute"}, {"accumulate", "inject"}, {"addAll", "add_all"},
    {"all", "all?"}, {"allKeys", "keys"}, {"allSatisfy", "all?"}, {"also", "tap"}, {"andThen", "and_then"},
    {"any", "any?"}, {"anySatisfy", "any?"}, {"append", "add add_all +"}, {"append!", "add"},
    {"appendleft", "insert"}, {"apply", "call"}, {"asArray", "to_list"},
    {"asInteger", "to_integer truncated"}, {"asLowercase", "lower"}, {"asNumber", "to_number"},
    {"asString", "to_text"}, {"asSymbol", "to_symbol"}, {"asUppercase", "upper"}, {"as_list", "to_list"},
    {"avg", "average"}, {"back", "last"}, {"backtrace", "trace"}, {"base_name", "name"}, {"basename", "name"},
    {"batched", "chunks"}, {"begins_with?", "starts_with?"}, {"between", "between?"}, {"bitAnd", "bit_and"},
    {"bitOr", "bit_or"}, {"bitXor", "bit_xor"}, {"butlast", "drop_last"}, {"capitalize", "capitalised"},
    {"cardinality", "size"}, {"casefold", "folded"}, {"ceil", "ceiling"}, {"center", "centred"},
    {"centered", "centred"}, {"centre", "centred"}, {"charAt", "at"}, {"charCodeAt", "code"},
    {"char_at", "at"}, {"chars", "characters"}, {"children", "list"}, {"choice", "pick"},
    {"chomp", "trim_end remove_suffix"}, {"chop", "drop_last"}, {"chunk", "chunks"}, {"clip", "clamp"},
    {"clone", "copy"}, {"cmp", "compare"}, {"codePointAt", "code"}, {"codepoints", "code_points"},
    {"collect", "map"}, {"collect_concat", "flat_map"}, {"compareTo", "compare"}, {"compose", "and_then"},
    {"computeIfAbsent", "get_or_put"}, {"concat", "+ add_all"}, {"contain", "includes? contains?"},
    {"contains", "contains? includes? has_key?"}, {"contains?", "includes?"}, {"containsKey", "has_key?"},
    {"containsValue", "has_value?"}, {"contains_key", "has_key?"}, {"contains_key?", "has_key?"},
    {"counter", "tally"}, {"counts", "tally"}, {"cube", "cubed"}, {"curry", "call"}, {"dedup", "unique"},
    {"deep_copy", "copy"}, {"deepcopy", "copy"}, {"default", "or_else"}, {"delete", "remove"},
    {"delete_at", "remove_at"}, {"delete_if", "remove_where"}, {"delete_prefix", "remove_prefix"},
    {"delete_suffix", "remove_suffix"}, {"detect", "find"}, {"dig", "get"}, {"dirname", "folder"},
    {"discard", "remove"}, {"distinct", "unique"}, {"div", "//"}, {"doesNotUnderstand", "not_understood"},
    {"downcase", "lower"}, {"downto", "down_to"}, {"dropWhile", "drop_while"}, {"dup", "copy"},
    {"each_char", "each"}, {"each_cons", "windows"}, {"each_entry", "each"},
    {"each_index", "each_with_index"}, {"each_key", "keys"}, {"each_line", "lines"}, {"each_slice", "chunks"},
    {"each_value", "values"}, {"each_with_object", "inject"}, {"elementAt", "at"},
    {"end_with?", "ends_with?"}, {"endsWith", "ends_with?"}, {"ends_with", "ends_with?"},
    {"endswith", "ends_with?"}, {"entries", "to_list"}, {"enumerate", "enumerated with_index"},
    {"eql?", "=="}, {"equal?", "=="}, {"equals", "=="}, {"erase", "remove"}, {"even", "even?"},
    {"every", "all?"}, {"exec", "call"}, {"exist?", "exists?"}, {"exists", "exists?"},
    {"expand_path", "absolute"}, {"explode", "split"}, {"expt", "**"}, {"extend", "add_all merge"},
    {"extname", "extension"}, {"fetch", "get at"}, {"fetch_or_put", "get_or_put"}, {"filter", "select"},
    {"filter_map", "flat_map"}, {"findAll", "select"}, {"findFirst", "find"}, {"findIndex", "find_index"},
    {"find_all", "select"}, {"find_by", "find"}, {"find_first", "find"}, {"find_if", "find"},
    {"flatMap", "flat_map"}, {"float", "to_float"}, {"fold", "inject"}, {"foldLeft", "inject"},
    {"foldl", "inject"}, {"forEach", "each"}, {"for_each", "each"}, {"freeze", "frozen"},
    {"frequencies", "tally"}, {"front", "first"}, {"gauss", "normal"}, {"getClass", "class"},
    {"getMessage", "message"}, {"getOrDefault", "get"}, {"getOrElse", "or_else"}, {"get_class", "class"},
    {"get_or_default", "get"}, {"glob_all", "list"}, {"group", "group_by"}, {"groupBy", "group_by"},
    {"groupby", "group_by"}, {"gsub", "replace"}, {"has", "includes? has_key?"},
    {"has?", "includes? has_key?"}, {"hasKey", "has_key?"}, {"hasPrefix", "starts_with?"},
    {"hasSuffix", "ends_with?"}, {"has_key", "has_key?"}, {"hasattr", "understands?"}, {"head", "first"},
    {"ifNil", "if_nil"}, {"implode", "join"}, {"in_groups_of", "chunks"}, {"include", "includes? contains?"},
    {"include?", "includes? contains?"}, {"includes", "includes? contains?"}, {"index", "index_of"},
    {"indexOf", "index_of"}, {"indexof", "index_of"}, {"injectInto", "inject"}, {"insert_at", "insert"},
    {"instance_of?", "is_a?"}, {"instanceof", "is_a?"}, {"int", "to_integer truncated"},
    {"intern", "to_symbol"}, {"intersect", "intersection"}, {"invert", "inverted"}, {"invoke", "call"},
    {"isBetween", "between?"}, {"isEmpty", "empty?"}, {"isEven", "even?"}, {"isKindOf", "is_a?"},
    {"isNaN", "nan?"}, {"isNil", "nil?"}, {"isPrime", "prime?"}, {"is_digit", "digit?"},
    {"is_empty", "empty?"}, {"is_even", "even?"}, {"is_file", "exists?"}, {"is_frozen", "frozen?"},
    {"is_instance", "is_a?"}, {"is_nan", "nan?"}, {"is_nil", "nil?"}, {"is_none", "nil?"}, {"is_odd", "odd?"},
    {"is_prime", "prime?"}, {"is_zero", "zero?"}, {"isalnum", "alphanumeric?"}, {"isalpha", "letter?"},
    {"isdigit", "digit?"}, {"isdir", "exists?"}, {"isempty", "empty?"}, {"isfile", "exists?"},
    {"isin", "in?"}, {"isinstance", "is_a?"}, {"islower", "lower?"}, {"isnan", "nan?"},
    {"isoformat", "to_text"}, {"isqrt", "integer_sqrt"}, {"isspace", "space?"}, {"issubset", "subset?"},
    {"issuperset", "superset?"}, {"isupper", "upper?"}, {"item", "at"}, {"items", "to_list"},
    {"iterate", "each"}, {"iteritems", "each_pair"}, {"joined", "join"}, {"keep_if", "select"},
    {"key?", "has_key?"}, {"keySet", "keys"}, {"kind_of?", "is_a?"}, {"lastIndexOf", "last_index_of"},
    {"len", "size"}, {"length", "size"}, {"let", "then"}, {"letters", "characters"}, {"limit", "take"},
    {"limit_to", "clamp"}, {"listdir", "list"}, {"ljust", "pad_right"}, {"lookup", "get"},
    {"lowercase", "lower"}, {"lstrip", "trim_start"}, {"ltrim", "trim_start"}, {"makedirs", "make"},
    {"mapValues", "map_values"}, {"maxBy", "max_by"}, {"maximum", "max"}, {"mean", "average"},
    {"member?", "includes?"}, {"merge!", "update"}, {"method_missing", "not_understood"}, {"minBy", "min_by"},
    {"minimum", "min"}, {"minus", "-"}, {"mkString", "join"}, {"mkdir", "make"}, {"mkdir_p", "make"},
    {"mod", "%"}, {"modulo", "%"}, {"msg", "message"}, {"mul", "*"}, {"neg", "negated"},
    {"negate", "negated"}, {"negative", "negative?"}, {"nextInt", "between"}, {"nextInteger", "between"},
    {"none", "none?"}, {"notEmpty", "not_empty?"}, {"notNil", "if_some"}, {"nth", "at"}, {"nub", "unique"},
    {"null?", "nil?"}, {"odd", "odd?"}, {"ord", "code"}, {"order_by", "sorted_by"}, {"padEnd", "pad_right"},
    {"padStart", "pad_left"}, {"pad_end", "pad_right"}, {"pad_start", "pad_left"},
    {"pairs", "each_pair to_list"}, {"pairwise", "windows"}, {"parent", "folder"}, {"parseInt", "to_integer"},
    {"peek", "last"}, {"pick_one", "pick"}, {"pipe", "then"}, {"plus", "+"}, {"pop_back", "remove_last"},
    {"pop_front", "remove_first"}, {"popleft", "remove_first"}, {"positive", "positive?"}, {"pow", "**"},
    {"power", "**"}, {"prepend", "insert"}, {"printString", "inspect"}, {"public_send", "perform"},
    {"push_back", "add"}, {"push_front", "insert"}, {"put", "at_put add"}, {"quo", "/"}, {"raisedTo", "**"},
    {"rand", "between"}, {"randint", "between"}, {"random", "pick"}, {"randrange", "between"},
    {"readAllLines", "read_lines"}, {"read_all", "read"}, {"read_text", "read"}, {"readlines", "read_lines"},
    {"realpath", "absolute"}, {"reduce", "inject"}, {"reject!", "remove_where"}, {"rem", "%"},
    {"removeFirst", "remove_first"}, {"removeIf", "remove_where"}, {"removeKey", "remove"},
    {"removeLast", "remove_last"}, {"remove_file", "delete"}, {"remove_if", "remove_where"},
    {"removeprefix", "remove_prefix"}, {"removesuffix", "remove_suffix"}, {"repeat", "repeated *"},
    {"replaceAll", "replace"}, {"replace_all", "replace"}, {"repr", "inspect"},
    {"respond_to?", "understands?"}, {"respondsTo", "understands?"}, {"responds_to?", "understands?"},
    {"rest", "drop"}, {"reverse", "reversed"}, {"reverse!", "reverse"}, {"rfind", "last_index_of"},
    {"rindex", "last_index_of"}, {"rjust", "pad_left"}, {"rm_rf", "delete_all"}, {"rmdir", "delete"},
    {"rmtree", "delete_all"}, {"rounded", "round"}, {"rstrip", "trim_end"}, {"rtrim", "trim_end"},
    {"run", "call"}, {"search", "index_of find"}, {"send", "perform"}, {"set", "at_put"},
    {"setdefault", "get_or_put"}, {"shallowCopy", "copy"}, {"shift", "remove_first"}, {"shuffle", "shuffled"},
    {"skip", "drop"}, {"skip_while", "drop_while"}, {"slice", "at"}, {"sliding", "windows"}, {"some", "any?"},
    {"sort", "sorted"}, {"sort!", "sort"}, {"sortBy", "sorted_by"}, {"sort_by!", "sort_by"},
    {"species", "class"}, {"splice", "remove_at"}, {"splitext", "extension"}, {"splitlines", "lines"},
    {"sqr", "squared"}, {"square", "squared"}, {"stack_trace", "trace"}, {"start_with?", "starts_with?"},
    {"startsWith", "starts_with?"}, {"starts_with", "starts_with?"}, {"startswith", "starts_with?"},
    {"step_by", "step"}, {"store", "at_put"}, {"str", "to_text"}, {"strftime", "format to_text"},
    {"string", "to_text"}, {"strip", "trim"}, {"sub", "replace_first"}, {"substr", "at"}, {"substring", "at"},
    {"suffix", "extension"}, {"sum_by", "sum"}, {"superClass", "superclass"}, {"swapcase", "upper"},
    {"tail", "drop"}, {"takeWhile", "take_while"}, {"take_until", "take_while"}, {"tally_by", "tally"},
    {"times", "repeated"}, {"timesRepeat", "times"}, {"titlecase", "title"}, {"to", "up_to"},
    {"toArray", "to_list"}, {"toFixed", "format"}, {"toFloat", "to_float"}, {"toInt", "to_integer truncated"},
    {"toInteger", "to_integer truncated"}, {"toList", "to_list"}, {"toLowerCase", "lower"},
    {"toMap", "to_map"}, {"toString", "to_text"}, {"toUpperCase", "upper"}, {"to_a", "to_list"},
    {"to_f", "to_float"}, {"to_fixed", "format"}, {"to_h", "to_map"}, {"to_i", "to_integer truncated"},
    {"to_int", "to_integer truncated"}, {"to_precision", "format"}, {"to_s", "to_text"},
    {"to_str", "to_text"}, {"to_string", "to_text"}, {"to_sym", "to_symbol"}, {"today", "now"},
    {"tokenize", "words split"}, {"tolist", "to_list"}, {"tolower", "lower"}, {"top", "last"},
    {"tostring", "to_text"}, {"total", "sum"}, {"total_seconds", "seconds"}, {"toupper", "upper"},
    {"transform", "map"}, {"transform_keys", "map_keys"}, {"transform_values", "map_values"},
    {"trimEnd", "trim_end"}, {"trimStart", "trim_start"}, {"trim_left", "trim_start"},
    {"trim_right", "trim_end"}, {"trunc", "truncated"}, {"truncate", "truncated"}, {"type", "class"},
    {"uniform", "between"}, {"uniq", "unique"}, {"unlink", "delete"}, {"unshift", "insert"},
    {"unwrap_or", "or_else"}, {"upcase", "upper"}, {"uppercase", "upper"}, {"upto", "up_to"},
    {"utcnow", "now"}, {"value", "call"}, {"value?", "has_value?"}, {"what", "message"}, {"where", "select"},
    {"withIndexDo", "each_with_index"}, {"wordwrap", "words"}, {"write_text", "write"}, {"yourself", "tap"},
    {"zfill", "pad_left"}, {"zip_with", "zip"},
};
// clang-format on

// Functions, values and classes.
// clang-format off
constexpr ForeignName names[] = {
    {"ARGV", "it is `arguments`"}, {"Array", "the class is `List`, and `[1, 2]` makes one"},
    {"AssertionError", "it is `TestFailure` here"}, {"AttributeError", "it is `NotUnderstood` here"},
    {"Bool", "the class is `Boolean`"}, {"DateTime", "write `Time.now`"},
    {"Dict", "the class is `Map`, and `{key: value}` makes one"},
    {"Dictionary", "the class is `Map`, and `{key: value}` makes one"},
    {"ENV", "write `Environment.get(\"HOME\")`"}, {"Exception", "the class of all errors is `Error`"},
    {"FALSE", "it is `false` here"}, {"False", "it is `false` here"},
    {"File", "write `File.read(path)`, `File.write(path, text)` or `File.open(path) do file:`"},
    {"FileNotFoundError", "it is `FileError` here"},
    {"Function", "blocks are of the class `Block`, and written `x -> …`"},
    {"Hash", "the class is `Map`, and `{key: value}` makes one"},
    {"HashMap", "the class is `Map`, and `{key: value}` makes one"}, {"IOError", "it is `FileError` here"},
    {"Int", "integers are of the class `Integer`"}, {"MessageNotUnderstood", "it is `NotUnderstood` here"},
    {"NULL", "it is `nil` here"}, {"NoMethodError", "it is `NotUnderstood` here"},
    {"None", "it is `nil` here"}, {"OSError", "it is `FileError` here"},
    {"OrderedCollection", "the class is `List`, and `[1, 2]` makes one"},
    {"Proc", "blocks are of the class `Block`, and written `x -> …`"},
    {"RuntimeError", "raise an `Error`, or a class of your own that extends it"},
    {"Self", "it is `self` here"}, {"StandardError", "the class of all errors is `Error`"},
    {"String", "texts are of the class `Text`; write `{x}.to_text` for the text of anything"},
    {"System", "write `print(…)`"}, {"TRUE", "it is `true` here"}, {"This", "it is `self` here"},
    {"Throwable", "the class of all errors is `Error`"}, {"Transcript", "write `print(…)`"},
    {"True", "it is `true` here"}, {"TypeError", "it is `WrongType` here"},
    {"ValueError", "it is `ArgumentError` here"}, {"Vector", "the class is `List`, and `[1, 2]` makes one"},
    {"ZeroDivisionError", "it is `ZeroDivide` here"}, {"abs", "write `{x}.abs`"},
    {"all", "write `{x}.all?(y -> …)`"}, {"any", "write `{x}.any?(y -> …)`"}, {"argv", "it is `arguments`"},
    {"array", "write `[…]`"}, {"assert", "in a test write `expect {x}`"},
    {"assertEqual", "in a test write `expect a == b`"}, {"assert_equal", "in a test write `expect a == b`"},
    {"begin", "a suite begins with `:` and is indented"},
    {"bool", "conditions take `true` and `false` alone: compare, or ask `{x}.empty?`"},
    {"callable", "write `{x}.understands?(:call)`"}, {"ceil", "write `{x}.ceiling`"},
    {"chr", "write `Text.from_code({x})`"}, {"console", "write `print(…)`"},
    {"count", "write `{x}.size`, or `{x}.count(y -> …)`"}, {"datetime", "write `Time.now`"},
    {"dict", "write `{key: value}`, or `xs.to_map`"}, {"die", "write `raise Error(\"…\")`"},
    {"divmod", "write `{x}.divmod(y)`"}, {"done", "a suite ends where its indentation ends"},
    {"double", "write `{x}.to_float`"}, {"echo", "write `print({x})`"},
    {"end", "a suite ends where its indentation ends"}, {"enumerate", "write `{x}.enumerated`"},
    {"error", "write `raise Error(\"…\")`"}, {"fi", "a suite ends where its indentation ends"},
    {"filter", "write `xs.select(x -> …)`"}, {"float", "write `{x}.to_float`"},
    {"floor", "write `{x}.floor`"},
    {"format", "a text takes expressions in braces: `\"… {value}\"`; numbers answer `format(2)`"},
    {"frozenset", "write `{x}.to_set.frozen`"}, {"getattr", "write `{x}.perform(:name)`"},
    {"getenv", "write `Environment.get({x})`"}, {"gets", "write `read_line()`"},
    {"hasattr", "write `{x}.understands?(:name)`"}, {"hash", "write `{x}.hash`"},
    {"id", "write `x is y` to ask whether two are the same"}, {"input", "write `read_line()`"},
    {"instanceof", "write `{x}.is_a?(Class)`"},
    {"int", "write `{x}.to_integer` for a text and `{x}.truncated` for a number"},
    {"isinstance", "write `{x}.is_a?(Class)`"}, {"issubclass", "write `{x}.inherits_from?(Class)`"},
    {"iter", "write `{x}.each do y:`"}, {"lambda", "a block is written `x -> …`"},
    {"len", "write `{x}.size`"}, {"length", "write `{x}.size`"}, {"list", "write `{x}.to_list`, or `[…]`"},
    {"map", "write `xs.map(x -> …)`"}, {"math", "it is `Math`"}, {"me", "it is `self` here"},
    {"next", "to go on with the next step of a loop write `continue`"}, {"null", "it is `nil` here"},
    {"nullptr", "it is `nil` here"}, {"open", "write `File.read({x})` or `File.write({x}, text)`"},
    {"ord", "write `{x}.code`"}, {"os", "see `File`, `Folder`, `Path`, `Process` and `Environment`"},
    {"panic", "write `raise Error(\"…\")`"}, {"pow", "write `x ** y`"},
    {"print_endline", "write `print({x})`"},
    {"printf", "write `print(\"… {value}\")`: a text takes expressions in braces"},
    {"println", "write `print({x})`"}, {"proc", "a block is written `x -> …`"},
    {"puts", "write `print({x})`"}, {"quit", "write `exit()`"}, {"rand", "write `Random().between(1, 6)`"},
    {"randint", "write `Random().between(1, 6)`"}, {"random", "write `Random().between(1, 6)`"},
    {"range", "write `0..<{x}`"}, {"raw_input", "write `read_line()`"}, {"readline", "write `read_line()`"},
    {"reduce", "write `xs.inject(start, (sum, x) -> …)`"}, {"repr", "write `{x}.inspect`"},
    {"reversed", "write `{x}.reversed`"}, {"round", "write `{x}.round`"}, {"scanf", "write `read_line()`"},
    {"set", "write `Set()`, or `xs.to_set`"},
    {"setInterval", "in an actor write `send self.name() every 1.seconds`"},
    {"setTimeout", "in an actor write `send self.name() after 1.seconds`"}, {"size", "write `{x}.size`"},
    {"sorted", "write `{x}.sorted`"}, {"sprintf", "a text takes expressions in braces: `\"… {value}\"`"},
    {"stderr", "write `print_error({x})`"},
    {"str", "write `{x}.to_text`, or put it into a text: `\"… {{x}}\"`"},
    {"subprocess", "write `Process.run(\"ls\", [\"-l\"])`"}, {"sum", "write `{x}.sum`"},
    {"sys", "see `Program`"}, {"this", "it is `self` here"}, {"throw", "write `raise Error(\"…\")`"},
    {"time", "write `Time.now`"}, {"tostring", "write `{x}.to_text`"},
    {"tuple", "write `{x}.to_tuple`, or `(a, b)`"}, {"type", "write `{x}.class`"},
    {"typeof", "write `{x}.class`"}, {"undefined", "it is `nil` here"}, {"xrange", "write `0..<{x}`"},
};
// clang-format on

// Words at the begin of a line that other languages have.
// clang-format off
constexpr ForeignName statement_words[] = {
    {"assert", "in a test write `expect …`"}, {"async", "leave it out: what runs beside is an actor"},
    {"auto", "write `let name = value`"}, {"await", "write `ask actor.message()`"},
    {"const", "write `let name = value`"},
    {"define", "a function is defined by `def name(x) = …` or `def name(x):`"},
    {"del", "write `xs.remove(x)`, or `map.remove(key)`"},
    {"delete", "write `xs.remove(x)`, or `map.remove(key)`"}, {"echo", "write `print(…)`"},
    {"elseif", "write `elif`"}, {"elsif", "write `elif`"}, {"end", "a suite ends where its indentation ends"},
    {"ensure", "write `finally:`"}, {"enum", "use symbols such as `:red`, or records"},
    {"except", "write `catch e:`, or `catch e: ErrorClass:`"},
    {"fn", "a function is defined by `def name(x) = …` or `def name(x):`"},
    {"foreach", "write `for x in xs:`"}, {"from", "write `import module (name, other)`"},
    {"fun", "a function is defined by `def name(x) = …` or `def name(x):`"},
    {"func", "a function is defined by `def name(x) = …` or `def name(x):`"},
    {"function", "a function is defined by `def name(x) = …` or `def name(x):`"},
    {"global", "functions see the module's `stable` and `var` values without it"},
    {"include", "write `import module`; a trait is named in the head of the class: `class A with B:`"},
    {"int", "write `let name = value`: types need not be said"}, {"interface", "write `trait Name:`"},
    {"lambda", "a block is written `x -> …`"}, {"local", "write `let name = value`"},
    {"method", "a method is defined by `def name(x) = …` or `def name(x):`"},
    {"namespace", "write `module name`"}, {"new", "leave it out: `Class(…)` makes an object"},
    {"nonlocal", "blocks see what stands around them without it"}, {"object", "write `class Name:`"},
    {"package", "write `module name`"},
    {"private", "leave it out: a name that begins with `_` is private to its module"},
    {"protected", "leave it out: a name that begins with `_` is private to its module"},
    {"public", "leave it out: every name that does not begin with `_` is public"},
    {"puts", "write `print(…)`"}, {"repeat", "write `loop:` with a `break`"},
    {"require", "write `import module`"}, {"rescue", "write `catch e:`, or `catch e: ErrorClass:`"},
    {"select", "write `match value:` with `case pattern:`"},
    {"static", "a method of the class itself is `class def name`"},
    {"string", "write `let name = value`: types need not be said"},
    {"struct", "write `record Name(field, other)`"},
    {"sub", "a function is defined by `def name(x) = …` or `def name(x):`"},
    {"switch", "write `match value:` with `case pattern:`"}, {"throw", "write `raise Error(\"…\")`"},
    {"typedef", "types need not be said"}, {"unless", "write `if not`"}, {"until", "write `while not`"},
    {"use", "write `import module`"}, {"using", "write `File.open(path) do file:`, which closes it"},
    {"when", "write `case pattern:` in a `match`"},
    {"with", "write `File.open(path) do file:`, which closes it"},
    {"yield", "a block that came as a parameter is called: `block(x)`"},
};
// clang-format on

template <class Row, size_t n>
consteval bool sorted(const Row (&rows)[n]) {
    for (size_t i = 1; i < n; ++i)
        if (rows[i - 1].theirs >= rows[i].theirs) return false;
    return true;
}
static_assert(sorted(selectors) && sorted(names) && sorted(statement_words));

template <class Row>
const Row* find(std::span<const Row> rows, std::string_view theirs) {
    auto at = std::lower_bound(rows.begin(), rows.end(), theirs,
                               [](const Row& row, std::string_view name) { return row.theirs < name; });
    return at != rows.end() && at->theirs == theirs ? &*at : nullptr;
}

} // namespace

std::span<const ForeignSelector> foreign_selectors() {
    return selectors;
}
std::span<const ForeignName> foreign_names() {
    return names;
}
std::span<const ForeignName> foreign_words() {
    return statement_words;
}

std::string_view selector_for(std::string_view theirs,
                              const std::function<bool(std::string_view)>& understood) {
    const ForeignSelector* row = find(foreign_selectors(), theirs);
    if (!row) return {};
    for (std::string_view left = row->ours; !left.empty();) {
        size_t space = std::min(left.find(' '), left.size());
        if (understood(left.substr(0, space))) return left.substr(0, space);
        left.remove_prefix(std::min(space + 1, left.size()));
    }
    return {};
}

std::string advice_for_name(std::string_view theirs, std::string_view argument) {
    const ForeignName* row = find(foreign_names(), theirs);
    if (!row) return {};
    std::string advice(row->advice);
    for (size_t at = 0; (at = advice.find("{x}", at)) != std::string::npos;) {
        std::string_view shown = argument.empty() ? "x" : argument;
        advice.replace(at, 3, shown);
        at += shown.size();
    }
    return advice;
}

std::string_view advice_for_word(std::string_view theirs) {
    const ForeignName* row = find(foreign_words(), theirs);
    return row ? row->advice : std::string_view();
}

} // namespace indent::syntax
