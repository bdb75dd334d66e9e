// Shuffles, votes and reductions of a warp. Included by language.h.
#pragma once

namespace segue::simt {

template <class T>
T collective(WarpOp op, unsigned mask, T value, int parameter, int width, Site site) {
  static_assert(sizeof(T) <= 8 && std::is_trivially_copyable_v<T>);
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  bits = warp_collective(op, mask, bits, parameter, width, site);
  std::memcpy(static_cast<void*>(&value), &bits, sizeof(T));
  return value;
}

}  // namespace segue::simt

template <class T>
T __shfl_sync(unsigned mask, T v, int lane, int width = 32, SEGUE_SITE) {
  return segue::simt::collective(segue::simt::WarpOp::shuffle, mask, v, lane, width, site);
}
template <class T>
T __shfl_up_sync(unsigned mask, T v, unsigned delta, int width = 32, SEGUE_SITE) {
  return segue::simt::collective(segue::simt::WarpOp::shuffle_up, mask, v, int(delta), width, site);
}
template <class T>
T __shfl_down_sync(unsigned mask, T v, unsigned delta, int width = 32, SEGUE_SITE) {
  return segue::simt::collective(segue::simt::WarpOp::shuffle_down, mask, v, int(delta), width, site);
}
template <class T>
T __shfl_xor_sync(unsigned mask, T v, int lanes, int width = 32, SEGUE_SITE) {
  return segue::simt::collective(segue::simt::WarpOp::shuffle_xor, mask, v, lanes, width, site);
}
template <class T>
unsigned __match_any_sync(unsigned mask, T v, SEGUE_SITE) {
  uint64_t bits = 0;
  std::memcpy(&bits, &v, sizeof(T));
  return unsigned(segue::simt::warp_collective(segue::simt::WarpOp::match_any, mask, bits, 0, 32, site));
}

#define SEGUE_WARP_FUNCTION(result, name, argument, op, value)                                      \
  inline result name(unsigned mask, argument v, SEGUE_SITE) {                                       \
    return result(segue::simt::warp_collective(segue::simt::WarpOp::op, mask, value, 0, 32, site)); \
  }
SEGUE_WARP_FUNCTION(unsigned, __ballot_sync, int, ballot, v != 0)
SEGUE_WARP_FUNCTION(int, __any_sync, int, any, v != 0)
SEGUE_WARP_FUNCTION(int, __all_sync, int, all, v != 0)
SEGUE_WARP_FUNCTION(unsigned, __reduce_add_sync, unsigned, add, v)
SEGUE_WARP_FUNCTION(int, __reduce_add_sync, int, add, unsigned(v))
SEGUE_WARP_FUNCTION(unsigned, __reduce_min_sync, unsigned, min_unsigned, v)
SEGUE_WARP_FUNCTION(unsigned, __reduce_max_sync, unsigned, max_unsigned, v)
SEGUE_WARP_FUNCTION(int, __reduce_min_sync, int, min_signed, unsigned(v))
SEGUE_WARP_FUNCTION(int, __reduce_max_sync, int, max_signed, unsigned(v))
SEGUE_WARP_FUNCTION(unsigned, __reduce_and_sync, unsigned, bit_and, v)
SEGUE_WARP_FUNCTION(unsigned, __reduce_or_sync, unsigned, bit_or, v)
SEGUE_WARP_FUNCTION(unsigned, __reduce_xor_sync, unsigned, bit_xor, v)
#undef SEGUE_WARP_FUNCTION
