#include "kernels/cutmix.h"

#include <limits>

#include "cases_of.h"
#include "kernels/status.h"

namespace segue::cases {
namespace {

struct Setup {
  std::string name;
  Shape shape;                  // (N,H,W,C)
  Array boxes = {}, mask = {};  // one of them has elements
  int classes = 19, ignore = 255;
  bool weights = true;  // of both sides; else none, and ones are written
  bool bad_labels = false;
  bool in_place = false;  // b is the result
  Format format = {};     // of the images
};

constexpr double kUntouched = 9;  // status bits that were there before

// in: image, label, weight of a, then of b, then boxes or mask. out: image, label, weight, status.
Io operands(const Setup& s) {
  const Shape pixels{s.shape[0], s.shape[1], s.shape[2]};
  const auto side = [&](uint64_t salt) {
    Array l = labels(pixels, s.classes, 5, salt);
    if (s.bad_labels)
      for (int64_t i = int64_t(salt); i < l.count(); i += 11) l[i] = s.classes + double(i % 3);
    return std::vector<Buffer>{s.format(uniform(s.shape, -2, 2, salt)), Buffer(l, DType::u8),
                               Buffer(uniform(pixels, 0, 1, salt + 20), DType::f32)};
  };
  Io io;
  const std::vector<Buffer> a = side(1), b = side(2);
  io.in = a;
  if (s.in_place) {
    io.in.push_back(s.boxes.count() ? Buffer(s.boxes, DType::i32) : Buffer(s.mask, DType::u8));
    io.out = b;
  } else {
    io.in.insert(io.in.end(), b.begin(), b.end());
    io.in.push_back(s.boxes.count() ? Buffer(s.boxes, DType::i32) : Buffer(s.mask, DType::u8));
    io.out = {s.format(s.shape), Buffer(pixels, DType::u8), Buffer(pixels, DType::f32)};
  }
  io.out.push_back(Buffer(constant({}, kUntouched - 1), DType::u32));
  return io;
}

template <class Exec>
void run(const Exec& e, Io& io, const Setup& s) {
  const auto side = [&](std::vector<Buffer>& from, size_t first) {
    return kernels::MixSide{from[first].view(), from[first + 1].view(), s.weights ? from[first + 2].view() : View()};
  };
  const View last = io.in.back().view();
  kernels::cutmix(e, side(io.in, 0), s.in_place ? side(io.out, 0) : side(io.in, 3), s.boxes.count() ? last : View(),
                  s.boxes.count() ? View() : last, io.out[0].view(), io.out[1].view(), io.out[2].view(),
                  io.out[3].view(), {.classes = s.classes, .ignore = s.ignore});
}

std::vector<Array> reference(const Io& io, const Setup& s) {
  const auto part = [&](size_t i) { return s.in_place && i >= 3 ? io.out[i - 3].array() : io.in[i].array(); };
  const Array image_a = part(0), label_a = part(1), weight_a = part(2);
  const Array image_b = part(3), label_b = part(4), weight_b = part(5);
  const int64_t height = s.shape[1], width = s.shape[2], channels = s.shape[3];
  Array image(s.shape), label(label_a.shape), weight(label_a.shape), status = io.out[3].array();
  const auto bad = [&](double l) { return l >= s.classes && l != s.ignore; };
  bool any = false;
  for (int64_t p = 0; p < label.count(); ++p) {
    const int64_t n = p / (height * width), y = p / width % height, x = p % width;
    bool from_a;
    if (s.boxes.count()) {
      const double* b = &s.boxes.v[size_t(4 * n)];
      from_a = double(y) >= b[0] && double(y) < b[0] + b[2] && double(x) >= b[1] && double(x) < b[1] + b[3];
    } else {
      const int64_t known = s.mask.shape.channels(), l = int64_t(label_a[p]);
      const int64_t row = s.mask.shape.dims() == 2 ? n : 0;
      from_a = !bad(double(l)) && l < known && s.mask[row * known + l] != 0;
      any |= bad(double(l));
    }
    for (int64_t c = 0; c < channels; ++c) image[p * channels + c] = (from_a ? image_a : image_b)[p * channels + c];
    const double l = (from_a ? label_a : label_b)[p];
    any |= bad(l);
    label[p] = bad(l) ? s.ignore : l;
    weight[p] = !s.weights ? 1 : (from_a ? weight_a : weight_b)[p];
  }
  if (any) status[0] = double(uint32_t(status[0]) | kStatusBadLabel);
  return {image, label, weight, status};
}

Case make_case(const Setup& s) {
  const double pixels = double(s.shape.pixels()), channels = double(s.shape[3]);
  return {.op = "cutmix",
          .name = s.format.name(s.shape) + "_" + s.name,
          .make = [=] { return operands(s); },
          .cpu = s.format.cpu([=](const CpuExec& e, Io& io) { run(e, io, s); }),
          .cuda = SEGUE_CUDA_CALL([=](const CudaExec& e, Io& io) { run(e, io, s); }),
          .reference = [=](const Io& io) { return reference(io, s); },
          .bytes = pixels * (double(2 * s.format.bytes()) * channels + 10 + (s.mask.count() ? 1 : 0))};
}

Array boxes(const std::vector<double>& values) {
  Array a(Shape{int64_t(values.size()) / 4, 4});
  a.v = values;
  return a;
}

/// Every third class pasted, others in the next sample.
Array mask(const Shape& shape) {
  Array a(shape);
  const int64_t known = shape.channels();
  for (int64_t i = 0; i < a.count(); ++i) a[i] = (i % known + i / known) % 3 == 0 ? double(1 + i % 2 * 254) : 0;
  return a;
}

}  // namespace

void cutmix_cases(Registry& r) {
  constexpr double kMost = std::numeric_limits<int32_t>::max(), kLeast = std::numeric_limits<int32_t>::min();
  // Whole, empty by height, inside, at the lower right border, cut off above and left, beyond every border.
  const Array six = boxes({0, 0, 9, 13, 2, 3, 0, 5, 2, 3, 4, 5, 5, 8, 4, 5, -3, -2, 7, 6, -100, -100, 300, 300});
  // Not boxes at all: outside, negative sizes, sums beyond 32 bits.
  const Array wild = boxes({20,     20,     5,     5,     4,     4,     -2,    -2,    1, 1, kMost, kMost,
                            kLeast, kLeast, kMost, kMost, kMost, kMost, kMost, kMost, 3, 3, 2,     kLeast});
  r.cases.push_back(make_case({.name = "boxes", .shape = {6, 9, 13, 3}, .boxes = six}));
  r.cases.push_back(make_case({.name = "wild_boxes", .shape = {6, 9, 13, 3}, .boxes = wild}));
  r.cases.push_back(make_case({.name = "no_weights", .shape = {6, 9, 13, 3}, .boxes = six, .weights = false}));
  r.cases.push_back(make_case({.name = "in_place", .shape = {6, 9, 13, 3}, .boxes = six, .in_place = true}));
  r.cases.push_back(make_case({.name = "bad_labels", .shape = {6, 9, 13, 3}, .boxes = six, .bad_labels = true}));
  r.cases.push_back(make_case({.name = "one_pixel", .shape = {1, 1, 1, 1}, .boxes = boxes({0, 0, 1, 1})}));
  r.cases.push_back(make_case({.name = "mask", .shape = {2, 33, 19, 3}, .mask = mask({19})}));
  r.cases.push_back(make_case({.name = "mask_by_sample", .shape = {3, 7, 769, 3}, .mask = mask({3, 19})}));
  r.cases.push_back(make_case({.name = "mask_of_7", .shape = {2, 9, 13, 3}, .mask = mask({7}), .classes = 33}));
  // With 256 entries `ignore` can be pasted too.
  r.cases.push_back(make_case({.name = "mask_of_256", .shape = {2, 9, 13, 3}, .mask = mask({256}), .classes = 33}));
  r.cases.push_back(make_case({.name = "mask_of_none", .shape = {2, 9, 13, 3}, .mask = constant({19}, 0)}));
  r.cases.push_back(
      make_case({.name = "mask_bad_labels", .shape = {2, 9, 13, 3}, .mask = constant({256}, 1), .bad_labels = true}));
  r.cases.push_back(
      make_case({.name = "mask_in_place", .shape = {2, 9, 13, 3}, .mask = mask({19}), .ignore = 3, .in_place = true}));
  for (const Format& f : kCudaFormats) {
    r.cases.push_back(make_case({.name = "boxes", .shape = {6, 9, 13, 3}, .boxes = six, .format = f}));
    r.cases.push_back(
        make_case({.name = "in_place", .shape = {6, 9, 13, 3}, .boxes = wild, .in_place = true, .format = f}));
    r.cases.push_back(make_case(
        {.name = "mask_by_sample", .shape = {3, 7, 769, 3}, .mask = mask({3, 19}), .bad_labels = true, .format = f}));
  }
  for (const Format& f : kOddFormats)
    r.cases.push_back(make_case({.name = "mask", .shape = {2, 33, 19, 11}, .mask = mask({19}), .format = f}));
  r.cases.push_back(bench_only(make_case({.name = "boxes",
                                          .shape = {2, 512, 1024, 3},
                                          .boxes = boxes({100, 200, 300, 500, 0, 0, 256, 1024}),
                                          .format = kCudaFormats[1]})));
  r.cases.push_back(bench_only(
      make_case({.name = "boxes", .shape = {2, 512, 1024, 3}, .boxes = boxes({100, 200, 300, 500, 0, 0, 256, 1024})})));
  r.cases.push_back(bench_only(make_case({.name = "mask", .shape = {2, 512, 1024, 3}, .mask = mask({2, 19})})));
}

}  // namespace segue::cases
