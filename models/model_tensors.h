// What model a weight file holds, told from the names and shapes of its tensors.
#pragma once

#include <string>
#include <unordered_map>

#include "model_file.h"

namespace segue {

/// The tensors of a file by name, without the prefix that wrapping a model in PyTorch puts in front of all of them.
class ModelTensors {
 public:
  explicit ModelTensors(const SafeTensors& file);

  const SafeTensors& file() const { return file_; }
  bool has(const std::string& name) const { return by_name_.count(name) > 0; }
  /// Extent `axis` of a tensor; 0 if there is no such tensor or axis, or more than any model has.
  int64_t extent(const std::string& name, int axis) const;
  /// Throws data: "weights 'x': " and `what`.
  [[noreturn]] void refuse(const std::string& what) const;

  /// "deeplabv3plus", "fcn" or "cyclegan_generator"; empty: none of them.
  std::string arch() const;
  /// What the file seems to be, for messages: "an ImageNet classifier (resnet50)".
  std::string description() const;

 private:
  bool any_name_has(const char* part) const;

  const SafeTensors& file_;
  std::unordered_map<std::string, const StoredTensor*> by_name_;
};

/// Architecture, classes, width and auxiliary head; the rest as the constructor of SegmenterInfo leaves it, but for fcn's
/// output stride. `width`: what the metadata say, 0: nothing. Throws data.
SegmenterInfo segmenter_of(const ModelTensors& tensors, double width = 0);
/// Blocks, filters and names. Throws data.
GeneratorInfo generator_of(const ModelTensors& tensors);

}  // namespace segue
