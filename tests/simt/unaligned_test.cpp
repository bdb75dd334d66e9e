// What launchers do beyond their cases: addresses that allow no vector access, and rows of a table that are wrong.
#include <gtest/gtest.h>

#include <deque>

#include "kernels/adam.h"
#include "kernels/bce_logits.h"
#include "kernels/confusion.h"
#include "kernels/cutmix.h"
#include "kernels/kl_div.h"
#include "kernels/l1.h"
#include "kernels/label_norm.h"
#include "kernels/lsgan.h"
#include "kernels/pseudo_label.h"
#include "kernels/relu.h"
#include "kernels/sgd.h"
#include "kernels/softmax_entropy.h"
#include "kernels/softmax_xent.h"
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

/// The operands of a launch, all aligned or each one element further on.
class Operands {
 public:
  explicit Operands(bool aligned) : aligned_(aligned) {}

  View operator()(const cases::Array& values, DType dtype, int64_t pitch = 0) {
    const Shape& shape = values.shape;
    const int64_t lanes = pitch ? pitch : shape.channels(), elements = shape.pixels() * lanes;
    cases::Array all({elements + 1});
    for (int64_t i = 0; i < values.count(); ++i)
      all[i / shape.channels() * lanes + i % shape.channels() + offset()] = values[i];
    buffers_.emplace_back(all, dtype);
    return View(static_cast<char*>(buffers_.back().view().data) + offset() * size_of(dtype), shape, dtype, lanes);
  }
  /// What all operands hold after the launch.
  std::vector<std::vector<double>> contents() const {
    std::vector<std::vector<double>> all;
    for (const cases::Buffer& b : buffers_) {
      const std::vector<double> v = b.array().v;
      all.emplace_back(v.begin() + offset(), v.end() - 1 + offset());
    }
    return all;
  }

 private:
  int64_t offset() const { return aligned_ ? 0 : 1; }
  bool aligned_;
  std::deque<cases::Buffer> buffers_;
};

/// Runs launch(exec, operands) with both, and compares. `error` of values below 4: the order of sums may differ.
template <class F>
void expect_same_unaligned(F launch, double error = 0) {
  testing::HostScratch scratch;
  const CudaExec exec{.scratch = &scratch};
  Operands aligned(true), unaligned(false);
  launch(exec, aligned);
  launch(exec, unaligned);
  const auto want = aligned.contents(), got = unaligned.contents();
  ASSERT_EQ(got.size(), want.size());
  for (size_t k = 0; k < want.size(); ++k) {
    ASSERT_EQ(got[k].size(), want[k].size());
    for (size_t i = 0; i < want[k].size(); ++i) ASSERT_NEAR(got[k][i], want[k][i], error) << k << ", " << i;
  }
}

cases::Array ranges_of(const std::vector<double>& rows) {
  cases::Array a({int64_t(rows.size()) / 3, 3});
  a.v = rows;
  return a;
}

TEST(SimtUnaligned, Optimisers) {
  const auto number = [](double x) { return cases::constant({}, x); };
  const auto values = [](uint64_t salt) { return cases::uniform({9001}, 0.01, 1, salt); };
  for (DType t : {DType::bf16, DType::f16}) {
    expect_same_unaligned([&](const CudaExec& e, Operands& o) {
      kernels::sgd(e, o(values(1), DType::f32), o(values(2), DType::f32), o(values(3), DType::f32),
                   o(cases::constant({9001}, 0), t), o(ranges_of({1, 9000, 0}), DType::i64), o(number(0.1), DType::f32),
                   o(number(0.01), DType::f32), View(), View(), View(), {});
    });
    expect_same_unaligned([&](const CudaExec& e, Operands& o) {
      cases::Array corrections({2}, 0.5);
      kernels::adam(e, o(values(1), DType::f32), o(values(2), DType::f32), o(values(3), DType::f32),
                    o(values(4), DType::f32), o(cases::constant({9001}, 0), t), o(ranges_of({1, 9000, 0}), DType::i64),
                    o(number(0.1), DType::f32), o(number(0.01), DType::f32), o(corrections, DType::f32), View(), View(),
                    View(), {});
    });
  }
}

