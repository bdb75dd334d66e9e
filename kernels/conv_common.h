// What the convolution paths share: the shape of a call, distribution over threads, carving up scratch memory.
#pragma once

#include <cstddef>
#include <cstdint>

#include "conv2d.h"
#include "conv_transpose2d.h"
#include "parallel.h"

namespace segue::kernels::conv {

/// One convolution: x (n,h,w,c), filters (k,r,s,c), y (n,p,q,k).
struct Problem {
  int64_t n, h, w, c, k, r, s, p, q;
  int64_t stride, pad, dilation;

  int64_t taps() const { return r * s; }
  int64_t out_pixels() const { return n * p * q; }
};

/// The problem of a convolution's operands; throws invalid_argument unless their shapes fit.
Problem problem_of(const char* where, const View& x, const View& w, const View& y, const Conv2dOptions& options);
/// Of a transposed one: the convolution that leads from y back to x.
Problem problem_of(const char* where, const View& x, const View& w, const View& y,
                   const ConvTranspose2dOptions& options);

/// Threads that a call may use.
inline int thread_count() {
#if defined(_OPENMP)
  return omp_in_parallel() ? 1 : omp_get_max_threads();
#else
  return 1;
#endif
}

/// Calls f(task, thread) for every task, handed out as threads become free. A task's result must not depend on the
/// thread that runs it.
template <class F>
void run_tasks(int64_t tasks, [[maybe_unused]] int threads, F&& f) {
#if defined(_OPENMP)
  if (tasks > 1 && threads > 1) {
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads)
    for (int64_t t = 0; t < tasks; ++t) f(t, omp_get_thread_num());
    return;
  }
#endif
  for (int64_t t = 0; t < tasks; ++t) f(t, 0);
}

/// Cuts one scratch block into 64-byte aligned pieces: add up sizes first, then take pieces in the same order.
class Carver {
 public:
  static constexpr int64_t rounded(int64_t floats) { return (floats + 15) / 16 * 16; }
  explicit Carver(void* base) : next_(static_cast<float*>(base)) {}
  float* take(int64_t floats) {
    float* p = next_;
    next_ += rounded(floats);
    return p;
  }

 private:
  float* next_;
};

inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
inline int64_t round_up(int64_t a, int64_t b) { return ceil_div(a, b) * b; }

/// How many pieces of at most `most` to cut n into, a multiple of `threads` if n allows it.
inline int64_t even_pieces(int64_t n, int64_t most, int64_t threads) {
  return std::min(std::max<int64_t>(n, 1), round_up(std::max<int64_t>(1, ceil_div(n, most)), threads));
}

}  // namespace segue::kernels::conv
