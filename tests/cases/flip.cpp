#include "kernels/flip.h"

#include "cases_of.h"
#include "runtime/ops.h"

namespace segue::cases {
namespace {

Array forward(const Array& x) {
  Array y(x.shape);
  for (int64_t n = 0; n < x.shape[0]; ++n)
    for (int64_t h = 0; h < x.shape[1]; ++h)
      for (int64_t w = 0; w < x.shape[2]; ++w)
        for (int64_t c = 0; c < x.shape[3]; ++c) y.at(n, h, x.shape[2] - 1 - w, c) = x.at(n, h, w, c);
  return y;
}

Case flip_case(const Shape& shape, const Format& f = {}) {
  const auto call = [](const auto& e, Io& io) { kernels::flip(e, io.in[0].view(), io.out[0].view()); };
  return {.op = "flip",
          .name = f.name(shape),
          .make =
              [=] {
                return Io{{f(uniform(shape, -1, 1))}, {f(shape)}};
              },
          .cpu = f.cpu(call),
          .cuda = SEGUE_CUDA_CALL(call),
          .reference = [](const Io& io) { return std::vector<Array>{forward(io.in[0].array())}; },
          .bytes = 2.0 * double(shape.count() * f.bytes())};
}

}  // namespace

void flip_cases(Registry& r) {
  for (const Shape& shape : {Shape{1, 1, 1, 1}, Shape{1, 2, 33, 1}, Shape{2, 5, 9, 3}, Shape{1, 7, 768, 3},
                             Shape{1, 33, 17, 19}, Shape{3, 4, 5, 48}, Shape{1, 5, 3, 304}, Shape{1, 1, 8193, 2}})
    r.cases.push_back(flip_case(shape));
  for (const Format& f : kCudaFormats) {
    r.cases.push_back(flip_case({2, 33, 65, 19}, f));
    r.cases.push_back(flip_case({3, 5, 33, 3}, f));
  }
  for (const Format& f : kOddFormats) r.cases.push_back(flip_case({2, 5, 33, 19}, f));
  r.cases.push_back(bench_only(flip_case({4, 256, 512, 3})));
  r.cases.push_back(bench_only(flip_case({4, 128, 256, 19})));
  r.cases.push_back(bench_only(flip_case({4, 512, 1024, 19}, {DType::bf16, 8})));

  for (const Shape& shape : {Shape{2, 3, 4, 3}, Shape{1, 2, 5, 1}})
    r.gradients.push_back(
        {.op = "flip",
         .name = case_name(shape),
         .inputs = {uniform(shape, -1, 1)},
         .forward = [](const std::vector<Array>& x) { return forward(x[0]); },
         .gradient = [](const std::vector<Array>&, const Array& dy) { return std::vector<Array>{forward(dy)}; },
         .op_call = [](Context& c, std::vector<Tensor>& x) { return flip(c, x[0]); }});
}

}  // namespace segue::cases
