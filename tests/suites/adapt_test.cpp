// `segue adapt`, as a user runs it: the whole loop on scenes of rectangles in two looks.
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstdlib>

#include "apps/records/pseudo_summary.h"
#include "apps/records/stage_table.h"
#include "models/model_file.h"
#include "tests/files.h"
#include "tests/scenes.h"

namespace segue {
namespace {

namespace fs = std::filesystem;
using testing::Finished;
using testing::read_bytes;
using testing::ScratchFolder;
using testing::write_bytes;

/// In the foreground, as the signal else comes twice, to the program and to its group, and the second ends it unsaved.
constexpr const char* kTimeout = "timeout --foreground --preserve-status";

class Adapt : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* build = std::getenv("SEGUE_BINARY_DIR");
    ASSERT_NE(build, nullptr) << "run by ctest, which sets SEGUE_BINARY_DIR";
    program_ = std::string(build) + "/bin/segue";
    for (int64_t i = 0; i < 4; ++i) testing::write_scene(folder_.file("synthetic"), "train", i, 0, 48, 64);
    for (int64_t i = 0; i < 5; ++i) testing::write_scene(folder_.file("real"), "train", i, 1, 48, 64);
    for (int64_t i = 0; i < 3; ++i) testing::write_scene(folder_.file("real"), "val", i, 1, 44, 60);
    write_bytes(folder_.file("adapt.toml"), R"(task = "adapt"
[model]
width = 0.0625
[data]
source = "cityscapes:)" + folder_.file("synthetic") +
                                                R"("
target = "cityscapes:)" + folder_.file("real") + R"("
val = "cityscapes:)" + folder_.file("real") + R"(?split=val"
ceiling = "cityscapes:)" + folder_.file("real") +
                                                R"("
crop = [32, 32]
[optim]
rate = 0.05
backbone_factor = 1
[train]
batch = 2
steps = 9
ema = 0.8
device = "cpu"
threads = 1
[translate]
steps = 6
blocks = 1
skips = true
filters = 8
discriminator_filters = 8
resize = [40, 52]
crop = [32, 32]
[pseudo]
threshold = 0.2
[log]
dir = ")" + folder_.file("runs") + R"("
every = 3
checkpoint_every = 4
)");
  }
  Finished run(const std::string& arguments, const std::string& before = "") {
    return testing::run_shell(folder_, before + " '" + program_ + "' " + arguments);
  }
  std::string adapt(const std::string& more = "") { return "adapt '" + folder_.file("adapt.toml") + "' " + more; }
  std::string in_runs(const std::string& name) { return folder_.file("runs/" + name); }
  /// The last line of standard error, an error, without its head.
  std::string error(const std::string& arguments, int code) {
    const Finished f = run(arguments);
    EXPECT_EQ(f.status, code) << arguments << '\n' << f.err;
    const std::string head = "segue: error: ";
    const size_t at = f.err.rfind(head);
    EXPECT_TRUE(at != std::string::npos && (at == 0 || f.err[at - 1] == '\n')) << f.err;
    if (at == std::string::npos) return f.err;
    return f.err.substr(at + head.size(), f.err.size() - at - head.size() - 1);
  }
  std::vector<StageRecord> stages(const std::string& run) {
    return parse_stages(read_bytes(run + "/stages.json"), "stages.json");
  }
  static std::string last(const std::string& run) {
    const std::string name = read_bytes(run + "/checkpoints/last");
    return run + "/checkpoints/" + name.substr(0, name.find('\n'));
  }
  /// All weights, translations and labels of two runs have the same bytes, and all scores are the same.
  void expect_same_results(const std::string& a, const std::string& b) {
    int files = 0;
    for (const StageRecord& s : stages(a)) {
      const std::string folder = s.kind == StageKind::translate || s.kind == StageKind::pseudo
                                     ? a + "/" + s.folder + "/labels"
                                     : last(a + "/" + s.folder);
      for (const auto& e : fs::directory_iterator(folder)) {
        if (e.path().extension() == ".json") continue;
        const std::string other = b + e.path().string().substr(a.size());
        EXPECT_TRUE(read_bytes(e.path()) == read_bytes(other)) << e.path();
        ++files;
      }
    }
    EXPECT_GE(files, 20);
    const auto sa = stages(a), sb = stages(b);
    ASSERT_EQ(sa.size(), sb.size());
    for (size_t i = 0; i < sa.size(); ++i) {
      EXPECT_EQ(sb[i].state, StageState::done) << sb[i].folder;
      ASSERT_EQ(sa[i].score.has_value(), sb[i].score.has_value());
      if (sa[i].score) {
        EXPECT_EQ(sa[i].score->iou, sb[i].score->iou) << sa[i].folder;
      }
    }
  }

