#include "flip.h"
#include "image_map.cuh"

namespace segue::kernels {
namespace {

struct Flip {
  int64_t last_column;
  __device__ int64_t row(int64_t h) const { return h; }
  __device__ int64_t column(int64_t w) const { return last_column - w; }
};

}  // namespace

void flip(const CudaExec& exec, const View& x, const View& y) {
  check_pitched(x, "flip", "x", x.dtype, x.shape);
  require(x.shape.dims() == 4, "flip", "expects x (N,H,W,C); got ", x.shape);
  check_like(y, "flip", "y", x, "x");
  gpu::map_image(exec, "flip", x, y, Flip{x.shape[2] - 1});
}

}  // namespace segue::kernels
