#include "kernels/concat.h"

#include "cases_of.h"
#include "runtime/ops.h"

namespace segue::cases {
namespace {

Shape with_channels(Shape s, int64_t channels) {
  s[s.dims() - 1] = channels;
  return s;
}

Array forward(const std::vector<Array>& parts) {
  int64_t channels = 0, first = 0;
  for (const Array& part : parts) channels += part.shape.channels();
  Array y(with_channels(parts[0].shape, channels));
  for (const Array& part : parts) {
    const int64_t own = part.shape.channels();
    for (int64_t i = 0; i < part.count(); ++i) y[i / own * channels + first + i % own] = part[i];
    first += own;
  }
  return y;
}

Array gradient(const Array& dy, int64_t first, int64_t own) {
  Array dpart(with_channels(dy.shape, own));
  for (int64_t i = 0; i < dpart.count(); ++i) dpart[i] = dy[i / own * dy.shape.channels() + first + i % own];
  return dpart;
}

/// `pixels`: the shape without its channels, which `channels` gives part by part.
Case concat_case(const Shape& pixels, const std::vector<int64_t>& channels, const Format& f = {}) {
  std::string parts = "_of";
  int64_t all = 0;
  for (int64_t c : channels) {
    parts += "_" + std::to_string(c);
    all += c;
  }
  Shape shape = pixels;
  shape.push(all);
  const auto call = [](const auto& e, Io& io) {
    std::vector<View> views;
    for (Buffer& b : io.in) views.push_back(b.view());
    kernels::concat(e, views, io.out[0].view());
  };
  return {.op = "concat",
          .name = f.name(shape) + parts,
          .make =
              [=] {
                Io io;
                for (int64_t c : channels)
                  io.in.push_back(f(uniform(with_channels(shape, c), -1, 1, io.in.size() + 1)));
                io.out = {f(shape)};
                return io;
              },
          .cpu = f.cpu(call),
          .cuda = SEGUE_CUDA_CALL(call),
          .reference =
              [](const Io& io) {
                std::vector<Array> arrays;
                for (const Buffer& b : io.in) arrays.push_back(b.array());
                return std::vector<Array>{forward(arrays)};
              },
          .bytes = 2.0 * double(shape.count() * f.bytes())};
}

Case grad_case(const Shape& shape, int64_t first, int64_t own, bool accumulate, const Format& f = {}) {
  const Shape part = with_channels(shape, own);
  const auto call = [=](const auto& e, Io& io) {
    kernels::concat_grad(e, io.in[0].view(), first, io.out[0].view(), accumulate);
  };
  return {.op = "concat_grad",
          .name = f.name(shape) + "_" + std::to_string(own) + "_from_" + std::to_string(first) +
                  (accumulate ? "_accumulate" : ""),
          .make =
              [=] {
                return Io{{f(uniform(shape, -1, 1, 1))}, {accumulate ? f(uniform(part, -1, 1, 2)) : f(part)}};
              },
          .cpu = f.cpu(call),
          .cuda = SEGUE_CUDA_CALL(call),
          .reference =
              [=](const Io& io) {
                Array dpart = gradient(io.in[0].array(), first, own);
                const Array before = io.out[0].array();
                for (int64_t i = 0; accumulate && i < dpart.count(); ++i) dpart[i] += before[i];
                return std::vector<Array>{dpart};
              },
          .longest_sum = {2},
          .bytes = (accumulate ? 3.0 : 2.0) * double(part.count() * f.bytes())};
}

// Parts that are slices, each of an image of its own. The lanes behind the last are no padding lanes.
Case of_slices_case(const Shape& pixels, const std::vector<int64_t>& channels, const Format& f) {
  Case k = concat_case(pixels, channels, f);
  k.name += "_slices";
  k.cpu = nullptr;
  const auto wide_of = [=](int64_t own) {
    Shape s = pixels;
    s.push((own + 24 + 7) / 8 * 8);
    return s;
  };
  const auto lane_of = [](size_t part) { return int64_t(part % 3) * 8; };
  k.make = [=] {
    Io io;
    int64_t all = 0;
    for (int64_t c : channels) {
      all += c;
      io.in.emplace_back(uniform(wide_of(c), -1, 1, io.in.size() + 1), f.dtype);
    }
    Shape y = pixels;
    y.push(all);
    io.out = {f(y)};
    return io;
  };
  k.cuda = SEGUE_CUDA_CALL([=](const CudaExec& e, Io& io) {
    std::vector<View> views;
    for (size_t i = 0; i < channels.size(); ++i)
      views.push_back(slice_view(io.in[i], with_channels(wide_of(0), channels[i]), lane_of(i)));
    kernels::concat(e, views, io.out[0].view());
  });
  k.reference = [=](const Io& io) {
    std::vector<Array> arrays;
    for (size_t i = 0; i < channels.size(); ++i)
      arrays.push_back(slice_array(io.in[i].array(), with_channels(wide_of(0), channels[i]), lane_of(i)));
    return std::vector<Array>{forward(arrays)};
  };
  return k;
}

}  // namespace

void concat_cases(Registry& r) {
  r.cases.push_back(concat_case({}, {1}));
  r.cases.push_back(concat_case({33}, {3, 1}));
  r.cases.push_back(concat_case({2, 5, 7}, {48, 256}));
  r.cases.push_back(concat_case({1, 3, 3}, {19, 3, 304, 1, 7}));
  r.cases.push_back(concat_case({8193}, {1, 2}));
  for (const Format& f : kCudaFormats) {
    r.cases.push_back(concat_case({2, 5, 7}, {48, 256}, f));
    r.cases.push_back(concat_case({3, 19, 33}, {8, 16, 19}, f));
    r.cases.push_back(concat_case({5, 7}, {8, 8, 16, 8, 8, 24, 8, 8, 8, 8, 5}, f));  // more than one launch takes
    r.cases.push_back(concat_case({3, 33}, {19, 3, 8}, f));                          // no vector access
    r.cases.push_back(of_slices_case({2, 5, 7}, {16, 8, 32}, f));
    r.cases.push_back(of_slices_case({3, 33}, {8, 19}, f));  // y has padding lanes: the last part none
    for (bool accumulate : {false, true}) {
      r.cases.push_back(grad_case({2, 5, 7, 304}, 48, 256, accumulate, f));
      r.cases.push_back(grad_case({3, 19, 33, 27}, 8, 12, accumulate, f));  // a part that ends within a pack
      r.cases.push_back(grad_case({3, 33, 27}, 5, 19, accumulate, f));
    }
  }
  for (const Format& f : kOddFormats) {
    r.cases.push_back(concat_case({3, 33}, {8, 16, 3}, f));
    r.cases.push_back(grad_case({3, 33, 27}, 8, 12, true, f));
  }
  r.cases.push_back(bench_only(concat_case({4, 32, 64}, {48, 256})));
  r.cases.push_back(bench_only(concat_case({8, 128, 256}, {48, 256}, {DType::bf16, 8})));
  r.cases.push_back(bench_only(grad_case({8, 128, 256, 304}, 48, 256, false, {DType::bf16, 8})));
  for (bool accumulate : {false, true}) {
    r.cases.push_back(grad_case({1}, 0, 1, accumulate));
    r.cases.push_back(grad_case({2, 5, 7, 304}, 0, 48, accumulate));
    r.cases.push_back(grad_case({2, 5, 7, 304}, 48, 256, accumulate));
    r.cases.push_back(grad_case({8193, 3}, 1, 2, accumulate));
    r.cases.push_back(bench_only(grad_case({4, 32, 64, 304}, 48, 256, accumulate)));
  }

  r.gradients.push_back(
      {.op = "concat",
       .name = "three_parts",
       .inputs = {uniform({2, 3, 2, 3}, -1, 1, 1), uniform({2, 3, 2, 1}, -1, 1, 2), uniform({2, 3, 2, 5}, -1, 1, 3)},
       .forward = [](const std::vector<Array>& x) { return forward(x); },
       .gradient =
           [](const std::vector<Array>&, const Array& dy) {
             return std::vector<Array>{gradient(dy, 0, 3), gradient(dy, 3, 1), gradient(dy, 4, 5)};
           },
       .op_call = [](Context& c, std::vector<Tensor>& x) { return concat(c, x); }});
  // A part that stands in it twice gathers both gradients.
  r.gradients.push_back({.op = "concat",
                         .name = "same_part_twice",
                         .inputs = {uniform({4, 3}, -1, 1, 1), uniform({4, 2}, -1, 1, 2)},
                         .forward =
                             [](const std::vector<Array>& x) {
                               return forward({x[0], x[1], x[0]});
                             },
                         .gradient =
                             [](const std::vector<Array>&, const Array& dy) {
                               Array first = gradient(dy, 0, 3);
                               const Array again = gradient(dy, 5, 3);
                               for (int64_t i = 0; i < first.count(); ++i) first[i] += again[i];
                               return std::vector<Array>{first, gradient(dy, 3, 2)};
                             },
                         .op_call =
                             [](Context& c, std::vector<Tensor>& x) {
                               return concat(c, {x[0], x[1], x[0]});
                             },
                         .longest_sum = 2});
}

}  // namespace segue::cases
