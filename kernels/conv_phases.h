// A convolution of wide dilation as one of a narrow dilation, over the phases of its images (phases.h). A convolution whose dilation and padding are multiples
// of f stays within a phase, and its taps are f times nearer: conv_reach() in conv_plans.h says where that matters.
#pragma once

#include "conv2d.h"
#include "conv_call.h"
#include "conv_common.h"

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

/// The smallest factor that brings the dilation within `reach` and divides the sides of the images, so that all phases are whole; 1: none, or
/// the dilation is within reach. For convolutions between ops that may stay in phase-major order, as norms over all pixels may.
inline int64_t whole_phase_factor(int64_t height, int64_t width, const Conv2dOptions& options, int64_t reach) {
  if (options.stride != 1 || options.dilation <= reach) return 1;
  for (int64_t k = 2; k <= options.dilation; ++k)
    if (options.dilation % k == 0 && options.pad % k == 0 && height % k == 0 && width % k == 0 &&
        options.dilation / k <= reach)
      return k;
  return 1;
}

}  // namespace segue::kernels::conv
