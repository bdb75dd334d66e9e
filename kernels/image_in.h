// From 8-bit images to the input of a network: crop, resize, flip, colour, CutMix and normalisation in one pass.
#pragma once

#include <cstdint>

#include "exec.h"
#include "view.h"

namespace segue::kernels {

/// What happens to one sample: a row of the plans, all f32 so that one view holds it. Whole numbers are exact to 2^24.
struct ImagePlan {
  /// Window of the stored image that becomes the whole output, in px; may reach beyond the image. height, width >= 1.
  float top = 0, left = 0, height = 1, width = 1;
  float flip = 0;    ///< not 0: left and right exchanged, after the resize
  float weight = 1;  ///< of the sample's pixels
  /// Output px that come from the `paste` sample of the same index; empty: none. Unused in plans of `paste`.
  float box_top = 0, box_left = 0, box_height = 0, box_width = 0;
  /// 3x4, by rows: rgb' = clamp(color (r,g,b,1), 0, 1) with rgb in [0,1]. Brightness, contrast, saturation and hue
  /// rotation are all of this form, so one product does them all.
  float color[12] = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0};
};
constexpr int64_t kImagePlanFloats = 22;
static_assert(sizeof(ImagePlan) == kImagePlanFloats * sizeof(float));

/// A batch as it is stored.
struct ImageSet {
  View images;  ///< (N,Hs,Ws,3) u8 RGB
  View labels;  ///< (N,Hs,Ws) u8; absent: all `ignore`
  View lut;     ///< (256) u8: label file's id -> train id; absent: labels hold train ids
  View plans;   ///< (N,22) f32: ImagePlan of each sample, on the device

  explicit operator bool() const { return bool(images); }
};

struct ImageInOptions {
  float mean[3] = {0.485f, 0.456f, 0.406f};  ///< of images in [0,1]
  float std[3] = {0.229f, 0.224f, 0.225f};
  int ignore = 255;
};

/// Makes the input of a network, its labels and pixel weights from stored 8-bit images.
///
///   u = resize_bilinear(window of the image, H, W), align_corners = false, clamped at window and image; then flipped
///   x = (clamp(color (u/255, 1), 0, 1) - mean) / std
///   labels = lut[stored label at the nearest pixel: floor((y + 1/2) height/H), floor((x + 1/2) width/W) of the window]
///   A pixel whose nearest stored pixel lies outside the image gets x = 0, label `ignore`, weight 0.
///   Inside its plan's box a sample is made from `paste` instead, with that set's own plan: CutMix.
///
/// base     images (N,Hs,Ws,3) u8, labels (N,Hs,Ws) u8, lut (256) u8, plans (N,22) f32   in   see ImageSet
/// paste    the same of N images of any size, or absent                                  in   then boxes are ignored
/// x        (N,H,W,3) f32   out  normalised, zero mean; on CUDA also bf16 and f16
/// labels   (N,H,W) u8      out  train id or `ignore`; may be absent
/// weights  (N,H,W) f32     out  the weight of the plan that made the pixel; may be absent
/// options  host constant        mean and std of [0,1] images: those of ImageNet, or 0.5 for [-1,1]
/// Throws   invalid_argument if shapes or types disagree or a std is not positive.
/// Traffic  reads about 3 to 4 bytes a stored pixel of the window, writes 12 to 17 a pixel.
///          Deterministic. Capture-safe. Any value in the plans is safe.
/// Source   none; CutMix: Yun et al. 2019, arXiv:1905.04899. Resizing downwards averages 2 px, no wider (as PyTorch).
void image_in(const CpuExec& exec, const ImageSet& base, const ImageSet& paste, const View& x, const View& labels,
              const View& weights, const ImageInOptions& options);
void image_in(const CudaExec& exec, const ImageSet& base, const ImageSet& paste, const View& x, const View& labels,
              const View& weights, const ImageInOptions& options);

}  // namespace segue::kernels
