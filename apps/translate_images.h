// All images of a set through a generator, into a folder.
#pragma once

#include <functional>

#include "image_translator.h"
#include "labelled_folder.h"

namespace segue {

/// Name of the file in which a folder of translations keeps what they follow from.
constexpr const char* kTranslateRecipe = "translate.json";

struct TranslateOptions {
  int64_t height = 0, width = 0;  ///< of results, in px; height 0: of the image's shape; both 0: of the image
};

struct TranslateCounts {
  int64_t translated = 0, there = 0;  ///< now, and by an earlier run
  int64_t failed = 0;                 ///< unreadable, or too large for the device: left out, with a warning each
  bool finished = false;              ///< false: `go_on` said no
};

/// NAME.png for every image; with `labelled`, a set whose labels come along, resized like their images. What is there already
/// is left as it is. `go_on` is asked before every image; `keep` gets the warnings too, which go to standard error. Throws io.
TranslateCounts translate_images(Context& c, CycleGanGenerator& generator, const data::DataSet& set,
                                 const OutputFolder& folder, const LabelledFolder* labelled,
                                 const TranslateOptions& options, const std::function<bool()>& go_on,
                                 const std::function<void(const std::string&)>& keep = {});

}  // namespace segue
