#include "kernels/relu.h"

#include "cases_of.h"
#include "runtime/ops.h"

namespace segue::cases {
namespace {

Array forward(const Array& x) {
  Array y(x.shape);
  for (int64_t i = 0; i < x.count(); ++i) y[i] = x[i] < 0 ? 0 : x[i];
  return y;
}

Array gradient(const Array& dy, const Array& y) {
  Array dx(dy.shape);
  for (int64_t i = 0; i < dy.count(); ++i) dx[i] = y[i] > 0 ? dy[i] : 0;
  return dx;
}

Case relu_case(const Shape& shape, DType dtype = DType::f32, int64_t pitch = 0) {
  return {
      .op = "relu",
      .name = case_name(shape, dtype, pitch),
      .make =
          [=] {
            Io io;
            io.in = {Buffer(uniform(shape, -1, 1), dtype, pitch)};
            io.out = {Buffer(shape, dtype, pitch)};
            return io;
          },
      .cpu = cpu_only_if(dtype, pitch,
                         [](const CpuExec& e, Io& io) { kernels::relu(e, io.in[0].view(), io.out[0].view()); }),
      .cuda = SEGUE_CUDA_CALL([](const CudaExec& e, Io& io) { kernels::relu(e, io.in[0].view(), io.out[0].view()); }),
      .reference = [](const Io& io) { return std::vector<Array>{forward(io.in[0].array())}; },
      .bytes = 2.0 * double(shape.count() * size_of(dtype))};
}

Case relu_grad_case(const Shape& shape, DType dtype = DType::f32, int64_t pitch = 0) {
  return {.op = "relu_grad",
          .name = case_name(shape, dtype, pitch),
          .make =
              [=] {
                Io io;
                io.in = {Buffer(uniform(shape, -1, 1, 1), dtype, pitch),
                         Buffer(forward(uniform(shape, -1, 1, 2)), dtype, pitch)};
                io.out = {Buffer(shape, dtype, pitch)};
                return io;
              },
          .cpu = cpu_only_if(dtype, pitch,
                             [](const CpuExec& e, Io& io) {
                               kernels::relu_grad(e, io.in[0].view(), io.in[1].view(), io.out[0].view());
                             }),
          .cuda = SEGUE_CUDA_CALL([](const CudaExec& e, Io& io) {
            kernels::relu_grad(e, io.in[0].view(), io.in[1].view(), io.out[0].view());
          }),
          .reference = [](const Io& io) { return std::vector<Array>{gradient(io.in[0].array(), io.in[1].array())}; },
          .bytes = 3.0 * double(shape.count() * size_of(dtype))};
}

}  // namespace

void relu_cases(Registry& r) {
  for (const Shape& shape : {Shape{1}, Shape{33}, Shape{8193}, Shape{2, 19, 33, 3}, Shape{769, 19}}) {
    r.cases.push_back(relu_case(shape));
    r.cases.push_back(relu_grad_case(shape));
  }
  // CUDA only: bf16 and f16, and channels at a pitch of 8.
  for (DType t : {DType::f32, DType::bf16, DType::f16}) {
    r.cases.push_back(relu_case({3, 5, 7, 19}, t, 24));
    r.cases.push_back(relu_grad_case({3, 5, 7, 19}, t, 24));
  }
  r.cases.push_back(bench_only(relu_case({4, 64, 128, 256})));
  r.cases.push_back(bench_only(relu_grad_case({4, 64, 128, 256})));
  r.cases.push_back(bench_only(relu_case({8, 128, 256, 256}, DType::bf16)));
  r.cases.push_back(bench_only(relu_grad_case({8, 128, 256, 256}, DType::bf16)));

  r.gradients.push_back({.op = "relu",
                         .name = "3x5x4",
                         .inputs = {away_from(uniform({3, 5, 4}, -1, 1), 0, 1e-3)},
                         .forward = [](const std::vector<Array>& x) { return forward(x[0]); },
                         .gradient = [](const std::vector<Array>& x,
                                        const Array& dy) { return std::vector<Array>{gradient(dy, forward(x[0]))}; },
                         .op_call = [](Context& c, std::vector<Tensor>& x) { return relu(c, x[0]); }});
}

}  // namespace segue::cases
