// Pictures of single images that a stage leaves for the report: FOLDER/examples/00/image.png, label.png, ... and about.json
// with the image's name.
#pragma once

#include <cstdint>
#include <string>

#include "data/class_table.h"
#include "data/image.h"

namespace segue {

/// One image and what a stage has made of it. Whatever is absent is not shown.
struct ExamplePictures {
  std::string name;             ///< of the image in its data set
  data::ImageView image;        ///< (H,W,3) RGB
  data::ImageView label;        ///< (H,W,1) train ids
  data::ImageView prediction;   ///< (H,W,1) train ids
  data::ImageView translation;  ///< (H,W,3) RGB: a source image in the target's style
};

/// Writes example `number`, 0 to 99, into `folder`/examples; pictures wider than kExampleWidth are made smaller. Labels
/// become palette files in the colours of `classes`. Throws io.
void save_example(const std::string& folder, int64_t number, const ExamplePictures& pictures,
                  const data::ClassTable& classes);

constexpr int64_t kExampleWidth = 640;

/// `image` at most `width` px wide, of the same shape; with `labels` the nearest pixel of each place.
data::Image reduced(const data::ImageView& image, int64_t width, bool labels);

}  // namespace segue