TEST(SimtUnaligned, Losses) {
  const cases::Array x = cases::uniform({40, 19}, -2, 2, 1), y = cases::uniform({40, 19}, -2, 2, 2);
  const cases::Array labels = cases::labels({40}, 19, 5), zero = cases::constant({}, 0);
  constexpr double kError = 1e-5;
  expect_same_unaligned(
      [&](const CudaExec& e, Operands& o) {
        const auto image = [&](const cases::Array& a) { return o(a, DType::f32, 24); };
        const auto blank = [&] { return image(cases::Array({40, 19})); };
        const auto scalar = [&](DType t) { return o(zero, t); };
        kernels::l1(e, image(x), image(y), scalar(DType::f32), blank());
        kernels::lsgan(e, image(x), 1, scalar(DType::f32), blank());
        kernels::bce_logits(e, image(x), 1, scalar(DType::f32), blank());
        kernels::kl_div(e, image(x), image(y), View(), scalar(DType::f32), blank());
        const View inv = scalar(DType::f32), status = scalar(DType::u32), truth = o(labels, DType::u8);
        kernels::label_norm(e, truth, View(), View(), inv, status, 19, {});
        kernels::softmax_xent(e, image(x), truth, View(), View(), inv, scalar(DType::f32), blank(), status, {});
        kernels::pseudo_label(e, image(x), o(cases::constant({19}, 0.3), DType::f32), o(cases::Array({40}), DType::u8),
                              o(cases::Array({40}), DType::f32), o(cases::Array({19, 5}), DType::u64));
      },
      kError);
}

TEST(SimtUnaligned, LabelNorm) {
  expect_same_unaligned([](const CudaExec& e, Operands& o) {
    kernels::label_norm(e, o(cases::labels({20001}, 19, 5), DType::u8), View(), View(),
                        o(cases::constant({}, 0), DType::f32), o(cases::constant({}, 0), DType::u32), 19, {});
  });
}

TEST(SimtUnaligned, Cutmix) {
  expect_same_unaligned([](const CudaExec& e, Operands& o) {
    const auto side = [&](uint64_t salt) {
      return kernels::MixSide{o(cases::uniform({2, 9, 13, 3}, -1, 1, salt), DType::bf16, 8),
                              o(cases::labels({2, 9, 13}, 19, 5, salt), DType::u8), View()};
    };
    cases::Array boxes({2, 4});
    boxes.v = {1, 2, 5, 7, 0, 0, 9, 3};
    kernels::cutmix(e, side(1), side(2), o(boxes, DType::i32), View(), o(cases::Array({2, 9, 13, 3}), DType::bf16, 8),
                    o(cases::Array({2, 9, 13}), DType::u8), o(cases::Array({2, 9, 13}), DType::f32),
                    o(cases::constant({}, 0), DType::u32), {});
  });
}

// The host cannot look at the table: what it must not hold is left out by the kernel.
TEST(SimtRanges, RowsThatAreWrongTouchNothing) {
  cases::Buffer w(cases::constant({50}, 1), DType::f32), g(cases::constant({50}, 1), DType::f32);
  cases::Buffer one(cases::constant({}, 1), DType::f32), zero(cases::constant({}, 0), DType::f32);
  cases::Buffer ranges(ranges_of({-9, 3, 0, 10, 12, 1, 20, 22, -1, 30, 28, 0, 45, 99, 0, 1000, 1001, 0}), DType::i64);
  kernels::sgd(CudaExec{}, w.view(), g.view(), View(), View(), ranges.view(), one.view(), zero.view(), View(), View(),
               View(), {.momentum = 0});
  EXPECT_TRUE(w.guards_intact());
  for (int64_t i = 0; i < 50; ++i) EXPECT_EQ(w.array()[i], i < 3 || i >= 45 ? 0 : 1) << i;
}

}  // namespace
}  // namespace segue
