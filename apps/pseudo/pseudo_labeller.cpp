#include "pseudo_labeller.h"

#include <algorithm>
#include <cmath>

#include "kernels/parallel.h"
#include "kernels/upsample_pseudo_label.h"
#include "runtime/memory.h"

namespace segue {

PseudoLabeller::PseudoLabeller(Context& c, Segmenter& model, const SegmenterInfo& info, const PredictorOptions& options)
    : c_(c),
      classes_(info.classes),
      averaged_(options.flip || options.scales.size() > 1),
      predictor_(c, model, info, options),
      device_thresholds_(c.persistent({classes_}, DType::f32, "thresholds")),
      histogram_(c.persistent({classes_, kBins}, DType::u64, "confidence_histogram")) {
  set_thresholds(std::vector<float>(size_t(classes_)));
}

void PseudoLabeller::set_thresholds(const std::vector<float>& thresholds) {
  require(int64_t(thresholds.size()) == classes_, "pseudo_label", "expects ", classes_, " thresholds; got ",
          thresholds.size());
  thresholds_ = thresholds;
  from_host(device_thresholds_, thresholds);
}

ConfidenceCounts PseudoLabeller::counts() const {
  ConfidenceCounts counts(classes_, kBins);
  copy_memory(counts.counts.data(), histogram_.data(), size_t(histogram_.bytes()));
  return counts;
}

void PseudoLabeller::set_counts(const ConfidenceCounts& counts) {
  require(counts.classes == classes_ && counts.bins == kBins, "pseudo_label", "expects counts of ", classes_,
          " classes in ", kBins, " bins; got ", counts.classes, " and ", counts.bins);
  copy_memory(histogram_.data(), counts.counts.data(), size_t(histogram_.bytes()));
}

void PseudoLabeller::label(const data::ImageView& image, bool count, data::Image& train_ids) {
  train_ids = data::Image(image.height, image.width, 1);
  predictor_.run(image, [&](const Tensor& y) {
    if (averaged_) return label_probabilities(y, count, train_ids);
    const Tensor labels = c_.empty({1, image.height, image.width}, DType::u8, "labels");
    c_.run(SEGUE_KERNEL(upsample_pseudo_label), y, device_thresholds_, out(labels), out(Tensor()),
           out(count ? histogram_ : Tensor()));
    copy_memory(train_ids.px.data(), labels.data(), train_ids.px.size());
  });
}

/// On the host: the kernel takes logits, and what softmax makes of the logarithm of a mean of probabilities would cost more to get there
/// than to be labelled here.
void PseudoLabeller::label_probabilities(const Tensor& p, bool count, data::Image& train_ids) {
  require(p.shape()[1] == train_ids.height && p.shape()[2] == train_ids.width && p.shape()[3] == classes_,
          "pseudo_label", "expects probabilities of the image's size; got ", p.shape());
  constexpr int64_t kRowsOfBlock = 16;
  const std::vector<float> values = to_host(p);
  const int64_t height = train_ids.height, width = train_ids.width;
  std::vector<ConfidenceCounts> found(size_t(block_count(height, kRowsOfBlock)));
  parallel_blocks(height, kRowsOfBlock, [&](int64_t block, int64_t begin, int64_t end) {
    ConfidenceCounts counts(classes_, kBins);
    for (int64_t i = begin * width; i < end * width; ++i) {
      const float* q = values.data() + i * classes_;
      const auto k = std::max_element(q, q + classes_) - q;
      const bool number = std::all_of(q, q + classes_, [](float v) { return v >= 0; });
      train_ids.px[size_t(i)] = number && q[k] >= thresholds_[size_t(k)] ? uint8_t(k) : data::kIgnore;
      if (number) ++counts.counts[size_t(k * kBins + std::min(int64_t(q[k] * float(kBins)), kBins - 1))];
    }
    if (count) found[size_t(block)] = std::move(counts);
  });
  if (!count) return;
  ConfidenceCounts sum = this->counts();
  for (const ConfidenceCounts& part : found)
    for (size_t i = 0; i < part.counts.size(); ++i) sum.counts[i] += part.counts[i];
  set_counts(sum);
}

}  // namespace segue
