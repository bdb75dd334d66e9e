// Scores: against NumPy by the rules of Cityscapes' evaluator, by hand, and from logits at the resolution of labels.
#include "data/evaluator.h"

#include <gtest/gtest.h>

#include <cmath>

#include "apps/score_report.h"
#include "runtime/safetensors.h"
#include "tests/files.h"
#include "tests/label_maps.h"
#include "tests/model_steps.h"
#include "tests/python.h"
#include "tests/required.h"

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

TensorSource source(const std::string& name, const Image& image) {
  return {name, StoredType::U8, {uint64_t(image.height), uint64_t(image.width)}, image.px.data()};
}

void expect_equal(const Json& got, const Json& want, const std::string& where) {
  if (want.is_object()) {
    ASSERT_TRUE(got.is_object()) << where;
    std::vector<std::string> got_keys, want_keys;
    for (const auto& [key, value] : want.members()) want_keys.push_back(key);
    for (const auto& [key, value] : got.members()) got_keys.push_back(key);
    EXPECT_EQ(got_keys, want_keys) << where;
    for (const auto& [key, value] : want.members())
      if (const Json* g = got.find(key)) expect_equal(*g, value, where + "." + key);
  } else if (want.is_number()) {
    ASSERT_TRUE(got.is_number()) << where;
    EXPECT_NEAR(got.number(), want.number(), 1e-14) << where;
  } else {
    EXPECT_EQ(got.dump(), want.dump()) << where;
  }
}

TEST(Scores, AgreeWithNumPyByTheRulesOfCityscapes) {
  if (!testing::have_modules("numpy")) SEGUE_TOOL_MISSING("needs Python with numpy");
  const std::vector<uint8_t> all = [] {
    std::vector<uint8_t> ids;
    for (uint8_t id = 0; id < 34; ++id) ids.push_back(id);
    return ids;
  }();
  const struct {
    const char* name;
    std::vector<uint8_t> labels, predictions;
  } kinds[] = {
      {"everything, ignored ids predicted too", all, all},
      {"classes that are absent, or predicted alone", {0, 4, 7, 8, 10, 21, 26}, {7, 8, 11, 14, 23, 26}},
      {"one class alone", {7}, {7}},
      {"nothing but ignored labels", {0, 1, 2, 3}, {7, 8}},
      {"never right", {7, 11}, {23, 0}},
  };
  for (const auto& kind : kinds) {
    SCOPED_TRACE(kind.name);
    Numbers n(kind.name);
    data::IdConfusion confusion;
    std::vector<Image> images;
    for (const auto& [h, w] : {std::pair<int64_t, int64_t>{33, 65}, {1, 1}, {64, 17}}) {
      images.push_back(patches(n, h, w, kind.labels));
      images.push_back(patches(n, h, w, kind.predictions));
    }
    std::vector<TensorSource> tensors;
    for (size_t i = 0; i < images.size(); i += 2) {
      confusion.add(images[i].view(), images[i + 1].view());
      tensors.push_back(source(cat("label.", i / 2), images[i]));
      tensors.push_back(source(cat("prediction.", i / 2), images[i + 1]));
    }
    const testing::ScratchFolder folder;
    write_safetensors(folder.file("maps"), tensors);
    const testing::ScriptResult r = testing::run_script("cityscapes_scores.py", {folder.file("maps")});
    ASSERT_EQ(r.status, 0) << r.output;
    const Json want = Json::parse(r.output, "NumPy");

    const data::ClassTable& classes = data::cityscapes_classes();
    const data::Scores s = score(confusion.by_class(classes.to_train("cityscapes"), 19));
    Json got = Json::parse(score_json(confusion, classes).dump(true), "segue");
    got.set("pixelAccuracy", s.pixels ? s.pixel_accuracy : 0.0).set("averageAccuracyClasses", s.mean_accuracy);
    expect_equal(got, want, "");
  }
}

