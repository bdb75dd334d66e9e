#include "model_tensors.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "runtime/text.h"

namespace segue {
namespace {

constexpr uint64_t kMostChannels = uint64_t(1) << 16;

/// A width of the full model, and what the file has in its place.
struct Channels {
  int64_t full, found;
};

std::vector<Channels> channels_of(const ModelTensors& t, bool deeplab) {
  std::vector<Channels> all = {{64, t.extent("backbone.conv1.weight", 0)}};
  for (int64_t stage = 1; stage <= 4; ++stage)
    all.push_back({int64_t(32) << stage, t.extent(cat("backbone.layer", stage, ".0.conv1.weight"), 0)});
  if (deeplab) {
    all.push_back({48, t.extent("classifier.project.0.weight", 0)});
    all.push_back({256, t.extent("classifier.aspp.convs.0.0.weight", 0)});
  }
  return all;
}

bool has_width(const std::vector<Channels>& channels, double width) {
  return std::all_of(channels.begin(), channels.end(),
                     [width](const Channels& c) { return scaled_width(c.full, width) == c.found; });
}

/// The multiplier of fewest decimals that gives these channel counts; 0 if none does. scaled_width() rounds to multiples of
/// 8, so every count leaves an interval.
double width_of(const std::vector<Channels>& channels) {
  double least = 0, beyond = std::numeric_limits<double>::infinity();
  for (const Channels& c : channels) {
    if (c.found > 8) least = std::max(least, double(c.found - 4) / double(c.full));
    beyond = std::min(beyond, double(c.found + 4) / double(c.full));
  }
  for (double unit = 1; unit >= 1e-6 && least < beyond; unit /= 10) {
    const double width = std::max(1.0, std::ceil(least / unit)) / std::round(1 / unit);
    if (width < beyond && has_width(channels, width)) return width;
  }
  return 0;
}

}  // namespace

ModelTensors::ModelTensors(const SafeTensors& file) : file_(file) {
  const size_t prefix = wrapper_prefix(file.tensors()).size();
  for (const StoredTensor& t : file.tensors()) by_name_[t.name.substr(prefix)] = &t;
}

int64_t ModelTensors::extent(const std::string& name, int axis) const {
  const auto it = by_name_.find(name);
  if (it == by_name_.end() || size_t(axis) >= it->second->shape.size()) return 0;
  // A tensor without elements may have any other extents.
  const uint64_t extent = it->second->shape[size_t(axis)];
  return extent <= kMostChannels ? int64_t(extent) : 0;
}

void ModelTensors::refuse(const std::string& what) const {
  throw Error(Fault::data, cat("weights ", quote(file_.path()), ": ", what));
}

bool ModelTensors::any_name_has(const char* part) const {
  return std::any_of(by_name_.begin(), by_name_.end(),
                     [part](const auto& t) { return t.first.find(part) != std::string::npos; });
}

std::string ModelTensors::arch() const {
  const bool resnet50 = extent("backbone.conv1.weight", 1) == 3 && has("backbone.layer3.5.conv1.weight") &&
                        !has("backbone.layer3.6.conv1.weight") && has("backbone.layer4.2.conv3.weight");
  if (resnet50 && has("classifier.aspp.convs.0.0.weight") && has("classifier.classifier.3.weight"))
    return "deeplabv3plus";
  if (resnet50 && extent("classifier.0.weight", 2) == 3 && has("classifier.4.weight")) return "fcn";
  const bool norm_weights = has("model.2.weight");
  if (extent("model.1.weight", 2) == 7 && any_name_has(".conv_block.") && !norm_weights) return "cyclegan_generator";
  return "";
}

std::string ModelTensors::description() const {
  const std::string known = arch();
  if (known == "deeplabv3plus") return "a DeepLabv3+ on ResNet-50";
  if (known == "fcn") return "an FCN on ResNet-50";
  if (known == "cyclegan_generator") return "a generator of CycleGAN";
  if (any_name_has(".conv_block.")) return "a generator of CycleGAN with batch norm; segue has instance norm";
  if (any_name_has("model.model.")) return "a U-Net generator";
  if (extent("model.0.weight", 2) == 4) return "a discriminator of CycleGAN";
  if (any_name_has("classifier.0.convs.")) return "torchvision's DeepLabv3, without the plus";
  if (any_name_has("classifier.aspp.") && any_name_has(".body."))
    return "a DeepLabv3+ with separable convolutions; segue has plain ones";
  if (any_name_has("classifier.aspp.") || has("classifier.4.weight"))
    return "a segmentation model on a backbone that is not ResNet-50";
  if (has("fc.weight") && has("layer1.0.conv1.weight")) return "an image classifier (ResNet)";
  if (by_name_.empty()) return "a file without tensors";
  return cat("none of the models that segue knows (it has a tensor ", quote(file_.tensors().front().name), ')');
}

SegmenterInfo segmenter_of(const ModelTensors& t, double width) {
  SegmenterInfo info;
  info.arch = t.arch();
  const bool deeplab = info.arch == "deeplabv3plus";
  if (!deeplab && info.arch != "fcn") t.refuse(cat("expects a segmentation model; this is ", t.description()));
  if (!deeplab) info.output_stride = 8;
  const std::string last = deeplab ? "classifier.classifier.3.weight" : "classifier.4.weight";
  info.classes = t.extent(last, 0);
  if (info.classes < 1 || info.classes > 255)
    t.refuse(cat("expects 1 to 255 classes; ", quote(last), " has ", info.classes));
  info.aux = t.has("aux_classifier.4.weight");
  const std::vector<Channels> channels = channels_of(t, deeplab);
  info.width = width > 0 ? width : width_of(channels);
  if (!(info.width > 0)) t.refuse("its numbers of channels do not belong to one width of the model");
  if (!has_width(channels, info.width))
    t.refuse(cat("its metadata say a width of ", info.width, ", which its tensors do not have"));
  return info;
}

GeneratorInfo generator_of(const ModelTensors& t) {
  if (t.arch() != "cyclegan_generator") t.refuse(cat("expects a generator of CycleGAN; this is ", t.description()));
  GeneratorInfo info;
  info.filters = t.extent("model.1.weight", 0);
  info.blocks = 0;
  while (t.has(cat("model.", 10 + info.blocks, ".conv_block.1.weight"))) ++info.blocks;
  info.dropout_names = t.has("model.10.conv_block.6.weight");
  if (info.blocks < 1 || info.filters < 1) t.refuse("a generator without 'model.10.conv_block.1.weight'");
  // A transposed convolution has its inputs first, a convolution its outputs, of which there are half as many.
  if (t.extent(cat("model.", 10 + info.blocks, ".weight"), 0) == 2 * info.filters) info.upsampling = Upsampling::resize;
  return info;
}

}  // namespace segue
