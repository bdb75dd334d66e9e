// Colour changes as one matrix.
#pragma once

#include <array>

namespace segue::data {

/// Strengths of a colour change; the values here change nothing.
struct ColorJitter {
  double brightness = 1;  ///< factor of all channels
  double contrast = 1;    ///< factor of the distance from `pivot`
  double saturation = 1;  ///< factor of the distance from a pixel's luma; 0 is grey
  double hue = 0;         ///< turns about the grey axis; 1/3 sends red to green, green to blue
  double pivot = 0.5;     ///< of the contrast: the image's mean luma, or the middle
};

/// 3x4 matrix by rows for kernels::ImagePlan::color: brightness, then contrast, saturation, hue, on RGB in [0,1]. They
/// are clamped once at the end, not after each. The hue turns RGB space about its grey axis, which keeps r + g + b.
std::array<float, 12> color_matrix(const ColorJitter& jitter);

}  // namespace segue::data
