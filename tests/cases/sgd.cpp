#include "kernels/sgd.h"

#include "slab_case.h"

namespace segue::cases {
namespace {

struct Setup {
  SlabSetup slab;
  SgdOptions options = {};
};

// in: slab_inputs(). out: w, [m], [rounded].
Io make(const Setup& s) {
  const Shape shape{s.slab.size};
  Io io{slab_inputs(s.slab), {Buffer(uniform(shape, -1, 1, 4), DType::f32)}};
  if (s.options.momentum != 0) io.out.push_back(Buffer(uniform(shape, -2, 2, 5), DType::f32));
  if (s.slab.has_rounded()) io.out.push_back(Buffer(shape, s.slab.rounded));
  return io;
}

std::vector<Array> reference(const Io& io, const Setup& s) {
  const SgdOptions& o = s.options;
  const SlabReference use = slab_reference(s.slab, io);
  const Array g = io.in[0].array(), rates = io.in[2].array(), decays = io.in[3].array();
  Array w = io.out[0].array(), m(w.shape), rounded(w.shape, NAN);
  if (o.momentum != 0) m = io.out[1].array();
  if (!use.skip)
    for_slab(io, [&](int64_t i, int64_t k) {
      const double d = use.factor * g[i] + decays[k] * w[i];
      m[i] = o.momentum * m[i] + d;
      w[i] -= rates[k] * (o.nesterov ? d + o.momentum * m[i] : m[i]);
      rounded[i] = w[i];
    });
  std::vector<Array> want{w};
  if (o.momentum != 0) want.push_back(m);
  if (s.slab.has_rounded()) want.push_back(rounded);
  return want;
}

Case sgd_case(const Setup& s) {
  const auto call = [s](const auto& e, Io& io) {
    const auto in = [&](size_t i) { return slab_view(s.slab, io, i); };
    kernels::sgd(e, io.out[0].view(), in(0), s.options.momentum != 0 ? io.out[1].view() : View(),
                 s.slab.has_rounded() ? io.out.back().view() : View(), in(1), in(2), in(3), in(4), in(5), in(6),
                 s.options);
  };
  return {.op = "sgd",
          .name = s.slab.name,
          .make = [s] { return make(s); },
          .cpu = cpu_unless_rounded(s.slab, [call](const CpuExec& e, Io& io) { call(e, io); }),
          .cuda = SEGUE_CUDA_CALL([call](const CudaExec& e, Io& io) { call(e, io); }),
          .reference = [s](const Io& io) { return reference(io, s); },
          .bytes = ((s.options.momentum != 0 ? 5.0 : 3.0) * 4 + (s.slab.has_rounded() ? 2 : 0)) * double(s.slab.size)};
}

}  // namespace

void sgd_cases(Registry& r) {
  for (const SlabSetup& s : slab_setups()) r.cases.push_back(sgd_case({s}));
  const SgdOptions plain{.momentum = 0}, nesterov{.nesterov = true};
  r.cases.push_back(sgd_case({{.name = "plain_1", .size = 1, .ranges = {0, 1, 0}}, plain}));
  r.cases.push_back(sgd_case({{.name = "momentum_33", .size = 33, .ranges = {0, 33, 0}}}));
  r.cases.push_back(sgd_case({{.name = "nesterov_769", .size = 769, .ranges = {0, 769, 0}}, nesterov}));
  r.cases.push_back(
      sgd_case({{.name = "bf16_plain_8193", .size = 8193, .ranges = {0, 8193, 0}, .rounded = DType::bf16}, plain}));
  SlabSetup large{.name = "40M", .size = 40'000'000, .ranges = {0, 40'000'000, 0}};
  r.cases.push_back(bench_only(sgd_case({large})));
  large.name += "_bf16", large.rounded = DType::bf16;
  r.cases.push_back(bench_only(sgd_case({large})));
}

}  // namespace segue::cases
