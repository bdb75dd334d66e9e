#include "kernels/confusion.h"

#include "cases_of.h"
#include "kernels/status.h"

namespace segue::cases {
namespace {

std::vector<Array> count(const Io& io, int ignore) {
  const Array predictions = io.in[0].array(), labels = io.in[1].array();
  Array matrix = io.out[0].array(), status = io.out[1].array();
  const int64_t classes = matrix.shape.channels();
  bool bad = false;
  for (int64_t i = 0; i < labels.count(); ++i) {
    const auto t = int64_t(labels[i]), p = int64_t(predictions[i]);
    if (t == ignore) continue;
    if (t >= classes || p >= classes)
      bad = true;
    else
      matrix[t * classes + p] += 1;
  }
  if (bad) status[0] = double(uint32_t(status[0]) | kStatusBadLabel);
  return {matrix, status};
}

/// Counts from before, some beyond 32 bits.
Array earlier_counts(int64_t classes) {
  Array m({classes, classes});
  for (int64_t i = 0; i < m.count(); ++i) m[i] = i % 3 == 0 ? 4294967295.0 : double(i);
  return m;
}

Case confusion_case(const std::string& name, int64_t classes, int ignore, std::function<Array()> predictions,
                    std::function<Array()> labels) {
  const auto run = [ignore](const auto& e, Io& io) {
    kernels::confusion(e, io.in[0].view(), io.in[1].view(), io.out[0].view(), io.out[1].view(), ignore);
  };
  return {.op = "confusion",
          .name = name,
          .make =
              [=] {
                // Another bit of the status word, which must stay.
                return Io{{Buffer(predictions(), DType::u8), Buffer(labels(), DType::u8)},
                          {Buffer(earlier_counts(classes), DType::u64), Buffer(constant({}, 4), DType::u32)}};
              },
          .cpu = [run](const CpuExec& e, Io& io) { run(e, io); },
          .cuda = SEGUE_CUDA_CALL([run](const CudaExec& e, Io& io) { run(e, io); }),
          .reference = [ignore](const Io& io) { return count(io, ignore); }};
}

/// Each value `run` times in a row: label maps consist of areas.
Array in_runs(Array a, int64_t run) {
  for (int64_t i = 0; i < a.count(); ++i) a[i] = a[i - i % run];
  return a;
}

/// Good labels, a seventh of them ignored.
Case sound_case(const Shape& shape, int64_t classes, int64_t run) {
  Case k = confusion_case(
      case_name(shape) + "_of_" + std::to_string(classes) + "_runs_" + std::to_string(run), classes, 255,
      [=] { return in_runs(labels(shape, classes, 0, 1), run); },
      [=] { return in_runs(labels(shape, classes, 7, 2), run); });
  k.bytes = 2.0 * double(shape.count());
  return k;
}

/// Every pair of a label in 0 .. 255 with a prediction around the number of classes, in range and out.
Case every_value_case(int64_t classes, int ignore) {
  const Shape shape{256, 5};
  return confusion_case(
      "every_label_of_" + std::to_string(classes) + "_ignore_" + std::to_string(ignore + 1), classes, ignore,
      [=] {
        const double values[5] = {0, double(classes - 1), double(std::min<int64_t>(classes, 255)), 254, 255};
        Array a(shape);
        for (int64_t i = 0; i < a.count(); ++i) a[i] = values[i % 5];
        return a;
      },
      [=] {
        Array a(shape);
        for (int64_t i = 0; i < a.count(); ++i) a[i] = double(i / 5);
        return a;
      });
}

/// One value among good ones: does it set the status, and only where it should?
Case single_case(const std::string& name, double label, double prediction) {
  const Shape shape{769};
  const auto with = [=](double value, uint64_t salt) {
    Array a = labels(shape, 19, 0, salt);
    a[700] = value;
    return a;
  };
  return confusion_case(
      "single_" + name, 19, 255, [=] { return with(prediction, 1); }, [=] { return with(label, 2); });
}

}  // namespace

void confusion_cases(Registry& r) {
  for (int64_t classes : {1, 2, 19, 33, 110, 111, 256}) r.cases.push_back(sound_case({769}, classes, 1));
  for (int64_t n : {1, 15, 33, 4097}) r.cases.push_back(sound_case({n}, 19, 1));
  r.cases.push_back(sound_case({200003}, 19, 5));
  r.cases.push_back(sound_case({200003}, 256, 50));
  r.cases.push_back(sound_case({3, 19, 33}, 19, 3));
  for (int64_t classes : {1, 19, 33, 255, 256})
    for (int ignore : {255, 3, -1}) r.cases.push_back(every_value_case(classes, ignore));
  r.cases.push_back(single_case("ignored", 255, 0));
  r.cases.push_back(single_case("ignored_with_bad_prediction", 255, 19));
  r.cases.push_back(single_case("label_19", 19, 0));
  r.cases.push_back(single_case("label_254", 254, 0));
  r.cases.push_back(single_case("prediction_19", 0, 19));
  r.cases.push_back(single_case("prediction_255", 0, 255));
  r.cases.push_back(bench_only(sound_case({4, 1024, 2048}, 19, 16)));
}

}  // namespace segue::cases
