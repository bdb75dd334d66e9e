// The street-scene renderer: bits, labels, shares of classes, styles.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <set>
#include <thread>

#include "data/class_table.h"
#include "data/render_raster.h"
#include "data/scene.h"
#include "data/scene_renderer.h"
#include "runtime/crc32c.h"
#include "tests/files.h"

namespace segue::data {
namespace {

constexpr SceneStyle kStyles[] = {SceneStyle::render, SceneStyle::camera, SceneStyle::flat};

struct Drawn {
  Image rgb, label;
};
Drawn drawn(const SceneOptions& o) {
  Drawn d;
  render_scene(o, d.rgb, d.label);
  return d;
}
SceneOptions options(SceneStyle style, uint32_t index, int64_t width, int64_t height, uint64_t seed = 3) {
  SceneOptions o;
  o.seed = seed;
  o.index = index;
  o.width = width;
  o.height = height;
  o.style = style;
  return o;
}
uint32_t checksum(const Image& image, uint32_t so_far = 0) { return crc32c(image.px.data(), image.px.size(), so_far); }

/// Sizes even and odd, a scene each.
constexpr int64_t kSizes[][2] = {{256, 128}, {33, 17}, {16, 16}, {161, 120}, {320, 240}};

// A new picture is a new data set: change kSceneVersion with these.
TEST(Synth, BitsAreThoseOfEveryMachine) {
  constexpr uint32_t kPictures[3] = {0xadbed397u, 0xafee6ed1u, 0x9ea25571u}, kLabels = 0xd3e7c2dbu;
  for (size_t s = 0; s < 3; ++s) {
    uint32_t pictures = 0, labels = 0;
    for (uint32_t i = 0; i < std::size(kSizes); ++i) {
      const Drawn d = drawn(options(kStyles[s], i, kSizes[i][0], kSizes[i][1]));
      pictures = checksum(d.rgb, pictures);
      labels = checksum(d.label, labels);
    }
    EXPECT_EQ(pictures, kPictures[s]) << "style " << s << std::hex << ": 0x" << pictures;
    EXPECT_EQ(labels, kLabels) << "style " << s << std::hex << ": 0x" << labels;
  }
}

// In scenes that have trees, and nowhere else.
TEST(Synth, TreesLoseTheirLeaves) {
  int64_t vegetation[2] = {0, 0};
  for (uint32_t i = 0; i < 12; ++i) {
    SceneOptions o = options(SceneStyle::render, i, 96, 48);
    std::array<Drawn, 2> seasons;
    for (size_t bare = 0; bare < 2; ++bare) {
      o.bare_trees = float(bare);
      seasons[bare] = drawn(o);
      for (const uint8_t id : seasons[bare].label.px) vegetation[bare] += id == 21;
    }
    const Drawn as_it_is = drawn(options(SceneStyle::render, i, 96, 48));
    EXPECT_TRUE(as_it_is.label.px == seasons[0].label.px || as_it_is.label.px == seasons[1].label.px) << i;
  }
  EXPECT_GT(vegetation[1], vegetation[0] / 2);
  EXPECT_LT(vegetation[1], vegetation[0]) << "what stands behind the trees is seen through them";
}

// Fewer trees show what stands behind them, and change nothing else.
TEST(Synth, TreesStandOrDoNot) {
  int64_t vegetation[3] = {0, 0, 0};
  for (uint32_t i = 0; i < 12; ++i) {
    SceneOptions o = options(SceneStyle::render, i, 96, 48);
    std::array<Drawn, 3> shares;
    for (size_t k = 0; k < 3; ++k) {
      o.trees = float(k) / 2;
      shares[k] = drawn(o);
      for (const uint8_t id : shares[k].label.px) vegetation[k] += id == 21;
    }
    for (size_t k = 0; k < 2; ++k)
      for (size_t px = 0; px < shares[k].label.px.size(); ++px)
        if (shares[k].label.px[px] != shares[k + 1].label.px[px]) {
          ASSERT_EQ(shares[k + 1].label.px[px], 21) << i;
        }
  }
  EXPECT_LT(vegetation[0], vegetation[1]);
  EXPECT_LT(vegetation[1], vegetation[2]);
  EXPECT_LT(vegetation[0], vegetation[2] / 3) << "hedges and bushes are left";
}

// A closing, pixel by pixel from its definition: a pixel belongs to it if every square around it holds vegetation.
TEST(Synth, CrownsAreOutlined) {
  const int64_t width = 192, height = 96, r = 3;
  int64_t filled = 0;
  for (const uint32_t i : {0u, 1u, 4u}) {
    SceneOptions o = options(SceneStyle::render, i, width, height);
    o.bare_trees = 1;
    const Drawn exact = drawn(o);
    o.outline_trees = true;
    const Drawn outlined = drawn(o);
    EXPECT_TRUE(outlined.rgb.px == exact.rgb.px);
    const auto vegetation_in_square = [&](int64_t y, int64_t x) {
      for (int64_t v = std::max<int64_t>(0, y - r); v <= std::min(height - 1, y + r); ++v)
        for (int64_t u = std::max<int64_t>(0, x - r); u <= std::min(width - 1, x + r); ++u)
          if (exact.label.row(v)[u] == 21) return true;
      return false;
    };
    for (int64_t y = 0; y < height; ++y)
      for (int64_t x = 0; x < width; ++x) {
        const uint8_t before = exact.label.row(y)[x], after = outlined.label.row(y)[x];
        bool closed = true;
        for (int64_t v = std::max<int64_t>(0, y - r); closed && v <= std::min(height - 1, y + r); ++v)
          for (int64_t u = std::max<int64_t>(0, x - r); closed && u <= std::min(width - 1, x + r); ++u)
            closed = vegetation_in_square(v, u);
        if (before == 23) {  // sky is behind everything
          EXPECT_EQ(after == 21, closed) << i << ": " << x << ',' << y;
        }
        if (!closed || before == 21) {
          EXPECT_EQ(after, before) << i << ": " << x << ',' << y;
        }
        EXPECT_TRUE(after == before || after == 21);
        filled += after != before;
      }
  }
  EXPECT_GT(filled, 200);
}

TEST(Synth, SameBitsFromAnyThreadInAnyOrder) {
  constexpr uint32_t kScenes = 6;
  std::array<uint32_t, kScenes> forwards{}, backwards{};
  const auto draw = [](uint32_t i) {
    const Drawn d = drawn(options(i % 2 == 0 ? SceneStyle::render : SceneStyle::camera, i, 96, 64));
    return checksum(d.label, checksum(d.rgb));
  };
  for (uint32_t i = 0; i < kScenes; ++i) forwards[i] = draw(i);
  std::thread even([&] {
    for (uint32_t i = kScenes; i-- > 0;)
      if (i % 2 == 0) backwards[i] = draw(i);
  });
  for (uint32_t i = kScenes; i-- > 0;)
    if (i % 2 == 1) backwards[i] = draw(i);
  even.join();
  EXPECT_EQ(forwards, backwards);
  EXPECT_EQ(std::set<uint32_t>(forwards.begin(), forwards.end()).size(), kScenes);  // and all differ
}

TEST(Synth, SeedAndIndexNameTheScene) {
  const Drawn a = drawn(options(SceneStyle::flat, 1, 64, 32, 5));
  EXPECT_NE(a.label.px, drawn(options(SceneStyle::flat, 2, 64, 32, 5)).label.px);
  EXPECT_NE(a.label.px, drawn(options(SceneStyle::flat, 1, 64, 32, 6)).label.px);
  EXPECT_NE(a.label.px, drawn(options(SceneStyle::flat, 1 + 0x80000000u, 64, 32, 5)).label.px);
  EXPECT_NE(a.label.px, drawn(options(SceneStyle::flat, 1, 64, 32, 5 + (uint64_t(1) << 40))).label.px);
}

TEST(Synth, StylesShowTheSameScenesWithEqualLabels) {
  for (uint32_t i = 0; i < 4; ++i) {
    const Drawn render = drawn(options(SceneStyle::render, i, 128, 64)),
                camera = drawn(options(SceneStyle::camera, i, 128, 64));
    EXPECT_EQ(render.label.px, camera.label.px);
    EXPECT_NE(render.rgb.px, camera.rgb.px);
    EXPECT_EQ(render.label.px, drawn(options(SceneStyle::flat, i, 128, 64)).label.px);
  }
}

/// In the flat picture a colour changes exactly where the label does.
TEST(Synth, EveryBoundaryOfAFlatPictureIsALabelBoundary) {
  for (uint32_t i = 0; i < 6; ++i) {
    const Drawn d = drawn(options(SceneStyle::flat, i, 200, 101));
    const auto pixel = [&](int64_t y, int64_t x) { return &d.rgb.px[size_t((y * d.rgb.width + x) * 3)]; };
    int64_t boundaries = 0;
    for (int64_t y = 0; y < d.rgb.height; ++y)
      for (int64_t x = 0; x < d.rgb.width; ++x)
        for (const auto& [dy, dx] : {std::pair{0, 1}, {1, 0}}) {
          if (y + dy >= d.rgb.height || x + dx >= d.rgb.width) continue;
          const bool colour = !std::equal(pixel(y, x), pixel(y, x) + 3, pixel(y + dy, x + dx));
          const bool label = d.label.row(y)[x] != d.label.row(y + dy)[x + dx];
          ASSERT_EQ(colour, label) << "scene " << i << " at " << x << ',' << y;
          boundaries += label;
        }
    EXPECT_GT(boundaries, 300);
  }
}

/// What a ray through a point of the image meets first, by the textbook (Moeller and Trumbore 1997), in f64, over all triangles.
class RayCaster {
 public:
  explicit RayCaster(const scene::Scene& s) : scene_(s) {}

