#include "kernels/pad_reflect.h"

#include "reflect_reference.h"
#include "runtime/ops.h"

namespace segue::cases {
namespace {

std::string name_of_case(const Shape& shape, int64_t pad, const Format& f = {}) {
  return f.name(shape) + "_pad" + std::to_string(pad);
}

double bytes_of(const Shape& shape, int64_t pad, const Format& f) {
  return double((shape.count() + padded(shape, pad).count()) * f.bytes());
}

Case pad_case(const Shape& shape, int64_t pad, const Format& f = {}) {
  const auto call = [=](const auto& e, Io& io) { kernels::pad_reflect(e, io.in[0].view(), io.out[0].view(), pad); };
  return {.op = "pad_reflect",
          .name = name_of_case(shape, pad, f),
          .make =
              [=] {
                return Io{{f(uniform(shape, -1, 1))}, {f(padded(shape, pad))}};
              },
          .cpu = f.cpu(call),
          .cuda = SEGUE_CUDA_CALL(call),
          .reference = [=](const Io& io) { return std::vector<Array>{reflected(io.in[0].array(), pad)}; },
          .bytes = bytes_of(shape, pad, f)};
}

Case grad_case(const Shape& shape, int64_t pad, const Format& f = {}) {
  const auto call = [=](const auto& e, Io& io) {
    kernels::pad_reflect_grad(e, io.in[0].view(), io.out[0].view(), pad);
  };
  return {.op = "pad_reflect_grad",
          .name = name_of_case(shape, pad, f),
          .make =
              [=] {
                return Io{{f(uniform(padded(shape, pad), -1, 1))}, {f(shape)}};
              },
          .cpu = f.cpu(call),
          .cuda = SEGUE_CUDA_CALL(call),
          .reference = [=](const Io& io) { return std::vector<Array>{folded(io.in[0].array(), shape, pad)}; },
          .longest_sum = {9},
          .bytes = bytes_of(shape, pad, f)};
}

}  // namespace

void pad_reflect_cases(Registry& r) {
  struct Size {
    Shape shape;
    int64_t pad;
  };
  // The last three: the image just larger than the pad on one or both axes, so that pixels have up to nine copies.
  for (const auto& [shape, pad] : {Size{{1, 1, 1, 1}, 0}, Size{{2, 5, 9, 3}, 1}, Size{{1, 33, 17, 19}, 3},
                                   Size{{3, 7, 11, 48}, 2}, Size{{1, 5, 3, 304}, 1}, Size{{1, 769, 9, 3}, 3},
                                   Size{{2, 4, 4, 3}, 3}, Size{{1, 2, 9, 1}, 1}, Size{{1, 6, 9, 5}, 5}}) {
    r.cases.push_back(pad_case(shape, pad));
    r.cases.push_back(grad_case(shape, pad));
  }
  for (const Format& f : kCudaFormats)
    for (const auto& [shape, pad] : {Size{{2, 33, 17, 19}, 3}, Size{{1, 65, 9, 3}, 1}, Size{{2, 4, 5, 9}, 3}}) {
      r.cases.push_back(pad_case(shape, pad, f));
      r.cases.push_back(grad_case(shape, pad, f));
    }
  for (const Format& f : kOddFormats) {
    r.cases.push_back(pad_case({2, 7, 11, 19}, 2, f));
    r.cases.push_back(grad_case({2, 7, 11, 19}, 2, f));
  }
  r.cases.push_back(bench_only(pad_case({4, 128, 256, 64}, 1)));
  r.cases.push_back(bench_only(grad_case({4, 128, 256, 64}, 1)));
  r.cases.push_back(bench_only(pad_case({4, 64, 128, 256}, 1, {DType::bf16, 8})));
  r.cases.push_back(bench_only(grad_case({4, 64, 128, 256}, 1, {DType::bf16, 8})));
  r.cases.push_back(bench_only(pad_case({1, 64, 64, 256}, 1, kCudaFormats[1])));
  r.cases.push_back(bench_only(grad_case({1, 64, 64, 256}, 1, kCudaFormats[1])));

  for (const auto& [shape, pad] : {Size{{2, 4, 3, 2}, 2}, Size{{1, 5, 6, 3}, 1}}) {
    const Shape s = shape;
    const int64_t p = pad;
    r.gradients.push_back(
        {.op = "pad_reflect",
         .name = name_of_case(s, p),
         .inputs = {uniform(s, -1, 1)},
         .forward = [=](const std::vector<Array>& x) { return reflected(x[0], p); },
         .gradient = [=](const std::vector<Array>&, const Array& dy) { return std::vector<Array>{folded(dy, s, p)}; },
         .op_call = [=](Context& c, std::vector<Tensor>& x) { return pad_reflect(c, x[0], p); },
         .longest_sum = 9});
  }
}

}  // namespace segue::cases
