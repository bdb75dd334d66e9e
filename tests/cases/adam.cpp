#include "kernels/adam.h"

#include "slab_case.h"

namespace segue::cases {
namespace {

struct Setup {
  SlabSetup slab;
  int step = 1;
  AdamOptions options = {};
};

// in: slab_inputs(), corrections. out: w, m, v, [rounded].
Io make(const Setup& s) {
  const Shape shape{s.slab.size};
  Array corrections({2});
  corrections.v = {1 - std::pow(s.options.beta1, s.step), 1 - std::pow(s.options.beta2, s.step)};
  const bool first = s.step == 1;
  Io io{slab_inputs(s.slab),
        {Buffer(uniform(shape, -1, 1, 4), DType::f32),
         Buffer(first ? Array(shape) : uniform(shape, -1, 1, 5), DType::f32),
         Buffer(first ? Array(shape) : uniform(shape, 0.01, 1, 6), DType::f32)}};
  io.in.push_back(Buffer(corrections, DType::f32));
  if (s.slab.has_rounded()) io.out.push_back(Buffer(shape, s.slab.rounded));
  return io;
}

std::vector<Array> reference(const Io& io, const Setup& s) {
  const AdamOptions& o = s.options;
  const SlabReference use = slab_reference(s.slab, io);
  const Array g = io.in[0].array(), rates = io.in[2].array(), decays = io.in[3].array(), corrections = io.in[7].array();
  Array w = io.out[0].array(), m = io.out[1].array(), v = io.out[2].array(), rounded(w.shape, NAN);
  if (!use.skip)
    for_slab(io, [&](int64_t i, int64_t k) {
      const double d = use.factor * g[i] + decays[k] * w[i];
      m[i] = o.beta1 * m[i] + (1 - o.beta1) * d;
      v[i] = o.beta2 * v[i] + (1 - o.beta2) * d * d;
      w[i] -= rates[k] / corrections[0] * m[i] / (std::sqrt(v[i]) / std::sqrt(corrections[1]) + o.eps);
      rounded[i] = w[i];
    });
  std::vector<Array> want{w, m, v};
  if (s.slab.has_rounded()) want.push_back(rounded);
  return want;
}

Case adam_case(const Setup& s) {
  const auto call = [s](const auto& e, Io& io) {
    const auto in = [&](size_t i) { return slab_view(s.slab, io, i); };
    kernels::adam(e, io.out[0].view(), in(0), io.out[1].view(), io.out[2].view(),
                  s.slab.has_rounded() ? io.out[3].view() : View(), in(1), in(2), in(3), io.in[7].view(), in(4), in(5),
                  in(6), s.options);
  };
  return {.op = "adam",
          .name = s.slab.name,
          .make = [s] { return make(s); },
          .cpu = cpu_unless_rounded(s.slab, [call](const CpuExec& e, Io& io) { call(e, io); }),
          .cuda = SEGUE_CUDA_CALL([call](const CudaExec& e, Io& io) { call(e, io); }),
          .reference = [s](const Io& io) { return reference(io, s); },
          .bytes = (7.0 * 4 + (s.slab.has_rounded() ? 2 : 0)) * double(s.slab.size)};
}

}  // namespace

void adam_cases(Registry& r) {
  int step = 2;
  for (SlabSetup s : slab_setups()) {
    s.least = 0.001, s.most = 0.02;
    r.cases.push_back(adam_case({s, step++}));
  }
  const auto whole = [](const char* name, int64_t size) {
    return SlabSetup{.name = name, .size = size, .ranges = {0, double(size), 0}, .least = 0.001, .most = 0.02};
  };
  r.cases.push_back(adam_case({whole("first_1", 1)}));
  r.cases.push_back(adam_case({whole("step7_33", 33), 7}));
  r.cases.push_back(adam_case({whole("gan_769", 769), 2, {.beta1 = 0.5, .beta2 = 0.999}}));
  SlabSetup large = whole("40M", 40'000'000);
  r.cases.push_back(bench_only(adam_case({large, 9})));
  large.name += "_bf16", large.rounded = DType::bf16;
  r.cases.push_back(bench_only(adam_case({large, 9})));
}

}  // namespace segue::cases