  uint8_t label(double x, double y, double width, double height) const {
    const scene::Camera& c = scene_.camera;
    const double a = (x / width - 0.5) / c.focal * (scene_.mirrored ? -1 : 1), b = (0.5 * height - y) / width / c.focal;
    const Vec d = {c.forward.x + a * c.right.x + b * c.up.x, c.forward.y + a * c.right.y + b * c.up.y,
                   c.forward.z + a * c.right.z + b * c.up.z};
    double nearest = 1e30;
    uint8_t label = scene::kSky;
    for (const scene::Triangle& t : scene_.mesh.triangles) {
      const scene::Vertex* v[3];
      for (int k = 0; k < 3; ++k) v[k] = &scene_.mesh.vertices[t.corner[k]];
      const Vec p0 = of(v[0]->position), e1 = minus(of(v[1]->position), p0), e2 = minus(of(v[2]->position), p0);
      const Vec h = cross(d, e2);
      const double det = dot(e1, h);
      if (det == 0) continue;
      const Vec s = minus(of(c.position), p0);
      const double u = dot(s, h) / det;
      if (u < 0 || u > 1) continue;
      const Vec q = cross(s, e1);
      const double w = dot(d, q) / det;
      if (w < 0 || u + w > 1) continue;
      const double at = dot(e2, q) / det;  // along `forward`, as d has length 1 there
      if (at < 0.2 || at >= nearest) continue;
      const scene::Surface& surface = scene_.mesh.surfaces[t.surface];
      const float su = float(v[0]->u + u * (v[1]->u - v[0]->u) + w * (v[2]->u - v[0]->u));
      const float sv = float(v[0]->v + u * (v[1]->v - v[0]->v) + w * (v[2]->v - v[0]->v));
      if (scene::has_holes(surface.material) && !scene::is_solid(surface, su, sv)) continue;
      nearest = at;
      label = surface.label;
    }
    return label;
  }

