#include "class_lanes.cuh"
#include "partial_sums.cuh"
#include "softmax_entropy.h"

namespace segue::kernels {
namespace {

/// The class distribution of a pixel, spread as its layout says. With d the logits less their maximum, everything is
/// written in terms of d and of r = sum of exp(d) without one maximum, so that nothing cancels where p of a class is
/// near 1.
template <class L>
struct Distribution {
  static constexpr int kValues = L::kValues;
  float shifted[kValues];  // d <= 0
  float power[kValues];    // exp(d); 0 where there is no channel
  float log_sum, inverse_sum;
  float mean_shifted;  // sum p d = log_sum - entropy

  __device__ __forceinline__ float p(int i) const { return power[i] * inverse_sum; }
  __device__ __forceinline__ float entropy() const { return log_sum - mean_shifted; }
  /// p_i (log p_i + entropy), 0 at p_i = 0
  __device__ __forceinline__ float slope(int i) const {
    return power[i] == 0.f ? 0.f : p(i) * (shifted[i] - mean_shifted);
  }
};

template <class L>
__device__ __forceinline__ Distribution<L> distribution(const typename L::Type* x, int pitch, int classes,
                                                        gpu::ClassPlace<L> place) {
  Distribution<L> d;
  gpu::read_classes(x, pitch, place, d.shifted);
  float top = -INFINITY;
#pragma unroll
  for (int i = 0; i < d.kValues; ++i)
    if (place.index(i) < classes) top = fmaxf(top, d.shifted[i]);
  top = gpu::group_max<L::kGroup>(top);
  float tops = 0.f, rest = 0.f, weighted = 0.f;
#pragma unroll
  for (int i = 0; i < d.kValues; ++i) {
    const bool exists = place.index(i) < classes;
    d.shifted[i] = exists ? d.shifted[i] - top : 0.f;
    d.power[i] = exists ? expf(d.shifted[i]) : 0.f;
    if (exists && d.shifted[i] == 0.f)
      tops += 1.f;
    else
      rest += d.power[i];
    weighted += d.power[i] == 0.f ? 0.f : d.power[i] * d.shifted[i];
  }
  rest = gpu::group_sum<L::kGroup>(rest);
  tops = gpu::group_sum<L::kGroup>(tops);
  weighted = gpu::group_sum<L::kGroup>(weighted);
  const float r = (tops - 1.f) + rest;
  d.log_sum = log1pf(r);
  d.inverse_sum = 1.f / (1.f + r);
  d.mean_shifted = weighted * d.inverse_sum;
  return d;
}

template <class L>
__global__ void __launch_bounds__(gpu::kClassThreads)
    softmax_entropy_kernel(const typename L::Type* x, float* entropy, int64_t pixels, int pitch, int classes) {
  gpu::for_pixels<L>(pixels, [=](gpu::ClassPlace<L> place) {
    const Distribution<L> d = distribution(x, pitch, classes, place);
    if (place.active && place.lane == 0) entropy[place.pixel] = d.entropy();
  });
}

template <class L>
__global__ void __launch_bounds__(gpu::kClassThreads)
    softmax_entropy_grad_kernel(const typename L::Type* x, const float* dentropy, typename L::Type* dx, int64_t pixels,
                                int pitch, int classes) {
  gpu::for_pixels<L>(pixels, [=](gpu::ClassPlace<L> place) {
    const float factor = place.active ? -dentropy[place.pixel] : 0.f;
    const Distribution<L> d = distribution(x, pitch, classes, place);
    gpu::write_classes(dx, pitch, classes, place, [&](int i) { return factor * d.slope(i); });
  });
}

template <class L>
__global__ void __launch_bounds__(gpu::kClassThreads)
    softmax_information_kernel(const typename L::Type* x, typename L::Type* y, int64_t pixels, int pitch, int classes) {
  gpu::for_pixels<L>(pixels, [=](gpu::ClassPlace<L> place) {
    const Distribution<L> d = distribution(x, pitch, classes, place);
    gpu::write_classes(y, pitch, classes, place,
                       [&](int i) { return d.power[i] == 0.f ? 0.f : d.p(i) * (d.log_sum - d.shifted[i]); });
  });
}

template <class L>
__global__ void __launch_bounds__(gpu::kClassThreads)
    softmax_information_grad_kernel(const typename L::Type* x, const typename L::Type* dy, typename L::Type* dx,
                                    int64_t pixels, int pitch, int classes) {
  gpu::for_pixels<L>(pixels, [=](gpu::ClassPlace<L> place) {
    float g[L::kValues];
    gpu::read_classes(dy, pitch, place, g);
    const Distribution<L> d = distribution(x, pitch, classes, place);
    // With a_c = (1 + log p_c) dy_c the gradient is p_j (sum p_c a_c - a_j). Taking a of the largest class off all a
    // changes nothing in exact arithmetic, and keeps the two from cancelling where that class has p near 1.
    float top = -INFINITY;
#pragma unroll
    for (int i = 0; i < d.kValues; ++i)
      if (d.power[i] != 0.f && d.shifted[i] == 0.f) top = fmaxf(top, g[i]);
    top = (1.f - d.log_sum) * gpu::group_max<L::kGroup>(top);
    float sum = 0.f;
#pragma unroll
    for (int i = 0; i < d.kValues; ++i) {
      g[i] = d.power[i] == 0.f ? 0.f : (1.f + (d.shifted[i] - d.log_sum)) * g[i] - top;
      sum += d.p(i) * g[i];
    }
    sum = gpu::group_sum<L::kGroup>(sum);
    gpu::write_classes(dx, pitch, classes, place, [&](int i) { return d.p(i) * (sum - g[i]); });
  });
}

template <class L>
__global__ void __launch_bounds__(gpu::kClassThreads)
    softmax_entropy_mean_kernel(const typename L::Type* x, float* partial, typename L::Type* dx, int64_t pixels,
                                int pitch, int classes) {
  float sum = 0.f;
  gpu::for_pixels<L>(pixels, [=, &sum](gpu::ClassPlace<L> place) {
    const Distribution<L> d = distribution(x, pitch, classes, place);
    if (place.active && place.lane == 0) sum += d.entropy();
    if (dx) gpu::write_classes(dx, pitch, classes, place, [&](int i) { return -d.slope(i); });
  });
  sum = gpu::block_sum<gpu::kClassThreads>(sum);
  if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}

/// Calls f(L{}): a pixel of up to 32 classes is shared by 4 lanes, as two values are kept for each class.
template <class F, class... P>
void dispatch_layout(const View& logits, const char* where, F f, const P*... pointers) {
  gpu::dispatch_classes<4, 32>(logits, where, f, pointers...);
}

template <class L>
gpu::LaunchConfig config_for(const char* name, const CudaExec& exec, int64_t pixels) {
  return gpu::class_config<L>(name, exec.stream, pixels);
}

}  // namespace

void softmax_entropy(const CudaExec& exec, const View& logits, const View& entropy) {
  check_view(entropy, "softmax_entropy", "entropy", DType::f32, gpu::class_map(logits, "softmax_entropy"));
  if (logits.count() == 0) return;
  dispatch_layout(logits, "softmax_entropy", [&](auto layout) {
    using L = decltype(layout);
    gpu::launch(softmax_entropy_kernel<L>, config_for<L>("softmax_entropy", exec, logits.pixels()),
                logits.as<typename L::Type>(), entropy.as<float>(), logits.pixels(), int(logits.pitch),
                int(logits.channels()));
  });
}

void softmax_entropy_grad(const CudaExec& exec, const View& logits, const View& dentropy, const View& dlogits) {
  constexpr const char* kName = "softmax_entropy_grad";
  check_view(dentropy, kName, "dentropy", DType::f32, gpu::class_map(logits, kName));
  check_like(dlogits, kName, "dlogits", logits, "the logits");
  if (logits.count() == 0) return;
  dispatch_layout(
      logits, kName,
      [&](auto layout) {
        using L = decltype(layout);
        using T = typename L::Type;
        gpu::launch(softmax_entropy_grad_kernel<L>, config_for<L>(kName, exec, logits.pixels()), logits.as<T>(),
                    dentropy.as<float>(), dlogits.as<T>(), logits.pixels(), int(logits.pitch), int(logits.channels()));
      },
      dlogits.data);
}

void softmax_information(const CudaExec& exec, const View& logits, const View& information) {
  constexpr const char* kName = "softmax_information";
  gpu::class_map(logits, kName);
  check_like(information, kName, "information", logits, "the logits");
  if (logits.count() == 0) return;
  dispatch_layout(
      logits, kName,
      [&](auto layout) {
        using L = decltype(layout);
        using T = typename L::Type;
        gpu::launch(softmax_information_kernel<L>, config_for<L>(kName, exec, logits.pixels()), logits.as<T>(),
                    information.as<T>(), logits.pixels(), int(logits.pitch), int(logits.channels()));
      },
      information.data);
}

void softmax_information_grad(const CudaExec& exec, const View& logits, const View& dinformation, const View& dlogits) {
  constexpr const char* kName = "softmax_information_grad";
  gpu::class_map(logits, kName);
  check_like(dinformation, kName, "dinformation", logits, "the logits");
  check_like(dlogits, kName, "dlogits", logits, "the logits");
  if (logits.count() == 0) return;
  dispatch_layout(
      logits, kName,
      [&](auto layout) {
        using L = decltype(layout);
        using T = typename L::Type;
        gpu::launch(softmax_information_grad_kernel<L>, config_for<L>(kName, exec, logits.pixels()), logits.as<T>(),
                    dinformation.as<T>(), dlogits.as<T>(), logits.pixels(), int(logits.pitch), int(logits.channels()));
      },
      dinformation.data, dlogits.data);
}

void softmax_entropy_mean(const CudaExec& exec, const View& logits, const View& mean, const View& dlogits) {
  constexpr const char* kName = "softmax_entropy_mean";
  gpu::class_map(logits, kName);
  check_view(mean, kName, "mean", DType::f32, Shape{});
  if (dlogits) check_like(dlogits, kName, "dlogits", logits, "the logits");
  require(logits.pixels() > 0, kName, "expects at least one pixel; got ", logits.shape);
  dispatch_layout(
      logits, kName,
      [&](auto layout) {
        using L = decltype(layout);
        using T = typename L::Type;
        const gpu::LaunchConfig config = config_for<L>(kName, exec, logits.pixels());
        float* partial = gpu::partial_sums(exec, config.grid);
        gpu::launch(softmax_entropy_mean_kernel<L>, config, logits.as<T>(), partial,
                    dlogits ? dlogits.as<T>() : nullptr, logits.pixels(), int(logits.pitch), int(logits.channels()));
        gpu::total_of(exec, kName, partial, config.grid.x, 1.0 / double(logits.pixels()), nullptr, mean.as<float>());
      },
      dlogits.data);
}

}  // namespace segue::kernels
