// Convolutions of wide dilation made over phases against themselves made directly.
#include "kernels/conv_phases.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <vector>

#include "kernels/conv_paths.h"
#include "kernels/phases.h"
#include "tests/check_case.h"

namespace segue {
namespace {

using cases::Array;
using cases::Buffer;
using kernels::conv::Problem;

TEST(ConvPhases, FactorsAreTheSmallestThatBringDilationsWithinReach) {
  const auto factor = [](int64_t dilation, int64_t side, int64_t stride = 1, int64_t taps = 3, int64_t pad = -1) {
    return kernels::conv::phase_factor(
        {8, side, side, 8, 8, taps, taps, side, side, stride, pad < 0 ? dilation : pad, dilation}, 10);
  };
  EXPECT_EQ(factor(12, 32), 2);
  EXPECT_EQ(factor(18, 32), 2);
  EXPECT_EQ(factor(24, 64), 3);
  EXPECT_EQ(factor(36, 64), 4);
  EXPECT_EQ(factor(10, 32), 1) << "within reach";
  EXPECT_EQ(factor(12, 32, 2), 1) << "strided";
  EXPECT_EQ(factor(12, 32, 1, 1), 1) << "one tap";
  EXPECT_EQ(factor(12, 32, 1, 3, 9), 3) << "the padding has no half";
  EXPECT_EQ(factor(12, 32, 1, 3, 7), 1) << "the padding has no factor";
  EXPECT_EQ(factor(13, 32), 1) << "169 phases of 3x3";
  EXPECT_EQ(factor(13, 64), 13);
  EXPECT_EQ(factor(12, 3), 1) << "4x4 for 3x3";
}

class HeapScratch : public Scratch {
 public:
  ~HeapScratch() override { std::free(block_); }
  void* get(size_t bytes) override {
    std::free(block_);
    block_ = std::aligned_alloc(256, (bytes + 255) / 256 * 256 + 256);
    return block_;
  }

 private:
  void* block_ = nullptr;
};

/// Small whole numbers: sums of their products are exact in any order.
Array whole(const Shape& shape, uint64_t seed) {
  Array a = cases::uniform(shape, -4, 4, seed);
  for (double& v : a.v) v = std::round(v);
  return a;
}

// The phases of images through the phased problem, and back, are the convolution itself: all three of its passes.
TEST(ConvPhases, ConvolutionsOverPhasesAreTheSame) {
  HeapScratch scratch;
  const CpuExec cpu{&scratch};
  const CudaExec cuda{};
  struct Case {
    int64_t h, w, dilation, pad, taps, factor;
  };
  for (const Case& k : {Case{14, 20, 12, 12, 3, 2}, Case{15, 21, 12, 12, 3, 3}, Case{19, 40, 18, 18, 3, 2},
                        Case{33, 26, 12, 0, 3, 2}, Case{13, 14, 12, 24, 3, 4}, Case{25, 27, 12, 12, 2, 2}}) {
    Problem f{2, k.h, k.w, 5, 4, k.taps, k.taps, 0, 0, 1, k.pad, k.dilation};
    f.p = f.h + 2 * f.pad - f.dilation * (f.r - 1), f.q = f.w + 2 * f.pad - f.dilation * (f.s - 1);
    const Problem g = kernels::conv::phased(f, k.factor);
    ASSERT_GE(g.p * k.factor, f.p);
    ASSERT_GE(g.q * k.factor, f.q);
    const Shape xs{f.n, f.h, f.w, f.c}, ws{f.k, f.r, f.s, f.c}, ys{f.n, f.p, f.q, f.k};
    const Shape xs_phased{g.n, g.h, g.w, g.c}, ys_phased{g.n, g.p, g.q, g.k};
    Buffer x(whole(xs, 1), DType::f32), w(whole(ws, 2), DType::f32), dy(whole(ys, 3), DType::f32);
    Buffer x_phases(xs_phased, DType::f32), dy_phases(ys_phased, DType::f32);
    const auto at = [](Buffer& b) { return b.view().as<float>(); };
    kernels::to_phases(cuda, x.view(), x_phases.view(), k.factor);
    kernels::to_phases(cuda, dy.view(), dy_phases.view(), k.factor);

    Buffer y(ys, DType::f32), y_phases(ys_phased, DType::f32), y_back(ys, DType::f32);
    kernels::conv::forward(cpu, f, at(x), at(w), nullptr, at(y), false);
    kernels::conv::forward(cpu, g, at(x_phases), at(w), nullptr, at(y_phases), false);
    kernels::from_phases(cuda, y_phases.view(), y_back.view(), k.factor, false);
    EXPECT_EQ(y_back.array().v, y.array().v) << k.h << 'x' << k.w << " rate " << k.dilation;

    Buffer dx(xs, DType::f32), dx_phases(xs_phased, DType::f32), dx_back(xs, DType::f32);
    kernels::conv::input_gradient(cpu, f, at(dy), at(w), nullptr, at(dx), false);
    kernels::conv::input_gradient(cpu, g, at(dy_phases), at(w), nullptr, at(dx_phases), false);
    kernels::from_phases(cuda, dx_phases.view(), dx_back.view(), k.factor, false);
    EXPECT_EQ(dx_back.array().v, dx.array().v) << k.h << 'x' << k.w << " rate " << k.dilation;

    Buffer dw(ws, DType::f32), dw_phases(ws, DType::f32);
    kernels::conv::filter_gradient(cpu, f, at(x), at(dy), at(dw), false);
    kernels::conv::filter_gradient(cpu, g, at(x_phases), at(dy_phases), at(dw_phases), false);
    EXPECT_EQ(dw_phases.array().v, dw.array().v) << k.h << 'x' << k.w << " rate " << k.dilation;
  }
}

TEST(ConvPhases, WholePhasesDivideTheImages) {
  const auto factor = [](int64_t h, int64_t w, int dilation, int pad) {
    return kernels::conv::whole_phase_factor(h, w, {.pad = pad, .dilation = dilation}, 9);
  };
  EXPECT_EQ(factor(32, 64, 6, 6), 1) << "within reach";
  EXPECT_EQ(factor(32, 64, 12, 12), 2);
  EXPECT_EQ(factor(32, 64, 18, 18), 2);
  EXPECT_EQ(factor(33, 63, 18, 18), 3);
  EXPECT_EQ(factor(64, 128, 36, 36), 4);
  EXPECT_EQ(factor(32, 63, 12, 12), 1) << "no whole phases";
  EXPECT_EQ(factor(32, 64, 12, 3), 1) << "the padding has no half";
  EXPECT_EQ(kernels::conv::whole_phase_factor(32, 64, {.stride = 2, .pad = 12, .dilation = 12}, 9), 1) << "strided";
}

}  // namespace
}  // namespace segue
