#include "kernels/upsample_pseudo_label.h"

#include "label_reference.h"

namespace segue::cases {
namespace {

template <class Exec>
void run(const Exec& e, Io& io) {
  const View confidence = io.out[1].shape().count() ? io.out[1].view() : View();
  const View histogram = io.out[2].shape().count() ? io.out[2].view() : View();
  kernels::upsample_pseudo_label(e, io.in[0].view(), io.in[1].view(), io.out[0].view(), confidence, histogram);
}

std::vector<Array> reference(const Io& io) {
  const Array before = io.out[2].array();
  const Shape& labels = io.out[0].shape();
  PseudoReference r(upsampled(io.in[0].array(), labels[1], labels[2]), io.in[1].array(), before);
  if (io.out[1].shape().count() == 0) r.confidence = Array(Shape{0});
  if (before.count() == 0) r.histogram = Array(Shape{0});
  return {r.labels, r.confidence, r.histogram};
}

Case make_case(const std::string& name, std::function<Array()> logits, const Shape& low, int64_t height, int64_t width,
               const Array& thresholds, int64_t bins, bool confidence, const Format& format = {}) {
  const int64_t classes = low[3];
  const Shape full{low[0], height, width};
  return {.op = "upsample_pseudo_label",
          .name = format.name(low) + "_to_" + case_name({height, width}) + name,
          .make =
              [=] {
                Io io;
                io.in = {format(logits()), Buffer(thresholds, DType::f32)};
                io.out = {Buffer(full, DType::u8), Buffer(confidence ? full : Shape{0}, DType::f32),
                          Buffer(constant(bins ? Shape{classes, bins} : Shape{0, 0}, 3), DType::u64)};
                return io;
              },
          .cpu = format.cpu(run<CpuExec>),
          .cuda = SEGUE_CUDA_CALL(run<CudaExec>),
          .reference = reference,
          .longest_sum = {1, classes + 4, 1},
          .bytes = double(low.count() * format.bytes() + full.count() * (confidence ? 5 : 1))};
}

/// Random logits of the first draw in which every pixel of the full size is decided whatever the rounding.
Case random_case(const Shape& low, int64_t height, int64_t width, int64_t bins, bool confidence = true,
                 const Format& format = {}) {
  const Array thresholds = uniform({low[3]}, 0.2, 0.9, 3);
  const auto logits = [=] {
    for (uint64_t salt = 1;; ++salt) {
      const Array z = format(uniform(low, -4, 4, salt)).array(), full = upsampled(z, height, width);
      bool all = true;
      for (int64_t p = 0; all && p < full.shape.pixels(); ++p)
        all = decided(vote(&full.v[size_t(p * low[3])], low[3]), thresholds, bins);
      if (all) return z;
    }
  };
  return make_case(confidence ? "" : "_labels_only", logits, low, height, width, thresholds, bins, confidence, format);
}

/// All classes equal at every pixel of a pair of rows, then a NaN that spreads to its neighbours: exact in f32.
Case exact_case(const Format& format = {}) {
  const Shape low{1, 4, 3, 4};
  const auto logits = [=] {
    Array z(low, 1.5);
    for (int64_t x = 0; x < 3; ++x)
      for (int64_t c = 0; c < 2; ++c) z.at(0, 2, x, c) = z.at(0, 3, x, c) = -500;
    z.at(0, 0, 0, 3) = std::numeric_limits<double>::quiet_NaN();
    return z;
  };
  Array thresholds(Shape{4});
  thresholds.v = {0.25, 1, 0.5, 1};
  return make_case("_exact", logits, low, 8, 12, thresholds, 4, true, format);
}

}  // namespace

void upsample_pseudo_label_cases(Registry& r) {
  r.cases.push_back(random_case({2, 5, 7, 19}, 20, 28, 10));
  r.cases.push_back(random_case({1, 3, 5, 33}, 9, 17, 5));
  r.cases.push_back(random_case({1, 4, 4, 2}, 7, 13, 4));
  r.cases.push_back(random_case({1, 2, 3, 255}, 5, 131, 3));
  r.cases.push_back(random_case({1, 1, 1, 19}, 33, 3, 10));
  r.cases.push_back(random_case({1, 9, 11, 19}, 4, 5, 10));    // downwards
  r.cases.push_back(random_case({3, 6, 9, 6}, 6, 9, 10));      // the same size
  r.cases.push_back(random_case({1, 17, 25, 7}, 65, 97, 10));  // 4k + 1
  r.cases.push_back(random_case({1, 9, 33, 5}, 34, 769, 0));
  r.cases.push_back(random_case({2, 3, 4, 19}, 12, 16, 0, false));
  r.cases.push_back(exact_case());
  // CUDA only. Sizes with several tiles of cells, several patches of a cell, a histogram too large for shared memory.
  for (const Format& f : kCudaFormats) {
    r.cases.push_back(random_case({2, 13, 17, 19}, 51, 67, 10, true, f));
    r.cases.push_back(random_case({1, 3, 5, 19}, 24, 48, 10, true, f));
    r.cases.push_back(random_case({1, 2, 3, 200}, 5, 33, 3, true, f));
    r.cases.push_back(random_case({1, 5, 7, 19}, 20, 28, 400, true, f));
    r.cases.push_back(random_case({3, 6, 9, 1}, 6, 9, 10, true, f));
    r.cases.push_back(random_case({1, 9, 11, 2}, 4, 5, 10, true, f));
    r.cases.push_back(random_case({2, 3, 4, 19}, 12, 16, 0, false, f));
    r.cases.push_back(exact_case(f));
  }
  for (const Format& f : kOddFormats) r.cases.push_back(random_case({2, 5, 7, 19}, 20, 28, 10, true, f));
  r.cases.push_back(bench_only(make_case(
      "",
      [] {
        return uniform({1, 128, 256, 19}, -4, 4);
      },
      {1, 128, 256, 19}, 512, 1024, constant({19}, 0.9), 100, true)));
  r.cases.push_back(bench_only(make_case(
      "",
      [] {
        return uniform({8, 128, 256, 19}, -4, 4);
      },
      {8, 128, 256, 19}, 512, 1024, constant({19}, 0.9), 100, true, kCudaFormats[1])));
}

}  // namespace segue::cases
