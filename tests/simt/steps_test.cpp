// A whole training step of every model, tiny: all of its kernels as CUDA sources under host SIMT execution, convolutions
// from the CPU device, against the step of the CPU device.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <map>

#include "models/cyclegan_generator.h"
#include "models/deeplabv3plus.h"
#include "models/domain_discriminator.h"
#include "models/fcn.h"
#include "models/patchgan.h"
#include "runtime/ops.h"
#include "runtime/optimizer.h"
#include "simt.h"
#include "tests/model_steps.h"

namespace segue::testing {
namespace {

constexpr int64_t kClasses = 5;

Tensor segment(Context& c, Network& net, const Tensor& x, Tensor* output) {
  auto& model = dynamic_cast<Segmenter&>(net);
  const Segmentation s = model.forward_low(c, x);
  *output = s.logits.detach();
  const Tensor labels = labels_by_formula(c, {x.shape()[0], x.shape()[1], x.shape()[2]}, kClasses);
  const Tensor loss =
      add(c, upsample_xent(c, s.logits, labels, {}, {}, {}), scale(c, softmax_entropy_mean(c, s.logits), 0.1f));
  return s.aux ? add(c, loss, scale(c, upsample_xent(c, s.aux, labels, {}, {}, {}), 0.5f)) : loss;
}

template <class Model, class F>
std::function<Tensor(Context&, Network&, const Tensor&, Tensor*)> score(F loss) {
  return [=](Context& c, Network& net, const Tensor& x, Tensor* output) {
    *output = dynamic_cast<Model&>(net).forward(c, x);
    return loss(c, *output);
  };
}

const std::vector<ModelStep>& tiny_steps() {
  static const std::vector<ModelStep> all = {
      {"deeplabv3plus",
       {8, 33, 33, 3},
       3,
       [] {
         return std::make_unique<DeepLabV3Plus>(DeepLabOptions{.classes = kClasses, .width = 0.125, .dropout = 0});
       },
       segment},
      {"fcn",
       {2, 33, 33, 3},
       2,
       [] { return std::make_unique<Fcn>(FcnOptions{.classes = kClasses, .width = 0.125, .dropout = 0}); },
       segment},
      {"generator",
       {1, 32, 40, 3},
       1,
       [] { return std::make_unique<CycleGanGenerator>(GeneratorOptions{.blocks = 1, .filters = 8}); },
       score<CycleGanGenerator>([](Context& c, const Tensor& y) { return lsgan(c, y, 0.5f); })},
      {"patchgan",
       {1, 40, 33, 3},
       1,
       [] { return std::make_unique<PatchGan>(PatchGanOptions{.filters = 8}); },
       score<PatchGan>([](Context& c, const Tensor& y) { return lsgan(c, y, 1.f); })},
      {"output_discriminator",
       {2, 65, 97, kClasses},
       1,
       [] {
         return std::make_unique<OutputDiscriminator>(OutputDiscriminatorOptions{.classes = kClasses, .filters = 8});
       },
       score<OutputDiscriminator>([](Context& c, const Tensor& y) { return bce_logits(c, y, 0.f); })},
      {"feature_discriminator",
       {1, 5, 7, 16},
       1,
       [] {
         return std::make_unique<FeatureDiscriminator>(
             FeatureDiscriminatorOptions{.channels = 16, .filters = 8, .dropout = 0});
       },
       score<FeatureDiscriminator>([](Context& c, const Tensor& y) { return bce_logits(c, y, 1.f); })},
  };
  return all;
}

double rms_of(const std::vector<float>& v) {
  double sum = 0;
  for (float x : v) sum += double(x) * x;
  return std::sqrt(sum / double(std::max<size_t>(v.size(), 1)));
}

/// Relative rms error that rounding to the device's type may leave: each of `depth` layers adds its own rounding, half an
/// eps of the values, in a random direction; a gradient has passed twice as many. Four deviations of that walk.
/// In 16 bits some units come to lie on the other side of the kink of their ReLU: of normal values, 0.4 of those within a
/// rounding of it, and with a share s of them turned a gradient moves by sqrt(s). Two deviations. In f32 none does.
double allowed(const std::string& kind, Precision p) {
  constexpr double kDepth = 64;
  const double eps = p == Precision::bf16 ? 0x1p-7 : p == Precision::fp16 ? 0x1p-10 : 0x1p-23;
  const double rounding = 2 * eps * std::sqrt(kind == "grad" ? 2 * kDepth : kDepth);
  const double kinks = kind == "grad" && p != Precision::f32 ? 2 * std::sqrt(0.4 * eps * std::sqrt(kDepth)) : 0;
  return rounding + kinks;
}

void compare(const ModelStep& step, Precision precision) {
  const auto want = record_steps(step, {}, 1);
  const auto got = record_steps(step, {.device = DeviceType::cuda, .precision = precision}, 1);
  ASSERT_EQ(want.size(), got.size());
  // A gradient that cancels, as that of a shift in front of another norm, is the rounding of what it is made of, which is
  // of the size of other gradients: it is held against a hundredth of the largest.
  std::map<std::string, double> worst, largest;
  for (const Recorded& r : want)
    if (r.kind == "grad") largest[r.kind] = std::max(largest[r.kind], rms_of(r.values));
  for (size_t i = 0; i < want.size(); ++i) {
    ASSERT_EQ(want[i].name, got[i].name);
    std::vector<float> error(want[i].values.size());
    for (size_t k = 0; k < error.size(); ++k) error[k] = got[i].values[k] - want[i].values[k];
    const double scale = std::max(rms_of(want[i].values), largest[want[i].kind] / 100);
    const double ratio = scale > 0 ? rms_of(error) / scale / allowed(want[i].kind, precision) : 0;
    worst[want[i].kind] = std::max(worst[want[i].kind], ratio);
    EXPECT_LE(ratio, 1) << step.name << " " << want[i].kind << " " << want[i].name;
  }
  for (const auto& [kind, ratio] : worst)
    std::printf("%-22s %-5s %-7s error / allowed %.3f\n", step.name.c_str(), name_of(precision), kind.c_str(), ratio);
}

class SimtStep : public ::testing::TestWithParam<ModelStep> {};

TEST_P(SimtStep, F32EqualsTheCpuDevice) { compare(GetParam(), Precision::f32); }
TEST_P(SimtStep, Bf16EqualsTheCpuDevice) { compare(GetParam(), Precision::bf16); }
TEST_P(SimtStep, Fp16EqualsTheCpuDevice) { compare(GetParam(), Precision::fp16); }

TEST_P(SimtStep, EveryScheduleGivesTheSameBits) {
  for (const Precision precision : {Precision::f32, Precision::bf16}) {
    std::vector<std::vector<float>> first;
    simt::for_each_schedule([&](const char* schedule) {
      std::vector<std::vector<float>> values;
      for (Recorded& r : record_steps(GetParam(), {.device = DeviceType::cuda, .precision = precision}, 1))
        values.push_back(std::move(r.values));
      if (first.empty()) first = values;
      EXPECT_EQ(values, first) << schedule << ", " << name_of(precision);
    });
  }
}

INSTANTIATE_TEST_SUITE_P(Model, SimtStep, ::testing::ValuesIn(tiny_steps()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace segue::testing
