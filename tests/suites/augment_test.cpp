// One sample: where it is cut, what is changed, and that image and label stay together.
#include "data/augment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <set>

#include "tests/memory_set.h"

namespace segue::data {
namespace {

constexpr RandomKey kKey{21, 7};

/// A sample and the memory it lies in.
struct Sample {
  SamplePlan plan;
  Image image, label;
};

class Maker {
 public:
  explicit Maker(const AugmentOptions& o) : options_(o), augmenter_(o) {}
  Sample make(const Image& image, const Image& label, int64_t n, int rare_class = -1) {
    Sample s{{}, Image(options_.height, options_.width, 3), Image(options_.height, options_.width, 1)};
    std::fill(s.image.px.begin(), s.image.px.end(), uint8_t(77));  // as a batch before may have left it
    std::fill(s.label.px.begin(), s.label.px.end(), uint8_t(77));
    const Example e{.image = image.view(), .label = label.view(), .table = label.empty() ? nullptr : &memory_table()};
    s.plan = augmenter_.make(e, kKey, n, rare_class, s.image.px.data(), s.label.px.data());
    return s;
  }

 private:
  AugmentOptions options_;
  Augmenter augmenter_;
};

AugmentOptions sized(int64_t height, int64_t width) {
  AugmentOptions o;
  o.height = height, o.width = width;
  return o;
}

Image filled(int64_t height, int64_t width, int64_t channels, const std::function<int(int64_t, int64_t, int64_t)>& f) {
  Image image(height, width, channels);
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x)
      for (int64_t c = 0; c < channels; ++c) image.row(y)[x * channels + c] = uint8_t(f(y, x, c));
  return image;
}

/// Pixel (y,x) is (y, x, 0): a crop tells where it comes from.
Image place_image(int64_t height, int64_t width) {
  return filled(height, width, 3, [](int64_t y, int64_t x, int64_t c) { return int(c == 0 ? y : c == 1 ? x : 0); });
}
Image block_labels(int64_t height, int64_t width) {
  return filled(height, width, 1, [](int64_t y, int64_t x, int64_t) { return int(9 + (y / 3 + 2 * (x / 4)) % 7); });
}
Image noise(int64_t height, int64_t width) {
  return filled(height, width, 3, [](int64_t y, int64_t x, int64_t c) {
    return int(random_u32({5, 5}, 0, uint64_t((y * 1000 + x) * 3 + c)) >> 24);
  });
}

void expect_whole(const SamplePlan& p, int64_t height, int64_t width) {
  EXPECT_EQ(p.window.top, 0);
  EXPECT_EQ(p.window.left, 0);
  EXPECT_EQ(p.window.height, height);
  EXPECT_EQ(p.window.width, width);
}

TEST(Augment, WithoutOptionsIsACopyWithTrainIds) {
  const Image image = noise(30, 41), label = block_labels(30, 41);
  const Sample s = Maker(sized(30, 41)).make(image, label, 3);
  EXPECT_EQ(s.image.px, image.px);
  for (size_t i = 0; i < label.px.size(); ++i) ASSERT_EQ(s.label.px[i], memory_table()[label.px[i]]);
  expect_whole(s.plan, 30, 41);
  EXPECT_FALSE(s.plan.flip);
  EXPECT_EQ(s.plan.weight, 1.f);
  EXPECT_EQ(color_matrix(s.plan.color), color_matrix({}));
}

TEST(Augment, CropsImageAndLabelAtTheSameRandomPlace) {
  const Image image = place_image(60, 90), label = block_labels(60, 90);
  Maker maker(sized(24, 33));
  std::set<int> tops, lefts;
  for (int64_t n = 0; n < 2000; ++n) {
    const Sample s = maker.make(image, label, n);
    const int top = s.image.px[0], left = s.image.px[1];
    tops.insert(top), lefts.insert(left);
    for (int64_t y = 0; y < 24; ++y)
      for (int64_t x = 0; x < 33; ++x) {
        ASSERT_EQ(s.image.row(y)[3 * x], top + y);
        ASSERT_EQ(s.image.row(y)[3 * x + 1], left + x);
        ASSERT_EQ(s.label.row(y)[x], memory_table()[label.row(top + y)[left + x]]);
      }
  }
  EXPECT_EQ(tops.size(), 37u);  // every place, the last too
  EXPECT_EQ(lefts.size(), 58u);
}

// At any scale a crop is a part of the whole image at that scale, and its label lies under it.
TEST(Augment, ScalesImageAndLabelTogether) {
  const Image image = place_image(60, 90), label = filled(60, 90, 1, [](int64_t y, int64_t x, int64_t) {
                                             return y < 30 ? 10 + int(x >= 45) : 12 + int(x >= 45);
                                           });
  AugmentOptions o = sized(24, 33);
  o.least_scale = 0.5, o.most_scale = 2;
  Maker maker(o);
  double least = 9, most = 0;
  for (int64_t n = 0; n < 300; ++n) {
    const Sample s = maker.make(image, label, n);
    for (int64_t y = 2; y < 22; ++y)
      for (int64_t x = 2; x < 31; ++x) {
        // Red and green are the place in the source, less half a px, but for antialiasing and rounding.
        const int row = s.image.row(y)[3 * x], column = s.image.row(y)[3 * x + 1];
        if (std::abs(row - 29.5) < 1.5 || std::abs(column - 44.5) < 1.5 || row < 2 || row > 57) continue;
        ASSERT_EQ(s.label.row(y)[x], (row < 30 ? 0 : 2) + (column >= 45 ? 1 : 0)) << n << " " << y << "," << x;
      }
    const double scale = 20.0 / std::max(1, s.image.row(22)[3] - s.image.row(2)[3]);
    least = std::min(least, scale), most = std::max(most, scale);
  }
  EXPECT_LT(least, 0.58);
  EXPECT_GT(most, 1.8);
}

TEST(Augment, ResizesBeforeItScales) {
  const Image image = noise(60, 90), label = block_labels(60, 90);
  AugmentOptions o = sized(30, 30);
  o.resize_height = o.resize_width = 30;
  const Sample s = Maker(o).make(image, label, 0);
  EXPECT_EQ(s.image.px, resize_antialias(image.view(), 30, 30).px);
  const Image ids = resize_nearest(label.view(), 30, 30);
  for (size_t i = 0; i < ids.px.size(); ++i) ASSERT_EQ(s.label.px[i], memory_table()[ids.px[i]]);
}

// The device sees an image that is smaller than the sample in one of its corners, and nothing around it.
TEST(Augment, SmallImagesLieInACornerWithNothingAround) {
  const Image image = filled(20, 25, 3, [](int64_t y, int64_t x, int64_t) { return int(50 + y + x); }),
              label = block_labels(20, 25);
  std::set<std::pair<bool, bool>> corners;
  Maker maker(sized(24, 33));
  Context c({.threads = 1});
  BatchInput input(c, "input",
                   {.samples = 1, .height = 24, .width = 33, .input = {.mean = {0, 0, 0}, .std = {1, 1, 1}}});
  StoredBatch stored;
  stored.images = c.persistent({1, 24, 33, 3}, DType::u8, "images");
  stored.labels = c.persistent({1, 24, 33}, DType::u8, "labels");
  for (int64_t n = 0; n < 40; ++n) {
    const Sample s = maker.make(image, label, n);
    std::copy(s.image.px.begin(), s.image.px.end(), stored.images.view().as<uint8_t>());
    std::copy(s.label.px.begin(), s.label.px.end(), stored.labels.view().as<uint8_t>());
    input.plan(0, s.plan);
    c.begin_step(uint64_t(n));
    {
      const InputBatch b = input.make(stored);
      const auto x = to_host(b.x), w = to_host(b.weights);
      const auto* l = b.labels.view().as<uint8_t>();
      const bool below = w[0] == 0 && w[32] == 0, right = w[0] == 0 && w[23 * 33] == 0;
      corners.insert({below, right});
      const int64_t top = below ? 4 : 0, left = right ? 8 : 0;
      for (int64_t y = 0; y < 24; ++y)
        for (int64_t q = 0; q < 33; ++q) {
          const int64_t from_y = y - top, from_x = q - left, i = y * 33 + q;
          const bool inside = from_y >= 0 && from_y < 20 && from_x >= 0 && from_x < 25;
          ASSERT_EQ(w[size_t(i)], inside ? 1.f : 0.f) << n << " " << y << "," << q;
          ASSERT_EQ(l[i], inside ? memory_table()[label.row(from_y)[from_x]] : kIgnore);
          ASSERT_NEAR(x[size_t(3 * i)], inside ? double(image.row(from_y)[3 * from_x]) / 255 : 0, 1e-6);
        }
    }
    c.end_step();
  }
  if (corners.size() < 4) ADD_FAILURE() << corners.size() << " corners";
}

double top_share(const Image& label) {
  int64_t counts[256] = {}, all = 0;
  for (const uint8_t v : label.px)
    if (v != kIgnore) ++counts[v], ++all;
  return all ? double(*std::max_element(counts, counts + 255)) / double(all) : 1;
}

TEST(Augment, KeepsOneClassBelowItsCapWherePossible) {
  // Class 0 left, class 1 right, ignored px below: half of all crops hold one class alone.
  const Image image = place_image(60, 120),
              label =
                  filled(60, 120, 1, [](int64_t y, int64_t x, int64_t) { return y >= 50 ? 99 : 10 + int(x >= 60); });
  AugmentOptions o = sized(30, 40);
  Maker free(o);
  o.max_share = 0.75;
  Maker capped(o);
  int64_t over = 0, changed = 0;
  for (int64_t n = 0; n < 500; ++n) {
    const Sample a = free.make(image, label, n), b = capped.make(image, label, n);
    over += top_share(a.label) > 0.75;
    EXPECT_LE(top_share(b.label), top_share(a.label));
    if (top_share(a.label) <= 0.75) {
      EXPECT_EQ(a.image.px, b.image.px);  // a first try that does is kept
    }
    changed += top_share(b.label) > 0.75;
    const int top = b.image.px[0], left = b.image.px[1];  // image and label come from the same try
    for (int64_t y = 0; y < 30; ++y)
      for (int64_t x = 0; x < 40; ++x) ASSERT_EQ(b.label.row(y)[x], memory_table()[label.row(top + y)[left + x]]);
  }
  EXPECT_GT(over, 250);
  EXPECT_LT(changed, 60);  // ten tries of which one in four does fail 0.75^10 = 6 % of the time

  const Image one = filled(60, 120, 1, [](int64_t, int64_t, int64_t) { return 10; });
  EXPECT_EQ(top_share(capped.make(image, one, 0).label), 1);  // not possible: taken as it is
  const Image none = filled(60, 120, 1, [](int64_t, int64_t, int64_t) { return 99; });
  EXPECT_EQ(capped.make(image, none, 0).label.px, std::vector<uint8_t>(30 * 40, kIgnore));
}

TEST(Augment, LooksForTheClassThatASampleWasDrawnFor) {
  const Image image = place_image(60, 120), label = filled(60, 120, 1, [](int64_t y, int64_t x, int64_t) {
                                              return y >= 20 && y < 26 && x >= 30 && x < 36 ? 13 : 10;
                                            });
  AugmentOptions o = sized(30, 40);
  o.rare_least_share = 0.004;  // of 7200 px: 28.8
  Maker maker(o);
  int64_t without = 0, with = 0;
  for (int64_t n = 0; n < 400; ++n) {
    const auto enough = [](const Image& l) { return std::count(l.px.begin(), l.px.end(), 3) >= 29; };
    without += enough(maker.make(image, label, n).label);
    with += enough(maker.make(image, label, n, 3).label);
  }
  EXPECT_LT(without, 150);  // 22/31 of the tops, 32/81 of the lefts: 0.28
  EXPECT_GT(with, 370);     // 1 - 0.72^10 = 0.963
}

TEST(Augment, OptionsDoNotDisturbEachOther) {
  const Image image = noise(60, 90), label = block_labels(60, 90);
  AugmentOptions plain = sized(24, 33), full = plain;
  plain.least_scale = full.least_scale = 0.7, plain.most_scale = full.most_scale = 1.5;
  full.flip = true, full.jitter = 0.5, full.hue = 0.2, full.grey = 0.5, full.cutout = 0;
  Maker a(plain), b(full);
  for (int64_t n = 0; n < 50; ++n) {
    const Sample s = a.make(image, label, n), t = b.make(image, label, n);
    EXPECT_EQ(s.image.px, t.image.px);
    EXPECT_EQ(s.label.px, t.label.px);
  }
}

TEST(Augment, ColoursAndFlipsAreDrawnFromTheirRanges) {
  const Image image = noise(24, 33), label = block_labels(24, 33);
  AugmentOptions o = sized(24, 33);
  o.flip = true, o.jitter = 0.4, o.hue = 0.1, o.grey = 0.2;
  Maker maker(o);
  constexpr int64_t kCount = 4000;
  int64_t flips = 0, greys = 0;
  double low[4] = {9, 9, 9, 9}, high[4] = {-9, -9, -9, -9}, sum[4] = {};
  double luma = 0;
  for (int64_t y = 0; y < 24; y += 4)
    for (int64_t x = 0; x < 33; x += 4) {
      const uint8_t* p = image.row(y) + 3 * x;
      luma += (0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2]) / 255 / (6 * 9);
    }
  for (int64_t n = 0; n < kCount; ++n) {
    const SamplePlan p = maker.make(image, label, n).plan;
    flips += p.flip;
    EXPECT_NEAR(p.color.pivot, luma, 1e-9);
    const bool grey = p.color.saturation == 0 && p.color.hue == 0;
    greys += grey;
    const double values[4] = {p.color.brightness, p.color.contrast, grey ? 1 : p.color.saturation,
                              grey ? 0 : p.color.hue};
    for (size_t i = 0; i < 4; ++i)
      low[i] = std::min(low[i], values[i]), high[i] = std::max(high[i], values[i]), sum[i] += values[i];
  }
  EXPECT_NEAR(double(flips), kCount / 2.0, 5 * std::sqrt(kCount / 4.0));
  EXPECT_NEAR(double(greys), kCount * 0.2, 5 * std::sqrt(kCount * 0.16));
  for (size_t i = 0; i < 4; ++i) {
    const double middle = i < 3 ? 1 : 0, reach = i < 3 ? 0.4 : 0.1;
    EXPECT_GE(low[i], middle - reach);
    EXPECT_LE(high[i], middle + reach);
    EXPECT_LT(low[i], middle - 0.99 * reach);
    EXPECT_GT(high[i], middle + 0.99 * reach);
    EXPECT_NEAR(sum[i] / kCount, middle, reach * 0.05);
  }
}

