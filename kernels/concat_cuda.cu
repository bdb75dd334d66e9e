#include "concat.h"
#include "image_strips.cuh"

namespace segue::kernels {
namespace {

constexpr int kMaxParts = 8;  // of one launch

/// Parts of y that lie side by side.
struct Parts {
  const void* data[kMaxParts];
  int first[kMaxParts];  // lane of y
  int pitch[kMaxParts], lanes[kMaxParts];
  int count, begin;  // begin: first lane of them all
};

// The lanes of a pack belong to one part, or are behind the last one. Padding lanes come from the last part.
template <class T, int N>
__global__ void __launch_bounds__(gpu::kStripThreads)
    concat_kernel(Parts parts, T* y, gpu::ImageStrips strips, int pitch) {
  gpu::for_strips<N>(strips, [&](const gpu::ImageStrip& at) {
    const int lane = parts.begin + at.channel;
    int k = 0;
    while (k + 1 < parts.count && lane >= parts.first[k + 1]) ++k;
    const int part_pitch = parts.pitch[k], part_lane = lane - parts.first[k], part_lanes = parts.lanes[k];
    const T* from = static_cast<const T*>(parts.data[k]) + at.row * part_pitch + part_lane;
    T* to = y + at.row * pitch + lane;
    gpu::Pack<T, N> v[gpu::kStripRows];
#pragma unroll
    for (int r = 0; r < gpu::kStripRows; ++r)
      v[r] = gpu::load_if<N>(at.row + r < strips.height && part_lane < part_lanes, from + int64_t(r) * part_pitch);
#pragma unroll
    for (int r = 0; r < gpu::kStripRows; ++r)
      if (at.row + r < strips.height) gpu::store(to + int64_t(r) * pitch, v[r]);
  });
}

// Strips of dpart. Lanes behind its channels are those of the next part in dy.
template <class T, int N, bool kAccumulate>
__global__ void __launch_bounds__(gpu::kStripThreads)
    concat_grad_kernel(const T* dy, T* dpart, gpu::ImageStrips strips, int dy_pitch, int pitch, int channels) {
  gpu::for_strips<N>(strips, [&](const gpu::ImageStrip& at) {
    const T* from = dy + at.row * dy_pitch + at.channel;
    T* to = dpart + at.row * pitch + at.channel;
    gpu::Pack<T, N> own[gpu::kStripRows], before[gpu::kStripRows];
#pragma unroll
    for (int r = 0; r < gpu::kStripRows; ++r) {
      const bool exists = at.row + r < strips.height && at.channel < channels;
      own[r] = gpu::load_if<N>(exists, from + int64_t(r) * dy_pitch);
      if constexpr (kAccumulate) before[r] = gpu::load_if<N>(exists, to + int64_t(r) * pitch);
    }
#pragma unroll
    for (int r = 0; r < gpu::kStripRows; ++r) {
      if (at.row + r >= strips.height) break;
      float v[N], sum[N];
      gpu::to_floats(own[r], v);
      if constexpr (kAccumulate) gpu::to_floats(before[r], sum);
#pragma unroll
      for (int j = 0; j < N; ++j) {
        if constexpr (kAccumulate) v[j] += sum[j];
        if (at.channel + j >= channels) v[j] = 0.f;
      }
      gpu::store_floats<N>(to + int64_t(r) * pitch, v);
    }
  });
}

/// `s` with another number of channels.
Shape with_channels(Shape s, int64_t channels) {
  s[s.dims() - 1] = channels;
  return s;
}

}  // namespace

void concat(const CudaExec& exec, const std::vector<View>& parts, const View& y) {
  require(!parts.empty() && parts[0].shape.dims() > 0, "concat", "expects parts of one axis at least; got ",
          parts.size(), " parts");
  int64_t channels = 0;
  for (const View& part : parts) {
    check_pitched_or_slice(part, "concat", "part", parts[0].dtype, with_channels(parts[0].shape, part.channels()));
    channels += part.channels();
  }
  check_pitched(y, "concat", "y", parts[0].dtype, with_channels(parts[0].shape, channels));
  if (y.count() == 0) return;
  gpu::dispatch_float(y.dtype, "concat", [&](auto zero) {
    using T = decltype(zero);
    constexpr int N = gpu::kVector<T>;
    bool packed = y.pitch % N == 0 && gpu::aligned16(y.data);
    for (size_t i = 0; i < parts.size(); ++i)
      packed = packed && parts[i].pitch % N == 0 && parts[i].lanes % N == 0 && gpu::aligned16(parts[i].data) &&
               (i + 1 == parts.size() || parts[i].channels() % N == 0);
    int64_t first = 0;
    for (size_t i = 0; i < parts.size();) {
      Parts some{};
      some.begin = int(first);
      for (; i < parts.size() && some.count < kMaxParts; ++i, ++some.count) {
        some.data[some.count] = parts[i].data;
        some.first[some.count] = int(first);
        some.pitch[some.count] = int(parts[i].pitch);
        some.lanes[some.count] = int(parts[i].lanes);
        first += parts[i].channels();
      }
      const int64_t lanes = (i == parts.size() ? y.pitch : first) - some.begin;
      const gpu::ImageStrips strips(1, y.pixels(), 1, lanes, packed ? N : 1);
      if (strips.count == 0) continue;
      gpu::launch(packed ? concat_kernel<T, N> : concat_kernel<T, 1>, strips.config("concat", exec), some, y.as<T>(),
                  strips, int(y.pitch));
    }
  });
}

void concat_grad(const CudaExec& exec, const View& dy, int64_t first_channel, const View& dpart, bool accumulate) {
  check_pitched_or_slice(dy, "concat_grad", "dy", dy.dtype, dy.shape);
  require(dy.shape.dims() > 0, "concat_grad", "expects dy of one axis at least; got ", dy.shape);
  const int64_t channels = dy.channels(), own = dpart.channels();
  check_pitched(dpart, "concat_grad", "dpart", dy.dtype, with_channels(dy.shape, own));
  require(first_channel >= 0 && first_channel <= channels - own, "concat_grad", "expects a part inside ", channels,
          " channels; got ", own, " from channel ", first_channel);
  if (dpart.count() == 0) return;
  gpu::dispatch_float(dy.dtype, "concat_grad", [&](auto zero) {
    using T = decltype(zero);
    const T* from = dy.as<T>() + first_channel;
    const auto run = [&](auto kernel, int pack) {
      const gpu::ImageStrips strips(1, dpart.pixels(), 1, dpart.pitch, pack);
      gpu::launch(kernel, strips.config("concat_grad", exec), from, dpart.as<T>(), strips, int(dy.pitch),
                  int(dpart.pitch), int(own));
    };
    constexpr int N = gpu::kVector<T>;
    if (dy.pitch % N == 0 && dpart.pitch % N == 0 && gpu::aligned16(dy.data, from, dpart.data))
      run(accumulate ? concat_grad_kernel<T, N, true> : concat_grad_kernel<T, N, false>, N);
    else
      run(accumulate ? concat_grad_kernel<T, 1, true> : concat_grad_kernel<T, 1, false>, 1);
  });
}

}  // namespace segue::kernels