  ScratchFolder folder_;
  std::string program_;
};

TEST_F(Adapt, RunsTheWholeLoop) {
  const Finished f = run(adapt());
  ASSERT_EQ(f.status, 0) << f.err;
  const std::string run = in_runs("adapt");
  for (const char* row :
       {"source only", "translated", "+ self-training, round 1", "+ self-training, round 2", "ceiling (target labels)"})
    EXPECT_NE(f.out.find(std::string("\n") + row + " "), std::string::npos) << f.out;
  const std::vector<StageRecord> all = stages(run);
  ASSERT_EQ(all.size(), 9u);
  for (const StageRecord& s : all) {
    EXPECT_EQ(s.state, StageState::done) << s.folder;
    EXPECT_GT(s.seconds, 0) << s.folder;
    EXPECT_EQ(s.score.has_value(), s.kind == StageKind::segment) << s.folder;
    if (s.kind == StageKind::segment || s.kind == StageKind::cyclegan) {
      EXPECT_TRUE(fs::exists(run + "/" + s.folder + "/config.toml")) << s.folder;
    }
    if (s.kind == StageKind::segment) {
      EXPECT_TRUE(fs::exists(run + "/" + s.folder + "/examples/02/prediction.png")) << s.folder;
    }
  }
  for (const char* file : {"config.toml", "cmdline.txt", "env.json", "adapt.log"})
    EXPECT_FALSE(read_bytes(run + "/" + file).empty()) << file;
  EXPECT_TRUE(fs::exists(run + "/translated/examples/00/translation.png"));

  // A score is what `segue eval` says of the stage's last average.
  const StageRecord& student = all[7];
  ASSERT_EQ(student.folder, "round-2");
  const Finished scored = this->run("eval '" + last(run + "/round-2") +
                                    "/ema.safetensors' --data 'cityscapes:" + folder_.file("real") + "' --threads 1");
  ASSERT_EQ(scored.status, 0) << scored.err;
  char miou[40];
  std::snprintf(miou, sizeof miou, "%.2f", 100 * student.score->miou);
  EXPECT_NE(scored.out.find(miou), std::string::npos) << miou << '\n' << scored.out;

  // A student learns from both, in the shares of its round, under noise; the teacher without.
  const std::string config = read_bytes(run + "/round-2/config.toml"),
                    teacher = read_bytes(run + "/teacher/config.toml");
  EXPECT_NE(config.find("train = \"0.5*folder:" + run + "/translated + 0.5*folder:" + run + "/round-2-labels\""),
            std::string::npos)
      << config;
  EXPECT_NE(config.find("cutmix = 0.5\n"), std::string::npos);
  EXPECT_NE(teacher.find("train = \"1*folder:" + run + "/translated\""), std::string::npos) << teacher;
  EXPECT_NE(teacher.find("cutmix = 0.0\n"), std::string::npos);

  // Round 2 has the labels of round 1's student.
  const PseudoSummary labels = parse_pseudo(read_bytes(run + "/round-2-labels/pseudo.json"), "pseudo.json");
  EXPECT_EQ(labels.images, 5);
  EXPECT_GT(labels.kept_px(), 0);
  ASSERT_EQ(this->run("pseudo '" + last(run + "/round-1") + "/ema.safetensors' --data 'cityscapes:" +
                      folder_.file("real") + "' --threshold 0.2 --per-class 0.5 --flip --scales 0.75,1,1.25 -o '" +
                      folder_.file("by-hand") + "' --threads 1")
                .status,
            0);
  for (const auto& e : fs::directory_iterator(run + "/round-2-labels/labels"))
    EXPECT_TRUE(read_bytes(e.path()) == read_bytes(folder_.file("by-hand/labels/") + e.path().filename().string()))
        << e.path();

  // Once more: nothing is left to do, and the table is the same.
  const Finished again = this->run("adapt --resume='" + run + "'");
  EXPECT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(again.out, f.out);
}

