// Phase-major order of images (space-to-batch): the pixels of a coarse grid are an image of their own.
#pragma once

#include "exec.h"
#include "view.h"

namespace segue::kernels {

/// The images whose whole phases by this factor have this shape. Throws invalid_argument if none do.
inline Shape images_of_phases(const char* where, const Shape& phases, int64_t factor) {
  require(phases.dims() == 4 && factor >= 1 && phases[0] % (factor * factor) == 0, where,
          "expects phases (N factor^2,P,Q,C); got ", phases, " and factor ", factor);
  return {phases[0] / (factor * factor), phases[1] * factor, phases[2] * factor, phases[3]};
}

/// The phases of images (N,H,W,C) by this factor, as few as hold all pixels.
inline Shape phases_of_images(const Shape& images, int64_t factor) {
  return {images[0] * factor * factor, (images[1] + factor - 1) / factor, (images[2] + factor - 1) / factor, images[3]};
}

/// Throws invalid_argument unless the second are phases of the first, perhaps larger than need be.
inline void check_phases(const char* where, const Shape& images, const Shape& phases, int64_t factor) {
  require(images.dims() == 4 && phases.dims() == 4 && factor >= 1 && phases[0] == images[0] * factor * factor &&
              phases[3] == images[3] && phases[1] * factor >= images[1] && phases[2] * factor >= images[2],
          where, "expects images (N,H,W,C) and their phases (N factor^2,P,Q,C), P factor >= H and Q factor >= W; got ",
          images, ", ", phases, " and factor ", factor);
}

/// Takes images apart into their phases. A convolution whose dilation and padding are multiples of `factor` stays within
/// a phase, and its taps are `factor` times nearer.
///
///   y[(n factor + a) factor + b, i, j] = x[n, factor i + a, factor j + b],   0 where x has no such pixel
///
/// T is f32; on CUDA also bf16 or f16, at any pitch, the same for both; x may be a slice where y has no padding lanes.
///
/// x       (N,H,W,C) T                in
/// y       (N factor^2,P,Q,C) T       out  P factor >= H, Q factor >= W; not overlapping x
/// factor  host constant                   >= 1
/// Throws   invalid_argument if shapes, types or pitches disagree, or a phase is too small.
/// Traffic  reads x, writes y.  Deterministic. Capture-safe.
/// Source   none; in TensorFlow space_to_batch.
void to_phases(const CpuExec& exec, const View& x, const View& y, int64_t factor);
void to_phases(const CudaExec& exec, const View& x, const View& y, int64_t factor);

/// Puts phases together again. It is the gradient of to_phases.
///
///   y[n, factor i + a, factor j + b] = x[(n factor + a) factor + b, i, j]      (added to y if `accumulate`)
///
/// T is f32; on CUDA also bf16 or f16, at any pitch, the same for both; y may be a slice where x has no padding lanes.
///
/// x           (N factor^2,P,Q,C) T     in   P factor >= H, Q factor >= W
/// y           (N,H,W,C) T              out  not overlapping x; inout if `accumulate`
/// factor      host constant                 >= 1
/// accumulate  host constant                 add to what is there
/// Throws   invalid_argument if shapes, types or pitches disagree, or a phase is too small.
/// Traffic  reads the part of x that y has, writes y.  Deterministic. Capture-safe.
/// Source   none; in TensorFlow batch_to_space.
void from_phases(const CpuExec& exec, const View& x, const View& y, int64_t factor, bool accumulate);
void from_phases(const CudaExec& exec, const View& x, const View& y, int64_t factor, bool accumulate);

}  // namespace segue::kernels
