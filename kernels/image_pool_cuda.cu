#include "device.cuh"
#include "image_pool.h"

namespace segue::kernels {
namespace {

constexpr int kThreads = 256;

// Where each sample goes: -1 nowhere, i < size exchanged with image i, size + i stored as image i. One thread, since
// each sample sees the pool that the one before has left.
__global__ void __launch_bounds__(1) image_pool_place_kernel(unsigned* count, const uint64_t* step, RandomKey key,
                                                             int64_t images, int64_t size, int64_t* place) {
  int64_t stored = min(int64_t(*count), size);
  for (int64_t n = 0; n < images; ++n) {
    const Philox4 r = random_quad(key, *step, uint64_t(n));
    if (stored < size)
      place[n] = size + stored++;
    else
      place[n] = r.v[0] >> 31 ? int64_t(uint64_t(r.v[1]) * uint64_t(size) >> 32) : -1;
  }
  *count = unsigned(stored);
}

// Images as bytes, in packs of N: values are only moved, padding lanes with them.
template <int N>
__global__ void __launch_bounds__(kThreads)
    image_pool_exchange_kernel(const uint8_t* fakes, uint8_t* pool, uint8_t* shown, const int64_t* place,
                               int64_t images, int64_t size, int64_t image_bytes) {
  const int64_t stride = int64_t(gridDim.x) * kThreads * N;
  for (int64_t i = (int64_t(blockIdx.x) * kThreads + threadIdx.x) * N; i < image_bytes; i += stride)
    for (int64_t n = 0; n < images; ++n) {
      const int64_t p = place[n], sample = n * image_bytes + i;
      const gpu::Pack<uint8_t, N> fake = gpu::load<N>(fakes + sample);
      gpu::Pack<uint8_t, N> show = fake;
      if (p >= 0) {
        uint8_t* slot = pool + (p < size ? p : p - size) * image_bytes + i;
        if (p < size) show = gpu::load<N>(slot);
        gpu::store(slot, fake);
      }
      gpu::store(shown + sample, show);
    }
}

}  // namespace

void image_pool(const CudaExec& exec, const View& fakes, const View& pool, const View& count, const View& step,
                const View& shown, const RandomKey& key) {
  const Shape& s = fakes.shape;
  check_pitched(fakes, "image_pool", "fakes", fakes.dtype, s);
  require(fakes.dtype == DType::f32 || fakes.dtype == DType::bf16 || fakes.dtype == DType::f16, "image_pool",
          "expects f32, bf16 or f16; got ", fakes.dtype);
  require(s.dims() == 4, "image_pool", "expects images (N,H,W,C); got ", s);
  require(pool.shape.dims() == 4 && pool.shape[0] >= 1 && pool.shape == Shape({pool.shape[0], s[1], s[2], s[3]}),
          "image_pool", "expects a pool (S >= 1,", s[1], ",", s[2], ",", s[3], "); got ", pool.shape);
  check_like(pool, "image_pool", "pool", pool.shape, fakes, "fakes");
  check_view(count, "image_pool", "count", DType::u32, {});
  check_view(step, "image_pool", "step", DType::u64, {});
  check_like(shown, "image_pool", "shown", fakes, "fakes");
  const int64_t images = s[0], size = pool.shape[0];
  if (images == 0) return;

  auto* place = static_cast<int64_t*>(exec.scratch->get(size_t(images) * sizeof(int64_t)));
  gpu::launch(image_pool_place_kernel, {.name = "image_pool", .stream = exec.stream}, count.as<uint32_t>(),
              step.as<uint64_t>(), key, images, size, place);
  const int64_t image_bytes = fakes.bytes() / images;
  constexpr int N = gpu::kVector<uint8_t>;
  const int64_t pack = image_bytes % N == 0 && gpu::aligned16(fakes.data, pool.data, shown.data) ? N : 1;
  gpu::launch(pack == 1 ? image_pool_exchange_kernel<1> : image_pool_exchange_kernel<N>,
              {.name = "image_pool",
               .grid = gpu::grid_for(image_bytes, pack * kThreads),
               .block = kThreads,
               .stream = exec.stream},
              static_cast<const uint8_t*>(fakes.data), static_cast<uint8_t*>(pool.data),
              static_cast<uint8_t*>(shown.data), place, images, size, image_bytes);
}

}  // namespace segue::kernels
