#include "vm/prims/number_tables.h"
#include "vm/interp/machine.h"
#include <cmath>
#include <charconv>
#include <chrono>
namespace indent {
static Value i_text(Machine& vm, Value* a) { return vm.text(std::to_string(a[0].as_integer()), a); }
static Value i_sqrt(Machine&, Value* a) { return Value::floating(std::sqrt(double(a[0].as_integer()))); }
static Value i_fail(Machine& vm, Value* a) { if (a[1].is_integer() && a[1].as_integer()==0) return vm.fail("ZeroDivide","division by zero",a); return vm.wrong_type(a,1,"a Number"); }
static Value i_times(Machine& vm, Value* a) { int64_t n=a[0].as_integer(); for(int64_t i=0;i<n;++i) vm.call(a[1],{Value::integer(i)},a); return a[0]; }
static Value f_text(Machine& vm, Value* a) { char b[40]; auto r=std::to_chars(b,b+40,a[0].as_float()); std::string s(b,r.ptr); if(s.find_first_of(".e")==std::string::npos) s+=".0"; return vm.text(s,a); }
static Value f_sqrt(Machine&, Value* a) { return Value::floating(std::sqrt(a[0].as_float())); }
static Value f_round(Machine&, Value* a) { if(a[1].is_nil()) return Value::integer(std::llround(a[0].as_float())); double p=std::pow(10,a[1].as_integer()); return Value::floating(std::round(a[0].as_float()*p)/p); }
static Value i_pow(Machine&, Value* a) { int64_t r=1; for(int64_t i=0;i<a[1].as_integer();++i) r*=a[0].as_integer(); return Value::integer(r&((1ll<<46)-1)); }
static Value i_and(Machine&, Value* a) { return Value::integer(a[0].as_integer()&a[1].as_integer()); }
static Value i_xor(Machine&, Value* a) { return Value::integer(a[0].as_integer()^a[1].as_integer()); }
static Value i_shl(Machine&, Value* a) { return Value::integer((a[0].as_integer()<<a[1].as_integer())&((1ll<<46)-1)); }
static Value i_self(Machine&, Value* a) { return a[0]; }
static Value i_abs(Machine&, Value* a) { return Value::integer(std::abs(a[0].as_integer())); }
static Value f_abs(Machine&, Value* a) { return Value::floating(std::abs(a[0].as_float())); }
static Value t_mono(Machine&, Value*) { return Value::floating(std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count()); }
static Value s_commit(Machine& vm, Value* a) { vm.heap->commit(a+kPrimitiveFrame); return Value::nil(); }
std::vector<PrimitiveTable> number_tables() {
  static constexpr PrimitiveRow i[]={{"to_text",0,i_text},{"sqrt",0,i_sqrt},{"times",1,i_times,Effect::Pure,Control::IntegerTimes},{"+",1,i_fail},{"-",1,i_fail},{"*",1,i_fail},{"/",1,i_fail},{"//",1,i_fail},{"%",1,i_fail},{"<",1,i_fail},{"<=",1,i_fail},{">",1,i_fail},{">=",1,i_fail},{"**",1,i_pow},{"bit_and",1,i_and},{"bit_xor",1,i_xor},{"shift_left",1,i_shl},{"to_integer",0,i_self},{"abs",0,i_abs}};
  static constexpr PrimitiveRow f[]={{"to_text",0,f_text},{"sqrt",0,f_sqrt},{"round",1,f_round},{"/",1,i_fail},{"abs",0,f_abs}};
  static constexpr PrimitiveRow t[]={{"monotonic",0,t_mono}};
  static constexpr PrimitiveRow s[]={{"commit",0,s_commit}};
  return {{"Integer",i},{"Float",f},{"Time class",t},{"Stretch class",s}};
}
}
