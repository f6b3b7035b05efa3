#include "vm/model/number.h"
#include "vm/heap/shared.h"
#include <string>
namespace indent {
Value make_integer(Mutator&, int64_t n, Value*) { return Value::integer(n); }
Value make_shared_integer(SharedSpace&, std::string_view d, int base) { return Value::integer(std::stoll(std::string(d),nullptr,base)); }
std::optional<int64_t> integer_as_int64(Value v) { return v.as_integer(); }
double integer_as_double(Value v) { return double(v.as_integer()); }
}
