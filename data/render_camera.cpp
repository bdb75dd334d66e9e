#include "render_camera.h"

#include <algorithm>

#include "render_block_coder.h"
#include "scene_random.h"

namespace segue::data::scene {
namespace {

constexpr uint32_t kLens = 903;

uint8_t to_byte(float x) { return uint8_t(clamp(x, 0.f, 1.f) * 255.f + 0.5f); }

/// Each channel of every pixel: a plane of floats.
struct Planes {
  int width, height;
  std::vector<float> of[3];
};

Planes planes_of(const Picture& p) {
  Planes out{p.width, p.height, {}};
  for (auto& plane : out.of) plane.resize(p.light.size());
  for (size_t i = 0; i < p.light.size(); ++i) {
    out.of[0][i] = p.light[i].x;
    out.of[1][i] = p.light[i].y;
    out.of[2][i] = p.light[i].z;
  }
  return out;
}

/// Convolves rows and columns with a symmetric kernel: weights[0] in the middle.
void blur(std::vector<float>& plane, int width, int height, const std::vector<float>& weights) {
  const int reach = int(weights.size()) - 1;
  if (reach < 1) return;
  std::vector<float> line(size_t(std::max(width, height) + 2 * reach));
  const auto pass = [&](size_t start, size_t stride, int n) {
    for (int i = -reach; i < n + reach; ++i)
      line[size_t(i + reach)] = plane[start + size_t(std::clamp(i, 0, n - 1)) * stride];
    for (int i = 0; i < n; ++i) {
      const float* at = line.data() + i + reach;
      float sum = at[0] * weights[0];
      for (int k = 1; k <= reach; ++k) sum += weights[size_t(k)] * (at[k] + at[-k]);
      plane[start + size_t(i) * stride] = sum;
    }
  };
  for (int y = 0; y < height; ++y) pass(size_t(y) * size_t(width), 1, width);
  for (int x = 0; x < width; ++x) pass(size_t(x), size_t(width), height);
}

/// A Gaussian of deviation `sigma` pixels, normalised; one weight alone where it would not be seen.
std::vector<float> gaussian(float sigma) {
  if (sigma < 0.15f) return {1.f};
  const int reach = std::min(40, int(2.6f * sigma) + 1);
  std::vector<float> w;
  float sum = 0;
  for (int k = 0; k <= reach; ++k) {
    const float x = float(k) / sigma;
    w.push_back(vexp(-0.5f * x * x));
    sum += k == 0 ? w.back() : 2.f * w.back();
  }
  for (float& x : w) x *= 1.f / sum;
  return w;
}

Image clean(const Picture& p) {
  Image out(p.height, p.width, 3);
  for (size_t i = 0; i < p.light.size(); ++i) {
    const Color c = p.light[i];
    for (int k = 0; k < 3; ++k) {
      const float x = (k == 0 ? c.x : k == 1 ? c.y : c.z) * 0.62f;
      // Gamma 2, and a shoulder that keeps bright walls from burning out.
      const float g = std::sqrt(x), s = g * (1.f + g * g * 0.18f) / (1.f + g * g * g * 0.30f);
      out.px[i * 3 + size_t(k)] = to_byte(s);
    }
  }
  return out;
}

/// What a lens and a sensor add; all sizes relative to the width of the picture.
Image photographed(const Picture& p, const Look& look, uint64_t seed, uint32_t index) {
  Random r(seed, index, kLens);
  const float exposure_error = vexp(0.42f * r.bell()), contrast = r.range(1.2f, 1.75f), lift = r.range(0.0f, 0.025f);
  const float warm = 0.06f * r.bell(), green = 0.03f * r.bell(), saturation = r.range(0.75f, 1.2f);
  const float vignette = r.range(0.1f, 0.45f), soft = r.range(0.22f, 0.60f), veil = r.range(0.01f, 0.07f);
  const float noise_level = r.range(0.006f, 0.022f), sharpen = r.range(0.1f, 0.7f);
  const int quality = 55 + r.below(38);
  const uint32_t noise_seed = r.bits();
  const int w = p.width, h = p.height;
  Planes f = planes_of(p);

  // Metering: the mean of the darker part of the picture becomes middle grey.
  float sum = 0;
  for (size_t i = 0; i < p.light.size(); ++i) sum += least(luma(p.light[i]), 1.1f);
  const float mean = sum / float(p.light.size());
  const float exposure = exposure_error * 0.20f / most(mean, 0.02f);
  const float gain[3] = {exposure * (1.f + warm), exposure * (1.f + green), exposure * (1.f - warm)};
  for (int k = 0; k < 3; ++k)
    for (float& x : f.of[k]) x *= gain[k];

  // Light strays in the lens: a wide veil of what is bright, stronger against the sun.
  const float stray = veil * (1.f + look.glare);
  std::vector<float> wide[3];
  for (int k = 0; k < 3; ++k) {
    wide[k] = f.of[k];
    for (float& x : wide[k]) x = least(x, 3.f);
    blur(wide[k], w, h, gaussian(least(float(w) * 0.02f, 15.f)));
    for (size_t i = 0; i < wide[k].size(); ++i) f.of[k][i] += stray * (wide[k][i] - 0.4f * f.of[k][i]);
    blur(f.of[k], w, h, gaussian(soft * (0.6f + float(w) / 900.f)));
  }
  for (int y = 0; y < h; ++y)
    for (int x = 0; x < w; ++x) {
      const size_t i = size_t(y) * size_t(w) + size_t(x);
      const float dx = (float(x) + 0.5f) / float(w) - 0.5f, dy = (float(y) + 0.5f - 0.5f * float(h)) / float(w);
      const float fall = 1.f - vignette * (dx * dx + dy * dy) * 1.6f;
      float c[3];
      for (int k = 0; k < 3; ++k) {
        const float light = most(f.of[k][i] * fall, 0.f);
        // Photon noise grows with the root of the light; the sensor's own does not.
        const uint32_t n = hash(int32_t(i), k, noise_seed);
        const float bell = float((n & 255) + (n >> 8 & 255) + (n >> 16 & 255) + (n >> 24)) * (1.f / 148.f) - 3.4459f;
        const float shot = noise_level * std::sqrt(light + 0.03f) * bell;
        const float v = most(light + shot, 0.f);
        // The curve: gamma 2, a toe that is lifted, a shoulder that clips late.
        const float g = std::sqrt(v);
        float s = g < 0.75f ? g : 0.75f + (g - 0.75f) / (1.f + 1.4f * (g - 0.75f));
        s = lift + (1.f - lift) * s;
        c[k] = (s - 0.42f) * contrast + 0.42f;
      }
      const float grey = 0.299f * c[0] + 0.587f * c[1] + 0.114f * c[2];
      for (int k = 0; k < 3; ++k) f.of[k][i] = grey + (c[k] - grey) * saturation;
    }
  // Cheap cameras sharpen what their lens has blurred.
  const std::vector<float> narrow = gaussian(0.8f);
  for (int k = 0; k < 3; ++k) {
    std::vector<float> low = f.of[k];
    blur(low, w, h, narrow);
    for (size_t i = 0; i < low.size(); ++i) f.of[k][i] = clamp(f.of[k][i] + sharpen * (f.of[k][i] - low[i]), 0.f, 1.f);
  }
  code_blocks(f.of[0], f.of[1], f.of[2], w, h, quality);
  Image out(h, w, 3);
  for (size_t i = 0; i < f.of[0].size(); ++i)
    for (size_t k = 0; k < 3; ++k) out.px[i * 3 + k] = to_byte(f.of[k][i]);
  return out;
}

}  // namespace

Image develop(const Picture& picture, const Look& look, bool flat, uint64_t seed, uint32_t index) {
  if (flat) {
    Image out(picture.height, picture.width, 3);
    for (size_t i = 0; i < picture.light.size(); ++i) {
      out.px[i * 3] = to_byte(picture.light[i].x);
      out.px[i * 3 + 1] = to_byte(picture.light[i].y);
      out.px[i * 3 + 2] = to_byte(picture.light[i].z);
    }
    return out;
  }
  return look.style == SceneStyle::camera ? photographed(picture, look, seed, index) : clean(picture);
}

}  // namespace segue::data::scene
