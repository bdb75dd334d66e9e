// Parallel loops on the CPU, cut into fixed blocks: results do not depend on the number of threads.
#pragma once

#include <algorithm>
#include <cstdint>

#if defined(_OPENMP)
#include <omp.h>
#endif

namespace segue {

/// Blocks of `grain` iterations that cover n.
inline int64_t block_count(int64_t n, int64_t grain) { return (n + grain - 1) / grain; }

/// Calls f(block, begin, end) for every block of `grain` iterations of [0, n). Blocks may run at the same time; their
/// borders depend on n and grain alone, so a sum kept per block and added in block order has the same bits always.
template <class F>
void parallel_blocks(int64_t n, int64_t grain, F&& f) {
  const int64_t blocks = block_count(n, grain);
#if defined(_OPENMP)
  if (blocks > 1 && !omp_in_parallel()) {
#pragma omp parallel for schedule(static)
    for (int64_t b = 0; b < blocks; ++b) f(b, b * grain, std::min(n, (b + 1) * grain));
    return;
  }
#endif
  for (int64_t b = 0; b < blocks; ++b) f(b, b * grain, std::min(n, (b + 1) * grain));
}

/// Calls f(begin, end) over blocks of [0, n); for elementwise work.
template <class F>
void parallel_for(int64_t n, int64_t grain, F&& f) {
  parallel_blocks(n, grain, [&](int64_t, int64_t begin, int64_t end) { f(begin, end); });
}

/// A grain for elementwise work: 32 KiB of f32, so that two or three operands stay in the first cache levels.
constexpr int64_t kElementGrain = 8192;

}  // namespace segue
