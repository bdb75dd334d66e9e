#include "kernels/conv_transpose2d.h"

#include "conv_reference.h"
#include "runtime/ops.h"

namespace segue::cases {
namespace {

/// Images (n,h,w,c), filters (c,r,s,k).
struct Geometry {
  int64_t n, h, w, c, k, r, s;
  ConvTranspose2dOptions o;

  Shape x() const { return {n, h, w, c}; }
  Shape filters() const { return {c, r, s, k}; }
  Shape y() const { return {n, conv_transpose2d_out_extent(h, r, o), conv_transpose2d_out_extent(w, s, o), k}; }
  /// The convolution from y to x.
  Conv2dOptions back() const { return {o.stride, o.pad, 1}; }
  std::string name() const {
    return case_name(x()) + "_k" + std::to_string(k) + "_" + std::to_string(r) + "x" + std::to_string(s) + "_s" +
           std::to_string(o.stride) + "p" + std::to_string(o.pad) + "o" + std::to_string(o.output_pad);
  }
  double flops() const { return 2.0 * double(x().count() * r * s * k); }
  double bytes() const { return 4.0 * double(x().count() + filters().count() + y().count()); }
};

Case forward_case(const Geometry& g, bool with_bias) {
  return {
      .op = "conv_transpose2d",
      .name = g.name() + (with_bias ? "_bias" : ""),
      .make =
          [=] {
            Io io;
            io.in = {Buffer(uniform(g.x(), -1, 1, 1), DType::f32), Buffer(uniform(g.filters(), -1, 1, 2), DType::f32)};
            if (with_bias) io.in.push_back(Buffer(uniform({g.k}, -1, 1, 3), DType::f32));
            io.out = {Buffer(g.y(), DType::f32)};
            return io;
          },
      .cpu =
          [=](const CpuExec& e, Io& io) {
            kernels::conv_transpose2d(e, io.in[0].view(), io.in[1].view(), with_bias ? io.in[2].view() : View(),
                                      io.out[0].view(), g.o);
          },
      .reference =
          [=](const Io& io) {
            Array y(g.y());
            conv_input_gradient(io.in[0].array(), io.in[1].array(), y, g.back());
            if (with_bias) add_bias(io.in[2].array(), y);
            return std::vector<Array>{y};
          },
      .longest_sum = {g.r * g.s * g.c + with_bias},
      .bytes = g.bytes(),
      .flops = g.flops()};
}

Buffer target(const Shape& shape, bool accumulate) {
  return accumulate ? Buffer(uniform(shape, -1, 1, 4), DType::f32) : Buffer(shape, DType::f32);
}
Array start(const Buffer& b, bool accumulate) { return accumulate ? b.array() : Array(b.shape()); }

Case dgrad_case(const Geometry& g, bool accumulate) {
  return {.op = "conv_transpose2d_dgrad",
          .name = g.name() + (accumulate ? "_accumulate" : ""),
          .make =
              [=] {
                return Io{
                    {Buffer(uniform(g.y(), -1, 1, 1), DType::f32), Buffer(uniform(g.filters(), -1, 1, 2), DType::f32)},
                    {target(g.x(), accumulate)}};
              },
          .cpu =
              [=](const CpuExec& e, Io& io) {
                kernels::conv_transpose2d_dgrad(e, io.in[0].view(), io.in[1].view(), io.out[0].view(), g.o, accumulate);
              },
          .reference =
              [=](const Io& io) {
                Array dx = start(io.out[0], accumulate);
                conv_forward(io.in[0].array(), io.in[1].array(), dx, g.back());
                return std::vector<Array>{dx};
              },
          .longest_sum = {g.r * g.s * g.k + accumulate},
          .bytes = g.bytes(),
          .flops = g.flops()};
}

Case wgrad_case(const Geometry& g, bool accumulate) {
  return {.op = "conv_transpose2d_wgrad",
          .name = g.name() + (accumulate ? "_accumulate" : ""),
          .make =
              [=] {
                return Io{{Buffer(uniform(g.x(), -1, 1, 1), DType::f32), Buffer(uniform(g.y(), -1, 1, 2), DType::f32)},
                          {target(g.filters(), accumulate)}};
              },
          .cpu =
              [=](const CpuExec& e, Io& io) {
                kernels::conv_transpose2d_wgrad(e, io.in[0].view(), io.in[1].view(), io.out[0].view(), g.o, accumulate);
              },
          .reference =
              [=](const Io& io) {
                Array dw = start(io.out[0], accumulate);
                conv_filter_gradient(io.in[1].array(), io.in[0].array(), dw, g.back());
                return std::vector<Array>{dw};
              },
          .longest_sum = {g.x().pixels() + accumulate},
          .bytes = g.bytes(),
          .flops = g.flops()};
}

const Geometry kTested[] = {
    {1, 1, 1, 1, 1, 1, 1, {}},          {1, 1, 1, 3, 2, 3, 3, {2, 1, 1}},   {2, 5, 7, 19, 33, 3, 3, {2, 1, 1}},
    {2, 5, 7, 19, 33, 3, 3, {2, 1, 0}}, {1, 8, 9, 64, 48, 3, 3, {2, 1, 1}}, {1, 4, 5, 48, 3, 4, 4, {2, 1, 0}},
    {1, 6, 4, 3, 20, 5, 2, {3, 2, 2}},  {1, 7, 5, 16, 17, 3, 3, {1, 1, 0}}, {1, 3, 3, 304, 1, 2, 2, {2, 0, 1}},
    {1, 6, 7, 3, 16, 5, 5, {1, 2, 0}},  {3, 9, 5, 33, 64, 1, 1, {2, 0, 1}},
};

/// The two upsampling layers of CycleGAN's generator at 128x128.
const Geometry kTimed[] = {{1, 32, 32, 256, 128, 3, 3, {2, 1, 1}}, {1, 64, 64, 128, 64, 3, 3, {2, 1, 1}}};

}  // namespace

void conv_transpose2d_cases(Registry& r) {
  for (const Geometry& g : kTested)
    for (bool variant : {false, true}) {
      r.cases.push_back(forward_case(g, variant));
      r.cases.push_back(dgrad_case(g, variant));
      r.cases.push_back(wgrad_case(g, variant));
    }
  for (const Geometry& g : kTimed) {
    r.cases.push_back(bench_only(forward_case(g, false)));
    r.cases.push_back(bench_only(dgrad_case(g, false)));
    r.cases.push_back(bench_only(wgrad_case(g, false)));
  }
  for (const Geometry& g : {Geometry{2, 3, 4, 3, 4, 3, 3, {2, 1, 1}}, Geometry{1, 4, 3, 2, 3, 2, 2, {1, 0, 0}}})
    r.gradients.push_back(
        {.op = "conv_transpose2d",
         .name = g.name(),
         .inputs = {uniform(g.x(), -1, 1, 1), uniform(g.filters(), -1, 1, 2), uniform({g.k}, -1, 1, 3)},
         .forward =
             [=](const std::vector<Array>& x) {
               Array y(g.y());
               conv_input_gradient(x[0], x[1], y, g.back());
               add_bias(x[2], y);
               return y;
             },
         .gradient =
             [=](const std::vector<Array>& x, const Array& dy) {
               Array dx(g.x()), dw(g.filters());
               conv_forward(dy, x[1], dx, g.back());
               conv_filter_gradient(dy, x[0], dw, g.back());
               return std::vector<Array>{dx, dw, bias_gradient(dy)};
             },
         .op_call = [=](Context& c, std::vector<Tensor>& x) { return conv_transpose2d(c, x[0], x[1], x[2], g.o); },
         .longest_sum = std::max(g.r * g.s * std::max(g.c, g.k), g.y().pixels())});
}

}  // namespace segue::cases
