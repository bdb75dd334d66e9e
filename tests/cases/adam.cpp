#include "kernels/adam.h"

#include "cases_of.h"

namespace segue::cases {
namespace {

struct Setup {
  const char* name;
  int64_t size;
  std::vector<double> ranges;  // begin, end, group
  int64_t groups = 1;
  int step = 1;
  AdamOptions options = {};
  double max_norm = 0;  // 0: no clipping
};

// The operands: in = g, ranges, rates, decays, corrections, [square_sum, max_norm]; out = w, m, v.
Io make(const Setup& s) {
  Array ranges({int64_t(s.ranges.size()) / 3, 3}), corrections({2});
  ranges.v = s.ranges;
  corrections.v = {1 - std::pow(s.options.beta1, s.step), 1 - std::pow(s.options.beta2, s.step)};
  const Shape per_group = s.groups == 1 ? Shape{} : Shape{s.groups};
  Io io;
  const Array g = uniform({s.size}, -1, 1, 1);
  io.in = {Buffer(g, DType::f32), Buffer(ranges, DType::i64), Buffer(uniform(per_group, 0.001, 0.02, 2), DType::f32),
           Buffer(uniform(per_group, 0, 0.1, 3), DType::f32), Buffer(corrections, DType::f32)};
  if (s.max_norm > 0) {
    double sum = 0;
    for (double x : g.v) sum += x * x;
    io.in.push_back(Buffer(constant({}, sum), DType::f32));
    io.in.push_back(Buffer(constant({}, s.max_norm), DType::f32));
  }
  const bool first = s.step == 1;
  io.out = {Buffer(uniform({s.size}, -1, 1, 4), DType::f32),
            Buffer(first ? Array({s.size}) : uniform({s.size}, -1, 1, 5), DType::f32),
            Buffer(first ? Array({s.size}) : uniform({s.size}, 0.01, 1, 6), DType::f32)};
  return io;
}

std::vector<Array> reference(const Io& io, const AdamOptions& o) {
  const Array g = io.in[0].array(), ranges = io.in[1].array(), rates = io.in[2].array(), decays = io.in[3].array(),
              corrections = io.in[4].array();
  Array w = io.out[0].array(), m = io.out[1].array(), v = io.out[2].array();
  double clip = 1;
  if (io.in.size() > 5) clip = std::min(1.0, io.in[6].array()[0] / (std::sqrt(io.in[5].array()[0]) + 1e-6));
  for (int64_t r = 0; r < ranges.shape[0]; ++r) {
    const int64_t k = int64_t(ranges[3 * r + 2]);
    for (int64_t i = int64_t(ranges[3 * r]); i < int64_t(ranges[3 * r + 1]); ++i) {
      const double d = clip * g[i] + decays[k] * w[i];
      m[i] = o.beta1 * m[i] + (1 - o.beta1) * d;
      v[i] = o.beta2 * v[i] + (1 - o.beta2) * d * d;
      w[i] -= rates[k] / corrections[0] * m[i] / (std::sqrt(v[i]) / std::sqrt(corrections[1]) + o.eps);
    }
  }
  return {w, m, v};
}

Case adam_case(const Setup& s) {
  return {.op = "adam",
          .name = s.name,
          .make = [s] { return make(s); },
          .cpu =
              [o = s.options](const CpuExec& e, Io& io) {
                const bool clips = io.in.size() > 5;
                kernels::adam(e, io.out[0].view(), io.in[0].view(), io.out[1].view(), io.out[2].view(), io.in[1].view(),
                              io.in[2].view(), io.in[3].view(), io.in[4].view(), clips ? io.in[5].view() : View(),
                              clips ? io.in[6].view() : View(), o);
              },
          .cuda = nullptr,
          .reference = [o = s.options](const Io& io) { return reference(io, o); },
          .bytes = 7.0 * 4 * double(s.size)};
}

}  // namespace

void adam_cases(Registry& r) {
  r.cases.push_back(adam_case({.name = "first_1", .size = 1, .ranges = {0, 1, 0}}));
  r.cases.push_back(adam_case({.name = "step7_33", .size = 33, .ranges = {0, 33, 0}, .step = 7}));
  r.cases.push_back(adam_case({.name = "groups_70001",
                               .size = 70001,
                               .ranges = {3, 33000, 1, 33000, 33001, 0, 40000, 70001, 2},
                               .groups = 3,
                               .step = 3}));
  r.cases.push_back(adam_case(
      {.name = "gan_769", .size = 769, .ranges = {0, 769, 0}, .step = 2, .options = {.beta1 = 0.5, .beta2 = 0.999}}));
  r.cases.push_back(
      adam_case({.name = "clipped_8193", .size = 8193, .ranges = {0, 8193, 0}, .step = 100, .max_norm = 5}));
  r.cases.push_back(
      bench_only(adam_case({.name = "40M", .size = 40'000'000, .ranges = {0, 40'000'000, 0}, .step = 9})));
}

}  // namespace segue::cases