TEST_F(Adapt, TornApartAndResumedEndsInTheSameBits) {
  const std::string less = " --set pseudo.rounds=1 --set data.ceiling=\"\" ";
  const auto start = std::chrono::steady_clock::now();
  ASSERT_EQ(run(adapt("--name whole" + less)).status, 0);
  const double whole_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const char* signals[] = {"KILL", "TERM", "INT"};
  int stops = 0;
  for (int life = 0; life < 60; ++life) {
    const bool begun = fs::exists(in_runs("torn") + "/config.toml");
    if (!begun) fs::remove_all(in_runs("torn"));
    const std::string command = begun ? "adapt --resume='" + in_runs("torn") + "'" : adapt("--name torn" + less);
    char seconds[20];
    // Later in each life, so that some life comes to the end, however slow it is to begin. Early enough for three stops on a
    // machine that has become twice as fast meanwhile.
    std::snprintf(seconds, sizeof seconds, "%.3f", whole_s * (0.05 + 0.02 * life + 0.04 * (life % 4)));
    const Finished f = run(command, kTimeout + std::string(" -s ") + signals[life % 3] + " " + seconds);
    if (f.status == 0) break;
    ASSERT_TRUE(f.status == 137 || f.status == 143 || f.status == 130) << f.status << ' ' << f.err;
    ++stops;
  }
  EXPECT_GE(stops, 3);
  EXPECT_EQ(run("adapt --resume='" + in_runs("torn") + "'").status, 0);
  expect_same_results(in_runs("whole"), in_runs("torn"));
}

TEST_F(Adapt, ASignalSavesAndSaysHowToGoOn) {
  // While the first stage trains.
  const Finished f = run(adapt("--set train.steps=100000 --set log.every=1"), kTimeout + std::string(" -s INT 2"));
  EXPECT_EQ(f.status, 130) << f.err;
  EXPECT_NE(f.err.find(", saved; to go on: segue adapt --resume=" + in_runs("adapt") + "\n"), std::string::npos)
      << f.err;
  EXPECT_EQ(f.err.find("segue train"), std::string::npos);
  EXPECT_EQ(f.out, "");
  const std::vector<StageRecord> all = stages(in_runs("adapt"));
  EXPECT_EQ(all[0].state, StageState::running);
  EXPECT_GT(all[0].seconds, 0);
  EXPECT_EQ(all[1].state, StageState::waiting);
}

TEST_F(Adapt, AFullDiskIsOneLineAndTheRunGoesOnAfterIt) {
  const std::string less = adapt(
      "--name full --set pseudo.rounds=0 --set data.ceiling=\"\" --set adapt.source_only=false --set train.steps=4");
  // Files may not become larger than this: weights are.
  const Finished f = run(less, "ulimit -f 40;");
  EXPECT_EQ(f.status, 1) << f.err;
  const size_t at = f.err.rfind("segue: error: ");
  ASSERT_NE(at, std::string::npos) << f.err;
  EXPECT_NE(f.err.substr(at).find("File too large"), std::string::npos) << f.err;
  EXPECT_EQ(f.err.find('\n', at), f.err.size() - 1);
  EXPECT_EQ(run("adapt --resume='" + in_runs("full") + "'").status, 0);
}

