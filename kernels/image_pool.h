// The history of translated images that a discriminator is shown.
#pragma once

#include "exec.h"
#include "philox.h"
#include "view.h"

namespace segue::kernels {

/// Shows each new image or, once the pool is full, with probability 1/2 an older one that it then replaces. The samples
/// of a batch are handled in order, each on the pool that the one before has left.
///
///   count < S:  pool[count] = fake; count += 1; shown = fake
///   else:       r = random_quad(key, step, sample); the top bit of r.v[0] set: i = floor(r.v[1] S / 2^32),
///               shown = pool[i], pool[i] = fake; not set: shown = fake
///
/// T is f32; on CUDA also bf16 or f16, at any pitch, the same for operands of equal channels.
///
/// fakes    (N,H,W,C) T     in     images in [-1, 1]
/// pool     (S,H,W,C) T     inout  S = 50 in the publication; undefined at first
/// count    () u32          inout  images in the pool; 0 at first
/// step     () u64          in     number of the step, on the device
/// shown    (N,H,W,C) T     out    may be fakes itself
/// key      host constant          of this random call
/// Throws   invalid_argument if shapes, types or pitches disagree or S = 0.
/// Traffic  reads and writes every new image once, and once more for each that is stored or exchanged.
///          Deterministic. Capture-safe.
/// Source   Shrivastava et al. 2017, arXiv:1612.07828; pool of 50 as in Zhu et al. 2017, arXiv:1703.10593.
void image_pool(const CpuExec& exec, const View& fakes, const View& pool, const View& count, const View& step,
                const View& shown, const RandomKey& key);
void image_pool(const CudaExec& exec, const View& fakes, const View& pool, const View& count, const View& step,
                const View& shown, const RandomKey& key);

}  // namespace segue::kernels
