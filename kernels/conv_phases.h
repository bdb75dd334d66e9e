// A convolution of wide dilation as one of a narrow dilation. In phase-major order with factor f (space-to-batch), phase (a, b) of
// an image is an image of its own, of the pixels (f i + a, f j + b). A convolution whose dilation and padding are multiples
// of f stays within a phase, and its taps are f times nearer: conv_reach() in conv_plans.h says where that matters.
#pragma once

#include "conv_call.h"
#include "conv_common.h"
#include "exec.h"
#include "view.h"

namespace segue::kernels::conv {

/// The smallest factor that brings the dilation within `reach`; 1: the convolution stays as it is, since it is within it, or strided, or
/// has one tap, or phases of equal size would have over a quarter more pixels than the images.
inline int64_t phase_factor(const Problem& f, int64_t reach) {
  if (f.stride != 1 || f.taps() == 1 || f.dilation <= reach) return 1;
  for (int64_t k = 2; k <= f.dilation; ++k) {
    if (f.dilation % k || f.pad % k || f.dilation / k > reach) continue;
    return 4 * round_up(f.h, k) * round_up(f.w, k) <= 5 * f.h * f.w ? k : 1;
  }
  return 1;
}

/// The same convolution of phases: n factor^2 images, zero where a phase reaches beyond its image.
inline Problem phased(const Problem& f, int64_t factor) {
  Problem p = f;
  p.n = f.n * factor * factor;
  p.h = ceil_div(f.h, factor), p.w = ceil_div(f.w, factor);
  p.pad = f.pad / factor, p.dilation = f.dilation / factor;
  p.p = p.h + 2 * p.pad - p.dilation * (f.r - 1), p.q = p.w + 2 * p.pad - p.dilation * (f.s - 1);
  return p;
}

/// Makes the call one over phases where its dilation is beyond `reach`, and returns the factor; 1: it stays as it is. So do calls without
/// tensor cores, for which newer engines are no better, and with a bias, which no layer of wide dilation has.
inline int64_t put_over_phases(ConvCall& call, int64_t reach) {
  if (!call.tensor_cores || call.epilogue == ConvEpilogue::bias) return 1;
  const int64_t factor = phase_factor(call.problem, reach);
  if (factor > 1) call.problem = phased(call.problem, factor);
  return factor;
}

/// phases[n,a,b,i,j] = x[n, factor i + a, factor j + b], 0 where x has no such pixel. Helper of the CUDA convolutions;
/// capture-safe, deterministic.
///   x       (N,H,W,C) f32, bf16 or f16, of any pitch                                        in
///   phases  (N,factor,factor,height,width,C), type and pitch of x                           out
void to_phases(const CudaExec& exec, const View& x, int64_t factor, int64_t height, int64_t width, void* phases);

/// y[n, factor i + a, factor j + b] = phases[n,a,b,i,j]. Likewise; phases must reach over all of y.
void from_phases(const CudaExec& exec, const void* phases, int64_t factor, int64_t height, int64_t width,
                 const View& y);

}  // namespace segue::kernels::conv
