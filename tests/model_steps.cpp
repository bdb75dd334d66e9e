#include "model_steps.h"

#include <cmath>

#include "models/cyclegan_generator.h"
#include "models/deeplabv3plus.h"
#include "models/domain_discriminator.h"
#include "models/fcn.h"
#include "models/patchgan.h"
#include "models/resnet50.h"
#include "runtime/memory.h"
#include "runtime/ops.h"
#include "runtime/optimizer.h"

namespace segue::testing {
namespace {

constexpr int64_t kClasses = 19;

/// Calls f(position in memory, position in PyTorch's order) for a filter (A,R,S,B) or an image (N,H,W,C): the last
/// index moves to the second place.
template <class F>
void each_permuted(const Shape& s, F&& f) {
  const int64_t inner = s[1] * s[2];
  int64_t at = 0;
  for (int64_t a = 0; a < s[0]; ++a)
    for (int64_t i = 0; i < inner; ++i)
      for (int64_t b = 0; b < s[3]; ++b) f(at++, (a * s[3] + b) * inner + i);
}

Shape permuted(const Shape& s) { return {s[0], s[3], s[1], s[2]}; }

Recorded record_view(const std::string& kind, const std::string& name, const View& v, bool permute) {
  std::vector<float> values = host_values(v);
  if (!permute) return {kind, name, v.shape, std::move(values)};
  Recorded r{kind, name, permuted(v.shape), std::vector<float>(values.size())};
  each_permuted(v.shape, [&](int64_t memory, int64_t disk) { r.values[size_t(disk)] = values[size_t(memory)]; });
  return r;
}

Tensor segmentation_loss(Context& c, Network& net, const Tensor& x, Tensor* output) {
  auto& model = dynamic_cast<Segmenter&>(net);
  const Tensor labels = labels_by_formula(c, {x.shape()[0], x.shape()[1], x.shape()[2]}, kClasses);
  const Segmentation s = model.forward_low(c, x);
  {
    Context::NoGrad no_grad(c);
    *output = resize_bilinear(c, s.logits, x.shape()[1], x.shape()[2]);
  }
  const Tensor loss = upsample_xent(c, s.logits, labels, {}, {}, {});
  if (!s.aux) return loss;
  return add(c, loss, scale(c, upsample_xent(c, s.aux, labels, {}, {}, {}), 0.5f));
}

template <class Model>
std::function<Tensor(Context&, Network&, const Tensor&, Tensor*)> loss_of(Tensor (*loss)(Context&, const Tensor&,
                                                                                         float),
                                                                          float target) {
  return [=](Context& c, Network& net, const Tensor& x, Tensor* output) {
    *output = dynamic_cast<Model&>(net).forward(c, x);
    return loss(c, *output, target);
  };
}

Tensor classifier_loss(Context& c, Network& net, const Tensor& x, Tensor* output) {
  *output = dynamic_cast<ResNet50Classifier&>(net).forward(c, x);
  return softmax_xent(c, *output, labels_by_formula(c, {x.shape()[0], 1, 1}, 200), {}, {}, {});
}

}  // namespace

uint32_t formula_key(const std::string& name) {
  uint32_t h = 2166136261u;
  for (unsigned char ch : name) h = (h ^ ch) * 16777619u;
  return h;
}

float formula_value(uint32_t key, uint32_t i) {
  uint32_t x = i * 0x9E3779B1u + key;
  x = (x ^ (x >> 16)) * 0x85EBCA6Bu;
  x = (x ^ (x >> 13)) * 0xC2B2AE35u;
  x ^= x >> 16;
  return float(x >> 8) * (1.f / 8388608.f) - 1.f;
}

void set_by_formula(Network& net) {
  bool after_vector = false;  // a vector behind a vector: the shift of a norm
  for (const NamedTensor& t : net.named_tensors()) {
    if (t.view.dtype != DType::f32 || t.name.find("running_") != std::string::npos) continue;
    const uint32_t key = formula_key(t.name);
    std::vector<float> p(size_t(t.view.count()));
    const Shape& s = t.view.shape;
    const bool vector = s.dims() == 1, shift = vector && after_vector;
    after_vector = vector;
    if (s.dims() == 4) {
      const float width = float(std::sqrt(6.0 / double(s.count() / s[0])));
      each_permuted(
          s, [&](int64_t memory, int64_t disk) { p[size_t(memory)] = width * formula_value(key, uint32_t(disk)); });
      from_host(t.view, p);
      continue;
    }
    float width = 0.125f, base = 0;
    if (!vector)
      width = float(std::sqrt(6.0 / double(s[1])));
    else if (t.name.ends_with("bn3.weight"))
      base = 0.25f;
    else if (t.name.ends_with("weight"))
      width = 0.25f, base = 1;
    else if (shift && !t.name.ends_with("bn3.bias"))
      width = 0.5f, base = 3;
    for (size_t i = 0; i < p.size(); ++i) p[i] = base + width * formula_value(key, uint32_t(i));
    from_host(t.view, p);
  }
}

Tensor image_by_formula(Context& c, const Shape& s, const std::string& name) {
  const Tensor x = c.image(s, "input");
  const uint32_t key = formula_key(name), level_key = formula_key(name + ".levels");
  const int64_t inner = s[1] * s[2], level_h = (s[1] + 15) / 16, level_w = (s[2] + 15) / 16;
  std::vector<float> p(size_t(s.count()));
  each_permuted(s, [&](int64_t memory, int64_t disk) {
    const int64_t plane = disk / inner, h = disk % inner / s[2], w = disk % s[2];
    const int64_t level = (plane * level_h + h / 16) * level_w + w / 16;
    p[size_t(memory)] = formula_value(level_key, uint32_t(level)) + 0.5f * formula_value(key, uint32_t(disk));
  });
  from_host(x, p);
  return x;
}

Tensor labels_by_formula(Context& c, const Shape& shape, int64_t classes) {
  const Tensor t = c.empty(shape, DType::u8);
  const uint32_t key = formula_key("labels");
  std::vector<uint8_t> p(size_t(t.count()));
  for (size_t i = 0; i < p.size(); ++i) {
    const auto label = int64_t((formula_value(key, uint32_t(i)) + 1.f) * 8388608.f) % (classes + 1);
    p[i] = label == classes ? 255 : uint8_t(label);
  }
  copy_memory(t.data(), p.data(), p.size());
  return t;
}

const std::vector<ModelStep>& model_steps() {
  static const std::vector<ModelStep> all = {
      // Odd sizes; wide enough for the outer taps of the pyramid; three images, since with two a batch norm over one pixel of
      // each would compare noise.
      {"deeplabv3plus",
       {3, 33, 193, 3},
       3,
       [] { return std::make_unique<DeepLabV3Plus>(DeepLabOptions{.dropout = 0}); },
       segmentation_loss},
      {"deeplabv3plus_os8",
       {3, 33, 129, 3},
       19,
       [] { return std::make_unique<DeepLabV3Plus>(DeepLabOptions{.output_stride = 8, .dropout = 0}); },
       segmentation_loss},
      {"fcn_resnet50",
       {2, 49, 65, 3},
       2,
       [] { return std::make_unique<Fcn>(FcnOptions{.dropout = 0}); },
       segmentation_loss},
      {"resnet50", {3, 49, 65, 3}, 1, [] { return std::make_unique<ResNet50Classifier>(200); }, classifier_loss},
      {"generator9",
       {1, 16, 12, 3},
       6,
       [] { return std::make_unique<CycleGanGenerator>(); },
       loss_of<CycleGanGenerator>(lsgan, 0.5f)},
      {"generator6",
       {2, 20, 28, 3},
       0,
       [] { return std::make_unique<CycleGanGenerator>(GeneratorOptions{.blocks = 6}); },
       loss_of<CycleGanGenerator>(lsgan, 0.5f)},
      {"generator_resize",
       {2, 20, 28, 3},
       0,
       [] {
         return std::make_unique<CycleGanGenerator>(GeneratorOptions{.blocks = 2, .upsampling = Upsampling::resize});
       },
       loss_of<CycleGanGenerator>(lsgan, 0.5f)},
      {"patchgan", {2, 71, 94, 3}, 1, [] { return std::make_unique<PatchGan>(); }, loss_of<PatchGan>(lsgan, 1.f)},
      {"output_discriminator",
       {2, 33, 97, kClasses},
       1,
       [] { return std::make_unique<OutputDiscriminator>(); },
       loss_of<OutputDiscriminator>(bce_logits, 0.f)},
      {"feature_discriminator",
       {2, 9, 13, 256},
       0,
       [] { return std::make_unique<FeatureDiscriminator>(FeatureDiscriminatorOptions{.dropout = 0}); },
       loss_of<FeatureDiscriminator>(bce_logits, 1.f)},
  };
  return all;
}

std::vector<Recorded> record_steps(const ModelStep& step, const Context::Options& options, uint64_t steps,
                                   const std::function<void(Context&)>& at_end) {
  Context c(options);
  const std::unique_ptr<Network> net = step.make();
  net->allocate(c);
  set_by_formula(*net);
  Sgd sgd(c, *net, {.name = "sgd", .weight_decay = 1e-4}, {.momentum = 0.9f});
  std::vector<Recorded> all;
  const auto record_state = [&](const char* kind, bool statistics) {
    for (const NamedTensor& t : net->named_tensors()) {
      const bool statistic = t.name.find("running_") != std::string::npos;
      if (t.view.dtype == DType::f32 && statistic == statistics)
        all.push_back(record_view(kind, t.name, t.view, t.filter));
    }
  };
  for (uint64_t n = 0; n < steps; ++n) {
    sgd.prepare(0.01);
    c.begin_step(n);
    {
      Tensor output;
      const Tensor x = image_by_formula(c, step.input, cat("input", step.salt));
      const Tensor loss = step.loss(c, *net, x, &output);
      if (n == 0) {
        all.push_back(record_view("loss", "loss", loss.view(), false));
        all.push_back(record_view("output", "output", output.view(), true));
      }
      output = {};
      c.backward(loss);
    }
    if (n == 0) {
      // At precision fp16 they are those of the scaled loss.
      const float scale = c.loss_scaler() ? host_values(c.loss_scaler()->scale())[0] : 1.f;
      for (const NamedTensor& t : net->named_parts("", net->grads())) {
        all.push_back(record_view("grad", t.name, t.view, t.filter));
        for (float& v : all.back().values) v /= scale;
      }
      record_state("stat", true);
    }
    sgd.step();
    c.end_step();
    c.check_status();
  }
  record_state("weight", false);
  net->set_training(false);
  c.begin_step(steps);
  {
    Context::NoGrad no_grad(c);
    Tensor output;
    step.loss(c, *net, image_by_formula(c, step.input, cat("input", step.salt)), &output);
    all.push_back(record_view("eval", "output", output.view(), true));
  }
  c.end_step();
  if (at_end) at_end(c);
  return all;
}

bool is_dead_bias(const std::string& model, const std::string& name) {
  if (!name.ends_with(".bias")) return false;
  if (model == "patchgan") return name != "model.0.bias" && name != "model.11.bias";
  if (model == "generator9") return name != "model.26.bias";
  if (model == "generator6") return name != "model.23.bias";
  if (model == "generator_resize") return name != "model.19.bias";
  return false;
}

}  // namespace segue::testing
