// Colour matrices, CutMix boxes, and the way from stored images to a network's input.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>

#include "data/batch_input.h"
#include "data/class_table.h"
#include "data/color_jitter.h"
#include "data/cutmix_box.h"

namespace segue::data {
namespace {

std::array<double, 3> changed(const std::array<float, 12>& m, const std::array<double, 3>& c) {
  std::array<double, 3> out;
  for (size_t i = 0; i < 3; ++i)
    out[i] = double(m[4 * i]) * c[0] + double(m[4 * i + 1]) * c[1] + double(m[4 * i + 2]) * c[2] + double(m[4 * i + 3]);
  return out;
}

void expect_color(const std::array<double, 3>& got, const std::array<double, 3>& want) {
  for (size_t i = 0; i < 3; ++i) EXPECT_NEAR(got[i], want[i], 1e-6) << "channel " << i;
}

const std::array<double, 3> kOrange = {0.9, 0.5, 0.2};

TEST(ColorJitter, DefaultIsTheExactIdentity) {
  EXPECT_EQ(color_matrix({}), (std::array<float, 12>{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0}));
}

TEST(ColorJitter, EachStrengthDoesWhatItSays) {
  ColorJitter j;
  j.brightness = 0.5;
  expect_color(changed(color_matrix(j), kOrange), {0.45, 0.25, 0.1});
  j = {};
  j.contrast = 2;
  j.pivot = 0.4;
  expect_color(changed(color_matrix(j), kOrange), {1.4, 0.6, 0.0});
  j = {};
  j.saturation = 0;
  const double luma = 0.299 * 0.9 + 0.587 * 0.5 + 0.114 * 0.2;
  expect_color(changed(color_matrix(j), kOrange), {luma, luma, luma});
  j.saturation = 2;
  expect_color(changed(color_matrix(j), kOrange), {1.8 - luma, 1 - luma, 0.4 - luma});
}

TEST(ColorJitter, HueTurnsAboutGrey) {
  ColorJitter j;
  j.hue = 1.0 / 3;
  expect_color(changed(color_matrix(j), {1, 0, 0}), {0, 1, 0});
  expect_color(changed(color_matrix(j), kOrange), {0.2, 0.9, 0.5});
  j.hue = 0.1;
  expect_color(changed(color_matrix(j), {0.3, 0.3, 0.3}), {0.3, 0.3, 0.3});
  const auto turned = changed(color_matrix(j), kOrange);
  EXPECT_NEAR(turned[0] + turned[1] + turned[2], 1.6, 1e-6);
}

TEST(ColorJitter, OrderIsBrightnessContrastSaturationHue) {
  ColorJitter all;
  all.brightness = 1.3, all.contrast = 0.7, all.saturation = 1.4, all.hue = -0.05;
  ColorJitter one[4];
  one[0].brightness = 1.3, one[1].contrast = 0.7, one[2].saturation = 1.4, one[3].hue = -0.05;
  std::array<double, 3> c = kOrange;
  for (const ColorJitter& j : one) c = changed(color_matrix(j), c);
  expect_color(changed(color_matrix(all), kOrange), c);
}

TEST(CutmixBox, TakesItsShareAroundTheCentre) {
  const Window whole = cutmix_box(0, 100, 200, 0.5, 0.5), none = cutmix_box(1, 100, 200, 0.3, 0.7);
  EXPECT_EQ(whole.top + whole.left, 0);
  EXPECT_EQ(whole.height, 100);
  EXPECT_EQ(whole.width, 200);
  EXPECT_EQ(none.height * none.width, 0);
  const Window quarter = cutmix_box(0.75, 100, 200, 0.25, 0.5);  // centre at column 50, row 50
  EXPECT_EQ(quarter.top, 25);
  EXPECT_EQ(quarter.height, 50);
  EXPECT_EQ(quarter.left, 0);
  EXPECT_EQ(quarter.width, 100);
}

TEST(CutmixBox, IsCutOffAtTheBorder) {
  const Window upper = cutmix_box(0.75, 100, 200, 0, 0), lower = cutmix_box(0.75, 100, 200, 1, 1);
  EXPECT_EQ(upper.top, 0);
  EXPECT_EQ(upper.height, 25);
  EXPECT_EQ(upper.width, 50);
  EXPECT_EQ(lower.top, 75);
  EXPECT_EQ(lower.left, 150);
  EXPECT_EQ(lower.height, 25);
  EXPECT_EQ(lower.width, 50);
}

TEST(CutmixBox, RefusesWhatIsNoShare) {
  EXPECT_THROW(cutmix_box(-0.1, 10, 10, 0, 0), Error);
  EXPECT_THROW(cutmix_box(1.1, 10, 10, 0, 0), Error);
  EXPECT_THROW(cutmix_box(std::nan(""), 10, 10, 0, 0), Error);
  EXPECT_THROW(cutmix_box(0.5, 10, 10, 1.5, 0), Error);
  EXPECT_THROW(cutmix_box(0.5, 10, 10, 0, std::nan("")), Error);
  EXPECT_THROW(cutmix_box(0.5, 0, 10, 0, 0), Error);
}

TEST(CutmixBox, RandomBoxesStayInsideAndDependOnTheirKeyAlone) {
  std::set<std::array<int64_t, 4>> seen;
  for (int64_t i = 0; i < 1000; ++i) {
    const Window w = random_cutmix_box({7, 1}, 3, i, 31, 67), again = random_cutmix_box({7, 1}, 3, i, 31, 67);
    EXPECT_GE(w.top, 0);
    EXPECT_GE(w.left, 0);
    EXPECT_LE(w.top + w.height, 31);
    EXPECT_LE(w.left + w.width, 67);
    EXPECT_EQ(w.top, again.top);
    EXPECT_EQ(w.width, again.width);
    seen.insert({w.top, w.left, w.height, w.width});
  }
  EXPECT_GT(seen.size(), 900u);
  const Window a = random_cutmix_box({7, 1}, 3, 0, 1000, 1000), b = random_cutmix_box({7, 1}, 4, 0, 1000, 1000);
  EXPECT_FALSE(a.top == b.top && a.left == b.left && a.height == b.height);
}

const LabelTable& kTrainIds = cityscapes_classes().to_train("cityscapes");

class BatchInputTest : public ::testing::Test {
 protected:
  static constexpr int64_t kRows = 4, kColumns = 6;

