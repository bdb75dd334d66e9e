// The way over an image on CUDA: a thread takes strips, which are one pack of channels wide and a few pixels high, so
// that index arithmetic is done once for several packs, whose loads are in flight together.
#pragma once

#include "device.cuh"
#include "divisor.cuh"
#include "exec.h"

namespace segue::gpu {
inline namespace SEGUE_GPU_BACKEND {

constexpr int kStripThreads = 256;
constexpr int kStripRows = 4;

/// What one thread takes: lanes from `channel` on of the pixels (image, row .., column).
struct ImageStrip {
  int64_t image, row, column;
  int channel;
};

/// All strips of (images, height, width, pitch); neighbouring threads take neighbouring memory.
struct ImageStrips {
  int64_t count = 0, height = 0;
  Divisor packs, row_packs, strips;  // of a pixel, of a row of pixels, of an image from top to bottom

  /// `pack`: lanes of a thread, a divisor of the pitch.
  ImageStrips(int64_t images, int64_t height, int64_t width, int64_t pitch, int pack, int64_t rows = kStripRows)
      : height(height) {
    const int64_t n = (height + rows - 1) / rows, packs_in_row = width * (pitch / pack);
    count = images * n * packs_in_row;
    if (count == 0) return;
    packs = Divisor(pitch / pack);
    row_packs = Divisor(packs_in_row);
    strips = Divisor(n);
  }

  dim3 grid() const { return grid_for(count, kStripThreads); }
  LaunchConfig config(const char* name, const CudaExec& exec) const {
    return {.name = name, .grid = grid(), .block = kStripThreads, .stream = exec.stream};
  }
};

/// Calls f(ImageStrip) for the strips of the calling thread. `kPack` and `rows` are those of the constructor.
template <int kPack, class F>
__device__ __forceinline__ void for_strips(const ImageStrips& s, int64_t rows, F f) {
  const int64_t stride = int64_t(gridDim.x) * kStripThreads;
  for (int64_t i = int64_t(blockIdx.x) * kStripThreads + threadIdx.x; i < s.count; i += stride) {
    ImageStrip at;
    int64_t in_row, pack;
    at.image = s.strips.divide(s.row_packs.divide(i, in_row), at.row);
    at.row *= rows;
    at.column = s.packs.divide(in_row, pack);
    at.channel = int(pack) * kPack;
    f(at);
  }
}
template <int kPack, class F>
__device__ __forceinline__ void for_strips(const ImageStrips& s, F f) {
  for_strips<kPack>(s, kStripRows, f);
}

}  // namespace SEGUE_GPU_BACKEND
}  // namespace segue::gpu