TEST_F(Adapt, WithoutTranslationOrScores) {
  const Finished f = run(
      adapt("--set adapt.translate=false --set data.val=\"\" --set data.ceiling=\"\" --set pseudo.rounds=1 "
            "--set pseudo.student=teacher --set pseudo.rate=0.025 --set pseudo.class_share=[0,0] --set train.steps=3"));
  ASSERT_EQ(f.status, 0) << f.err;
  EXPECT_EQ(f.out, "no data.val, so no scores; the models are in '" + in_runs("adapt") + "'\n");
  const std::vector<StageRecord> all = stages(in_runs("adapt"));
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].folder, "source-only");
  const std::string config = read_bytes(in_runs("adapt") + "/round-1/config.toml");
  EXPECT_NE(config.find("init = \"" + last(in_runs("adapt") + "/source-only") + "/ema.safetensors\""),
            std::string::npos)
      << config;
  EXPECT_NE(config.find("\nrate = 0.025\n"), std::string::npos) << config;
}

TEST_F(Adapt, SourceImagesAsTheyAreBesideTranslatedOnes) {
  const Finished f = run(
      adapt("--set adapt.source_share=0.25 --set adapt.source_only=false --set data.ceiling=\"\" --set pseudo.rounds=1 "
            "--set train.steps=3"));
  ASSERT_EQ(f.status, 0) << f.err;
  const std::string translated = "folder:" + in_runs("adapt") + "/translated",
                    source = "cityscapes:" + folder_.file("synthetic");
  EXPECT_NE(read_bytes(in_runs("adapt") + "/teacher/config.toml")
                .find("train = \"0.75*" + translated + " + 0.25*" + source + "\""),
            std::string::npos);
  EXPECT_NE(read_bytes(in_runs("adapt") + "/round-1/config.toml")
                .find("train = \"0.5625*" + translated + " + 0.1875*" + source + " + 0.25*folder:"),
            std::string::npos);
}

TEST_F(Adapt, TranslationsKeepTheirMeaningAndNormsKnowTheTarget) {
  const std::string more =
      "--set translate.semantic=2 --set adapt.target_statistics=true --set data.ceiling=\"\" --set pseudo.rounds=1 "
      "--set train.steps=3 ";
  EXPECT_NE(run(adapt(more + "--dry-run")).out.find("\nmemory of a step, CycleGAN, without its semantic loss: "),
            std::string::npos);
  const Finished f = run(adapt(more));
  ASSERT_EQ(f.status, 0) << f.err;
  const std::string run = in_runs("adapt"), translator = read_bytes(run + "/translator/config.toml");
  EXPECT_NE(translator.find("segmenter = \"" + run + "/source-only\""), std::string::npos) << translator;
  const std::string metrics = read_bytes(run + "/translator/metrics.jsonl");
  for (const char* name : {"\"sem_A\":", "\"sem_B\":"}) EXPECT_NE(metrics.find(name), std::string::npos) << metrics;
  const std::string line = "\nstatistics = \"cityscapes:" + folder_.file("real") + "\"";
  for (const char* stage : {"/teacher", "/round-1"})
    EXPECT_NE(read_bytes(run + stage + "/config.toml").find(line), std::string::npos) << stage;
  EXPECT_EQ(read_bytes(run + "/source-only/config.toml").find(line), std::string::npos);
}

TEST_F(Adapt, DryRunWritesNothing) {
  const Finished f = run(adapt("--dry-run"));
  ASSERT_EQ(f.status, 0) << f.err;
  EXPECT_NE(f.out.find("\nstage round-2-labels"), std::string::npos) << f.out;
  EXPECT_NE(f.out.find("target: cityscapes:" + folder_.file("real") + ": 5 images\n"), std::string::npos) << f.out;
  for (const char* line : {"\ndevice: CPU", "\nmemory of a step, CycleGAN: ", "\nmemory of a step, segmentation: "})
    EXPECT_NE(f.out.find(line), std::string::npos) << line << f.out;
  EXPECT_FALSE(fs::exists(folder_.file("runs")));
}

