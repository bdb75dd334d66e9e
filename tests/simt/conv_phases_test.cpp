// Images in phase-major order against plain loops, and convolutions of wide dilation made over phases against
// themselves made directly.
#include "kernels/conv_phases.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <vector>

#include "kernels/conv_paths.h"
#include "simt.h"
#include "tests/check_case.h"

namespace segue {
namespace {

using cases::Array;
using cases::Buffer;
using kernels::conv::Problem;

struct Images {
  Shape shape;
  int64_t pitch, factor, height, width;
  Shape phases() const { return {shape[0] * factor * factor, height, width, shape[3]}; }
};

const Images kImages[] = {{{2, 6, 8, 16}, 16, 2, 3, 4},  {{1, 5, 7, 3}, 8, 2, 3, 4}, {{2, 7, 5, 19}, 24, 3, 3, 2},
                          {{1, 1, 1, 1}, 1, 4, 1, 1},    {{1, 9, 4, 5}, 5, 3, 4, 2}, {{3, 4, 6, 8}, 8, 1, 4, 6},
                          {{1, 13, 17, 11}, 16, 2, 9, 9}};
const DType kTypes[] = {DType::f32, DType::bf16, DType::f16};

/// phases[n,a,b,i,j] = x[n, factor i + a, factor j + b], as an array of Images::phases().
Array phases_of(const Images& m, const Array& x) {
  Array want(m.phases());
  const int64_t height = m.shape[1], width = m.shape[2], c = m.shape[3];
  int64_t at = 0;
  for (int64_t n = 0; n < m.shape[0]; ++n)
    for (int64_t a = 0; a < m.factor; ++a)
      for (int64_t b = 0; b < m.factor; ++b)
        for (int64_t i = 0; i < m.height; ++i)
          for (int64_t j = 0; j < m.width; ++j)
            for (int64_t k = 0; k < c; ++k, ++at) {
              const int64_t y = m.factor * i + a, z = m.factor * j + b;
              want[at] = y < height && z < width ? x[((n * height + y) * width + z) * c + k] : 0;
            }
  return want;
}

TEST(ConvPhases, AreThePixelsOfAGridEach) {
  for (const Images& m : kImages)
    for (DType type : kTypes) {
      Buffer x(cases::uniform(m.shape, -1, 1), type, m.pitch);
      const Array values = x.array(), want = phases_of(m, values);
      simt::for_each_schedule([&](const char*) {
        Buffer phases(m.phases(), type, m.pitch), back(m.shape, type, m.pitch);
        kernels::conv::to_phases({}, x.view(), m.factor, m.height, m.width, phases.view().data);
        EXPECT_EQ(phases.array().v, want.v) << m.shape << " of " << type << " by " << m.factor;
        EXPECT_TRUE(phases.padding_is_zero() && phases.guards_intact()) << m.shape << " of " << type;
        kernels::conv::from_phases({}, phases.view().data, m.factor, m.height, m.width, back.view());
        EXPECT_EQ(back.array().v, values.v) << m.shape << " of " << type << " by " << m.factor;
        EXPECT_TRUE(back.padding_is_zero() && back.guards_intact()) << m.shape << " of " << type;
      });
    }
}

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
    kernels::conv::to_phases(cuda, x.view(), k.factor, g.h, g.w, at(x_phases));
    kernels::conv::to_phases(cuda, dy.view(), k.factor, g.p, g.q, at(dy_phases));

    Buffer y(ys, DType::f32), y_phases(ys_phased, DType::f32), y_back(ys, DType::f32);
    kernels::conv::forward(cpu, f, at(x), at(w), nullptr, at(y), false);
    kernels::conv::forward(cpu, g, at(x_phases), at(w), nullptr, at(y_phases), false);
    kernels::conv::from_phases(cuda, at(y_phases), k.factor, g.p, g.q, y_back.view());
    EXPECT_EQ(y_back.array().v, y.array().v) << k.h << 'x' << k.w << " rate " << k.dilation;

    Buffer dx(xs, DType::f32), dx_phases(xs_phased, DType::f32), dx_back(xs, DType::f32);
    kernels::conv::input_gradient(cpu, f, at(dy), at(w), nullptr, at(dx), false);
    kernels::conv::input_gradient(cpu, g, at(dy_phases), at(w), nullptr, at(dx_phases), false);
    kernels::conv::from_phases(cuda, at(dx_phases), k.factor, g.h, g.w, dx_back.view());
    EXPECT_EQ(dx_back.array().v, dx.array().v) << k.h << 'x' << k.w << " rate " << k.dilation;

    Buffer dw(ws, DType::f32), dw_phases(ws, DType::f32);
    kernels::conv::filter_gradient(cpu, f, at(x), at(dy), at(dw), false);
    kernels::conv::filter_gradient(cpu, g, at(x_phases), at(dy_phases), at(dw_phases), false);
    EXPECT_EQ(dw_phases.array().v, dw.array().v) << k.h << 'x' << k.w << " rate " << k.dilation;
  }
}

TEST(ConvPhases, Refusals) {
  Buffer x(Shape{1, 6, 8, 4}, DType::f32), phases(Shape{4, 3, 4, 4}, DType::f32), labels(Shape{1, 6, 8, 4}, DType::u8);
  EXPECT_THROW(kernels::conv::to_phases({}, x.view(), 2, 2, 4, phases.view().data), Error);
  EXPECT_THROW(kernels::conv::from_phases({}, phases.view().data, 2, 3, 3, x.view()), Error);
  EXPECT_THROW(kernels::conv::to_phases({}, labels.view(), 2, 3, 4, phases.view().data), Error);
}

}  // namespace
}  // namespace segue
