#include "render_raster.h"

#include <algorithm>
#include <utility>

namespace segue::data::scene {
namespace {

constexpr double kNear = 0.2;  // metres
constexpr double kGuard = 8;   // samples beyond the lattice where triangles are cut off
constexpr int kSubsampleBits = 8,
              kSubsamples =
                  1 << kSubsampleBits;  // corners are rounded to this part of a sample: edges are exact in f64
constexpr float kFarthest = -3.0e38f;

struct Point {
  double x, y, w;  // homogeneous: on the lattice at x / w, y / w
};

struct Target {
  Visibility& out;
  bool with_triangles;
  bool parallel;
};

/// Signed distance of a point to border `k` of the view, positive inside.
double inside(const Point& p, int k, const Target& t) {
  switch (k) {
    case 0: return p.w - kNear;
    case 1: return p.x + kGuard * p.w;
    case 2: return (t.out.width - 1 + kGuard) * p.w - p.x;
    case 3: return p.y + kGuard * p.w;
    default: return (t.out.height - 1 + kGuard) * p.w - p.y;
  }
}

double ceil_exact(double x) {
  const double i = double(int64_t(x));
  return i < x ? i + 1 : i;
}

/// The samples of one row inside the three edges: [first, last].
struct Span {
  double first, last;
};

/// A corner on the lattice, in units of 1/256 sample.
struct Corner {
  int32_t x, y;
};

struct Edge {
  double a, b, c;  // a x + b y + c > 0 inside, in sample units
  bool own;        // samples on the edge itself belong to this triangle
};

void narrow(Span& s, const Edge& e, double y) {
  const double rest = e.b * y + e.c;
  if (e.a == 0) {
    if (rest < 0 || (rest == 0 && !e.own)) s.last = s.first - 1;
    return;
  }
  const double q = -rest / e.a;  // exact where it matters: an integer quotient is exact, others are not near integers
  if (e.a > 0) {
    double x = ceil_exact(q);
    if (x == q && !e.own) x += 1;
    if (x > s.first) s.first = x;
  } else {
    double x = -ceil_exact(-q);
    if (x == q && !e.own) x -= 1;
    if (x < s.last) s.last = x;
  }
}

Edge edge(Corner p, Corner q) {
  Edge e;
  e.a = p.y - q.y;
  e.b = q.x - p.x;
  // Corners are multiples of 1/256 sample: scaled by 256 all terms are integers.
  e.c = (double(p.x) * double(q.y) - double(q.x) * double(p.y)) / kSubsamples;
  e.own = e.a > 0 || (e.a == 0 && e.b > 0);
  return e;
}

/// Rows and columns of samples that a triangle may cover.
struct Box {
  int left, right, top, bottom;
  bool empty() const { return left > right || top > bottom; }
};
Box box_of(Corner a, Corner b, Corner c, int width, int height) {
  const int x0 = std::min({a.x, b.x, c.x}), x1 = std::max({a.x, b.x, c.x});
  const int y0 = std::min({a.y, b.y, c.y}), y1 = std::max({a.y, b.y, c.y});
  constexpr int kUp = kSubsamples - 1;
  return {std::max(0, (x0 + kUp) >> kSubsampleBits), std::min(width - 1, x1 >> kSubsampleBits),
          std::max(0, (y0 + kUp) >> kSubsampleBits), std::min(height - 1, y1 >> kSubsampleBits)};
}

/// Where and how a triangle is drawn.
struct Drawn {
  const Mesh& mesh;
  const Target& target;
  const SeenTriangle& seen;
  uint32_t id;
  const Surface* holes;