TEST(Augment, BlursAShareOfTheSamples) {
  const Image image = noise(24, 33), label = block_labels(24, 33);
  AugmentOptions o = sized(24, 33);
  o.blur = 0.5;
  Maker maker(o);
  int64_t blurred = 0;
  // Blurred as Resizer::blur does it with some sigma in range, known from one pixel: sharper than at the
  // upper end, softer than at the lower.
  const auto roughness = [](const Image& i) {
    double sum = 0;
    for (int64_t y = 0; y < i.height; ++y)
      for (int64_t x = 1; x < i.width; ++x) sum += std::abs(i.row(y)[3 * x] - i.row(y)[3 * x - 3]);
    return sum;
  };
  Image most(24, 33, 3);
  Resizer().blur(image.view(), 1.15, most.px.data(), 33 * 3);
  double least = 1e9;
  for (int64_t n = 0; n < 400; ++n) {
    const Sample s = maker.make(image, label, n);
    if (s.image.px == image.px) continue;
    ++blurred;
    EXPECT_LT(roughness(s.image), roughness(image));
    EXPECT_GE(roughness(s.image), roughness(most));
    least = std::min(least, roughness(s.image));
    EXPECT_EQ(s.label.px, maker.make(image, label, n).label.px);
  }
  EXPECT_LT(least, 1.1 * roughness(most));
  EXPECT_NEAR(double(blurred), 200, 60);  // the smallest sigmas change nothing
}

