// One training step of every model at full width, from weights and inputs made by a formula that tests/reference/formula.py
// has too: what the comparison with PyTorch and the committed fixtures look at.
#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "runtime/context.h"
#include "runtime/module.h"

namespace segue::testing {

/// The formula: a value in [-1, 1), a multiple of 2^-23, for element i of the tensor called `name`. Exact in f32.
uint32_t formula_key(const std::string& name);
float formula_value(uint32_t key, uint32_t i);

/// Sets parameters by the formula. Filters and matrices: U(-1,1) sqrt(6 / fan in). Norms: scale near 1 (near 1/4 on a
/// residual branch, so that rounding does not grow with depth), shift near 3, so that few units lie at the kink of their
/// ReLU. Elements count in the order of weight files.
void set_by_formula(Network& net);
/// A tensor of the step (N,H,W,C), noise on coarse levels; elements count in PyTorch's order (N,C,H,W).
Tensor image_by_formula(Context& c, const Shape& shape, const std::string& name);
/// Labels (N,H,W) u8 in [0, classes), one in classes + 1 of them 255.
Tensor labels_by_formula(Context& c, const Shape& shape, int64_t classes);

/// A model and its loss.
struct ModelStep {
  std::string name;
  Shape input;
  /// Names the input. Chosen by tests/reference/kinks.py, so that no unit lies so near to the kink of its ReLU that rounding
  /// decides over it: one such unit would change gradients by more than all rounding together.
  int salt;
  std::function<std::unique_ptr<Network>()> make;
  /// The loss; sets `output` to what is compared, an image (N,H,W,C).
  std::function<Tensor(Context&, Network&, const Tensor& x, Tensor* output)> loss;
};
const std::vector<ModelStep>& model_steps();
/// For messages of the test framework.
inline std::ostream& operator<<(std::ostream& s, const ModelStep& m) { return s << m.name; }

/// A tensor of a step in PyTorch's layout.
struct Recorded {
  std::string kind;  ///< loss, output, grad, stat: of the first step; weight, eval: after the last
  std::string name;
  Shape shape;
  std::vector<float> values;
};

/// Some steps of SGD (rate 0.01, momentum 0.9, weight decay 1e-4) on one batch, then the output in inference mode;
/// `at_end` sees the context before it goes.
std::vector<Recorded> record_steps(const ModelStep& step, const Context::Options& options, uint64_t steps = 3,
                                   const std::function<void(Context&)>& at_end = {});

/// Biases in front of instance norm, whose gradient is rounding noise: they are left out of every comparison, by name.
bool is_dead_bias(const std::string& model, const std::string& name);

}  // namespace segue::testing
