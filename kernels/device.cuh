// Building blocks of CUDA kernels: element types, 16-byte loads and stores, sums over a warp and a block.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "launch.h"
#include "view.h"

namespace segue {

template <>
struct DTypeOf<__nv_bfloat16> {
  static constexpr DType value = DType::bf16;
};
template <>
struct DTypeOf<__half> {
  static constexpr DType value = DType::f16;
};

namespace gpu {
inline namespace SEGUE_GPU_BACKEND {

constexpr unsigned kWarp = 32;
constexpr unsigned kAllLanes = 0xffffffffu;

__device__ __forceinline__ float to_float(float x) { return x; }
__device__ __forceinline__ float to_float(__nv_bfloat16 x) { return __bfloat162float(x); }
__device__ __forceinline__ float to_float(__half x) { return __half2float(x); }
template <class T>
__device__ __forceinline__ T from_float(float x) {
  if constexpr (std::is_same_v<T, float>)
    return x;
  else if constexpr (std::is_same_v<T, __half>)
    return __float2half_rn(x);
  else
    return __float2bfloat16_rn(x);
}

/// Elements of T in 16 bytes.
template <class T>
constexpr int kVector = int(16 / sizeof(T));

/// N elements that are loaded and stored at once; N of kVector<T> is one 16-byte access, half as many are one of 8.
template <class T, int N>
struct Pack {
  static_assert(N == 1 || N * sizeof(T) == 16 || N * sizeof(T) == 8);
  using Raw = std::conditional_t<N * sizeof(T) == 16, uint4, uint2>;
  T v[N];
};
template <int N, class T>
__device__ __forceinline__ Pack<T, N> load(const T* p) {
  Pack<T, N> r;
  if constexpr (N == 1) {
    r.v[0] = *p;
  } else {
    const auto raw = *reinterpret_cast<const typename Pack<T, N>::Raw*>(p);
    memcpy(&r, &raw, sizeof r);
  }
  return r;
}
template <int N, class T>
__device__ __forceinline__ void store(T* p, const Pack<T, N>& x) {
  if constexpr (N == 1) {
    *p = x.v[0];
  } else {
    typename Pack<T, N>::Raw raw;
    memcpy(&raw, &x, sizeof raw);
    *reinterpret_cast<typename Pack<T, N>::Raw*>(p) = raw;
  }
}

/// N neighbouring elements as f32, in 16-byte accesses: N is 1 or a multiple of kVector<T>.
template <int N, class T>
__device__ __forceinline__ void load_floats(const T* p, float (&v)[N]) {
  constexpr int K = N == 1 ? 1 : kVector<T>;
#pragma unroll
  for (int i = 0; i < N; i += K) {
    const Pack<T, K> pack = load<K>(p + i);
#pragma unroll
    for (int j = 0; j < K; ++j) v[i + j] = to_float(pack.v[j]);
  }
}
template <int N, class T>
__device__ __forceinline__ void store_floats(T* p, const float (&v)[N]) {
  constexpr int K = N == 1 ? 1 : kVector<T>;
#pragma unroll
  for (int i = 0; i < N; i += K) {
    Pack<T, K> pack;
#pragma unroll
    for (int j = 0; j < K; ++j) pack.v[j] = from_float<T>(v[i + j]);
    store(p + i, pack);
  }
}

/// Sum over groups of G neighbouring lanes (a power of two); every lane of a group gets it. All lanes must call. V is
/// float or double.
template <int G = 32, class V>
__device__ __forceinline__ V group_sum(V x) {
#pragma unroll
  for (int d = G / 2; d > 0; d /= 2) x += __shfl_xor_sync(kAllLanes, x, d);
  return x;
}
template <int G = 32>
__device__ __forceinline__ float group_max(float x) {
#pragma unroll
  for (int d = G / 2; d > 0; d /= 2) x = fmaxf(x, __shfl_xor_sync(kAllLanes, x, d));
  return x;
}

/// Sum over a block of kThreads; every thread gets it. All threads must call. Two calls may follow each other.
template <int kThreads, class V>
__device__ __forceinline__ V block_sum(V x) {
  static_assert(kThreads % 32 == 0 && kThreads <= 1024);
  SEGUE_SHARED(partial, V[kThreads / 32]);
  const unsigned lane = threadIdx.x % kWarp, warp = threadIdx.x / kWarp;
  x = group_sum(x);
  if (lane == 0) partial[warp] = x;
  __syncthreads();
  x = group_sum(lane < kThreads / 32 ? partial[lane] : V(0));
  __syncthreads();  // before the next call writes `partial`
  return x;
}

/// True if all pointers allow 16-byte accesses.
template <class... T>
bool aligned16(const T*... p) {
  return ((reinterpret_cast<uintptr_t>(p) % 16 == 0) && ...);
}

using ::segue::check_pitched;

/// Calls f(T{}) with the element type: float, __nv_bfloat16 or __half.
template <class F>
void dispatch_float(DType dtype, const char* where, F&& f) {
  switch (dtype) {
    case DType::f32: return f(float{});
    case DType::bf16: return f(__nv_bfloat16{});
    case DType::f16: return f(__half{});
    default: fail(Fault::invalid_argument, where, "expects f32, bf16 or f16; got ", dtype);
  }
}

}  // namespace SEGUE_GPU_BACKEND
}  // namespace gpu
}  // namespace segue
