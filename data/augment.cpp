#include "augment.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "byte_counts.h"
#include "kernels/error.h"

namespace segue::data {
namespace {

constexpr int kTries = 10;  // at a crop that fits

/// The random values of a sample, each with a place of its own: what one option draws does not shift the others.
enum Place : uint64_t {
  kScale,
  kFlip,
  kBrightness,
  kContrast,
  kSaturation,
  kHue,
  kGrey,
  kBlur,
  kSigma,
  kCutout,
  kBoxArea,
  kBoxAspect,
  kBoxTop,
  kBoxLeft,
  kBelow,
  kRight,
  kCrops,  // two a try
  kPlaces = 64
};
static_assert(kCrops + 2 * kTries <= kPlaces);

class SampleRandom {
 public:
  SampleRandom(RandomKey key, int64_t n) : key_(key), first_(uint64_t(n) * kPlaces) {}
  double uniform(uint64_t place, double low = 0, double high = 1) const {
    return low + (high - low) * double(random_uniform(key_, 0, first_ + place));
  }
  bool chance(uint64_t place, double p) const { return uniform(place) < p; }
  /// Uniform in 0 .. most.
  int64_t whole(uint64_t place, int64_t most) const {
    return int64_t(uint64_t(random_u32(key_, 0, first_ + place)) * uint64_t(most + 1) >> 32);
  }

 private:
  RandomKey key_;
  uint64_t first_;
};

ColorJitter random_color(const AugmentOptions& o, const SampleRandom& random) {
  ColorJitter j;
  j.brightness = random.uniform(kBrightness, 1 - o.jitter, 1 + o.jitter);
  j.contrast = random.uniform(kContrast, 1 - o.jitter, 1 + o.jitter);
  j.saturation = random.uniform(kSaturation, 1 - o.jitter, 1 + o.jitter);
  j.hue = random.uniform(kHue, -o.hue, o.hue);
  if (random.chance(kGrey, o.grey)) j.saturation = j.hue = 0;
  return j;
}

// Every fourth pixel of every fourth row says enough.
double mean_luma(const uint8_t* image, int64_t height, int64_t width, int64_t pitch) {
  constexpr int64_t kStep = 4;
  int64_t sum = 0, count = 0;
  for (int64_t y = 0; y < height; y += kStep)
    for (int64_t x = 0; x < width; x += kStep, ++count) {
      const uint8_t* p = image + y * pitch + 3 * x;
      sum += 299 * p[0] + 587 * p[1] + 114 * p[2];
    }
  return double(sum) / (255e3 * double(count));
}

Window random_box(const AugmentOptions& o, const SampleRandom& random) {
  const double area = random.uniform(kBoxArea, 0.02, 0.4) * double(o.height * o.width),
               aspect = random.uniform(kBoxAspect, 0.3, 1 / 0.3);
  Window w;
  w.height = std::clamp<int64_t>(std::llround(std::sqrt(area * aspect)), 1, o.height);
  w.width = std::clamp<int64_t>(std::llround(std::sqrt(area / aspect)), 1, o.width);
  w.top = random.whole(kBoxTop, o.height - w.height);
  w.left = random.whole(kBoxLeft, o.width - w.width);
  return w;
}

}  // namespace

Augmenter::Augmenter(const AugmentOptions& options) : options_(options) {
  const AugmentOptions& o = options_;
  const auto share = [](double v) { return v >= 0 && v <= 1; };
  require(o.height >= 1 && o.width >= 1 && o.height <= 65536 && o.width <= 65536, "augment",
          "expects samples of 1 to 65536 px a side; got ", o.height, "x", o.width);
  require((o.resize_height == 0) == (o.resize_width == 0) && o.resize_height >= 0 && o.resize_width >= 0, "augment",
          "expects a size to resize to, or 0, 0 for none; got ", o.resize_height, ", ", o.resize_width);
  require(o.least_scale > 0 && o.least_scale <= o.most_scale && o.most_scale <= 16, "augment",
          "expects scales with 0 < least <= most <= 16; got ", o.least_scale, " and ", o.most_scale);
  require(share(o.jitter) && share(o.hue) && share(o.grey) && share(o.blur) && share(o.cutout) && share(o.max_share) &&
              share(o.rare_least_share),
          "augment", "expects strengths and shares in [0, 1]");
}

namespace {

/// How well a crop meets the wishes.
struct Fit {
  bool rare = true;  ///< enough of the class that the sample was drawn for
  double top = 0;    ///< share of the commonest class

