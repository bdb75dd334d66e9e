// Kernels with a planted bug each, and correct twins: what the executor must report, and what it must not.
#pragma once

namespace segue::planted {

// `right` picks the correct twin. Arrays have 64 elements unless said otherwise.
void shift(bool right, const float* in, float* out);      ///< no barrier between a write and another thread's read
void shift_raw(bool right, const float* in, float* out);  ///< the same with a plain __shared__ array
void sum_twice(bool right, const float* in, float* out);  ///< no barrier between a read and the next write
void warp_tree(bool right, const float* in, float* out);  ///< no __syncwarp; 32 in, 1 out
void shared_overrun(bool right, float* out);              ///< one element behind a shared array
void shared_underrun(bool right, float* out);             ///< one element before it
void dynamic_overrun(bool right, float* out);             ///< one element behind dynamic shared memory
void global_overrun(bool right, const float* in, float* out, int n);  ///< no i < n
void uninitialised(bool right, float* out);                           ///< one shared element is never written; 128 out
void misaligned(bool right, const float* in, float* out);             ///< 16-byte load at a 20-byte pitch; 8 out
void unnamed_caller(float* out);          ///< shuffle whose mask leaves the caller out; 32 out
void divergent_shuffle(float* out);       ///< full mask in half a warp, the rest waits at a barrier
void unnamed_source(float* out);          ///< shuffle from a lane outside the mask
void partial_warp_source(float* out);     ///< shuffle from a lane that does not exist
void two_masks(float* out);               ///< lanes that disagree about the mask
void two_operations(float* out);          ///< lanes in different collectives
void halves(float* out);                  ///< correct: collectives of two half warps
void two_barriers(float* out);            ///< warps at barriers of different lines
void early_exit(bool right, float* out);  ///< threads return before a barrier
void barrier_in_half_warp(float* out);    ///< half a warp at a barrier, half in a shuffle
void plain_sum(const float* in, float* out, int blocks, int threads);  ///< += without an atomic; 1 out
void block_overlap(bool right, float* out);                            ///< two blocks write one element; 16 out
void spin_lock(bool right, int* lock, int* data);                      ///< never released
void last_block(bool right, const float* in, float* partial, unsigned* count,
                float* out);  ///< no __threadfence; 128 in
void failed_assert(int n);
void failed_assumption(int n);
void static_shared_over_limit(float* out);
void dynamic_shared_not_asked_for(float* out);
void block_too_large();
/// Correct: all votes, reductions and atomics; 32 out.
void votes(unsigned* out, unsigned* counters);

}  // namespace segue::planted
