#include "batch_norm.h"
#include "channel_norm_grad.cuh"
#include "phases.h"

namespace segue::kernels {
namespace {

void check_operands(const char* where, const View& x, const View& gamma, const View& beta,
                    const BatchNormOptions& options) {
  check_pitched(x, where, "x", x.dtype, x.shape);
  check_view(gamma, where, "gamma", DType::f32, {x.channels()});
  check_view(beta, where, "beta", DType::f32, {x.channels()});
  require(options.eps > 0, where, "expects eps > 0; got ", options.eps);
}

/// Throws unless y or dy, images of which x are the phases, fits: a slice or at the pitch of x.
void check_of_phases(const char* where, const View& x, const char* what, const View& v, int phases) {
  check_pitched_or_slice(v, where, what, x.dtype, images_of_phases(where, x.shape, phases));
  require(v.lanes == x.lanes && x.pixels() < (int64_t{1} << 31) && v.data != x.data, where, "expects ", what,
          " in memory of its own, at the pitch of x or a slice and x without padding lanes, below 2^31 pixels; got ",
          v.lanes, " and ", x.lanes, " lanes");
}

void check_results(const char* where, const View& x, const View& residual, const View& y,
                   const BatchNormOptions& options) {
  if (options.phases == 1) return gpu::check_images(where, x, residual, y);
  require(!residual, where, "expects no residual where x lies in phases");
  check_of_phases(where, x, "y", y, options.phases);
}

/// Calls f with the places of y.
template <class F>
void with_places(const View& x, const View& y, const BatchNormOptions& options, F f) {
  if (options.phases == 1)
    f(gpu::pitched_places(x, y));
  else
    f(gpu::PhasedPlaces(x, options.phases, y, y));
}

template <bool kFrozen>
void run_grad(const CudaExec& exec, const char* where, const gpu::NormGrad& grad, const BatchNormOptions& options) {
  if (options.phases == 1 || grad.x.pixels() == 0)
    gpu::norm_grad<kFrozen>(exec, where, grad, gpu::pitched_places(grad.dy, grad.x, grad.y));
  else
    gpu::norm_grad<kFrozen>(exec, where, grad, gpu::PhasedPlaces(grad.x, options.phases, grad.dy, grad.dy));
}

void check_gradients(const char* where, const View& dy, const View& x, const View& y, const View& dx,
                     const View& dgamma, const View& dbeta, const View& dresidual, const BatchNormOptions& options) {
  if (options.phases == 1) {
    gpu::check_grad_images(where, dy, x, y, dx, dresidual);
  } else {
    check_of_phases(where, x, "dy", dy, options.phases);
    if (dx) check_like(dx, where, "dx", x, "x");
    require(!y && !dresidual && dx.data != dy.data, where,
            "expects neither y nor dresidual, and dx in other memory than dy, where x lies in phases");
  }
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
  check_results(where, x, residual, y, options);
  const int64_t channels = x.channels();
  check_statistics(where, mean, rstd, channels);
  require(bool(running_mean) == bool(running_var), where, "expects both running statistics or none");
  if (running_mean) check_running(where, running_mean, running_var, channels);
  require(x.pixels() > 0, where, "expects at least one pixel; got ", x.shape);
  if (channels == 0) return;
  float* m = mean.as<float>();
  with_places(x, y, options, [&](const auto& places) {
    gpu::norm_forward(exec, where, 1, x, residual, y, places,
                      {m, m + channels, rstd.as<float>(), optional(running_mean), optional(running_var), options.eps,
                       options.momentum},
                      gamma.as<float>(), beta.as<float>(), slope_of(options));
  });
}

void batch_norm_infer(const CudaExec& exec, const View& x, const View& gamma, const View& beta,
                      const View& running_mean, const View& running_var, const View& residual, const View& y,
                      const BatchNormOptions& options) {
  const char* where = "batch_norm_infer";
  check_operands(where, x, gamma, beta, options);
  check_results(where, x, residual, y, options);
  check_running(where, running_mean, running_var, x.channels());
  if (x.count() == 0) return;
  with_places(x, y, options, [&](const auto& places) {
    gpu::norm_apply(exec, where, 1, x, residual, y, places, frozen(gamma, beta, running_mean, running_var, options),
                    slope_of(options));
  });
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
  run_grad<false>(exec, where,
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
                   add_beta},
                  options);
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
  run_grad<true>(exec, where,
                 {1, dy, x, y, dx, dresidual, frozen(gamma, beta, running_mean, running_var, options),
                  slope_of(options), optional(dgamma), optional(dbeta), add_gamma, add_beta},
                 options);
}

}  // namespace segue::kernels
