// Which triangle is seen at each point of a lattice: clipping, exact coverage, depth buffer.
#pragma once

#include "scene_mesh.h"

namespace segue::data::scene {

/// Maps the world to a lattice of points: sample (x, y) is where X/w = x, Y/w = y. Parallel projections have w = 1.
struct Projection {
  V3 origin, right, up, forward;
  float scale = 1;  ///< samples per unit slope (perspective) or per metre (parallel)
  float center_x = 0, center_y = 0;
  bool parallel = false;
};

/// A triangle as the lattice sees it. With P_j = a_j x + b_j y + c_j: depth = P_2, and the weights of its second and third
/// corner are P_0 / w and P_1 / w, where w = P_2 in perspective and 1 in parallel projection.
struct SeenTriangle {
  double plane[3][3];
  uint32_t triangle;
};

constexpr uint32_t kNothing = 0xffffffffu;

/// For each sample the nearest triangle. Depth is 1 / distance along `forward` (perspective) or minus that distance
/// (parallel): the greater is nearer.
struct Visibility {
  int width = 0, height = 0;
  std::vector<float> depth;
  std::vector<uint32_t> seen;  ///< index into `triangles`, or kNothing; empty if only depth was asked for
  std::vector<SeenTriangle> triangles;
};

struct RasterOptions {
  bool with_triangles = true;  ///< fill `seen` and `triangles`, not depth alone
  bool with_holes = true;      ///< draw surfaces that have holes: leaves, fences
};

/// Rasterises the mesh on a lattice of width x height samples. Where edges of two triangles meet, each sample belongs to
/// exactly one of them.
void rasterize(const Mesh& mesh, const Projection& projection, int width, int height, RasterOptions options,
               Visibility& out);

/// Whether a surface with holes is solid at u, v.
bool is_solid(const Surface& surface, float u, float v);

}  // namespace segue::data::scene
