#include "kernels/conv2d.h"

#include "conv_reference.h"
#include "runtime/ops.h"

namespace segue::cases {
namespace {

/// One geometry: images (n,h,w,c), k filters of r x s.
struct Geometry {
  int64_t n, h, w, c, k, r, s;
  Conv2dOptions o;

  Shape x() const { return {n, h, w, c}; }
  Shape filters() const { return {k, r, s, c}; }
  Shape y() const { return {n, conv2d_out_extent(h, r, o), conv2d_out_extent(w, s, o), k}; }
  std::string name() const {
    return case_name(x()) + "_k" + std::to_string(k) + "_" + std::to_string(r) + "x" + std::to_string(s) + "_s" +
           std::to_string(o.stride) + "p" + std::to_string(o.pad) + "d" + std::to_string(o.dilation);
  }
  double flops() const { return 2.0 * double(y().count() * r * s * c); }
  double bytes(DType t = DType::f32) const {
    return double(size_of(t)) * double(x().count() + filters().count() + y().count());
  }
};

/// How operands lie in memory: dense f32 as on the CPU, or one type with channels at a pitch of 8 as on CUDA.
struct Storage {
  DType dtype = DType::f32;
  bool padded = false;

  std::string name() const { return padded ? std::string("_") + name_of(dtype) + "_pitch8" : ""; }
  Buffer image(const Array& values) const { return Buffer(values, dtype, pitch(values.shape)); }
  Buffer image(const Shape& shape) const { return Buffer(shape, dtype, pitch(shape)); }
  Buffer filters(const Array& values) const { return Buffer(values, dtype); }
  /// f32, of values that the type holds exactly: on CUDA biases are rounded to the type of the images.
  Buffer bias(const Array& values) const { return Buffer(Buffer(values, dtype).array(), DType::f32); }
  template <class F>
  std::function<void(const CpuExec&, Io&)> on_cpu(F call) const {
    return padded ? std::function<void(const CpuExec&, Io&)>() : call;
  }

