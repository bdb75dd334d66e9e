#include "parallel.h"
#include "sgd.h"
#include "slab.h"

namespace segue::kernels {
namespace {

template <bool kMomentum, bool kNesterov>
void update(float* __restrict w, const float* __restrict g, float* __restrict m, int64_t n, float rate, float decay,
            float clip, float momentum) {
  for (int64_t i = 0; i < n; ++i) {
    float d = clip * g[i] + decay * w[i];
    if constexpr (kMomentum) {
      const float moved = momentum * m[i] + d;
      m[i] = moved;
      d = kNesterov ? d + momentum * moved : moved;
    }
    w[i] -= rate * d;
  }
}

}  // namespace

void sgd(const CpuExec&, const View& w, const View& g, const View& m, const View& rounded, const View& ranges,
         const View& rates, const View& decays, const View& square_sum, const View& max_norm, const View& loss_scale,
         const SgdOptions& options) {
  check_slab("sgd", w, g, ranges, rates, decays);
  const SlabRange* rows = slab_rows("sgd", w, ranges, rates);
  require(!rounded, "sgd", "expects no rounded values on the CPU; got some");
  require(bool(m) == (options.momentum != 0), "sgd",
          "expects a momentum slab exactly if momentum is not 0; momentum is ", options.momentum);
  require(!options.nesterov || m, "sgd", "expects momentum with nesterov; got none");
  if (m) check_view(m, "sgd", "m", DType::f32, w.shape);
  const GradientUse use = use_of(GradientNumbers("sgd", square_sum, max_norm, loss_scale));
  if (use.skip) return;
  const auto run = !m ? update<false, false> : options.nesterov ? update<true, true> : update<true, false>;
  float *pw = w.as<float>(), *pm = m ? m.as<float>() : nullptr;
  const float* pg = g.as<float>();
  for (int64_t r = 0; r < ranges.shape[0]; ++r) {
    const float rate = rates.as<float>()[rows[r].group], decay = decays.as<float>()[rows[r].group];
    const int64_t first = rows[r].begin;
    parallel_for(rows[r].end - first, 4 * kElementGrain, [&](int64_t begin, int64_t end) {
      run(pw + first + begin, pg + first + begin, pm ? pm + first + begin : nullptr, end - begin, rate, decay,
          use.factor, options.momentum);
    });
  }
}

}  // namespace segue::kernels
