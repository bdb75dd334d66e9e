// A model on images of any size and on whole sets, against its own passes made by hand.
#include <gtest/gtest.h>

#include <cmath>
#include <mutex>

#include "apps/evaluation.h"
#include "data/resize.h"
#include "runtime/ops.h"
#include "tests/files.h"
#include "tests/label_maps.h"

namespace segue {
namespace {

using data::Confusion;
using data::Image;
using data::kIgnore;
using testing::caught;
using testing::identity;
using testing::largest;
using testing::Numbers;
using testing::patches;

/// Pictures made by formula, of several sizes, with labels; example `broken` cannot be read.
class MemorySet : public data::DataSet {
 public:
  explicit MemorySet(int64_t broken = -1) : broken_(broken), table_(identity(3)) {
    Numbers n("pictures");
    for (const auto& [h, w] : kSizes) {
      Image image(h, w, 3);
      for (uint8_t& px : image.px) px = uint8_t(n.next(256));
      images_.push_back(std::move(image));
      labels_.push_back(patches(n, h, w, {0, 1, 2, 255}));
    }
  }
  int64_t size() const override { return int64_t(images_.size()); }
  bool labelled() const override { return true; }
  std::string name(int64_t i) const override { return cat("picture", i); }
  std::string origin(int64_t i) const override { return name(i); }
  data::Example read(int64_t i, data::ExampleBuffer&) const override {
    if (i == broken_) throw Error(Fault::data, cat("image 'picture", i, "' is cut off"));
    return {images_[size_t(i)].view(), labels_[size_t(i)].view(), &table_};
  }
  const Image& image(int64_t i) const { return images_[size_t(i)]; }
  const Image& label(int64_t i) const { return labels_[size_t(i)]; }

 private:
  static constexpr std::pair<int64_t, int64_t> kSizes[] = {{40, 64}, {33, 47}, {5, 7}, {1, 70}, {64, 31}};
  int64_t broken_;
  data::LabelTable table_;
  std::vector<Image> images_, labels_;
};

class Predicting : public ::testing::Test {
 protected:
  Predicting() {
    info.classes = 3;
    info.width = 0.125;
    info.mean = {0.4f, 0.5f, 0.6f};
    info.std = {0.3f, 0.25f, 0.2f};
    model = make_segmenter(info);
    model->allocate(c, false);
    model->set_training(false);
    testing::set_by_formula(*model);
  }
  /// The input of the model by hand: normalised, padded with zeros.
  Tensor input(const Image& image, int64_t height, int64_t width) {
    const Tensor x = c.image({1, height, width, 3}, "x");
    std::vector<float> values(size_t(x.count()), 0);
    for (int64_t y = 0; y < image.height; ++y)
      for (int64_t i = 0; i < image.width; ++i)
        for (size_t k = 0; k < 3; ++k)
          values[size_t(y * width + i) * 3 + k] =
              (float(image.row(y)[3 * i + int64_t(k)]) / 255 - info.mean[k]) / info.std[k];
    from_host(x, values);
    return x;
  }
  std::vector<float> run(const Image& image, const PredictorOptions& options, Shape* shape) {
    std::vector<float> values;
    Predictor(c, *model, info, options).run(image.view(), [&](const Tensor& t) {
      values = to_host(t);
      *shape = t.shape();
    });
    return values;
  }
  static void expect_close(const std::vector<float>& got, const std::vector<float>& want) {
    ASSERT_EQ(got.size(), want.size());
    double error = 0, size = 0;
    for (size_t i = 0; i < got.size(); ++i) {
      error = std::max(error, std::abs(double(got[i]) - double(want[i])));
      size = std::max(size, std::abs(double(want[i])));
    }
    EXPECT_LE(error, 1e-4 * size);
    EXPECT_GT(size, 0);
  }

