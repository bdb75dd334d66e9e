#include "scene_mesh.h"

namespace segue::data::scene {

Frame Frame::moved(V3 offset, float turns) const {
  const float c = cos_turns(turns), s = sin_turns(turns);
  Frame f;
  f.origin = point(offset);
  f.right = right * c - forward * s;
  f.up = up;
  f.forward = forward * c + right * s;
  return f;
}

Frame Frame::pitched(float turns) const {
  const float c = cos_turns(turns), s = sin_turns(turns);
  Frame f = *this;
  f.forward = forward * c - up * s;
  f.up = up * c + forward * s;
  return f;
}

Frame Frame::rolled(float turns) const {
  const float c = cos_turns(turns), s = sin_turns(turns);
  Frame f = *this;
  f.up = up * c + right * s;
  f.right = right * c - up * s;
  return f;
}

Builder Builder::at(const Frame& frame) const {
  Builder b(mesh_, frame);
  b.surface_ = surface_;
  return b;
}

Builder& Builder::with(const Surface& surface) {
  surface_ = uint32_t(mesh_.surfaces.size());
  mesh_.surfaces.push_back(surface);
  return *this;
}

uint32_t Builder::vertex(V3 p, V3 n, float u, float v) {
  mesh_.vertices.push_back({frame_.point(p), frame_.direction(n), u, v});
  return uint32_t(mesh_.vertices.size() - 1);
}

void Builder::face(uint32_t a, uint32_t b, uint32_t c) { mesh_.triangles.push_back({{a, b, c}, surface_}); }

void Builder::quad(V3 a, V3 b, V3 c, V3 d, float u0, float v0) {
  const V3 n = normalize(cross(b - a, d - a));
  const V3 along = normalize(b - a);
  const V3 upward = cross(n, along);
  const auto u = [&](V3 p) { return u0 + dot(p - a, along); };
  const auto v = [&](V3 p) { return v0 + dot(p - a, upward); };
  const uint32_t ia = vertex(a, n, u(a), v(a)), ib = vertex(b, n, u(b), v(b));
  const uint32_t ic = vertex(c, n, u(c), v(c)), id = vertex(d, n, u(d), v(d));
  face(ia, ib, ic);
  face(ia, ic, id);
}

void Builder::quad_uv(V3 a, V3 b, V3 c, V3 d, float u0, float v0, float u1, float v1) {
  V3 n = cross(b - a, d - a);
  if (dot(n, n) < 1e-14f) n = cross(c - b, d - b);
  n = normalize(n);
  const uint32_t ia = vertex(a, n, u0, v0), ib = vertex(b, n, u1, v0);
  const uint32_t ic = vertex(c, n, u1, v1), id = vertex(d, n, u0, v1);
  face(ia, ib, ic);
  face(ia, ic, id);
}

void Builder::lit_quad(V3 a, V3 b, V3 c, V3 d, V3 normal) {
  const uint32_t ia = vertex(a, normal, 0, 0), ib = vertex(b, normal, 1, 0);
  const uint32_t ic = vertex(c, normal, 1, 1), id = vertex(d, normal, 0, 1);
  face(ia, ib, ic);
  face(ia, ic, id);
}

void Builder::triangle(V3 a, V3 b, V3 c) {
  const V3 n = normalize(cross(b - a, c - a));
  const V3 along = normalize(b - a);
  const V3 upward = cross(n, along);
  const uint32_t ia = vertex(a, n, 0, 0), ib = vertex(b, n, length(b - a), 0);
  face(ia, ib, vertex(c, n, dot(c - a, along), dot(c - a, upward)));
}

void Builder::shape(V3 center, std::initializer_list<V3> corners, std::initializer_list<Uv> uvs) {
  const V3* p = corners.begin();
  const V3 n = normalize(cross(p[1] - p[0], p[2] - p[0]));
  const uint32_t base = uint32_t(mesh_.vertices.size());
  for (size_t i = 0; i < corners.size(); ++i) vertex(center + p[i], n, uvs.begin()[i].u, uvs.begin()[i].v);
  for (uint32_t i = 1; i + 1 < uint32_t(corners.size()); ++i) face(base, base + i, base + i + 1);
}

void Builder::box(V3 l, V3 h, bool bottom) {
  quad({l.x, l.y, l.z}, {h.x, l.y, l.z}, {h.x, h.y, l.z}, {l.x, h.y, l.z});
  quad({h.x, l.y, h.z}, {l.x, l.y, h.z}, {l.x, h.y, h.z}, {h.x, h.y, h.z});
  quad({l.x, l.y, h.z}, {l.x, l.y, l.z}, {l.x, h.y, l.z}, {l.x, h.y, h.z});
  quad({h.x, l.y, l.z}, {h.x, l.y, h.z}, {h.x, h.y, h.z}, {h.x, h.y, l.z});
  quad({l.x, h.y, l.z}, {h.x, h.y, l.z}, {h.x, h.y, h.z}, {l.x, h.y, h.z});
  if (bottom) quad({l.x, l.y, h.z}, {h.x, l.y, h.z}, {h.x, l.y, l.z}, {l.x, l.y, l.z});
}

void Builder::tapered_box(V3 l, V3 h, float ix, float iz) {
  const V3 low[4] = {{l.x, l.y, l.z}, {h.x, l.y, l.z}, {h.x, l.y, h.z}, {l.x, l.y, h.z}};
  const V3 top[4] = {
      {l.x + ix, h.y, l.z + iz}, {h.x - ix, h.y, l.z + iz}, {h.x - ix, h.y, h.z - iz}, {l.x + ix, h.y, h.z - iz}};
  for (int i = 0; i < 4; ++i) quad(low[i], low[(i + 1) % 4], top[(i + 1) % 4], top[i]);
  quad(top[0], top[1], top[2], top[3]);
}

void Builder::tube(V3 from, V3 to, float r0, float r1, int sides, bool caps) {
  const V3 axis = normalize(to - from);
  const V3 x = normalize(cross(magnitude(axis.y) < 0.9f ? V3{0, 1, 0} : V3{1, 0, 0}, axis)), y = cross(axis, x);
  const float l = length(to - from), around = 6.2831853f * most(r0, r1);
  const uint32_t base = uint32_t(mesh_.vertices.size());
  for (int i = 0; i <= sides; ++i) {
    const float t = float(i) / float(sides);
    const V3 n = x * cos_turns(t) + y * sin_turns(t);
    vertex(from + n * r0, n, t * around, 0);
    vertex(to + n * r1, n, t * around, l);
  }
  for (uint32_t i = 0; i < uint32_t(sides); ++i) {
    const uint32_t a = base + 2 * i;
    face(a, a + 2, a + 3);
    if (r1 > 0) face(a, a + 3, a + 1);
  }
  if (!caps) return;
  if (r1 > 0) disc(to, axis, r1, sides);
  disc(from, axis * -1.f, r0, sides);
}

void Builder::ellipsoid(V3 c, V3 r, int rings, int sides) {
  const uint32_t base = uint32_t(mesh_.vertices.size());
  for (int i = 0; i <= rings; ++i) {
    const float a = 0.5f * float(i) / float(rings), y = -cos_turns(a), w = sin_turns(a);
    for (int j = 0; j <= sides; ++j) {
      const float t = float(j) / float(sides);
      const V3 d = {w * cos_turns(t), y, w * sin_turns(t)};
      vertex(c + d * r, normalize({d.x / r.x, d.y / r.y, d.z / r.z}), t * 6.2831853f * r.x, a * 6.2831853f * r.y);
    }
  }
  const uint32_t row = uint32_t(sides) + 1;
  for (uint32_t i = 0; i < uint32_t(rings); ++i)
    for (uint32_t j = 0; j < uint32_t(sides); ++j) {
      const uint32_t a = base + i * row + j;
      if (i > 0) face(a, a + 1, a + row);
      if (i + 1 < uint32_t(rings)) face(a + 1, a + row + 1, a + row);
    }
}

void Builder::disc(V3 c, V3 normal, float radius, int sides) {
  const V3 n = normalize(normal);
  const V3 x = normalize(cross(magnitude(n.y) < 0.9f ? V3{0, 1, 0} : V3{0, 0, 1}, n)), y = cross(n, x);
  const uint32_t base = uint32_t(mesh_.vertices.size());
  for (int i = 0; i < sides; ++i) {
    const float t = (float(i) + 0.5f) / float(sides), s = sin_turns(t), k = cos_turns(t);
    vertex(c + (x * k + y * s) * radius, n, k, s);
  }
  for (uint32_t i = 1; i + 1 < uint32_t(sides); ++i) face(base, base + i, base + i + 1);
}

void Builder::drum(V3 c, float radius, float half_width, int sides) {
  const V3 side = {half_width, 0, 0};
  tube(c - side, c + side, radius, radius, sides);
  disc(c + side, {1, 0, 0}, radius, sides);
  disc(c - side, {-1, 0, 0}, radius, sides);
}

void Builder::loft(const std::vector<V3>& rings, int n, bool closed, bool smooth) {
  const int count = int(rings.size()) / n, strips = closed ? n : n - 1;
  const auto at = [&](int i, int j) { return rings[size_t(i * n + (j + n) % n)]; };
  if (!smooth) {
    float v = 0;
    for (int i = 0; i + 1 < count; ++i) {
      const float next = v + length(at(i + 1, 0) - at(i, 0));
      float u = 0;
      for (int j = 0; j < strips; ++j) {
        const float wide = length(at(i, j + 1) - at(i, j));
        quad_uv(at(i, j), at(i, j + 1), at(i + 1, j + 1), at(i + 1, j), u, v, u + wide, next);
        u += wide;
      }
      v = next;
    }
    return;
  }
  const uint32_t base = uint32_t(mesh_.vertices.size());
  for (int i = 0; i < count; ++i)
    for (int j = 0; j < n + int(closed); ++j) {
      // The slope along the rings and across them, between neighbours on both sides.
      const int i0 = i > 0 ? i - 1 : 0, i1 = i + 1 < count ? i + 1 : i;
      const int j0 = closed || j > 0 ? j - 1 : 0, j1 = closed || j + 1 < n ? j + 1 : j;
      const V3 across = at(i, j1) - at(i, j0), along = at(i1, j) - at(i0, j);
      const V3 p = at(i, j);
      vertex(p, normalize(cross(across, along)), p.z, p.y);
    }
  const uint32_t row = uint32_t(n + int(closed));
  for (uint32_t i = 0; i + 1 < uint32_t(count); ++i)
    for (uint32_t j = 0; j < uint32_t(strips); ++j) {
      const uint32_t a = base + i * row + j;
      face(a, a + 1, a + row + 1);
      face(a, a + row + 1, a + row);
    }
}

}  // namespace segue::data::scene
