#include "conv_cudnn.h"
#include "conv_transpose2d.h"

namespace segue::kernels {

void conv_transpose2d(const CudaExec& exec, const View& x, const View& w, const View& bias, const View& y,
                      const ConvTranspose2dOptions& options) {
  const conv::Problem problem = conv::problem_of("conv_transpose2d", x, w, y, options);
  conv::input_gradient(exec, "conv_transpose2d", problem, x, w, bias, y, false);
}

void conv_transpose2d_dgrad(const CudaExec& exec, const View& dy, const View& w, const View& dx,
                            const ConvTranspose2dOptions& options, bool accumulate) {
  const conv::Problem problem = conv::problem_of("conv_transpose2d_dgrad", dx, w, dy, options);
  conv::forward(exec, "conv_transpose2d_dgrad", problem, dy, w, {}, dx, accumulate);
}

void conv_transpose2d_wgrad(const CudaExec& exec, const View& x, const View& dy, const View& dw,
                            const ConvTranspose2dOptions& options, bool accumulate) {
  const conv::Problem problem = conv::problem_of("conv_transpose2d_wgrad", x, dw, dy, options);
  conv::filter_gradient(exec, "conv_transpose2d_wgrad", problem, dy, x, dw, accumulate);
}

}  // namespace segue::kernels