TEST(Augment, CutsBoxesOut) {
  const Image image = noise(40, 60), label = filled(40, 60, 1, [](int64_t, int64_t, int64_t) { return 10; });
  AugmentOptions o = sized(40, 60);
  o.cutout = 0.5;
  o.fill[0] = 1, o.fill[1] = 2, o.fill[2] = 3;
  Maker maker(o);
  int64_t cut = 0;
  double least = 1, most = 0;
  for (int64_t n = 0; n < 400; ++n) {
    const Sample s = maker.make(image, label, n);
    int64_t top = 40, bottom = -1, left = 60, right = -1, px = 0;
    for (int64_t y = 0; y < 40; ++y)
      for (int64_t x = 0; x < 60; ++x) {
        const uint8_t *got = s.image.row(y) + 3 * x, *had = image.row(y) + 3 * x;
        if (s.label.row(y)[x] == kIgnore) {
          top = std::min(top, y), bottom = std::max(bottom, y), left = std::min(left, x), right = std::max(right, x);
          ++px;
          ASSERT_EQ(std::memcmp(got, o.fill, 3), 0);
        } else {
          ASSERT_EQ(std::memcmp(got, had, 3), 0);
        }
      }
    if (!px) continue;
    ++cut;
    EXPECT_EQ(px, (bottom - top + 1) * (right - left + 1));  // one whole box
    least = std::min(least, double(px) / 2400), most = std::max(most, double(px) / 2400);
  }
  EXPECT_NEAR(double(cut), 200, 50);
  EXPECT_LT(most, 0.43);
  EXPECT_GT(most, 0.35);
  EXPECT_LT(least, 0.05);
}

TEST(Augment, AnImageWithoutLabelIsIgnoredWhole) {
  AugmentOptions o = sized(24, 33);
  o.max_share = 0.5;
  const Sample s = Maker(o).make(noise(60, 90), {}, 0);
  EXPECT_EQ(s.label.px, std::vector<uint8_t>(24 * 33, kIgnore));
  EXPECT_NE(s.image.px, std::vector<uint8_t>(24 * 33 * 3, 77));
}

}  // namespace
}  // namespace segue::data
