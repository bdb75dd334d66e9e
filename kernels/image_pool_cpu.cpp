#include <algorithm>

#include "image_pool.h"
#include "parallel.h"

namespace segue::kernels {

void image_pool(const CpuExec& exec, const View& fakes, const View& pool, const View& count, const View& step,
                const View& shown, const RandomKey& key) {
  check_dense(fakes, "image_pool", "fakes", DType::f32);
  check_dense(pool, "image_pool", "pool", DType::f32);
  const Shape& s = fakes.shape;
  require(s.dims() == 4, "image_pool", "expects images (N,H,W,C); got ", s);
  require(pool.shape.dims() == 4 && pool.shape[0] >= 1 && pool.shape == Shape({pool.shape[0], s[1], s[2], s[3]}),
          "image_pool", "expects a pool (S >= 1,", s[1], ",", s[2], ",", s[3], "); got ", pool.shape);
  check_view(count, "image_pool", "count", DType::u32, {});
  check_view(step, "image_pool", "step", DType::u64, {});
  check_view(shown, "image_pool", "shown", DType::f32, s);
  const int64_t images = s[0], size = pool.shape[0], elements = s[1] * s[2] * s[3];
  if (images == 0) return;

  // Where each sample goes: -1 nowhere, i < size exchanged with image i, size + i stored as image i.
  auto* place = static_cast<int64_t*>(exec.scratch->get(size_t(images) * sizeof(int64_t)));
  const uint64_t now = *step.as<uint64_t>();
  int64_t stored = std::min<int64_t>(*count.as<uint32_t>(), size);
  for (int64_t n = 0; n < images; ++n) {
    const Philox4 r = random_quad(key, now, uint64_t(n));
    if (stored < size)
      place[n] = size + stored++;
    else
      place[n] = r.v[0] >> 31 ? int64_t(uint64_t(r.v[1]) * uint64_t(size) >> 32) : -1;
  }
  *count.as<uint32_t>() = uint32_t(stored);

  const float* in = fakes.as<float>();
  float *held = pool.as<float>(), *out = shown.as<float>();
  parallel_for(elements, kElementGrain, [=](int64_t begin, int64_t end) {
    for (int64_t n = 0; n < images; ++n) {
      const float* fake = in + n * elements;
      float* show = out + n * elements;
      if (place[n] < 0) {
        for (int64_t i = begin; i < end; ++i) show[i] = fake[i];
      } else if (place[n] >= size) {
        float* slot = held + (place[n] - size) * elements;
        for (int64_t i = begin; i < end; ++i) slot[i] = show[i] = fake[i];
      } else {
        float* slot = held + place[n] * elements;
        for (int64_t i = begin; i < end; ++i) {
          const float fresh = fake[i], old = slot[i];
          slot[i] = fresh;
          show[i] = old;
        }
      }
    }
  });
}

}  // namespace segue::kernels
