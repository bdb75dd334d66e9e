// A whole training step of every model, tiny: all of its kernels as CUDA sources under host SIMT execution, convolutions
// from the CPU device, against the step of the CPU device.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>

#include "simt.h"
#include "tiny_steps.h"

namespace segue::testing {
namespace {

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

void compare(const ModelStep& step, Precision precision, const std::vector<Recorded>& want,
             const std::vector<Recorded>& got) {
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

void compare_with_cpu(const ModelStep& step, Precision precision) {
  compare(step, precision, record_steps(step, {}, 1),
          record_steps(step, {.device = DeviceType::cuda, .precision = precision}, 1));
}

class SimtStep : public ::testing::TestWithParam<ModelStep> {};

TEST_P(SimtStep, F32EqualsTheCpuDevice) { compare_with_cpu(GetParam(), Precision::f32); }
TEST_P(SimtStep, Bf16EqualsTheCpuDevice) { compare_with_cpu(GetParam(), Precision::bf16); }
TEST_P(SimtStep, Fp16EqualsTheCpuDevice) { compare_with_cpu(GetParam(), Precision::fp16); }

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

// The ASPP's wide rates in phases, as on a device of sm_90: those of factor 2 for rates 12 and 18. Against the same step without,
// from which rounding alone tells it apart, so late that it decides over no kink.
TEST(SimtPhases, WideRatesInPhasesAreTheSameStep) {
  ModelStep step = tiny_steps().front();
  ASSERT_EQ(step.name, "deeplabv3plus");
  step.input = {2, 64, 96, 3};
  step.salt = 1;
  for (const Precision precision : {Precision::f32, Precision::bf16, Precision::fp16}) {
    const Context::Options options{.device = DeviceType::cuda, .precision = precision, .profile = true};
    const auto want = record_steps(step, options, 1);
    setenv("SEGUE_CONV_PHASES", "1", 1);
    std::map<std::string, KernelTime> profile;
    const auto got = record_steps(step, options, 1, [&](Context& c) { profile = c.profile(); });
    unsetenv("SEGUE_CONV_PHASES");
    compare(step, precision, want, got);
    // A step, and the output in inference mode. The input goes into phases once each time, and its gradient comes back.
    EXPECT_EQ(profile["to_phases"].calls, 2);
    EXPECT_EQ(profile["from_phases"].calls, 1);
  }
}

INSTANTIATE_TEST_SUITE_P(Model, SimtStep, ::testing::ValuesIn(tiny_steps()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace segue::testing
