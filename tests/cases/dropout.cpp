#include "kernels/dropout.h"

#include "cases_of.h"
#include "runtime/ops.h"

namespace segue::cases {
namespace {

struct Call {
  float rate;
  DropoutMode mode;
  RandomKey key;
  uint64_t step;
};

Array forward(const Array& x, const Call& call) {
  Array y(x.shape);
  const int64_t channels = x.shape.channels();
  const int64_t image = x.shape.dims() ? x.count() / x.shape[0] : 1;
  for (int64_t i = 0; i < x.count(); ++i) {
    const int64_t element = call.mode == DropoutMode::element ? i : i / image * channels + i % channels;
    const bool kept = random_uniform(call.key, call.step, uint64_t(element)) >= call.rate;
    y[i] = kept ? x[i] / (1 - double(call.rate)) : 0;
  }
  return y;
}

std::string name_of_case(const Shape& shape, const Call& call, const Format& f = {}) {
  return f.name(shape) + "_" + (call.mode == DropoutMode::channel ? "channel" : "element") + "_percent_" +
         std::to_string(int(call.rate * 100));
}

Case dropout_case(const Shape& shape, const Call& call, const Format& f = {}) {
  const auto launch = [=](const auto& e, Io& io) {
    kernels::dropout(e, io.in[0].view(), io.out[0].view(), call.rate, call.mode, call.key, io.in[1].view());
  };
  return {.op = "dropout",
          .name = name_of_case(shape, call, f),
          .make =
              [=] {
                return Io{{f(uniform(shape, -1, 1)), Buffer(constant({}, double(call.step)), DType::u64)}, {f(shape)}};
              },
          .cpu = f.cpu(launch),
          .cuda = SEGUE_CUDA_CALL(launch),
          .reference = [=](const Io& io) { return std::vector<Array>{forward(io.in[0].array(), call)}; },
          .bytes = 2.0 * double(shape.count() * f.bytes())};
}

/// In place, as the tape calls it.
Case grad_case(const Shape& shape, const Call& call, const Format& f = {}) {
  const auto launch = [=](const auto& e, Io& io) {
    kernels::dropout_grad(e, io.out[0].view(), io.out[0].view(), call.rate, call.mode, call.key, io.in[0].view());
  };
  return {.op = "dropout_grad",
          .name = name_of_case(shape, call, f),
          .make =
              [=] {
                return Io{{Buffer(constant({}, double(call.step)), DType::u64)}, {f(uniform(shape, -1, 1))}};
              },
          .cpu = f.cpu(launch),
          .cuda = SEGUE_CUDA_CALL(launch),
          .reference = [=](const Io& io) { return std::vector<Array>{forward(io.out[0].array(), call)}; },
          .bytes = 2.0 * double(shape.count() * f.bytes())};
}

/// A value that drops out is 0 whatever it was; infinity stays infinity where it is kept.
Case infinite_case(const Shape& shape, const Call& call) {
  Case k = dropout_case(shape, call);
  k.name += "_infinite";
  k.make = [=] {
    return Io{{Buffer(constant(shape, HUGE_VAL), DType::f32), Buffer(constant({}, double(call.step)), DType::u64)},
              {Buffer(shape, DType::f32)}};
  };
  return k;
}

}  // namespace

void dropout_cases(Registry& r) {
  const RandomKey key{0x123456789abcdef0u, 5};
  for (DropoutMode mode : {DropoutMode::element, DropoutMode::channel})
    for (const Shape& shape : {Shape{1, 1}, Shape{3, 33}, Shape{2, 5, 7, 19}, Shape{2, 3, 3, 48}, Shape{1, 1, 769, 3},
                               Shape{3, 9, 1, 304}, Shape{8193, 1}}) {
      for (float rate : {0.f, 0.1f, 0.5f, 0.9f}) r.cases.push_back(dropout_case(shape, {rate, mode, key, 41}));
      r.cases.push_back(grad_case(shape, {0.5f, mode, key, (uint64_t(1) << 40) + 3}));
    }
  r.cases.push_back(dropout_case({}, {0.5f, DropoutMode::element, key, 0}));
  r.cases.push_back(dropout_case({8193}, {0.25f, DropoutMode::element, key, 0}));
  r.cases.push_back(infinite_case({2, 3, 5, 7}, {0.5f, DropoutMode::element, key, 2}));
  r.cases.push_back(infinite_case({2, 3, 5, 7}, {0.5f, DropoutMode::channel, key, 2}));
  for (DropoutMode mode : {DropoutMode::element, DropoutMode::channel}) {
    for (const Format& f : kCudaFormats) {
      for (const Shape& shape : {Shape{3, 33, 35, 19}, Shape{2, 9, 33, 3}, Shape{3, 1, 7, 256}})
        r.cases.push_back(dropout_case(shape, {0.5f, mode, key, 41}, f));
      r.cases.push_back(dropout_case({2, 5, 7, 19}, {0, mode, key, 41}, f));
      r.cases.push_back(grad_case({2, 5, 7, 19}, {0.1f, mode, key, 42}, f));
    }
    for (const Format& f : kOddFormats) r.cases.push_back(dropout_case({2, 5, 7, 19}, {0.5f, mode, key, 41}, f));
  }
  r.cases.push_back(bench_only(dropout_case({4, 128, 256, 64}, {0.1f, DropoutMode::element, key, 1})));
  r.cases.push_back(bench_only(dropout_case({4, 128, 256, 64}, {0.1f, DropoutMode::channel, key, 1})));
  for (DropoutMode mode : {DropoutMode::element, DropoutMode::channel})
    r.cases.push_back(bench_only(dropout_case({8, 64, 128, 256}, {0.1f, mode, key, 1}, {DType::bf16, 8})));

  for (DropoutMode mode : {DropoutMode::element, DropoutMode::channel}) {
    const Call call{0.4f, mode, {0, 0}, 0};  // what the first call in step 0 of a context draws
    const Shape shape{2, 3, 2, 5};
    r.gradients.push_back(
        {.op = "dropout",
         .name = name_of_case(shape, call),
         .inputs = {uniform(shape, -1, 1)},
         .forward = [=](const std::vector<Array>& x) { return forward(x[0], call); },
         .gradient = [=](const std::vector<Array>&, const Array& dy) { return std::vector<Array>{forward(dy, call)}; },
         .op_call = [=](Context& c, std::vector<Tensor>& x) { return dropout(c, x[0], call.rate, call.mode); }});
  }
}

}  // namespace segue::cases
