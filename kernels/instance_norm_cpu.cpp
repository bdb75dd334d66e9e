#include "channel_norm_grad.h"
#include "instance_norm.h"

namespace segue::kernels {
namespace {

void check_operands(const char* where, const View& x, const View& mean, const View& rstd,
                    const InstanceNormOptions& options) {
  check_dense(x, where, "x", DType::f32);
  require(x.shape.dims() == 4 && x.shape[1] * x.shape[2] > 0, where,
          "expects images (N,H,W,C) of at least one pixel; got ", x.shape);
  check_view(mean, where, "mean", DType::f32, {2, x.shape[0], x.shape[3]});
  check_view(rstd, where, "rstd", DType::f32, {x.shape[0], x.shape[3]});
  require(options.eps > 0 && options.slope >= 0, where, "expects eps > 0 and slope >= 0; got ", options.eps, " and ",
          options.slope);
}

ChannelBlocks blocks_of(const View& x) { return {x.shape[0], x.shape[1] * x.shape[2], x.shape[3]}; }

const float* optional(const View& v, const char* where, const char* what, const Shape& shape) {
  if (!v) return nullptr;
  check_view(v, where, what, DType::f32, shape);
  return v.as<float>();
}
float* optional_out(const View& v, const char* where, const char* what, const Shape& shape) {
  return const_cast<float*>(optional(v, where, what, shape));
}

}  // namespace

void instance_norm(const CpuExec& exec, const View& x, const View& residual, const View& y, const View& mean,
                   const View& rstd, const InstanceNormOptions& options) {
  const char* where = "instance_norm";
  check_operands(where, x, mean, rstd, options);
  check_view(y, where, "y", DType::f32, x.shape);
  const float* added = optional(residual, where, "residual", x.shape);
  const ChannelBlocks blocks = blocks_of(x);
  const int64_t channels = x.shape[3], all = x.shape[0] * channels, doubles = moments_doubles(blocks);
  auto* sums = static_cast<double*>(
      exec.scratch->get(size_t(doubles) * sizeof(double) + size_t(CoefficientRows<3>::floats(blocks)) * sizeof(float)));
  const CoefficientRows<3> rows{blocks.rows, reinterpret_cast<float*>(sums + doubles)};
  float *m = mean.as<float>(), *r = rstd.as<float>();
  channel_moments(blocks, x.as<float>(), sums, [&](int64_t image, int64_t first, int64_t n, const auto& moments) {
    for (int64_t i = 0; i < n; ++i) {
      const int64_t c = image * channels + first + i;
      m[c] = moments[size_t(i)].mean_rounded();
      m[all + c] = moments[size_t(i)].mean_rest();
      r[c] = moments[size_t(i)].rstd(options.eps);
      rows.set(image, first + i, norm_coefficients(m[c], m[all + c], r[c]));
    }
  });
  apply_norm(blocks, rows, x.as<float>(), added, y.as<float>(), options.slope);
}

void instance_norm_grad(const CpuExec& exec, const View& dy, const View& x, const View& y, const View& mean,
                        const View& rstd, const View& dx, const View& dresidual, const InstanceNormOptions& options) {
  const char* where = "instance_norm_grad";
  check_operands(where, x, mean, rstd, options);
  check_view(dy, where, "dy", DType::f32, x.shape);
  const NormGradOperands operands{dy.as<float>(),
                                  x.as<float>(),
                                  optional(y, where, "y", x.shape),
                                  optional_out(dx, where, "dx", x.shape),
                                  optional_out(dresidual, where, "dresidual", x.shape),
                                  options.slope};
  require(y || !dresidual || options.slope == 1.f, where, "expects y where a residual was added before the activation");
  require(!dx || dx.data != dresidual.data, where, "expects dx and dresidual in different memory");
  const ChannelBlocks blocks = blocks_of(x);
  const int64_t channels = x.shape[3], all = x.shape[0] * channels, doubles = moments_doubles(blocks);
  auto* sums = static_cast<double*>(
      exec.scratch->get(size_t(doubles) * sizeof(double) + size_t(CoefficientRows<5>::floats(blocks)) * sizeof(float)));
  const CoefficientRows<5> rows{blocks.rows, reinterpret_cast<float*>(sums + doubles)};
  const float *m = mean.as<float>(), *r = rstd.as<float>();
  const auto coefficients = [=](int64_t c) { return norm_coefficients(m[c], m[all + c], r[c]); };
  for (int64_t c = 0; c < all; ++c) rows.set(c / channels, c % channels, coefficients(c));
  sum_norm_grad(blocks, rows, operands, sums);
  if (!dx) return;
  fold_channels<2>(blocks, sums, [&](int64_t image, int64_t first, int64_t n, const auto& gathered) {
    for (int64_t i = 0; i < n; ++i) {
      const int64_t c = image * channels + first + i;
      NormCoefficients a = coefficients(c);
      NormGradSums(gathered[0][size_t(i)], gathered[1][size_t(i)], m[all + c])
          .complete(a, r[c], m[all + c], blocks.pixels);
      rows.set(image, first + i, a);
    }
  });
  apply_norm_grad(blocks, rows, operands);
}

}  // namespace segue::kernels
