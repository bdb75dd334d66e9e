// A CycleGAN generator on 8-bit images of any size.
#pragma once

#include "data/batch_input.h"
#include "data/image.h"
#include "models/cyclegan_generator.h"

namespace segue {

class ImageTranslator {
 public:
  /// The generator outlives the translator, and is for inference.
  ImageTranslator(Context& c, CycleGanGenerator& generator) : c_(c), generator_(generator) {}

  /// (H,W,3) RGB -> the same size. A side that is no multiple of 4, or below 8, is continued by its mirror image and cut off
  /// again. One step of the context. Throws out_of_memory for an image too large for the device.
  void translate(const data::ImageView& image, data::Image& result);

 private:
  Context& c_;
  CycleGanGenerator& generator_;
  data::Image padded_;
  std::vector<float> values_;
};

}  // namespace segue