 private:
  using Vec = std::array<double, 3>;
  static Vec of(scene::V3 v) { return {v.x, v.y, v.z}; }
  static Vec minus(const Vec& a, const Vec& b) { return {a[0] - b[0], a[1] - b[1], a[2] - b[2]}; }
  static Vec cross(const Vec& a, const Vec& b) {
    return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
  }
  static double dot(const Vec& a, const Vec& b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }

  const scene::Scene& scene_;
};

/// Labels are those of rays through the pixels' centres. A ray within a hundredth of a pixel of an edge may fall on its other side:
/// corners of triangles are rounded to 1/512 of a pixel.
TEST(Synth, LabelsAreWhatRaysMeet) {
  for (const uint32_t i : {0u, 1u, 2u, 5u}) {
    const int64_t width = 150, height = 83;
    const scene::Scene scene = scene::lay_out_scene({.seed = 3, .index = i});
    const RayCaster rays(scene);
    const Drawn d = drawn(options(SceneStyle::flat, i, width, height));
    for (int k = 0; k < 160; ++k) {
      const int64_t x = (k * 61 + 7) % width, y = (k * 37 + 3) % height;
      const uint8_t got = d.label.row(y)[x];
      bool found = false;
      for (const auto& [dx, dy] :
           {std::pair{0.0, 0.0}, {0.01, 0.004}, {-0.01, -0.004}, {0.004, -0.01}, {-0.004, 0.01}}) {
        found = got == rays.label(double(x) + 0.5 + dx, double(y) + 0.5 + dy, width, height);
        if (found) break;
      }
      EXPECT_TRUE(found) << "scene " << i << ": " << int(got) << " at " << x << ',' << y
                         << "; the ray through it meets "
                         << int(rays.label(double(x) + 0.5, double(y) + 0.5, width, height));
    }
  }
}

/// Shares of Cityscapes' training labels, by train id (Cordts et al. 2016, figure 5), and the band that ours must keep.
TEST(Synth, SharesOfClassesAreThoseOfStreets) {
  struct Band {
    double least, most;
  };
  constexpr Band kPercent[19] = {{28, 42},   {3, 8.5},   {16, 28},    {0.3, 1.8},  {0.4, 2.0}, {0.6, 2.0}, {0.05, 0.5},
                                 {0.2, 1.2}, {10, 20},   {0.7, 3.5},  {3, 9},      {0.6, 2.4}, {0.1, 0.6}, {4, 11},
                                 {0.1, 1.5}, {0.1, 1.2}, {0.05, 0.8}, {0.05, 0.5}, {0.2, 1.0}};
  const LabelTable& to_train = cityscapes_classes().to_train("cityscapes");
  std::array<double, 19> share{};
  std::array<int, 19> scenes{};
  constexpr int kScenes = 200;
  for (uint32_t i = 0; i < kScenes; ++i) {
    const Drawn d = drawn(options(SceneStyle::flat, i, 128, 64, 11));
    std::array<bool, 19> here{};
    for (const uint8_t id : d.label.px) {
      ASSERT_LT(to_train[id], 19) << "id " << int(id);
      share[to_train[id]] += 100.0 / (kScenes * 128 * 64);
      here[to_train[id]] = true;
    }
    for (size_t k = 0; k < 19; ++k) scenes[k] += here[k];
  }
  for (size_t k = 0; k < 19; ++k) {
    const std::string& name = cityscapes_classes().classes[k].name;
    EXPECT_GE(share[k], kPercent[k].least) << name;
    EXPECT_LE(share[k], kPercent[k].most) << name;
    EXPECT_GE(scenes[k], 5) << name;  // of 200
  }
}

/// The simplest model that can be trained: for each class a normal distribution of red, green, blue and height in the picture.
class ColourModel {
 public:
  ColourModel(SceneStyle style, uint32_t from, uint32_t to) {
    std::array<std::array<double, 4>, 256> squares{};
    each(style, from, to, [&](const std::array<double, 4>& x, uint8_t id) {
      ++count_[id];
      for (size_t k = 0; k < 4; ++k) {
        mean_[id][k] += x[k];
        squares[id][k] += x[k] * x[k];
      }
    });
    for (size_t id = 0; id < 256; ++id)
      for (size_t k = 0; k < 4 && count_[id] > 0; ++k) {
        mean_[id][k] /= count_[id];
        variance_[id][k] = squares[id][k] / count_[id] - mean_[id][k] * mean_[id][k] + 1e-3;
      }
  }
  /// Share of pixels whose likeliest class is theirs.
  double accuracy(SceneStyle style, uint32_t from, uint32_t to) const {
    double right = 0, all = 0;
    each(style, from, to, [&](const std::array<double, 4>& x, uint8_t id) {
      double best = -1e30;
      size_t guess = 0;
      for (size_t c = 0; c < 256; ++c) {
        if (count_[c] == 0) continue;
        double likely = std::log(count_[c]);
        for (size_t k = 0; k < 4; ++k) {
          const double d = x[k] - mean_[c][k];
          likely -= 0.5 * (d * d / variance_[c][k] + std::log(variance_[c][k]));
        }
        if (likely > best) {
          best = likely;
          guess = c;
        }
      }
      right += guess == id;
      ++all;
    });
    return right / all;
  }

