// Packing of filters for cuDNN and back, and biases as images, against plain loops.
#include "kernels/filter_layout.h"

#include <gtest/gtest.h>

#include "simt.h"
#include "tests/check_case.h"

namespace segue {
namespace {

using cases::Array;
using cases::Buffer;

struct Filters {
  int64_t k, r, s, c, padded_k, padded_c;
  Shape shape() const { return {k, r, s, c}; }
  Shape padded() const { return {padded_k, r, s, padded_c}; }
};

const Filters kFilters[] = {{1, 1, 1, 1, 1, 1},   {1, 4, 4, 48, 8, 48},  {19, 1, 1, 256, 24, 256},
                            {64, 7, 7, 3, 64, 8}, {3, 3, 3, 19, 8, 24},  {33, 3, 2, 40, 40, 40},
                            {5, 3, 3, 9, 7, 11},  {16, 3, 3, 16, 16, 16}};
const DType kTypes[] = {DType::f32, DType::bf16, DType::f16};

/// The same under every schedule, and nothing written outside.
template <class F>
void expect_everywhere(F run) {
  simt::for_each_schedule([&](const char*) { run(); });
}

TEST(FilterLayout, PackIsACopyWithZeros) {
  for (const Filters& f : kFilters)
    for (DType type : kTypes) {
      Buffer w(cases::uniform(f.shape(), -1, 1), type);
      Array want(f.padded());
      const Array values = w.array();
      for (int64_t k = 0; k < f.k; ++k)
        for (int64_t t = 0; t < f.r * f.s; ++t)
          for (int64_t c = 0; c < f.c; ++c)
            want[(k * f.r * f.s + t) * f.padded_c + c] = values[(k * f.r * f.s + t) * f.c + c];
      expect_everywhere([&] {
        Buffer packed(f.padded(), type);
        kernels::conv::pack_filter({}, w.view(), f.padded_k, f.padded_c, packed.view().data);
        EXPECT_EQ(packed.array().v, want.v) << f.shape() << " of " << type << " in " << f.padded();
        EXPECT_TRUE(packed.guards_intact());
      });
    }
}

TEST(FilterLayout, GradientComesBackWithoutPadding) {
  for (const Filters& f : kFilters)
    for (DType type : kTypes)
      for (bool accumulate : {false, true}) {
        Buffer packed(cases::uniform(f.padded(), -1, 1), type);
        const Array values = packed.array(), before = cases::uniform(f.shape(), -1, 1, 2);
        Array want(f.shape());
        for (int64_t row = 0; row < f.k * f.r * f.s; ++row)
          for (int64_t c = 0; c < f.c; ++c)
            want[row * f.c + c] =
                float((accumulate ? float(before[row * f.c + c]) : 0.f) + float(values[row * f.padded_c + c]));
        expect_everywhere([&] {
          Buffer dw = accumulate ? Buffer(before, DType::f32) : Buffer(f.shape(), DType::f32);
          kernels::conv::unpack_filter_gradient({}, packed.view().data, type, f.padded_c, dw.view(), accumulate);
          EXPECT_EQ(dw.array().v, want.v) << f.shape() << " of " << type << " in " << f.padded();
          EXPECT_TRUE(dw.guards_intact());
        });
      }
}

TEST(FilterLayout, GradientAtOddAddresses) {
  const Filters f{4, 3, 3, 16, 4, 16};
  Buffer packed(cases::uniform(f.padded(), -1, 1), DType::bf16), memory(Shape{f.shape().count() + 1}, DType::f32);
  const View dw(static_cast<float*>(memory.view().data) + 1, f.shape(), DType::f32);
  kernels::conv::unpack_filter_gradient({}, packed.view().data, DType::bf16, f.padded_c, dw, false);
  const Array got = memory.array(), want = packed.array();
  for (int64_t i = 0; i < want.count(); ++i) EXPECT_EQ(got[i + 1], want[i]) << i;
}

TEST(FilterLayout, SpreadBiasFillsEveryPixel) {
  struct Image {
    Shape shape;
    int64_t pitch;
  };
  for (const Image& image : {Image{{1, 19}, 24}, Image{{2, 17, 33, 3}, 8}, Image{{2, 9, 7, 64}, 64},
                             Image{{1, 5, 5, 1}, 1}, Image{{1, 33, 1, 48}, 49}})
    for (DType type : kTypes) {
      Buffer bias(cases::uniform({image.shape.channels()}, -1, 1), DType::f32);
      const Array rounded = Buffer(bias.array(), type).array();
      expect_everywhere([&] {
        Buffer y(image.shape, type, image.pitch);
        kernels::conv::spread_bias({}, bias.view(), y.view());
        const Array got = y.array();
        for (int64_t i = 0; i < got.count(); ++i) ASSERT_EQ(got[i], rounded[i % rounded.count()]) << image.shape << i;
        EXPECT_TRUE(y.padding_is_zero());
        EXPECT_TRUE(y.guards_intact());
      });
    }
}

TEST(FilterLayout, Refusals) {
  Buffer w(Shape{4, 1, 1, 4}, DType::f32), packed(Shape{8, 1, 1, 8}, DType::f32), bias(Shape{3}, DType::f32);
  EXPECT_THROW(kernels::conv::pack_filter({}, w.view(), 3, 8, packed.view().data), Error);
  EXPECT_THROW(kernels::conv::pack_filter({}, w.view(), 8, 3, packed.view().data), Error);
  EXPECT_THROW(kernels::conv::unpack_filter_gradient({}, packed.view().data, DType::f32, 3, w.view(), false), Error);
  EXPECT_THROW(kernels::conv::unpack_filter_gradient({}, packed.view().data, DType::u8, 8, w.view(), false), Error);
  EXPECT_THROW(kernels::conv::spread_bias({}, bias.view(), w.view()), Error);
}

}  // namespace
}  // namespace segue