  /// Pixel (y,x) of sample n is (10y + base, 10x, n), its label an id of the label files.
  StoredBatch stored(int64_t n, int base) {
    StoredBatch b;
    b.images = c.persistent({n, kRows, kColumns, 3}, DType::u8, "images");
    b.labels = c.persistent({n, kRows, kColumns}, DType::u8, "labels");
    b.lut = upload_table(c, kTrainIds);
    auto* p = b.images.view().as<uint8_t>();
    auto* l = b.labels.view().as<uint8_t>();
    for (int64_t i = 0; i < n * kRows * kColumns; ++i) {
      const int64_t y = i / kColumns % kRows, x = i % kColumns;
      p[3 * i] = uint8_t(10 * y + base);
      p[3 * i + 1] = uint8_t(10 * x);
      p[3 * i + 2] = uint8_t(i / (kRows * kColumns));
      l[i] = uint8_t(x + 6 + base);
    }
    return b;
  }
  static float normal(double v, int channel) {
    const kernels::ImageInOptions o;
    return float((v / 255 - double(o.mean[channel])) / double(o.std[channel]));
  }
  Context c;
};

TEST_F(BatchInputTest, CropsFlipsMapsAndNormalises) {
  const StoredBatch base = stored(2, 0);
  BatchInput input(c, "train", {.samples = 2, .height = 2, .width = 3});
  input.plan(0, {.window = {1, 2, 2, 3}, .flip = false, .color = {}, .weight = 0.5f, .box = {}});
  input.plan(1, {.window = {0, 0, 4, 6}, .flip = true, .color = {}, .weight = 1, .box = {}});
  c.begin_step(0);
  {
    const InputBatch batch = input.make(base);
    const auto x = to_host(batch.x), w = to_host(batch.weights);
    const auto* l = batch.labels.view().as<uint8_t>();
    for (int64_t y = 0; y < 2; ++y)
      for (int64_t q = 0; q < 3; ++q) {
        const size_t first = size_t(y * 3 + q), second = first + 6;
        EXPECT_NEAR(x[3 * first], normal(double(10 * (y + 1)), 0), 1e-6);
        EXPECT_NEAR(x[3 * first + 1], normal(double(10 * (q + 2)), 1), 1e-6);
        EXPECT_EQ(l[first], kTrainIds[size_t(q + 2 + 6)]);
        EXPECT_EQ(w[first], 0.5f);
        // Halved: the mean of 2x2 px, from right to left.
        EXPECT_NEAR(x[3 * second], normal(double(20 * y) + 5, 0), 1e-6);
        EXPECT_NEAR(x[3 * second + 1], normal(double(20 * (2 - q)) + 5, 1), 1e-6);
        EXPECT_NEAR(x[3 * second + 2], normal(1, 2), 1e-6);
        EXPECT_EQ(l[second], kTrainIds[size_t(2 * (2 - q) + 1 + 6)]);
        EXPECT_EQ(w[second], 1.f);
      }
  }
  c.end_step();
}

TEST_F(BatchInputTest, NewPlansCountFromTheNextStepOn) {
  const StoredBatch base = stored(1, 0);
  BatchInput input(c, "train", {.samples = 1, .height = 1, .width = 1});
  input.plan(0, {.window = {0, 0, 1, 1}, .flip = false, .color = {}, .weight = 1, .box = {}});
  c.begin_step(0);
  input.plan(0, {.window = {3, 5, 1, 1}, .flip = false, .color = {}, .weight = 1, .box = {}});
  EXPECT_NEAR(to_host(input.make(base).x)[1], normal(0, 1), 1e-6);
  c.begin_step(1);
  EXPECT_NEAR(to_host(input.make(base).x)[1], normal(50, 1), 1e-6);
}

TEST_F(BatchInputTest, PastesTheOtherBatchInsideTheBox) {
  const StoredBatch base = stored(1, 0), paste = stored(1, 100);
  BatchInput input(c, "mix", {.samples = 1, .height = 4, .width = 6, .cutmix = true});
  ColorJitter dark;
  dark.brightness = 0;
  input.plan(0, {.window = {0, 0, 4, 6}, .flip = false, .color = {}, .weight = 1, .box = {1, 2, 2, 3}});
  input.plan_paste(0, {.window = {0, 0, 4, 6}, .flip = false, .color = dark, .weight = 3, .box = {}});
  c.begin_step(0);
  const InputBatch batch = input.make(base, paste);
  const auto x = to_host(batch.x), w = to_host(batch.weights);
  for (int64_t y = 0; y < 4; ++y)
    for (int64_t q = 0; q < 6; ++q) {
      const size_t i = size_t(y * 6 + q);
      const bool inside = y >= 1 && y < 3 && q >= 2 && q < 5;
      EXPECT_NEAR(x[3 * i + 1], normal(inside ? 0 : double(10 * q), 1), 1e-6);
      EXPECT_EQ(w[i], inside ? 3.f : 1.f);
      EXPECT_EQ(batch.labels.view().as<uint8_t>()[i], inside ? 255 : kTrainIds[size_t(q + 6)]);
    }
}

TEST_F(BatchInputTest, UnlabelledImagesGetNoLabels) {
  StoredBatch base = stored(1, 0);
  base.labels = base.lut = Tensor();
  BatchInput input(c, "plain", {.samples = 1, .height = 4, .width = 6});
  input.plan(0, {.window = {0, 0, 4, 6}, .flip = false, .color = {}, .weight = 1, .box = {}});
  c.begin_step(0);
  const InputBatch batch = input.make(base);
  for (int64_t i = 0; i < 24; ++i) EXPECT_EQ(batch.labels.view().as<uint8_t>()[i], 255);
}

TEST_F(BatchInputTest, RefusesWhatDoesNotFit) {
  const StoredBatch base = stored(1, 0);
  const SamplePlan plan{.window = {0, 0, 4, 6}, .flip = false, .color = {}, .weight = 1, .box = {}};
  EXPECT_THROW(BatchInput(c, "a", {.samples = 0, .height = 1, .width = 1}), Error);
  EXPECT_THROW(BatchInput(c, "b", {.samples = 1, .height = 1, .width = 0}), Error);
  BatchInput input(c, "c", {.samples = 1, .height = 4, .width = 6}),
      two(c, "d", {.samples = 2, .height = 4, .width = 6});
  EXPECT_THROW(input.plan(1, plan), Error);
  EXPECT_THROW(input.plan(-1, plan), Error);
  EXPECT_THROW(input.plan(0, SamplePlan{}), Error);  // a window without px
  EXPECT_THROW(input.plan_paste(0, plan), Error);
  EXPECT_THROW(input.make(base, base), Error);
  EXPECT_THROW(two.make(base), Error);
  BatchInput mix(c, "e", {.samples = 1, .height = 4, .width = 6, .cutmix = true});
  EXPECT_THROW(mix.make(base), Error);
}

}  // namespace
}  // namespace segue::data
