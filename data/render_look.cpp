#include "render_look.h"

#include "scene_random.h"

namespace segue::data::scene {
namespace {

constexpr uint32_t kRenderWeather = 901, kCameraWeather = 902;

/// Warm near the horizon.
Color sun_tint(float height) {
  return mix(Color{1.0f, 0.72f, 0.46f}, Color{1.0f, 0.95f, 0.86f}, smooth_step(0.1f, 0.6f, height));
}

Look render_look(const Scene& scene, Random r) {
  Look k;
  k.to_sun = scene.to_sun;
  const bool sunny = r.chance(0.85f);
  const float strength = sunny ? r.range(2.7f, 3.4f) : 0.f;
  k.sun = sun_tint(scene.to_sun.y) * strength;
  k.ambient_up = sunny ? Color{0.50f, 0.62f, 0.84f} : Color{1.35f, 1.38f, 1.44f};
  k.ambient_down = sunny ? Color{0.34f, 0.32f, 0.29f} : Color{0.48f, 0.47f, 0.46f};
  const float deep = r.unit();
  k.zenith = sunny ? mix(srgb(0x2f6fd0), srgb(0x5a9cf0), deep) * 1.35f : srgb(0xa9bccd) * 1.3f;
  k.horizon = sunny ? mix(srgb(0xb4d4f4), srgb(0xd4e6f6), deep) * 1.35f : srgb(0xd4dce2) * 1.3f;
  k.cloud_light = {1.6f, 1.6f, 1.6f};
  k.cloud_dark = (sunny ? srgb(0xc4d2e2) : srgb(0xa8b4c0)) * 1.35f;
  k.cloud_cover = sunny ? r.range(0.15f, 0.6f) : 0.9f;
  k.cloud_soft = 0.12f;
  k.cloud_scale = r.range(0.8f, 1.5f);
  k.glare = sunny ? 0.25f : 0.f;
  k.haze = mix(k.horizon, k.zenith, 0.25f);
  k.haze_per_m = r.range(0.0006f, 0.0016f);
  k.grain = 0.55f;
  k.dirt = 0.12f;
  return k;
}

Look camera_look(const Scene& scene, Random r) {
  Look k;
  k.to_sun = scene.to_sun;
  const float weather = r.unit(), light = r.range(0.8f, 1.2f), cool = r.unit();
  const bool sunny = weather < 0.42f;
  const bool thin = weather < 0.62f;  // the sun shines through
  const float strength = sunny ? r.range(1.9f, 3.0f) : thin ? r.range(0.5f, 1.0f) : 0.f;
  k.sun = sun_tint(scene.to_sun.y) * (strength * light);
  const Color dome = mix(Color{0.90f, 0.92f, 0.95f}, Color{0.80f, 0.88f, 1.00f}, cool);
  k.ambient_up = dome * ((sunny ? 0.44f : 1.15f) * light);
  k.ambient_down = Color{0.30f, 0.285f, 0.265f} * ((sunny ? 0.9f : 1.1f) * light);
  k.zenith = sunny ? mix(srgb(0x6c87ab), srgb(0x8ba0b8), r.unit()) * 1.3f : srgb(0xb4b8bc) * 1.4f;
  k.horizon = sunny ? srgb(0xcfd3d5) * 1.7f : srgb(0xd6d6d4) * 1.9f;
  k.cloud_light = Color{1.f, 0.99f, 0.97f} * (sunny ? 2.0f : 1.9f);
  k.cloud_dark = srgb(sunny ? 0xa8aeb4 : 0x8d9196) * (sunny ? 1.6f : 1.5f);
  k.cloud_cover = sunny ? r.range(0.2f, 0.75f) : r.range(0.85f, 1.f);
  k.cloud_soft = r.range(0.3f, 0.6f);
  k.cloud_scale = r.range(0.5f, 1.1f);
  k.glare = sunny ? r.range(0.6f, 1.6f) : 0.f;
  k.haze = k.horizon * 0.62f;
  k.haze_per_m = r.range(0.0007f, 0.0042f);
  k.grain = r.range(0.9f, 1.3f);
  k.dirt = r.range(0.6f, 1.f);
  k.wet = !sunny && r.chance(0.35f) ? r.range(0.3f, 1.f) : 0.f;
  return k;
}

}  // namespace

Color sky_light(const Look& k, V3 d) {
  const float up = most(d.y, 0.f);
  const float t = 1.f - (1.f - up) * (1.f - up) * (1.f - up);
  Color c = mix(k.horizon, k.zenith, t);
  // Clouds on a plane overhead.
  const float s = k.cloud_scale * 1.6f / (up + 0.16f);
  float x = d.x * s, z = d.z * s;
  x += 0.35f * noise(z * 1.7f, x * 1.7f, k.seed + 5);
  const float n = fractal_noise(x, z, k.seed);
  const float edge = 1.f - 0.62f * k.cloud_cover - 0.19f;
  const float cloud = smooth_step(edge - k.cloud_soft * 0.4f, edge + k.cloud_soft * 0.6f, n) *
                      smooth_step(0.0f, 0.10f, up + k.cloud_cover * 0.08f);
  const float thick = noise(x * 1.3f + 4.f, z * 1.3f, k.seed + 9);
  c = mix(c, mix(k.cloud_light, k.cloud_dark, thick * (0.45f + 0.55f * cloud)), cloud * 0.92f);
  if (k.glare > 0) {
    const float near = most(dot(d, k.to_sun), 0.f), q = near * near, q4 = q * q * q * q, q16 = q4 * q4 * q4 * q4;
    c = c + k.sun * (k.glare * (0.10f * q4 + 0.25f * q16 + (near > 0.9992f ? 6.f : 0.f)));
  }
  return c;
}

Color mirrored_light(const Look& k, V3 d) {
  const Color street = k.ambient_down * 0.22f + k.sun * 0.03f;
  const Color sky = mix(k.horizon, k.zenith, unit(d.y * 1.4f)) * (0.75f + 0.25f * k.cloud_cover);
  // Opposite houses hide the lower sky.
  return mix(street, sky, smooth_step(0.02f, 0.38f, d.y));
}

Look choose_look(const Scene& scene, SceneStyle style, uint64_t seed, uint32_t index) {
  const bool camera = style == SceneStyle::camera;
  const Random r(seed, index, camera ? kCameraWeather : kRenderWeather);
  Look k = camera ? camera_look(scene, r) : render_look(scene, r);
  k.style = style;
  k.seed = r.fork(1).bits();
  return k;
}

}  // namespace segue::data::scene
