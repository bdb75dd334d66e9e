#include <cassert>

#include "kernels/device.cuh"
#include "planted.h"

namespace segue::planted {
namespace {

constexpr int kThreads = 64;

template <bool kRight>
__global__ void shift_kernel(const float* in, float* out) {
  SEGUE_SHARED(s, float[kThreads]);
  s[threadIdx.x] = in[threadIdx.x];
  if (kRight) __syncthreads();
  out[threadIdx.x] = s[(threadIdx.x + 1) % kThreads];
}

template <bool kRight>
__global__ void shift_raw_kernel(const float* in, float* out) {
  __shared__ float s[kThreads];
  s[threadIdx.x] = in[threadIdx.x];
  if (kRight) __syncthreads();
  out[threadIdx.x] = s[(threadIdx.x + 1) % kThreads];
}

template <bool kRight>
__device__ float two_warp_sum(float v) {
  SEGUE_SHARED(partial, float[2]);
  v = gpu::group_sum(v);
  if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = v;
  __syncthreads();
  v = partial[0] + partial[1];
  if (kRight) __syncthreads();
  return v;
}
template <bool kRight>
__global__ void sum_twice_kernel(const float* in, float* out) {
  const float a = two_warp_sum<kRight>(in[threadIdx.x]);
  out[threadIdx.x] = a + 1000.f * two_warp_sum<kRight>(2.f * in[threadIdx.x]);
}

template <bool kRight>
__global__ void warp_tree_kernel(const float* in, float* out) {
  SEGUE_SHARED(s, float[32]);
  const int lane = int(threadIdx.x);
  s[lane] = in[lane];
  if (kRight) __syncwarp();
  for (int d = 16; d > 0; d /= 2) {
    const float v = lane < d ? s[lane] + s[lane + d] : 0.f;
    if (kRight) __syncwarp();
    if (lane < d) s[lane] = v;
    if (kRight) __syncwarp();
  }
  if (lane == 0) out[0] = s[0];
}

__global__ void shared_out_of_bounds_kernel(float* out, int offset) {
  SEGUE_SHARED(s, float[kThreads]);
  float* p = s;  // as a pointer: a bounds check of the array type would not see it
  p[int(threadIdx.x) + offset] = 1.f;
  __syncthreads();
  out[threadIdx.x] = p[threadIdx.x];
}

__global__ void dynamic_overrun_kernel(float* out, int offset) {
  float* p = gpu::dynamic_shared<float>();
  p[int(threadIdx.x) + offset] = 1.f;
  __syncthreads();
  out[threadIdx.x] = p[threadIdx.x];
}

template <bool kRight>
__global__ void global_overrun_kernel(const float* in, float* out, int n) {
  const int i = int(blockIdx.x * blockDim.x + threadIdx.x);
  if (!kRight || i < n) out[i] = in[i];
}

__global__ void uninitialised_kernel(float* out, unsigned written) {
  SEGUE_SHARED(s, float[kThreads]);
  if (threadIdx.x < written) s[threadIdx.x] = 1.f;
  __syncthreads();
  out[blockIdx.x * kThreads + threadIdx.x] = s[threadIdx.x];
}

__global__ void misaligned_kernel(const float* in, float* out, int pitch) {
  const auto v = gpu::load<4>(in + int(threadIdx.x) * pitch);
  out[threadIdx.x] = v.v[0] + v.v[3];
}

__global__ void unnamed_caller_kernel(float* out) {
  out[threadIdx.x] = __shfl_xor_sync(0x0000ffffu, float(threadIdx.x), 1);
}
__global__ void divergent_shuffle_kernel(float* out) {
  float v = float(threadIdx.x);
  if (threadIdx.x < 16) v = __shfl_xor_sync(0xffffffffu, v, 1);
  __syncthreads();
  out[threadIdx.x] = v;
}
__global__ void unnamed_source_kernel(float* out) {
  float v = float(threadIdx.x);
  if (threadIdx.x < 16) v = __shfl_sync(0x0000ffffu, v, 20);
  out[threadIdx.x] = v;
}
__global__ void partial_warp_source_kernel(float* out) {
  out[threadIdx.x] = __shfl_down_sync(0xffffffffu, float(threadIdx.x), 4);
}
__global__ void two_masks_kernel(float* out) {
  float v = float(threadIdx.x);
  if (threadIdx.x < 16)
    v = __shfl_xor_sync(0xffffffffu, v, 1);
  else
    v = __shfl_xor_sync(0xffff8000u, v, 1);
  __syncthreads();
  out[threadIdx.x] = v;
}
__global__ void two_operations_kernel(float* out) {
  float v = float(threadIdx.x);
  if (threadIdx.x < 16)
    v = __shfl_xor_sync(0xffffffffu, v, 1);
  else
    v = __shfl_up_sync(0xffffffffu, v, 1);
  out[threadIdx.x] = v;
}
__global__ void halves_kernel(float* out) {
  float v = float(threadIdx.x);
  if (threadIdx.x < 16)
    v += __shfl_xor_sync(0x0000ffffu, v, 1);
  else
    v += 100.f * __shfl_down_sync(0xffff0000u, v, 1, 16);
  out[threadIdx.x] = v;
}

__global__ void two_barriers_kernel(float* out) {
  if (threadIdx.x < 32) {
    out[threadIdx.x] = 1;
    __syncthreads();
  } else {
    out[threadIdx.x] = 2;
    __syncthreads();
  }
}
__global__ void early_exit_kernel(float* out, unsigned n) {
  if (threadIdx.x >= n) return;
  out[threadIdx.x] = 1;
  __syncthreads();
  out[threadIdx.x] += 1;
}
__global__ void barrier_in_half_warp_kernel(float* out) {
  float v = float(threadIdx.x);
  if (threadIdx.x % 32 < 16)
    __syncthreads();
  else
    v = __shfl_xor_sync(0xffffffffu, v, 1);
  out[threadIdx.x] = v;
}

__global__ void plain_sum_kernel(const float* in, float* out) { out[0] += in[blockIdx.x * blockDim.x + threadIdx.x]; }
__global__ void block_overlap_kernel(float* out, unsigned step) {
  out[blockIdx.x * step + threadIdx.x] = float(blockIdx.x);
}

template <bool kRight>
__global__ void spin_lock_kernel(int* lock, int* data) {
  for (bool done = false; !done;) {
    if (atomicCAS(lock, 0, 1) != 0) continue;
    __threadfence();
    volatile int* d = data;
    *d = *d + 1;
    __threadfence();
    if (kRight) atomicExch(lock, 0);
    done = true;
  }
}

template <bool kRight>
__global__ void last_block_kernel(const float* in, float* partial, unsigned* count, float* out) {
  SEGUE_SHARED(last, bool);
  const float v = gpu::group_sum(in[blockIdx.x * 32 + threadIdx.x]);
  if (threadIdx.x == 0) {
    partial[blockIdx.x] = v;
    if (kRight) __threadfence();
    last = atomicAdd(count, 1u) == gridDim.x - 1;
  }
  __syncthreads();
  if (!last) return;
  if (kRight) __threadfence();
  if (threadIdx.x != 0) return;
  float sum = 0;
  for (unsigned i = 0; i < gridDim.x; ++i) sum += partial[i];
  out[0] = sum;
}

__global__ void failed_assert_kernel(int n) { assert(int(threadIdx.x) < n); }
__global__ void failed_assumption_kernel(int n) { __builtin_assume(int(threadIdx.x) < n); }

#if defined(__CUDACC__)
constexpr int kTooMany = 4;  // nvcc refuses it by itself
#else
constexpr int kTooMany = 20000;
#endif
__global__ void static_shared_over_limit_kernel(float* out) {
  SEGUE_SHARED(s, float[kTooMany]);
  s[threadIdx.x % kTooMany] = 1;
  out[threadIdx.x] = s[threadIdx.x % kTooMany];
}
__global__ void nothing_kernel() {}

__global__ void votes_kernel(unsigned* out, unsigned* counters) {
  const unsigned t = threadIdx.x, all = 0xffffffffu;
  unsigned r = __ballot_sync(all, t % 3 == 0);
  r += unsigned(__any_sync(all, t == 7)) + 2u * unsigned(__all_sync(all, t < 31));
  r ^= __match_any_sync(all, t / 4);
  r += __reduce_add_sync(all, t) + __reduce_max_sync(all, t) + __reduce_min_sync(all, t + 3);
  r += unsigned(__reduce_min_sync(all, -int(t))) + unsigned(__reduce_max_sync(all, 5 - int(t)));
  r ^= __reduce_or_sync(all, t) ^ __reduce_and_sync(all, t | 64) ^ __reduce_xor_sync(all, t + 1);
  r += unsigned(__syncthreads_count(t & 1)) + 4u * unsigned(__syncthreads_and(t < 40)) +
       8u * unsigned(__syncthreads_or(t == 50));
  r += __shfl_up_sync(all, t, 3) * 1000u + __shfl_sync(all, t, 5, 8) * 100000u;
  out[t] = r;
  atomicAdd(&counters[0], t);
  atomicMax(&counters[1], t);
  atomicMin(&counters[2], t);
  atomicOr(&counters[3], 1u << t);
  atomicAnd(&counters[4], ~(1u << t));
  atomicXor(&counters[5], 3u << t);
  atomicInc(&counters[6], 4);
  atomicDec(&counters[7], 4);
  atomicSub(&counters[8], 2u);
}

template <class... P, class... A>
void run(void (*kernel)(P...), int blocks, int threads, A... args) {
  gpu::launch(kernel, {.name = "planted", .grid = unsigned(blocks), .block = unsigned(threads)}, args...);
}

}  // namespace

void shift(bool right, const float* in, float* out) {
  run(right ? shift_kernel<true> : shift_kernel<false>, 1, kThreads, in, out);
}
void shift_raw(bool right, const float* in, float* out) {
  run(right ? shift_raw_kernel<true> : shift_raw_kernel<false>, 1, kThreads, in, out);
}
void sum_twice(bool right, const float* in, float* out) {
  run(right ? sum_twice_kernel<true> : sum_twice_kernel<false>, 1, kThreads, in, out);
}
void warp_tree(bool right, const float* in, float* out) {
  run(right ? warp_tree_kernel<true> : warp_tree_kernel<false>, 1, 32, in, out);
}
void shared_overrun(bool right, float* out) { run(shared_out_of_bounds_kernel, 1, kThreads, out, right ? 0 : 1); }
void shared_underrun(bool right, float* out) { run(shared_out_of_bounds_kernel, 1, kThreads, out, right ? 0 : -1); }
void dynamic_overrun(bool right, float* out) {
  gpu::launch(dynamic_overrun_kernel, {.name = "planted", .block = kThreads, .smem = kThreads * sizeof(float)}, out,
              right ? 0 : 1);
}
void global_overrun(bool right, const float* in, float* out, int n) {
  run(right ? global_overrun_kernel<true> : global_overrun_kernel<false>, (n + kThreads - 1) / kThreads, kThreads, in,
      out, n);
}
void uninitialised(bool right, float* out) { run(uninitialised_kernel, 2, kThreads, out, right ? 64u : 63u); }
void misaligned(bool right, const float* in, float* out) { run(misaligned_kernel, 1, 8, in, out, right ? 4 : 5); }
void unnamed_caller(float* out) { run(unnamed_caller_kernel, 1, 32, out); }
void divergent_shuffle(float* out) { run(divergent_shuffle_kernel, 1, 32, out); }
void unnamed_source(float* out) { run(unnamed_source_kernel, 1, 32, out); }
void partial_warp_source(float* out) { run(partial_warp_source_kernel, 1, 20, out); }
void two_masks(float* out) { run(two_masks_kernel, 1, 32, out); }
void two_operations(float* out) { run(two_operations_kernel, 1, 32, out); }
void halves(float* out) { run(halves_kernel, 1, 32, out); }
void two_barriers(float* out) { run(two_barriers_kernel, 1, kThreads, out); }
void early_exit(bool right, float* out) { run(early_exit_kernel, 1, kThreads, out, right ? 64u : 50u); }
void barrier_in_half_warp(float* out) { run(barrier_in_half_warp_kernel, 1, kThreads, out); }
void plain_sum(const float* in, float* out, int blocks, int threads) {
  run(plain_sum_kernel, blocks, threads, in, out);
}
void block_overlap(bool right, float* out) { run(block_overlap_kernel, 2, 8, out, right ? 8u : 7u); }
void spin_lock(bool right, int* lock, int* data) {
  run(right ? spin_lock_kernel<true> : spin_lock_kernel<false>, right ? 2 : 1, kThreads, lock, data);
}
void last_block(bool right, const float* in, float* partial, unsigned* count, float* out) {
  run(right ? last_block_kernel<true> : last_block_kernel<false>, 4, 32, in, partial, count, out);
}
void failed_assert(int n) { run(failed_assert_kernel, 1, 32, n); }
void failed_assumption(int n) { run(failed_assumption_kernel, 1, 32, n); }
void static_shared_over_limit(float* out) { run(static_shared_over_limit_kernel, 1, 32, out); }
void dynamic_shared_not_asked_for(float* out) { run(dynamic_overrun_kernel, 1, 32, out, 0); }
void block_too_large() { run(nothing_kernel, 1, 1025); }
void votes(unsigned* out, unsigned* counters) { run(votes_kernel, 1, 32, out, counters); }

}  // namespace segue::planted
