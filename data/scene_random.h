// Random choices of a scene: a Philox stream for each purpose, so that one object's choices never move another's.
#pragma once

#include "kernels/philox.h"
#include "scene_math.h"

namespace segue::data::scene {

class Random {
 public:
  Random(uint64_t seed, uint64_t index, uint32_t purpose) : key_{seed, purpose}, index_(index) {}

  /// A stream of its own, named by `purpose` within this one.
  Random fork(uint32_t purpose) const { return Random(key_.seed, index_, hash(key_.call * 0x9e3779b1u + purpose + 1)); }

  uint32_t bits() {
    if (next_ % 4 == 0) quad_ = random_quad(key_, index_, next_ / 4);
    return quad_.v[next_++ % 4];
  }
  float unit() { return to_unit(bits()); }
  float range(float lo, float hi) { return mix(lo, hi, unit()); }
  bool chance(float p) { return unit() < p; }
  /// 0 .. n-1.
  int below(int n) { return int(uint64_t(bits()) * uint64_t(n) >> 32); }
  int range_int(int lo, int hi) { return lo + below(hi - lo + 1); }
  /// Mean 0, deviation 1, within +-3.4: the sum of four uniforms.
  float bell() {
    float sum = -2;
    for (int i = 0; i < 4; ++i) sum += unit();
    return sum * 1.7320508f;
  }

 private:
  RandomKey key_;
  uint64_t index_;
  uint64_t next_ = 0;
  Philox4 quad_ = {};
};

}  // namespace segue::data::scene
