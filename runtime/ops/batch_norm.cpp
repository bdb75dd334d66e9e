#include "kernels/batch_norm.h"

#include "into.h"
#include "kernels/phases.h"
#include "runtime/ops.h"

namespace segue {
namespace {

enum Input { kX, kGamma, kBeta, kResidual };
enum Saved { kSavedX, kSavedY, kSavedGamma, kSavedBeta, kSavedMean, kSavedSpread };

/// Where the gradients of x and of the residual go: one of them into the memory of dy, unless that is a slice or lies otherwise.
struct ImageGrads {
  Tensor dy, dx, dresidual;

  ImageGrads(Context& c, Node& n) : dy(n.take_dy()) {
    const bool reuse = dy.view().whole() && n.as<BatchNormOptions>().phases == 1;
    const bool both = n.wants(kX) && n.wants(kResidual);
    const auto image = [&](bool in_dy) { return in_dy ? dy : c.like(n.saved(kSavedX), "batch_norm_grad"); };
    if (n.wants(kResidual)) dresidual = image(reuse);
    if (n.wants(kX)) dx = image(reuse && !both);
  }
  void give(Context& c, Node& n) const {
    if (dx) c.give(n, kX, dx);
    if (dresidual) c.give(n, kResidual, dresidual);
  }
};

Context::GradTarget target_if_wanted(Context& c, Node& n, Input i) {
  if (!n.wants(i)) return {Tensor(), false};
  return c.grad_target(n, i, n.saved(kSavedGamma).shape());
}

template <class F>
void backward(Context& c, Node& n, const Kernel<F>& kernel) {
  const ImageGrads images(c, n);
  const auto gamma = target_if_wanted(c, n, kGamma), beta = target_if_wanted(c, n, kBeta);
  c.run(kernel, images.dy.view(), n.saved(kSavedX), n.saved(kSavedY).view(), n.saved(kSavedGamma), n.saved(kSavedBeta),
        n.saved(kSavedMean), n.saved(kSavedSpread), out(images.dx), out(gamma.grad), gamma.accumulate, out(beta.grad),
        beta.accumulate, out(images.dresidual), n.as<BatchNormOptions>());
  if (gamma.grad) c.give(n, kGamma, gamma.grad);
  if (beta.grad) c.give(n, kBeta, beta.grad);
  images.give(c, n);
}

const Op kTrain{"batch_norm", [](Context& c, Node& n) { backward(c, n, SEGUE_KERNEL(batch_norm_grad)); }};
const Op kInfer{"batch_norm_infer", [](Context& c, Node& n) { backward(c, n, SEGUE_KERNEL(batch_norm_infer_grad)); }};

}  // namespace

Tensor batch_norm(Context& c, const Tensor& x, const BatchNormTensors& p, const Tensor& residual, bool training,
                  const BatchNormOptions& options, const Tensor& into) {
  const Shape shape =
      options.phases == 1 ? x.shape() : kernels::images_of_phases("batch_norm", x.shape(), options.phases);
  Tensor y = result_in(into, shape, "batch_norm");
  if (!y) y = options.phases == 1 ? c.like(x, "batch_norm") : c.image(shape, "batch_norm");
  // Without a residual the gradient finds the rectifier's cuts in x, which saves reading y.
  const Tensor kept_y = options.relu && residual ? y : Tensor();
  if (!training) {
    c.run(SEGUE_KERNEL(batch_norm_infer), x, p.gamma, p.beta, p.running_mean, p.running_var, residual, out(y), options);
    c.record(kInfer, {x, p.gamma, p.beta, residual}, y, {x, kept_y, p.gamma, p.beta, p.running_mean, p.running_var},
             options);
    return y;
  }
  const int64_t channels = x.shape().channels();
  const Tensor mean = c.empty({2, channels}, DType::f32, "batch_norm");
  const Tensor rstd = c.empty({channels}, DType::f32, "batch_norm");
  const View moving_mean = c.replaying() ? View() : p.running_mean.view();
  const View moving_var = c.replaying() ? View() : p.running_var.view();
  c.run(SEGUE_KERNEL(batch_norm_train), x, p.gamma, p.beta, residual, out(y), out(mean), out(rstd), out(moving_mean),
        out(moving_var), options);
  c.record(kTrain, {x, p.gamma, p.beta, residual}, y, {x, kept_y, p.gamma, p.beta, mean, rstd}, options);
  return y;
}

}  // namespace segue
