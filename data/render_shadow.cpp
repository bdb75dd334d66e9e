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
  // Metres aside, and weight.
  constexpr float kRing[10][3] = {
      {0.22f, 0.05f, 0.14f}, {-0.2f, 0.15f, 0.14f}, {0.02f, -0.25f, 0.14f}, {0.55f, 0.4f, 0.1f},  {-0.5f, 0.5f, 0.1f},
      {0.45f, -0.6f, 0.1f},  {-0.6f, -0.4f, 0.1f},  {1.3f, 0.2f, 0.06f},    {-1.2f, 0.5f, 0.06f}, {0.1f, 1.4f, 0.06f}};
  for (const auto& r : kRing) {
    const int dx = floor_int(r[0] * p.scale + 0.5f), dy = floor_int(r[1] * p.scale + 0.5f);
    ring_.push_back({ptrdiff_t(dy) * samples + dx, r[2]});
  }
  edge_ = 1.5f * p.scale + 2.f;
  far_edge_ = float(samples) - edge_;
}

ParallelDepth::Spot ParallelDepth::spot(V3 p) const {
  const V3 d = p - projection_.origin;
  return {dot(d, projection_.right) * projection_.scale + projection_.center_x,
          projection_.center_y - dot(d, projection_.up) * projection_.scale, -dot(d, projection_.forward)};
}

float ParallelDepth::lit(const Spot& s, float bias) const {
  const float depth = s.depth + bias;
  const int ix = int(s.x), iy = int(s.y);
  const float fx = s.x - float(ix), fy = s.y - float(iy);
  const float* row = depth_.depth.data() + size_t(iy) * size_t(depth_.width) + ix;
  const float* next = row + depth_.width;
  const float a = row[0] > depth ? 0.f : 1.f, b = row[1] > depth ? 0.f : 1.f;
  const float c = next[0] > depth ? 0.f : 1.f, e = next[1] > depth ? 0.f : 1.f;
  return mix(mix(a, b, fx), mix(c, e, fx), fy);
}

float ParallelDepth::covered(const Spot& s) const {
  const float depth = s.depth + 0.12f;
  const float* at = depth_.depth.data() + size_t(s.y + 0.5f) * size_t(depth_.width) + size_t(s.x + 0.5f);
  float hidden = 0;
  for (const Tap& t : ring_) hidden += at[t.offset] > depth ? t.weight : 0.f;
  return hidden;
}

namespace {

/// A place on the ground so far ahead of the camera.
V3 place_ahead(const Camera& c, float metres, float height) {
  const V3 ahead = normalize({c.forward.x, 0, c.forward.z});
  return V3{c.position.x, height, c.position.z} + ahead * metres;
}

}  // namespace

ParallelDepth Shadows::from_above(const Scene& scene, int samples) {
  return ParallelDepth(scene.mesh, {0, 1, 0}, place_ahead(scene.camera, 20.f, 0), 24.f, samples, false);
}

Shadows::Shadows(const Scene& scene, bool sun, int samples) : sky_(from_above(scene, samples * 3 / 4)) {
  if (!sun) return;
  sun_.emplace_back(scene.mesh, scene.to_sun, place_ahead(scene.camera, 11.f, 1.f), 13.f, samples, true);
  sun_.emplace_back(scene.mesh, scene.to_sun, place_ahead(scene.camera, 48.f, 5.f), 52.f, samples, true);
}

float Shadows::sun_reaches(V3 p, V3 normal) const {
  for (const ParallelDepth& map : sun_) {
    const float cell = map.sample_m();
    const ParallelDepth::Spot s = map.spot(p + normal * (1.2f * cell));
    if (map.holds(s)) return map.lit(s, 0.6f * cell);
  }
  return 1;
}

float Shadows::openness(V3 p, V3 normal) const {
  const ParallelDepth::Spot s = sky_.spot(p + normal * 0.35f);
  return sky_.holds(s) ? 1.f - 0.72f * sky_.covered(s) : 1.f;
}

}  // namespace segue::data::scene
