#include "batch_input.h"

#include <cstring>

#include "runtime/memory.h"

namespace segue::data {

using kernels::ImagePlan;
using kernels::kImagePlanFloats;

Tensor upload_table(Context& c, const LabelTable& table) {
  Tensor t = c.persistent({int64_t(table.size())}, DType::u8, "label_table");
  copy_memory(t.data(), table.data(), table.size());
  return t;
}

BatchInput::BatchInput(Context& c, const std::string& name, const Options& options) : context_(c), options_(options) {
  require(options.samples >= 1 && options.height >= 1 && options.width >= 1, "batch_input",
          "expects samples, height and width >= 1; got ", options.samples, ", ", options.height, ", ", options.width);
  const int64_t count = options.samples * kImagePlanFloats;
  plans_ = c.state().declare<float>(name + ".plans", count);
  if (options.cutmix) paste_plans_ = c.state().declare<float>(name + ".paste_plans", count);
}

void BatchInput::plan_paste(int64_t sample, const SamplePlan& plan) {
  require(options_.cutmix, "batch_input", "expects the option cutmix where something is pasted");
  set(paste_plans_, sample, plan);
}

void BatchInput::set(const View& plans, int64_t sample, const SamplePlan& s) {
  require(sample >= 0 && sample < options_.samples, "batch_input", "expects a sample below ", options_.samples,
          "; got ", sample);
  require(s.window.height >= 1 && s.window.width >= 1, "batch_input", "expects a window of at least 1 px; got ",
          s.window.height, "x", s.window.width);
  ImagePlan p;
  p.top = float(s.window.top), p.left = float(s.window.left);
  p.height = float(s.window.height), p.width = float(s.window.width);
  p.flip = s.flip ? 1.f : 0.f;
  p.weight = s.weight;
  p.box_top = float(s.box.top), p.box_left = float(s.box.left);
  p.box_height = float(s.box.height), p.box_width = float(s.box.width);
  const std::array<float, 12> color = color_matrix(s.color);
  std::memcpy(p.color, color.data(), sizeof p.color);
  float row[kImagePlanFloats];
  std::memcpy(row, &p, sizeof row);
  for (int64_t i = 0; i < kImagePlanFloats; ++i) context_.state().set(plans, row[i], sample * kImagePlanFloats + i);
}

InputBatch BatchInput::make(const StoredBatch& base, const StoredBatch& paste) {
  require(bool(paste.images) == options_.cutmix, "batch_input",
          "expects a batch to paste exactly if the option cutmix "
          "is set; got ",
          paste.images ? "one without it" : "none");
  const int64_t n = options_.samples;
  const auto set = [n](const StoredBatch& b, const View& plans) {
    return kernels::ImageSet{b.images.view(), b.labels.view(), b.lut.view(),
                             View(plans.data, {n, kImagePlanFloats}, DType::f32)};
  };
  InputBatch batch;
  batch.x = context_.image({n, options_.height, options_.width, 3}, "image_in");
  batch.labels = context_.empty({n, options_.height, options_.width}, DType::u8, "image_in");
  batch.weights = context_.empty({n, options_.height, options_.width}, DType::f32, "image_in");
  context_.run(SEGUE_KERNEL(image_in), set(base, plans_),
               options_.cutmix ? set(paste, paste_plans_) : kernels::ImageSet{}, out(batch.x), out(batch.labels),
               out(batch.weights), options_.input);
  return batch;
}

}  // namespace segue::data
