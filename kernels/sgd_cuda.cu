#include "sgd.h"
#include "slab.cuh"

namespace segue::kernels {
namespace {

// m and rounded may be null.
template <class T, int N>
__global__ void __launch_bounds__(gpu::kSlabThreads)
    sgd_kernel(gpu::Slab slab, GradientNumbers numbers, float* w, const float* g, float* m, T* rounded, float momentum,
               bool nesterov) {
  const GradientUse use = use_of(numbers);
  if (use.skip) return;
  gpu::for_ranges<N>(slab, [&](auto count, int64_t i, float rate, float decay) {
    constexpr int K = decltype(count)::value;
    gpu::Pack<float, K> values = gpu::load<K>(w + i), moved{};
    const gpu::Pack<float, K> gradients = gpu::load<K>(g + i);
    if (m) moved = gpu::load<K>(m + i);
#pragma unroll
    for (int j = 0; j < K; ++j) {
      const float d = use.factor * gradients.v[j] + decay * values.v[j];
      moved.v[j] = momentum * moved.v[j] + d;
      values.v[j] -= rate * (nesterov ? d + momentum * moved.v[j] : moved.v[j]);
    }
    gpu::store(w + i, values);
    if (m) gpu::store(m + i, moved);
    if (rounded) gpu::store_rounded(rounded + i, values);
  });
}

}  // namespace

void sgd(const CudaExec& exec, const View& w, const View& g, const View& m, const View& rounded, const View& ranges,
         const View& rates, const View& decays, const View& square_sum, const View& max_norm, const View& loss_scale,
         const SgdOptions& options) {
  check_slab("sgd", w, g, ranges, rates, decays);
  require(bool(m) == (options.momentum != 0), "sgd",
          "expects a momentum slab exactly if momentum is not 0; momentum is ", options.momentum);
  require(!options.nesterov || m, "sgd", "expects momentum with nesterov; got none");
  if (m) check_view(m, "sgd", "m", DType::f32, w.shape);
  gpu::check_rounded("sgd", rounded, w);
  const GradientNumbers numbers("sgd", square_sum, max_norm, loss_scale);
  if (w.count() == 0 || ranges.shape[0] == 0) return;
  gpu::dispatch_rounded(
      rounded,
      [&](auto zero, auto pack) {
        using T = decltype(zero);
        gpu::launch(sgd_kernel<T, decltype(pack)::value>,
                    {.name = "sgd",
                     .grid = gpu::grid_for(w.count(), gpu::kSlabChunk),
                     .block = gpu::kSlabThreads,
                     .stream = exec.stream},
                    gpu::Slab(w, ranges, rates, decays), numbers, w.as<float>(), g.as<float>(),
                    m ? m.as<float>() : nullptr, rounded ? rounded.as<T>() : nullptr, options.momentum,
                    options.nesterov);
      },
      w.data, g.data, m.data);
}

}  // namespace segue::kernels
