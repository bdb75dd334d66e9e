// Every differentiable operation, on one page. Shapes: images (N,H,W,C), labels (N,H,W) u8. The contract of each is the
// comment of its launcher in kernels/<op>.h. Results live in the step arena. Empty tensors stand for absent operands.
// An op with `into` writes its result there and returns it: a part of a Concatenation, or any image of the right shape.
#pragma once

#include <vector>

#include "context.h"
#include "kernels/conv2d.h"
#include "kernels/conv_transpose2d.h"
#include "kernels/options.h"

namespace segue {

// Convolutions. x (N,H,W,C), w (K,R,S,C), bias (K) or empty; transposed: w (C,R,S,K).
Tensor conv2d(Context& c, const Tensor& x, const Tensor& w, const Tensor& bias, const Conv2dOptions& options);
Tensor conv_transpose2d(Context& c, const Tensor& x, const Tensor& w, const Tensor& bias,
                        const ConvTranspose2dOptions& options);
Tensor bias(Context& c, const Tensor& x, const Tensor& b);

// Normalisation. y = act(norm(x) + residual), one pass; residual may be empty. What instance_norm returns, and its
// residual, have the borders of the options.
struct BatchNormTensors {
  Tensor gamma, beta;                // (C), parameters
  Tensor running_mean, running_var;  // (C), moved by training calls unless Context::replaying()
};
Tensor batch_norm(Context& c, const Tensor& x, const BatchNormTensors& p, const Tensor& residual, bool training,
                  const BatchNormOptions& options, const Tensor& into = {});
Tensor instance_norm(Context& c, const Tensor& x, const Tensor& residual, const InstanceNormOptions& options);

// Activations.
Tensor relu(Context& c, const Tensor& x);
Tensor leaky_relu(Context& c, const Tensor& x, float slope);
Tensor tanh(Context& c, const Tensor& x);
Tensor sigmoid(Context& c, const Tensor& x);
Tensor softmax(Context& c, const Tensor& logits);  // over the last axis

// Pooling and geometry.
Tensor max_pool(Context& c, const Tensor& x, const MaxPoolOptions& options);
Tensor mean_pool(Context& c, const Tensor& x);  // (N,H,W,C) -> (N,1,1,C)
Tensor resize_bilinear(Context& c, const Tensor& x, int64_t height, int64_t width, bool align_corners = false,
                       const Tensor& into = {});
Tensor pad_reflect(Context& c, const Tensor& x, int64_t pad);
Tensor pad_constant(Context& c, const Tensor& x, const Padding& pad, float value);
Tensor crop(Context& c, const Tensor& x, const Window& window);
Tensor flip(Context& c, const Tensor& x);  // left-right
/// Along channels. All parts of a Concatenation, in order, lie joined already: no kernel runs, here or for the gradient of a
/// part that nothing else reads. Other parts are copied.
Tensor concat(Context& c, const std::vector<Tensor>& parts);
/// Room for the parts of a concatenation, to be written in place: the op that makes part i takes part(i) as `into`.
class Concatenation {
 public:
  /// `pixels`: the shape but for the channels, which `channels` gives part by part.
  Concatenation(Context& c, const Shape& pixels, std::vector<int64_t> channels);
  /// A slice of the image to be. Empty, so that the op makes a tensor and concat() copies, where parts cannot lie in
  /// place: on the CPU device, or unless all channels are multiples of kPackLanes.
  Tensor part(size_t i) const;

 private:
  std::vector<int64_t> channels_;
  Tensor image_;
};

/// Phase-major order, (N factor^2,P,Q,C), zero where an image has no pixel: phase (a, b) of an image is an image of its own, the pixels
/// (factor i + a, factor j + b). A convolution of dilation d and padding p over whole phases is one of d / factor and
/// p / factor (Context::phase_factor), and batch_norm puts its result together again (BatchNormOptions::phases).
Tensor to_phases(Context& c, const Tensor& x, int64_t factor);

// Arithmetic.
Tensor add(Context& c, const Tensor& a, const Tensor& b);
Tensor scale(Context& c, const Tensor& x, float factor);
Tensor sum(Context& c, const Tensor& x);   // -> ()
Tensor mean(Context& c, const Tensor& x);  // -> ()
/// sum_i weights[i] terms[i] of scalars; `weights` is a (terms.size()) f32 view on the StepState.
Tensor weighted_sum(Context& c, const std::vector<Tensor>& terms, const View& weights);
/// Inverted dropout with a new random call; only for training.
Tensor dropout(Context& c, const Tensor& x, float rate, DropoutMode mode);

// Losses: scalars (). `weights` (N,H,W) f32 and `class_weights` (C) f32 may be empty.
Tensor softmax_xent(Context& c, const Tensor& logits, const Tensor& labels, const Tensor& weights,
                    const Tensor& class_weights, const LabelOptions& options);
/// As above at the size of the labels, from logits of low resolution: bilinear upsampling (align_corners false),
/// softmax and cross entropy in one kernel.
Tensor upsample_xent(Context& c, const Tensor& logits, const Tensor& labels, const Tensor& weights,
                     const Tensor& class_weights, const LabelOptions& options);
Tensor softmax_entropy(Context& c, const Tensor& logits);       // (N,H,W,C) -> (N,H,W), nats
Tensor softmax_information(Context& c, const Tensor& logits);   // -p log p, as logits
Tensor softmax_entropy_mean(Context& c, const Tensor& logits);  // -> ()
/// Mean over pixels of w KL(p || q), p = softmax(teacher) without gradient, q = softmax(logits); weights may be empty.
Tensor kl_div(Context& c, const Tensor& logits, const Tensor& teacher, const Tensor& weights);
Tensor l1(Context& c, const Tensor& x, const Tensor& target);  // mean |x - target|; both may want gradients
Tensor lsgan(Context& c, const Tensor& x, float target);       // mean (x - target)^2
Tensor bce_logits(Context& c, const Tensor& x, float target);  // mean binary cross entropy of sigmoid(x)

}  // namespace segue
