#include "kernels/max_pool.h"

#include <limits>

#include "cases_of.h"
#include "runtime/ops.h"

namespace segue::cases {
namespace {

Shape pooled(const Shape& s, const MaxPoolOptions& o) {
  return {s[0], kernels::max_pool_extent(s[1], o), kernels::max_pool_extent(s[2], o), s[3]};
}

struct Result {
  Array y, argmax;
};

Result forward(const Array& x, const MaxPoolOptions& o) {
  const Shape s = pooled(x.shape, o);
  Result result{Array(s), Array(s)};
  for (int64_t n = 0; n < s[0]; ++n)
    for (int64_t p = 0; p < s[1]; ++p)
      for (int64_t q = 0; q < s[2]; ++q)
        for (int64_t c = 0; c < s[3]; ++c) {
          double best = -HUGE_VAL;
          int64_t place = -1;
          for (int64_t k = 0; k < o.kernel * o.kernel; ++k) {
            const int64_t h = p * o.stride - o.pad + k / o.kernel, w = q * o.stride - o.pad + k % o.kernel;
            if (h < 0 || w < 0 || h >= x.shape[1] || w >= x.shape[2]) continue;
            const double v = x.at(n, h, w, c);
            if (place >= 0 && !(v > best || std::isnan(v))) continue;
            best = v;
            place = k;
          }
          result.y.at(n, p, q, c) = best;
          result.argmax.at(n, p, q, c) = double(place);
        }
  return result;
}

Array gradient(const Array& dy, const Array& argmax, const Shape& shape, const MaxPoolOptions& o) {
  Array dx(shape);
  const Shape& s = dy.shape;
  for (int64_t n = 0; n < s[0]; ++n)
    for (int64_t p = 0; p < s[1]; ++p)
      for (int64_t q = 0; q < s[2]; ++q)
        for (int64_t c = 0; c < s[3]; ++c) {
          const auto k = int64_t(argmax.at(n, p, q, c));
          dx.at(n, p * o.stride - o.pad + k / o.kernel, q * o.stride - o.pad + k % o.kernel, c) += dy.at(n, p, q, c);
        }
  return dx;
}

std::string name_of(const Shape& shape, const MaxPoolOptions& o) {
  return case_name(shape) + "_k" + std::to_string(o.kernel) + "s" + std::to_string(o.stride) + "p" +
         std::to_string(o.pad);
}

std::string type_name(DType dtype, int64_t pitch) {
  return (dtype == DType::f32 ? "" : std::string("_") + segue::name_of(dtype)) +
         (pitch ? "_pitch" + std::to_string(pitch) : "");
}

// Values of a coarse grid, so that many are equal, with NaN and infinities among them.
Array awkward(const Shape& shape) {
  Array x = uniform(shape, -4, 4, 1);
  for (int64_t i = 0; i < x.count(); ++i) {
    x[i] = std::round(x[i]);
    if (i % 31 == 7) x[i] = std::numeric_limits<double>::quiet_NaN();
    if (i % 29 == 5) x[i] = HUGE_VAL;
    if (i % 3 == 1) x[i] = -HUGE_VAL;
  }
  return x;
}

Case pool_case(const Shape& shape, const MaxPoolOptions& o, bool with_argmax, bool awkward_values = false,
               DType dtype = DType::f32, int64_t pitch = 0) {
  return {.op = "max_pool",
          .name = name_of(shape, o) + (with_argmax ? "" : "_inference") + (awkward_values ? "_awkward" : "") +
                  type_name(dtype, pitch),
          .make =
              [=] {
                Io io{{Buffer(awkward_values ? awkward(shape) : uniform(shape, -1, 1), dtype, pitch)},
                      {Buffer(pooled(shape, o), dtype, pitch)}};
                if (with_argmax) io.out.emplace_back(pooled(shape, o), DType::u8);
                return io;
              },
          .cpu = cpu_only_if(dtype, pitch,
                             [=](const CpuExec& e, Io& io) {
                               kernels::max_pool(e, io.in[0].view(), io.out[0].view(),
                                                 with_argmax ? io.out[1].view() : View(), o);
                             }),
          .cuda = SEGUE_CUDA_CALL([=](const CudaExec& e, Io& io) {
            kernels::max_pool(e, io.in[0].view(), io.out[0].view(), with_argmax ? io.out[1].view() : View(), o);
          }),
          .reference =
              [=](const Io& io) {
                const Result r = forward(io.in[0].array(), o);
                return with_argmax ? std::vector<Array>{r.y, r.argmax} : std::vector<Array>{r.y};
              },
          .bytes = double(size_of(dtype)) * double(shape.count()) +
                   (double(size_of(dtype)) + with_argmax) * double(pooled(shape, o).count())};
}

Case grad_case(const Shape& shape, const MaxPoolOptions& o, bool accumulate, DType dtype = DType::f32,
               int64_t pitch = 0) {
  return {.op = "max_pool_grad",
          .name = name_of(shape, o) + (accumulate ? "_accumulate" : "") + type_name(dtype, pitch),
          .make =
              [=] {
                Io io{{Buffer(uniform(pooled(shape, o), -1, 1, 2), dtype, pitch),
                       Buffer(forward(uniform(shape, -1, 1), o).argmax, DType::u8)},
                      {Buffer(shape, dtype, pitch)}};
                if (accumulate) io.out = {Buffer(uniform(shape, -1, 1, 3), dtype, pitch)};
                return io;
              },
          .cpu = cpu_only_if(dtype, pitch,
                             [=](const CpuExec& e, Io& io) {
                               kernels::max_pool_grad(e, io.in[0].view(), io.in[1].view(), io.out[0].view(), o,
                                                      accumulate);
                             }),
          .cuda = SEGUE_CUDA_CALL([=](const CudaExec& e, Io& io) {
            kernels::max_pool_grad(e, io.in[0].view(), io.in[1].view(), io.out[0].view(), o, accumulate);
          }),
          .reference =
              [=](const Io& io) {
                Array dx = gradient(io.in[0].array(), io.in[1].array(), shape, o);
                const Array before = io.out[0].array();
                for (int64_t i = 0; accumulate && i < dx.count(); ++i) dx[i] += before[i];
                return std::vector<Array>{dx};
              },
          .longest_sum = {int64_t(o.kernel) * o.kernel + accumulate},
          .bytes = double(size_of(dtype)) * double(shape.count()) +
                   (double(size_of(dtype)) + 1) * double(pooled(shape, o).count())};
}

}  // namespace

void max_pool_cases(Registry& r) {
  const MaxPoolOptions stem{}, halves{.kernel = 2, .stride = 2, .pad = 0}, dense{.kernel = 3, .stride = 1, .pad = 1},
      sparse{.kernel = 2, .stride = 3, .pad = 1}, wide{.kernel = 5, .stride = 2, .pad = 2};
  for (const Shape& shape : {Shape{1, 3, 3, 1}, Shape{2, 7, 33, 3}, Shape{1, 33, 6, 19}, Shape{3, 8, 9, 64},
                             Shape{1, 5, 769, 5}, Shape{2, 6, 5, 304}})
    for (const MaxPoolOptions& o : {stem, halves, dense, sparse, wide}) {
      for (bool with_argmax : {true, false}) r.cases.push_back(pool_case(shape, o, with_argmax));
      for (bool accumulate : {true, false}) r.cases.push_back(grad_case(shape, o, accumulate));
      r.cases.push_back(pool_case(shape, o, true, true));
    }
  // CUDA only: the other types, and channels at a pitch of 8.
  for (DType t : {DType::f32, DType::bf16, DType::f16})
    for (const auto& [shape, pitch] : {std::pair<Shape, int64_t>{{2, 9, 17, 19}, 24}, {{1, 7, 12, 16}, 16}})
      for (const MaxPoolOptions& o : {stem, sparse}) {
        r.cases.push_back(pool_case(shape, o, true, true, t, pitch));
        r.cases.push_back(pool_case(shape, o, false, false, t, pitch));
        for (bool accumulate : {true, false}) r.cases.push_back(grad_case(shape, o, accumulate, t, pitch));
      }
  r.cases.push_back(pool_case({2, 1, 1, 19}, stem, true));
  r.cases.push_back(grad_case({2, 1, 1, 19}, stem, false));
  r.cases.push_back(bench_only(pool_case({4, 64, 128, 64}, stem, true)));
  r.cases.push_back(bench_only(pool_case({1, 256, 512, 64}, stem, false)));
  r.cases.push_back(bench_only(grad_case({4, 64, 128, 64}, stem, false)));
  r.cases.push_back(bench_only(pool_case({8, 256, 512, 64}, stem, true, false, DType::bf16, 64)));
  r.cases.push_back(bench_only(grad_case({8, 256, 512, 64}, stem, false, DType::bf16, 64)));
  // Values a step of 0.1 apart in random order: no two are near.
  const auto apart = [](const Shape& shape) {
    Array x(shape);
    for (int64_t i = 0; i < x.count(); ++i) x[i] = 0.1 * double(i * 37 % 181);
    return x;
  };
  for (const MaxPoolOptions& o : {stem, dense, sparse})
    r.gradients.push_back({.op = "max_pool",
                           .name = name_of({2, 5, 6, 3}, o),
                           .inputs = {apart({2, 5, 6, 3})},
                           .forward = [=](const std::vector<Array>& x) { return forward(x[0], o).y; },
                           .gradient =
                               [=](const std::vector<Array>& x, const Array& dy) {
                                 return std::vector<Array>{gradient(dy, forward(x[0], o).argmax, x[0].shape, o)};
                               },
                           .op_call = [=](Context& c, std::vector<Tensor>& x) { return max_pool(c, x[0], o); },
                           .longest_sum = 9});
}

}  // namespace segue::cases
