#include <vector>

#include "elementwise.h"
#include "reduce.h"

namespace segue::kernels {
namespace {

constexpr int64_t kBlock = 4 * kElementGrain;

/// sum of f(x_i) in f64: sixteen running sums in a block, added pairwise; then the blocks in order.
template <class F>
double total(const CpuExec& exec, const char* where, const View& x, F f) {
  check_dense(x, where, "x", DType::f32);
  const float* in = x.as<float>();
  const int64_t n = x.count(), blocks = block_count(n, kBlock);
  auto* partial = static_cast<double*>(exec.scratch->get(size_t(blocks) * sizeof(double)));
  parallel_blocks(n, kBlock, [=](int64_t block, int64_t begin, int64_t end) {
    constexpr int kLanes = 16;
    double lane[kLanes] = {};
    int64_t i = begin;
    for (; i + kLanes <= end; i += kLanes)
      for (int l = 0; l < kLanes; ++l) lane[l] += f(double(in[i + l]));
    for (int l = 0; i < end; ++i, ++l) lane[l] += f(double(in[i]));
    for (int step = kLanes / 2; step > 0; step /= 2)
      for (int l = 0; l < step; ++l) lane[l] += lane[l + step];
    partial[block] = lane[0];
  });
  double s = 0;
  for (int64_t b = 0; b < blocks; ++b) s += partial[b];
  return s;
}

void check_mean(const char* where, const View& x) {
  require(x.count() > 0, where, "expects at least one element; got ", x.shape);
}

void check_weights(const char* where, const View& weights, int64_t n) {
  check_view(weights, where, "weights", DType::f32, weights.shape.dims() == 0 && n == 1 ? Shape{} : Shape{n});
}

}  // namespace

void sum(const CpuExec& exec, const View& x, const View& y) {
  check_view(y, "sum", "y", DType::f32, {});
  *y.as<float>() = float(total(exec, "sum", x, [](double v) { return v; }));
}

void sum_grad(const CpuExec&, const View& dy, const View& dx) {
  check_view(dy, "sum_grad", "dy", DType::f32, {});
  check_dense(dx, "sum_grad", "dx", DType::f32);
  const float g = *dy.as<float>();
  float* o = dx.as<float>();
  for_each_element(dx.count(), [=](int64_t i) { o[i] = g; });
}

void mean(const CpuExec& exec, const View& x, const View& y) {
  check_view(y, "mean", "y", DType::f32, {});
  check_mean("mean", x);
  *y.as<float>() = float(total(exec, "mean", x, [](double v) { return v; }) / double(x.count()));
}

void mean_grad(const CpuExec&, const View& dy, const View& dx) {
  check_view(dy, "mean_grad", "dy", DType::f32, {});
  check_dense(dx, "mean_grad", "dx", DType::f32);
  check_mean("mean_grad", dx);
  const float g = float(double(*dy.as<float>()) / double(dx.count()));
  float* o = dx.as<float>();
  for_each_element(dx.count(), [=](int64_t i) { o[i] = g; });
}

void sum_of_squares(const CpuExec& exec, const View& x, const View& y) {
  check_view(y, "sum_of_squares", "y", DType::f32, {});
  *y.as<float>() = float(total(exec, "sum_of_squares", x, [](double v) { return v * v; }));
}

void weighted_sum(const CpuExec&, const std::vector<View>& terms, const View& weights, const View& y) {
  require(!terms.empty(), "weighted_sum", "expects at least one term; got none");
  check_weights("weighted_sum", weights, int64_t(terms.size()));
  check_view(y, "weighted_sum", "y", DType::f32, {});
  const float* w = weights.as<float>();
  double s = 0;
  for (size_t i = 0; i < terms.size(); ++i) {
    check_view(terms[i], "weighted_sum", "term", DType::f32, {});
    s += double(w[i]) * double(*terms[i].as<float>());
  }
  *y.as<float>() = float(s);
}

void weighted_sum_grad(const CpuExec&, const View& dy, const View& weights, int64_t index, const View& dterm) {
  check_view(dy, "weighted_sum_grad", "dy", DType::f32, {});
  check_weights("weighted_sum_grad", weights, weights.count());
  require(index >= 0 && index < weights.count(), "weighted_sum_grad", "expects an index below ", weights.count(),
          "; got ", index);
  check_view(dterm, "weighted_sum_grad", "dterm", DType::f32, {});
  *dterm.as<float>() = weights.as<float>()[index] * *dy.as<float>();
}

}  // namespace segue::kernels
