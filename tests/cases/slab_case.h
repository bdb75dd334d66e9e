// What the cases of sgd and adam share: the slab with its ranges, and the numbers that decide how gradients are used.
#pragma once

#include <cmath>
#include <string>

#include "cases_of.h"

namespace segue::cases {

struct SlabSetup {
  std::string name;
  int64_t size;
  std::vector<double> ranges;  // begin, end, group
  int64_t groups = 1;
  double max_norm = 0;              // 0: no clipping
  double loss_scale = 0;            // 0: none
  double square_sum = -1;           // below 0: that of the gradients
  DType rounded = DType::f32;       // of the twin; f32: none
  double least = 0.01, most = 0.2;  // rates

  bool has_rounded() const { return rounded != DType::f32; }
};

/// g, ranges, rates, decays, square_sum, max_norm, loss_scale; slab_view() gives those that the setup wants.
inline std::vector<Buffer> slab_inputs(const SlabSetup& s) {
  Array ranges({int64_t(s.ranges.size()) / 3, 3});
  ranges.v = s.ranges;
  const Shape per_group = s.groups == 1 ? Shape{} : Shape{s.groups};
  Array g = uniform({s.size}, -1, 1, 1);
  double sum = 0;
  for (double& x : g.v) {
    if (s.loss_scale > 0) x *= s.loss_scale;
    sum += x * x;
  }
  if (s.square_sum >= 0 || std::isnan(s.square_sum)) sum = s.square_sum;
  return {Buffer(g, DType::f32),
          Buffer(ranges, DType::i64),
          Buffer(uniform(per_group, s.least, s.most, 2), DType::f32),
          Buffer(uniform(per_group, 0, 0.1, 3), DType::f32),
          Buffer(constant({}, sum), DType::f32),
          Buffer(constant({}, s.max_norm), DType::f32),
          Buffer(constant({}, s.loss_scale), DType::f32)};
}

/// Operand i of slab_inputs().
inline View slab_view(const SlabSetup& s, Io& io, size_t i) {
  const bool wanted[] = {true, true, true, true, s.max_norm > 0 || s.loss_scale > 0, s.max_norm > 0, s.loss_scale > 0};
  return wanted[i] ? io.in[i].view() : View();
}

struct SlabReference {
  bool skip = false;
  double factor = 1;  // of the gradients
};

inline SlabReference slab_reference(const SlabSetup& s, const Io& io) {
  SlabReference r;
  const double square_sum = io.in[4].array()[0], scale = s.loss_scale > 0 ? io.in[6].array()[0] : 1;
  r.skip = s.loss_scale > 0 && !std::isfinite(square_sum);
  r.factor = 1 / scale;
  if (s.max_norm > 0) r.factor *= std::min(1.0, io.in[5].array()[0] / (std::sqrt(square_sum) / scale + 1e-6));
  return r;
}

/// Calls f(i, group) for every element inside the ranges.
template <class F>
void for_slab(const Io& io, F f) {
  const Array ranges = io.in[1].array();
  for (int64_t r = 0; r < ranges.shape[0]; ++r)
    for (int64_t i = int64_t(ranges[3 * r]); i < int64_t(ranges[3 * r + 1]); ++i) f(i, int64_t(ranges[3 * r + 2]));
}

/// The CPU call where the CPU offers it.
template <class F>
std::function<void(const CpuExec&, Io&)> cpu_unless_rounded(const SlabSetup& s, F call) {
  if (s.has_rounded()) return nullptr;
  return call;
}

/// The setups that both optimisers run beside their own.
inline std::vector<SlabSetup> slab_setups() {
  const std::vector<double> three = {3, 33000, 1, 33000, 33001, 0, 40000, 70001, 2};
  std::vector<SlabSetup> all = {
      {.name = "groups_70001", .size = 70001, .ranges = three, .groups = 3},
      {.name = "clipped_8193", .size = 8193, .ranges = {0, 8193, 0}, .max_norm = 5},
      {.name = "below_max_norm_19", .size = 19, .ranges = {0, 19, 0}, .max_norm = 100},
      {.name = "loss_scale_769", .size = 769, .ranges = {0, 769, 0}, .loss_scale = 1024},
      {.name = "loss_scale_odd_769", .size = 769, .ranges = {0, 769, 0}, .loss_scale = 1000.5},
      {.name = "loss_scale_clipped_769", .size = 769, .ranges = {1, 768, 0}, .max_norm = 5, .loss_scale = 65536},
      {.name = "loss_scale_below_max_norm_33", .size = 33, .ranges = {0, 33, 0}, .max_norm = 100, .loss_scale = 1024},
      {.name = "infinite_33", .size = 33, .ranges = {0, 33, 0}, .loss_scale = 1024, .square_sum = HUGE_VAL},
      {.name = "nan_33", .size = 33, .ranges = {0, 33, 0}, .max_norm = 5, .loss_scale = 1024, .square_sum = NAN},
      {.name = "no_ranges_33", .size = 33, .ranges = {}}};
  // More rows than a block has threads, in any order, with gaps, and shorter than a vector.
  std::vector<double> many;
  for (int k = 0; k < 601; ++k) {
    const int at = (k * 7) % 601 * 14;
    many.insert(many.end(), {double(at + k % 3), double(at + 3 + k % 11), double(k % 2)});
  }
  all.push_back({.name = "many_ranges_8420", .size = 8420, .ranges = many, .groups = 2});
  for (DType t : {DType::bf16, DType::f16}) {
    const std::string type = std::string(name_of(t)) + "_";
    all.push_back({.name = type + "groups_70001", .size = 70001, .ranges = three, .groups = 3, .rounded = t});
    all.push_back({.name = type + "loss_scale_8193",
                   .size = 8193,
                   .ranges = {2, 8193, 0},
                   .max_norm = 5,
                   .loss_scale = 4096,
                   .rounded = t});
    all.push_back({.name = type + "infinite_33",
                   .size = 33,
                   .ranges = {0, 33, 0},
                   .loss_scale = 1024,
                   .square_sum = HUGE_VAL,
                   .rounded = t});
  }
  return all;
}

}  // namespace segue::cases
