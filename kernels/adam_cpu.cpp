#include <cmath>

#include "adam.h"
#include "parallel.h"
#include "slab.h"

namespace segue::kernels {

void adam(const CpuExec&, const View& w, const View& g, const View& m, const View& v, const View& rounded,
          const View& ranges, const View& rates, const View& decays, const View& corrections, const View& square_sum,
          const View& max_norm, const View& loss_scale, const AdamOptions& options) {
  check_slab("adam", w, g, ranges, rates, decays);
  const SlabRange* rows = slab_rows("adam", w, ranges, rates);
  require(!rounded, "adam", "expects no rounded values on the CPU; got some");
  check_view(m, "adam", "m", DType::f32, w.shape);
  check_view(v, "adam", "v", DType::f32, w.shape);
  check_view(corrections, "adam", "corrections", DType::f32, {2});
  const GradientUse use = use_of(GradientNumbers("adam", square_sum, max_norm, loss_scale));
  if (use.skip) return;
  const float beta1 = float(options.beta1), beta2 = float(options.beta2), eps = float(options.eps);
  const float rest1 = float(1 - options.beta1), rest2 = float(1 - options.beta2);
  const float root = std::sqrt(corrections.as<float>()[1]);
  for (int64_t r = 0; r < ranges.shape[0]; ++r) {
    const float step = rates.as<float>()[rows[r].group] / corrections.as<float>()[0];
    const float decay = decays.as<float>()[rows[r].group];
    const int64_t first = rows[r].begin;
    parallel_for(rows[r].end - first, 2 * kElementGrain, [&](int64_t begin, int64_t end) {
      float* __restrict pw = w.as<float>() + first;
      float* __restrict pm = m.as<float>() + first;
      float* __restrict pv = v.as<float>() + first;
      const float* __restrict pg = g.as<float>() + first;
      for (int64_t i = begin; i < end; ++i) {
        const float d = use.factor * pg[i] + decay * pw[i];
        const float mean = beta1 * pm[i] + rest1 * d;
        const float square = beta2 * pv[i] + rest2 * d * d;
        pm[i] = mean;
        pv[i] = square;
        pw[i] -= step * mean / (std::sqrt(square) / root + eps);
      }
    });
  }
}

}  // namespace segue::kernels
