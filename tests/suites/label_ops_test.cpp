// What the cases of the label and data kernels cannot say: source positions, agreement of two ops, wrong operands.
#include <gtest/gtest.h>

#include <cmath>

#include "kernels/bilinear_tap.h"
#include "kernels/cutmix.h"
#include "kernels/image_in.h"
#include "kernels/image_pool.h"
#include "kernels/pseudo_label.h"
#include "kernels/upsample_confusion.h"
#include "kernels/upsample_pseudo_label.h"
#include "kernels/upsample_rows.h"
#include "runtime/context.h"

namespace segue {
namespace {

TEST(BilinearTap, IsTheRoundedFractionForEverySize) {
  for (bool corners : {false, true})
    for (int64_t in = 1; in <= 40; ++in)
      for (int64_t out = 1; out <= 40; ++out)
        for (int64_t to = 0; to < out; ++to) {
          double at = std::max((double(to) + 0.5) * double(in) / double(out) - 0.5, 0.0);
          if (corners) at = out > 1 ? double(to) * double(in - 1) / double(out - 1) : 0;
          const kernels::BilinearTap t = kernels::bilinear_tap(to, in, out, corners);
          ASSERT_NEAR(double(t.low) + double(t.weight), at, 1e-6) << to << " of " << in << " -> " << out;
          ASSERT_GE(t.weight, 0.f);
          ASSERT_LT(t.weight, 1.f);
          ASSERT_GE(t.low, 0);
          ASSERT_LT(t.low, in);
          ASSERT_EQ(t.high, std::min(t.low + 1, in - 1));
          const int64_t nearest = kernels::nearest_tap(to, in, out);
          ASSERT_LE(std::abs(double(nearest) + 0.5 - (double(to) + 0.5) * double(in) / double(out)), 0.5);
          ASSERT_LT(nearest, in);
        }
}

TEST(BilinearTap, WeightsOfFourTimesAreExact) {
  const float weights[4] = {0.625f, 0.875f, 0.125f, 0.375f};
  for (int64_t to = 2; to < 4096; ++to) EXPECT_EQ(kernels::bilinear_tap(to, 1024, 4096).weight, weights[to % 4]);
}

class LabelOps : public ::testing::Test {
 protected:
  Tensor make(const Shape& shape, DType dtype = DType::f32) {
    Tensor t = c.empty(shape, dtype, "operand");
    std::memset(t.data(), 0, size_t(t.bytes()));
    return t;
  }
  Tensor random(const Shape& shape) {
    Tensor t = make(shape);
    for (int64_t i = 0; i < t.count(); ++i) t.view().as<float>()[i] = 8 * random_uniform({1, 1}, 0, uint64_t(i)) - 4;
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

TEST_F(LabelOps, AThresholdMetExactlyKeepsTheLabel) {
  // One pixel a class, so that each class's threshold can be the confidence that the kernel itself computes.
  const int64_t classes = 19;
  const Tensor z = random({classes, classes}), labels = make({classes}, DType::u8), confidence = make({classes});
  for (int64_t k = 0; k < classes; ++k) z.view().as<float>()[k * classes + k] = 5;
  const Tensor thresholds = make({classes});
  c.run(SEGUE_KERNEL(pseudo_label), z, thresholds, out(labels), out(confidence), View());
  from_host(thresholds, to_host(confidence));
  c.run(SEGUE_KERNEL(pseudo_label), z, thresholds, out(labels), View(), View());
  for (int64_t k = 0; k < classes; ++k) EXPECT_EQ(labels.view().as<uint8_t>()[k], k);
  for (int64_t k = 0; k < classes; ++k)
    thresholds.view().as<float>()[k] = std::nextafter(confidence.view().as<float>()[k], 2.f);
  c.run(SEGUE_KERNEL(pseudo_label), z, thresholds, out(labels), View(), View());
  for (int64_t k = 0; k < classes; ++k) EXPECT_EQ(labels.view().as<uint8_t>()[k], 255);
}

TEST_F(LabelOps, FusedLabelsHaveTheBitsOfUpsamplingThenLabelling) {
  const int64_t classes = 19, height = 70, width = 301;
  const Tensor z = random({2, 11, 37, classes}), full = make({2, height, width, classes});
  std::vector<float> memory(size_t(kernels::UpsampleStrip::memory_floats(classes)));
  std::vector<float> strip(size_t(classes * kernels::kStripPixels));
  for (int64_t n = 0; n < 2; ++n)
    for (int64_t x = 0; x < width; x += kernels::kStripPixels) {
      kernels::UpsampleStrip up(11, 37, classes, height, width, memory.data());
      up.begin(z.view().as<float>() + n * 11 * 37 * classes, x);
      for (int64_t y = 0; y < height; ++y) {
        up.row(y, strip.data());
        for (int64_t i = 0; i < std::min(kernels::kStripPixels, width - x); ++i)
          for (int64_t k = 0; k < classes; ++k)
            full.view().as<float>()[((n * height + y) * width + x + i) * classes + k] =
                strip[size_t(k * kernels::kStripPixels + i)];
      }
    }
  const Tensor thresholds = make({classes});
  for (int64_t k = 0; k < classes; ++k) thresholds.view().as<float>()[k] = 0.3f;
  Tensor labels[2], confidence[2], histogram[2];
  for (int i = 0; i < 2; ++i) {
    labels[i] = make({2, height, width}, DType::u8);
    confidence[i] = make({2, height, width});
    histogram[i] = make({classes, 50}, DType::u64);
  }
  c.run(SEGUE_KERNEL(upsample_pseudo_label), z, thresholds, out(labels[0]), out(confidence[0]), out(histogram[0]));
  c.run(SEGUE_KERNEL(pseudo_label), full, thresholds, out(labels[1]), out(confidence[1]), out(histogram[1]));
  const auto same = [](const Tensor& a, const Tensor& b) {
    return !std::memcmp(a.data(), b.data(), size_t(a.bytes()));
  };
  EXPECT_TRUE(same(labels[0], labels[1]));
  EXPECT_TRUE(same(confidence[0], confidence[1]));
  EXPECT_TRUE(same(histogram[0], histogram[1]));
  uint64_t counted = 0;
  for (int64_t i = 0; i < histogram[0].count(); ++i) counted += histogram[0].view().as<uint64_t>()[i];
  EXPECT_EQ(counted, uint64_t(2 * height * width));
}

TEST_F(LabelOps, EmptyBatchesAreLeftAlone) {
  const Tensor matrix = make({3, 3}, DType::u64);
  c.run(SEGUE_KERNEL(upsample_confusion), make({0, 2, 2, 3}), make({0, 4, 4}, DType::u8), out(matrix), View(),
        c.status(), 255);
  c.run(SEGUE_KERNEL(pseudo_label), make({0, 3}), make({3}), out(make({0}, DType::u8)), View(), View());
  c.run(SEGUE_KERNEL(image_in), kernels::ImageSet{make({0, 2, 2, 3}, DType::u8).view(), {}, {}, make({0, 22}).view()},
        kernels::ImageSet{}, out(make({0, 4, 4, 3})), View(), View(), kernels::ImageInOptions{});
  c.check_status();
  for (int64_t i = 0; i < 9; ++i) EXPECT_EQ(matrix.view().as<uint64_t>()[i], 0u);
}

TEST_F(LabelOps, ABadLabelEndsTheRun) {
  const Tensor labels = make({1, 2, 2}, DType::u8), matrix = make({3, 3}, DType::u64);
  labels.view().as<uint8_t>()[2] = 3;
  c.run(SEGUE_KERNEL(upsample_confusion), make({1, 1, 1, 3}), labels, out(matrix), View(), c.status(), 255);
  EXPECT_THROW(c.check_status(), Error);
  EXPECT_EQ(matrix.view().as<uint64_t>()[0], 3u);
}

TEST_F(LabelOps, PseudoLabelWantsItsShapes) {
  const Tensor z = make({5, 3}), t = make({3}), l = make({5}, DType::u8);
  const auto run = [&](const Tensor& logits, const Tensor& thresholds, const Tensor& labels, const Tensor& confidence,
                       const Tensor& histogram) {
    c.run(SEGUE_KERNEL(pseudo_label), logits, thresholds, out(labels), out(confidence), out(histogram));
  };
  expect_error([&] { run(make({5}), t, l, {}, {}); }, "[pseudo_label] expects logits (P,C) or (N,H,W,C); got (5)");
  expect_error([&] { run(make({5, 3}, DType::f64), t, l, {}, {}); }, "[pseudo_label] expects logits of type f32");
  expect_error([&] { run(z, make({4}), l, {}, {}); }, "[pseudo_label] expects thresholds of shape (3); got (4)");
  expect_error([&] { run(z, t, make({4}, DType::u8), {}, {}); }, "[pseudo_label] expects labels of shape (5); got (4)");
  expect_error([&] { run(z, t, l, make({4}), {}); }, "[pseudo_label] expects confidence");
  expect_error([&] { run(z, t, l, {}, make({2, 3}, DType::u64)); }, "[pseudo_label] expects a histogram");
  expect_error([&] { run(z, t, l, {}, make({3, 4}, DType::u32)); }, "[pseudo_label] expects histogram of type u64");
  expect_error([&] { run(make({5, 256}), make({256}), l, {}, {}); }, "[pseudo_label] expects 1 to 255 classes");
}

TEST_F(LabelOps, UpsamplingOpsWantTheirShapes) {
  const Tensor z = make({2, 2, 3, 3}), l = make({2, 8, 12}, DType::u8), m = make({3, 3}, DType::u64);
  const auto confusion = [&](const Tensor& logits, const Tensor& labels, const Tensor& matrix,
                             const Tensor& predictions, int ignore) {
    c.run(SEGUE_KERNEL(upsample_confusion), logits, labels, out(matrix), out(predictions), c.status(), ignore);
  };
  expect_error([&] { confusion(make({2, 6, 3}), l, m, {}, 255); }, "[upsample_confusion] expects logits (N,h,w,C)");
  expect_error([&] { confusion(make({1, 2, 3, 3}), l, m, {}, 255); }, "[upsample_confusion] expects logits (N,h,w,C)");
  expect_error([&] { confusion(make({2, 0, 3, 3}), l, m, {}, 255); }, "[upsample_confusion] expects logits that are");
  expect_error([&] { confusion(z, l, make({3, 4}, DType::u64), {}, 255); }, "[upsample_confusion] expects matrix");
  expect_error(
      [&] {
        confusion(z, l, m, make({2, 8, 11}, DType::u8), 255);
      },
      "[upsample_confusion] expects predictions");
  expect_error([&] { confusion(z, l, m, {}, 256); }, "[upsample_confusion] expects ignore in -1 .. 255; got 256");
  expect_error(
      [&] {
        confusion(make({2, 2, 3, 257}), l, make({257, 257}, DType::u64), {}, 255);
      },
      "[upsample_confusion] expects 1 to 256 classes; got 257");
  expect_error([&] { c.run(SEGUE_KERNEL(upsample_pseudo_label), z, make({2}), out(l), View(), View()); },
               "[upsample_pseudo_label] expects thresholds of shape (3); got (2)");
}

TEST_F(LabelOps, CutmixWantsBoxesOrAMask) {
  const Tensor x = make({2, 3, 4, 3}), l = make({2, 3, 4}, DType::u8), y = make({2, 3, 4, 3});
  const kernels::MixSide side{x.view(), l.view(), {}};
  const Tensor boxes = make({2, 4}, DType::i32), mask = make({19}, DType::u8);
  const auto run = [&](const kernels::MixSide& a, const Tensor& b, const Tensor& m,
                       kernels::CutmixOptions options = {}) {
    c.run(SEGUE_KERNEL(cutmix), a, side, b, m, out(y), out(make({2, 3, 4}, DType::u8)), View(), c.status(), options);
  };
  expect_error([&] { run(side, {}, {}); }, "[cutmix] expects either boxes or a class mask; got none");
  expect_error([&] { run(side, boxes, mask); }, "[cutmix] expects either boxes or a class mask; got both");
  expect_error([&] { run(side, make({1, 4}, DType::i32), {}); }, "[cutmix] expects boxes of shape (2,4); got (1,4)");
  expect_error([&] { run(side, {}, make({3, 19}, DType::u8)); }, "[cutmix] expects a class mask (K) or (2,K)");
  expect_error([&] { run(side, {}, make({257}, DType::u8)); }, "[cutmix] expects a class mask (K) or (2,K)");
  expect_error([&] { run({make({2, 3, 4, 1}).view(), l.view(), {}}, boxes, {}); }, "[cutmix] expects side a");
  expect_error([&] { run(side, boxes, {}, {.classes = 300}); }, "[cutmix] expects 1 to 256 classes");
  expect_error([&] { run(side, boxes, {}, {.ignore = 256}); },
               "[cutmix] expects 1 to 256 classes and a label to ignore");
}

TEST_F(LabelOps, ImageInWantsItsShapes) {
  const Tensor images = make({2, 5, 7, 3}, DType::u8), plans = make({2, 22}), x = make({2, 4, 4, 3});
  const auto run = [&](const kernels::ImageSet& base, const kernels::ImageSet& paste, const Tensor& y,
                       const kernels::ImageInOptions& options = {}) {
    c.run(SEGUE_KERNEL(image_in), base, paste, out(y), View(), View(), options);
  };
  const kernels::ImageSet good{images.view(), {}, {}, plans.view()};
  kernels::ImageSet bad = good;
  expect_error([&] { run({}, {}, x); }, "[image_in] expects base");
  expect_error([&] { run(good, {}, make({2, 4, 4, 1})); }, "[image_in] expects x (N,H,W,3); got (2,4,4,1)");
  expect_error([&] { run(good, {}, make({1, 4, 4, 3})); }, "[image_in] expects images of base of shape (1,Hs,Ws,3)");
  bad.plans = make({2, 21}).view();
  expect_error([&] { run(bad, {}, x); }, "[image_in] expects plans of shape (2,22); got (2,21)");
  bad = good;
  bad.lut = make({19}, DType::u8).view();
  expect_error([&] { run(good, bad, x); }, "[image_in] expects lut of shape (256); got (19)");
  bad = good;
  bad.labels = make({2, 5, 6}, DType::u8).view();
  expect_error([&] { run(bad, {}, x); }, "[image_in] expects labels of shape (2,5,7); got (2,5,6)");
  kernels::ImageInOptions options;
  options.std[1] = 0;
  expect_error([&] { run(good, {}, x, options); }, "[image_in] expects std > 0; got 0");
  options = {};
  options.ignore = -1;
  expect_error([&] { run(good, {}, x, options); }, "[image_in] expects ignore in [0, 255]; got -1");
}

TEST_F(LabelOps, ImageInSurvivesAnyPlan) {
  const Tensor images = make({1, 5, 7, 3}, DType::u8), labels = make({1, 5, 7}, DType::u8), plans = make({1, 22});
  const Tensor x = make({1, 4, 6, 3}), y = make({1, 4, 6}, DType::u8), w = make({1, 4, 6});
  const kernels::ImageSet set{images.view(), labels.view(), {}, plans.view()};
  for (float v : {std::nanf(""), INFINITY, -INFINITY, 3e38f, -3e38f, 2.5f, -0.f})
    for (int64_t field = 0; field < 12; ++field) {
      for (int64_t i = 0; i < 22; ++i) plans.view().as<float>()[i] = field == i || field == 11 ? v : 3.f;
      c.run(SEGUE_KERNEL(image_in), set, set, out(x), out(y), out(w), kernels::ImageInOptions{});
      for (int64_t i = 0; i < y.count(); ++i) {
        const int label = y.view().as<uint8_t>()[i];
        ASSERT_TRUE(label == 0 || label == 255);
      }
    }
}

TEST_F(LabelOps, ImagePoolWantsItsShapes) {
  const Tensor fakes = make({1, 4, 4, 3}), shown = make({1, 4, 4, 3}), count = make({}, DType::u32);
  const auto run = [&](const Tensor& pool, const Tensor& s) {
    c.run(SEGUE_KERNEL(image_pool), fakes, out(pool), out(count), c.state().random_step(), out(s), RandomKey{});
  };
  expect_error([&] { run(make({50, 4, 5, 3}), shown); }, "[image_pool] expects a pool (S >= 1,4,4,3); got (50,4,5,3)");
  expect_error([&] { run(make({0, 4, 4, 3}), shown); }, "[image_pool] expects a pool (S >= 1,4,4,3); got (0,4,4,3)");
  expect_error([&] { run(make({5, 4, 4, 3}), make({2, 4, 4, 3})); }, "[image_pool] expects shown of shape (1,4,4,3)");
}

TEST_F(LabelOps, ImagePoolShowsHalfOldImagesFromAllPlaces) {
  const int64_t size = 50;
  const Tensor fake = make({1, 1, 1, 1}), pool = make({size, 1, 1, 1}), shown = make({1, 1, 1, 1});
  const Tensor count = make({}, DType::u32);
  int old = 0, places = 0;
  std::vector<bool> replaced(size_t(size), false);
  for (int step = 0; step < 2050; ++step) {
    c.begin_step(uint64_t(step));
    fake.view().as<float>()[0] = float(step);
    const auto before = to_host(pool);
    c.run(SEGUE_KERNEL(image_pool), fake, out(pool), out(count), c.state().random_step(), out(shown), RandomKey{3, 1});
    EXPECT_EQ(count.view().as<uint32_t>()[0], uint32_t(std::min(step + 1, 50)));
    if (step < 50) {
      EXPECT_EQ(to_host(shown)[0], float(step));
      continue;
    }
    old += to_host(shown)[0] != float(step);
    for (size_t i = 0; i < size_t(size); ++i)
      if (to_host(pool)[i] != before[i]) replaced[i] = true;
  }
  for (bool r : replaced) places += r;
  EXPECT_NEAR(old, 1000, 5 * std::sqrt(500.0));  // five standard deviations of 2000 fair decisions
  EXPECT_EQ(places, 50);
}

}  // namespace
}  // namespace segue
