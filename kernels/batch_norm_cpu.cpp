#include "batch_norm.h"
#include "channel_norm_grad.h"
#include "phases.h"

namespace segue::kernels {
namespace {

void check_optional(const View& v, const char* where, const char* what, const Shape& shape) {
  if (v) check_view(v, where, what, DType::f32, shape);
}

/// Of y and dy.
Shape result_shape(const char* where, const View& x, const BatchNormOptions& options) {
  return options.phases == 1 ? x.shape : images_of_phases(where, x.shape, options.phases);
}

void check_operands(const char* where, const View& x, const View& gamma, const View& beta, const View& residual,
                    const View& y, const BatchNormOptions& options) {
  check_dense(x, where, "x", DType::f32);
  check_view(gamma, where, "gamma", DType::f32, {x.channels()});
  check_view(beta, where, "beta", DType::f32, {x.channels()});
  check_optional(residual, where, "residual", x.shape);
  require(options.phases == 1 || !residual, where, "expects no residual where x lies in phases");
  check_optional(y, where, "y", result_shape(where, x, options));
  require(options.eps > 0, where, "expects eps > 0; got ", options.eps);
}

void check_gradients(const char* where, const View& dy, const View& x, const View& y, const View& dx,
                     const View& dgamma, const View& dbeta, const View& dresidual, const BatchNormOptions& options) {
  check_dense(x, where, "x", DType::f32);
  check_view(dy, where, "dy", DType::f32, result_shape(where, x, options));
  check_optional(dx, where, "dx", x.shape);
  check_optional(dgamma, where, "dgamma", {dy.channels()});
  check_optional(dbeta, where, "dbeta", {dy.channels()});
  check_optional(dresidual, where, "dresidual", dy.shape);
  require(y || !dresidual || !options.relu, where, "expects y where a residual was added in front of a rectifier");
  require(!dx || dx.data != dresidual.data, where, "expects dx and dresidual in different memory");
  require(options.phases == 1 || (!y && !dresidual && dx.data != dy.data), where,
          "expects neither y nor dresidual, and dx in other memory than dy, where x lies in phases");
}

float slope_of(const BatchNormOptions& options) { return options.relu ? 0.f : 1.f; }

const float* optional(const View& v) { return v ? v.as<float>() : nullptr; }
float* optional_out(const View& v) { return v ? v.as<float>() : nullptr; }

void put(float* values, int64_t c, double value, bool add) {
  if (values) values[c] = add ? values[c] + float(value) : float(value);
}

struct Memory {
  double* sums;
  float* coefficients;
  View phases;  // those of y or dy, where x lies in phases
};
Memory memory_for(const CpuExec& exec, int64_t doubles, int64_t floats, const View& x,
                  const BatchNormOptions& options) {
  const int64_t image_floats = options.phases > 1 ? x.count() : 0;
  auto* sums = static_cast<double*>(
      exec.scratch->get(size_t(doubles) * sizeof(double) + size_t(floats + image_floats) * sizeof(float)));
  auto* coefficients = reinterpret_cast<float*>(sums + doubles);
  return {sums, coefficients, options.phases > 1 ? View(coefficients + floats, x.shape, DType::f32) : View()};
}

struct FrozenStatistics {
  const float *gamma, *beta, *mean, *variance;
  float eps;

