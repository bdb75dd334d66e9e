#include "label_norm.h"
#include "label_reader.h"
#include "parallel.h"

namespace segue::kernels {
namespace {

constexpr int64_t kGrain = 1 << 15;

/// Sum over the labels [begin, end) of 1, for the plain count: integers, so the loop is vectorised.
double count_labels(const uint8_t* labels, int64_t begin, int64_t end, int classes, int ignore, bool& bad) {
  int32_t good = 0, wrong = 0;
  for (int64_t i = begin; i < end; ++i) {
    const int label = labels[i];
    good += int(label < classes) & int(label != ignore);
    wrong |= int(label >= classes) & int(label != ignore);
  }
  bad = wrong != 0;
  return good;
}

double sum_weights(LabelReader read, int64_t begin, int64_t end, bool& bad) {
  double sum = 0;
  for (int64_t i = begin; i < end; ++i) sum += double(read(i).weight);
  bad = read.bad();
  return sum;
}

}  // namespace

void label_norm(const CpuExec& exec, const View& labels, const View& weights, const View& class_weights,
                const View& inv_norm, const View& status, int64_t classes, const LabelOptions& options) {
  check_label_views("label_norm", labels, weights, class_weights, inv_norm, status, labels.shape, classes);
  const int64_t n = labels.count(), blocks = block_count(n, kGrain);
  const bool weighted = options.normalizer == Normalizer::weights && (weights || class_weights);
  auto* partial = static_cast<double*>(exec.scratch->get(size_t(blocks) * sizeof(double)));
  const LabelReader reader(labels, weights, class_weights, classes, options.ignore);
  parallel_blocks(n, kGrain, [&](int64_t block, int64_t begin, int64_t end) {
    bool bad = false;
    partial[block] = weighted ? sum_weights(reader, begin, end, bad)
                              : count_labels(labels.as<uint8_t>(), begin, end, int(classes), options.ignore, bad);
    if (bad) set_status(status, kStatusBadLabel);
  });
  double norm = 0;
  for (int64_t b = 0; b < blocks; ++b) norm += partial[b];
  if (options.normalizer == Normalizer::all) norm = double(n);
  *inv_norm.as<float>() = norm != 0 ? float(1 / norm) : 0.f;
}

}  // namespace segue::kernels
