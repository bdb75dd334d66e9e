// Atomics and cached loads. One thread runs at a time, so an atomic is a plain access that the race detector must not
// see as one: the functions are compiled in the executor. Included by language.h.
#pragma once

namespace segue::simt {

enum class AtomicOp : uint8_t { add, min, max, exchange, bit_and, bit_or, bit_xor };

template <class T>
T atomic(AtomicOp op, T* p, T value);
template <class T>
T compare_and_swap(T* p, T expected, T value, Site site);
unsigned atomic_increment(unsigned* p, unsigned limit);
unsigned atomic_decrement(unsigned* p, unsigned limit);

}  // namespace segue::simt

#define SEGUE_ATOMIC(name, op, T) \
  inline T name(T* p, T v) { return segue::simt::atomic(segue::simt::AtomicOp::op, p, v); }
#define SEGUE_ATOMICS(T)                \
  SEGUE_ATOMIC(atomicAdd, add, T)       \
  SEGUE_ATOMIC(atomicMin, min, T)       \
  SEGUE_ATOMIC(atomicMax, max, T)       \
  SEGUE_ATOMIC(atomicExch, exchange, T) \
  SEGUE_ATOMIC(atomicAnd, bit_and, T)   \
  SEGUE_ATOMIC(atomicOr, bit_or, T)     \
  SEGUE_ATOMIC(atomicXor, bit_xor, T)   \
  inline T atomicCAS(T* p, T expected, T v, SEGUE_SITE) { return segue::simt::compare_and_swap(p, expected, v, site); }
SEGUE_ATOMICS(int)
SEGUE_ATOMICS(unsigned)
SEGUE_ATOMICS(unsigned long long)
#undef SEGUE_ATOMICS
// Floating point sums by atomics depend on the order of threads; segue has none, and so none are offered here.
SEGUE_ATOMIC(atomicExch, exchange, float)
#undef SEGUE_ATOMIC
inline int atomicSub(int* p, int v) { return atomicAdd(p, int(0u - unsigned(v))); }
inline unsigned atomicSub(unsigned* p, unsigned v) { return atomicAdd(p, 0u - v); }
inline unsigned atomicInc(unsigned* p, unsigned limit) { return segue::simt::atomic_increment(p, limit); }
inline unsigned atomicDec(unsigned* p, unsigned limit) { return segue::simt::atomic_decrement(p, limit); }

template <class T>
T __ldg(const T* p) {
  return *p;
}
template <class T>
T __ldcg(const T* p) {
  return *p;
}
template <class T>
T __ldcs(const T* p) {
  return *p;
}
template <class T>
void __stcg(T* p, T v) {
  *p = v;
}
template <class T>
void __stcs(T* p, T v) {
  *p = v;
}
