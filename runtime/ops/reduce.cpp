#include "kernels/reduce.h"

#include "runtime/ops.h"

namespace segue {
namespace {

const Op kSum{"sum", [](Context& c, Node& n) {
                const Tensor dx = c.new_grad(n, 0, n.as<Shape>());
                c.run(SEGUE_KERNEL(sum_grad), n.dy(), out(dx));
                c.give(n, 0, dx);
              }};

const Op kMean{"mean", [](Context& c, Node& n) {
                 const Tensor dx = c.new_grad(n, 0, n.as<Shape>());
                 c.run(SEGUE_KERNEL(mean_grad), n.dy(), out(dx));
                 c.give(n, 0, dx);
               }};

const Op kWeightedSum{"weighted_sum", [](Context& c, Node& n) {
                        const Tensor dy = n.take_dy();
                        for (size_t i = 0; i < n.inputs(); ++i) {
                          if (!n.wants(i)) continue;
                          const Tensor dterm = c.like(dy, "weighted_sum");
                          c.run(SEGUE_KERNEL(weighted_sum_grad), dy, n.as<View>(), int64_t(i), out(dterm));
                          c.give(n, i, dterm);
                        }
                      }};

}  // namespace

Tensor sum(Context& c, const Tensor& x) {
  Tensor y = c.empty({}, DType::f32, "sum");
  c.run(SEGUE_KERNEL(sum), x, out(y));
  c.record(kSum, {x}, y, {}, x.shape());
  return y;
}

Tensor mean(Context& c, const Tensor& x) {
  Tensor y = c.empty({}, DType::f32, "mean");
  c.run(SEGUE_KERNEL(mean), x, out(y));
  c.record(kMean, {x}, y, {}, x.shape());
  return y;
}

Tensor weighted_sum(Context& c, const std::vector<Tensor>& terms, const View& weights) {
  std::vector<View> views;
  for (const Tensor& t : terms) views.push_back(t.view());
  Tensor y = c.empty({}, DType::f32, "weighted_sum");
  c.run(SEGUE_KERNEL(weighted_sum), views, weights, out(y));
  c.record(kWeightedSum, terms, y, {}, weights);
  return y;
}

}  // namespace segue
