#include "stage_score.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "apps/evaluation.h"
#include "apps/records/example_files.h"
#include "apps/work_progress.h"
#include "data/image_file.h"
#include "data/resize.h"

namespace segue {
namespace {

constexpr int64_t kExamples = 4;

/// Images spread over the set.
int64_t example_image(int64_t number, int64_t size) { return number * size / std::min(kExamples, size); }

StageScore stage_score(const data::Scores& found, const data::ClassTable& classes) {
  const auto or_zero = [](double v) { return std::isnan(v) ? 0 : v; };
  StageScore score{or_zero(found.miou), or_zero(found.pixel_accuracy), {}};
  for (size_t k = 0; k < found.classes.size(); ++k) {
    const double iou = found.classes[k].iou;
    score.iou.emplace_back(classes.classes[k].name, std::isnan(iou) ? std::nullopt : std::optional(iou));
  }
  return score;
}

}  // namespace

PredictorOptions predictor_options(const Config& config) {
  const auto& size = config.get<std::vector<int64_t>>("data.resize");
  return {.height = size[0], .width = size[1]};
}

std::optional<StageScore> score_stage(Context& c, Segmenter& model, const SegmenterInfo& info, const data::DataSet& set,
                                      const data::ClassTable& classes, const PredictorOptions& options,
                                      const std::string& folder, const std::function<bool()>& go_on) {
  Predictor predictor(c, model, info, options);
  data::Evaluator evaluator(c, classes.size());
  WorkProgress progress("scoring", set.size());
  bool on = true;
  EvaluationSteps steps;
  steps.after = [&](int64_t done) {
    progress.at(done);
    return on = go_on();
  };
  steps.keep = [&](int64_t i, const data::Example& e, const data::Image& predictions) {
    for (int64_t n = 0; n < std::min(kExamples, set.size()); ++n) {
      if (example_image(n, set.size()) != i) continue;
      data::Image label(e.label.height, e.label.width, 1);
      data::ByteMap(*e.table).apply(e.label.px, label.px.data(), e.label.bytes());
      save_example(folder, n,
                   {.name = set.name(i),
                    .image = e.image,
                    .label = label.view(),
                    .prediction = predictions.view(),
                    .translation = {}},
                   classes);
    }
  };
  evaluate(c, predictor, set, evaluator, steps);
  if (!on) return std::nullopt;
  return stage_score(evaluator.result(), classes);
}

void save_translations(const std::string& folder, const data::DataSet& set, const LabelledFolder& translated) {
  for (int64_t n = 0; n < std::min(kExamples, set.size()); ++n) {
    const int64_t i = example_image(n, set.size());
    data::ExampleBuffer buffer;
    const data::Example e = set.read(i, buffer);
    const data::Image translation = data::read_image(translated.image_path(set.name(i)));
    data::Image label(e.label.height, e.label.width, 1);
    data::ByteMap(*e.table).apply(e.label.px, label.px.data(), e.label.bytes());
    save_example(folder, n,
                 {.name = set.name(i),
                  .image = e.image,
                  .label = label.view(),
                  .prediction = {},
                  .translation = translation.view()},
                 translated.classes());
  }
}

std::string score_text(const StageScore& score) {
  char text[80];
  std::snprintf(text, sizeof text, "mIoU %.2f %%, pixel accuracy %.2f %%", 100 * score.miou,
                100 * score.pixel_accuracy);
  return text;
}

}  // namespace segue
