// Mean losses of many pixels at precision fp16: the inverse of their number, met alone, would press most gradients below
// what f16 holds. CUDA sources under host SIMT execution, from the loss scale back to the input, against the CPU device.
#include <gtest/gtest.h>

#include <cstdio>

#include "runtime/ops.h"
#include "tests/cases/xent_reference.h"
#include "tests/check_case.h"

namespace segue::testing {
namespace {

using cases::Array;

/// Values that f16 holds, so that both devices compute from the same.
Tensor image_of(Context& c, const Shape& shape, double range, uint64_t salt) {
  const Array values = cases::Buffer(cases::uniform(shape, -range, range, salt), DType::f16).array();
  const Tensor t = c.image(shape, "operand");
  from_host(t, std::vector<float>(values.v.begin(), values.v.end()));
  return t;
}

struct MeanLoss {
  const char* name;
  Shape shape;
  int64_t longest_sum;  ///< behind an element of the gradient
  Tensor (*of)(Context& c, const Tensor& x);
};
/// For messages of the test framework.
std::ostream& operator<<(std::ostream& s, const MeanLoss& loss) { return s << loss.name; }

Tensor labels_of(Context& c, int64_t height, int64_t width) {
  return cases::tensor_of(c, cases::labels({1, height, width}, 19, 7), DType::u8);
}

const MeanLoss kLosses[] = {
    {"softmax_xent",
     {1, 150, 150, 19},
     19,
     [](Context& c, const Tensor& x) { return softmax_xent(c, x, labels_of(c, 150, 150), {}, {}, {}); }},
    {"upsample_xent",
     {1, 40, 40, 19},
     64,
     [](Context& c, const Tensor& x) { return upsample_xent(c, x, labels_of(c, 160, 160), {}, {}, {}); }},
    {"kl_div",
     {1, 150, 150, 19},
     19,
     [](Context& c, const Tensor& x) { return kl_div(c, x, image_of(c, x.shape(), 3, 2), {}); }},
    {"softmax_entropy_mean", {1, 150, 150, 19}, 19, softmax_entropy_mean},
    {"bce_logits", {1, 150, 150, 1}, 1, [](Context& c, const Tensor& x) { return bce_logits(c, x, 1.f); }},
    {"lsgan", {1, 150, 150, 1}, 1, [](Context& c, const Tensor& x) { return lsgan(c, x, 1.f); }},
    // 1/n lies halfway between two numbers of f16.
    {"l1", {1, 600, 601, 3}, 1, [](Context& c, const Tensor& x) { return l1(c, x, image_of(c, x.shape(), 3, 2)); }},
};

/// The gradient of x, and what d(loss) was.
std::pair<Array, double> gradient(const MeanLoss& loss, const Context::Options& options) {
  Context c(options);
  c.begin_step(0);
  Tensor x = image_of(c, loss.shape, 3, 1);
  c.require_grad(x);
  c.backward(loss.of(c, x));
  const std::vector<float> values = to_host(c.grad(x));
  Array dx(loss.shape);
  dx.v.assign(values.begin(), values.end());
  x = Tensor();
  c.end_step();
  return {dx, c.loss_scaler() ? double(host_values(c.loss_scaler()->scale())[0]) : 1.0};
}

class SimtLossGradient : public ::testing::TestWithParam<MeanLoss> {};

TEST_P(SimtLossGradient, Fp16KeepsWhatAMeanOverManyPixelsLeaves) {
  const MeanLoss& loss = GetParam();
  auto [want, one] = gradient(loss, {});
  const auto [got, scale] = gradient(loss, {.device = DeviceType::cuda, .precision = Precision::fp16});
  ASSERT_EQ(one, 1);
  ASSERT_GT(scale, 1000);
  for (double& v : want.v) v *= scale;
  const double ratio = expect_close(got, want, Tolerance(DType::f16, loss.longest_sum), 0, loss.name);
  std::printf("%-20s error / allowed %.3f\n", loss.name, ratio);
}

INSTANTIATE_TEST_SUITE_P(Loss, SimtLossGradient, ::testing::ValuesIn(kLosses),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace segue::testing
