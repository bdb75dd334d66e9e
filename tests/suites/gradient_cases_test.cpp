// Every differentiable op: finite differences of the float64 reference are the reference gradient; the op on the tape
// equals both. Noise of differencing stays in float64, so that the op is held to its rounding.
#include <gtest/gtest.h>

#include "runtime/ops.h"
#include "tests/check_case.h"

namespace segue {
namespace {

using cases::Array;
using cases::GradientCase;

class Gradient : public ::testing::TestWithParam<const GradientCase*> {};

double dot(const Array& a, const Array& b) {
  double s = 0;
  for (int64_t i = 0; i < a.count(); ++i) s += a[i] * b[i];
  return s;
}

Array random_dy(const GradientCase& k) {
  const Array y = k.forward(k.inputs);
  return cases::uniform(y.shape, -1, 1, 99);
}

TEST_P(Gradient, ReferenceEqualsFiniteDifferences) {
  const GradientCase& k = *GetParam();
  const Array dy = random_dy(k);
  const std::vector<Array> want = k.gradient(k.inputs, dy);
  ASSERT_EQ(want.size(), k.inputs.size());
  std::vector<Array> x = k.inputs;
  const double h = 1e-4;
  for (size_t i = 0; i < x.size(); ++i) {
    ASSERT_EQ(want[i].shape, x[i].shape) << "input " << i;
    const double scale = std::max(testing::rms(want[i].v), 1e-3);
    for (int64_t j = 0; j < x[i].count(); ++j) {
      const double x0 = x[i][j];
      const auto f = [&](double step) {
        x[i][j] = x0 + step;
        return dot(dy, k.forward(x));
      };
      // Fourth order: the truncation error is of order h^4, far below rounding.
      const double slope = (8 * (f(h) - f(-h)) - (f(2 * h) - f(-2 * h))) / (12 * h);
      x[i][j] = x0;
      ASSERT_NEAR(slope, want[i][j], 1e-7 * (std::abs(want[i][j]) + scale)) << "input " << i << " element " << j;
    }
  }
}

TEST_P(Gradient, TapeEqualsReference) {
  const GradientCase& k = *GetParam();
  Context c;
  c.begin_step(0);
  std::vector<Array> rounded;
  std::vector<Tensor> x;
  for (const Array& a : k.inputs) {
    rounded.push_back(cases::Buffer(a, DType::f32).array());
    Tensor t = c.empty(a.shape);
    from_host(t, std::vector<float>(a.v.begin(), a.v.end()));
    c.require_grad(t);
    x.push_back(t);
  }
  const Array dy = random_dy(k);
  const Array want_y = k.forward(rounded);
  const std::vector<Array> want = k.gradient(rounded, cases::Buffer(dy, DType::f32).array());
  {
    Tensor y = k.op_call(c, x);
    const auto host = [](const Tensor& t) {
      Array a(t.shape());
      const std::vector<float> v = to_host(t);
      a.v.assign(v.begin(), v.end());
      return a;
    };
    testing::expect_close(host(y), want_y, testing::Tolerance(DType::f32, k.longest_sum), 0, k.op + " forward");
    ASSERT_TRUE(y.cell()) << k.op << " was not recorded";
    Tensor seed = c.empty(dy.shape);
    from_host(seed, std::vector<float>(dy.v.begin(), dy.v.end()));
    c.backward(y, seed);
    for (size_t i = 0; i < x.size(); ++i) {
      const Tensor grad = c.grad(x[i]);
      ASSERT_TRUE(bool(grad)) << k.op << ": no gradient arrived at input " << i;
      testing::expect_close(host(grad), want[i], testing::Tolerance(DType::f32, k.longest_sum), k.rms_group,
                            k.op + " gradient of input " + std::to_string(i));
    }
  }
  x.clear();
  c.end_step();  // nothing may be left behind
}

// Each input alone, the others without gradient: an op must not insist on gradients that nobody wants.
TEST_P(Gradient, EachInputAlone) {
  const GradientCase& k = *GetParam();
  for (size_t only = 0; only < k.inputs.size(); ++only) {
    Context c;
    c.begin_step(0);
    std::vector<Tensor> x;
    for (size_t i = 0; i < k.inputs.size(); ++i) {
      Tensor t = c.empty(k.inputs[i].shape);
      from_host(t, std::vector<float>(k.inputs[i].v.begin(), k.inputs[i].v.end()));
      if (i == only) c.require_grad(t);
      x.push_back(t);
    }
    {
      Tensor y = k.op_call(c, x);
      Tensor seed = c.like(y);
      const Array dy = random_dy(k);
      from_host(seed, std::vector<float>(dy.v.begin(), dy.v.end()));
      c.backward(y, seed);
    }
    for (size_t i = 0; i < x.size(); ++i) EXPECT_EQ(bool(c.grad(x[i])), i == only) << k.op << " input " << i;
    x.clear();
    c.end_step();
  }
}

std::vector<const GradientCase*> all() {
  std::vector<const GradientCase*> selected;
  for (const GradientCase& k : cases::registry().gradients) selected.push_back(&k);
  return selected;
}

INSTANTIATE_TEST_SUITE_P(Op, Gradient, ::testing::ValuesIn(all()),
                         [](const auto& info) { return testing::identifier(info.param->op + "_" + info.param->name); });

}  // namespace
}  // namespace segue
