#include "render_shadow.h"

namespace segue::data::scene {

ParallelDepth::ParallelDepth(const Mesh& mesh, V3 towards, V3 center, float radius, int samples, bool with_holes) {
  Projection& p = projection_;
  p.parallel = true;
  p.origin = center;
  p.forward = towards * -1.f;
  p.right = normalize(cross(magnitude(towards.y) < 0.95f ? V3{0, 1, 0} : V3{0, 0, 1}, p.forward));
  p.up = cross(p.forward, p.right);
  p.scale = float(samples) / (2.f * radius);
  p.center_x = p.center_y = 0.5f * float(samples);
  rasterize(mesh, p, samples, samples, {.with_triangles = false, .with_holes = with_holes}, depth_);
}

bool ParallelDepth::contains(V3 p) const {
  const V3 d = p - projection_.origin;
  const float x = dot(d, projection_.right) * projection_.scale, y = dot(d, projection_.up) * projection_.scale;
  const float half = projection_.center_x - 2.f;
  return x > -half && x < half && y > -half && y < half;
}

float ParallelDepth::lit(V3 p, float bias) const {
  if (!contains(p)) return 1;
  const V3 d = p - projection_.origin;
  const float x = dot(d, projection_.right) * projection_.scale + projection_.center_x;
  const float y = projection_.center_y - dot(d, projection_.up) * projection_.scale;
  const float depth = -dot(d, projection_.forward) + bias;
  const int ix = floor_int(x), iy = floor_int(y);
  const float fx = x - float(ix), fy = y - float(iy);
  const float* row = depth_.depth.data() + size_t(iy) * size_t(depth_.width) + ix;
  const float* next = row + depth_.width;
  const float a = row[0] > depth ? 0.f : 1.f, b = row[1] > depth ? 0.f : 1.f;
  const float c = next[0] > depth ? 0.f : 1.f, e = next[1] > depth ? 0.f : 1.f;
  return mix(mix(a, b, fx), mix(c, e, fx), fy);
}

float ParallelDepth::covered(V3 p) const {
  // Metres aside, and weight.
  constexpr float kRing[10][3] = {
      {0.22f, 0.05f, 0.14f}, {-0.2f, 0.15f, 0.14f}, {0.02f, -0.25f, 0.14f}, {0.55f, 0.4f, 0.1f},  {-0.5f, 0.5f, 0.1f},
      {0.45f, -0.6f, 0.1f},  {-0.6f, -0.4f, 0.1f},  {1.3f, 0.2f, 0.06f},    {-1.2f, 0.5f, 0.06f}, {0.1f, 1.4f, 0.06f}};
  constexpr float kAbove = 0.12f;
  if (!contains(p)) return 0;
  const V3 d = p - projection_.origin;
  const float x = dot(d, projection_.right) * projection_.scale + projection_.center_x + 0.5f;
  const float y = projection_.center_y - dot(d, projection_.up) * projection_.scale + 0.5f;
  const float depth = -dot(d, projection_.forward) + kAbove;
  const int last = depth_.width - 1;
  float hidden = 0;
  for (const auto& r : kRing) {
    int ix = int(x + r[0] * projection_.scale), iy = int(y + r[1] * projection_.scale);
    ix = ix < 0 ? 0 : ix > last ? last : ix;
    iy = iy < 0 ? 0 : iy > last ? last : iy;
    hidden += depth_.depth[size_t(iy) * size_t(depth_.width) + size_t(ix)] > depth ? r[2] : 0.f;
  }
  return hidden;
}

Shadows::Shadows(const Scene& scene, bool sun, int samples) : to_sun_(scene.to_sun) {
  const Camera& c = scene.camera;
  const V3 ahead = normalize({c.forward.x, 0, c.forward.z}), foot = {c.position.x, 0, c.position.z};
  if (sun) {
    sun_.emplace_back(scene.mesh, to_sun_, foot + ahead * 11.f + V3{0, 1.f, 0}, 13.f, samples, true);
    sun_.emplace_back(scene.mesh, to_sun_, foot + ahead * 48.f + V3{0, 5.f, 0}, 52.f, samples, true);
  }
  const int coarse = samples / 2;
  sky_.emplace_back(scene.mesh, V3{0, 1, 0}, foot + ahead * 14.f, 15.f, coarse, false);
  sky_.emplace_back(scene.mesh, V3{0, 1, 0}, foot + ahead * 42.f, 44.f, coarse, false);
}

float Shadows::sun_reaches(V3 p, V3 normal) const {
  for (const ParallelDepth& map : sun_)
    if (map.contains(p)) {
      const float cell = map.sample_m();
      return map.lit(p + normal * (1.2f * cell), 0.6f * cell);
    }
  return 1;
}

float Shadows::openness(V3 p, V3 normal) const {
  for (const ParallelDepth& map : sky_)
    if (map.contains(p)) return 1.f - 0.72f * map.covered(p + normal * 0.35f);
  return 1;
}

}  // namespace segue::data::scene
