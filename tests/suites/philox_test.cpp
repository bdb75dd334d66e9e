// Philox: published known answers; values as random as the program needs them; and independent of what names them.
#include "kernels/philox.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <set>
#include <tuple>
#include <vector>

#include "kernels/dropout.h"
#include "kernels/philox_batch.h"
#include "runtime/context.h"

namespace segue {
namespace {

using Words = std::array<uint32_t, 4>;

Words words(const Philox4& p) { return {p.v[0], p.v[1], p.v[2], p.v[3]}; }

// Random123 1.09, tests/kat_vectors, "philox4x32 10".
TEST(Philox, KnownAnswers) {
  EXPECT_EQ(words(philox4x32(0, 0, 0, 0, 0, 0)), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr uint32_t kOnes = 0xffffffff;
  EXPECT_EQ(words(philox4x32(kOnes, kOnes, kOnes, kOnes, kOnes, kOnes)),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(words(philox4x32(0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0)),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

// The layout of the counter is part of every checkpoint's promise that a run can be repeated.
TEST(Philox, KeyAndCounterLayout) {
  const RandomKey key{0x299f31d0a4093822u, 0x13198a2e};
  EXPECT_EQ(words(random_quad(key, 0x03707344, 0x85a308d3243f6a88u)),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, ElementsAreThoseOfTheirQuad) {
  const RandomKey key{17, 3};
  for (uint64_t i : {uint64_t(0), uint64_t(1), uint64_t(4097), (uint64_t(1) << 40) + 6}) {
    EXPECT_EQ(random_u32(key, 9, i), random_quad(key, 9, i / 4).v[i % 4]);
    EXPECT_EQ(random_uniform(key, 9, i), to_uniform(random_u32(key, 9, i)));
  }
}

TEST(Philox, ABatchIsItsQuads) {
  const RandomKey key{0xfedcba9876543210u, 0x89abcdef};
  // Across the borders of 32 bits too, in quads and in steps.
  for (uint64_t quad : {uint64_t(0), uint64_t(8), uint64_t(12345), (uint64_t(1) << 32) - 3, uint64_t(0x123456789a)})
    for (uint64_t step : {uint64_t(0), uint64_t(77), (uint64_t(1) << 32) + 5}) {
      uint32_t words[kRandomBatch];
      random_batch(key, step, quad, words);
      for (uint64_t i = 0; i < uint64_t(kRandomBatch); ++i) ASSERT_EQ(words[i], random_u32(key, step, 4 * quad + i));
    }
}

TEST(Philox, UniformIsBelowOneAndExact) {
  EXPECT_EQ(to_uniform(0), 0.f);
  EXPECT_EQ(to_uniform(255), 0.f);
  EXPECT_EQ(to_uniform(256), std::ldexp(1.f, -24));
  EXPECT_EQ(to_uniform(0x80000000u), 0.5f);
  EXPECT_LT(to_uniform(0xffffffffu), 1.f);
}

/// chi^2 of counts against equal expectation, in standard deviations of its distribution (large degrees of freedom).
double deviation(const std::vector<int64_t>& counts) {
  double n = 0, chi2 = 0;
  for (int64_t c : counts) n += double(c);
  const double expected = n / double(counts.size()), freedom = double(counts.size()) - 1;
  for (int64_t c : counts) chi2 += (double(c) - expected) * (double(c) - expected) / expected;
  return (chi2 - freedom) / std::sqrt(2 * freedom);
}

// Fixed seeds: the numbers are the same in every run, so five standard deviations is no matter of luck.
TEST(Philox, UniformOverItsRange) {
  constexpr int kBins = 1000;
  std::vector<int64_t> counts(kBins);
  double sum = 0, squares = 0;
  constexpr int64_t kValues = 1 << 20;
  for (int64_t i = 0; i < kValues; ++i) {
    const double u = random_uniform({7, 0}, 0, uint64_t(i));
    ++counts[size_t(u * kBins)];
    sum += u;
    squares += u * u;
  }
  EXPECT_LT(std::abs(deviation(counts)), 5);
  EXPECT_NEAR(sum / kValues, 0.5, 5 * std::sqrt(1.0 / 12 / kValues));
  EXPECT_NEAR(squares / kValues, 1.0 / 3, 5 * std::sqrt(4.0 / 45 / kValues));
}

/// Correlation between the values of two calls, in standard deviations.
template <class F, class G>
double correlation(F f, G g) {
  constexpr int64_t kValues = 1 << 18;
  double s = 0;
  for (int64_t i = 0; i < kValues; ++i) s += (f(uint64_t(i)) - 0.5) * (g(uint64_t(i)) - 0.5);
  return s / (std::sqrt(double(kValues)) / 12);
}

TEST(Philox, SeedStepCallAndElementAreIndependent) {
  const auto base = [](uint64_t i) { return double(random_uniform({1, 2}, 3, i)); };
  const auto seed = [](uint64_t i) { return double(random_uniform({2, 2}, 3, i)); };
  const auto high_seed = [](uint64_t i) { return double(random_uniform({1 + (uint64_t(1) << 32), 2}, 3, i)); };
  const auto call = [](uint64_t i) { return double(random_uniform({1, 3}, 3, i)); };
  const auto step = [](uint64_t i) { return double(random_uniform({1, 2}, 4, i)); };
  const auto next = [](uint64_t i) { return double(random_uniform({1, 2}, 3, i + 1)); };
  const auto far = [](uint64_t i) { return double(random_uniform({1, 2}, 3, i + (uint64_t(1) << 34))); };
  EXPECT_GT(correlation(base, base), 100);  // the measure sees what is there to see
  EXPECT_LT(std::abs(correlation(base, seed)), 5);
  EXPECT_LT(std::abs(correlation(base, high_seed)), 5);
  EXPECT_LT(std::abs(correlation(base, call)), 5);
  EXPECT_LT(std::abs(correlation(base, step)), 5);
  EXPECT_LT(std::abs(correlation(base, next)), 5);
  EXPECT_LT(std::abs(correlation(base, far)), 5);
}

TEST(Philox, NoTwoNamesShareAQuad) {
  std::set<Words> seen;
  size_t names = 0;
  for (uint64_t seed : {uint64_t(0), uint64_t(1), uint64_t(1) << 32})
    for (uint32_t call : {0u, 1u, 2u})
      for (uint64_t step : {uint64_t(0), uint64_t(1), uint64_t(2)})
        for (uint64_t quad : {uint64_t(0), uint64_t(1), uint64_t(2), uint64_t(1) << 32}) {
          seen.insert(words(random_quad({seed, call}, step, quad)));
          ++names;
        }
  EXPECT_EQ(seen.size(), names);
}

// A change of one bit of counter or key changes each bit of the result half of the time.
TEST(Philox, Avalanche) {
  int64_t flips = 0, bits = 0;
  for (uint32_t sample = 0; sample < 256; ++sample)
    for (int bit = 0; bit < 192; ++bit) {
      std::array<uint32_t, 6> in = {sample, 0, 0, 0, 0, 0};
      const Words a = words(philox4x32(in[0], in[1], in[2], in[3], in[4], in[5]));
      in[size_t(bit / 32)] ^= 1u << (bit % 32);
      const Words b = words(philox4x32(in[0], in[1], in[2], in[3], in[4], in[5]));
      for (size_t w = 0; w < 4; ++w) flips += std::popcount(a[w] ^ b[w]);
      bits += 128;
    }
  EXPECT_NEAR(double(flips) / double(bits), 0.5, 5 * 0.5 / std::sqrt(double(bits)));
}

// Dropout on top: the share that is kept, per rate and mode, and no value that is neither 0 nor enlarged.
TEST(Philox, DropoutKeepsItsShare) {
  Context c;
  c.begin_step(11);
  for (float rate : {0.1f, 0.5f, 0.75f})
    for (DropoutMode mode : {DropoutMode::element, DropoutMode::channel}) {
      const Shape shape = mode == DropoutMode::element ? Shape{4, 64, 64, 16} : Shape{512, 1, 2, 512};
      const Tensor x = c.empty(shape), y = c.empty(shape);
      from_host(x, std::vector<float>(size_t(shape.count()), 1.f));
      c.run(SEGUE_KERNEL(dropout), x, out(y), rate, mode, c.next_random(), c.state().random_step());
      const std::vector<float> values = to_host(y);
      const int64_t draws = mode == DropoutMode::element ? shape.count() : shape[0] * shape[3];
      const auto kept = std::count_if(values.begin(), values.end(), [](float v) { return v != 0; });
      EXPECT_EQ(std::count(values.begin(), values.end(), 1.f / (1.f - rate)), kept);
      const double share = double(kept) / double(values.size());
      EXPECT_NEAR(share, 1 - double(rate), 5 * std::sqrt(double(rate) * (1 - double(rate)) / double(draws)));
    }
}

}  // namespace
}  // namespace segue
