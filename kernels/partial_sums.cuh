// The second pass of a sum over a grid.
#pragma once

#include "device.cuh"
#include "exec.h"

namespace segue::gpu {
inline namespace SEGUE_GPU_BACKEND {

constexpr int kTotalThreads = 256;

/// One block: total = factor * weight * sum of the partial sums, added always in the same order. weight may be null: 1.
static __global__ void __launch_bounds__(kTotalThreads)
    partial_total_kernel(const float* partial, int count, double factor, const float* weight, float* total) {
  double sum = 0;
  for (int i = int(threadIdx.x); i < count; i += kTotalThreads) sum += double(partial[i]);
  sum = block_sum<kTotalThreads>(sum);
  if (threadIdx.x == 0) *total = float(sum * factor * (weight ? double(*weight) : 1.0));
}

inline void total_of(const CudaExec& exec, const char* name, const float* partial, unsigned count, double factor,
                     const float* weight, float* total) {
  launch(partial_total_kernel, {.name = name, .block = kTotalThreads, .stream = exec.stream}, partial, int(count),
         factor, weight, total);
}

/// Memory for one f32 of each block.
inline float* partial_sums(const CudaExec& exec, dim3 grid) {
  return static_cast<float*>(exec.scratch->get(grid.x * sizeof(float)));
}

}  // namespace SEGUE_GPU_BACKEND
}  // namespace segue::gpu
