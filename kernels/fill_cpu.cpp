#include <algorithm>
#include <cstring>

#include "fill.h"
#include "parallel.h"

namespace segue::kernels {

void fill(const CpuExec&, const View& x, float value) {
  check_dense(x, "fill", "x", DType::f32);
  float* p = x.as<float>();
  parallel_for(x.count(), kElementGrain, [=](int64_t begin, int64_t end) { std::fill(p + begin, p + end, value); });
}

void copy(const CpuExec&, const View& x, const View& y) {
  require(x.whole() && y.whole(), "copy", "expects tensors alone in their memory; got slices, ", x.channels(), " of ",
          x.pitch, " lanes and ", y.channels(), " of ", y.pitch);
  require(x.shape == y.shape && x.dtype == y.dtype && x.pitch == y.pitch, "copy", "expects y like x ", x.shape, " ",
          x.dtype, "; got ", y.shape, " ", y.dtype);
  const auto* from = static_cast<const std::byte*>(x.data);
  auto* to = static_cast<std::byte*>(y.data);
  parallel_for(x.bytes(), 4 * kElementGrain,
               [=](int64_t begin, int64_t end) { std::memcpy(to + begin, from + begin, size_t(end - begin)); });
}

}  // namespace segue::kernels
