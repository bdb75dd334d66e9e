// Triangles with surfaces, and the solids that scenes are built of.
#pragma once

#include <initializer_list>
#include <vector>

#include "scene_surface.h"

namespace segue::data::scene {

struct Vertex {
  V3 position, normal;
  float u = 0, v = 0;  ///< where on its surface, usually in metres
};

struct Uv {
  float u, v;
};

struct Triangle {
  uint32_t corner[3];
  uint32_t surface;
};

/// World: x right, y up, z along the street away from the camera, in metres.
struct Mesh {
  std::vector<Vertex> vertices;
  std::vector<Triangle> triangles;
  std::vector<Surface> surfaces;
};

/// A place and an orientation: `right`, `up`, `forward` are the local x, y, z axes.
struct Frame {
  V3 origin, right = {1, 0, 0}, up = {0, 1, 0}, forward = {0, 0, 1};

  V3 direction(V3 d) const { return right * d.x + up * d.y + forward * d.z; }
  V3 point(V3 p) const { return origin + direction(p); }
  /// This frame moved by `offset` in its own axes and turned about its up axis, positive from forward to right.
  Frame moved(V3 offset, float turns = 0) const;
  /// Turned about its own right axis: positive lowers what is ahead.
  Frame pitched(float turns) const;
  /// Turned about its own forward axis: positive leans to the right.
  Frame rolled(float turns) const;
};

/// Puts solids, given in a local frame, into a mesh.
class Builder {
 public:
  Builder(Mesh& mesh, const Frame& frame) : mesh_(mesh), frame_(frame) {}

  Mesh& mesh() { return mesh_; }
  const Frame& frame() const { return frame_; }
  /// The same mesh seen from another frame.
  Builder at(const Frame& frame) const;
  Builder moved(V3 offset, float turns = 0) const { return at(frame_.moved(offset, turns)); }

  /// What follows is of this surface.
  Builder& with(const Surface& surface);

  /// Corners in order round the rim, u from a to b, v from a to d, in metres; origin of u and v as given.
  void quad(V3 a, V3 b, V3 c, V3 d, float u0 = 0, float v0 = 0);
  void quad_uv(V3 a, V3 b, V3 c, V3 d, float u0, float v0, float u1, float v1);
  void triangle(V3 a, V3 b, V3 c);
  /// A quad with u, v in [0, 1] that is lit as if it faced `normal`.
  void lit_quad(V3 a, V3 b, V3 c, V3 d, V3 normal);
  /// A flat convex plate of three to eight corners about `center`, with u, v given for each.
  void shape(V3 center, std::initializer_list<V3> corners, std::initializer_list<Uv> uvs);
  /// A box between two corners; u, v in metres on every face. `bottom`: with the face that looks down.
  void box(V3 low, V3 high, bool bottom = false);
  /// A box whose top is narrower: `inset` from each side at the top (x and z).
  void tapered_box(V3 low, V3 high, float inset_x, float inset_z);
  /// A round bar, smooth; its ends are closed if `caps`.
  void tube(V3 from, V3 to, float from_radius, float to_radius, int sides, bool caps = false);
  void ellipsoid(V3 center, V3 radii, int rings, int sides);
  /// A flat round plate about `center`, facing `normal`; u, v in [-1, 1].
  void disc(V3 center, V3 normal, float radius, int sides);
  /// A wheel or drum: a disc on each side and the tread between, along the local x axis.
  void drum(V3 center, float radius, float half_width, int sides);
  /// A skin through `count` rings of `n` points each, `rings[i * n + j]`; smooth across the rings' points if `smooth`.
  void loft(const std::vector<V3>& rings, int n, bool closed, bool smooth);

 private:
  uint32_t vertex(V3 p, V3 n, float u, float v);
  void face(uint32_t a, uint32_t b, uint32_t c);

  Mesh& mesh_;
  Frame frame_;
  uint32_t surface_ = 0;
};

}  // namespace segue::data::scene
