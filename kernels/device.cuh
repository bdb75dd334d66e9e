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

/// The same where `exists`, else another pack. They are chosen as words: of elements of 2 bytes each would take an
/// instruction.
template <int N, class T>
__device__ __forceinline__ Pack<T, N> load_or(bool exists, const T* p, const Pack<T, N>& other) {
  Pack<T, N> r;
  if constexpr (N == 1) {
    r.v[0] = exists ? *p : other.v[0];
  } else {
    typename Pack<T, N>::Raw raw;
    memcpy(&raw, &other, sizeof raw);
    if (exists) raw = *reinterpret_cast<const typename Pack<T, N>::Raw*>(p);
    memcpy(&r, &raw, sizeof r);
  }
  return r;
}
/// Else zeros.
template <int N, class T>
__device__ __forceinline__ Pack<T, N> load_if(bool exists, const T* p) {
  return load_or<N>(exists, p, Pack<T, N>{});
}

/// The elements of a pack as f32, and back: two at a time where two make a word, which takes half the instructions.
template <class T, int N>
__device__ __forceinline__ void to_floats(const Pack<T, N>& p, float (&v)[N]) {
  if constexpr (sizeof(T) == 2 && N > 1) {
    unsigned words[N / 2];
    memcpy(words, &p, sizeof words);
#pragma unroll
    for (int i = 0; i < N / 2; ++i) {
      if constexpr (std::is_same_v<T, __half>) {
        __half2 pair;
        memcpy(static_cast<void*>(&pair), &words[i], sizeof pair);
        const float2 two = __half22float2(pair);
        v[2 * i] = two.x;
        v[2 * i + 1] = two.y;
      } else {
        v[2 * i] = __uint_as_float(words[i] << 16);
        v[2 * i + 1] = __uint_as_float(words[i] & 0xffff0000u);
      }
    }
  } else {
#pragma unroll
    for (int j = 0; j < N; ++j) v[j] = to_float(p.v[j]);
  }
}
template <class T, int N>
__device__ __forceinline__ Pack<T, N> from_floats(const float (&v)[N]) {
  Pack<T, N> p;
  if constexpr (sizeof(T) == 2 && N > 1) {
    unsigned words[N / 2];
#pragma unroll
    for (int i = 0; i < N / 2; ++i) {
      if constexpr (std::is_same_v<T, __half>) {
        const __half2 pair = __floats2half2_rn(v[2 * i], v[2 * i + 1]);
        memcpy(&words[i], &pair, sizeof pair);
      } else {
        const __nv_bfloat162 pair = __floats2bfloat162_rn(v[2 * i], v[2 * i + 1]);
        memcpy(&words[i], &pair, sizeof pair);
      }
    }
    memcpy(&p, words, sizeof words);
  } else {
#pragma unroll
    for (int j = 0; j < N; ++j) p.v[j] = from_float<T>(v[j]);
  }
  return p;
}

/// N neighbouring elements as f32, in 16-byte accesses: N is 1 or a multiple of kVector<T>.
template <int N, class T>
__device__ __forceinline__ void load_floats(const T* p, float (&v)[N]) {
  constexpr int K = N == 1 ? 1 : kVector<T>;
#pragma unroll
  for (int i = 0; i < N; i += K) {
    float part[K];
    to_floats(load<K>(p + i), part);
#pragma unroll
    for (int j = 0; j < K; ++j) v[i + j] = part[j];
  }
}
template <int N, class T>
__device__ __forceinline__ void store_floats(T* p, const float (&v)[N]) {
  constexpr int K = N == 1 ? 1 : kVector<T>;
#pragma unroll
  for (int i = 0; i < N; i += K) {
    float part[K];
#pragma unroll
    for (int j = 0; j < K; ++j) part[j] = v[i + j];
    store(p + i, from_floats<T>(part));
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

template <int G = 32>
__device__ __forceinline__ int group_min(int x) {
#pragma unroll
  for (int d = G / 2; d > 0; d /= 2) x = min(x, __shfl_xor_sync(kAllLanes, x, d));
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