  Context c;
  SegmenterInfo info;
  std::unique_ptr<Segmenter> model;
  MemorySet set;
};

TEST_F(Predicting, OnePassIsTheModelsOwnResult) {
  for (const int64_t i : {0, 1}) {
    Shape shape;
    const std::vector<float> got = run(set.image(i), {}, &shape);
    const Context::NoGrad no_grad(c);
    const Tensor want = model->forward_low(c, input(set.image(i), set.image(i).height, set.image(i).width)).logits;
    EXPECT_EQ(shape, want.shape());
    expect_close(got, to_host(want));
  }
}

TEST_F(Predicting, SmallSidesArePadded) {
  for (const int64_t i : {2, 3, 4}) {
    const Image& image = set.image(i);
    const int64_t h = std::max<int64_t>(32, image.height), w = std::max<int64_t>(32, image.width);
    Shape shape;
    const std::vector<float> got = run(image, {}, &shape);
    EXPECT_EQ(shape, (Shape{1, image.height, image.width, 3}));
    const Context::NoGrad no_grad(c);
    expect_close(got, to_host(crop(c, model->forward(c, input(image, h, w)), {0, 0, image.height, image.width})));
  }
}

TEST_F(Predicting, ScalesAndMirrorImagesAreAveraged) {
  const Image& image = set.image(0);
  Image mirrored = image;
  for (int64_t y = 0; y < image.height; ++y)
    for (int64_t x = 0; x < image.width; ++x)
      for (int64_t k = 0; k < 3; ++k) mirrored.row(y)[3 * x + k] = image.row(y)[3 * (image.width - 1 - x) + k];
  Shape shape;
  const std::vector<float> got = run(image, {.scales = {1, 1.5}, .flip = true}, &shape);
  EXPECT_EQ(shape, (Shape{1, 40, 64, 3}));
  // The mean of the four, each made alone.
  std::vector<float> want(got.size(), 0);
  for (const double s : {1.0, 1.5})
    for (const bool flipped : {false, true}) {
      const Image large =
          data::resize_antialias(flipped ? mirrored.view() : image.view(), int64_t(40 * s), int64_t(64 * s));
      const Context::NoGrad no_grad(c);
      Tensor y = model->forward_low(c, input(large, large.height, large.width)).logits;
      y = softmax(c, resize_bilinear(c, y, 40, 64));
      const std::vector<float> p = to_host(flipped ? flip(c, y) : y);
      for (size_t i = 0; i < p.size(); ++i) want[i] += p[i] / 4;
    }
  expect_close(got, want);
  for (size_t i = 0; i < got.size(); i += 3) EXPECT_NEAR(got[i] + got[i + 1] + got[i + 2], 1, 1e-5);
  // So the mirror image has the mirrored result, pad or not.
  for (const int64_t k : {0, 4}) {
    Image other = set.image(k);
    for (int64_t y = 0; y < other.height; ++y)
      for (int64_t x = 0; x < other.width; ++x)
        for (int64_t j = 0; j < 3; ++j) other.row(y)[3 * x + j] = set.image(k).row(y)[3 * (other.width - 1 - x) + j];
    const std::vector<float> a = run(set.image(k), {.flip = true}, &shape), b = run(other, {.flip = true}, &shape);
    for (int64_t y = 0; y < other.height; ++y)
      for (int64_t x = 0; x < other.width; ++x)
        for (int64_t j = 0; j < 3; ++j)
          ASSERT_NEAR(a[size_t((y * other.width + x) * 3 + j)],
                      b[size_t((y * other.width + other.width - 1 - x) * 3 + j)], 1e-4);
  }
}

TEST_F(Predicting, ASizeIsThatOfTheModelsInput) {
  Shape shape;
  const std::vector<float> got = run(set.image(0), {.height = 64, .width = 96}, &shape);
  const Image resized = data::resize_antialias(set.image(0).view(), 64, 96);
  const Context::NoGrad no_grad(c);
  const Tensor want = model->forward_low(c, input(resized, 64, 96)).logits;
  EXPECT_EQ(shape, want.shape());
  expect_close(got, to_host(want));
}

TEST_F(Predicting, ASetIsCountedWholeAndTheSameAlways) {
  Predictor predictor(c, *model, info);
  data::Evaluator evaluator(c, 3), again(c, 3);
  std::mutex mutex;
  Confusion want(3);
  int64_t kept = 0, last = 0;
  EvaluationSteps steps;
  steps.after = [&](int64_t done) {
    last = done;
    return true;
  };
  steps.keep = [&](int64_t i, const data::Example& e, const Image& predictions) {
    const std::lock_guard lock(mutex);
    ++kept;
    EXPECT_EQ(e.label.px, set.label(i).px.data());
    ASSERT_EQ(predictions.px.size(), set.label(i).px.size());
    for (size_t p = 0; p < predictions.px.size(); ++p)
      if (set.label(i).px[p] != kIgnore) ++want.at(set.label(i).px[p], predictions.px[p]);
  };
  evaluate(c, predictor, set, evaluator, steps);
  EXPECT_EQ(kept, set.size());
  EXPECT_EQ(last, set.size());
  EXPECT_EQ(evaluator.images(), set.size());
  evaluate(c, predictor, set, again);
  uint64_t total = 0;
  for (int64_t i = 0; i < 3; ++i)
    for (int64_t j = 0; j < 3; ++j) {
      EXPECT_EQ(evaluator.confusion().at(i, j), want.at(i, j));
      EXPECT_EQ(again.confusion().at(i, j), want.at(i, j));
      total += want.at(i, j);
    }
  EXPECT_EQ(evaluator.result().pixels, total);
}

/// Labels count at the size of their files, also beside smaller images.
class LargeLabels : public MemorySet {
 public:
  LargeLabels() {
    Numbers n("large labels");
    large_ = patches(n, 81, 129, {0, 1, 2, 255});
  }
  int64_t size() const override { return 1; }
  data::Example read_label(int64_t, data::ExampleBuffer&) const override { return {{}, large_.view(), &table_}; }