// GTA5's own default is all of its images, not a split called train: every row of the table learns from the same ones.
TEST_F(Adapt, AllRowsLearnFromTheSameImages) {
  const std::string set = folder_.file("game");
  for (const char* folder : {"/images", "/labels"}) fs::create_directories(set + folder);
  const std::string from = folder_.file("synthetic");
  int64_t number = 24960;  // on both sides of a border between splits
  for (const auto& e : fs::recursive_directory_iterator(from + "/leftImg8bit")) {
    if (!e.is_regular_file()) continue;
    std::string label = e.path().string();
    label.replace(label.find("leftImg8bit"), 11, "gtFine");
    label.replace(label.find("leftImg8bit"), 11, "gtFine_labelIds");
    const std::string name = number == 24960 ? "/00001.png" : "/" + std::to_string(number) + ".png";
    fs::copy_file(e.path(), set + "/images" + name);
    fs::copy_file(label, set + "/labels" + name);
    ++number;
  }
  const Finished f =
      run(adapt("--set pseudo.rounds=0 --set data.ceiling=\"\" --set data.val=\"\" --set data.source=gta5:" + set));
  ASSERT_EQ(f.status, 0) << f.err;
  EXPECT_NE(f.err.find("train: gta5:" + set + ": 4 images"), std::string::npos) << f.err;
  EXPECT_NE(f.err.find("/translated: 4 images"), std::string::npos) << f.err;
}

// Images that cannot be read, or others than those that a folder was begun with, are no reason to learn from fewer.
TEST_F(Adapt, WantsAllOfTheSource) {
  const std::string
      image = folder_.file("synthetic") + "/leftImg8bit/train/town/town_000002_000019_leftImg8bit.png",
      less = "--set adapt.source_only=false --set pseudo.rounds=0 --set data.ceiling=\"\" --set train.steps=3 ",
      whole = read_bytes(image);
  write_bytes(image, whole.substr(0, whole.size() / 2));
  const std::string weights = folder_.file("g.safetensors");
  {
    Context c;
    CycleGanGenerator generator({.blocks = 1, .filters = 8});
    generator.allocate(c);
    save_model(weights, generator, {.blocks = 1, .filters = 8});
  }
  const std::string first = error(adapt(less + "--set 'translate.weights=" + weights + "'"), 3);
  EXPECT_EQ(first, "1 of 4 images of 'cityscapes:" + folder_.file("synthetic") +
                       "' could not be translated; mend them, and go on: segue adapt --resume=" + in_runs("adapt"));
  EXPECT_NE(read_bytes(in_runs("adapt") + "/adapt.log").find("\nwarning: cannot read '" + image + "'"),
            std::string::npos)
      << "the log says which image";
  write_bytes(image, whole);
  const std::string other = folder_.file("synthetic") + "/leftImg8bit/train/town/town_000007_000019_leftImg8bit.png";
  fs::rename(image, other);
  std::string label = image, other_label = other;
  for (std::string* s : {&label, &other_label}) {
    s->replace(s->find("leftImg8bit"), 11, "gtFine");
    s->replace(s->find("leftImg8bit"), 11, "gtFine_labelIds");
  }
  fs::rename(label, other_label);
  EXPECT_NE(
      error("adapt --resume='" + in_runs("adapt") + "'", 2).find("; they have changed: data.source \"4 examples "),
      std::string::npos);
  fs::rename(other, image);
  fs::rename(other_label, label);
  EXPECT_EQ(run("adapt --resume='" + in_runs("adapt") + "'").status, 0);
}

