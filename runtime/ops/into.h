// Results that the caller has a place for.
#pragma once

#include "runtime/tensor.h"

namespace segue {

/// The result of an op in `into`, a slice of a Concatenation for instance; empty if `into` is: the op makes a tensor.
inline Tensor result_in(const Tensor& into, const Shape& shape, const char* op) {
  require(!into || into.shape() == shape, op, "expects room for a result ", shape, "; got ", into.shape());
  return into.detach();
}

}  // namespace segue
