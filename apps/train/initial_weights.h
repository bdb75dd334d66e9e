// Weights that a model starts from: --init, model.init.
#pragma once

#include <string>

#include "runtime/module.h"

namespace segue {

/// Reads what fits: a whole model, one with another head, or a ResNet-50 of torchvision as its backbone (parameters that begin
/// with `backbone`). Returns a line for the log: what matched, what is missing, what was left over. Throws data if a
/// tensor of the backbone is missing or of another shape, or if nothing fits.
std::string load_initial_weights(Network& network, const std::string& path, const std::string& backbone);

}  // namespace segue
