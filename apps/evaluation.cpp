#include "evaluation.h"

#include <algorithm>
#include <thread>

#include "image_pipeline.h"

namespace segue {

int64_t image_helpers(Context& c) {
  // On the CPU the model is what takes the time, and needs the cores.
  if (c.options().device == DeviceType::cpu) return 1;
  return std::clamp<int64_t>(int64_t(std::thread::hardware_concurrency()) - 1, 1, 8);
}

void evaluate(Context& c, Predictor& predictor, const data::DataSet& set, data::Evaluator& evaluator,
              const EvaluationSteps& steps) {
  require(set.labelled(), "evaluate", "expects a labelled data set");
  struct Item {
    data::ExampleBuffer buffer, label_buffer;
    data::Example example;
    data::Image predictions;
  };
  image_pipeline<Item>(
      set.size(), image_helpers(c),
      [&](int64_t i, Item& item) {
        item.example = set.read_label(i, item.label_buffer);
        item.example.image = set.read_image(i, item.buffer).image;
      },
      [&](int64_t i, Item& item) {
        const data::Example& e = item.example;
        predictor.run(e.image, [&](const Tensor& logits) {
          evaluator.add(logits, e.label, *e.table, steps.keep ? &item.predictions : nullptr);
        });
        return !steps.after || steps.after(i + 1);
      },
      [&](int64_t i, Item& item) {
        if (steps.keep) steps.keep(i, item.example, item.predictions);
      });
}

}  // namespace segue
