#include "kernels/upsample_confusion.h"

#include "kernels/status.h"
#include "label_reference.h"

namespace segue::cases {
namespace {

std::vector<Array> reference(const Io& io, int ignore) {
  const Array labels = io.in[1].array();
  Array matrix = io.out[0].array(), predictions(labels.shape), status = io.out[2].array();
  const Array z = upsampled(io.in[0].array(), labels.shape[1], labels.shape[2]);
  const int64_t classes = z.shape[3];
  for (int64_t p = 0; p < labels.count(); ++p) {
    const int64_t winner = vote(&z.v[size_t(p * classes)], classes).winner, label = int64_t(labels[p]);
    predictions[p] = double(winner);
    if (label == ignore) continue;
    if (label < classes)
      matrix[label * classes + winner] += 1;
    else
      status[0] = double(uint32_t(status[0]) | kStatusBadLabel);
  }
  if (io.out[1].shape().count() == 0) predictions = Array(Shape{0});
  return {matrix, predictions, status};
}

struct Setup {
  std::string name = {};
  int ignore = 255;
  bool predictions = true;
  std::function<Array(const Shape&)> truth = {};  // empty: classes and one pixel in five ignored
  std::function<Array()> logits = {};             // empty: random, decided whatever the rounding
  Format format = {};
};

Array decided_logits(const Shape& low, int64_t height, int64_t width, const Format& format) {
  for (uint64_t salt = 1;; ++salt) {
    const Array z = format(uniform(low, -4, 4, salt)).array(), full = upsampled(z, height, width);
    bool all = true;
    for (int64_t p = 0; all && p < full.shape.pixels(); ++p)
      all = vote(&full.v[size_t(p * low[3])], low[3]).lead > 1e-5;
    if (all) return z;
  }
}

Case make_case(const Shape& low, int64_t height, int64_t width, const Setup& s = {}) {
  const int64_t classes = low[3];
  const Shape full{low[0], height, width};
  const auto run = [=](const auto& e, Io& io) {
    kernels::upsample_confusion(e, io.in[0].view(), io.in[1].view(), io.out[0].view(),
                                s.predictions ? io.out[1].view() : View(), io.out[2].view(), s.ignore);
  };
  return {.op = "upsample_confusion",
          .name = s.format.name(low) + "_to_" + case_name({height, width}) + s.name,
          .make =
              [=] {
                const Array truth = s.truth ? s.truth(full) : labels(full, classes, classes == 256 ? 0 : 5);
                Io io;
                io.in = {s.format(s.logits ? s.logits() : decided_logits(low, height, width, s.format)),
                         Buffer(truth, DType::u8)};
                io.out = {Buffer(constant({classes, classes}, 7), DType::u64),
                          Buffer(s.predictions ? full : Shape{0}, DType::u8), Buffer(constant({}, 8), DType::u32)};
                return io;
              },
          .cpu = s.format.cpu([=](const CpuExec& e, Io& io) { run(e, io); }),
          .cuda = SEGUE_CUDA_CALL([=](const CudaExec& e, Io& io) { run(e, io); }),
          .reference = [=](const Io& io) { return reference(io, s.ignore); },
          .bytes = double(low.count() * s.format.bytes() + full.count() * (s.predictions ? 2 : 1))};
}

/// Ties on the grid of 1/8, where 4x weights are exact: the lowest class wins; and a NaN, which never does.
Array tied() {
  Array z(Shape{1, 3, 4, 5});
  for (int64_t i = 0; i < z.count(); ++i) z[i] = double((i * 7) % 3) / 8;
  z.at(0, 0, 0, 0) = z.at(0, 2, 3, 4) = std::numeric_limits<double>::quiet_NaN();
  return z;
}

Array with_bad(const Shape& shape) {
  Array a = labels(shape, 19, 4);
  a[0] = 19;
  a[a.count() - 1] = 254;
  return a;
}

}  // namespace

void upsample_confusion_cases(Registry& r) {
  r.cases.push_back(make_case({2, 5, 7, 19}, 20, 28));
  r.cases.push_back(make_case({1, 3, 5, 33}, 9, 17));
  r.cases.push_back(make_case({1, 4, 4, 2}, 7, 13));
  r.cases.push_back(make_case({1, 2, 3, 256}, 5, 131, {.ignore = -1}));
  r.cases.push_back(make_case({1, 1, 1, 19}, 33, 3));
  r.cases.push_back(make_case({1, 9, 11, 19}, 4, 5));
  r.cases.push_back(make_case({3, 6, 9, 1}, 6, 9));
  r.cases.push_back(make_case({1, 9, 33, 5}, 34, 769));
  r.cases.push_back(make_case({2, 3, 4, 19}, 12, 16, {.name = "_matrix_only", .predictions = false}));
  r.cases.push_back(make_case({2, 3, 4, 19}, 12, 16, {.name = "_ignore_class_3", .ignore = 3}));
  r.cases.push_back(make_case({2, 3, 4, 19}, 12, 16,
                              {.name = "_all_ignored", .truth = [](const Shape& s) { return constant(s, 255); }}));
  r.cases.push_back(make_case({2, 3, 4, 19}, 12, 16, {.name = "_bad_labels", .truth = with_bad}));
  r.cases.push_back(make_case({1, 3, 4, 5}, 12, 16, {.name = "_ties", .logits = tied}));
  // CUDA only. Sizes with several tiles of cells, patches of a cell, and too many classes for a matrix in shared memory.
  for (const Format& f : kCudaFormats) {
    r.cases.push_back(make_case({2, 19, 33, 19}, 75, 131, {.format = f}));
    r.cases.push_back(make_case({1, 3, 5, 19}, 24, 80, {.format = f}));
    r.cases.push_back(make_case({1, 2, 3, 200}, 5, 131, {.ignore = -1, .format = f}));
    r.cases.push_back(make_case({3, 6, 9, 1}, 6, 9, {.format = f}));
    r.cases.push_back(make_case({1, 9, 11, 2}, 4, 5, {.format = f}));
    r.cases.push_back(make_case({1, 3, 4, 5}, 12, 16, {.name = "_ties", .logits = tied, .format = f}));
    r.cases.push_back(make_case({2, 3, 4, 19}, 12, 16, {.name = "_bad_labels", .truth = with_bad, .format = f}));
  }
  for (const Format& f : kOddFormats) r.cases.push_back(make_case({2, 5, 7, 19}, 20, 28, {.format = f}));
  r.cases.push_back(bench_only(make_case({1, 128, 256, 19}, 512, 1024, {.logits = [] {
                                           return uniform({1, 128, 256, 19}, -4, 4);
                                         }})));
  // A validation image of Cityscapes.
  const auto logits = [] { return uniform({1, 256, 512, 19}, -4, 4); };
  r.cases.push_back(
      bench_only(make_case({1, 256, 512, 19}, 1024, 2048, {.logits = logits, .format = kCudaFormats[1]})));
}

}  // namespace segue::cases
