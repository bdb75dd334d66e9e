// CUDA C++ for a host compiler: include it before a kernel's source. The toolkit's headers supply types only (float4,
// dim3,
// __nv_bfloat16); keywords, thread indices, barriers, warp functions and atomics come from here.
#pragma once

#if defined(__CUDACC__)
#error "language.h is for host compilers; nvcc has the real thing"
#endif
#define SEGUE_SIMT 1

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

// The toolkit's host_defines.h keeps these if they exist.
#define __global__
#define __device__
#define __host__
#define __constant__
#define __grid_constant__
#define __launch_bounds__(...)
#define __shared__ static  // arrays in kernels use SEGUE_SHARED, which sees more errors
#include <cuda_runtime.h>
#undef __launch_bounds__
#define __launch_bounds__(...)

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "simt.h"

// Constant for the thread that reads them, so a compiler may keep them in registers across barriers; the executor sets
// them before it goes on with a thread.
extern const uint3 threadIdx, blockIdx;
extern const dim3 blockDim, gridDim;
inline constexpr int warpSize = 32;

#define SEGUE_SITE ::segue::simt::Site site = {__builtin_FILE(), __builtin_LINE()}

inline void __syncthreads(SEGUE_SITE) { segue::simt::barrier(segue::simt::Vote::none, 0, site); }
inline int __syncthreads_count(int p, SEGUE_SITE) { return segue::simt::barrier(segue::simt::Vote::count, p, site); }
inline int __syncthreads_and(int p, SEGUE_SITE) { return segue::simt::barrier(segue::simt::Vote::all, p, site); }
inline int __syncthreads_or(int p, SEGUE_SITE) { return segue::simt::barrier(segue::simt::Vote::any, p, site); }
inline void __syncwarp(unsigned mask = 0xffffffffu, SEGUE_SITE) {
  segue::simt::warp_collective(segue::simt::WarpOp::sync, mask, 0, 0, 32, site);
}
inline unsigned __activemask() { return segue::simt::active_mask(); }
inline void __threadfence_block() { segue::simt::fence(false); }
inline void __threadfence() { segue::simt::fence(true); }
inline void __threadfence_system() { segue::simt::fence(true); }
inline void __nanosleep(unsigned, SEGUE_SITE) { segue::simt::yield(site); }
[[noreturn]] inline void __trap(SEGUE_SITE) { segue::simt::kernel_error("__trap()", site); }
inline void segue_simt_assume(bool holds, const char* what, SEGUE_SITE) {
  if (!holds) segue::simt::kernel_error(std::string("__builtin_assume(") + what + ") does not hold", site);
}
#define __builtin_assume(x) segue_simt_assume(bool(x), #x)

#include "language_math.h"
#include "language_memory.h"
#include "language_warp.h"
