#include "kernels/resize_bilinear.h"

#include "cases_of.h"
#include "runtime/ops.h"

namespace segue::cases {
namespace {

struct Size {
  int64_t height, width;
};

// Share of source element i in output o, from positions in floating point: a hat of width 1 around the position.
double share(int64_t i, int64_t o, int64_t in, int64_t out, bool align_corners) {
  double position = align_corners ? (out > 1 ? double(o) * double(in - 1) / double(out - 1) : 0)
                                  : (double(o) + 0.5) * double(in) / double(out) - 0.5;
  position = std::min(std::max(position, 0.0), double(in - 1));
  return std::max(0.0, 1 - std::abs(position - double(i)));
}

std::vector<double> shares(int64_t in, int64_t out, bool align_corners) {
  std::vector<double> s;
  for (int64_t o = 0; o < out; ++o)
    for (int64_t i = 0; i < in; ++i) s.push_back(share(i, o, in, out, align_corners));
  return s;
}

// Calls f(element of x, element of y, share of the one in the other) wherever that is not zero.
template <class F>
void each_share(const Shape& x, const Shape& y, bool align_corners, F f) {
  const std::vector<double> rows = shares(x[1], y[1], align_corners), columns = shares(x[2], y[2], align_corners);
  for (int64_t n = 0; n < x[0]; ++n)
    for (int64_t p = 0; p < y[1]; ++p)
      for (int64_t h = 0; h < x[1]; ++h) {
        const double row = rows[size_t(p * x[1] + h)];
        if (row == 0) continue;
        for (int64_t q = 0; q < y[2]; ++q)
          for (int64_t w = 0; w < x[2]; ++w) {
            const double both = row * columns[size_t(q * x[2] + w)];
            if (both == 0) continue;
            for (int64_t c = 0; c < x[3]; ++c)
              f(((n * x[1] + h) * x[2] + w) * x[3] + c, ((n * y[1] + p) * y[2] + q) * x[3] + c, both);
          }
      }
}

Shape resized(const Shape& s, Size to) { return {s[0], to.height, to.width, s[3]}; }

Array forward(const Array& x, Size to, bool align_corners) {
  Array y(resized(x.shape, to));
  each_share(x.shape, y.shape, align_corners, [&](int64_t i, int64_t o, double s) { y[o] += s * x[i]; });
  return y;
}

Array gradient(const Array& dy, const Shape& shape, bool align_corners) {
  Array dx(shape);
  each_share(shape, dy.shape, align_corners, [&](int64_t i, int64_t o, double s) { dx[i] += s * dy[o]; });
  return dx;
}

std::string name_of(const Shape& shape, Size to, bool align_corners, const Format& f = {}) {
  return f.name(shape) + "_to_" + std::to_string(to.height) + "x" + std::to_string(to.width) +
         (align_corners ? "_aligned" : "");
}

double bytes_of(const Shape& shape, Size to, const Format& f) {
  return double((shape.count() + resized(shape, to).count()) * f.bytes());
}

Case resize_case(const Shape& shape, Size to, bool align_corners, const Format& f = {}) {
  const auto call = [=](const auto& e, Io& io) {
    kernels::resize_bilinear(e, io.in[0].view(), io.out[0].view(), align_corners);
  };
  return {.op = "resize_bilinear",
          .name = name_of(shape, to, align_corners, f),
          .make =
              [=] {
                return Io{{f(uniform(shape, -1, 1))}, {f(resized(shape, to))}};
              },
          .cpu = f.cpu(call),
          .cuda = SEGUE_CUDA_CALL(call),
          .reference = [=](const Io& io) { return std::vector<Array>{forward(io.in[0].array(), to, align_corners)}; },
          .longest_sum = {4},
          .bytes = bytes_of(shape, to, f)};
}

Case grad_case(const Shape& shape, Size to, bool align_corners, bool accumulate, const Format& f = {}) {
  const int64_t rows = 2 * (to.height / shape[1] + 1), columns = 2 * (to.width / shape[2] + 1);
  const auto call = [=](const auto& e, Io& io) {
    kernels::resize_bilinear_grad(e, io.in[0].view(), io.out[0].view(), align_corners, accumulate);
  };
  return {.op = "resize_bilinear_grad",
          .name = name_of(shape, to, align_corners, f) + (accumulate ? "_accumulate" : ""),
          .make =
              [=] {
                Io io{{f(uniform(resized(shape, to), -1, 1))}, {f(shape)}};
                if (accumulate) io.out = {f(uniform(shape, -1, 1, 3))};
                return io;
              },
          .cpu = f.cpu(call),
          .cuda = SEGUE_CUDA_CALL(call),
          .reference =
              [=](const Io& io) {
                Array dx = gradient(io.in[0].array(), shape, align_corners);
                const Array before = io.out[0].array();
                for (int64_t i = 0; accumulate && i < dx.count(); ++i) dx[i] += before[i];
                return std::vector<Array>{dx};
              },
          .longest_sum = {rows * columns},
          .bytes = bytes_of(shape, to, f) + (accumulate ? double(shape.count() * f.bytes()) : 0)};
}

/// Where results lie: channels `lane` and following of an image of `channels`.
struct Slice {
  int64_t lane, channels;
};
std::string name_of(const Slice& s) { return "_at" + std::to_string(s.lane) + "of" + std::to_string(s.channels); }

// y in a slice of a wider image, of which the other lanes keep their values.
Case slice_case(const Shape& shape, Size to, bool align_corners, const Slice& slice, DType dtype) {
  const Shape y = resized(shape, to);
  return {.op = "resize_bilinear",
          .name = name_of(shape, to, align_corners, {dtype}) + name_of(slice),
          .make =
              [=] {
                return Io{{Buffer(uniform(shape, -1, 1), dtype)}, {Buffer(wide_shaped(y, slice.channels, 2), dtype)}};
              },
          .cuda = SEGUE_CUDA_CALL([=](const CudaExec& e, Io& io) {
            kernels::resize_bilinear(e, io.in[0].view(), slice_view(io.out[0], y, slice.lane), align_corners);
          }),
          .reference =
              [=](const Io& io) {
                return std::vector<Array>{
                    with_slice(io.out[0].array(), forward(io.in[0].array(), to, align_corners), slice.lane)};
              },
          .longest_sum = {4},
          .bytes = bytes_of(shape, to, {dtype})};
}

// dy in such a slice.
Case slice_grad_case(const Shape& shape, Size to, bool align_corners, bool accumulate, const Slice& slice,
                     DType dtype) {
  const Shape y = resized(shape, to);
  Case k = grad_case(shape, to, align_corners, accumulate, {dtype});
  const auto of_dense = k.reference;
  k.name += name_of(slice);
  k.cpu = nullptr;
  k.make = [=] {
    return Io{{Buffer(wide_shaped(y, slice.channels, 1), dtype)}, {Buffer(uniform(shape, -1, 1, 3), dtype)}};
  };
  k.cuda = SEGUE_CUDA_CALL([=](const CudaExec& e, Io& io) {
    kernels::resize_bilinear_grad(e, slice_view(io.in[0], y, slice.lane), io.out[0].view(), align_corners, accumulate);
  });
  k.reference = [=](const Io& io) {
    return of_dense(Io{{Buffer(slice_array(io.in[0].array(), y, slice.lane), dtype)}, io.out});
  };
  return k;
}

}  // namespace

void resize_bilinear_cases(Registry& r) {
  const std::pair<Shape, Size> sizes[] = {
      {{1, 1, 1, 1}, {1, 1}},      {{2, 1, 1, 19}, {7, 33}},   {{1, 8, 16, 256}, {32, 64}}, {{2, 33, 33, 3}, {65, 129}},
      {{1, 5, 193, 19}, {9, 769}}, {{3, 9, 7, 19}, {9, 7}},    {{1, 33, 31, 48}, {17, 5}},  {{1, 1, 769, 1}, {3, 33}},
      {{1, 17, 9, 3}, {1, 1}},     {{2, 2, 3, 3100}, {3, 4}},  {{1, 7, 5, 64}, {50, 3}},    {{3, 3, 2, 304}, {2, 5}},
      {{1, 1, 64, 19}, {40, 200}}, {{1, 2, 700, 5}, {4, 701}}, {{1, 19, 4, 33}, {20, 1}}};
  for (const auto& [shape, to] : sizes)
    for (bool align_corners : {false, true}) {
      r.cases.push_back(resize_case(shape, to, align_corners));
      for (bool accumulate : {false, true}) r.cases.push_back(grad_case(shape, to, align_corners, accumulate));
    }
  // CUDA only. Upwards by the factor of the decoder, by a fraction, and downwards; wide enough for whole strips.
  const std::pair<Shape, Size> on_cuda[] = {
      {{2, 9, 17, 19}, {36, 68}}, {{1, 33, 35, 3}, {65, 129}}, {{2, 33, 31, 19}, {17, 5}}, {{1, 3, 4, 256}, {12, 16}}};
  for (const Format& f : kCudaFormats)
    for (const auto& [shape, to] : on_cuda)
      for (bool align_corners : {false, true}) {
        r.cases.push_back(resize_case(shape, to, align_corners, f));
        for (bool accumulate : {false, true}) r.cases.push_back(grad_case(shape, to, align_corners, accumulate, f));
      }
  for (const Format& f : kOddFormats) {
    r.cases.push_back(resize_case({2, 9, 7, 19}, {20, 33}, false, f));
    r.cases.push_back(grad_case({2, 9, 7, 19}, {20, 33}, false, true, f));
  }
  // In slices: as the decoder and the pyramid concatenate (an image of one pixel), and of no whole packs.
  for (const Format& f : kCudaFormats)
    for (bool align_corners : {false, true})
      for (const auto& [shape, to, slice] : {std::tuple<Shape, Size, Slice>{{2, 5, 9, 32}, {19, 33}, {48, 80}},
                                             {{3, 1, 1, 24}, {5, 7}, {0, 32}},
                                             {{1, 33, 31, 16}, {17, 5}, {8, 32}},
                                             {{2, 4, 3, 19}, {9, 12}, {3, 25}}}) {
        r.cases.push_back(slice_case(shape, to, align_corners, slice, f.dtype));
        for (bool accumulate : {false, true})
          r.cases.push_back(slice_grad_case(shape, to, align_corners, accumulate, slice, f.dtype));
      }
  r.cases.push_back(slice_case({1, 1, 1, 48}, {1, 1}, false, {256, 304}, DType::bf16));
  r.cases.push_back(slice_case({1, 49, 3, 8}, {769, 3}, false, {8, 16}, DType::bf16));
  r.cases.push_back(slice_grad_case({1, 49, 3, 8}, {769, 3}, false, false, {8, 16}, DType::bf16));
  const std::pair<Shape, Size> timed[] = {{{4, 8, 16, 256}, {32, 64}}, {{4, 32, 64, 19}, {128, 256}}};
  for (const auto& [shape, to] : timed) {
    r.cases.push_back(bench_only(resize_case(shape, to, false)));
    r.cases.push_back(bench_only(grad_case(shape, to, false, false)));
  }
  // The decoder of DeepLabv3+.
  r.cases.push_back(bench_only(resize_case({8, 32, 64, 256}, {128, 256}, false, {DType::bf16, 8})));
  r.cases.push_back(bench_only(grad_case({8, 32, 64, 256}, {128, 256}, false, false, {DType::bf16, 8})));
  r.cases.push_back(bench_only(slice_case({8, 32, 64, 256}, {128, 256}, false, {48, 304}, DType::bf16)));
  r.cases.push_back(bench_only(slice_grad_case({8, 32, 64, 256}, {128, 256}, false, false, {48, 304}, DType::bf16)));
  const std::pair<Shape, Size> gradients[] = {
      {{2, 3, 4, 2}, {7, 5}}, {{1, 5, 4, 3}, {2, 3}}, {{2, 1, 1, 3}, {3, 4}}, {{1, 4, 3, 2}, {1, 1}}};
  for (const auto& pair : gradients)
    for (bool align_corners : {false, true}) {
      const Shape shape = pair.first;
      const Size to = pair.second;
      r.gradients.push_back(
          {.op = "resize_bilinear",
           .name = name_of(shape, to, align_corners),
           .inputs = {uniform(shape, -1, 1)},
           .forward = [=](const std::vector<Array>& x) { return forward(x[0], to, align_corners); },
           .gradient = [=](const std::vector<Array>&,
                           const Array& dy) { return std::vector<Array>{gradient(dy, shape, align_corners)}; },
           .op_call =
               [=](Context& c, std::vector<Tensor>& x) {
                 return resize_bilinear(c, x[0], to.height, to.width, align_corners);
               },
           .longest_sum = 16});
    }
}

}  // namespace segue::cases
