#include "image_map.cuh"
#include "pad_constant.h"

namespace segue::kernels {
namespace {

struct Uncrop {
  int64_t top, left, height, width;  // height and width of x
  __device__ int64_t row(int64_t h) const { return h < top + height ? h - top : -1; }
  __device__ int64_t column(int64_t w) const { return w < left + width ? w - left : -1; }
};

}  // namespace

void pad_constant(const CudaExec& exec, const View& x, const View& y, const Padding& pad, float value) {
  check_pitched(x, "pad_constant", "x", x.dtype, x.shape);
  require(x.shape.dims() == 4, "pad_constant", "expects x (N,H,W,C); got ", x.shape);
  require(pad.top >= 0 && pad.bottom >= 0 && pad.left >= 0 && pad.right >= 0, "pad_constant",
          "expects pads >= 0; got top ", pad.top, ", bottom ", pad.bottom, ", left ", pad.left, ", right ", pad.right);
  const int64_t height = x.shape[1], width = x.shape[2];
  check_like(y, "pad_constant", "y",
             {x.shape[0], pad.top + height + pad.bottom, pad.left + width + pad.right, x.shape[3]}, x, "x");
  gpu::map_image(exec, "pad_constant", x, y, Uncrop{pad.top, pad.left, height, width}, value);
}

}  // namespace segue::kernels
