// What instance norm checks of its operands on every device.
#pragma once

#include "options.h"
#include "reflect.h"

namespace segue::kernels {

inline bool has_borders(const InstanceNormOptions& options) { return options.pad > 0 || options.residual_pad > 0; }

inline void check_instance_norm(const char* where, const View& x, const View& mean, const View& rstd,
                                const InstanceNormOptions& options) {
  require(x.shape.dims() == 4 && x.shape[1] * x.shape[2] > 0, where,
          "expects images (N,H,W,C) of at least one pixel; got ", x.shape);
  check_view(mean, where, "mean", DType::f32, {2, x.shape[0], x.shape[3]});
  check_view(rstd, where, "rstd", DType::f32, {x.shape[0], x.shape[3]});
  require(options.eps > 0 && options.slope >= 0, where, "expects eps > 0 and slope >= 0; got ", options.eps, " and ",
          options.slope);
  check_pad(where, "pad", options.pad, x.shape);
  check_pad(where, "residual_pad", options.residual_pad, x.shape);
}

/// A pixel is read before its own cell is written; of another image's cells nobody knows.
inline void check_memory(const char* where, const View& x, const View& residual, const View& y,
                         const InstanceNormOptions& options) {
  require(!y || y.data != x.data || options.pad == 0, where, "expects y, which has a border, in other memory than x");
  require(!y || y.data != residual.data || options.pad == options.residual_pad, where,
          "expects y in other memory than residual, or equal borders; got ", options.pad, " and ",
          options.residual_pad);
}
inline void check_grad_memory(const char* where, const View& dy, const View& y, const View& dx, const View& dresidual,
                              const InstanceNormOptions& options) {
  require(y || !dresidual || options.slope == 1.f, where, "expects y where a residual was added before the activation");
  require(!dx || dx.data != dresidual.data, where, "expects dx and dresidual in different memory");
  require(!dx || dx.data != dy.data || options.pad == 0, where,
          "expects dx in other memory than dy, which has a border");
  require(!dresidual || dresidual.data != dy.data || options.pad == options.residual_pad, where,
          "expects dresidual in other memory than dy, or equal borders; got ", options.residual_pad, " and ",
          options.pad);
}

}  // namespace segue::kernels