 private:
  template <class F>
  static void each(SceneStyle style, uint32_t from, uint32_t to, F&& f) {
    for (uint32_t i = from; i < to; ++i) {
      const Drawn d = drawn(options(style, i, 64, 32));
      for (size_t p = 0; p < d.label.px.size(); ++p)
        f({d.rgb.px[3 * p] / 255.0, d.rgb.px[3 * p + 1] / 255.0, d.rgb.px[3 * p + 2] / 255.0, double(p / 64) / 32},
          d.label.px[p]);
    }
  }
  std::array<double, 256> count_{};
  std::array<std::array<double, 4>, 256> mean_{}, variance_{};
};

/// What makes `camera` a target domain: a model of `render` loses on it what a model of its own does not.
TEST(Synth, WhatIsLearnedFromRenderIsLostOnCamera) {
  const ColourModel render(SceneStyle::render, 0, 24), camera(SceneStyle::camera, 0, 24);
  const double home = render.accuracy(SceneStyle::render, 24, 40), away = render.accuracy(SceneStyle::camera, 24, 40);
  const double own = camera.accuracy(SceneStyle::camera, 24, 40);
  EXPECT_GT(home, away + 0.04);
  EXPECT_GT(own, away + 0.04);
  EXPECT_GT(own, 0.5);
}

TEST(Synth, AnySizeWithinTheLimits) {
  for (const auto& [w, h] : {std::pair<int64_t, int64_t>{16, 16}, {16, 200}, {400, 16}, {33, 17}, {1024, 512}})
    for (const SceneStyle style : kStyles) {
      const Drawn d = drawn(options(style, 9, w, h));
      EXPECT_EQ(d.rgb.width, w);
      EXPECT_EQ(d.rgb.height, h);
      EXPECT_EQ(d.rgb.px.size(), size_t(w * h * 3));
      EXPECT_EQ(d.label.px.size(), size_t(w * h));
    }
  for (const auto& [w, h] : {std::pair<int64_t, int64_t>{15, 64}, {64, 15}, {4097, 64}, {64, 4097}, {0, 0}, {-1, 64}}) {
    const testing::Caught e = testing::caught([&, w = w, h = h] { drawn(options(SceneStyle::render, 0, w, h)); });
    EXPECT_EQ(e.what, cat("[render_scene] expects a width and a height of 16 to 4096; got ", w, 'x', h));
  }
}

}  // namespace
}  // namespace segue::data
