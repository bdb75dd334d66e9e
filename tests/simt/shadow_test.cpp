// Shadow mode: kernels under host SIMT execution agree with the CPU overload that runs beside them, in every step of every model;
// one that does not is named, with the place.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>

#include "kernels/fill.h"
#include "kernels/relu.h"
#include "runtime/memory.h"
#include "tests/model_steps.h"
#include "tiny_steps.h"

namespace segue {
namespace kernels {

// A launcher that forgets its last element, one of labels that forgets one in 100, and one that adds where it should overwrite.
void forgetful(const CpuExec& exec, const View& x, const View& y) { relu(exec, x, y); }
void forgetful(const CudaExec& exec, const View& x, const View& y) {
  Shape shape{x.count() - 1};
  relu(exec, View(x.data, shape, x.dtype), View(y.data, shape, y.dtype));
}
void labels(const CpuExec&, const View& y) { std::fill_n(y.as<uint8_t>(), y.count(), uint8_t(7)); }
void labels(const CudaExec&, const View& y) {
  for (int64_t i = 0; i < y.count(); ++i) y.as<uint8_t>()[i] = i % 100 == 3 ? 8 : 7;
}
void counts(const CpuExec&, const View& x, const View& y) {
  std::fill_n(y.as<uint64_t>(), y.count(), uint64_t(x.count()));
}
void counts(const CudaExec&, const View& x, const View& y) {
  std::fill_n(y.as<uint64_t>(), y.count(), uint64_t(x.count()));
  --y.as<uint64_t>()[0], ++y.as<uint64_t>()[5];
}
void adding(const CpuExec&, const View& y) { y.as<float>()[0] = 1; }
void adding(const CudaExec&, const View& y) { y.as<float>()[0] += 1; }

}  // namespace kernels

namespace testing {
namespace {

Context::Options shadowed(ShadowMode mode, Precision precision = Precision::f32) {
  Context::Options o;
  o.device = DeviceType::cuda;
  o.precision = precision;
  o.shadow = mode;
  return o;
}

std::string failure(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

Tensor values(Context& c, const std::vector<float>& v) {
  const Tensor t = c.empty({int64_t(v.size())});
  from_host(t, v);
  return t;
}

TEST(Shadow, StopsAtTheElementThatIsWrong) {
  Context c(shadowed(ShadowMode::stop));
  const Tensor x = values(c, {-1, 2, 3, 0.5f}), y = values(c, {9, 9, 9, 9});
  c.run(SEGUE_KERNEL(relu), x, out(y));
  EXPECT_EQ(failure([&] { c.run(SEGUE_KERNEL(forgetful), x, out(y)); }), "");  // y holds the result already
  from_host(y, {9, 9, 9, 9});
  const std::string message = failure([&] { c.run(SEGUE_KERNEL(forgetful), x, out(y)); });
  EXPECT_EQ(
      message.rfind(
          "[forgetful] beside its CPU overload: result 0 f32 (4) expects 0.5 at element 3, as the CPU has it; got 9",
          0),
      0u)
      << message;
}

TEST(Shadow, ReportsAndGoesOn) {
  Context c(shadowed(ShadowMode::report));
  const Tensor x = values(c, {-1, 2}), y = values(c, {9, 9});
  c.run(SEGUE_KERNEL(relu), x, out(y));
  c.run(SEGUE_KERNEL(forgetful), x, out(y));
  from_host(y, {9, 9});
  c.run(SEGUE_KERNEL(forgetful), x, out(y));
  const ShadowReport &good = c.shadows().at("relu"), &bad = c.shadows().at("forgetful");
  EXPECT_EQ(good.calls, 1);
  EXPECT_EQ(good.worst, 0);
  EXPECT_EQ(good.where, "");
  EXPECT_EQ(bad.calls, 2);
  EXPECT_GT(bad.worst, 1e3);
  EXPECT_NE(bad.where.find("element 1"), std::string::npos) << bad.where;
}

TEST(Shadow, SeesWhatWasThereBefore) {
  Context c(shadowed(ShadowMode::stop));
  const Tensor y = values(c, {0, 0});
  EXPECT_EQ(failure([&] { c.run(SEGUE_KERNEL(adding), out(y)); }), "");  // 0 + 1
  EXPECT_NE(failure([&] { c.run(SEGUE_KERNEL(adding), out(y)); }), "");  // 1 + 1
}

TEST(Shadow, AFewLabelsMayDifferButNotOneInAHundred) {
  Context c(shadowed(ShadowMode::report));
  const Tensor few = c.empty({50}, DType::u8), many = c.empty({1000}, DType::u8);
  c.run(SEGUE_KERNEL(labels), out(few));
  EXPECT_EQ(c.shadows().at("labels").worst, 1);  // one is always allowed
  c.run(SEGUE_KERNEL(labels), out(many));
  EXPECT_EQ(c.shadows().at("labels").worst, 10);
  EXPECT_EQ(c.shadows().at("labels").where, "result 0 (1000) differs at 10 of 1000 elements");
}

TEST(Shadow, OneDecisionMovesTwoCounts) {
  Context c(shadowed(ShadowMode::report));
  const Tensor few = c.empty({50}, DType::u8), many = c.empty({4000}, DType::u8), y = c.empty({19, 19}, DType::u64);
  c.run(SEGUE_KERNEL(counts), few, out(y));
  EXPECT_EQ(c.shadows().at("counts").worst, 1);
  c.run(SEGUE_KERNEL(counts), many, out(y));  // of four that may be decided otherwise, one was
  EXPECT_EQ(c.shadows().at("counts").worst, 1);
}

TEST(Shadow, NoNumbersAreEqual) {
  Context c(shadowed(ShadowMode::stop));
  const Tensor x = values(c, {NAN, INFINITY, -INFINITY}), y = values(c, {1, 2, 3});
  c.run(SEGUE_KERNEL(relu), x, out(y));
  from_host(y, {NAN, INFINITY, 0});
  c.run(SEGUE_KERNEL(forgetful), x, out(y));
  from_host(y, {NAN, INFINITY, NAN});
  EXPECT_NE(failure([&] { c.run(SEGUE_KERNEL(forgetful), x, out(y)); }), "");
}

TEST(Shadow, TheCpuDeviceHasNone) {
  EXPECT_EQ(failure([] { Context c({.shadow = ShadowMode::report}); }),
            "[context] shadow mode runs the CPU's kernels beside those of CUDA; use it with --device cuda");
}

class ShadowStep : public ::testing::TestWithParam<ModelStep> {};

TEST_P(ShadowStep, EveryKernelAgrees) {
  for (const Precision precision : {Precision::f32, Precision::bf16, Precision::fp16}) {
    const auto plain = record_steps(GetParam(), {.device = DeviceType::cuda, .precision = precision}, 2);
    const auto got = record_steps(GetParam(), shadowed(ShadowMode::report, precision), 2, [&](Context& c) {
      EXPECT_GT(c.shadows().size(), 8u);
      const ShadowReport* worst = nullptr;
      std::string name;
      for (const auto& [kernel, report] : c.shadows()) {
        EXPECT_LE(report.worst, 1) << name_of(precision) << " " << kernel << ": " << report.where;
        if (!worst || report.worst > worst->worst) worst = &report, name = kernel;
      }
      std::printf("%-22s %-5s %2zu kernels, worst %s %.3f\n", GetParam().name.c_str(), name_of(precision),
                  c.shadows().size(), name.c_str(), worst->worst);
    });
    // Looking on changes nothing.
    ASSERT_EQ(plain.size(), got.size());
    for (size_t i = 0; i < plain.size(); ++i) EXPECT_EQ(plain[i].values, got[i].values) << plain[i].name;
  }
}

INSTANTIATE_TEST_SUITE_P(Model, ShadowStep, ::testing::ValuesIn(tiny_steps()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace testing
}  // namespace segue
