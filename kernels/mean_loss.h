// The loop of elementwise mean losses on the CPU: loss and gradient in one pass, the sum in fixed blocks.
#pragma once

#include "exec.h"
#include "parallel.h"
#include "view.h"

namespace segue::kernels {

/// loss = 1/n sum_i value(i); of the sum, if wanted, dx_i = slope(i). `value` and `slope` are functions of an index
/// without branches, so that the loops are vectorised.
template <class Value, class Slope>
void mean_loss(const CpuExec& exec, int64_t n, const View& loss, const View& dx, Value value, Slope slope) {
  const int64_t blocks = block_count(n, kElementGrain);
  auto* partial = static_cast<double*>(exec.scratch->get(size_t(blocks) * sizeof(double)));
  float* d = dx ? dx.as<float>() : nullptr;
  parallel_blocks(n, kElementGrain, [=](int64_t block, int64_t begin, int64_t end) {
    const Value of = value;  // copies of their own: else captured numbers are read again each time
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (int64_t i = begin; i < end; ++i) sum += double(of(i));
    partial[block] = sum;
    if (!d) return;
    const Slope f = slope;
#pragma GCC ivdep
    for (int64_t i = begin; i < end; ++i) d[i] = f(i);
  });
  double sum = 0;
  for (int64_t b = 0; b < blocks; ++b) sum += partial[b];
  *loss.as<float>() = float(sum / double(n));
}

/// Checks the operands of such a loss.
inline void check_mean_loss(const char* where, const View& x, const View& loss, const View& dx) {
  check_dense(x, where, "x", DType::f32);
  require(x.count() > 0, where, "expects at least one element; got ", x.shape);
  check_view(loss, where, "loss", DType::f32, {});
  if (dx) check_view(dx, where, "dx", DType::f32, x.shape);
}

}  // namespace segue::kernels
