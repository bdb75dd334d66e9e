#include "conv2d.h"
#include "conv_paths.h"

namespace segue {

int64_t conv2d_out_extent(int64_t in, int64_t kernel, const Conv2dOptions& o) {
  const int64_t room = in + 2 * o.pad - o.dilation * (kernel - 1) - 1;
  return room < 0 ? 0 : room / o.stride + 1;
}

namespace kernels {

conv::Problem conv::problem_of(const char* where, const View& x, const View& w, const View& y, const Conv2dOptions& o) {
  require(o.stride >= 1 && o.pad >= 0 && o.dilation >= 1, where, "expects stride >= 1, pad >= 0, dilation >= 1; got ",
          o.stride, ", ", o.pad, ", ", o.dilation);
  require(x.shape.dims() == 4 && w.shape.dims() == 4, where, "expects images (N,H,W,C) and filters (K,R,S,C); got ",
          x.shape, " and ", w.shape);
  require(w.shape[3] == x.shape[3], where, "expects filters of ", x.shape[3], " channels; got ", w.shape);
  require(x.count() > 0 && w.count() > 0, where, "expects images and filters that are not empty; got ", x.shape,
          " and ", w.shape);
  const int64_t p = conv2d_out_extent(x.shape[1], w.shape[1], o), q = conv2d_out_extent(x.shape[2], w.shape[2], o);
  require(p > 0 && q > 0, where, "expects images at least as large as the filter; got ", x.shape, " and ", w.shape,
          ", pad ", o.pad, ", dilation ", o.dilation);
  const Shape out{x.shape[0], p, q, w.shape[0]};
  require(y.shape == out, where, "expects results of ", out, "; got ", y.shape);
  return {.n = x.shape[0],
          .h = x.shape[1],
          .w = x.shape[2],
          .c = x.shape[3],
          .k = w.shape[0],
          .r = w.shape[1],
          .s = w.shape[2],
          .p = p,
          .q = q,
          .stride = o.stride,
          .pad = o.pad,
          .dilation = o.dilation};
}

namespace {

conv::Problem check(const char* where, const View& x, const View& w, const View& y, const Conv2dOptions& o) {
  check_dense(x, where, "x", DType::f32);
  check_dense(w, where, "w", DType::f32);
  check_dense(y, where, "y", DType::f32);
  return conv::problem_of(where, x, w, y, o);
}

}  // namespace

void conv2d(const CpuExec& exec, const View& x, const View& w, const View& bias, const View& y,
            const Conv2dOptions& options) {
  const conv::Problem problem = check("conv2d", x, w, y, options);
  if (bias) check_view(bias, "conv2d", "bias", DType::f32, {problem.k});
  conv::forward(exec, problem, x.as<float>(), w.as<float>(), bias ? bias.as<float>() : nullptr, y.as<float>(), false);
}

void conv2d_dgrad(const CpuExec& exec, const View& dy, const View& w, const View& dx, const Conv2dOptions& options,
                  bool accumulate) {
  const conv::Problem problem = check("conv2d_dgrad", dx, w, dy, options);
  conv::input_gradient(exec, problem, dy.as<float>(), w.as<float>(), nullptr, dx.as<float>(), accumulate);
}

void conv2d_wgrad(const CpuExec& exec, const View& x, const View& dy, const View& dw, const Conv2dOptions& options,
                  bool accumulate) {
  const conv::Problem problem = check("conv2d_wgrad", x, dw, dy, options);
  conv::filter_gradient(exec, problem, x.as<float>(), dy.as<float>(), dw.as<float>(), accumulate);
}

}  // namespace kernels
}  // namespace segue
