#include <cstring>

#include "concat.h"
#include "elementwise.h"

namespace segue::kernels {
namespace {

/// `s` with another number of channels.
Shape with_channels(Shape s, int64_t channels) {
  s[s.dims() - 1] = channels;
  return s;
}

}  // namespace

void concat(const CpuExec&, const std::vector<View>& parts, const View& y) {
  require(!parts.empty() && parts[0].shape.dims() > 0, "concat", "expects parts of one axis at least; got ",
          parts.size(), " parts");
  int64_t channels = 0;
  for (const View& part : parts) {
    check_view(part, "concat", "part", DType::f32, with_channels(parts[0].shape, part.channels()));
    channels += part.channels();
  }
  check_view(y, "concat", "y", DType::f32, with_channels(parts[0].shape, channels));
  float* o = y.as<float>();
  parallel_for(y.pixels(), row_grain(channels), [&, o](int64_t begin, int64_t end) {
    float* to = o;
    for (const View& part : parts) {  // a part at a time: one stream of reads, one of writes
      const int64_t own = part.channels();
      const float* from = static_cast<const float*>(part.data);
      for (int64_t p = begin; p < end; ++p) std::memcpy(to + p * channels, from + p * own, size_t(own) * sizeof(float));
      to += own;
    }
  });
}

void concat_grad(const CpuExec&, const View& dy, int64_t first_channel, const View& dpart, bool accumulate) {
  check_dense(dy, "concat_grad", "dy", DType::f32);
  require(dy.shape.dims() > 0, "concat_grad", "expects dy of one axis at least; got ", dy.shape);
  const int64_t channels = dy.channels(), own = dpart.channels();
  check_view(dpart, "concat_grad", "dpart", DType::f32, with_channels(dy.shape, own));
  require(first_channel >= 0 && first_channel <= channels - own, "concat_grad", "expects a part inside ", channels,
          " channels; got ", own, " from channel ", first_channel);
  const float* g = dy.as<float>() + first_channel;
  float* o = dpart.as<float>();
  parallel_for(dy.pixels(), row_grain(own), [=](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) {
      const float* from = g + p * channels;
      float* to = o + p * own;
      if (!accumulate) {
        std::memcpy(to, from, size_t(own) * sizeof(float));
        continue;
      }
      for (int64_t c = 0; c < own; ++c) to[c] += from[c];
    }
  });
}

}  // namespace segue::kernels
