// Wrong operands of elementwise, geometric and reducing ops: an error that names the op and what it expects.
#include <gtest/gtest.h>

#include <limits>

#include "kernels/dropout.h"
#include "kernels/lerp.h"
#include "kernels/scale.h"
#include "runtime/ops.h"

namespace segue {
namespace {

class OpErrors : public ::testing::Test {
 protected:
  Tensor make(const Shape& shape, DType dtype = DType::f32) {
    Tensor t = c.empty(shape, dtype, "operand");
    std::memset(t.data(), 0, size_t(t.bytes()));
    return t;
  }
  Context c;
};

template <class F>
void expect_error(F f, const std::string& begin) {
  try {
    f();
    ADD_FAILURE() << "expected an error: " << begin;
  } catch (const Error& e) {
    EXPECT_EQ(e.fault(), Fault::invalid_argument);
    EXPECT_EQ(std::string(e.what()).rfind(begin, 0), 0u) << "got: " << e.what();
  }
}

TEST_F(OpErrors, LeakyReluNeedsAPositiveSlope) {
  for (float slope : {0.f, -0.2f, std::numeric_limits<float>::quiet_NaN()})
    expect_error([&] { leaky_relu(c, make({3}), slope); }, "[leaky_relu] expects slope > 0");
}

TEST_F(OpErrors, ActivationsWantF32) {
  for (const auto& op : {relu, segue::tanh, sigmoid, softmax}) expect_error([&] { op(c, make({3}, DType::i32)); }, "[");
}

TEST_F(OpErrors, ReflectionMustBeSmallerThanTheImage) {
  EXPECT_EQ(pad_reflect(c, make({1, 4, 5, 2}), 3).shape(), (Shape{1, 10, 11, 2}));
  const std::string text = "[pad_reflect] expects x (N,H,W,C) and 0 <= pad < H, W; got (";
  expect_error([&] { pad_reflect(c, make({1, 4, 5, 2}), 4); }, text + "1,4,5,2) and pad 4");
  expect_error([&] { pad_reflect(c, make({1, 5, 4, 2}), 4); }, text);
  expect_error([&] { pad_reflect(c, make({1, 4, 5, 2}), -1); }, text);
  expect_error([&] { pad_reflect(c, make({4, 5, 2}), 1); }, text);
}

TEST_F(OpErrors, CropStaysInside) {
  const Tensor x = make({1, 4, 5, 2});
  EXPECT_EQ(crop(c, x, {0, 0, 4, 5}).shape(), x.shape());
  for (const Window& w : {Window{0, 0, 5, 5}, Window{0, 1, 4, 5}, Window{-1, 0, 2, 2}, Window{0, -1, 2, 2},
                          Window{4, 0, 1, 1}, Window{std::numeric_limits<int64_t>::max(), 0, 1, 1}})
    expect_error([&] { crop(c, x, w); }, "[crop] expects a window inside x (1,4,5,2); got ");
  expect_error([&] { crop(c, x, {0, 0, -1, 2}); }, "[");
  expect_error([&] { crop(c, make({4, 5}), {0, 0, 1, 1}); }, "[crop] expects x (N,H,W,C); got (4,5)");
}

TEST_F(OpErrors, PadsAreNotNegative) {
  const Tensor x = make({1, 4, 5, 2});
  for (const Padding& p : {Padding{-1, 0, 0, 0}, Padding{0, -1, 0, 0}, Padding{0, 0, -1, 0}, Padding{0, 0, 0, -1}})
    expect_error([&] { pad_constant(c, x, p, 0.f); }, "[pad_constant] expects pads >= 0; got top ");
  expect_error([&] { pad_constant(c, make({4, 5}), {}, 0.f); }, "[pad_constant] expects x (N,H,W,C); got (4,5)");
}

TEST_F(OpErrors, FlipWantsAnImage) {
  expect_error([&] { flip(c, make({4, 5, 2})); }, "[flip] expects x (N,H,W,C); got (4,5,2)");
}

TEST_F(OpErrors, ConcatWantsPartsThatFit) {
  expect_error([&] { concat(c, {}); }, "[concat] expects 1 to 24 parts; got 0");
  expect_error([&] { concat(c, std::vector<Tensor>(25, make({2, 3}))); }, "[concat] expects 1 to 24 parts; got 25");
  expect_error([&] { concat(c, {make({2, 3}), make({3, 3})}); }, "[concat] ");
  expect_error([&] { concat(c, {make({2, 3}), make({2, 2, 3})}); }, "[concat] ");
  expect_error([&] { concat(c, {make({2, 3}), make({2, 3}, DType::u8)}); }, "[concat] ");
  expect_error([&] { concat(c, {make({})}); }, "[concat] expects parts of one axis at least");
}

TEST_F(OpErrors, AddWantsEqualShapes) {
  expect_error([&] { add(c, make({2, 3}), make({3, 2})); }, "[add] ");
  expect_error([&] { add(c, make({2, 3}), make({2, 3}, DType::i32)); }, "[add] ");
}

TEST_F(OpErrors, ScalarsAreScalars) {
  const Tensor x = make({3}), three = make({3}), one = make({});
  expect_error([&] { c.run(SEGUE_KERNEL(scale_by), x, three, out(x)); }, "[scale_by] ");
  expect_error([&] { c.run(SEGUE_KERNEL(lerp), out(x), x, three, out(View())); }, "[lerp] ");
  expect_error([&] { c.run(SEGUE_KERNEL(lerp), out(x), make({4}), one, out(View())); }, "[lerp] ");
}

TEST_F(OpErrors, ReductionsWantTheirShapes) {
  expect_error([&] { mean(c, make({0, 3})); }, "[mean] expects at least one element; got (0,3)");
  EXPECT_EQ(to_host(sum(c, make({0, 3})))[0], 0.f);
  const View two = c.state().declare<float>("two", 2), whole = c.state().declare<int32_t>("whole", 2);
  expect_error([&] { weighted_sum(c, {}, two); }, "[weighted_sum] expects at least one term");
  expect_error([&] { weighted_sum(c, {make({})}, two); }, "[weighted_sum] ");
  expect_error([&] { weighted_sum(c, {make({}), make({1})}, two); }, "[weighted_sum] ");
  expect_error([&] { weighted_sum(c, {make({}), make({})}, whole); }, "[weighted_sum] ");
}

TEST_F(OpErrors, DropoutWantsARateBelowOne) {
  for (float rate : {1.f, -0.1f, std::numeric_limits<float>::quiet_NaN()})
    expect_error([&] { dropout(c, make({3}), rate, DropoutMode::element); },
                 "[dropout] expects a rate in [0, 1); got ");
  expect_error([&] { dropout(c, make({3}), 0.5f, DropoutMode::channel); },
               "[dropout] expects x (N,...,C) to drop channels; got (3)");
}

// Whatever was refused, nothing is left behind but what the test holds.
TEST_F(OpErrors, ARefusedOpLeavesNothing) {
  expect_error([&] { add(c, make({2, 3}), make({3, 2})); }, "[add] ");
  c.end_step();
}

}  // namespace
}  // namespace segue
