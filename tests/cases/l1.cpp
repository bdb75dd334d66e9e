#include "kernels/l1.h"

#include "cases_of.h"
#include "runtime/ops.h"

namespace segue::cases {
namespace {

double loss_of(const Array& x, const Array& target) {
  double sum = 0;
  for (int64_t i = 0; i < x.count(); ++i) sum += std::abs(x[i] - target[i]);
  return sum / double(x.count());
}

/// Of the sum behind the mean, times `dsum`.
Array gradient_of(const Array& x, const Array& target, double dsum) {
  Array d(x.shape);
  for (int64_t i = 0; i < x.count(); ++i) d[i] = dsum * (x[i] > target[i] ? 1 : x[i] < target[i] ? -1 : 0);
  return d;
}

Case l1_case(const Shape& shape, bool gradient = true, const Format& f = {}) {
  const auto call = [=](const auto& e, Io& io) {
    kernels::l1(e, io.in[0].view(), io.in[1].view(), io.out[0].view(), gradient ? io.out[1].view() : View());
  };
  return {.op = "l1",
          .name = f.name(shape) + (gradient ? "" : "_loss_only"),
          .make =
              [=] {
                Array target = uniform(shape, -1, 1, 2);
                const Array x = uniform(shape, -1, 1);
                for (int64_t i = 0; i < x.count(); i += 5) target[i] = x[i];  // equal: gradient 0
                Io io{{f(x), f(target)}, {Buffer(Shape{}, DType::f32)}};
                if (gradient) io.out.push_back(f(shape));
                return io;
              },
          .cpu = f.cpu([=](const CpuExec& e, Io& io) { call(e, io); }),
          .cuda = SEGUE_CUDA_CALL([=](const CudaExec& e, Io& io) { call(e, io); }),
          .reference =
              [=](const Io& io) {
                const Array x = io.in[0].array(), target = io.in[1].array();
                std::vector<Array> want{constant({}, loss_of(x, target))};
                if (gradient) want.push_back(gradient_of(x, target, 1));
                return want;
              },
          .longest_sum = {shape.count()},
          .bytes = double(shape.count() * f.bytes()) * (gradient ? 3 : 2)};
}

}  // namespace

void l1_cases(Registry& r) {
  for (const Shape& shape : {Shape{1}, Shape{33}, Shape{769}, Shape{8193}, Shape{2, 19, 33, 3}})
    r.cases.push_back(l1_case(shape));
  r.cases.push_back(l1_case({4097}, false));
  for (const Format& f : kCudaFormats) {
    r.cases.push_back(l1_case({2, 19, 33, 3}, true, f));
    r.cases.push_back(l1_case({3, 5, 7, 19}, true, f));
  }
  r.cases.push_back(l1_case({2, 19, 33, 3}, false, kCudaFormats[1]));
  for (const Format& f : kOddFormats) r.cases.push_back(l1_case({2, 19, 33, 3}, true, f));
  r.cases.push_back(bench_only(l1_case({1, 256, 256, 3})));
  r.cases.push_back(bench_only(l1_case({1, 512, 1024, 3}, true, kCudaFormats[1])));

  Array target = uniform({3, 5, 4}, -1, 1);
  for (int64_t i = 0; i < target.count(); ++i) target[i] += i % 2 ? 0.3 : -0.2;  // away from the kink
  r.gradients.push_back({.op = "l1",
                         .name = "3x5x4",
                         .inputs = {uniform({3, 5, 4}, -1, 1), target},
                         .forward = [](const std::vector<Array>& x) { return constant({}, loss_of(x[0], x[1])); },
                         .gradient =
                             [](const std::vector<Array>& x, const Array& dy) {
                               const double dsum = dy[0] / double(x[0].count());
                               return std::vector<Array>{gradient_of(x[0], x[1], dsum), gradient_of(x[1], x[0], dsum)};
                             },
                         .op_call = [](Context& c, std::vector<Tensor>& x) { return l1(c, x[0], x[1]); },
                         .longest_sum = 60});
}

}  // namespace segue::cases
