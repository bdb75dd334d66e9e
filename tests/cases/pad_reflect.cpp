#include "kernels/pad_reflect.h"

#include "cases_of.h"
#include "runtime/ops.h"

namespace segue::cases {
namespace {

Shape padded(const Shape& s, int64_t pad) { return {s[0], s[1] + 2 * pad, s[2] + 2 * pad, s[3]}; }

/// Calls f(n, i, j, h, w): pixel (i,j) of the padded image is pixel (h,w) of the image.
template <class F>
void for_each_pixel(const Shape& shape, int64_t pad, F f) {
  const auto mirrored = [pad](int64_t i, int64_t extent) {
    i -= pad;
    if (i < 0) i = -i;
    return i >= extent ? 2 * extent - 2 - i : i;
  };
  for (int64_t n = 0; n < shape[0]; ++n)
    for (int64_t i = 0; i < shape[1] + 2 * pad; ++i)
      for (int64_t j = 0; j < shape[2] + 2 * pad; ++j) f(n, i, j, mirrored(i, shape[1]), mirrored(j, shape[2]));
}

Array forward(const Array& x, int64_t pad) {
  Array y(padded(x.shape, pad));
  for_each_pixel(x.shape, pad, [&](int64_t n, int64_t i, int64_t j, int64_t h, int64_t w) {
    for (int64_t c = 0; c < x.shape[3]; ++c) y.at(n, i, j, c) = x.at(n, h, w, c);
  });
  return y;
}

Array gradient(const Array& dy, const Shape& shape, int64_t pad) {
  Array dx(shape);
  for_each_pixel(shape, pad, [&](int64_t n, int64_t i, int64_t j, int64_t h, int64_t w) {
    for (int64_t c = 0; c < shape[3]; ++c) dx.at(n, h, w, c) += dy.at(n, i, j, c);
  });
  return dx;
}

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
          .reference = [=](const Io& io) { return std::vector<Array>{forward(io.in[0].array(), pad)}; },
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
          .reference = [=](const Io& io) { return std::vector<Array>{gradient(io.in[0].array(), shape, pad)}; },
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
         .forward = [=](const std::vector<Array>& x) { return forward(x[0], p); },
         .gradient = [=](const std::vector<Array>&, const Array& dy) { return std::vector<Array>{gradient(dy, s, p)}; },
         .op_call = [=](Context& c, std::vector<Tensor>& x) { return pad_reflect(c, x[0], p); },
         .longest_sum = 9});
  }
}

}  // namespace segue::cases
