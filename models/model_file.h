// Models in files that say what they are: weights under PyTorch's names, and in the file's metadata all that it takes to
// build the model again and to know what its outputs mean. Files without metadata are recognised by their tensors.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "cyclegan_generator.h"
#include "runtime/safetensors.h"
#include "segmenter.h"

namespace segue {

/// What a segmentation model is. apps/model_classes.h sets what is said of classes.
struct SegmenterInfo {
  std::string arch = "deeplabv3plus";  ///< or "fcn"
  int64_t classes = 19;
  int output_stride = 16;  ///< deeplabv3plus: 8 or 16; fcn: 8
  double width = 1;        ///< multiplies all channel counts but the classes
  bool aux = false;        ///< fcn: there is an auxiliary head
  // Of RGB images in [0,1]: x = (image - mean) / std.
  std::array<float, 3> mean = {0.485f, 0.456f, 0.406f}, std = {0.229f, 0.224f, 0.225f};
  std::string class_table;               ///< that of the labels, as TOML (data::class_table_text); empty: not known
  std::vector<std::string> class_names;  ///< by output; empty: not known
  int64_t step = 0;                      ///< of training
};

/// What only training needs to know.
struct SegmenterTraining {
  float dropout = 0.1f;    ///< in front of the classifier; 0: none
  bool recompute = false;  ///< see ResNetOptions
};

/// The model, not allocated. Throws invalid_argument for an unknown architecture or an output stride that it lacks.
std::unique_ptr<Segmenter> make_segmenter(const SegmenterInfo& info, const SegmenterTraining& training = {});

/// What a CycleGAN generator is. Its images are (image - 0.5) / 0.5.
struct GeneratorInfo {
  int blocks = 9;
  int64_t filters = 64;
  bool dropout_names = false;  ///< see GeneratorOptions
  bool skips = false;          ///< see GeneratorOptions
  Upsampling upsampling = Upsampling::transposed;
  int64_t step = 0;  ///< of training
};

/// Writes a model for segue and for PyTorch, atomically. Metadata: segue.arch, segue.num_classes, segue.classes and so on.
/// Throws invalid_argument if the model is not what `info` says, io if the disk does not take it.
void save_model(const std::string& path, Segmenter& model, const SegmenterInfo& info);
void save_model(const std::string& path, CycleGanGenerator& model, const GeneratorInfo& info);

/// What a file holds, from its metadata, or else from the names and shapes of its tensors (VainF's deeplabv3plus_resnet50,
/// torchvision's fcn_resnet50). The output stride of a file without metadata is not in its tensors: `output_stride`, or
/// with 0 the architecture's default. Throws data, saying what the file seems to be, if it is not such a model.
SegmenterInfo segmenter_info(const SafeTensors& file, int output_stride = 0);
/// Likewise for a generator (pytorch-CycleGAN-and-pix2pix's resnet generators with instance norm).
GeneratorInfo generator_info(const SafeTensors& file);

/// A model for inference: allocated without gradients, not in training mode. Lives shorter than its context.
struct OpenSegmenter {
  SegmenterInfo info;
  std::unique_ptr<Segmenter> model;
};
struct OpenGenerator {
  GeneratorInfo info;
  std::unique_ptr<CycleGanGenerator> model;
};

/// Opens a file by itself: nothing but its path is needed. Throws data for a file that is no such model, whose tensors do
/// not fit what its metadata say, or which holds values that are not finite.
OpenSegmenter open_segmenter(Context& c, const std::string& path, int output_stride = 0);
OpenGenerator open_generator(Context& c, const std::string& path);

}  // namespace segue
