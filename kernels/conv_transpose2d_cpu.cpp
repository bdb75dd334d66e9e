#include "conv_paths.h"
#include "conv_transpose2d.h"

namespace segue {

int64_t conv_transpose2d_out_extent(int64_t in, int64_t kernel, const ConvTranspose2dOptions& o) {
  return (in - 1) * o.stride - 2 * o.pad + kernel + o.output_pad;
}

namespace kernels {

conv::Problem conv::problem_of(const char* where, const View& x, const View& w, const View& y,
                               const ConvTranspose2dOptions& o) {
  require(o.stride >= 1 && o.pad >= 0, where, "expects stride >= 1 and pad >= 0; got ", o.stride, " and ", o.pad);
  require(o.output_pad >= 0 && o.output_pad < o.stride, where, "expects output_pad from 0 to less than the stride of ",
          o.stride, "; got ", o.output_pad);
  require(x.shape.dims() == 4 && w.shape.dims() == 4, where, "expects images (N,H,W,C) and filters (C,R,S,K); got ",
          x.shape, " and ", w.shape);
  require(w.shape[0] == x.shape[3], where, "expects filters for ", x.shape[3], " channels; got ", w.shape);
  require(x.count() > 0 && w.count() > 0, where, "expects images and filters that are not empty; got ", x.shape,
          " and ", w.shape);
  const int64_t p = conv_transpose2d_out_extent(x.shape[1], w.shape[1], o);
  const int64_t q = conv_transpose2d_out_extent(x.shape[2], w.shape[2], o);
  require(p > 0 && q > 0, where, "expects results of at least one pixel; got ", p, " x ", q, " from ", x.shape, " and ",
          w.shape, ", pad ", o.pad);
  const Shape out{x.shape[0], p, q, w.shape[3]};
  require(y.shape == out, where, "expects results of ", out, "; got ", y.shape);
  return {.n = out[0],
          .h = p,
          .w = q,
          .c = out[3],
          .k = w.shape[0],
          .r = w.shape[1],
          .s = w.shape[2],
          .p = x.shape[1],
          .q = x.shape[2],
          .stride = o.stride,
          .pad = o.pad,
          .dilation = 1};
}

namespace {

conv::Problem check(const char* where, const View& x, const View& w, const View& y, const ConvTranspose2dOptions& o) {
  check_dense(x, where, "x", DType::f32);
  check_dense(w, where, "w", DType::f32);
  check_dense(y, where, "y", DType::f32);
  return conv::problem_of(where, x, w, y, o);
}

}  // namespace

void conv_transpose2d(const CpuExec& exec, const View& x, const View& w, const View& bias, const View& y,
                      const ConvTranspose2dOptions& options) {
  const conv::Problem problem = check("conv_transpose2d", x, w, y, options);
  if (bias) check_view(bias, "conv_transpose2d", "bias", DType::f32, {problem.c});
  conv::input_gradient(exec, problem, x.as<float>(), w.as<float>(), bias ? bias.as<float>() : nullptr, y.as<float>(),
                       false);
}

void conv_transpose2d_dgrad(const CpuExec& exec, const View& dy, const View& w, const View& dx,
                            const ConvTranspose2dOptions& options, bool accumulate) {
  const conv::Problem problem = check("conv_transpose2d_dgrad", dx, w, dy, options);
  conv::forward(exec, problem, dy.as<float>(), w.as<float>(), nullptr, dx.as<float>(), accumulate);
}

void conv_transpose2d_wgrad(const CpuExec& exec, const View& x, const View& dy, const View& dw,
                            const ConvTranspose2dOptions& options, bool accumulate) {
  const conv::Problem problem = check("conv_transpose2d_wgrad", x, dw, dy, options);
  conv::filter_gradient(exec, problem, dy.as<float>(), x.as<float>(), dw.as<float>(), accumulate);
}

}  // namespace kernels
}  // namespace segue
