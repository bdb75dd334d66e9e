#include "conv2d.h"
#include "conv_cudnn.h"

namespace segue::kernels {

void conv2d(const CudaExec& exec, const View& x, const View& w, const View& bias, const View& y,
            const Conv2dOptions& options) {
  conv::forward(exec, "conv2d", conv::problem_of("conv2d", x, w, y, options), x, w, bias, y, false);
}

void conv2d_dgrad(const CudaExec& exec, const View& dy, const View& w, const View& dx, const Conv2dOptions& options,
                  bool accumulate) {
  const conv::Problem problem = conv::problem_of("conv2d_dgrad", dx, w, dy, options);
  conv::input_gradient(exec, "conv2d_dgrad", problem, dy, w, {}, dx, accumulate);
}

void conv2d_wgrad(const CudaExec& exec, const View& x, const View& dy, const View& dw, const Conv2dOptions& options,
                  bool accumulate) {
  const conv::Problem problem = conv::problem_of("conv2d_wgrad", x, dw, dy, options);
  conv::filter_gradient(exec, "conv2d_wgrad", problem, x, dy, dw, accumulate);
}

}  // namespace segue::kernels