 private:
  int64_t pitch(const Shape& shape) const { return padded ? (shape.channels() + 7) / 8 * 8 : 0; }
};

Case forward_case(const Geometry& g, bool with_bias, const Storage& t = {}) {
  return {.op = "conv2d",
          .name = g.name() + (with_bias ? "_bias" : "") + t.name(),
          .make =
              [=] {
                Io io;
                io.in = {t.image(uniform(g.x(), -1, 1, 1)), t.filters(uniform(g.filters(), -1, 1, 2))};
                if (with_bias) io.in.push_back(t.bias(uniform({g.k}, -1, 1, 3)));
                io.out = {t.image(g.y())};
                return io;
              },
          .cpu = t.on_cpu([=](const CpuExec& e, Io& io) {
            kernels::conv2d(e, io.in[0].view(), io.in[1].view(), with_bias ? io.in[2].view() : View(), io.out[0].view(),
                            g.o);
          }),
          .cuda = SEGUE_CUDA_CALL([=](const CudaExec& e, Io& io) {
            kernels::conv2d(e, io.in[0].view(), io.in[1].view(), with_bias ? io.in[2].view() : View(), io.out[0].view(),
                            g.o);
          }),
          .reference =
              [=](const Io& io) {
                Array y(g.y());
                conv_forward(io.in[0].array(), io.in[1].array(), y, g.o);
                if (with_bias) add_bias(io.in[2].array(), y);
                return std::vector<Array>{y};
              },
          .longest_sum = {g.r * g.s * g.c + with_bias},
          .bytes = g.bytes(t.dtype),
          .flops = g.flops()};
}

Array initial(const Shape& shape) { return uniform(shape, -1, 1, 4); }
Array start(const Buffer& b, bool accumulate) { return accumulate ? b.array() : Array(b.shape()); }

Case dgrad_case(const Geometry& g, bool accumulate, const Storage& t = {}) {
  return {.op = "conv2d_dgrad",
          .name = g.name() + (accumulate ? "_accumulate" : "") + t.name(),
          .make =
              [=] {
                return Io{{t.image(uniform(g.y(), -1, 1, 1)), t.filters(uniform(g.filters(), -1, 1, 2))},
                          {accumulate ? t.image(initial(g.x())) : t.image(g.x())}};
              },
          .cpu = t.on_cpu([=](const CpuExec& e, Io& io) {
            kernels::conv2d_dgrad(e, io.in[0].view(), io.in[1].view(), io.out[0].view(), g.o, accumulate);
          }),
          .cuda = SEGUE_CUDA_CALL([=](const CudaExec& e, Io& io) {
            kernels::conv2d_dgrad(e, io.in[0].view(), io.in[1].view(), io.out[0].view(), g.o, accumulate);
          }),
          .reference =
              [=](const Io& io) {
                Array dx = start(io.out[0], accumulate);
                conv_input_gradient(io.in[0].array(), io.in[1].array(), dx, g.o);
                return std::vector<Array>{dx};
              },
          .longest_sum = {g.r * g.s * g.k + accumulate},
          .bytes = g.bytes(t.dtype),
          .flops = g.flops()};
}

Case wgrad_case(const Geometry& g, bool accumulate, const Storage& t = {}) {
  return {.op = "conv2d_wgrad",
          .name = g.name() + (accumulate ? "_accumulate" : "") + t.name(),
          .make =
              [=] {
                return Io{{t.image(uniform(g.x(), -1, 1, 1)), t.image(uniform(g.y(), -1, 1, 2))},
                          {accumulate ? Buffer(initial(g.filters()), DType::f32) : Buffer(g.filters(), DType::f32)}};
              },
          .cpu = t.on_cpu([=](const CpuExec& e, Io& io) {
            kernels::conv2d_wgrad(e, io.in[0].view(), io.in[1].view(), io.out[0].view(), g.o, accumulate);
          }),
          .cuda = SEGUE_CUDA_CALL([=](const CudaExec& e, Io& io) {
            kernels::conv2d_wgrad(e, io.in[0].view(), io.in[1].view(), io.out[0].view(), g.o, accumulate);
          }),
          .reference =
              [=](const Io& io) {
                Array dw = start(io.out[0], accumulate);
                conv_filter_gradient(io.in[0].array(), io.in[1].array(), dw, g.o);
                return std::vector<Array>{dw};
              },
          .longest_sum = {g.y().pixels() + accumulate},
          .partial = t.dtype,
          .bytes = g.bytes(t.dtype),
          .flops = g.flops()};
}

/// Small twins of every kind of layer, and the corners: single pixels, single channels, filters larger than the image,
/// taps that never meet it, odd sizes under strides, runs one over a block.
const Geometry kTested[] = {
    {1, 1, 1, 1, 1, 1, 1, {}},
    {3, 1, 1, 64, 19, 1, 1, {}},
    {1, 1, 1, 3, 2, 3, 3, {1, 1, 1}},
    {1, 5, 7, 1, 1, 3, 3, {1, 1, 1}},
    {1, 3, 2, 5, 7, 5, 5, {1, 4, 1}},
    {2, 9, 13, 3, 64, 7, 7, {2, 3, 1}},
    {1, 19, 21, 3, 33, 7, 7, {1, 0, 1}},
    {1, 13, 11, 64, 3, 7, 7, {1, 0, 1}},
    {1, 17, 19, 3, 48, 4, 4, {2, 1, 1}},
    {1, 9, 10, 48, 1, 4, 4, {1, 1, 1}},
    {2, 16, 16, 64, 64, 4, 4, {2, 1, 1}},
    {2, 7, 9, 19, 48, 1, 1, {2, 0, 1}},
    {1, 9, 9, 3, 20, 1, 1, {2, 0, 1}},
    {1, 33, 17, 100, 48, 1, 1, {}},
    {1, 17, 33, 256, 19, 1, 1, {}},
    {2, 8, 16, 64, 80, 3, 3, {1, 1, 1}},
    {2, 12, 12, 33, 48, 3, 3, {1, 0, 1}},
    {1, 11, 13, 64, 64, 3, 3, {1, 1, 1}},
    {1, 7, 5, 304, 17, 3, 3, {1, 1, 1}},
    {2, 9, 7, 40, 24, 3, 3, {2, 1, 1}},
    {2, 8, 16, 64, 64, 3, 3, {1, 2, 2}},
    {1, 9, 11, 48, 48, 3, 3, {1, 2, 2}},
    {2, 8, 16, 100, 32, 3, 3, {1, 6, 6}},
    {1, 8, 16, 64, 33, 3, 3, {1, 12, 12}},
    {1, 8, 16, 64, 33, 3, 3, {1, 18, 18}},
    {1, 40, 37, 16, 16, 3, 3, {1, 36, 36}},
    {1, 9, 8, 20, 6, 2, 5, {3, 2, 2}},
    {1, 8, 9, 3, 6, 3, 2, {1, 3, 3}},
    {1, 70, 9, 16, 3, 3, 3, {1, 1, 1}},     // few results: more rows than a task takes,
    {1, 5, 400, 19, 2, 2, 3, {1, 1, 2}},    // more columns,
    {2, 9, 21, 16, 4, 3, 5, {3, 2, 1}},     // strides
    {1, 33, 41, 16, 400, 1, 1, {}},         // filter gradients in rounds
    {1, 40, 70, 20, 144, 3, 3, {1, 1, 1}},  // tiles in several tasks
};

/// CUDA only: what cuDNN computes, at a pitch of 8. The kinds of layers, and channels that need padding.
const Geometry kPadded[] = {
    {2, 17, 21, 3, 64, 7, 7, {2, 3, 1}},  {1, 19, 21, 16, 3, 7, 7, {1, 0, 1}},
    {2, 9, 11, 64, 48, 1, 1, {}},         {2, 8, 16, 256, 19, 1, 1, {}},
    {1, 8, 9, 19, 33, 1, 1, {2, 0, 1}},   {2, 15, 13, 64, 64, 3, 3, {2, 1, 1}},
    {2, 16, 24, 64, 32, 3, 3, {1, 6, 6}}, {1, 32, 24, 48, 40, 3, 3, {1, 12, 12}},
    {1, 17, 19, 3, 48, 4, 4, {2, 1, 1}},  {1, 9, 10, 48, 1, 4, 4, {1, 1, 1}},
    {1, 11, 9, 40, 56, 3, 3, {1, 1, 1}},  {1, 35, 28, 24, 40, 3, 3, {1, 18, 18}},
};

/// The layers of DeepLabv3+ at 4x128x256 and of CycleGAN at 1x128x128 that take the time.
const Geometry kTimed[] = {
    {4, 128, 256, 3, 64, 7, 7, {2, 3, 1}},    {4, 32, 64, 64, 64, 3, 3, {1, 1, 1}},
    {4, 32, 64, 64, 256, 1, 1, {}},           {4, 32, 64, 256, 64, 1, 1, {}},
    {4, 32, 64, 128, 128, 3, 3, {2, 1, 1}},   {4, 32, 64, 256, 512, 1, 1, {2, 0, 1}},
    {4, 16, 32, 128, 512, 1, 1, {}},          {4, 16, 32, 512, 128, 1, 1, {}},
    {4, 16, 32, 128, 128, 3, 3, {1, 1, 1}},   {4, 8, 16, 256, 1024, 1, 1, {}},
    {4, 8, 16, 1024, 256, 1, 1, {}},          {4, 8, 16, 256, 256, 3, 3, {1, 1, 1}},
    {4, 8, 16, 512, 2048, 1, 1, {}},          {4, 8, 16, 2048, 512, 1, 1, {}},
    {4, 8, 16, 512, 512, 3, 3, {1, 2, 2}},    {4, 8, 16, 2048, 256, 3, 3, {1, 6, 6}},
    {4, 8, 16, 2048, 256, 3, 3, {1, 12, 12}}, {4, 8, 16, 2048, 256, 3, 3, {1, 18, 18}},
    {4, 32, 64, 304, 256, 3, 3, {1, 1, 1}},   {4, 32, 64, 256, 19, 1, 1, {}},
    {1, 134, 134, 3, 64, 7, 7, {}},           {1, 128, 128, 64, 128, 3, 3, {2, 1, 1}},
    {1, 34, 34, 256, 256, 3, 3, {}},          {1, 134, 134, 64, 3, 7, 7, {}},
    {1, 128, 128, 3, 64, 4, 4, {2, 1, 1}},    {1, 16, 16, 256, 512, 4, 4, {1, 1, 1}},
};

/// CUDA only: the kinds of layers of DeepLabv3+ at 8x512x1024, and the residual blocks of CycleGAN at 1x256x256.
const Geometry kTimedOnCuda[] = {
    {8, 512, 1024, 3, 64, 7, 7, {2, 3, 1}},    {8, 128, 256, 64, 64, 3, 3, {1, 1, 1}},
    {8, 128, 256, 64, 256, 1, 1, {}},          {8, 64, 128, 128, 128, 3, 3, {1, 1, 1}},
    {8, 32, 64, 256, 256, 3, 3, {1, 1, 1}},    {8, 32, 64, 256, 1024, 1, 1, {}},
    {8, 32, 64, 1024, 256, 1, 1, {}},          {8, 32, 64, 512, 512, 3, 3, {1, 2, 2}},
    {8, 32, 64, 2048, 256, 3, 3, {1, 6, 6}},   {8, 32, 64, 2048, 256, 3, 3, {1, 12, 12}},
    {8, 32, 64, 2048, 256, 3, 3, {1, 18, 18}}, {8, 128, 256, 304, 256, 3, 3, {1, 1, 1}},
    {8, 128, 256, 256, 19, 1, 1, {}},          {1, 66, 66, 256, 256, 3, 3, {}},
};

}  // namespace

void conv2d_cases(Registry& r) {
  for (const Geometry& g : kTested)
    for (bool variant : {false, true}) {
      r.cases.push_back(forward_case(g, variant));
      r.cases.push_back(dgrad_case(g, variant));
      r.cases.push_back(wgrad_case(g, variant));
    }
  for (const Geometry& g : kPadded)
    for (DType type : {DType::f32, DType::bf16, DType::f16})
      for (bool variant : {false, true}) {
        const Storage t{type, true};
        r.cases.push_back(forward_case(g, variant, t));
        r.cases.push_back(dgrad_case(g, variant, t));
        r.cases.push_back(wgrad_case(g, variant, t));
      }
  for (const Geometry& g : kTimed) {
    r.cases.push_back(bench_only(forward_case(g, false)));
    r.cases.push_back(bench_only(dgrad_case(g, false)));
    r.cases.push_back(bench_only(wgrad_case(g, false)));
  }
  for (const Geometry& g : kTimedOnCuda) {
    const Storage t{DType::bf16, true};
    r.cases.push_back(bench_only(forward_case(g, false, t)));
    r.cases.push_back(bench_only(dgrad_case(g, false, t)));
    r.cases.push_back(bench_only(wgrad_case(g, false, t)));
  }
  for (const Geometry& g : {Geometry{2, 5, 4, 3, 4, 3, 3, {1, 1, 1}}, Geometry{1, 6, 7, 2, 3, 3, 3, {2, 2, 2}}})
    r.gradients.push_back(
        {.op = "conv2d",
         .name = g.name(),
         .inputs = {uniform(g.x(), -1, 1, 1), uniform(g.filters(), -1, 1, 2), uniform({g.k}, -1, 1, 3)},
         .forward =
             [=](const std::vector<Array>& x) {
               Array y(g.y());
               conv_forward(x[0], x[1], y, g.o);
               add_bias(x[2], y);
               return y;
             },
         .gradient =
             [=](const std::vector<Array>& x, const Array& dy) {
               Array dx(g.x()), dw(g.filters());
               conv_input_gradient(dy, x[1], dx, g.o);
               conv_filter_gradient(x[0], dy, dw, g.o);
               return std::vector<Array>{dx, dw, bias_gradient(dy)};
             },
         .op_call = [=](Context& c, std::vector<Tensor>& x) { return conv2d(c, x[0], x[1], x[2], g.o); },
         .longest_sum = std::max(g.r * g.s * std::max(g.c, g.k), g.y().pixels())});
}

}  // namespace segue::cases