 private:
  data::LabelTable table_ = identity(3);
  Image large_;
};

TEST_F(Predicting, LabelsCountAtTheSizeOfTheirFiles) {
  const LargeLabels labels;
  Predictor predictor(c, *model, info);
  data::Evaluator evaluator(c, 3);
  EvaluationSteps steps;
  Shape shape;
  const std::vector<float> logits = run(labels.image(0), {}, &shape);
  steps.keep = [&](int64_t, const data::Example& e, const Image& predictions) {
    EXPECT_EQ(e.image.height, 40);
    EXPECT_EQ(predictions.height, 81);
    EXPECT_EQ(predictions.px, largest(logits, shape[1], shape[2], 3, 81, 129).px);
  };
  evaluate(c, predictor, labels, evaluator, steps);
  data::ExampleBuffer buffer;
  const data::ImageView label = labels.read_label(0, buffer).label;
  EXPECT_EQ(evaluator.result().pixels,
            uint64_t(std::count_if(label.px, label.px + label.bytes(), [](uint8_t id) { return id < 3; })));
}

TEST_F(Predicting, AnEvaluationStopsWhenAskedAndAtABrokenImage) {
  Predictor predictor(c, *model, info);
  data::Evaluator evaluator(c, 3);
  EvaluationSteps steps;
  steps.after = [](int64_t done) { return done < 2; };
  evaluate(c, predictor, set, evaluator, steps);
  EXPECT_EQ(evaluator.images(), 2);
  const auto e = caught([&] { evaluate(c, predictor, MemorySet(3), evaluator); });
  EXPECT_EQ(e.what, "image 'picture3' is cut off");
  EXPECT_EQ(e.code, 3);
  model->set_training(true);
  EXPECT_EQ(caught([&] { evaluate(c, predictor, set, evaluator); }).what,
            "[predictor] expects a model that is not in training mode");
}

}  // namespace
}  // namespace segue