TEST_F(Adapt, RefusesInOneLine) {
  EXPECT_NE(error("adapt", 2).find("a configuration"), std::string::npos);
  EXPECT_NE(error(adapt("--set data.source=\"\""), 2).find("data.source"), std::string::npos);
  EXPECT_NE(error(adapt("--set data.target=folder:/no/where"), 3).find("/no/where"), std::string::npos);
  EXPECT_NE(error(adapt("--set pseudo.thresold=0.5"), 2).find("did you mean 'pseudo.threshold'"), std::string::npos);
  EXPECT_NE(error(adapt("--set translate.crop=[64,64]"), 2).find("'translate.crop' expects at most 'translate.resize'"),
            std::string::npos);
  EXPECT_NE(error(adapt("--set translate.crop=[38,40]"), 2).find("multiples of 4"), std::string::npos);
  EXPECT_NE(error("adapt --resume='" + folder_.file("none") + "'", 2).find("no config.toml"), std::string::npos);
  // What a later stage would miss is missed before the first.
  const std::string real = "cityscapes:" + folder_.file("real"), both = "'0.5*" + real + " + 0.5*" + real + "'";
  EXPECT_NE(error(adapt("--set data.target=" + both), 2).find("expects one data set"), std::string::npos);
  EXPECT_NE(error(adapt("--set data.val=" + both), 2).find("expects one data set"), std::string::npos);
  EXPECT_NE(error(adapt("--set model.init=/no/where"), 3).find("/no/where"), std::string::npos);
  EXPECT_NE(error(adapt("--set translate.weights=/no/where"), 3).find("/no/where"), std::string::npos);
  EXPECT_NE(error(adapt("--set translate.segmenter=/no/where"), 3).find("/no/where"), std::string::npos);
  EXPECT_NE(error(adapt("--set translate.semantic=1 --set adapt.source_only=false"), 2).find("a model of the source"),
            std::string::npos);
  // With the settings' own names, in a dry run too.
  for (const char* dry : {"", " --dry-run"}) {
    EXPECT_NE(error(adapt(std::string("--set pseudo.rate=1e-9") + dry), 2).find("'pseudo.rate'"), std::string::npos);
    EXPECT_NE(
        error(adapt(std::string("--set pseudo.steps=2 --set optim.warm_up_steps=4") + dry), 2).find("'pseudo.steps'"),
        std::string::npos);
  }
  EXPECT_NE(error(adapt("--set adapt.translate=false --set pseudo.rounds=0 --set adapt.target_statistics=true"), 2)
                .find("adapt.target_statistics expects"),
            std::string::npos);
  EXPECT_NE(error(adapt("--set translate.init=/no/where"), 3).find("/no/where/model.safetensors"), std::string::npos);
  EXPECT_NE(error(adapt("--out '" + in_runs("a + 0.5*folder:b") + "'"), 2).find("reads as a mix"), std::string::npos);
  EXPECT_NE(error(adapt("--set train.precision=bf16"), 2).find("bf16"), std::string::npos);
  EXPECT_FALSE(fs::exists(in_runs("adapt"))) << "a run that never began leaves nothing";
  write_bytes(folder_.file("segment.toml"), "task = \"segment\"\n");
  EXPECT_NE(error("adapt '" + folder_.file("segment.toml") + "'", 2).find("use 'segue train'"), std::string::npos);
  EXPECT_NE(error("train '" + folder_.file("adapt.toml") + "'", 2).find("use 'segue adapt'"), std::string::npos);
  // A teacher that has learned nothing, but what its inputs are like, is sure of nothing.
  const std::string quick =
      "--set adapt.translate=false --set train.steps=60 --set optim.rate=1e-6 --set train.ema=0 "
      "--set pseudo.threshold=1 --set pseudo.class_share=[0,0]";
  EXPECT_NE(error(adapt(quick), 3).find("pseudo.threshold = 1"), std::string::npos);
  const std::string log = read_bytes(in_runs("adapt") + "/adapt.log");
  EXPECT_NE(log.find("segue: error: the teacher is nowhere as confident"), std::string::npos) << log;
  // A resumed run keeps its settings.
  EXPECT_NE(error("adapt --resume='" + in_runs("adapt") + "' --set train.steps=2", 2).find("train.steps = 60"),
            std::string::npos);
}

}  // namespace
}  // namespace segue
