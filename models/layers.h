// Layers that the models share. Each is a module: declared once, called like a function.
#pragma once

#include <string>

#include "runtime/module.h"
#include "runtime/ops.h"

namespace segue {

/// A multiple of 8 near channels * multiplier, at least 8: widths of small runs.
int64_t scaled_width(int64_t channels, double multiplier);

/// How the weights of a layer start.
enum class ConvInit {
  torch,            ///< PyTorch's default: uniform, 1/sqrt(fan in), weights and bias
  kaiming_fan_in,   ///< N(0, 2 / fan in)
  kaiming_fan_out,  ///< N(0, 2 / fan out)
  gan,              ///< N(0, 0.02^2), bias 0: Radford et al. 2015, arXiv:1511.06434
};

/// What a layer does with its bias.
enum class Bias {
  none,  ///< has none
  used,
  /// Declared and saved, as PyTorch does, but neither added nor trained: instance norm behind the layer takes away any
  /// constant of a channel, so its gradient is zero but for rounding.
  dead,
};

/// Convolution, "weight" (K,R,R,C) in memory and (K,C,R,R) in files, "bias" (K).
class Conv2d : public Module {
 public:
  Conv2d(Module& parent, const std::string& name, int64_t in, int64_t out, int kernel, const Conv2dOptions& options,
         Bias bias, ConvInit init);
  /// x (N,H,W,in) -> (N,P,Q,out); or phases of images, by this factor, to phases: see Context::phase_factor.
  Tensor operator()(Context& c, const Tensor& x, int64_t phases = 1) const;
  const Conv2dOptions& options() const { return options_; }

 private:
  Conv2dOptions options_;
  Bias bias_kind_;
  Parameter* weight_;
  Parameter* bias_ = nullptr;
};

/// Transposed convolution, "weight" (C,R,R,K) in memory and (C,K,R,R) in files, "bias" (K).
class ConvTranspose2d : public Module {
 public:
  ConvTranspose2d(Module& parent, const std::string& name, int64_t in, int64_t out, int kernel,
                  const ConvTranspose2dOptions& options, Bias bias, ConvInit init);
  /// x (N,H,W,in) -> (N,P,Q,out).
  Tensor operator()(Context& c, const Tensor& x) const;

 private:
  ConvTranspose2dOptions options_;
  Bias bias_kind_;
  Parameter* weight_;
  Parameter* bias_ = nullptr;
};

/// Batch norm with an optional residual and ReLU in the same pass. Weights start at 1, biases at 0.
class BatchNorm : public Module {
 public:
  BatchNorm(Module& parent, const std::string& name, int64_t channels, float momentum);
  /// relu?(norm(x) + residual); residual may be empty. `into`: see runtime/ops.h. With `phases`, x lies in whole phases of the
  /// result, by this factor.
  Tensor operator()(Context& c, const Tensor& x, bool relu, const Tensor& residual = {}, const Tensor& into = {},
                    int64_t phases = 1);

 private:
  float momentum_;
  Parameter *weight_, *bias_;
  Buffer *running_mean_, *running_var_;
  int64_t* batches_;
};

/// Convolution without bias, batch norm, ReLU, under PyTorch's Sequential names.
class ConvNormRelu : public Module {
 public:
  struct Names {
    std::string conv = "0", norm = "1";
  };
  ConvNormRelu(Module& parent, const std::string& name, int64_t in, int64_t out, int kernel,
               const Conv2dOptions& options, float momentum, ConvInit init);
  ConvNormRelu(Module& parent, const std::string& name, int64_t in, int64_t out, int kernel,
               const Conv2dOptions& options, float momentum, ConvInit init, const Names& names);
  /// `into`: see runtime/ops.h. With `phases`, x lies in whole phases of images by this
  /// factor; the result is the images.
  Tensor operator()(Context& c, const Tensor& x, const Tensor& into = {}, int64_t phases = 1);
  const Conv2dOptions& options() const { return conv_.options(); }

 private:
  Conv2d conv_;
  BatchNorm norm_;
};

/// Fully connected: "weight" (out,in), "bias" (out), PyTorch's default start.
class Linear : public Module {
 public:
  Linear(Module& parent, const std::string& name, int64_t in, int64_t out);
  /// x (N,1,1,in) -> (N,1,1,out).
  Tensor operator()(Context& c, const Tensor& x) const;

 private:
  Parameter *weight_, *bias_;
};

}  // namespace segue
