// All images of a set through a generator, into a folder.
#pragma once

#include <functional>

#include "image_translator.h"
#include "labelled_folder.h"
#include "work_progress.h"

namespace segue {

struct TranslateOptions {
  int64_t height = 0, width = 0;  ///< of results, in px; height 0: of the image's shape; both 0: of the image
  int64_t workers = 2;            ///< threads that read, resize and write
};

struct TranslateCounts {
  int64_t translated = 0, there = 0;  ///< now, and by an earlier run
  bool finished = false;              ///< false: `go_on` said no
};

/// NAME.png for every image; with `labelled`, a set whose labels come along, resized like their images. What is there already
/// is left as it is. An image that cannot be read gets a warning, and ends in an error after all others are done. `go_on` is
/// asked before every image. Throws data, io, out_of_memory.
TranslateCounts translate_images(Context& c, CycleGanGenerator& generator, const data::DataSet& set,
                                 const OutputFolder& folder, const LabelledFolder* labelled,
                                 const TranslateOptions& options, const std::function<bool()>& go_on);

}  // namespace segue
