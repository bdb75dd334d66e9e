#include "render_picture.h"

#include <utility>

#include "render_raster.h"
#include "render_shadow.h"
#include "render_texture.h"

namespace segue::data::scene {
namespace {

/// Samples stand half a pixel apart, at the pixels' centres, edges and corners: a pixel's label is that of the one at its
/// centre, its colour the mean of nine under a tent.
Projection lattice(const Scene& scene, int width, int height) {
  const Camera& c = scene.camera;
  Projection p;
  p.origin = c.position;
  p.right = scene.mirrored ? c.right * -1.f : c.right;
  p.up = c.up;
  p.forward = c.forward;
  p.scale = 2.f * c.focal * float(width);
  p.center_x = float(width);
  p.center_y = float(height);
  return p;
}

Color with_haze(Color c, const Look& look, float distance) {
  const float clear = vexp(-distance * look.haze_per_m);
  return look.haze * (1.f - clear) + c * clear;
}

struct Shader {
  const Scene& scene;
  const Look& look;
  const Shadows& shadows;
  const Projection& view;

  Texel texel(const Surface& s, const SurfacePoint& at) const {
    switch (s.material) {
      case Material::road:
      case Material::asphalt:
      case Material::paving:
      case Material::grass: return ground_texel(s, at, look, scene.paints);
      case Material::facade: return facade_texel(s, at, look);
      default: return object_texel(s, at, look);
    }
  }

  Color sky(float x, float y) const {
    const V3 d = normalize(view.forward + view.right * ((x - view.center_x) / view.scale) +
                           view.up * ((view.center_y - y) / view.scale));
    return mix(sky_light(look, d), look.haze, unit(1.f - d.y * 7.f) * unit(look.haze_per_m * 120.f));
  }

  Color surface(const SeenTriangle& st, float x, float y, float depth) const {
    const Triangle& tri = scene.mesh.triangles[st.triangle];
    const Surface& s = scene.mesh.surfaces[tri.surface];
    const Vertex &a = scene.mesh.vertices[tri.corner[0]], &b = scene.mesh.vertices[tri.corner[1]],
                 &c = scene.mesh.vertices[tri.corner[2]];
    const float distance = 1.f / depth;
    const float wb = float(st.plane[0][0] * x + st.plane[0][1] * y + st.plane[0][2]) * distance;
    const float wc = float(st.plane[1][0] * x + st.plane[1][1] * y + st.plane[1][2]) * distance;
    const V3 p = a.position + (b.position - a.position) * wb + (c.position - a.position) * wc;
    V3 n = normalize(a.normal + (b.normal - a.normal) * wb + (c.normal - a.normal) * wc);
    const V3 away = p - view.origin;
    const float far = length(away);
    const V3 to_eye = away * (-1.f / far);
    float facing = dot(n, to_eye);
    SurfacePoint at;
    at.u = a.u + (b.u - a.u) * wb + (c.u - a.u) * wc;
    at.v = a.v + (b.v - a.v) * wb + (c.v - a.v) * wc;
    at.back = facing < 0;
    const bool soft = s.material == Material::leaves;  // lit as part of a crown, not as the card it lies on
    if (at.back && !soft) {
      n = n * -1.f;
      facing = -facing;
    }
    at.fine = distance / view.scale * 2.f;
    at.coarse = at.fine / most(magnitude(facing), 0.06f);
    at.coarse = std::sqrt(at.fine * at.coarse);
    const Texel t = texel(s, at);

    float sunlight = dot(n, look.to_sun);
    if (soft) sunlight = 0.35f + 0.65f * sunlight;  // light shines through leaves
    Color light = {};
    if (sunlight > 0 && look.sun.x > 0) light = look.sun * (sunlight * shadows.sun_reaches(p, n));
    const float open = shadows.openness(p, n);
    light = light + mix(look.ambient_down, look.ambient_up, 0.5f + 0.5f * n.y) * open;
    Color c_out = t.color * light * t.shade + t.glow;
    if (t.gloss > 0) {
      const V3 mirror = n * (2.f * dot(n, to_eye)) - to_eye;
      const float graze = 1.f - unit(facing), g2 = graze * graze;
      const float share = unit(t.gloss + (1.f - t.gloss) * 0.6f * g2 * g2 * graze * unit(t.gloss * 8.f));
      Color back = mirrored_light(look, mirror) * t.shade;
      const float spark = dot(mirror, look.to_sun);
      if (spark > 0.985f && look.sun.x > 0 && t.gloss > 0.06f)
        back = back + look.sun * (6.f * smooth_step(0.985f, 1.f, spark) * shadows.sun_reaches(p, n));
      c_out = c_out * (1.f - share) + back * share;
    }
    return with_haze(c_out, look, far);
  }
};

}  // namespace

Color label_color(uint8_t label) {
  const uint32_t h = hash(uint32_t(label) * 2654435761u + 1);
  return {float(64 + (label * 5 & 127)) / 255.f, float(h >> 8 & 255) / 255.f, float(h >> 16 & 255) / 255.f};
}

Picture draw(const Scene& scene, const Look* look, int width, int height) {
  const Projection view = lattice(scene, width, height);
  const int columns = 2 * width + 1, rows = 2 * height + 1;
  Visibility seen;
  rasterize(scene.mesh, view, columns, rows, {}, seen);

  Picture out;
  out.width = width;
  out.height = height;
  const size_t pixels = size_t(width) * size_t(height);
  out.light.resize(pixels);
  out.label.resize(pixels);
  out.distance.resize(pixels);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const size_t at = size_t(y) * size_t(width) + size_t(x);
      const size_t sample = size_t(2 * y + 1) * size_t(columns) + size_t(2 * x + 1);
      const uint32_t id = seen.seen[sample];
      const bool sky = id == kNothing;
      out.label[at] =
          sky ? uint8_t(kSky) : scene.mesh.surfaces[scene.mesh.triangles[seen.triangles[id].triangle].surface].label;
      out.distance[at] = sky ? 0.f : 1.f / seen.depth[sample];
    }
  if (!look) {
    for (size_t i = 0; i < pixels; ++i) out.light[i] = label_color(out.label[i]);
    return out;
  }

