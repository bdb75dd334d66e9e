// Pixels with their classes in registers: what the kernels on logits share. A pixel of few classes is held by one or a
// few lanes of a warp, one of many classes by a whole warp.
#pragma once

#include "device.cuh"

namespace segue::gpu {
inline namespace SEGUE_GPU_BACKEND {

constexpr int kClassThreads = 256;
constexpr int64_t kMaxClasses = 256;

/// One pixel's classes in the registers of G neighbouring lanes, K packs of N classes in each lane; neighbouring lanes
/// hold neighbouring packs. Lanes behind the last class, and all lanes of a pixel behind the last, hold nothing.
template <class T, int N, int G, int K>
struct ClassLayout {
  using Type = T;
  static constexpr int kPack = N, kGroup = G, kPacks = K, kValues = N * K;
  static constexpr int kPixelsPerBlock = kClassThreads / G;
};

/// Where the calling lane's values of one pixel lie.
template <class L>
struct ClassPlace {
  int64_t pixel, pixels;  // the one, and how many there are: it may lie behind the last
  int lane;               // within the group
  bool active;
  /// First class of pack k.
  __device__ __forceinline__ int first(int k) const { return (k * L::kGroup + lane) * L::kPack; }
  /// Class of value i.
  __device__ __forceinline__ int index(int i) const { return first(i / L::kPack) + i % L::kPack; }
};

/// Calls f(place) for this group's pixels, grid-stride. All lanes of a warp make the same number of calls, since f
/// exchanges values between lanes.
template <class L, class F>
__device__ __forceinline__ void for_pixels(int64_t pixels, F f) {
  const int64_t stride = int64_t(gridDim.x) * L::kPixelsPerBlock;
  const int group = int(threadIdx.x) / L::kGroup, lane = int(threadIdx.x) % L::kGroup;
  const int first_of_warp = int(threadIdx.x / kWarp * kWarp) / L::kGroup;
  const int64_t block = int64_t(blockIdx.x) * L::kPixelsPerBlock;
  for (int64_t p = block; p + first_of_warp < pixels; p += stride)
    f(ClassPlace<L>{p + group, pixels, lane, p + group < pixels});
}

/// Reads this lane's values of a tensor like the logits; 0 where there is none.
template <class L>
__device__ __forceinline__ void read_classes(const typename L::Type* x, int pitch, const ClassPlace<L>& place,
                                             float (&v)[L::kValues]) {
#pragma unroll
  for (int k = 0; k < L::kPacks; ++k) {
    const auto pack =
        load_if<L::kPack>(place.active && place.first(k) < pitch, x + place.pixel * pitch + place.first(k));
    float values[L::kPack];
    to_floats(pack, values);
#pragma unroll
    for (int j = 0; j < L::kPack; ++j) v[k * L::kPack + j] = values[j];
  }
}

/// The same for logits: -inf where there is no class.
template <class L>
__device__ __forceinline__ void read_logits(const typename L::Type* x, int pitch, int classes,
                                            const ClassPlace<L>& place, float (&v)[L::kValues]) {
  read_classes(x, pitch, place, v);
#pragma unroll
  for (int k = 0; k < L::kPacks; ++k) {
    const int count = classes - place.first(k);
    if (count >= L::kPack) continue;
#pragma unroll
    for (int j = 0; j < L::kPack; ++j) v[k * L::kPack + j] = j < count ? v[k * L::kPack + j] : -INFINITY;
  }
}

/// An element that differs from what a formula gives the others: the labelled class of a gradient. None: class -1.
struct OneClass {
  int index = -1;
  float value = 0.f;
};

/// Writes value(i) for this lane's classes, but `one` where it lies, and zero into padding lanes; with `zero`, zero for
/// the whole pixel. All lanes of a warp must call.
template <class L, class F>
__device__ __forceinline__ void write_classes(typename L::Type* y, int pitch, int classes, const ClassPlace<L>& place,
                                              F value, OneClass one = {}, bool zero = false) {
  using T = typename L::Type;
  constexpr int N = L::kPack;
  const auto pack_of = [&](int k) {
    float v[N];
#pragma unroll
    for (int j = 0; j < N; ++j) v[j] = zero ? 0.f : value(k * N + j);
    if (const int count = classes - place.first(k); count < N)
#pragma unroll
      for (int j = 0; j < N; ++j) v[j] = j < count ? v[j] : 0.f;
    return from_floats<T>(v);
  };
  if constexpr (L::kGroup == 1 && N == kVector<T>) {
    // Lanes hold whole pixels, which lie one behind the other: by way of shared memory they are stored in order, 512
    // bytes at a time, instead of in pieces of 16 bytes that lie apart.
    SEGUE_SHARED(tile, uint4[kClassThreads * L::kPacks]);
    const int lane = int(threadIdx.x % kWarp), packs = pitch / N;
    uint4* of_warp = &tile[int(threadIdx.x / kWarp * kWarp) * L::kPacks];
    T* mine = reinterpret_cast<T*>(of_warp + lane * packs);
#pragma unroll
    for (int k = 0; k < L::kPacks; ++k)
      if (k < packs) store(mine + k * N, pack_of(k));
    if (one.index >= 0) mine[one.index] = from_float<T>(one.value);
    __syncwarp();
    const int64_t first = place.pixel - lane;
    const int count = int(min(int64_t(kWarp), place.pixels - first)) * packs;
    uint4* to = reinterpret_cast<uint4*>(y + first * pitch);
#pragma unroll
    for (int k = 0; k < L::kPacks; ++k)
      if (const int i = k * int(kWarp) + lane; i < count) to[i] = of_warp[i];
    __syncwarp();
  } else if (place.active) {
    T* pixel = y + place.pixel * pitch;
#pragma unroll
    for (int k = 0; k < L::kPacks; ++k)
      if (place.first(k) < pitch) store(pixel + place.first(k), pack_of(k));
    if (one.index >= 0 && one.index / N % L::kGroup == place.lane) pixel[one.index] = from_float<T>(one.value);
  }
}

/// The largest of the logits that read_logits has read.
template <class L>
__device__ __forceinline__ float class_max(const float (&z)[L::kValues]) {
  float top = z[0];
#pragma unroll
  for (int i = 1; i < L::kValues; ++i) top = fmaxf(top, z[i]);
  return group_max<L::kGroup>(top);
}
/// Puts exp(z - top) in the place of z, which read_logits has read; their sum.
template <class L>
__device__ __forceinline__ float softmax_sum(float (&z)[L::kValues], float top, int classes,
                                             const ClassPlace<L>& place) {
  float sum = 0.f;
#pragma unroll
  for (int k = 0; k < L::kPacks; ++k) {
    if (place.first(k) >= classes) continue;
#pragma unroll
    for (int i = k * L::kPack; i < (k + 1) * L::kPack; ++i) sum += z[i] = __expf(z[i] - top);
  }
  return group_sum<L::kGroup>(sum);
}

/// Checks logits (..,C); the shape of a map with one value for each pixel.
inline Shape class_map(const View& logits, const char* where, int64_t most = kMaxClasses) {
  check_pitched(logits, where, "logits", logits.dtype, logits.shape);
  require(logits.shape.dims() > 0 && logits.channels() >= 1 && logits.channels() <= most, where,
          "expects logits of 1 to ", most, " classes; got ", logits.shape);
  Shape map;
  for (int i = 0; i + 1 < logits.shape.dims(); ++i) map.push(logits.shape[i]);
  return map;
}

/// Calls f(L{}) with the layout for these tensors: packs of 16 bytes if pitch and addresses allow. A pixel of up to kFew
/// classes, padding included, is shared by kLanes lanes if a class has 2 bytes, and by twice as many with f32.
template <int kLanes, int kFew, class F, class... P>
void dispatch_classes(const View& logits, const char* where, F f, const P*... pointers) {
  dispatch_float(logits.dtype, where, [&](auto zero) {
    using T = decltype(zero);
    constexpr int N = kVector<T>, G = kLanes * int(sizeof(T)) / 2;
    static_assert(kFew % (N * G) == 0);
    const bool packed = logits.pitch % N == 0 && aligned16(logits.data, pointers...);
    if (packed && logits.pitch <= kFew) return f(ClassLayout<T, N, G, kFew / (N * G)>{});
    if (packed && logits.pitch <= kMaxClasses) return f(ClassLayout<T, N, 32, int(kMaxClasses) / (32 * N)>{});
    if (logits.channels() <= 32) return f(ClassLayout<T, 1, 32, 1>{});
    return f(ClassLayout<T, 1, 32, int(kMaxClasses) / 32>{});
  });
}

template <class L>
LaunchConfig class_config(const char* name, cudaStream_t stream, int64_t pixels) {
  return {.name = name, .grid = grid_for(pixels, L::kPixelsPerBlock), .block = kClassThreads, .stream = stream};
}

}  // namespace SEGUE_GPU_BACKEND
}  // namespace segue::gpu
