#include "model_file.h"

#include <algorithm>
#include <cmath>

#include "deeplabv3plus.h"
#include "fcn.h"
#include "model_notes.h"
#include "model_tensors.h"
#include "runtime/text.h"

namespace segue {
namespace {

std::unique_ptr<CycleGanGenerator> make_generator(const GeneratorInfo& info) {
  return std::make_unique<CycleGanGenerator>(GeneratorOptions{.blocks = info.blocks,
                                                              .filters = info.filters,
                                                              .dropout_names = info.dropout_names,
                                                              .skips = info.skips,
                                                              .upsampling = info.upsampling});
}

/// A file is only as good as what can be opened again.
void require_same_model(Network& model, Network& described) {
  const std::vector<Parameter*> a = model.parameters(), b = described.parameters();
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i)
    require(a[i]->name() == b[i]->name() && a[i]->shape() == b[i]->shape(), "save_model", "expects the model that ",
            "the info describes, with ", quote(b[i]->name()), ' ', b[i]->shape(), "; got ", quote(a[i]->name()), ' ',
            a[i]->shape());
  require(a.size() == b.size(), "save_model", "expects the model that the info describes, with ", b.size(),
          " parameters; got ", a.size());
}

/// Gives the model its memory and the file's values.
void load_for_inference(Context& c, const ModelTensors& tensors, Network& model, const LoadOptions& options) {
  // Before memory is taken: a file of a few tensors cannot ask for that of a whole model. Values take 2 bytes or more.
  const SafeTensors& file = tensors.file();
  if (uint64_t(model.parameter_count()) * 2 > file.file_bytes())
    tensors.refuse(cat("tensors are missing: ", tensors.description(), " of these widths has ",
                       count_text(uint64_t(model.parameter_count())), " values, too many for a file of ",
                       bytes_text(file.file_bytes())));
  model.allocate_empty(c);
  model.set_training(false);
  const std::vector<NamedTensor> named = model.named_tensors();
  load_weights(file.path(), named, options);
  for (const NamedTensor& t : named) {
    if (t.view.dtype != DType::f32) continue;
    const std::vector<float> values = host_values(t.view);
    if (!std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); }))
      tensors.refuse(cat("tensor ", quote(t.name), " holds values that are not finite; the training diverged"));
  }
}

SegmenterInfo info_of(const ModelTensors& tensors, int output_stride) {
  const SafeTensors& file = tensors.file();
  SegmenterInfo info = segmenter_of(tensors, width_note(file));
  if (output_stride != 0 && !has_notes(file)) info.output_stride = output_stride;
  apply_notes(file, info);
  if (output_stride != 0 && output_stride != info.output_stride)
    tensors.refuse(cat("its metadata say an output stride of ", info.output_stride, "; asked for ", output_stride));
  return info;
}

}  // namespace

std::unique_ptr<Segmenter> make_segmenter(const SegmenterInfo& info, const SegmenterTraining& training) {
  if (info.arch == "deeplabv3plus")
    return std::make_unique<DeepLabV3Plus>(DeepLabOptions{.classes = info.classes,
                                                          .output_stride = info.output_stride,
                                                          .width = info.width,
                                                          .dropout = training.dropout,
                                                          .recompute = training.recompute});
  require(info.arch == "fcn", "make_segmenter", "expects deeplabv3plus or fcn; got ", quote(info.arch));
  require(info.output_stride == 8, "make_segmenter", "expects output stride 8 of an fcn; got ", info.output_stride);
  return std::make_unique<Fcn>(FcnOptions{.classes = info.classes,
                                          .aux = info.aux,
                                          .width = info.width,
                                          .dropout = training.dropout,
                                          .recompute = training.recompute});
}

void save_model(const std::string& path, Segmenter& model, const SegmenterInfo& info) {
  require_same_model(model, *make_segmenter(info));
  require(info.class_names.empty() || int64_t(info.class_names.size()) == info.classes, "save_model", "expects ",
          info.classes, " names of classes; got ", info.class_names.size());
  save_weights(path, model.named_tensors(), notes_of(info));
}

void save_model(const std::string& path, CycleGanGenerator& model, const GeneratorInfo& info) {
  require_same_model(model, *make_generator(info));
  save_weights(path, model.named_tensors(), notes_of(info));
}

SegmenterInfo segmenter_info(const SafeTensors& file, int output_stride) {
  return info_of(ModelTensors(file), output_stride);
}

GeneratorInfo generator_info(const SafeTensors& file) {
  GeneratorInfo info = generator_of(ModelTensors(file));
  apply_notes(file, info);
  return info;
}

OpenSegmenter open_segmenter(Context& c, const std::string& path, int output_stride) {
  const SafeTensors file(path);
  const ModelTensors tensors(file);
  OpenSegmenter open{info_of(tensors, output_stride), nullptr};
  open.model = make_segmenter(open.info);
  load_for_inference(c, tensors, *open.model, {});
  return open;
}

OpenGenerator open_generator(Context& c, const std::string& path) {
  const SafeTensors file(path);
  OpenGenerator open{generator_info(file), nullptr};
  open.model = make_generator(open.info);
  load_for_inference(c, ModelTensors(file), *open.model, {.drop_norm_statistics = true});
  return open;
}

}  // namespace segue
