// Atomics: one thread runs at a time, so they are plain accesses, which the race detector is told of.
#include "language.h"
#include "machine.h"

namespace segue::simt {

template <class T>
T atomic(AtomicOp op, T* p, T value) {
  race_atomic(p, sizeof(T), __builtin_return_address(0));
  const T old = *p;
  if constexpr (std::is_integral_v<T>) {
    using U = std::make_unsigned_t<T>;
    switch (op) {
      case AtomicOp::add: *p = T(U(old) + U(value)); break;  // wraps, as on the device
      case AtomicOp::min: *p = std::min(old, value); break;
      case AtomicOp::max: *p = std::max(old, value); break;
      case AtomicOp::exchange: *p = value; break;
      case AtomicOp::bit_and: *p = old & value; break;
      case AtomicOp::bit_or: *p = old | value; break;
      case AtomicOp::bit_xor: *p = old ^ value; break;
    }
  } else {
    *p = value;  // float: exchange alone
  }
  return old;
}
template int atomic(AtomicOp, int*, int);
template unsigned atomic(AtomicOp, unsigned*, unsigned);
template unsigned long long atomic(AtomicOp, unsigned long long*, unsigned long long);
template float atomic(AtomicOp, float*, float);

template <class T>
T compare_and_swap(T* p, T expected, T value, Site site) {
  race_atomic(p, sizeof(T), __builtin_return_address(0));
  const T old = *p;
  if (old == expected)
    *p = value;
  else if (!machine().ready.empty())
    yield(site);  // the caller will try again: others must get on meanwhile
  return old;
}
template int compare_and_swap(int*, int, int, Site);
template unsigned compare_and_swap(unsigned*, unsigned, unsigned, Site);
template unsigned long long compare_and_swap(unsigned long long*, unsigned long long, unsigned long long, Site);

unsigned atomic_increment(unsigned* p, unsigned limit) {
  race_atomic(p, sizeof *p, __builtin_return_address(0));
  const unsigned old = *p;
  *p = old >= limit ? 0 : old + 1;
  return old;
}

unsigned atomic_decrement(unsigned* p, unsigned limit) {
  race_atomic(p, sizeof *p, __builtin_return_address(0));
  const unsigned old = *p;
  *p = old == 0 || old > limit ? limit : old - 1;
  return old;
}

}  // namespace segue::simt
