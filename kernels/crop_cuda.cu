#include "crop.h"
#include "image_map.cuh"

namespace segue::kernels {
namespace {

struct Crop {
  int64_t top, left;
  __device__ int64_t row(int64_t h) const { return top + h; }
  __device__ int64_t column(int64_t w) const { return left + w; }
};

}  // namespace

void crop(const CudaExec& exec, const View& x, const View& y, const Window& window) {
  check_pitched(x, "crop", "x", x.dtype, x.shape);
  require(x.shape.dims() == 4, "crop", "expects x (N,H,W,C); got ", x.shape);
  const int64_t height = x.shape[1], width = x.shape[2], channels = x.shape[3];
  require(window.top >= 0 && window.left >= 0 && window.height >= 0 && window.width >= 0 &&
              window.top <= height - window.height && window.left <= width - window.width,
          "crop", "expects a window inside x ", x.shape, "; got ", window.height, " x ", window.width, " at row ",
          window.top, ", column ", window.left);
  check_like(y, "crop", "y", {x.shape[0], window.height, window.width, channels}, x, "x");
  gpu::map_image(exec, "crop", x, y, Crop{window.top, window.left});
}

}  // namespace segue::kernels
