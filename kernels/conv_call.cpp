#include "conv_call.h"

#include <limits>

namespace segue {
namespace {

const char* name_of(ConvOp op) {
  switch (op) {
    case ConvOp::forward: return "forward";
    case ConvOp::input_gradient: return "input_gradient";
    default: return "filter_gradient";
  }
}

const char* name_of(ConvEpilogue e) {
  switch (e) {
    case ConvEpilogue::store: return "store";
    case ConvEpilogue::add: return "add";
    default: return "bias";
  }
}

}  // namespace

int64_t ConvCall::output_count() const {
  const auto& f = problem;
  switch (op) {
    case ConvOp::forward: return f.out_pixels() * f.k;
    case ConvOp::input_gradient: return f.n * f.h * f.w * f.c;
    default: return f.k * f.taps() * f.c;
  }
}

bool ConvCall::is_product() const {
  const auto& f = problem;
  return f.taps() == 1 && f.stride == 1 && f.pad == 0 && f.out_pixels() <= std::numeric_limits<int32_t>::max();
}

std::string name_of(const ConvCall& call) {
  const auto& f = call.problem;
  return cat(name_of(call.op), ' ', name_of(call.epilogue), ' ', name_of(call.dtype),
             call.dtype == DType::f32 && call.tensor_cores ? " tf32" : "", " n", f.n, " h", f.h, " w", f.w, " c", f.c,
             " k", f.k, " r", f.r, " s", f.s, " stride", f.stride, " pad", f.pad, " dilation", f.dilation);
}

}  // namespace segue
