// The way of the optimisers over a slab on CUDA: one launch for all ranges of the table.
#pragma once

#include "device.cuh"
#include "slab.h"

namespace segue::gpu {
inline namespace SEGUE_GPU_BACKEND {

constexpr int kSlabThreads = 256;
constexpr int kSlabChunk = 4096;  // elements that a block takes at a time

/// The table and the numbers of its groups, in device memory. Rows that leave the slab are cut, rows without a group
/// left out: the host cannot look at them.
struct Slab {
  const SlabRange* rows;
  int64_t row_count;
  const float *rates, *decays;
  int64_t groups, size;

  Slab(const View& w, const View& ranges, const View& group_rates, const View& group_decays)
      : rows(reinterpret_cast<const SlabRange*>(ranges.as<int64_t>())),
        row_count(ranges.shape[0]),
        rates(group_rates.as<float>()),
        decays(group_decays.as<float>()),
        groups(group_rates.count()),
        size(w.count()) {}
};

/// The part of a chunk that one range covers.
struct SlabPart {
  int begin, end;
  float rate, decay;
};

/// Calls f(count, i, rate, decay) for all elements of the ranges: for elements [i, i + count) at once, where count is
/// an integral constant, N for whole packs and else 1. All threads of the block must call.
template <int N, class F>
__device__ __forceinline__ void for_ranges(const Slab& s, F f) {
  SEGUE_SHARED(parts, SlabPart[kSlabThreads]);
  SEGUE_SHARED(count, int);
  for (int64_t origin = int64_t(blockIdx.x) * kSlabChunk; origin < s.size; origin += int64_t(gridDim.x) * kSlabChunk)
    for (int64_t first = 0; first < s.row_count; first += kSlabThreads) {
      __syncthreads();  // before the list of the last round is overwritten
      if (threadIdx.x == 0) count = 0;
      __syncthreads();
      if (const int64_t row = first + threadIdx.x; row < s.row_count) {
        const SlabRange r = s.rows[row];
        const int64_t begin = max(r.begin, origin), end = min(r.end, min(origin + kSlabChunk, s.size));
        // Ranges lie apart, so the order of the list does not matter.
        if (begin < end && r.group >= 0 && r.group < s.groups)
          parts[atomicAdd(&count, 1)] = {int(begin - origin), int(end - origin), s.rates[r.group], s.decays[r.group]};
      }
      __syncthreads();
      for (int p = 0; p < count; ++p) {
        const SlabPart part = parts[p];
        for (int i = part.begin / N * N + int(threadIdx.x) * N; i < part.end; i += kSlabThreads * N) {
          if (i >= part.begin && i + N <= part.end) {
            f(std::integral_constant<int, N>{}, origin + i, part.rate, part.decay);
          } else {
            for (int j = max(i, part.begin); j < min(i + N, part.end); ++j)
              f(std::integral_constant<int, 1>{}, origin + j, part.rate, part.decay);
          }
        }
      }
    }
}

/// Stores f32 values rounded to T.
template <class T, int N>
__device__ __forceinline__ void store_rounded(T* p, const Pack<float, N>& x) {
  Pack<T, N> rounded;
#pragma unroll
  for (int j = 0; j < N; ++j) rounded.v[j] = from_float<T>(x.v[j]);
  store(p, rounded);
}

/// Checks the rounded twin of the values.
inline void check_rounded(const char* where, const View& rounded, const View& w) {
  if (!rounded) return;
  require(rounded.dtype == DType::bf16 || rounded.dtype == DType::f16, where,
          "expects rounded of type bf16 or f16; got ", rounded.dtype);
  check_view(rounded, where, "rounded", rounded.dtype, w.shape);
}

/// Calls f(T{}, N) with the type of the twin, and as many elements as addresses allow to take at once.
template <class F, class... P>
void dispatch_rounded(const View& rounded, F f, const P*... pointers) {
  const bool packed = aligned16(static_cast<const void*>(rounded.data), pointers...);
  const auto with_type = [&](auto zero) {
    if (packed)
      f(zero, std::integral_constant<int, 4>{});
    else
      f(zero, std::integral_constant<int, 1>{});
  };
  if (rounded && rounded.dtype == DType::f16)
    with_type(__half{});
  else
    with_type(__nv_bfloat16{});
}

}  // namespace SEGUE_GPU_BACKEND
}  // namespace segue::gpu