  float rstd(int64_t c) const { return float(1.0 / std::sqrt(double(variance[c]) + double(eps))); }
  NormCoefficients coefficients(int64_t c) const { return norm_coefficients(mean[c], 0, rstd(c), gamma[c], beta[c]); }
};

/// apply_norm, and into the images where x lies in phases.
void apply(const CpuExec& exec, const ChannelBlocks& blocks, const CoefficientRows<3>& rows, const View& x,
           const View& residual, const View& y, const Memory& memory, const BatchNormOptions& options) {
  const View& result = memory.phases ? memory.phases : y;
  apply_norm(blocks, rows, x.as<float>(), optional(residual), result.as<float>(), slope_of(options));
  if (memory.phases) from_phases(exec, memory.phases, y, options.phases, false);
}

/// dy as x lies.
View gradient_of_result(const CpuExec& exec, const View& dy, const Memory& memory, const BatchNormOptions& options) {
  if (!memory.phases) return dy;
  to_phases(exec, dy, memory.phases, options.phases);
  return memory.phases;
}

NormGradOperands grad_operands(const View& dy, const View& x, const View& y, const View& dx, const View& dresidual,
                               const BatchNormOptions& options) {
  return {dy.as<float>(),   x.as<float>(),           options.relu ? optional(y) : nullptr,
          optional_out(dx), optional_out(dresidual), slope_of(options)};
}

}  // namespace

void batch_norm_train(const CpuExec& exec, const View& x, const View& gamma, const View& beta, const View& residual,
                      const View& y, const View& mean, const View& rstd, const View& running_mean,
                      const View& running_var, const BatchNormOptions& options) {
  const char* where = "batch_norm_train";
  check_operands(where, x, gamma, beta, residual, y, options);
  const int64_t channels = x.channels(), pixels = x.pixels();
  check_view(mean, where, "mean", DType::f32, {2, channels});
  check_view(rstd, where, "rstd", DType::f32, {channels});
  check_optional(running_mean, where, "running_mean", {channels});
  check_optional(running_var, where, "running_var", {channels});
  require(bool(running_mean) == bool(running_var), where, "expects both running statistics or none");
  require(bool(y) && pixels > 0, where, "expects at least one pixel; got ", x.shape);

  const ChannelBlocks blocks(1, pixels, channels);
  const Memory memory = memory_for(exec, moments_doubles(blocks), CoefficientRows<3>::floats(blocks), x, options);
  const CoefficientRows<3> rows{blocks.rows, memory.coefficients};
  const float *g = gamma.as<float>(), *b = beta.as<float>(), momentum = options.momentum;
  float *m = mean.as<float>(), *r = rstd.as<float>(), *moving_mean = optional_out(running_mean),
        *moving_var = optional_out(running_var);
  const double unbiased = pixels > 1 ? double(pixels) / double(pixels - 1) : 1.0;
  channel_moments(blocks, x.as<float>(), memory.sums, [&](int64_t, int64_t first, int64_t n, const auto& moments) {
    for (int64_t i = 0; i < n; ++i) {
      const int64_t c = first + i;
      const Moments& of = moments[size_t(i)];
      m[c] = of.mean_rounded();
      m[channels + c] = of.mean_rest();
      r[c] = of.rstd(options.eps);
      rows.set(0, c, norm_coefficients(m[c], m[channels + c], r[c], g[c], b[c]));
      if (!moving_mean) continue;
      moving_mean[c] = (1 - momentum) * moving_mean[c] + momentum * m[c];
      moving_var[c] = (1 - momentum) * moving_var[c] + momentum * float(of.variance * unbiased);
    }
  });
  apply(exec, blocks, rows, x, residual, y, memory, options);
}

void batch_norm_infer(const CpuExec& exec, const View& x, const View& gamma, const View& beta, const View& running_mean,
                      const View& running_var, const View& residual, const View& y, const BatchNormOptions& options) {
  const char* where = "batch_norm_infer";
  check_operands(where, x, gamma, beta, residual, y, options);
  require(bool(y), where, "expects y; got none");
  check_view(running_mean, where, "running_mean", DType::f32, {x.channels()});
  check_view(running_var, where, "running_var", DType::f32, {x.channels()});
  const ChannelBlocks blocks(1, x.pixels(), x.channels());
  const Memory memory = memory_for(exec, 0, CoefficientRows<3>::floats(blocks), x, options);
  const CoefficientRows<3> rows{blocks.rows, memory.coefficients};
  const FrozenStatistics frozen{gamma.as<float>(), beta.as<float>(), running_mean.as<float>(), running_var.as<float>(),
                                options.eps};
  for (int64_t c = 0; c < x.channels(); ++c) rows.set(0, c, frozen.coefficients(c));
  apply(exec, blocks, rows, x, residual, y, memory, options);
}

void batch_norm_grad(const CpuExec& exec, const View& dy, const View& x, const View& y, const View& gamma,
                     const View& beta, const View& mean, const View& rstd, const View& dx, const View& dgamma,
                     bool add_gamma, const View& dbeta, bool add_beta, const View& dresidual,
                     const BatchNormOptions& options) {
  const char* where = "batch_norm_grad";
  check_gradients(where, dy, x, y, dx, dgamma, dbeta, dresidual, options);
  check_operands(where, x, gamma, beta, {}, y, options);
  const int64_t channels = x.channels(), pixels = x.pixels();
  check_view(mean, where, "mean", DType::f32, {2, channels});
  check_view(rstd, where, "rstd", DType::f32, {channels});
  require(pixels > 0, where, "expects at least one pixel; got ", x.shape);

  const ChannelBlocks blocks(1, pixels, channels);
  const Memory memory = memory_for(exec, moments_doubles(blocks), CoefficientRows<5>::floats(blocks), x, options);
  const CoefficientRows<5> rows{blocks.rows, memory.coefficients};
  const float *g = gamma.as<float>(), *b = beta.as<float>(), *m = mean.as<float>(), *r = rstd.as<float>();
  float *gamma_grad = optional_out(dgamma), *beta_grad = optional_out(dbeta);
  const auto coefficients = [=](int64_t c) { return norm_coefficients(m[c], m[channels + c], r[c], g[c], b[c]); };
  for (int64_t c = 0; c < channels; ++c) rows.set(0, c, coefficients(c));
  const NormGradOperands operands =
      grad_operands(gradient_of_result(exec, dy, memory, options), x, y, dx, dresidual, options);
  sum_norm_grad(blocks, rows, operands, memory.sums);
  fold_channels<2>(blocks, memory.sums, [&](int64_t, int64_t first, int64_t n, const auto& sums) {
    for (int64_t i = 0; i < n; ++i) {
      const int64_t c = first + i;
      const float rest = m[channels + c];
      const NormGradSums sum(sums[0][size_t(i)], sums[1][size_t(i)], rest);
      NormCoefficients a = coefficients(c);
      sum.complete(a, r[c], rest, pixels);
      rows.set(0, c, a);
      put(gamma_grad, c, sum.g_centered * double(r[c]), add_gamma);
      put(beta_grad, c, sum.g, add_beta);
    }
  });
  if (dx) apply_norm_grad(blocks, rows, operands);
}

void batch_norm_infer_grad(const CpuExec& exec, const View& dy, const View& x, const View& y, const View& gamma,
                           const View& beta, const View& running_mean, const View& running_var, const View& dx,
                           const View& dgamma, bool add_gamma, const View& dbeta, bool add_beta, const View& dresidual,
                           const BatchNormOptions& options) {
  const char* where = "batch_norm_infer_grad";
  check_gradients(where, dy, x, y, dx, dgamma, dbeta, dresidual, options);
  check_operands(where, x, gamma, beta, {}, y, options);
  check_view(running_mean, where, "running_mean", DType::f32, {x.channels()});
  check_view(running_var, where, "running_var", DType::f32, {x.channels()});
  const ChannelBlocks blocks(1, x.pixels(), x.channels());
  const Memory memory = memory_for(exec, moments_doubles(blocks), CoefficientRows<5>::floats(blocks), x, options);
  const CoefficientRows<5> rows{blocks.rows, memory.coefficients};
  const FrozenStatistics frozen{gamma.as<float>(), beta.as<float>(), running_mean.as<float>(), running_var.as<float>(),
                                options.eps};
  for (int64_t c = 0; c < x.channels(); ++c) rows.set(0, c, frozen.coefficients(c));
  const NormGradOperands operands =
      grad_operands(gradient_of_result(exec, dy, memory, options), x, y, dx, dresidual, options);
  if (dgamma || dbeta || dresidual) sum_norm_grad(blocks, rows, operands, memory.sums);
  if (dgamma || dbeta) {
    float *gamma_grad = optional_out(dgamma), *beta_grad = optional_out(dbeta);
    fold_channels<2>(blocks, memory.sums, [&](int64_t, int64_t first, int64_t n, const auto& sums) {
      for (int64_t i = 0; i < n; ++i) {
        const int64_t c = first + i;
        put(gamma_grad, c, sums[1][size_t(i)] * double(frozen.rstd(c)), add_gamma);
        put(beta_grad, c, sums[0][size_t(i)], add_beta);
      }
    });
  }
  // dy_mean and slope are 0: with statistics that do not depend on x, dx is the first term alone.
  if (dx) apply_norm_grad(blocks, rows, operands);
}

}  // namespace segue::kernels