  bool good(double max_share) const { return rare && top <= max_share; }
  bool better(const Fit& o) const { return rare != o.rare ? rare : top < o.top; }
};

Fit fit_of(const uint8_t* label, int64_t height, int64_t width, int64_t pitch, int rare_class, double rare_px) {
  const ByteCounts counts = count_bytes(label, height, width, pitch);
  int64_t all = 0, most = 0;
  for (size_t c = 0; c < kIgnore; ++c) all += counts[c], most = std::max(most, counts[c]);
  Fit fit;
  fit.rare = rare_class < 0 || double(counts[size_t(rare_class)]) >= rare_px;
  fit.top = all ? double(most) / double(all) : 1;
  return fit;
}

}  // namespace

SamplePlan Augmenter::make(const Example& example, RandomKey key, int64_t n, int rare_class, uint8_t* image,
                           uint8_t* label) {
  const AugmentOptions& o = options_;
  const SampleRandom random(key, n);
  const auto scaled = [scale = random.uniform(kScale, o.least_scale, o.most_scale)](int64_t px) {
    return std::max<int64_t>(1, std::llround(scale * double(px)));
  };
  const int64_t height = scaled(o.resize_height ? o.resize_height : example.image.height),
                width = scaled(o.resize_width ? o.resize_width : example.image.width);
  Window w{.top = 0, .left = 0, .height = std::min(o.height, height), .width = std::min(o.width, width)};

  // An image smaller than the sample lies in a corner of the stored one, and the plan's window reaches beyond that corner.
  const int64_t above = random.chance(kBelow, 0.5) ? o.height - w.height : 0,
                before = random.chance(kRight, 0.5) ? o.width - w.width : 0;
  SamplePlan plan;
  plan.window = {.top = above ? above : w.height - o.height,
                 .left = before ? before : w.width - o.width,
                 .height = o.height,
                 .width = o.width};
  if (w.height < o.height || w.width < o.width) {
    std::memset(image, 0, size_t(o.height * o.width * 3));
    if (label) std::memset(label, kIgnore, size_t(o.height * o.width));
  }
  uint8_t* const image_part = image + (above * o.width + before) * 3;

  const auto place = [&](int attempt) {
    w.top = random.whole(kCrops + 2 * uint64_t(attempt), height - w.height);
    w.left = random.whole(kCrops + 2 * uint64_t(attempt) + 1, width - w.width);
  };
  if (label && example.label) {
    uint8_t* const part = label + above * o.width + before;
    const auto cut = [&](int attempt) {
      place(attempt);
      resizer_.nearest(example.label, height, width, w, example.table, part, o.width);
    };
    cut(0);
    if (rare_class >= 0 || o.max_share < 1) {
      const double rare_px = std::max(1.0, o.rare_least_share * double(height) * double(width));
      const auto fit = [&] { return fit_of(part, w.height, w.width, o.width, rare_class, rare_px); };
      Fit best = fit();
      int best_try = 0, last = 0;
      while (!best.good(o.max_share) && last + 1 < kTries) {
        cut(++last);
        if (const Fit f = fit(); f.better(best)) best = f, best_try = last;
      }
      if (best_try != last) cut(best_try);
    }
  } else {
    place(0);
    if (label) std::memset(label, kIgnore, size_t(o.height * o.width));
  }

  if (random.chance(kBlur, o.blur)) {
    part_.resize(size_t(w.height * w.width * 3));
    resizer_.antialias(example.image, height, width, w, part_.data(), w.width * 3);
    resizer_.blur({part_.data(), w.height, w.width, 3}, random.uniform(kSigma, 0.15, 1.15), image_part, o.width * 3);
  } else {
    resizer_.antialias(example.image, height, width, w, image_part, o.width * 3);
  }

  plan.flip = o.flip && random.chance(kFlip, 0.5);
  plan.color = random_color(o, random);
  if (plan.color.contrast != 1) plan.color.pivot = mean_luma(image_part, w.height, w.width, o.width * 3);

  if (random.chance(kCutout, o.cutout)) {
    const Window box = random_box(o, random);
    for (int64_t y = box.top; y < box.top + box.height; ++y) {
      for (int64_t x = box.left; x < box.left + box.width; ++x) std::memcpy(image + (y * o.width + x) * 3, o.fill, 3);
      if (label) std::memset(label + y * o.width + box.left, kIgnore, size_t(box.width));
    }
  }
  return plan;
}

}  // namespace segue::data
