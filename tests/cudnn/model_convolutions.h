// The convolutions of a training step of every model, at the sizes they are trained at.
#pragma once

#include <string>
#include <vector>

#include "kernels/conv_call.h"

namespace segue::testing {

/// A model, its batch, and each of its convolutions as CUDA runs them in one type, as often as a step does.
struct ModelCalls {
  std::string model;
  std::vector<ConvCall> calls;
};

/// Forward and backward of all models. Nothing is computed.
std::vector<ModelCalls> model_convolutions(DType dtype);

}  // namespace segue::testing