TEST(Scores, ByHand) {
  //           predicted 0  1  2  none
  const uint64_t counts[4][4] = {{6, 2, 0, 1},   // label 0
                                 {1, 3, 0, 0},   // label 1
                                 {0, 0, 0, 0},   // label 2: absent
                                 {5, 5, 0, 5}};  // ignored
  Confusion c(3);
  for (int64_t i = 0; i < 4; ++i)
    for (int64_t j = 0; j < 4; ++j) c.at(i, j) = counts[i][j];
  data::Scores s = score(c);
  EXPECT_DOUBLE_EQ(s.classes[0].iou, 6.0 / (6 + 3 + 1));  // a prediction of something ignored is a miss
  EXPECT_DOUBLE_EQ(s.classes[1].iou, 3.0 / (3 + 1 + 2));
  EXPECT_TRUE(std::isnan(s.classes[2].iou) && std::isnan(s.classes[2].accuracy));
  EXPECT_EQ(s.classes[2].share, 0);
  EXPECT_DOUBLE_EQ(s.classes[0].accuracy, 6.0 / 9);
  EXPECT_DOUBLE_EQ(s.classes[0].share, 9.0 / 13);
  EXPECT_DOUBLE_EQ(s.miou, (0.6 + 0.5) / 2);
  EXPECT_DOUBLE_EQ(s.mean_accuracy, (6.0 / 9 + 0.75) / 2);
  EXPECT_DOUBLE_EQ(s.pixel_accuracy, 9.0 / 13);
  EXPECT_EQ(s.pixels, 13u);
  EXPECT_DOUBLE_EQ(mean_iou(s, {1, 2}), 0.5);
  EXPECT_TRUE(std::isnan(mean_iou(s, {2})));
  // Predicted once on a label that counts, class 2 has an IoU of 0, and takes part in the mean.
  c.at(0, 2) = 1;
  s = score(c);
  EXPECT_EQ(s.classes[2].iou, 0);
  EXPECT_TRUE(std::isnan(s.classes[2].accuracy));
  EXPECT_DOUBLE_EQ(s.miou, (6.0 / 11 + 0.5) / 3);
  // More than 32 bits and than a float's 24.
  Confusion large(1);
  large.at(0, 0) = (uint64_t(1) << 40) + 1;
  EXPECT_EQ(score(large).pixels, (uint64_t(1) << 40) + 1);
  EXPECT_TRUE(std::isnan(score(Confusion(2)).miou));
}

TEST(Scores, TableOnScreen) {
  Confusion c(19);
  c.at(0, 0) = 3;
  c.at(0, 10) = 1;
  const std::string text = score_table(score(c), data::cityscapes_classes(), synthia_subsets());
  EXPECT_EQ(text.substr(0, text.find("sidewalk")),
            "class               IoU %    acc %  share %\n"
            "road                75.00    75.00   100.00\n");
  EXPECT_NE(text.find("\nterrain                 -        -     0.00\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\nsky                  0.00        -     0.00\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\nmean                37.50    75.00\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\nmean of 16          37.50\nmean of 13          37.50\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\npixel accuracy               75.00\n"), std::string::npos) << text;
}

TEST(Scores, OwnClassesHaveTheirOwnIdsAndNoCategories) {
  data::ClassTable classes;
  classes.name = "two";
  classes.classes = {{"land", 3, {}}, {"sea", 1, {}}};
  data::IdConfusion confusion;
  const Image label = [] {
    Image i(1, 4, 1);
    i.px = {3, 3, 1, 0};
    return i;
  }();
  Image prediction = label;
  prediction.px = {3, 1, 1, 1};
  confusion.add(label.view(), prediction.view());
  const Json j = score_json(confusion, classes);
  EXPECT_EQ(j.at("labels").dump(), R"({"land":3,"sea":1})");
  EXPECT_EQ(j.at("confMatrix").dump(), "[[0,1,0,0],[0,1,0,0],[0,0,0,0],[0,1,0,1]]");
  EXPECT_EQ(j.at("classScores").dump(), R"({"land":0.5,"sea":0.5})");
  EXPECT_EQ(j.at("categoryScores").dump(), "{}");
  EXPECT_TRUE(j.at("averageScoreCategories").is_null());
}

