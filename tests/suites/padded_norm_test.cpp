// Instance norm with borders on the CPU: the bits of the norm and the padding by themselves, forward and backward, and
// what it refuses.
#include "tests/padded_norm.h"

#include <gtest/gtest.h>

#include "runtime/ops.h"

namespace segue {
namespace {

using cases::Buffer;
using testing::NormOperands;
using testing::PaddedNorm;

TEST(PaddedNorm, IsTheNormPadded) {
  for (const PaddedNorm& n : testing::padded_norms()) testing::expect_padded_norm<CpuExec>(n, {});
}

TEST(PaddedNorm, GradientsAreThoseOfTheTwoOps) {
  testing::HostScratch scratch;
  const CpuExec exec{&scratch};
  const cases::Format f;
  for (const PaddedNorm& n : testing::padded_norms()) {
    NormOperands o(n, f);
    Buffer y(n.shape, DType::f32), large_y = f(cases::padded(n.shape, n.pad));
    kernels::instance_norm(exec, o.x.view(), n.residual ? o.residual.view() : View(), y.view(), o.mean.view(),
                           o.rstd.view(), n.plain());
    kernels::pad_reflect(exec, y.view(), large_y.view(), n.pad);
    Buffer dy = f(cases::uniform(large_y.shape(), -1, 1, 3)), folded(n.shape, DType::f32), want(n.shape, DType::f32),
           got(n.shape, DType::f32), want_residual(n.shape, DType::f32),
           got_residual(cases::padded(n.shape, n.residual_pad), DType::f32);
    kernels::pad_reflect_grad(exec, dy.view(), folded.view(), n.pad);
    kernels::instance_norm_grad(exec, folded.view(), o.x.view(), n.residual ? y.view() : View(), o.mean.view(),
                                o.rstd.view(), want.view(), n.residual ? want_residual.view() : View(), n.plain());
    kernels::instance_norm_grad(exec, dy.view(), o.x.view(), n.residual ? large_y.view() : View(), o.mean.view(),
                                o.rstd.view(), got.view(), n.residual ? got_residual.view() : View(), n.padded());
    if (n.slope == 0.f || n.slope == 1.f || !n.residual)
      EXPECT_TRUE(got.payload() == want.payload()) << testing::describe(n);
    else  // the compiler may round a product and a sum at once in one of the two
      testing::expect_close(got.array(), want.array(), testing::Tolerance(DType::f32, n.shape.pixels()), 0,
                            testing::describe(n));
    if (!n.residual) continue;
    const Buffer expected(cases::with_zero_border(want_residual.array(), n.residual_pad), DType::f32);
    EXPECT_TRUE(got_residual.payload() == expected.payload()) << testing::describe(n);
  }
}

TEST(PaddedNorm, BordersMustBeFilledByTheImage) {
  Context c;
  const Tensor x = c.image({1, 4, 5, 2}, "x");
  from_host(x, std::vector<float>(40, 1));
  EXPECT_EQ(instance_norm(c, x, {}, {.pad = 3}).shape(), (Shape{1, 10, 11, 2}));
  for (const InstanceNormOptions& wrong :
       {InstanceNormOptions{.pad = 4}, InstanceNormOptions{.pad = -1}, InstanceNormOptions{.residual_pad = 4},
        InstanceNormOptions{.residual_pad = -1}})
    EXPECT_THROW(instance_norm(c, x, {}, wrong), Error);
  EXPECT_THROW(instance_norm(c, x, x, {.residual_pad = 1}), Error);
}

TEST(PaddedNorm, RefusesMemoryThatItWouldReadTooLate) {
  testing::HostScratch scratch;
  const CpuExec exec{&scratch};
  const Shape small{1, 4, 5, 2}, large{1, 6, 7, 2};
  Buffer x(cases::constant(small, 1), DType::f32), y(cases::constant(large, 1), DType::f32),
      other(cases::constant(large, 1), DType::f32), mean(cases::constant({2, 1, 2}, 0), DType::f32),
      rstd(cases::constant({1, 2}, 1), DType::f32);
  const View inside(y.view().data, small, DType::f32), none;
  const auto forward = [&](const View& from, const View& residual, const View& to, const InstanceNormOptions& o) {
    kernels::instance_norm(exec, from, residual, to, mean.view(), rstd.view(), o);
  };
  EXPECT_NO_THROW(forward(x.view(), y.view(), y.view(), {.pad = 1, .residual_pad = 1}));
  EXPECT_THROW(forward(inside, none, y.view(), {.pad = 1}), Error);
  EXPECT_THROW(forward(x.view(), inside, y.view(), {.pad = 1}), Error);
  EXPECT_THROW(forward(x.view(), y.view(), inside, {.residual_pad = 1}), Error);
  const auto grad = [&](const View& dy, const View& dx, const View& dresidual, const InstanceNormOptions& o) {
    kernels::instance_norm_grad(exec, dy, x.view(), none, mean.view(), rstd.view(), dx, dresidual, o);
  };
  Buffer dx(small, DType::f32);
  EXPECT_NO_THROW(grad(y.view(), dx.view(), y.view(), {.pad = 1, .residual_pad = 1}));
  EXPECT_NO_THROW(grad(inside, inside, other.view(), {.residual_pad = 1}));
  EXPECT_THROW(grad(y.view(), inside, none, {.pad = 1}), Error);
  EXPECT_THROW(grad(y.view(), dx.view(), inside, {.pad = 1}), Error);
  EXPECT_THROW(grad(inside, dx.view(), y.view(), {.residual_pad = 1}), Error);
  EXPECT_THROW(grad(y.view(), dx.view(), dx.view(), {.pad = 1}), Error);
}

}  // namespace
}  // namespace segue
