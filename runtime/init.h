// Initial values of parameters: made on the host, from Philox, with arithmetic that has the same bits on every machine.
#pragma once

#include <string>
#include <vector>

#include "kernels/view.h"

namespace segue {

/// How a parameter starts. Values depend on the seed of the run and on the parameter's name alone.
struct Init {
  enum class Kind { constant, uniform, normal } kind = Kind::constant;
  float value = 0;  ///< the constant; half the width of the uniform range around 0; the standard deviation

  static Init constant(float value) { return {Kind::constant, value}; }
  /// U(-bound, bound).
  static Init uniform(float bound) { return {Kind::uniform, bound}; }
  /// N(0, sigma^2); no value lies beyond 5.9 sigma.
  static Init normal(float sigma) { return {Kind::normal, sigma}; }

  // For a filter of `fan` = products per result (in) or per input (out).

  /// N(0, 2 / fan): keeps the variance through a rectifier. He et al. 2015, arXiv:1502.01852.
  static Init kaiming_normal(int64_t fan);
  /// U(-1/sqrt(fan), 1/sqrt(fan)): what PyTorch gives weights and biases of convolutions unless told otherwise.
  static Init torch_default(int64_t fan_in);
};

/// `count` values for the parameter called `name`.
std::vector<float> initial_values(const Init& init, uint64_t seed, const std::string& name, int64_t count);

}  // namespace segue
