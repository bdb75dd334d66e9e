// Convolutions by oneDNN: primitives are made once per shape and kept. The only file, with its .cpp, that knows oneDNN.
#pragma once

#include <string>

#include "conv_common.h"

namespace segue::kernels::dnnl_plan {

enum class Op { forward, input_gradient, filter_gradient };

/// True where oneDNN is the faster way, its layout changes included. Depends on the shape alone, so that the bits of a
/// run do not depend on a stopwatch.
bool prefers(Op op, const conv::Problem& problem);

/// Runs one convolution. `from` and `to` are the operands read and written beside the filters or, for filter_gradient,
/// x and dy are read and `w` is written; `bias` may be null and belongs to forward alone. Throws device.
struct Operands {
  float *x, *w, *y;
  const float* bias = nullptr;
};
void run(const CpuExec& exec, Op op, const conv::Problem& problem, const Operands& operands, bool accumulate);

/// Version of the library in use, "2.6.3".
std::string version();

}  // namespace segue::kernels::dnnl_plan