  const int cells = width <= 320 ? 384 : width <= 768 ? 768 : 1536;
  const Shadows shadows(scene, look->sun.x > 0, cells);
  const Shader shader{scene, *look, shadows, view};
  // Three rows of samples at a time: the last of one row of pixels is the first of the next.
  std::vector<Color> strip[3];
  for (auto& row : strip) row.resize(size_t(columns));
  const auto shade_row = [&](int y, std::vector<Color>& row) {
    const uint32_t* ids = seen.seen.data() + size_t(y) * size_t(columns);
    const float* depth = seen.depth.data() + size_t(y) * size_t(columns);
    const auto shade = [&](int x) {
      const Color c = ids[x] == kNothing ? shader.sky(float(x), float(y))
                                         : shader.surface(seen.triangles[ids[x]], float(x), float(y), depth[x]);
      // A spark of sun must not outshine a whole pixel.
      row[size_t(x)] = {least(c.x, 4.f), least(c.y, 4.f), least(c.z, 4.f)};
    };
    // Centres and corners of pixels are shaded; the middle of an edge only where it shows a triangle that its neighbours don't.
    for (int x = y & 1; x < columns; x += 2) shade(x);
    for (int x = 1 - (y & 1); x < columns; x += 2) {
      const bool left = x > 0 && ids[x - 1] == ids[x], right = x + 1 < columns && ids[x + 1] == ids[x];
      if (left && right)
        row[size_t(x)] = (row[size_t(x - 1)] + row[size_t(x + 1)]) * 0.5f;
      else if (left || right)
        row[size_t(x)] = row[size_t(left ? x - 1 : x + 1)];
      else
        shade(x);
    }
  };
  shade_row(0, strip[2]);
  for (int y = 0; y < height; ++y) {
    std::swap(strip[0], strip[2]);
    shade_row(2 * y + 1, strip[1]);
    shade_row(2 * y + 2, strip[2]);
    for (int x = 0; x < width; ++x) {
      const size_t i = size_t(2 * x);
      const auto across = [&](const std::vector<Color>& r) { return (r[i] + r[i + 2]) * 0.22f + r[i + 1] * 0.56f; };
      out.light[size_t(y) * size_t(width) + size_t(x)] =
          (across(strip[0]) + across(strip[2])) * 0.22f + across(strip[1]) * 0.56f;
    }
  }
  return out;
}

}  // namespace segue::data::scene
