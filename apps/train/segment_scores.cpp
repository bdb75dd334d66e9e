// What a segmentation model in training can do: scores and samples.
#include <algorithm>
#include <cmath>
#include <utility>

#include "apps/evaluation.h"
#include "data/resize.h"
#include "module_mode.h"
#include "pictures.h"
#include "segment_task.h"

namespace segue {
namespace {

constexpr int64_t kPictures = 3, kPicturePx = 512;

Scores scores_of(const data::Scores& s, const data::ClassTable& classes) {
  constexpr size_t kMostColumns = 110;
  Scores scores;
  scores.value = std::isfinite(s.miou) ? s.miou : -1;
  Json iou = Json::object();
  std::string row = " ";
  std::vector<std::string> rows;
  for (size_t i = 0; i < s.classes.size(); ++i) {
    const double v = s.classes[i].iou;
    iou.set(classes.classes[i].name, v);
    char text[20];
    std::snprintf(text, sizeof text, " %.1f", 100 * v);
    const std::string cell = cat("  ", classes.classes[i].name, std::isfinite(v) ? text : " -");
    if (row.size() + cell.size() > kMostColumns) rows.push_back(std::exchange(row, " "));
    row += cell;
  }
  rows.push_back(row);
  scores.record.set("miou", s.miou).set("pixel_acc", s.pixel_accuracy).set("mean_acc", s.mean_accuracy).set("iou", iou);
  char text[120];
  std::snprintf(text, sizeof text,
                "evaluated: mIoU %.2f  pixel accuracy %.2f  mean accuracy %.2f; IoU by class, in %%:", 100 * s.miou,
                100 * s.pixel_accuracy, 100 * s.mean_accuracy);
  scores.lines.push_back(text);
  scores.lines.insert(scores.lines.end(), rows.begin(), rows.end());
  return scores;
}

}  // namespace

Predictor& SegmentTask::predictor() {
  if (!predictor_) {
    const data::AugmentOptions size = augment_options(config_);
    predictor_ = std::make_unique<Predictor>(
        c_, scored_model(), info_, PredictorOptions{.height = size.resize_height, .width = size.resize_width});
    evaluator_ = std::make_unique<data::Evaluator>(c_, info_.classes);
  }
  evaluator_->reset();
  return *predictor_;
}

Scores SegmentTask::evaluate(const std::function<bool(double)>& go_on) {
  Predictor& with = predictor();
  const InMode mode(scored_model(), false);
  int64_t images = 0;
  for (const data::DataShare& part : val_) images += part.set->size();
  bool whole = true;
  for (const data::DataShare& part : val_) {
    const int64_t before = evaluator_->images();
    const auto after = [&](int64_t done) { return whole = go_on(double(before + done) / double(images)); };
    if (whole) segue::evaluate(c_, with, *part.set, *evaluator_, {.after = after});
  }
  return whole ? scores_of(evaluator_->result(), classes_) : Scores();
}

/// Image, label and prediction beside each other.
std::vector<Picture> SegmentTask::pictures() {
  std::vector<Picture> pictures;
  const data::DataSet& set = *(val_.empty() ? train_.mix : val_)[0].set;
  Predictor& with = predictor();
  const InMode mode(scored_model(), false);
  for (int64_t i = 0; i < std::min(kPictures, set.size()); ++i) {
    data::ExampleBuffer buffer;
    const data::Example example = set.read(i, buffer);
    data::Image predictions;
    with.run(example.image,
             [&](const Tensor& logits) { evaluator_->add(logits, example.label, *example.table, &predictions); });
    const auto size = shown_size(example.image, kPicturePx);
    data::Image label = data::resize_nearest(example.label, size[0], size[1]);
    data::ByteMap(*example.table).apply(label.px.data(), label.px.data(), label.view().bytes());
    const data::Image small = data::resize_nearest(predictions.view(), size[0], size[1]);
    pictures.push_back(picture_of(cat(val_.empty() ? "train_" : "val_", i),
                                  beside({data::resize_antialias(example.image, size[0], size[1]),
                                          colored(label.view(), classes_), colored(small.view(), classes_)})));
  }
  return pictures;
}

}  // namespace segue
