// What a piece of a scene is made of and what it is labelled.
#pragma once

#include "scene_math.h"

namespace segue::data::scene {

/// Ids of Cityscapes' label files.
enum Label : uint8_t {
  kEgoVehicle = 1,
  kRoad = 7,
  kSidewalk = 8,
  kBuilding = 11,
  kWall = 12,
  kFence = 13,
  kPole = 17,
  kTrafficLight = 19,
  kTrafficSign = 20,
  kVegetation = 21,
  kTerrain = 22,
  kSky = 23,
  kPerson = 24,
  kRider = 25,
  kCar = 26,
  kTruck = 27,
  kBus = 28,
  kTrain = 31,
  kMotorcycle = 32,
  kBicycle = 33,
};

/// How a surface is coloured from its u, v; `color`, `accent` and `p` mean what is said here.
enum class Material : uint8_t {
  plain,    ///< color with little noise; p0 gloss
  road,     ///< asphalt color; markings of the street by u = metres from the axis, v = metres along
  asphalt,  ///< asphalt without markings
  paving,   ///< slabs p0 x p1 m, joints of accent
  grass,    ///< color to accent by noise
  facade,   ///< windows on a wall; see FacadeStyle, seed chooses; color wall, accent trim
  brick,    ///< bricks color, mortar accent
  stone,    ///< irregular stones color, accent
  planks,   ///< boards p0 wide along u, color
  tiles,    ///< roof tiles color
  leaves,   ///< cut out: clusters of leaves, color to accent; p0 cells across, u, v in [0, 1]
  bark,     ///< color
  twigs,    ///< cut out: bare branches, u, v in [0, 1]
  bars,     ///< cut out: upright bars every p0 m, p1 wide, rails at the top and the foot; p2 height
  wire,     ///< cut out: diagonal mesh of p0 m, p1 wide
  spokes,   ///< cut out: rim and spokes, u, v in [-1, 1]; p0 hole radius, p1 spokes, p2 spoke width
  paint,    ///< car paint with reflections; dark joints every p0 m along u if p0 > 0
  glass,    ///< dark, reflecting
  coach,  ///< side of a bus or tram: color below, accent stripe, windows between heights p0 and p1, spacing p2, doors p3
  sign,   ///< u, v in [-1, 1]; p0 design, color ground, accent rim
  glow,   ///< shines: color
  panel,    ///< corrugated or ribbed sheet, ribs every p0 m
  skyline,  ///< far buildings in haze
};

struct Surface {
  Material material = Material::plain;
  uint8_t label = 0;
  Color color, accent;
  float p[4] = {};
  uint32_t seed = 0;
};

/// Whether parts of its triangles are holes.
constexpr bool has_holes(Material m) {
  return m == Material::leaves || m == Material::twigs || m == Material::bars || m == Material::wire ||
         m == Material::spokes;
}

}  // namespace segue::data::scene
