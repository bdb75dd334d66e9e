// The parts of an adaptation that need no training: stages, mixes, thresholds, configurations of stages.
#include "apps/adapt/adapt_plan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "apps/adapt/stage_configs.h"
#include "apps/pseudo/class_thresholds.h"
#include "data/data_spec.h"
#include "tests/files.h"

namespace segue {
namespace {

using testing::caught;

Config adaptation(const std::vector<std::string>& settings) {
  std::vector<std::string> all = {"data.source=gta5:/a", "data.target=cityscapes:/b"};
  all.insert(all.end(), settings.begin(), settings.end());
  return parse_config("task = \"adapt\"\n", "x.toml", all);
}

std::string folders(const Config& config) {
  std::string text;
  for (const StageRecord& s : adapt_stages(config)) text += (text.empty() ? "" : " ") + s.folder;
  return text;
}

TEST(AdaptPlan, StagesInOrder) {
  EXPECT_EQ(folders(adaptation({"pseudo.rounds=2", "data.ceiling=cityscapes:/b"})),
            "source-only translator translated teacher round-1-labels round-1 round-2-labels round-2 ceiling");
  EXPECT_EQ(folders(adaptation({"pseudo.rounds=0", "adapt.source_only=false"})), "translator translated teacher");
  EXPECT_EQ(folders(adaptation({"pseudo.rounds=1", "adapt.translate=false", "adapt.source_only=false"})),
            "source-only round-1-labels round-1");
  EXPECT_EQ(folders(adaptation({"pseudo.rounds=0", "translate.weights=g.safetensors"})),
            "source-only translated teacher");
}

TEST(AdaptPlan, RisesInEqualSteps) {
  const Config three = adaptation({"pseudo.rounds=3", "pseudo.real_share=[0.25, 0.5]"});
  EXPECT_DOUBLE_EQ(at_round(three, "pseudo.real_share", 1), 0.25);
  EXPECT_DOUBLE_EQ(at_round(three, "pseudo.real_share", 2), 0.375);
  EXPECT_DOUBLE_EQ(at_round(three, "pseudo.real_share", 3), 0.5);
  EXPECT_DOUBLE_EQ(at_round(adaptation({"pseudo.rounds=1"}), "pseudo.real_share", 1), 0.25);
}

TEST(AdaptPlan, MixesAreReadBackAsMeant) {
  const std::string mix = student_mix({{0.75, "folder:/a b+c"}, {0.25, "gta5:/g"}}, folder_spec("/runs/$x/r-1"), 0.4);
  const std::vector<data::MixPart> parts = data::parse_data_mix(mix);
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_DOUBLE_EQ(parts[0].share, 0.45);
  EXPECT_EQ(data::parse_data_spec(parts[0].spec).path, "/a b+c");
  EXPECT_DOUBLE_EQ(parts[1].share, 0.15);
  EXPECT_DOUBLE_EQ(parts[2].share, 0.4);
  EXPECT_EQ(data::parse_data_spec(parts[2].spec).path, "/runs/$x/r-1");
  EXPECT_EQ(student_mix({{1, "folder:/a"}}, "folder:/b", 0), "1*folder:/a");
  EXPECT_EQ(student_mix({{1, "folder:/a"}}, "folder:/b", 1), "1*folder:/b");
  EXPECT_EQ(caught([] { folder_spec("/what?"); }).code, 2);
}

TEST(AdaptPlan, StagesTakeTheirSettingsFromTheAdaptation) {
  const Config config =
      adaptation({"model.arch=fcn", "train.steps=100", "train.seed=7", "data.crop=[64, 96]", "noise.cutmix=0.75",
                  "data.cutmix=0.125", "translate.crop=[32, 40]", "translate.resize=[36, 48]", "translate.batch=3",
                  "translate.steps=11", "log.every=4"});
  const Config plain = segment_config(config, {.folder = "runs/x/teacher", .train = "folder:/t"});
  EXPECT_EQ(plain.task(), Task::segment);
  EXPECT_EQ(plain.get<std::string>("model.arch"), "fcn");
  EXPECT_EQ(plain.get<int64_t>("model.output_stride"), 8);
  EXPECT_EQ(plain.get<int64_t>("train.steps"), 100);
  EXPECT_EQ(plain.get<int64_t>("train.seed"), 7);
  EXPECT_EQ(plain.get<double>("data.cutmix"), 0.125);
  EXPECT_EQ(plain.get<std::string>("data.train"), "folder:/t");
  EXPECT_EQ(plain.get<std::string>("data.val"), "");
  EXPECT_EQ(plain.get<std::string>("log.dir"), "runs/x");
  EXPECT_EQ(plain.get<std::string>("log.name"), "teacher");
  EXPECT_EQ(plain.get<int64_t>("log.every"), 4);
  const Config student = segment_config(
      config,
      {.folder = "r", .train = "folder:/t", .steps = 50, .rate = 0.125, .init = "t.safetensors", .noise = true});
  EXPECT_EQ(student.get<double>("optim.rate"), 0.125);
  EXPECT_EQ(plain.get<double>("optim.rate"), config.get<double>("optim.rate"));
  EXPECT_EQ(student.get<double>("data.cutmix"), 0.75);
  EXPECT_EQ(student.get<int64_t>("train.steps"), 50);
  EXPECT_EQ(student.get<std::string>("model.init"), "t.safetensors");
  EXPECT_EQ(student.get<std::string>("data.statistics"), "");
  EXPECT_EQ(segment_config(config, {.folder = "r", .train = "folder:/t", .statistics = "folder:/b"})
                .get<std::string>("data.statistics"),
            "folder:/b");
  const Config gan = translate_config(config, "runs/x/translator");
  EXPECT_EQ(gan.task(), Task::translate);
  EXPECT_EQ(gan.get<std::string>("data.source"), "gta5:/a");
  EXPECT_EQ(gan.get<std::string>("data.target"), "cityscapes:/b");
  EXPECT_EQ(value_text(gan.value("data.crop")), "[32, 40]");
  EXPECT_EQ(gan.get<int64_t>("train.batch"), 3);
  EXPECT_EQ(gan.get<int64_t>("train.steps"), 11);
  EXPECT_EQ(gan.get<int64_t>("train.seed"), 7);
  EXPECT_EQ(gan.get<int64_t>("log.every"), 4);
  EXPECT_EQ(translated_size(config), (std::vector<int64_t>{36, 48}));
  EXPECT_EQ(translated_size(adaptation({"translate.size=[100, 200]"})), (std::vector<int64_t>{100, 200}));
}

TEST(AdaptPlan, TheSemanticLossAsksAModelOfTheSource) {
  const Config own = adaptation({"translate.semantic=2"});
  EXPECT_EQ(translate_config(own, "runs/x/translator", "runs/x/source-only").get<std::string>("loss.segmenter"),
            "runs/x/source-only");
  EXPECT_EQ(translate_config(own, "runs/x/translator", "runs/x/source-only").get<double>("loss.semantic"), 2);
  EXPECT_EQ(translate_config(own, "runs/x/translator").get<double>("loss.semantic"), 0) << "there is no model yet";
  const Config given = adaptation({"translate.semantic=2", "translate.segmenter=m.safetensors"});
  EXPECT_EQ(translate_config(given, "runs/x/translator", "runs/x/source-only").get<std::string>("loss.segmenter"),
            "m.safetensors");
  EXPECT_EQ(translate_config(given, "runs/x/translator").get<double>("loss.semantic"), 2);
  // Without the stage there must be a model.
  const Config none = adaptation({"translate.semantic=2", "adapt.source_only=false"});
  const auto c = caught([&] { adapt_stages(none); });
  EXPECT_EQ(c.code, 2);
  EXPECT_NE(c.what.find("translate.semantic expects a model of the source"), std::string::npos) << c.what;
  adapt_stages(adaptation({"translate.semantic=2", "adapt.source_only=false", "translate.segmenter=m.safetensors"}));
  adapt_stages(adaptation({"translate.semantic=2", "adapt.source_only=false", "translate.weights=g.safetensors"}));
}

TEST(AdaptPlan, AContradictionNamesTheStageAndTheSettingsOfTheAdaptation) {
  const Config config = adaptation({"translate.crop=[64, 64]", "translate.resize=[48, 64]"});
  const auto c = caught([&] { translate_config(config, "runs/x/translator"); });
  EXPECT_EQ(c.code, 2);
  EXPECT_EQ(c.what.rfind("stage translator: ", 0), 0u) << c.what;
  EXPECT_NE(c.what.find("'translate.crop' expects at most 'translate.resize'"), std::string::npos) << c.what;
}

/// A stage takes every setting that it has from the adaptation, but for these.
TEST(AdaptPlan, NoSettingOfAStageIsForgotten) {
  const std::vector<std::string> own = {"data.train", "data.hold_out", "data.statistics", "train.eval_every"};
  for (const Setting& s : schema(Task::segment)) {
    if (std::find(own.begin(), own.end(), s.key) != own.end()) continue;
    const auto& all = schema(Task::adapt);
    EXPECT_TRUE(std::any_of(all.begin(), all.end(), [&](const Setting& a) { return a.key == s.key; })) << s.key;
  }
  for (const Setting& s : schema(Task::translate)) {
    const std::string name = s.key.substr(s.key.find('.') + 1);
    const auto& all = schema(Task::adapt);
    EXPECT_TRUE(std::any_of(all.begin(), all.end(), [&](const Setting& a) {
      return a.key == s.key || a.key == "translate." + name;
    })) << s.key;
  }
}

TEST(AdaptPlan, ConfigurationsInConfigsAreValid) {
  const char* source = std::getenv("SEGUE_SOURCE_DIR");
  ASSERT_NE(source, nullptr) << "run by ctest, which sets SEGUE_SOURCE_DIR";
  int adaptations = 0;
  for (const auto& e : std::filesystem::directory_iterator(std::string(source) + "/configs")) {
    if (testing::read_bytes(e.path()).find("\ntask = ") == std::string::npos) continue;  // a class table
    const Config config = load_config(e.path());
    if (config.task() != Task::adapt) continue;
    ++adaptations;
    translate_config(config, "x/translator");
    segment_config(config, {.folder = "x/teacher", .train = "folder:x"});
    EXPECT_GE(adapt_stages(config).size(), 3u);
  }
  EXPECT_GE(adaptations, 1);
}

TEST(AdaptPlan, ResultTable) {
  std::vector<StageRecord> stages = adapt_stages(adaptation({"pseudo.rounds=1", "data.ceiling=cityscapes:/b"}));
  EXPECT_EQ(result_table(stages), "");
  const double miou[] = {0.25, 0, 0, 0.375, 0, 0.5, 0.75};
  for (size_t i = 0; i < stages.size(); ++i)
    if (stages[i].row != StageRow::none) stages[i].score = StageScore{miou[i], 0.875, {}}, stages[i].seconds = 61;
  EXPECT_EQ(result_table(stages),
            "                             mIoU  pixel acc  gap recovered        time\n"
            "source only                 25.00      87.50         0.00 %     0:01:01\n"
            "translated                  37.50      87.50        25.00 %     0:01:01\n"
            "+ self-training, round 1    50.00      87.50        50.00 %     0:01:01\n"
            "ceiling (target labels)     75.00      87.50       100.00 %     0:01:01\n");
}

/// Against sorted lists of confidences.
TEST(ClassThresholds, KeepTheMostConfidentShare) {
  constexpr int64_t kClasses = 4, kBins = 1000;
  std::mt19937 random(5);
  std::vector<std::vector<double>> confidences(kClasses);
  ConfidenceCounts counts(kClasses, kBins);
  for (int64_t k = 0; k < kClasses - 1; ++k)  // the last class has no pixels
    for (int i = 0; i < 5000; ++i) {
      const double q = std::pow(std::uniform_real_distribution<double>(0, 1)(random), 1. / double(1 + 3 * k));
      confidences[size_t(k)].push_back(q);
      ++counts.counts[size_t(k * kBins + std::min(int64_t(q * kBins), kBins - 1))];
    }
  for (const double share : {0.0, 0.05, 0.2, 0.5, 1.0})
    for (const double most : {0.5, 0.9, 1.0}) {
      const std::vector<float> t = class_thresholds(counts, share, most);
      for (int64_t k = 0; k < kClasses - 1; ++k) {
        std::vector<double> sorted = confidences[size_t(k)];
        std::sort(sorted.rbegin(), sorted.rend());
        const auto wanted = size_t(std::ceil(share * double(sorted.size())));
        // The confidence of the last pixel that is wanted, down to the border of its bin.
        const double exact = wanted == 0 ? 1 : std::floor(sorted[wanted - 1] * kBins) / kBins;
        EXPECT_NEAR(t[size_t(k)], std::min(exact, most), 1e-6) << k << ' ' << share << ' ' << most;
        const auto kept =
            std::count_if(sorted.begin(), sorted.end(), [&](double q) { return q >= double(t[size_t(k)]) - 1e-7; });
        EXPECT_GE(size_t(kept), wanted);
      }
      EXPECT_EQ(t.back(), float(most));
    }
  EXPECT_EQ(caught([&] { class_thresholds(counts, 1.1, 0.9); }).code, 1);
}

}  // namespace
}  // namespace segue
