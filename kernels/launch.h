// The only way to launch a kernel, and the only places where a kernel's source differs between nvcc and the host
// executor of tests/simt: shared arrays and the launch itself. Included by *.cu and *.cuh files alone.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "error.h"

#if defined(__CUDACC__)
#include <cuda_runtime.h>
#define SEGUE_GPU_BACKEND cuda_backend
/// SEGUE_SHARED(tile, float[32][33]) declares a shared array of the block.
#define SEGUE_SHARED(name, ...) __shared__ ::segue::gpu::type_t<__VA_ARGS__> name
#elif defined(SEGUE_SIMT)
#define SEGUE_GPU_BACKEND simt_backend
#define SEGUE_SHARED(name, ...)                                                           \
  static ::segue::simt::SharedSlot name##_slot;                                           \
  auto& name = *static_cast<::segue::gpu::type_t<__VA_ARGS__>*>(                          \
      ::segue::simt::shared_array(name##_slot, sizeof(::segue::gpu::type_t<__VA_ARGS__>), \
                                  alignof(::segue::gpu::type_t<__VA_ARGS__>), #name, __FILE__, __LINE__))
#else
#error "launch.h needs nvcc, or the device language of tests/simt in front of it"
#endif

namespace segue::gpu {
// Inline and named after the compiler: what nvcc and the host executor make of one template may meet in a program.
inline namespace SEGUE_GPU_BACKEND {

template <class T>
struct Identity {
  using type = T;
};
template <class T>
using type_t = typename Identity<T>::type;

struct LaunchConfig {
  const char* name = "kernel";  ///< the op, for messages
  dim3 grid{1};
  dim3 block{1};
  size_t smem = 0;  ///< dynamic shared memory, bytes
  cudaStream_t stream = nullptr;
};

#if defined(__CUDACC__)

/// Blocks of a grid-stride loop: enough to fill any device several times over.
inline int64_t max_blocks() { return 8192; }

/// The dynamic shared memory of the launch, 128-byte aligned.
template <class T>
__device__ __forceinline__ T* dynamic_shared() {
  extern __shared__ __align__(128) unsigned char segue_dynamic_shared[];
  return reinterpret_cast<T*>(segue_dynamic_shared);
}

/// Queues kernel(args...). Never waits for the device. Throws device if the launch is refused.
template <class... P, class... A>
void launch(void (*kernel)(P...), const LaunchConfig& c, A&&... args) {
  constexpr size_t kStaticLimitBytes = 48 * 1024;
  cudaError_t e = cudaSuccess;
  if (c.smem > kStaticLimitBytes)
    e = cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel), cudaFuncAttributeMaxDynamicSharedMemorySize,
                             int(c.smem));
  if (e == cudaSuccess) {
    kernel<<<c.grid, c.block, c.smem, c.stream>>>(static_cast<P>(std::forward<A>(args))...);
    e = cudaGetLastError();
  }
  if (e != cudaSuccess)
    fail(Fault::device, c.name, "expects a launch of ", c.grid.x, "x", c.grid.y, "x", c.grid.z, " blocks of ",
         c.block.x * c.block.y * c.block.z, " threads; got ", cudaGetErrorString(e));
}

#else

/// Small on the host, so that the loops of small cases run more than once.
inline int64_t max_blocks() { return ::segue::simt::options().max_blocks; }

template <class T>
T* dynamic_shared() {
  return static_cast<T*>(::segue::simt::dynamic_shared(alignof(T)));
}

template <class... P, class... A>
void launch(void (*kernel)(P...), const LaunchConfig& c, A&&... args) {
  // As on the device: arguments are copied once, and every thread gets its own copy of them.
  auto body = [kernel, ... p = static_cast<P>(std::forward<A>(args))]() { kernel(p...); };
  ::segue::simt::run(
      {c.name, c.grid, c.block, c.smem}, [](void* b) { (*static_cast<decltype(body)*>(b))(); }, &body);
}

#endif

/// The grid for a loop over n items of which each block takes `per_block` at a time; at least one block. It depends on
/// n alone, so sums over its blocks are the same on every device.
inline dim3 grid_for(int64_t n, int64_t per_block) {
  return dim3(unsigned(std::clamp<int64_t>((n + per_block - 1) / per_block, 1, max_blocks())));
}

}  // namespace SEGUE_GPU_BACKEND
}  // namespace segue::gpu
