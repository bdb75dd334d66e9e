#include "confusion.h"

#include <cmath>
#include <limits>

#include "kernels/error.h"

namespace segue::data {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

double ratio(uint64_t part, uint64_t whole) { return whole > 0 ? double(part) / double(whole) : kNone; }

class Mean {
 public:
  void add(double v) {
    if (std::isnan(v)) return;
    sum_ += v;
    ++count_;
  }
  double value() const { return count_ > 0 ? sum_ / double(count_) : kNone; }

 private:
  double sum_ = 0;
  int64_t count_ = 0;
};

}  // namespace

void IdConfusion::add(const ImageView& label_ids, const ImageView& predicted_ids) {
  require(label_ids.channels == 1 && predicted_ids.channels == 1 && label_ids.height == predicted_ids.height &&
              label_ids.width == predicted_ids.width,
          "confusion", "expects two label images of equal size; got ", label_ids.height, "x", label_ids.width, "x",
          label_ids.channels, " and ", predicted_ids.height, "x", predicted_ids.width, "x", predicted_ids.channels);
  for (int64_t i = 0; i < label_ids.bytes(); ++i)
    ++counts_[size_t(label_ids.px[i]) * 256 + size_t(predicted_ids.px[i])];
}

Confusion IdConfusion::by_class(const LabelTable& to_train, int64_t classes) const {
  Confusion c(classes);
  const auto place = [&](int64_t id) {
    const int64_t k = to_train[size_t(id)];
    return k < classes ? k : classes;
  };
  for (int64_t label = 0; label < 256; ++label)
    for (int64_t prediction = 0; prediction < 256; ++prediction)
      c.at(place(label), place(prediction)) += at(label, prediction);
  return c;
}

Scores score(const Confusion& confusion) {
  const int64_t n = confusion.classes();
  Scores s;
  uint64_t correct = 0;
  std::vector<uint64_t> with_label(size_t(n), 0),
      predicted(size_t(n), 0);  // pixels of a class in labels, in predictions
  for (int64_t label = 0; label < n; ++label) {
    for (int64_t prediction = 0; prediction <= n; ++prediction) {
      const uint64_t count = confusion.at(label, prediction);
      with_label[size_t(label)] += count;
      // Row n is left out: what is predicted on ignored pixels is not wrong.
      if (prediction < n) predicted[size_t(prediction)] += count;
    }
    s.pixels += with_label[size_t(label)];
    correct += confusion.at(label, label);
  }
  Mean iou, accuracy;
  for (int64_t k = 0; k < n; ++k) {
    const uint64_t hit = confusion.at(k, k), labelled = with_label[size_t(k)];
    s.classes.push_back({.iou = ratio(hit, labelled + predicted[size_t(k)] - hit),
                         .accuracy = ratio(hit, labelled),
                         .share = ratio(labelled, s.pixels)});
    iou.add(s.classes.back().iou);
    accuracy.add(s.classes.back().accuracy);
  }
  s.miou = iou.value();
  s.mean_accuracy = accuracy.value();
  s.pixel_accuracy = ratio(correct, s.pixels);
  return s;
}

double mean_iou(const Scores& scores, const std::vector<uint8_t>& train_ids) {
  Mean iou;
  for (const uint8_t k : train_ids) {
    require(k < scores.classes.size(), "mean_iou", "expects classes below ", scores.classes.size(), "; got ", int(k));
    iou.add(scores.classes[k].iou);
  }
  return iou.value();
}

}  // namespace segue::data
