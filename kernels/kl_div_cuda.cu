#include "class_lanes.cuh"
#include "kl_div.h"
#include "partial_sums.cuh"

namespace segue::kernels {
namespace {

// weights and dx may be null.
template <class L>
__global__ void __launch_bounds__(gpu::kClassThreads)
    kl_div_kernel(const typename L::Type* x, const typename L::Type* teacher, const float* weights, float* partial,
                  typename L::Type* dx, int64_t pixels, int pitch, int classes) {
  float sum = 0.f;
  gpu::for_pixels<L>(pixels, [&](gpu::ClassPlace<L> place) {
    const float weight = !place.active ? 0.f : weights ? weights[place.pixel] : 1.f;
    float q[L::kValues], t[L::kValues];
    gpu::read_logits(x, pitch, classes, place, q);
    gpu::read_logits(teacher, pitch, classes, place, t);
    // log t - log q is the difference of the logits less their maxima, and log of the sums' ratio: large logits do not
    // cancel.
    const float top_q = gpu::class_max<L>(q), top_t = gpu::class_max<L>(t);
    float sum_q = 0.f, sum_t = 0.f, dot = 0.f;
#pragma unroll
    for (int k = 0; k < L::kPacks; ++k) {
      if (place.first(k) >= classes) continue;
#pragma unroll
      for (int i = k * L::kPack; i < (k + 1) * L::kPack; ++i) {
        const float shifted_q = q[i] - top_q, shifted_t = t[i] - top_t;
        sum_q += q[i] = __expf(shifted_q);
        sum_t += t[i] = __expf(shifted_t);
        dot += t[i] == 0.f ? 0.f : t[i] * (shifted_t - shifted_q);
      }
    }
    sum_q = gpu::group_sum<L::kGroup>(sum_q);
    sum_t = gpu::group_sum<L::kGroup>(sum_t);
    dot = gpu::group_sum<L::kGroup>(dot);
    const bool counts = weight != 0.f;
    if (counts && place.lane == 0) sum += weight * (logf(sum_q / sum_t) + dot / sum_t);
    if (!dx) return;
    const float of_q = weight / sum_q, of_t = weight / sum_t;
    gpu::write_classes(
        dx, pitch, classes, place, [&](int i) { return of_q * q[i] - of_t * t[i]; }, {}, !counts);
  });
  sum = gpu::block_sum<gpu::kClassThreads>(sum);
  if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}

}  // namespace

void kl_div(const CudaExec& exec, const View& logits, const View& teacher, const View& weights, const View& loss,
            const View& dlogits) {
  const int64_t pixels = logits.pixels();
  const Shape of_weights = gpu::class_map(logits, "kl_div");
  require(pixels > 0, "kl_div", "expects at least one pixel; got ", logits.shape);
  check_like(teacher, "kl_div", "teacher", logits, "the logits");
  if (weights) check_view(weights, "kl_div", "weights", DType::f32, of_weights);
  check_view(loss, "kl_div", "loss", DType::f32, {});
  if (dlogits) check_like(dlogits, "kl_div", "dlogits", logits, "the logits");
  const auto run = [&](auto layout) {
    using L = decltype(layout);
    using T = typename L::Type;
    const gpu::LaunchConfig config = gpu::class_config<L>("kl_div", exec.stream, pixels);
    float* partial = gpu::partial_sums(exec, config.grid);
    gpu::launch(kl_div_kernel<L>, config, logits.as<T>(), teacher.as<T>(), weights ? weights.as<float>() : nullptr,
                partial, dlogits ? dlogits.as<T>() : nullptr, pixels, int(logits.pitch), int(logits.channels()));
    gpu::total_of(exec, "kl_div", partial, config.grid.x, 1.0 / double(pixels), nullptr, loss.as<float>());
  };
  // Two values are kept for each class: a lane has the registers for 24 of them. Fewer warps fit then, but what they
  // execute for a pixel halves, and that is what takes the time.
  if (logits.pitch <= 24)
    gpu::dispatch_classes<1, 24>(logits, "kl_div", run, teacher.data, dlogits.data);
  else
    gpu::dispatch_classes<2, 32>(logits, "kl_div", run, teacher.data, dlogits.data);
}

}  // namespace segue::kernels
