// Where a border that reflects an image holds its pixels, for CUDA kernels.
#pragma once

#include "device.cuh"

namespace segue::gpu {
inline namespace SEGUE_GPU_BACKEND {

/// Position number `copy` of the padded axis that holds position i of an axis of `extent`: its own, mirrored at the
/// start, mirrored at the end; -1 if there is no such copy.
template <class I>
__device__ __forceinline__ I copy_of(I i, I extent, I pad, int copy) {
  if (copy == 0) return pad + i;
  if (copy == 1) return i > 0 && i <= pad ? pad - i : -1;
  return i < extent - 1 && extent - 1 - i <= pad ? pad + 2 * (extent - 1) - i : -1;
}

template <class I>
__device__ __forceinline__ bool near_border(I i, I extent, I pad) {
  return i <= pad || i >= extent - 1 - pad;
}

}  // namespace SEGUE_GPU_BACKEND
}  // namespace segue::gpu