TEST(Evaluator, CountsAtTheResolutionOfTheLabels) {
  constexpr int64_t kClasses = 5;
  Context c;
  data::Evaluator evaluator(c, kClasses);
  Confusion want(kClasses);
  Numbers n("labels");
  int64_t image = 0;
  // Up, down, by odd factors, of one pixel, and by 1.
  const int64_t sizes[][4] = {{8, 16, 32, 64}, {9, 17, 33, 65}, {16, 16, 5, 7},
                              {1, 1, 3, 4},    {7, 5, 7, 5},    {3, 4, 40, 41}};
  for (const auto& [h, w, height, width] : sizes) {
    const Image label = patches(n, height, width, {10, 11, 12, 13, 14, 77, 255});
    data::LabelTable table;
    table.fill(kIgnore);
    for (uint8_t k = 0; k < kClasses; ++k) table[10u + k] = k;
    Image predictions;
    {
      const Tensor logits = c.image({1, h, w, kClasses}, "logits");
      std::vector<float> values;
      for (int64_t i = 0; i < logits.count(); ++i)
        values.push_back(testing::formula_value(testing::formula_key(cat("logits", image)), uint32_t(i)));
      from_host(logits, values);
      evaluator.add(logits, label.view(), table, &predictions);
      const Image expected = largest(values, h, w, kClasses, height, width);
      EXPECT_EQ(predictions.px, expected.px) << h << "x" << w << " to " << height << "x" << width;
      for (size_t i = 0; i < label.px.size(); ++i)
        if (const uint8_t k = table[label.px[i]]; k != kIgnore) ++want.at(k, expected.px[i]);
    }
    c.end_step();
    EXPECT_EQ(evaluator.images(), ++image);
  }
  const Confusion got = evaluator.confusion();
  for (int64_t i = 0; i < kClasses; ++i)
    for (int64_t j = 0; j < kClasses; ++j) EXPECT_EQ(got.at(i, j), want.at(i, j)) << i << "," << j;
  evaluator.reset();
  EXPECT_EQ(evaluator.result().pixels, 0u);
  EXPECT_EQ(evaluator.images(), 0);
}

/// What is one pixel wide in the labels counts, however coarse the model is.
TEST(Evaluator, ALineOfOnePixelCounts) {
  Context c;
  data::Evaluator evaluator(c, 2);
  Image label(64, 96, 1);
  for (int64_t y = 0; y < 64; ++y) label.row(y)[41] = 1;
  {
    const Tensor logits = c.image({1, 2, 3, 2}, "logits");
    from_host(logits, {1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0});  // class 0 everywhere
    evaluator.add(logits, label.view(), identity(2));
  }
  c.end_step();
  EXPECT_EQ(evaluator.confusion().at(1, 0), 64u);
  EXPECT_EQ(evaluator.confusion().at(0, 0), 64u * 95);
}

TEST(Evaluator, Refusals) {
  Context c;
  data::Evaluator evaluator(c, 2);
  const Tensor logits = c.persistent_image({1, 2, 3, 2}, "logits"), three = c.persistent_image({1, 2, 3, 3}, "logits");
  const Image label(4, 6, 1), rgb(4, 6, 3);
  EXPECT_EQ(caught([&] { evaluator.add(logits, rgb.view(), identity(2)); }).what,
            "[evaluator] expects a label image (H,W,1); got 4x6x3");
  EXPECT_EQ(caught([&] { evaluator.add(three, label.view(), identity(2)); }).what,
            "[evaluator] expects logits (1,h,w,2); got (1,2,3,3)");
  EXPECT_EQ(caught([&] { evaluator.add(logits, label.view(), identity(3)); }).what,
            "[evaluator] expects a table of train ids below 2, the classes of the model");
  EXPECT_EQ(caught([&] { data::Evaluator(c, 256); }).what, "[evaluator] expects 1 to 255 classes; got 256");
}

}  // namespace
}  // namespace segue