  /// Writes samples first .. first + n - 1 of a row where the triangle is nearer than what is there.
  void row(int y, int first, int n) const;
};

void Drawn::row(int y, int first, int n) const {
  const size_t sample = size_t(y) * size_t(target.out.width) + size_t(first);
  float* depth = target.out.depth.data() + sample;
  uint32_t* ids = target.with_triangles ? target.out.seen.data() + sample : nullptr;
  const double* p = seen.plane[2];
  const float start = float(p[0] * first + p[1] * y + p[2]), slope = float(p[0]);
  if (!holes && n <= 3) {  // too short for vectors, and most rows are
    for (int i = 0; i < n; ++i) {
      const float d = start + slope * float(i);
      if (!(d > depth[i])) continue;
      depth[i] = d;
      if (ids) ids[i] = id;
    }
    return;
  }
  if (!holes && ids) {
    for (int i = 0; i < n; ++i) {
      const float d = start + slope * float(i);
      const bool nearer = d > depth[i];
      depth[i] = nearer ? d : depth[i];
      ids[i] = nearer ? id : ids[i];
    }
    return;
  }
  if (!holes) {
    for (int i = 0; i < n; ++i) {
      const float d = start + slope * float(i);
      depth[i] = d > depth[i] ? d : depth[i];
    }
    return;
  }
  const Triangle& t = mesh.triangles[seen.triangle];
  const Vertex &v0 = mesh.vertices[t.corner[0]], &v1 = mesh.vertices[t.corner[1]], &v2 = mesh.vertices[t.corner[2]];
  // Where on the surface: linear along the row but for the division, whose divisor in perspective is the depth itself.
  const auto at = [&](const double* q) { return float(q[0] * first + q[1] * y + q[2]); };
  const float start1 = at(seen.plane[0]), slope1 = float(seen.plane[0][0]);
  const float start2 = at(seen.plane[1]), slope2 = float(seen.plane[1][0]);
  const float u1 = v1.u - v0.u, u2 = v2.u - v0.u, w1 = v1.v - v0.v, w2 = v2.v - v0.v;
  for (int i = 0; i < n; ++i) {
    const float d = start + slope * float(i);
    if (!(d > depth[i])) continue;
    const float scale = target.parallel ? 1.f : 1.f / d;
    const float b1 = (start1 + slope1 * float(i)) * scale, b2 = (start2 + slope2 * float(i)) * scale;
    if (!is_solid(*holes, v0.u + b1 * u1 + b2 * u2, v0.v + b1 * w1 + b2 * w2)) continue;
    depth[i] = d;
    if (ids) ids[i] = id;
  }
}

/// Covers the samples of one triangle inside `box`.
void fill(const Drawn& drawn, const Box& box, Corner a, Corner b, Corner c) {
  const double area = double(b.x - a.x) * double(c.y - a.y) - double(c.x - a.x) * double(b.y - a.y);
  if (area == 0) return;
  if (area < 0) std::swap(b, c);
  const Edge edges[3] = {edge(a, b), edge(b, c), edge(c, a)};
  if (box.right - box.left < 6) {
    // Few columns: the edges are asked at every sample, in whole numbers; one less than nothing where an edge is not owned.
    int64_t e[3], dx[3], dy[3];
    for (int k = 0; k < 3; ++k) {
      dx[k] = int64_t(edges[k].a) * kSubsamples;
      dy[k] = int64_t(edges[k].b) * kSubsamples;
      e[k] = int64_t(edges[k].c * kSubsamples) + dx[k] * box.left + dy[k] * box.top - (edges[k].own ? 0 : 1);
    }
    for (int y = box.top; y <= box.bottom; ++y) {
      int64_t f[3] = {e[0], e[1], e[2]};
      int first = -1, n = 0;
      for (int x = box.left; x <= box.right; ++x) {
        if ((f[0] | f[1] | f[2]) >= 0) {
          first = n == 0 ? x : first;
          ++n;
        }
        for (int k = 0; k < 3; ++k) f[k] += dx[k];
      }
      if (n > 0) drawn.row(y, first, n);
      for (int k = 0; k < 3; ++k) e[k] += dy[k];
    }
    return;
  }
  for (int y = box.top; y <= box.bottom; ++y) {
    Span s{double(box.left), double(box.right)};
    for (const Edge& e : edges) narrow(s, e, y);
    if (s.first <= s.last) drawn.row(y, int(s.first), int(s.last) - int(s.first) + 1);
  }
}

/// The parts of a polygon of `n` corners inside border `k`.
int clip(const Point* in, int n, int k, const Target& t, Point* out) {
  int m = 0;
  for (int i = 0; i < n; ++i) {
    const Point &a = in[i], &b = in[(i + 1) % n];
    const double da = inside(a, k, t), db = inside(b, k, t);
    if (da >= 0) out[m++] = a;
    if ((da >= 0) != (db >= 0)) {
      // From the inner corner outwards, so that both triangles at an edge cut it at the same point.
      const Point &p = da >= 0 ? a : b, &q = da >= 0 ? b : a;
      const double dp = da >= 0 ? da : db, dq = da >= 0 ? db : da, s = dp / (dp - dq);
      out[m++] = {p.x + (q.x - p.x) * s, p.y + (q.y - p.y) * s, p.w + (q.w - p.w) * s};
    }
  }
  return m;
}

/// Sets the planes; false for a triangle without area.
bool set_planes(const Point (&p)[3], const float (&depths)[3], bool parallel, SeenTriangle& st) {
  double n[3][3];
  for (int j = 0; j < 3; ++j) {
    const Point &a = p[(j + 1) % 3], &b = p[(j + 2) % 3];
    n[j][0] = a.y * b.w - a.w * b.y;
    n[j][1] = a.w * b.x - a.x * b.w;
    n[j][2] = a.x * b.y - a.y * b.x;
  }
  const double det = p[0].x * n[0][0] + p[0].y * n[0][1] + p[0].w * n[0][2];
  if (det == 0) return false;
  for (int k = 0; k < 3; ++k) {
    st.plane[0][k] = n[1][k] / det;
    st.plane[1][k] = n[2][k] / det;
    st.plane[2][k] = parallel ? (n[0][k] * depths[0] + n[1][k] * depths[1] + n[2][k] * depths[2]) / det
                              : (n[0][k] + n[1][k] + n[2][k]) / det;
  }
  return true;
}

Corner snapped(const Point& p) {
  const auto nearest = [](double x) {
    const double s = x * kSubsamples + 0.5;
    const int32_t i = int32_t(s);
    return i - int32_t(double(i) > s);
  };
  return {nearest(p.x / p.w), nearest(p.y / p.w)};
}

}  // namespace

void rasterize(const Mesh& mesh, const Projection& pr, int width, int height, RasterOptions options, Visibility& out) {
  const size_t samples = size_t(width) * size_t(height);
  out.width = width;
  out.height = height;
  out.depth.assign(samples, pr.parallel ? kFarthest : 0.f);
  out.seen.assign(options.with_triangles ? samples : 0, kNothing);
  out.triangles.clear();
  const Target target{out, options.with_triangles, pr.parallel};

  struct Seen {
    Point point;
    Corner corner;
    float depth;
    uint32_t outside;
  };
  std::vector<Seen> seen(mesh.vertices.size());
  for (size_t i = 0; i < seen.size(); ++i) {
    const V3 d = mesh.vertices[i].position - pr.origin;
    const double x = dot(d, pr.right), y = dot(d, pr.up), z = dot(d, pr.forward), w = pr.parallel ? 1 : z;
    Seen& v = seen[i];
    v.point = {x * pr.scale + pr.center_x * w, pr.center_y * w - y * pr.scale, w};
    v.depth = float(-z);
    v.outside = 0;
    for (int k = 0; k < 5; ++k) v.outside |= inside(v.point, k, target) < 0 ? 1u << k : 0u;
    if (v.outside == 0) v.corner = snapped(v.point);
  }

  const auto draw = [&](uint32_t i, const Surface* holes) {
    const uint32_t* corner = mesh.triangles[i].corner;
    const Seen &a = seen[corner[0]], &b = seen[corner[1]], &c = seen[corner[2]];
    const uint32_t crossed = a.outside | b.outside | c.outside;
    Box box;
    if (crossed == 0) {
      box = box_of(a.corner, b.corner, c.corner, width, height);
      if (box.empty()) return;  // it slips between the samples
    }
    const Point p[3] = {a.point, b.point, c.point};
    SeenTriangle st;
    st.triangle = i;
    if (!set_planes(p, {a.depth, b.depth, c.depth}, pr.parallel, st)) return;
    const uint32_t id = uint32_t(out.triangles.size());
    if (options.with_triangles) out.triangles.push_back(st);
    const Drawn drawn{mesh, target, st, id, holes};
    if (crossed == 0) return fill(drawn, box, a.corner, b.corner, c.corner);
    Point polygon[2][12] = {{p[0], p[1], p[2]}, {}};
    int n = 3, at = 0;
    for (int k = 0; k < 5 && n >= 3; ++k)
      if (crossed >> k & 1) {
        n = clip(polygon[at], n, k, target, polygon[1 - at]);
        at = 1 - at;
      }
    if (n < 3) return;
    Corner corners[12];
    for (int j = 0; j < n; ++j) corners[j] = snapped(polygon[at][j]);
    for (int j = 1; j + 1 < n; ++j) {
      box = box_of(corners[0], corners[j], corners[j + 1], width, height);
      if (!box.empty()) fill(drawn, box, corners[0], corners[j], corners[j + 1]);
    }
  };

  // What is solid first, then what has holes, from near to far: most of that is hidden and need not be asked for its holes.
  struct Later {
    float depth;
    uint32_t triangle;
  };
  std::vector<Later> later;
  for (uint32_t i = 0; i < uint32_t(mesh.triangles.size()); ++i) {
    const Triangle& t = mesh.triangles[i];
    if (seen[t.corner[0]].outside & seen[t.corner[1]].outside & seen[t.corner[2]].outside) continue;
    if (!has_holes(mesh.surfaces[t.surface].material))
      draw(i, nullptr);
    else if (options.with_holes)
      later.push_back({seen[t.corner[0]].depth, i});
  }
  std::sort(later.begin(), later.end(), [](const Later& a, const Later& b) {
    return a.depth > b.depth || (a.depth == b.depth && a.triangle < b.triangle);
  });
  for (const Later& l : later) draw(l.triangle, &mesh.surfaces[mesh.triangles[l.triangle].surface]);
}

}  // namespace segue::data::scene
