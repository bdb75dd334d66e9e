#include "evaluator.h"

#include <algorithm>

#include "kernels/upsample_confusion.h"
#include "resize.h"
#include "runtime/memory.h"

namespace segue::data {

Evaluator::Evaluator(Context& c, int64_t classes) : c_(c), classes_(classes) {
  require(classes >= 1 && classes <= 255, "evaluator", "expects 1 to 255 classes; got ", classes);
  matrix_ = c.persistent({classes, classes}, DType::u64, "evaluator");
}

void Evaluator::add(const Tensor& logits, const ImageView& label, const LabelTable& table, Image* predictions) {
  require(label && label.channels == 1, "evaluator", "expects a label image (H,W,1); got ", label.height, "x",
          label.width, "x", label.channels);
  require(logits.shape().dims() == 4 && logits.shape()[0] == 1 && logits.shape()[3] == classes_, "evaluator",
          "expects logits (1,h,w,", classes_, "); got ", logits.shape());
  require(std::all_of(table.begin(), table.end(), [&](uint8_t k) { return k == kIgnore || k < classes_; }), "evaluator",
          "expects a table of train ids below ", classes_, ", the classes of the model");
  train_ids_.resize(size_t(label.bytes()));
  ByteMap(table).apply(label.px, train_ids_.data(), label.bytes());
  const Shape shape = {1, label.height, label.width};
  const Tensor labels = c_.empty(shape, DType::u8, "evaluator");
  copy_memory(labels.data(), train_ids_.data(), train_ids_.size());
  const Tensor predicted = predictions ? c_.empty(shape, DType::u8, "evaluator") : Tensor();
  c_.run(SEGUE_KERNEL(upsample_confusion), logits, labels, out(matrix_), out(predicted), out(c_.status()),
         int(kIgnore));
  ++images_;
  if (!predictions) return;
  predictions->height = label.height, predictions->width = label.width, predictions->channels = 1;
  predictions->px.resize(size_t(label.bytes()));
  copy_memory(predictions->px.data(), predicted.data(), predictions->px.size());
}

Confusion Evaluator::confusion() const {
  std::vector<uint64_t> counts(size_t(classes_ * classes_));
  copy_memory(counts.data(), matrix_.data(), counts.size() * sizeof counts[0]);
  Confusion c(classes_);
  for (int64_t label = 0; label < classes_; ++label)
    for (int64_t prediction = 0; prediction < classes_; ++prediction)
      c.at(label, prediction) = counts[size_t(label * classes_ + prediction)];
  return c;
}

void Evaluator::reset() {
  zero_memory(matrix_.data(), size_t(matrix_.bytes()));
  images_ = 0;
}

}  // namespace segue::data
