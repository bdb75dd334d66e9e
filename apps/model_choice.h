// Which model a command runs, as people name it.
#pragma once

#include <string>

#include "command_device.h"
#include "models/model_file.h"

namespace segue {

struct ModelChoice {
  std::string weights;              ///< a weight file, a run folder, or a folder of a checkpoint
  std::string output_stride = "0";  ///< of files without metadata; 0: the architecture's
  DeviceChoice device;
};

/// The weight file that is meant: of a run the one of its best checkpoint, or else of its last, and in it the averaged
/// weights if the run keeps some. Throws data if there is none.
std::string weight_file(const std::string& weights_or_run);

/// A segmentation model on its device, and the context that it lives in.
struct ModelInUse {
  std::unique_ptr<Context> context;
  OpenSegmenter open;
  std::string file;  ///< its weights

  /// "deeplabv3plus, 19 classes, output stride 16, step 40000; CPU".
  std::string description() const;
};
ModelInUse open_model(const ModelChoice& choice);

/// "HxW" -> height and width; "" -> 0 and 0. Throws usage, naming the option.
struct SizeChoice {
  int64_t height = 0, width = 0;
};
SizeChoice size_option(const char* option, const std::string& text);

/// "0.75,1,1.25". Throws usage, naming the option.
std::vector<double> numbers_option(const char* option, const std::string& text, double least, double most);

}  // namespace segue
