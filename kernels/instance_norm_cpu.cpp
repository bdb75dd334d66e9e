#include "channel_norm_grad.h"
#include "elementwise.h"
#include "instance_norm.h"
#include "instance_norm_checks.h"

namespace segue::kernels {
namespace {

ChannelBlocks blocks_of(const View& x) { return {x.shape[0], x.shape[1] * x.shape[2], x.shape[3]}; }

const float* optional(const View& v, const char* where, const char* what, const Shape& shape) {
  if (!v) return nullptr;
  check_view(v, where, what, DType::f32, shape);
  return v.as<float>();
}
float* optional_out(const View& v, const char* where, const char* what, const Shape& shape) {
  return const_cast<float*>(optional(v, where, what, shape));
}

/// y = act(norm(x) + residual) where one of the two has a border; from the last row to the first, as apply_norm.
void apply_bordered(const Shape& shape, const CoefficientRows<3>& k, const float* x, const float* residual, float* y,
                    const InstanceNormOptions& options) {
  const BorderedRows to(shape, options.pad), added(shape, options.residual_pad);
  with_activation(options.slope, [&](auto act) {
    parallel_for(to.rows, row_grain(to.elements()), [=](int64_t begin, int64_t end) {
      for (int64_t b = begin; b < end; ++b) {
        const int64_t i = to.rows - 1 - b, image = i / to.height;
        const float *mean = k.row(image, 0), *scale = k.row(image, 1), *offset = k.row(image, 2);
        const float* from = x + i * to.elements();
        float* own = to.inner_row(y, i);
        const auto norm = [=](int64_t e, int64_t c) { return (from[e] - mean[c]) * scale[c] + offset[c]; };
        if (residual) {
          const float* more = added.inner_row(residual, i);
          map_rows(0, to.elements(), k.rows.width, [=](int64_t e, int64_t c) { own[e] = act(norm(e, c) + more[e]); });
        } else {
          map_rows(0, to.elements(), k.rows.width, [=](int64_t e, int64_t c) { own[e] = act(norm(e, c)); });
        }
        to.mirror(y, i);
      }
    });
  });
}

/// The gradient behind the activation, g, of dy and y with borders: to dresidual, and in place of dx for the passes
/// that follow. Without y to find the bend by, dx becomes the gradient in front of it.
void fold_borders(const Shape& shape, const NormGradOperands& o, const InstanceNormOptions& options) {
  const BorderedRows from(shape, options.pad), to(shape, options.residual_pad);
  const int64_t n = from.elements();
  with_activation(o.y ? o.slope : 1.f, [&](auto act) {
    parallel_for(from.rows, row_grain(n), [=](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        float* inner = o.masked ? to.inner_row(o.masked, i) : nullptr;
        float* g = o.dx ? o.dx + i * n : inner;
        from.fold(o.dy, i, g);
        if (o.y) {
          const float* y = from.inner_row(o.y, i);
          map_rows(0, n, n, [=](int64_t e, int64_t) { g[e] = act.gradient(g[e], y[e]); });
        }
        if (!o.masked) continue;
        if (g != inner) std::copy_n(g, n, inner);
        to.clear_mirrors(o.masked, i);
      }
    });
  });
}

}  // namespace

void instance_norm(const CpuExec& exec, const View& x, const View& residual, const View& y, const View& mean,
                   const View& rstd, const InstanceNormOptions& options) {
  const char* where = "instance_norm";
  check_dense(x, where, "x", DType::f32);
  check_instance_norm(where, x, mean, rstd, options);
  check_view(y, where, "y", DType::f32, padded_shape(x.shape, options.pad));
  const float* added = optional(residual, where, "residual", padded_shape(x.shape, options.residual_pad));
  check_memory(where, x, residual, y, options);
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
  if (has_borders(options))
    apply_bordered(x.shape, rows, x.as<float>(), added, y.as<float>(), options);
  else
    apply_norm(blocks, rows, x.as<float>(), added, y.as<float>(), options.slope);
}

void instance_norm_grad(const CpuExec& exec, const View& dy, const View& x, const View& y, const View& mean,
                        const View& rstd, const View& dx, const View& dresidual, const InstanceNormOptions& options) {
  const char* where = "instance_norm_grad";
  check_dense(x, where, "x", DType::f32);
  check_instance_norm(where, x, mean, rstd, options);
  const Shape padded = padded_shape(x.shape, options.pad);
  check_view(dy, where, "dy", DType::f32, padded);
  NormGradOperands operands{dy.as<float>(),
                            x.as<float>(),
                            optional(y, where, "y", padded),
                            optional_out(dx, where, "dx", x.shape),
                            optional_out(dresidual, where, "dresidual", padded_shape(x.shape, options.residual_pad)),
                            options.slope};
  check_grad_memory(where, dy, y, dx, dresidual, options);
  if (has_borders(options)) {
    if (dx || dresidual) fold_borders(x.shape, operands, options);
    operands = {operands.dx, operands.x, nullptr, operands.dx, nullptr, y ? 1.f : options.slope};
    if (!dx) return;
  }
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
