#include "adam.h"
#include "slab.cuh"

namespace segue::kernels {
namespace {

/// The betas as the CPU code rounds them: 1 - beta is formed in double precision.
struct Betas {
  float beta1, rest1, beta2, rest2, eps;
  explicit Betas(const AdamOptions& o)
      : beta1(float(o.beta1)),
        rest1(float(1 - o.beta1)),
        beta2(float(o.beta2)),
        rest2(float(1 - o.beta2)),
        eps(float(o.eps)) {}
};

// rounded may be null.
template <class T, int N>
__global__ void __launch_bounds__(gpu::kSlabThreads, 4)
    adam_kernel(gpu::Slab slab, GradientNumbers numbers, const float* corrections, float* w, const float* g, float* m,
                float* v, T* rounded, Betas betas) {
  const GradientUse use = use_of(numbers);
  if (use.skip) return;
  const float inverse_first = 1.f / corrections[0], inverse_root = 1.f / sqrtf(corrections[1]);
  gpu::for_ranges<N>(slab, [&](auto count, int64_t i, float rate, float decay) {
    constexpr int K = decltype(count)::value;
    gpu::Pack<float, K> values = gpu::load<K>(w + i), means = gpu::load<K>(m + i), squares = gpu::load<K>(v + i);
    const gpu::Pack<float, K> gradients = gpu::load<K>(g + i);
    const float step = rate * inverse_first;
#pragma unroll
    for (int j = 0; j < K; ++j) {
      const float d = use.factor * gradients.v[j] + decay * values.v[j];
      means.v[j] = betas.beta1 * means.v[j] + betas.rest1 * d;
      squares.v[j] = betas.beta2 * squares.v[j] + betas.rest2 * d * d;
      values.v[j] -= step * means.v[j] / (sqrtf(squares.v[j]) * inverse_root + betas.eps);
    }
    gpu::store(w + i, values);
    gpu::store(m + i, means);
    gpu::store(v + i, squares);
    if (rounded) gpu::store_rounded(rounded + i, values);
  });
}

}  // namespace

void adam(const CudaExec& exec, const View& w, const View& g, const View& m, const View& v, const View& rounded,
          const View& ranges, const View& rates, const View& decays, const View& corrections, const View& square_sum,
          const View& max_norm, const View& loss_scale, const AdamOptions& options) {
  check_slab("adam", w, g, ranges, rates, decays);
  check_view(m, "adam", "m", DType::f32, w.shape);
  check_view(v, "adam", "v", DType::f32, w.shape);
  check_view(corrections, "adam", "corrections", DType::f32, {2});
  gpu::check_rounded("adam", rounded, w);
  const GradientNumbers numbers("adam", square_sum, max_norm, loss_scale);
  if (w.count() == 0 || ranges.shape[0] == 0) return;
  gpu::dispatch_rounded(
      rounded,
      [&](auto zero, auto pack) {
        using T = decltype(zero);
        gpu::launch(adam_kernel<T, decltype(pack)::value>,
                    {.name = "adam",
                     .grid = gpu::grid_for(w.count(), gpu::kSlabChunk),
                     .block = gpu::kSlabThreads,
                     .stream = exec.stream},
                    gpu::Slab(w, ranges, rates, decays), numbers, corrections.as<float>(), w.as<float>(), g.as<float>(),
                    m.as<float>(), v.as<float>(), rounded ? rounded.as<T>() : nullptr, Betas(options));
      },
      w.data, g.data, m.data, v.data);
}

}  // namespace segue::kernels
