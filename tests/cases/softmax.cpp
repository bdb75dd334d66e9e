#include "kernels/softmax.h"

#include <algorithm>

#include "cases_of.h"
#include "runtime/ops.h"

namespace segue::cases {
namespace {

Array forward(const Array& x) {
  Array y(x.shape);
  const int64_t channels = x.shape.channels();
  for (int64_t p = 0; p < x.count(); p += channels) {
    double m = x[p], sum = 0;
    for (int64_t c = 1; c < channels; ++c) m = std::max(m, x[p + c]);
    for (int64_t c = 0; c < channels; ++c) sum += y[p + c] = std::exp(x[p + c] - m);
    for (int64_t c = 0; c < channels; ++c) y[p + c] /= sum;
  }
  return y;
}

Array gradient(const Array& dy, const Array& y) {
  Array dx(dy.shape);
  const int64_t channels = dy.shape.channels();
  for (int64_t p = 0; p < dy.count(); p += channels) {
    double dot = 0;
    for (int64_t c = 0; c < channels; ++c) dot += dy[p + c] * y[p + c];
    for (int64_t c = 0; c < channels; ++c) dx[p + c] = y[p + c] * (dy[p + c] - dot);
  }
  return dx;
}

constexpr int64_t kMostOnCuda = 256;  // classes

Case softmax_case(const std::string& name, const Shape& shape, const std::function<Array()>& x,
                  DType dtype = DType::f32, int64_t pitch = 0) {
  Case k{.op = "softmax",
         .name = name,
         .make =
             [=] {
               return Io{{Buffer(x(), dtype, pitch)}, {Buffer(shape, dtype, pitch)}};
             },
         .cpu = cpu_only_if(dtype, pitch,
                            [](const CpuExec& e, Io& io) { kernels::softmax(e, io.in[0].view(), io.out[0].view()); }),
         .cuda =
             SEGUE_CUDA_CALL([](const CudaExec& e, Io& io) { kernels::softmax(e, io.in[0].view(), io.out[0].view()); }),
         .reference = [](const Io& io) { return std::vector<Array>{forward(io.in[0].array())}; },
         .longest_sum = {shape.channels()},
         .rms_group = {shape.channels()},
         .bytes = 2.0 * double(shape.count() * size_of(dtype))};
  if (shape.channels() > kMostOnCuda) k.cuda = nullptr;
  return k;
}

Case softmax_case(const Shape& shape, double range, DType dtype = DType::f32, int64_t pitch = 0) {
  return softmax_case(
      case_name(shape, dtype, pitch) + "_within_" + std::to_string(int(range)), shape,
      [=] { return uniform(shape, -range, range); }, dtype, pitch);
}

Case in_place_case(const Shape& shape) {
  return {.op = "softmax",
          .name = case_name(shape) + "_in_place",
          .make =
              [=] {
                return Io{{}, {Buffer(uniform(shape, -5, 5), DType::f32)}};
              },
          .cpu = [](const CpuExec& e, Io& io) { kernels::softmax(e, io.out[0].view(), io.out[0].view()); },
          .cuda = SEGUE_CUDA_CALL(
              [](const CudaExec& e, Io& io) { kernels::softmax(e, io.out[0].view(), io.out[0].view()); }),
          .reference = [](const Io& io) { return std::vector<Array>{forward(io.out[0].array())}; },
          .longest_sum = {shape.channels()},
          .rms_group = {shape.channels()}};
}

// rms over all rows: where one class has nearly all the weight, dy - dot cancels, and the rounding left is that of dy.
Case grad_case(const Shape& shape, DType dtype = DType::f32, int64_t pitch = 0) {
  const auto call = [](const auto& e, Io& io) {
    kernels::softmax_grad(e, io.in[0].view(), io.in[1].view(), io.out[0].view());
  };
  Case k{.op = "softmax_grad",
         .name = case_name(shape, dtype, pitch),
         .make =
             [=] {
               return Io{{Buffer(uniform(shape, -1, 1, 1), dtype, pitch),
                          Buffer(forward(uniform(shape, -5, 5, 2)), dtype, pitch)},
                         {Buffer(shape, dtype, pitch)}};
             },
         .cpu = cpu_only_if(dtype, pitch, call),
         .cuda = SEGUE_CUDA_CALL(call),
         .reference = [](const Io& io) { return std::vector<Array>{gradient(io.in[0].array(), io.in[1].array())}; },
         .longest_sum = {shape.channels()},
         .bytes = 3.0 * double(shape.count() * size_of(dtype))};
  if (shape.channels() > kMostOnCuda) k.cuda = nullptr;
  return k;
}

Case grad_in_place_case(const Shape& shape) {
  return {.op = "softmax_grad",
          .name = case_name(shape) + "_in_place",
          .make =
              [=] {
                return Io{{Buffer(forward(uniform(shape, -5, 5, 2)), DType::f32)},
                          {Buffer(uniform(shape, -1, 1, 1), DType::f32)}};
              },
          .cpu = [](const CpuExec& e,
                    Io& io) { kernels::softmax_grad(e, io.out[0].view(), io.in[0].view(), io.out[0].view()); },
          .cuda = SEGUE_CUDA_CALL([](const CudaExec& e, Io& io) {
            kernels::softmax_grad(e, io.out[0].view(), io.in[0].view(), io.out[0].view());
          }),
          .reference = [](const Io& io) { return std::vector<Array>{gradient(io.out[0].array(), io.in[0].array())}; },
          .longest_sum = {shape.channels()}};
}

}  // namespace

void softmax_cases(Registry& r) {
  for (const Shape& shape : {Shape{19}, Shape{33, 1}, Shape{769, 3}, Shape{2, 5, 7, 19}, Shape{8193, 2}, Shape{9, 48},
                             Shape{5, 7, 304}, Shape{3, 8193}}) {
    r.cases.push_back(softmax_case(shape, 5));
    r.cases.push_back(grad_case(shape));
  }
  r.cases.push_back(in_place_case({769, 19}));
  r.cases.push_back(grad_in_place_case({769, 19}));
  // CUDA only: the other types, and classes at a pitch of 8.
  for (DType t : {DType::f32, DType::bf16, DType::f16})
    for (const auto& [classes, pitch] : {std::pair<int64_t, int64_t>{19, 24}, {1, 8}, {5, 8}, {150, 152}}) {
      r.cases.push_back(softmax_case({3, 257, classes}, 5, t, pitch));
      r.cases.push_back(grad_case({3, 257, classes}, t, pitch));
    }
  // Logits far apart, the same for all classes, and all very large or very small: no overflow, no 0/0.
  r.cases.push_back(softmax_case({769, 19}, 100));
  for (double level : {0.0, 100.0, -1e4, 3e38})
    r.cases.push_back(softmax_case("equal_" + std::to_string(int(std::min(level, 1e6))), {7, 19}, [=] {
      return constant({7, 19}, level);
    }));
  r.cases.push_back(bench_only(softmax_case({4, 128, 256, 19}, 5)));
  r.cases.push_back(bench_only(grad_case({4, 128, 256, 19})));

  const auto both = [&r](const Shape& shape) {
    r.gradients.push_back({.op = "softmax",
                           .name = case_name(shape),
                           .inputs = {uniform(shape, -2, 2)},
                           .forward = [](const std::vector<Array>& x) { return forward(x[0]); },
                           .gradient = [](const std::vector<Array>& x,
                                          const Array& dy) { return std::vector<Array>{gradient(dy, forward(x[0]))}; },
                           .op_call = [](Context& c, std::vector<Tensor>& x) { return softmax(c, x[0]); },
                           .longest_sum = shape.channels()});
  };
  both({2, 3, 2, 19});
  both({5, 2});
}

}  // namespace segue::cases
