// What launchers do beyond their cases: addresses that allow no vector access, and operands that they refuse.
#include <gtest/gtest.h>

#include "kernels/confusion.h"
#include "kernels/relu.h"
#include "kernels/softmax_entropy.h"
#include "tests/check_case.h"

namespace segue {
namespace {

// Vector loads need 16-byte addresses; other addresses must give the same result by another way.
TEST(SimtUnaligned, Relu) {
  const cases::Array x = cases::uniform({1001}, -1, 1);
  cases::Buffer in(x, DType::f32), out(Shape{1001}, DType::f32);
  const Shape shape{1000};
  const View from(static_cast<float*>(in.view().data) + 1, shape, DType::f32);
  const View to(static_cast<float*>(out.view().data) + 1, shape, DType::f32);
  kernels::relu(CudaExec{}, from, to);
  for (int64_t i = 1; i < 1001; ++i) EXPECT_EQ(out.array()[i], std::max(x[i], 0.0)) << i;
}

TEST(SimtUnaligned, SoftmaxEntropy) {
  const cases::Array x = cases::uniform({770, 16}, -3, 3);
  cases::Buffer in(x, DType::f32), aligned(Shape{769}, DType::f32), unaligned(Shape{769}, DType::f32);
  const View from(static_cast<float*>(in.view().data) + 1, {769, 15}, DType::f32, 16);
  kernels::softmax_entropy(CudaExec{}, from, unaligned.view());
  cases::Array shifted({769, 15});
  for (int64_t i = 0; i < shifted.count(); ++i) shifted[i] = x[i / 15 * 16 + i % 15 + 1];
  cases::Buffer copy(shifted, DType::f32, 16);
  kernels::softmax_entropy(CudaExec{}, copy.view(), aligned.view());
  for (int64_t i = 0; i < 769; ++i) EXPECT_NEAR(unaligned.array()[i], aligned.array()[i], 1e-5) << i;
}

TEST(SimtUnaligned, Confusion) {
  const Shape shape{5000};
  cases::Buffer p(cases::labels({5001}, 19, 0, 1), DType::u8), t(cases::labels({5001}, 19, 7, 2), DType::u8);
  const auto counted = [&](int64_t offset, bool cpu) {
    cases::Buffer matrix(cases::constant({19, 19}, 0), DType::u64), status(cases::constant({}, 0), DType::u32);
    const View pv(static_cast<uint8_t*>(p.view().data) + offset, shape, DType::u8);
    const View tv(static_cast<uint8_t*>(t.view().data) + offset, shape, DType::u8);
    testing::HostScratch scratch;
    if (cpu)
      kernels::confusion(CpuExec{&scratch}, pv, tv, matrix.view(), status.view(), 255);
    else
      kernels::confusion(CudaExec{}, pv, tv, matrix.view(), status.view(), 255);
    return matrix.array().v;
  };
  EXPECT_EQ(counted(1, false), counted(1, true));
  EXPECT_EQ(counted(0, false), counted(0, true));
}

// What the launchers refuse.
TEST(SimtRefusals, ShapesTypesAndPitches) {
  cases::Buffer a(Shape{2, 19}, DType::f32, 24), b(Shape{2, 19}, DType::f32, 19), c(Shape{2, 18}, DType::f32, 24);
  cases::Buffer bytes(Shape{2, 19}, DType::u8, 24), bf16(Shape{2, 19}, DType::bf16, 24), map(Shape{2}, DType::f32);
  cases::Buffer wide(Shape{2, 257}, DType::f32);
  const CudaExec e{};
  EXPECT_THROW(kernels::relu(e, a.view(), b.view()), Error);
  EXPECT_THROW(kernels::relu(e, a.view(), c.view()), Error);
  EXPECT_THROW(kernels::relu(e, a.view(), bf16.view()), Error);
  EXPECT_THROW(kernels::relu(e, bytes.view(), bytes.view()), Error);
  EXPECT_THROW(kernels::softmax_entropy(e, a.view(), b.view()), Error);
  EXPECT_THROW(kernels::softmax_entropy(e, wide.view(), map.view()), Error);
  EXPECT_THROW(kernels::softmax_entropy_grad(e, a.view(), map.view(), b.view()), Error);
  EXPECT_THROW(kernels::softmax_information(e, a.view(), bf16.view()), Error);
  EXPECT_NO_THROW(kernels::relu(e, bf16.view(), bf16.view()));
}

}  // namespace
}  // namespace segue
