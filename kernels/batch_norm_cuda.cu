#include "batch_norm.h"
#include "channel_norm_grad.cuh"

namespace segue::kernels {
namespace {

void check_operands(const char* where, const View& x, const View& gamma, const View& beta,
                    const BatchNormOptions& options) {
  check_pitched(x, where, "x", x.dtype, x.shape);
  check_view(gamma, where, "gamma", DType::f32, {x.channels()});
  check_view(beta, where, "beta", DType::f32, {x.channels()});
  require(options.eps > 0, where, "expects eps > 0; got ", options.eps);
}

void check_gradients(const char* where, const View& dy, const View& x, const View& y, const View& dx,
                     const View& dgamma, const View& dbeta, const View& dresidual, const BatchNormOptions& options) {
  gpu::check_grad_images(where, dy, x, y, dx, dresidual);
  if (dgamma) check_view(dgamma, where, "dgamma", DType::f32, {x.channels()});
  if (dbeta) check_view(dbeta, where, "dbeta", DType::f32, {x.channels()});
  require(y || !dresidual || !options.relu, where, "expects y where a residual was added in front of a rectifier");
}

void check_statistics(const char* where, const View& mean, const View& rstd, int64_t channels) {
  check_view(mean, where, "mean", DType::f32, {2, channels});
  check_view(rstd, where, "rstd", DType::f32, {channels});
}

void check_running(const char* where, const View& mean, const View& variance, int64_t channels) {
  check_view(mean, where, "running_mean", DType::f32, {channels});
  check_view(variance, where, "running_var", DType::f32, {channels});
}

float slope_of(const BatchNormOptions& options) { return options.relu ? 0.f : 1.f; }

float* optional(const View& v) { return v ? v.as<float>() : nullptr; }

gpu::NormChannels frozen(const View& gamma, const View& beta, const View& running_mean, const View& running_var,
                         const BatchNormOptions& options) {
  return {running_mean.as<float>(), nullptr, running_var.as<float>(), gamma.as<float>(), beta.as<float>(), options.eps};
}

}  // namespace

void batch_norm_train(const CudaExec& exec, const View& x, const View& gamma, const View& beta, const View& residual,
                      const View& y, const View& mean, const View& rstd, const View& running_mean,
                      const View& running_var, const BatchNormOptions& options) {
  const char* where = "batch_norm_train";
  check_operands(where, x, gamma, beta, options);
  gpu::check_images(where, x, residual, y);
  const int64_t channels = x.channels();
  check_statistics(where, mean, rstd, channels);
  require(bool(running_mean) == bool(running_var), where, "expects both running statistics or none");
  if (running_mean) check_running(where, running_mean, running_var, channels);
  require(x.pixels() > 0, where, "expects at least one pixel; got ", x.shape);
  if (channels == 0) return;
  float* m = mean.as<float>();
  gpu::norm_forward(
      exec, where, 1, x, residual, y,
      {m, m + channels, rstd.as<float>(), optional(running_mean), optional(running_var), options.eps, options.momentum},
      gamma.as<float>(), beta.as<float>(), slope_of(options));
}

void batch_norm_infer(const CudaExec& exec, const View& x, const View& gamma, const View& beta,
                      const View& running_mean, const View& running_var, const View& residual, const View& y,
                      const BatchNormOptions& options) {
  const char* where = "batch_norm_infer";
  check_operands(where, x, gamma, beta, options);
  gpu::check_images(where, x, residual, y);
  check_running(where, running_mean, running_var, x.channels());
  if (x.count() == 0) return;
  gpu::norm_apply(exec, where, 1, x, residual, y, frozen(gamma, beta, running_mean, running_var, options),
                  slope_of(options));
}

void batch_norm_grad(const CudaExec& exec, const View& dy, const View& x, const View& y, const View& gamma,
                     const View& beta, const View& mean, const View& rstd, const View& dx, const View& dgamma,
                     bool add_gamma, const View& dbeta, bool add_beta, const View& dresidual,
                     const BatchNormOptions& options) {
  const char* where = "batch_norm_grad";
  check_operands(where, x, gamma, beta, options);
  check_gradients(where, dy, x, y, dx, dgamma, dbeta, dresidual, options);
  const int64_t channels = x.channels();
  check_statistics(where, mean, rstd, channels);
  require(x.pixels() > 0, where, "expects at least one pixel; got ", x.shape);
  if (channels == 0) return;
  const float* m = mean.as<float>();
  gpu::norm_grad<false>(exec, where,
                        {1,
                         dy,
                         x,
                         y,
                         dx,
                         dresidual,
                         {m, m + channels, rstd.as<float>(), gamma.as<float>(), beta.as<float>()},
                         slope_of(options),
                         optional(dgamma),
                         optional(dbeta),
                         add_gamma,
                         add_beta});
}

void batch_norm_infer_grad(const CudaExec& exec, const View& dy, const View& x, const View& y, const View& gamma,
                           const View& beta, const View& running_mean, const View& running_var, const View& dx,
                           const View& dgamma, bool add_gamma, const View& dbeta, bool add_beta, const View& dresidual,
                           const BatchNormOptions& options) {
  const char* where = "batch_norm_infer_grad";
  check_operands(where, x, gamma, beta, options);
  check_gradients(where, dy, x, y, dx, dgamma, dbeta, dresidual, options);
  check_running(where, running_mean, running_var, x.channels());
  if (x.channels() == 0) return;
  gpu::norm_grad<true>(exec, where,
                       {1, dy, x, y, dx, dresidual, frozen(gamma, beta, running_mean, running_var, options),
                        slope_of(options), optional(dgamma), optional(dbeta), add_gamma, add_beta});
}

}  // namespace segue::kernels
