#include "kernels/pseudo_label.h"

#include "label_reference.h"

namespace segue::cases {
namespace {

template <class Exec>
void run(const Exec& e, Io& io) {
  const View histogram = io.out[2].shape().count() ? io.out[2].view() : View();
  const View confidence = io.out[1].shape().count() ? io.out[1].view() : View();
  kernels::pseudo_label(e, io.in[0].view(), io.in[1].view(), io.out[0].view(), confidence, histogram);
}

std::vector<Array> reference(const Io& io) {
  const Array before = io.out[2].array();
  PseudoReference r(io.in[0].array(), io.in[1].array(), before);
  if (io.out[1].shape().count() == 0) r.confidence = Array(Shape{0});
  if (before.count() == 0) r.histogram = Array(Shape{0});
  return {r.labels, r.confidence, r.histogram};
}

Shape leading(const Shape& logits) {
  Shape s;
  for (int i = 0; i + 1 < logits.dims(); ++i) s.push(logits[i]);
  return s;
}

Case make_case(const std::string& name, const Array& z, const Array& thresholds, int64_t bins, bool confidence,
               const Format& f = {}) {
  const int64_t classes = z.shape.channels();
  return {.op = "pseudo_label",
          .name = name,
          .make =
              [=] {
                Io io;
                io.in = {f(z), Buffer(thresholds, DType::f32)};
                io.out = {Buffer(leading(z.shape), DType::u8),
                          Buffer(confidence ? leading(z.shape) : Shape{0}, DType::f32),
                          Buffer(constant(bins ? Shape{classes, bins} : Shape{0, 0}, 5), DType::u64)};
                return io;
              },
          .cpu = f.cpu(run<CpuExec>),
          .cuda = SEGUE_CUDA_CALL(run<CudaExec>),
          .reference = reference,
          .longest_sum = {1, classes, 1},
          .bytes = double(z.count() * f.bytes() + leading(z.shape).count() * (confidence ? 5 : 1))};
}

/// Random logits whose every pixel is decided whatever the rounding: those that are not are drawn again.
Case random_case(const Shape& shape, int64_t bins, bool confidence = true, const Format& f = {}) {
  const int64_t classes = shape.channels();
  const Array thresholds = uniform({classes}, 0.2, 0.9, 3);
  Array z = f(uniform(shape, -4, 4)).array();
  for (int64_t p = 0; p < shape.pixels(); ++p)
    for (uint64_t draw = 1; !decided(vote(&z.v[size_t(p * classes)], classes), thresholds, bins); ++draw) {
      Array pixel(Shape{classes});
      for (int64_t c = 0; c < classes; ++c)
        pixel[c] = 8 * double(random_uniform({draw, 9}, 0, uint64_t(p * classes + c))) - 4;
      pixel = f(pixel).array();
      std::copy(pixel.v.begin(), pixel.v.end(), z.v.begin() + p * classes);
    }
  return make_case(f.name(shape) + "_bins" + std::to_string(bins) + (confidence ? "" : "_labels_only"), z, thresholds,
                   bins, confidence, f);
}

/// Confidences that f32 holds exactly: ties, thresholds met exactly and missed by one step, limits, and no numbers.
Case exact_case(const Format& f = {}) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  const double inf = HUGE_VAL, above_half = double(std::nextafter(0.5f, 1.f));
  Array z(Shape{13, 4});
  z.v = {2,    2,     2,    2,     // 1/4 each: the lowest class wins, 0.25 >= 0.25
         -300, 1,     -300, 1,     // 1/2 each: class 1, 0.5 >= 0.5
         -300, -300,  7,    7,     // 1/2 each: class 2, 0.5 < the next number
         0,    -500,  -500, -500,  // 1
         -500, -500,  -500, 0,     // 1 >= 1: class 3
         0,    -300,  0,    -300,  // class 0 with 1/2
         kNan, 3,     0,    0,     // a NaN first
         1,    3,     kNan, 0,     // a NaN behind
         kNan, kNan,  kNan, kNan,  //
         inf,  0,     0,    0,     //
         -inf, 5,     -inf, -inf,  // minus infinity is a legal logit: 1
         -inf, -inf,  -inf, -inf,  //
         1e30, -1e30, 0,    1};    // 1
  Array thresholds(Shape{4});
  thresholds.v = {0.25, 0.5, above_half, 1};
  return make_case(f.name(z.shape) + "_exact", z, thresholds, 4, true, f);
}

Case threshold_case(const std::string& name, double threshold, const Format& f = {}) {
  return make_case(f.name({257, 19}) + "_" + name, uniform({257, 19}, -4, 4), constant({19}, threshold), 0, true, f);
}

/// Only timed: its logits are drawn when they are asked for.
Case timed_case(const Shape& shape, const Format& f = {}) {
  const auto with = [=](const Array& z) {
    return bench_only(
        make_case(f.name(shape) + "_bins100", z, constant({shape.channels()}, 0.9), 100, /*confidence=*/true, f));
  };
  Case k = with(Array({1, shape.channels()}));
  k.make = [=] { return with(uniform(shape, -4, 4)).make(); };
  k.bytes *= double(shape.pixels());
  return k;
}

}  // namespace

void pseudo_label_cases(Registry& r) {
  for (int64_t classes : {1, 2, 19, 33, 255}) r.cases.push_back(random_case({131, classes}, 10));
  r.cases.push_back(random_case({2, 19, 33, 19}, 1));
  Case large = random_case({1, 9, 769, 19}, 100);
  large.cuda = nullptr;  // takes long on the host; with a pitch there are as many below
  r.cases.push_back(std::move(large));
  r.cases.push_back(random_case({1, 19}, 7));
  r.cases.push_back(random_case({3, 5, 7, 6}, 0, false));
  r.cases.push_back(exact_case());
  r.cases.push_back(threshold_case("threshold_0", 0));                                           // all are kept
  r.cases.push_back(threshold_case("threshold_1.5", 1.5));                                       // none
  r.cases.push_back(threshold_case("threshold_nan", std::numeric_limits<double>::quiet_NaN()));  // none
  for (const Format& f : kCudaFormats) {
    r.cases.push_back(random_case({7, 11, 29, 19}, 100, true, f));
    for (int64_t classes : {1, 2, 11, 27, 32, 33, 255}) r.cases.push_back(random_case({131, classes}, 10, true, f));
    r.cases.push_back(random_case({257, 19}, 1000, true, f));  // more counters than shared memory holds
    r.cases.push_back(random_case({3, 5, 7, 19}, 0, false, f));
    r.cases.push_back(threshold_case("threshold_nan", std::numeric_limits<double>::quiet_NaN(), f));
  }
  for (DType t : {DType::f32, DType::bf16}) r.cases.push_back(exact_case({t, 8}));  // f16 does not hold 1e30
  for (const Format& f : kOddFormats)
    for (int64_t classes : {19, 37}) r.cases.push_back(random_case({131, classes}, 10, true, f));
  r.cases.push_back(timed_case({1, 512, 1024, 19}));
  r.cases.push_back(timed_case({8, 512, 1024, 19}, kCudaFormats[1]));
}

}  // namespace segue::cases
