#include "kernels/conv_transpose2d.h"

#include "kernels/bias.h"
#include "runtime/ops.h"

namespace segue {

static const Op kConvTranspose2d{
    "conv_transpose2d", [](Context& c, Node& n) {
      const Tensor x = n.saved(0), w = n.saved(1), dy = n.take_dy();
      const auto& options = n.as<ConvTranspose2dOptions>();
      if (n.wants(1)) {
        const auto dw = c.grad_target(n, 1, w.shape());
        c.run(SEGUE_KERNEL(conv_transpose2d_wgrad), x, dy, out(dw.grad), options, dw.accumulate);
        c.give(n, 1, dw.grad);
      }
      if (n.inputs() > 2 && n.wants(2)) {
        const auto db = c.grad_target(n, 2, {w.shape()[3]});
        c.run(SEGUE_KERNEL(bias_grad), dy, out(db.grad), db.accumulate);
        c.give(n, 2, db.grad);
      }
      if (n.wants(0)) {
        const auto dx = c.grad_target(n, 0, x.shape());
        c.run(SEGUE_KERNEL(conv_transpose2d_dgrad), dy, w, out(dx.grad), options, dx.accumulate);
        c.give(n, 0, dx.grad);
      }
    }};

Tensor conv_transpose2d(Context& c, const Tensor& x, const Tensor& w, const Tensor& bias,
                        const ConvTranspose2dOptions& options) {
  require(x.shape().dims() == 4 && w.shape().dims() == 4, "conv_transpose2d",
          "expects images (N,H,W,C) and filters (C,R,S,K); got ", x.shape(), " and ", w.shape());
  const int64_t p = conv_transpose2d_out_extent(x.shape()[1], w.shape()[1], options);
  const int64_t q = conv_transpose2d_out_extent(x.shape()[2], w.shape()[2], options);
  require(p > 0 && q > 0, "conv_transpose2d", "expects results of at least one pixel; got ", p, " x ", q);
  Tensor y = c.image({x.shape()[0], p, q, w.shape()[3]}, "conv_transpose2d");
  c.run(SEGUE_KERNEL(conv_transpose2d), x, w, bias, out(y), options);
  if (bias)
    c.record(kConvTranspose2d, {x, w, bias}, y, {x, w}, options);
  else
    c.record(kConvTranspose2d, {x, w}, y, {x, w}, options);
  return y;
}

}  // namespace segue
