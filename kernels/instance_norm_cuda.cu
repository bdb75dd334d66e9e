#include "channel_norm_grad.cuh"
#include "instance_norm.h"
#include "instance_norm_checks.h"

namespace segue::kernels {
namespace {

/// Throws unless images fit where some have borders; all are at the pitch of x.
void check_bordered(const char* where, const View& x, const View& residual, const char* residual_name, const View& y,
                    const char* y_name, const InstanceNormOptions& options) {
  const int64_t pixels = padded_shape(x.shape, std::max(options.pad, options.residual_pad)).pixels();
  require(pixels < int64_t{1} << 31, where, "expects below 2^31 pixels where images have borders; got ", x.shape);
  check_like(y, where, y_name, padded_shape(x.shape, options.pad), x, "x");
  if (residual) check_like(residual, where, residual_name, padded_shape(x.shape, options.residual_pad), x, "x");
}

}  // namespace

void instance_norm(const CudaExec& exec, const View& x, const View& residual, const View& y, const View& mean,
                   const View& rstd, const InstanceNormOptions& options) {
  const char* where = "instance_norm";
  check_pitched(x, where, "x", x.dtype, x.shape);
  check_instance_norm(where, x, mean, rstd, options);
  if (has_borders(options))
    check_bordered(where, x, residual, "residual", y, "y", options);
  else
    gpu::check_images(where, x, residual, y);
  check_memory(where, x, residual, y, options);
  if (x.count() == 0) return;
  float* m = mean.as<float>();
  const auto run = [&](const auto& places) {
    gpu::norm_forward(exec, where, x.shape[0], x, residual, y, places,
                      {m, m + rstd.count(), rstd.as<float>(), nullptr, nullptr, options.eps, 0.f}, nullptr, nullptr,
                      options.slope);
  };
  if (has_borders(options))
    run(gpu::ReflectedPlaces(x, options.pad, options.residual_pad));
  else
    run(gpu::pitched_places(x, y));
}

void instance_norm_grad(const CudaExec& exec, const View& dy, const View& x, const View& y, const View& mean,
                        const View& rstd, const View& dx, const View& dresidual, const InstanceNormOptions& options) {
  const char* where = "instance_norm_grad";
  check_pitched(x, where, "x", x.dtype, x.shape);
  check_instance_norm(where, x, mean, rstd, options);
  if (has_borders(options)) {
    check_bordered(where, x, dresidual, "dresidual", dy, "dy", options);
    if (y) check_bordered(where, x, View(), "dresidual", y, "y", options);
    if (dx) check_like(dx, where, "dx", x, "x");
  } else {
    gpu::check_grad_images(where, dy, x, y, dx, dresidual);
  }
  check_grad_memory(where, dy, y, dx, dresidual, options);
  if (x.count() == 0) return;
  const float* m = mean.as<float>();
  const auto run = [&](const auto& places) {
    gpu::norm_grad<false>(
        exec, where,
        {x.shape[0], dy, x, y, dx, dresidual, {m, m + rstd.count(), rstd.as<float>(), nullptr, nullptr}, options.slope},
        places);
  };
  if (has_borders(options))
    run(gpu::ReflectedPlaces(x, options.pad, options.residual_pad));
  else
    run(gpu::pitched_places(dy, x, y));
}

}  // namespace segue::kernels
