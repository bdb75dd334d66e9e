// Division by a number that is known at launch. Index arithmetic of kernels uses it, because a 64-bit division takes
// longer than a thread's share of the memory traffic.
#pragma once

#include "host_device.h"
#include "launch.h"

namespace segue::gpu {
inline namespace SEGUE_GPU_BACKEND {

/// n / d for n in [0, 2^63), as a multiplication: floor(n m / 2^(63 + s)) with s = ceil(log2 d) and
/// m = floor(2^(63 + s) / d) + 1, which exceeds 2^(63 + s) / d by too little to matter for such n (Granlund and
/// Montgomery 1994, "Division by invariant integers using multiplication").
class Divisor {
 public:
  Divisor() = default;
  /// d >= 1
  explicit Divisor(int64_t d) : divisor_(d) {
    __extension__ using Wide = unsigned __int128;
    int s = 0;
    while ((uint64_t(1) << s) < uint64_t(d)) ++s;
    multiplier_ = uint64_t((Wide(1) << (63 + s)) / Wide(d) + 1);
    shift_ = s - 1;
  }
  SEGUE_HOST_DEVICE int64_t value() const { return divisor_; }
  /// n / d, and n % d in `rest`.
  __device__ __forceinline__ int64_t divide(int64_t n, int64_t& rest) const {
    const int64_t q = shift_ < 0 ? n : int64_t(__umul64hi(uint64_t(n), multiplier_) >> shift_);
    rest = n - q * divisor_;
    return q;
  }

 private:
  int64_t divisor_ = 1;
  uint64_t multiplier_ = 0;
  int shift_ = -1;
};

/// The same for n and d in [0, 2^31) in 32 bits: floor(n m / 2^(31 + s)) with m = floor(2^(31 + s) / d) + 1.
class Divisor31 {
 public:
  Divisor31() = default;
  /// d >= 1
  explicit Divisor31(int d) {
    int s = 0;
    while ((int64_t{1} << s) < d) ++s;
    multiplier_ = uint32_t((uint64_t{1} << (31 + s)) / uint64_t(d) + 1);
    shift_ = s - 1;
  }
  __device__ __forceinline__ int divide(int n) const {
    return shift_ < 0 ? n : int(uint32_t(uint64_t(uint32_t(n)) * multiplier_ >> 32) >> shift_);
  }

 private:
  uint32_t multiplier_ = 0;
  int shift_ = -1;
};

}  // namespace SEGUE_GPU_BACKEND
}  // namespace segue::gpu
