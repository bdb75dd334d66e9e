#include "kernels/sgd.h"

#include "cases_of.h"

namespace segue::cases {
namespace {

struct Setup {
  const char* name;
  int64_t size;
  std::vector<double> ranges;  // begin, end, group
  int64_t groups = 1;
  SgdOptions options = {};
  double max_norm = 0;  // 0: no clipping
};

// The operands: in = g, ranges, rates, decays, [square_sum, max_norm]; out = w, [m].
Io make(const Setup& s) {
  Array ranges({int64_t(s.ranges.size()) / 3, 3});
  ranges.v = s.ranges;
  const Shape per_group = s.groups == 1 ? Shape{} : Shape{s.groups};
  Io io;
  const Array g = uniform({s.size}, -1, 1, 1);
  io.in = {Buffer(g, DType::f32), Buffer(ranges, DType::i64), Buffer(uniform(per_group, 0.01, 0.2, 2), DType::f32),
           Buffer(uniform(per_group, 0, 0.1, 3), DType::f32)};
  if (s.max_norm > 0) {
    double sum = 0;
    for (double x : g.v) sum += x * x;
    io.in.push_back(Buffer(constant({}, sum), DType::f32));
    io.in.push_back(Buffer(constant({}, s.max_norm), DType::f32));
  }
  io.out = {Buffer(uniform({s.size}, -1, 1, 4), DType::f32)};
  if (s.options.momentum != 0) io.out.push_back(Buffer(uniform({s.size}, -2, 2, 5), DType::f32));
  return io;
}

std::vector<Array> reference(const Io& io, const SgdOptions& o) {
  const Array g = io.in[0].array(), ranges = io.in[1].array(), rates = io.in[2].array(), decays = io.in[3].array();
  Array w = io.out[0].array(), m(w.shape);
  if (o.momentum != 0) m = io.out[1].array();
  double clip = 1;
  if (io.in.size() > 4) clip = std::min(1.0, io.in[5].array()[0] / (std::sqrt(io.in[4].array()[0]) + 1e-6));
  for (int64_t r = 0; r < ranges.shape[0]; ++r) {
    const int64_t k = int64_t(ranges[3 * r + 2]);
    for (int64_t i = int64_t(ranges[3 * r]); i < int64_t(ranges[3 * r + 1]); ++i) {
      const double d = clip * g[i] + decays[k] * w[i];
      m[i] = o.momentum * m[i] + d;
      w[i] -= rates[k] * (o.nesterov ? d + o.momentum * m[i] : m[i]);
    }
  }
  if (o.momentum != 0) return {w, m};
  return {w};
}

Case sgd_case(const Setup& s) {
  return {.op = "sgd",
          .name = s.name,
          .make = [s] { return make(s); },
          .cpu =
              [o = s.options](const CpuExec& e, Io& io) {
                const bool clips = io.in.size() > 4;
                kernels::sgd(e, io.out[0].view(), io.in[0].view(), io.out.size() > 1 ? io.out[1].view() : View(),
                             io.in[1].view(), io.in[2].view(), io.in[3].view(), clips ? io.in[4].view() : View(),
                             clips ? io.in[5].view() : View(), o);
              },
          .cuda = nullptr,
          .reference = [o = s.options](const Io& io) { return reference(io, o); },
          .bytes = (s.options.momentum != 0 ? 5.0 : 3.0) * 4 * double(s.size)};
}

}  // namespace

void sgd_cases(Registry& r) {
  r.cases.push_back(sgd_case({.name = "plain_1", .size = 1, .ranges = {0, 1, 0}, .options = {.momentum = 0}}));
  r.cases.push_back(sgd_case({.name = "momentum_33", .size = 33, .ranges = {0, 33, 0}}));
  r.cases.push_back(sgd_case(
      {.name = "groups_70001", .size = 70001, .ranges = {3, 33000, 1, 33000, 33001, 0, 40000, 70001, 2}, .groups = 3}));
  r.cases.push_back(
      sgd_case({.name = "nesterov_769", .size = 769, .ranges = {0, 769, 0}, .options = {.nesterov = true}}));
  r.cases.push_back(sgd_case({.name = "clipped_8193", .size = 8193, .ranges = {0, 8193, 0}, .max_norm = 5}));
  r.cases.push_back(sgd_case({.name = "below_max_norm_19", .size = 19, .ranges = {0, 19, 0}, .max_norm = 100}));
  r.cases.push_back(bench_only(sgd_case({.name = "40M", .size = 40'000'000, .ranges = {0, 40'000'000, 0}})));
}

}  // namespace segue::cases
