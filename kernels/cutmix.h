// Mixing two batches of images by boxes or by classes.
#pragma once

#include "exec.h"
#include "view.h"

namespace segue::kernels {

/// One side of a mix: images with their labels and weights.
struct MixSide {
  View image;   ///< (N,H,W,C) f32, on CUDA also bf16 and f16
  View label;   ///< (N,H,W) u8, class or `ignore`
  View weight;  ///< (N,H,W) f32; absent: 1 everywhere
};

struct CutmixOptions {
  int classes = 19;
  int ignore = 255;
};

/// Pastes pixels of batch A on batch B: image, label and weight in one pass. Exactly one of `boxes` and `mask` is
/// given.
///
///   M = 1 inside the box of the sample (CutMix), or where mask[label_a] is not 0 (ClassMix)
///   image = M image_a + (1-M) image_b;  label and weight by the same M
///
/// a       images (N,H,W,C) f32, labels u8, weights f32   in     what is pasted; weight may be absent: 1;
///                                                               images on CUDA also bf16 and f16
/// b       as a                                           in     what it is pasted on
/// boxes   (N,4) i32            in     top, left, height, width in px, on the device; cut off at the border; an empty
///                                     box leaves all of B
/// mask    (K) or (N,K) u8      in     K <= 256, on the device; labels >= K are not pasted
/// image   (N,H,W,C) as a       out    may be that of b
/// label   (N,H,W) u8           out    may be that of b
/// weight  (N,H,W) f32          out    may be that of b; absent if neither side's matters
/// status  () u32               inout  kStatusBadLabel is set where the label taken, or with a mask that of A, is
///                                     neither a class nor `ignore`: `ignore` is written, and with a mask A is not
///                                     pasted there
/// Throws  invalid_argument if shapes, types or pitches disagree, or not exactly one of boxes and mask is given.
/// Traffic 2 C sizeof(T) + 10 bytes a pixel, with a mask 1 more: reads one side and writes image, label and weight
///         once; with a mask also reads label_a.
///         Deterministic. Capture-safe.
/// Source  Yun et al. 2019, arXiv:1905.04899 (CutMix); Olsson et al. 2021, arXiv:2007.07936 (ClassMix).
void cutmix(const CpuExec& exec, const MixSide& a, const MixSide& b, const View& boxes, const View& mask,
            const View& image, const View& label, const View& weight, const View& status, const CutmixOptions& options);
void cutmix(const CudaExec& exec, const MixSide& a, const MixSide& b, const View& boxes, const View& mask,
            const View& image, const View& label, const View& weight, const View& status, const CutmixOptions& options);

}  // namespace segue::kernels
