#include "device.cuh"
#include "softmax_entropy.h"

namespace segue::kernels {
namespace {

constexpr int kThreads = 256;
constexpr int64_t kMaxClasses = 256;

/// One pixel's logits in the registers of G neighbouring lanes, K packs of N channels in each lane; neighbouring lanes
/// hold neighbouring packs. Lanes behind the last channel, and all lanes of a pixel behind the last, hold nothing.
template <class T, int N, int G, int K>
struct Layout {
  using Type = T;
  static constexpr int kPack = N, kGroup = G, kPacks = K;
  static constexpr int kPixelsPerBlock = kThreads / G;
};

/// The class distribution of a pixel, spread as Layout says. With d the logits less their maximum, everything is
/// written in terms of d and of r = sum of exp(d) without one maximum, so that nothing cancels where p of a class is
/// near 1.
template <class L>
struct Distribution {
  static constexpr int kValues = L::kPack * L::kPacks;
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

/// Where the calling lane's values of one pixel lie.
template <class L>
struct Place {
  int64_t pixel;  // may lie behind the last
  int lane;       // within the group
  bool active;
  /// First channel of pack k.
  __device__ __forceinline__ int channel(int k) const { return (k * L::kGroup + lane) * L::kPack; }
};

/// Calls f(place) for this group's pixels, grid-stride. All lanes of a warp make the same number of calls, since f
/// exchanges values between lanes.
template <class L, class F>
__device__ __forceinline__ void for_pixels(int64_t pixels, F f) {
  const int64_t stride = int64_t(gridDim.x) * L::kPixelsPerBlock;
  const int group = int(threadIdx.x) / L::kGroup, lane = int(threadIdx.x) % L::kGroup;
  const int first_of_warp = int(threadIdx.x / gpu::kWarp * gpu::kWarp) / L::kGroup;
  const int64_t block = int64_t(blockIdx.x) * L::kPixelsPerBlock;
  for (int64_t p = block; p + first_of_warp < pixels; p += stride) f(Place<L>{p + group, lane, p + group < pixels});
}

/// Reads this lane's values of a tensor like the logits; 0 where there is none.
template <class L>
__device__ __forceinline__ void read(const typename L::Type* x, int pitch, Place<L> at,
                                     float (&v)[Distribution<L>::kValues]) {
#pragma unroll
  for (int k = 0; k < L::kPacks; ++k) {
    gpu::Pack<typename L::Type, L::kPack> pack{};
    if (at.active && at.channel(k) < pitch) pack = gpu::load<L::kPack>(x + at.pixel * pitch + at.channel(k));
#pragma unroll
    for (int j = 0; j < L::kPack; ++j) v[k * L::kPack + j] = gpu::to_float(pack.v[j]);
  }
}

/// Writes value(i) for this lane's channels, and zero into padding lanes.
template <class L, class F>
__device__ __forceinline__ void write(typename L::Type* y, int pitch, int classes, Place<L> at, F value) {
#pragma unroll
  for (int k = 0; k < L::kPacks; ++k) {
    gpu::Pack<typename L::Type, L::kPack> pack;
#pragma unroll
    for (int j = 0; j < L::kPack; ++j)
      pack.v[j] = gpu::from_float<typename L::Type>(at.channel(k) + j < classes ? value(k * L::kPack + j) : 0.f);
    if (at.active && at.channel(k) < pitch) gpu::store(y + at.pixel * pitch + at.channel(k), pack);
  }
}

template <class L>
__device__ __forceinline__ Distribution<L> distribution(const typename L::Type* x, int pitch, int classes,
                                                        Place<L> at) {
  Distribution<L> d;
  read(x, pitch, at, d.shifted);
  float top = -INFINITY;
#pragma unroll
  for (int i = 0; i < d.kValues; ++i)
    if (at.channel(i / L::kPack) + i % L::kPack < classes) top = fmaxf(top, d.shifted[i]);
  top = gpu::group_max<L::kGroup>(top);
  float tops = 0.f, rest = 0.f, weighted = 0.f;
#pragma unroll
  for (int i = 0; i < d.kValues; ++i) {
    const bool exists = at.channel(i / L::kPack) + i % L::kPack < classes;
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
__global__ void __launch_bounds__(kThreads)
    softmax_entropy_kernel(const typename L::Type* x, float* entropy, int64_t pixels, int pitch, int classes) {
  for_pixels<L>(pixels, [=](Place<L> at) {
    const Distribution<L> d = distribution(x, pitch, classes, at);
    if (at.active && at.lane == 0) entropy[at.pixel] = d.entropy();
  });
}

template <class L>
__global__ void __launch_bounds__(kThreads)
    softmax_entropy_grad_kernel(const typename L::Type* x, const float* dentropy, typename L::Type* dx, int64_t pixels,
                                int pitch, int classes) {
  for_pixels<L>(pixels, [=](Place<L> at) {
    const float factor = at.active ? -dentropy[at.pixel] : 0.f;
    const Distribution<L> d = distribution(x, pitch, classes, at);
    write(dx, pitch, classes, at, [&](int i) { return factor * d.slope(i); });
  });
}

template <class L>
__global__ void __launch_bounds__(kThreads)
    softmax_information_kernel(const typename L::Type* x, typename L::Type* y, int64_t pixels, int pitch, int classes) {
  for_pixels<L>(pixels, [=](Place<L> at) {
    const Distribution<L> d = distribution(x, pitch, classes, at);
    write(y, pitch, classes, at, [&](int i) { return d.power[i] == 0.f ? 0.f : d.p(i) * (d.log_sum - d.shifted[i]); });
  });
}

template <class L>
__global__ void __launch_bounds__(kThreads)
    softmax_information_grad_kernel(const typename L::Type* x, const typename L::Type* dy, typename L::Type* dx,
                                    int64_t pixels, int pitch, int classes) {
  for_pixels<L>(pixels, [=](Place<L> at) {
    float g[Distribution<L>::kValues];
    read(dy, pitch, at, g);
    const Distribution<L> d = distribution(x, pitch, classes, at);
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
    write(dx, pitch, classes, at, [&](int i) { return d.p(i) * (sum - g[i]); });
  });
}

template <class L>
__global__ void __launch_bounds__(kThreads)
    softmax_entropy_mean_kernel(const typename L::Type* x, float* partial, typename L::Type* dx, int64_t pixels,
                                int pitch, int classes, float share) {
  float sum = 0.f;
  for_pixels<L>(pixels, [=, &sum](Place<L> at) {
    const Distribution<L> d = distribution(x, pitch, classes, at);
    if (at.active && at.lane == 0) sum += d.entropy();
    if (dx) write(dx, pitch, classes, at, [&](int i) { return -share * d.slope(i); });
  });
  sum = gpu::block_sum<kThreads>(sum);
  if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}

// One block: adds the partial sums, always in the same order.
__global__ void __launch_bounds__(kThreads)
    softmax_entropy_total_kernel(const float* partial, int count, float share, float* mean) {
  float sum = 0.f;
  for (int i = int(threadIdx.x); i < count; i += kThreads) sum += partial[i];
  sum = gpu::block_sum<kThreads>(sum);
  if (threadIdx.x == 0) mean[0] = sum * share;
}

Shape pixels_of(const View& logits, const char* where) {
  gpu::check_pitched(logits, where, "logits", logits.dtype, logits.shape);
  require(logits.shape.dims() > 0 && logits.channels() >= 1 && logits.channels() <= kMaxClasses, where,
          "expects logits of 1 to 256 classes; got ", logits.shape);
  Shape map;
  for (int i = 0; i + 1 < logits.shape.dims(); ++i) map.push(logits.shape[i]);
  return map;
}

void check_like_logits(const View& v, const View& logits, const char* where, const char* what) {
  gpu::check_pitched(v, where, what, logits.dtype, logits.shape);
  require(v.pitch == logits.pitch, where, "expects ", what, " at the pitch of the logits, ", logits.pitch, "; got ",
          v.pitch);
}

/// Calls f(L{}) with the layout for these tensors: packs of 16 bytes if pitch and addresses allow.
template <class F, class... P>
void dispatch_layout(const View& logits, const char* where, F f, const P*... pointers) {
  gpu::dispatch_float(logits.dtype, where, [&](auto zero) {
    using T = decltype(zero);
    constexpr int N = gpu::kVector<T>;
    const bool packed = logits.pitch % N == 0 && gpu::aligned16(logits.data, pointers...);
    if (packed && logits.pitch <= 32) return f(Layout<T, N, 32 / N, 1>{});
    if (packed && logits.pitch <= kMaxClasses) return f(Layout<T, N, 32, int(kMaxClasses) / (32 * N)>{});
    if (logits.channels() <= 32) return f(Layout<T, 1, 32, 1>{});
    return f(Layout<T, 1, 32, int(kMaxClasses) / 32>{});
  });
}

template <class L>
gpu::LaunchConfig config_for(const char* name, const CudaExec& exec, int64_t pixels) {
  return {.name = name, .grid = gpu::grid_for(pixels, L::kPixelsPerBlock), .block = kThreads, .stream = exec.stream};
}

}  // namespace

void softmax_entropy(const CudaExec& exec, const View& logits, const View& entropy) {
  check_view(entropy, "softmax_entropy", "entropy", DType::f32, pixels_of(logits, "softmax_entropy"));
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
  check_view(dentropy, kName, "dentropy", DType::f32, pixels_of(logits, kName));
  check_like_logits(dlogits, logits, kName, "dlogits");
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
  pixels_of(logits, kName);
  check_like_logits(information, logits, kName, "information");
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
  pixels_of(logits, kName);
  check_like_logits(dinformation, logits, kName, "dinformation");
  check_like_logits(dlogits, logits, kName, "dlogits");
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
  pixels_of(logits, kName);
  check_view(mean, kName, "mean", DType::f32, Shape{});
  if (dlogits) check_like_logits(dlogits, logits, kName, "dlogits");
  require(logits.pixels() > 0, kName, "expects at least one pixel; got ", logits.shape);
  const float share = float(1.0 / double(logits.pixels()));
  dispatch_layout(
      logits, kName,
      [&](auto layout) {
        using L = decltype(layout);
        using T = typename L::Type;
        const gpu::LaunchConfig config = config_for<L>(kName, exec, logits.pixels());
        float* partial = static_cast<float*>(exec.scratch->get(config.grid.x * sizeof(float)));
        gpu::launch(softmax_entropy_mean_kernel<L>, config, logits.as<T>(), partial,
                    dlogits ? dlogits.as<T>() : nullptr, logits.pixels(), int(logits.pitch), int(logits.channels()),
                    share);
        gpu::launch(softmax_entropy_total_kernel, {.name = kName, .block = kThreads, .stream = exec.stream}, partial,
                    int(config.grid.x), share, mean.as<float>());
      },
      dlogits.data);
}

}  // namespace segue::kernels
