#include "channel_norm_grad.cuh"
#include "instance_norm.h"

namespace segue::kernels {
namespace {

void check_operands(const char* where, const View& x, const View& mean, const View& rstd,
                    const InstanceNormOptions& options) {
  check_pitched(x, where, "x", x.dtype, x.shape);
  require(x.shape.dims() == 4 && x.shape[1] * x.shape[2] > 0, where,
          "expects images (N,H,W,C) of at least one pixel; got ", x.shape);
  check_view(mean, where, "mean", DType::f32, {2, x.shape[0], x.shape[3]});
  check_view(rstd, where, "rstd", DType::f32, {x.shape[0], x.shape[3]});
  require(options.eps > 0 && options.slope >= 0, where, "expects eps > 0 and slope >= 0; got ", options.eps, " and ",
          options.slope);
}

}  // namespace

void instance_norm(const CudaExec& exec, const View& x, const View& residual, const View& y, const View& mean,
                   const View& rstd, const InstanceNormOptions& options) {
  const char* where = "instance_norm";
  check_operands(where, x, mean, rstd, options);
  gpu::check_images(where, x, residual, y);
  if (x.count() == 0) return;
  float* m = mean.as<float>();
  gpu::norm_forward(exec, where, x.shape[0], x, residual, y,
                    {m, m + rstd.count(), rstd.as<float>(), nullptr, nullptr, options.eps, 0.f}, nullptr, nullptr,
                    options.slope);
}

void instance_norm_grad(const CudaExec& exec, const View& dy, const View& x, const View& y, const View& mean,
                        const View& rstd, const View& dx, const View& dresidual, const InstanceNormOptions& options) {
  const char* where = "instance_norm_grad";
  check_operands(where, x, mean, rstd, options);
  gpu::check_grad_images(where, dy, x, y, dx, dresidual);
  require(y || !dresidual || options.slope == 1.f, where, "expects y where a residual was added before the activation");
  if (x.count() == 0) return;
  const float* m = mean.as<float>();
  gpu::norm_grad<false>(
      exec, where,
      {x.shape[0], dy, x, y, dx, dresidual, {m, m + rstd.count(), rstd.as<float>(), nullptr, nullptr}, options.slope});
}

}  // namespace segue::kernels
