#include "kernels/concat.h"

#include "runtime/ops.h"

namespace segue {
namespace {

struct Concat {
  static constexpr size_t kMaxParts = Node::kMaxAttributeBytes / sizeof(int32_t);
  int32_t channels[kMaxParts];  // of each part
};

const Op kConcat{"concat", [](Context& c, Node& n) {
                   const Tensor dy = n.take_dy();
                   int64_t first = 0;
                   for (size_t i = 0; i < n.inputs(); ++i) {
                     const int64_t channels = n.as<Concat>().channels[i];
                     if (n.wants(i)) {
                       Shape shape = dy.shape();
                       shape[shape.dims() - 1] = channels;
                       const auto t = c.grad_target(n, i, shape);
                       c.run(SEGUE_KERNEL(concat_grad), dy, first, out(t.grad), t.accumulate);
                       c.give(n, i, t.grad);
                     }
                     first += channels;
                   }
                 }};

}  // namespace

Tensor concat(Context& c, const std::vector<Tensor>& parts) {
  require(!parts.empty() && parts.size() <= Concat::kMaxParts, "concat", "expects 1 to ", Concat::kMaxParts,
          " parts; got ", parts.size());
  Shape shape = parts[0].shape();
  require(shape.dims() > 0, "concat", "expects parts of one axis at least; got ", shape);
  Concat attributes{};
  std::vector<View> views;
  int64_t channels = 0;
  for (const Tensor& part : parts) {
    attributes.channels[views.size()] = int32_t(part.shape().channels());
    channels += part.shape().channels();
    views.push_back(part.view());
  }
  shape[shape.dims() - 1] = channels;
  Tensor y = c.image(shape, "concat");
  c.run(SEGUE_KERNEL(concat), views, out(y));
  c.record(kConcat, parts, y, {}, attributes);
  return y;
}

}  // namespace segue
