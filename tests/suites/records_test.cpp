// The files that stages of a run leave for the report and for each other: what is written is what is read, and text that is
// no such file is refused with one line.
#include <gtest/gtest.h>

#include "apps/records/example_files.h"
#include "apps/records/pseudo_summary.h"
#include "apps/records/stage_table.h"
#include "data/image_file.h"
#include "tests/files.h"

namespace segue {
namespace {

using testing::caught;

StageRecord stage(const std::string& folder, StageRow row, double miou) {
  StageRecord s;
  s.folder = folder, s.title = "<b>\"" + folder + "\"</b>", s.row = row, s.state = StageState::done, s.seconds = 12.5;
  s.score = StageScore{miou, 0.75, {{"road", 0.1}, {"sky \xC3\xA9", std::nullopt}}};
  return s;
}

TEST(StageTable, ReadsWhatItWrites) {
  std::vector<StageRecord> stages = {stage("source", StageRow::source, 0.3), stage("round-2", StageRow::round, 0.45),
                                     stage("ceiling", StageRow::ceiling, 0.5)};
  stages[1].round = 2;
  stages.push_back({.folder = "a/b", .title = "", .kind = StageKind::pseudo, .state = StageState::running});
  const std::vector<StageRecord> back = parse_stages(stages_text(stages), "x");
  ASSERT_EQ(back.size(), stages.size());
  for (size_t i = 0; i < back.size(); ++i) {
    EXPECT_EQ(back[i].folder, stages[i].folder);
    EXPECT_EQ(back[i].title, stages[i].title);
    EXPECT_EQ(back[i].kind, stages[i].kind);
    EXPECT_EQ(back[i].row, stages[i].row);
    EXPECT_EQ(back[i].round, stages[i].round);
    EXPECT_EQ(back[i].state, stages[i].state);
    EXPECT_EQ(back[i].seconds, stages[i].seconds);
    ASSERT_EQ(back[i].score.has_value(), stages[i].score.has_value());
    if (!back[i].score) continue;
    EXPECT_EQ(back[i].score->miou, stages[i].score->miou);
    EXPECT_EQ(back[i].score->pixel_accuracy, stages[i].score->pixel_accuracy);
    EXPECT_EQ(back[i].score->iou, stages[i].score->iou);
  }
  EXPECT_EQ(stages_text(back), stages_text(stages));
}

TEST(StageTable, ShareOfTheGap) {
  std::vector<StageRecord> stages = {stage("s", StageRow::source, 0.3), stage("r", StageRow::round, 0.45)};
  EXPECT_FALSE(gap_recovered(stages, stages[1]));  // no ceiling yet
  stages.push_back(stage("c", StageRow::ceiling, 0.5));
  EXPECT_NEAR(*gap_recovered(stages, stages[1]), 0.75, 1e-12);
  EXPECT_EQ(*gap_recovered(stages, stages[0]), 0);
  EXPECT_EQ(*gap_recovered(stages, stages[2]), 1);
  EXPECT_FALSE(gap_recovered(stages, StageRecord{}));
  stages[2].score->miou = 0.3;
  EXPECT_FALSE(gap_recovered(stages, stages[1]));  // there is no gap
}

TEST(StageTable, RefusesWhatIsNone) {
  const std::string good = stages_text({stage("source", StageRow::source, 0.3)});
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    const size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    const auto c = caught([&] { parse_stages(text.replace(at, from.size(), to), "runs/x/stages.json"); });
    EXPECT_EQ(c.code, 3) << to;
    EXPECT_EQ(c.what.rfind("runs/x/stages.json", 0), 0u) << c.what;
    return c.what;
  };
  with("\"format\": 1", "\"format\": 7");
  with("\"source\"", "\"../../etc\"");
  with("\"source\"", "\"/etc\"");
  with("\"source\"", "\"\"");
  with("0.3", "1.5");
  with("12.5", "-1");
  with("12.5", "\"1\"");
  EXPECT_NE(with("\"done\"", "\"don\"").find("did you mean 'done'?"), std::string::npos);
  for (size_t length = 0; length + 2 < good.size(); length += 7)
    EXPECT_EQ(caught([&] { parse_stages(good.substr(0, length), "x"); }).code, 3) << length;
}

TEST(PseudoSummary, ReadsWhatItWritesAndAddsUp) {
  const PseudoSummary s{
      3, {{"road", 0.9, 100, 70, {10, 20, 70}}, {"bus", 0.5, 0, 0, {0, 0, 0}}, {"sky", 0, 11, 11, {0, 0, 9}}}};
  const PseudoSummary back = parse_pseudo(pseudo_text(s), "x");
  EXPECT_EQ(pseudo_text(back), pseudo_text(s));
  EXPECT_EQ(back.images, 3);
  EXPECT_EQ(back.predicted_px(), 111);
  EXPECT_EQ(back.kept_px(), 81);
  ASSERT_EQ(back.classes.size(), 3u);
  EXPECT_EQ(back.classes[0].histogram, s.classes[0].histogram);
  EXPECT_EQ(back.classes[0].threshold, 0.9);
}

TEST(PseudoSummary, RefusesWhatContradictsItself) {
  const auto refused = [](const PseudoClass& k) {
    return caught([&] { parse_pseudo(pseudo_text({1, {k}}), "p.json"); }).code == 3;
  };
  EXPECT_FALSE(refused({"road", 0.9, 100, 70, {100}}));
  EXPECT_TRUE(refused({"road", 0.9, 100, 101, {100}}));
  EXPECT_TRUE(refused({"road", 1.1, 100, 70, {100}}));
  EXPECT_TRUE(refused({"road", 0.9, 100, 70, {60, 41}}));
  EXPECT_TRUE(refused({"road", 0.9, 100, 70, {101, -1}}));
  EXPECT_TRUE(refused({"road", 0.9, int64_t(1) << 60, 70, {100}}));
  EXPECT_EQ(caught([] { parse_pseudo("[]", "p.json"); }).code, 3);
}

TEST(Examples, PicturesAreMadeSmallAndLabelsKeepTheirIds) {
  const testing::ScratchFolder folder;
  data::Image image(600, 1281, 3), label(600, 1281, 1);
  for (int64_t i = 0; i < label.view().bytes(); ++i) {
    label.px[size_t(i)] = uint8_t(i % 1281 < 640 ? 3 : 255);
    for (int64_t c = 0; c < 3; ++c) image.px[size_t(3 * i + c)] = uint8_t(40 * c);
  }
  save_example(folder.path(), 7, {"a/<b>", image.view(), label.view(), {}, {}}, data::cityscapes_classes());
  const std::string at = folder.file("examples/07/");
  const data::Image small = data::read_image(at + "image.png"), ids = data::read_label(at + "label.png");
  EXPECT_EQ(small.width, kExampleWidth);
  EXPECT_EQ(small.height, 300);
  EXPECT_EQ(small.px[1], 40);
  EXPECT_EQ(ids.width, kExampleWidth);
  EXPECT_EQ(ids.px[0], 3);
  EXPECT_EQ(ids.px[kExampleWidth - 1], 255);
  EXPECT_EQ(Json::parse(testing::read_bytes(at + "about.json"), "x").text("name"), "a/<b>");
  EXPECT_FALSE(std::filesystem::exists(at + "prediction.png"));
}

}  // namespace
}  // namespace segue
