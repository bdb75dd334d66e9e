#include "image_translator.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/parallel.h"

namespace segue {
namespace {

/// What the generator takes without changing the size: whole pixels after two halvings, and enough of them to reflect.
int64_t padded_extent(int64_t extent) { return std::max<int64_t>(8, (extent + 3) / 4 * 4); }

/// 0, 1, ..., n-1, n-2, ..., 1, 0, 1, ...
int64_t mirrored(int64_t i, int64_t n) {
  if (n == 1) return 0;
  const int64_t period = 2 * (n - 1), k = i % period;
  return k < n ? k : period - k;
}

data::ImageView continued(const data::ImageView& in, int64_t height, int64_t width, data::Image& memory) {
  if (in.height == height && in.width == width) return in;
  memory = data::Image(height, width, 3);
  for (int64_t y = 0; y < height; ++y) {
    const uint8_t* from = in.row(mirrored(y, in.height));
    uint8_t* to = memory.row(y);
    std::memcpy(to, from, size_t(3 * in.width));
    for (int64_t x = in.width; x < width; ++x) std::memcpy(to + 3 * x, from + 3 * mirrored(x, in.width), 3);
  }
  return memory.view();
}

}  // namespace

void ImageTranslator::translate(const data::ImageView& image, data::Image& result) {
  require(image.channels == 3 && image.height >= 1 && image.width >= 1, "translate", "expects an image (H,W,3); got (",
          image.height, ',', image.width, ',', image.channels, ')');
  const int64_t height = padded_extent(image.height), width = padded_extent(image.width);
  const data::ImageView in = continued(image, height, width, padded_);
  {
    const Context::NoGrad no_grad(c_);
    data::BatchInput input(
        c_, "translator",
        {.height = height, .width = width, .input = {.mean = {.5f, .5f, .5f}, .std = {.5f, .5f, .5f}}});
    data::SamplePlan plan;
    plan.window = {0, 0, height, width};
    input.plan(0, plan);
    c_.begin_step(0);
    const data::StoredBatch stored{c_.empty({1, height, width, 3}, DType::u8, "image"), {}, {}};
    c_.device().upload(stored.images.data(), in.px, size_t(in.bytes()));
    values_ = to_host(generator_.forward(c_, input.make(stored).x));
  }
  c_.end_step();
  if (result.height != image.height || result.width != image.width || result.channels != 3)
    result = data::Image(image.height, image.width, 3);
  parallel_for(image.height, 16, [&](int64_t begin, int64_t end) {
    for (int64_t y = begin; y < end; ++y) {
      const float* from = values_.data() + y * width * 3;
      uint8_t* to = result.row(y);
      for (int64_t i = 0; i < 3 * image.width; ++i)
        to[i] = uint8_t(std::clamp(std::floor((from[i] + 1) * 127.5f + 0.5f), 0.f, 255.f));
    }
  });
}

}  // namespace segue
