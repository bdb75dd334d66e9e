// Batch norm of images that lie in phases: what from_phases makes of the same norm without, bit for bit, and so its gradients.
#include <gtest/gtest.h>

#include <functional>

#include "kernels/batch_norm.h"
#include "kernels/phases.h"
#include "simt.h"
#include "tests/cases/cases_of.h"
#include "tests/check_case.h"

namespace segue {
namespace {

using cases::Array;
using cases::Buffer;

struct Images {
  Shape shape;
  int factor;
  int64_t lane, wide;  // the slice of y and dy; wide 0: none
};

// Blocks that begin in the middle of phases, rows, images; one pixel a phase; a slice.
const Images kImages[] = {{{2, 6, 8, 16}, 2, 0, 0},     {{1, 4, 6, 3}, 2, 0, 0},   {{2, 9, 15, 19}, 3, 0, 0},
                          {{1, 5, 5, 8}, 5, 0, 0},      {{1, 66, 34, 8}, 2, 0, 0}, {{2, 6, 8, 16}, 2, 8, 48},
                          {{1, 12, 8, 40}, 4, 256, 304}};

struct Operands {
  Images m;
  DType type;
  Shape phases;
  int64_t channels;
  Buffer x, x_phases, gamma, beta, running_mean, running_var;

  Operands(const Images& images, DType t)
      : m(images),
        type(t),
        phases{m.shape[0] * m.factor * m.factor, m.shape[1] / m.factor, m.shape[2] / m.factor, m.shape[3]},
        channels(m.shape[3]),
        x(image(cases::uniform(m.shape, -1, 3, 1))),
        x_phases(image(phases)),
        gamma(cases::uniform({channels}, 0.5, 1.5, 2), DType::f32),
        beta(cases::uniform({channels}, -1, 1, 3), DType::f32),
        running_mean(cases::uniform({channels}, -1, 1, 4), DType::f32),
        running_var(cases::uniform({channels}, 0.5, 2, 5), DType::f32) {
    kernels::to_phases(CudaExec{}, x.view(), x_phases.view(), m.factor);
  }
  template <class A>
  Buffer image(const A& a) const {
    return Buffer(a, type, (m.shape[3] + 7) / 8 * 8);
  }
  /// Room for images that a norm in phases reads or writes, and its view: perhaps a slice.
  Buffer wide_image(const Array& values) const {
    if (!m.wide) return image(values);
    return Buffer(cases::with_slice(cases::wide_shaped(m.shape, m.wide, 6), values, m.lane), type);
  }
  View part(Buffer& b) const { return m.wide ? cases::slice_view(b, m.shape, m.lane) : b.view(); }
  Array part_of(const Array& a) const { return m.wide ? cases::slice_array(a, m.shape, m.lane) : a; }
  void expect_neighbours_untouched(Buffer& b, const Array& before) const {
    EXPECT_TRUE(b.guards_intact() && b.padding_is_zero());
    if (m.wide) {
      EXPECT_EQ(b.array().v, cases::with_slice(before, part_of(b.array()), m.lane).v);
    }
  }
};

void for_each(const std::function<void(Operands&, bool relu)>& f) {
  for (const Images& m : kImages)
    for (DType type : {DType::f32, DType::bf16, DType::f16})
      for (bool relu : {false, true}) {
        SCOPED_TRACE(::testing::Message()
                     << m.shape << " by " << m.factor << " in " << m.wide << ", " << type << ", relu " << relu);
        Operands o(m, type);
        simt::for_each_schedule([&](const char*) { f(o, relu); });
      }
}

/// Sums are over the pixels in the order of phases: so they are here.
BatchNormOptions plain(bool relu) { return {.relu = relu}; }

TEST(PhasedNorm, TrainAndInferArePutTogether) {
  for_each([](Operands& o, bool relu) {
    testing::HostScratch scratch;
    const CudaExec exec{.scratch = &scratch};
    BatchNormOptions options = plain(relu);
    const Array nothing(o.m.shape);
    Buffer y_phases = o.image(o.phases), want = o.image(o.m.shape), got = o.wide_image(nothing);
    const Array before = got.array();
    Buffer mean({2, o.channels}, DType::f32), rstd({o.channels}, DType::f32), mean2({2, o.channels}, DType::f32),
        rstd2({o.channels}, DType::f32);
    kernels::batch_norm_train(exec, o.x_phases.view(), o.gamma.view(), o.beta.view(), {}, y_phases.view(), mean.view(),
                              rstd.view(), {}, {}, options);
    kernels::from_phases(exec, y_phases.view(), want.view(), o.m.factor, false);
    options.phases = o.m.factor;
    kernels::batch_norm_train(exec, o.x_phases.view(), o.gamma.view(), o.beta.view(), {}, o.part(got), mean2.view(),
                              rstd2.view(), {}, {}, options);
    EXPECT_EQ(o.part_of(got.array()).v, want.array().v);
    EXPECT_EQ(mean2.array().v, mean.array().v);
    EXPECT_EQ(rstd2.array().v, rstd.array().v);
    o.expect_neighbours_untouched(got, before);

    options.phases = 1;
    kernels::batch_norm_infer(exec, o.x_phases.view(), o.gamma.view(), o.beta.view(), o.running_mean.view(),
                              o.running_var.view(), {}, y_phases.view(), options);
    kernels::from_phases(exec, y_phases.view(), want.view(), o.m.factor, false);
    options.phases = o.m.factor;
    kernels::batch_norm_infer(exec, o.x_phases.view(), o.gamma.view(), o.beta.view(), o.running_mean.view(),
                              o.running_var.view(), {}, o.part(got), options);
    EXPECT_EQ(o.part_of(got.array()).v, want.array().v);
    o.expect_neighbours_untouched(got, before);
  });
}

TEST(PhasedNorm, GradientsReadTheImages) {
  for_each([](Operands& o, bool relu) {
    testing::HostScratch scratch;
    const CudaExec exec{.scratch = &scratch};
    BatchNormOptions options = plain(relu);
    Buffer dy = o.image(cases::uniform(o.m.shape, -1, 1, 7)), dy_phases = o.image(o.phases), want = o.image(o.phases),
           got = o.image(o.phases), dy_wide = o.wide_image(dy.array());
    kernels::to_phases(exec, dy.view(), dy_phases.view(), o.m.factor);
    const auto vector = [&] { return Buffer(Shape{o.channels}, DType::f32); };
    Buffer mean({2, o.channels}, DType::f32), rstd = vector(), y = o.image(o.phases), gamma1 = vector(),
                                              beta1 = vector(), gamma2 = vector(), beta2 = vector();
    kernels::batch_norm_train(exec, o.x_phases.view(), o.gamma.view(), o.beta.view(), {}, y.view(), mean.view(),
                              rstd.view(), {}, {}, options);
    const auto compare = [&](auto gradient) {
      options.phases = 1;
      gradient(dy_phases.view(), want.view(), gamma1.view(), beta1.view());
      options.phases = o.m.factor;
      gradient(o.part(dy_wide), got.view(), gamma2.view(), beta2.view());
      EXPECT_EQ(got.array().v, want.array().v);
      EXPECT_EQ(gamma2.array().v, gamma1.array().v);
      EXPECT_EQ(beta2.array().v, beta1.array().v);
      EXPECT_TRUE(got.guards_intact() && got.padding_is_zero());
    };
    compare([&](const View& g, const View& dx, const View& dgamma, const View& dbeta) {
      kernels::batch_norm_grad(exec, g, o.x_phases.view(), {}, o.gamma.view(), o.beta.view(), mean.view(), rstd.view(),
                               dx, dgamma, false, dbeta, false, {}, options);
    });
    compare([&](const View& g, const View& dx, const View& dgamma, const View& dbeta) {
      kernels::batch_norm_infer_grad(exec, g, o.x_phases.view(), {}, o.gamma.view(), o.beta.view(),
                                     o.running_mean.view(), o.running_var.view(), dx, dgamma, false, dbeta, false, {},
                                     options);
    });
  });
}

// No pixel is no sum.
TEST(PhasedNorm, GradientsWithoutPixels) {
  Buffer x({4, 0, 4, 8}, DType::f32), dy({1, 0, 8, 8}, DType::f32), dx({4, 0, 4, 8}, DType::f32),
      gamma({8}, DType::f32);
  Buffer dgamma(cases::uniform({8}, 1, 2), DType::f32), variance(cases::uniform({8}, 1, 2), DType::f32);
  testing::HostScratch scratch;
  kernels::batch_norm_infer_grad(CudaExec{.scratch = &scratch}, dy.view(), x.view(), {}, gamma.view(), gamma.view(),
                                 gamma.view(), variance.view(), dx.view(), dgamma.view(), false, {}, false, {},
                                 {.phases = 2});
  EXPECT_EQ(dgamma.array().v, std::vector<double>(8, 0.0));
}

// The CPU's overloads likewise.
TEST(PhasedNorm, OnTheCpu) {
  for (const Images& m : {kImages[0], kImages[2]}) {
    Operands o(m, DType::f32);
    testing::HostScratch scratch;
    const CpuExec exec{&scratch};
    const auto dense = [](const Shape& s) { return Buffer(s, DType::f32); };
    Buffer x(o.x_phases.array(), DType::f32), y = dense(o.phases), want = dense(m.shape), got = dense(m.shape);
    Buffer mean = dense({2, o.channels}), rstd = dense({o.channels});
    Buffer dy(cases::uniform(m.shape, -1, 1, 7), DType::f32), dy_phases = dense(o.phases), dx = dense(o.phases),
                                                              dx2 = dense(o.phases), gamma1 = dense({o.channels}),
                                                              gamma2 = dense({o.channels});
    kernels::to_phases(exec, dy.view(), dy_phases.view(), m.factor);
    BatchNormOptions options = plain(true), phased = options;
    phased.phases = m.factor;
    kernels::batch_norm_train(exec, x.view(), o.gamma.view(), o.beta.view(), {}, y.view(), mean.view(), rstd.view(), {},
                              {}, options);
    kernels::from_phases(exec, y.view(), want.view(), m.factor, false);
    kernels::batch_norm_train(exec, x.view(), o.gamma.view(), o.beta.view(), {}, got.view(), mean.view(), rstd.view(),
                              {}, {}, phased);
    EXPECT_EQ(got.array().v, want.array().v);
    kernels::batch_norm_grad(exec, dy_phases.view(), x.view(), {}, o.gamma.view(), o.beta.view(), mean.view(),
                             rstd.view(), dx.view(), gamma1.view(), false, {}, false, {}, options);
    kernels::batch_norm_grad(exec, dy.view(), x.view(), {}, o.gamma.view(), o.beta.view(), mean.view(), rstd.view(),
                             dx2.view(), gamma2.view(), false, {}, false, {}, phased);
    EXPECT_EQ(dx2.array().v, dx.array().v);
    EXPECT_EQ(gamma2.array().v, gamma1.array().v);
    kernels::batch_norm_infer(exec, x.view(), o.gamma.view(), o.beta.view(), o.running_mean.view(),
                              o.running_var.view(), {}, y.view(), options);
    kernels::from_phases(exec, y.view(), want.view(), m.factor, false);
    kernels::batch_norm_infer(exec, x.view(), o.gamma.view(), o.beta.view(), o.running_mean.view(),
                              o.running_var.view(), {}, got.view(), phased);
    EXPECT_EQ(got.array().v, want.array().v);
  }
}

TEST(PhasedNorm, Refusals) {
  Operands o(kImages[0], DType::f32);
  Buffer y = o.image(o.m.shape), small = o.image(o.phases), mean({2, o.channels}, DType::f32),
         rstd({o.channels}, DType::f32);
  testing::HostScratch scratch;
  const auto train = [&](const auto& exec, const View& residual, const View& to, int phases) {
    kernels::batch_norm_train(exec, o.x_phases.view(), o.gamma.view(), o.beta.view(), residual, to, mean.view(),
                              rstd.view(), {}, {}, {.phases = phases});
  };
  const auto refused = [&](const View& residual, const View& to, int phases) {
    EXPECT_THROW(train(CudaExec{.scratch = &scratch}, residual, to, phases), Error);
    EXPECT_THROW(train(CpuExec{&scratch}, residual, to, phases), Error);
  };
  refused(small.view(), y.view(), 2);  // a residual
  refused({}, small.view(), 2);        // a result in phases
  refused({}, y.view(), 3);            // no number of phases

  Buffer dx = o.image(o.phases);
  const auto grad = [&](const auto& exec, const View& dy, const View& kept_y, const View& to, const View& dresidual) {
    kernels::batch_norm_grad(exec, dy, o.x_phases.view(), kept_y, o.gamma.view(), o.beta.view(), mean.view(),
                             rstd.view(), to, {}, false, {}, false, dresidual, {.phases = 2});
  };
  const auto grad_refused = [&](const View& dy, const View& kept_y, const View& to, const View& dresidual) {
    EXPECT_THROW(grad(CudaExec{.scratch = &scratch}, dy, kept_y, to, dresidual), Error);
    EXPECT_THROW(grad(CpuExec{&scratch}, dy, kept_y, to, dresidual), Error);
  };
  const View in_dy(y.view().data, o.phases, DType::f32, y.view().pitch);
  grad_refused(y.view(), {}, in_dy, {});                // dx in the memory of dy
  grad_refused(y.view(), y.view(), dx.view(), {});      // y
  grad_refused(y.view(), {}, dx.view(), small.view());  // dresidual
  grad_refused(small.view(), {}, dx.view(), {});        // dy in phases
}

}  // namespace
}  // namespace segue
