// Pictures of a run, made small and put into the page itself.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "data/image.h"
#include "data/png_file.h"

namespace segue::report {

/// An image as the address of an <img>: data:image/...;base64,...
struct EmbeddedImage {
  std::string address;
  int64_t width = 0, height = 0;
};

/// One image and what a model has made of it: a folder that save_example() has written.
struct Example {
  std::string name;
  std::optional<EmbeddedImage> image, label, prediction, errors, translation;
  std::map<uint8_t, std::array<uint8_t, 3>> colors;  ///< of the train ids in label and prediction
  std::optional<double> right;                       ///< share of the labelled pixels that the prediction has right
};

/// A picture that a training has saved: samples/step-00000200-val_0.png.
struct Sample {
  std::string name;  ///< "val_0"
  int64_t step = 0;
  EmbeddedImage image;
};

/// Colours of error maps.
constexpr std::array<uint8_t, 3> kRightColor = {226, 230, 234}, kWrongColor = {200, 40, 40},
                                 kOutsideColor = {150, 156, 164};

/// Widths of what is embedded.
constexpr int64_t kShownWidth = 360, kSampleWidth = 960;

EmbeddedImage embedded_photo(const data::ImageView& rgb, int64_t most_width);

/// The examples of RUN/examples, the first kMostExamples of them; what cannot be read is a note.
constexpr size_t kMostExamples = 6;
std::vector<Example> read_examples(const std::string& run_folder, std::vector<std::string>& notes);

/// The newest sample of each name, and up to three earlier ones of the first name.
constexpr size_t kMostSamples = 6;
std::vector<Sample> read_samples(const std::string& run_folder, std::vector<std::string>& notes);

}  // namespace segue::report
