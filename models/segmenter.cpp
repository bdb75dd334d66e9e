#include "segmenter.h"

#include "runtime/ops.h"

namespace segue {

Tensor Segmenter::forward(Context& c, const Tensor& x) {
  return resize_bilinear(c, forward_low(c, x).logits, x.shape()[1], x.shape()[2]);
}

}  // namespace segue
