// `segue train`, as a user runs it: small models on scenes of three rectangles.
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstdlib>
#include <thread>

#include "data/image_file.h"
#include "data/png_file.h"
#include "models/model_file.h"
#include "runtime/json.h"
#include "runtime/safetensors.h"
#include "tests/files.h"

namespace segue {
namespace {

namespace fs = std::filesystem;
using testing::Finished;
using testing::read_bytes;
using testing::ScratchFolder;
using testing::write_bytes;

/// Sky over a building over road, with a car, in Cityscapes' ids and layout.
void write_scene(const std::string& root, const std::string& split, int64_t i) {
  constexpr int64_t kHeight = 72, kWidth = 100;
  data::Image image(kHeight, kWidth, 3), label(kHeight, kWidth, 1);
  const uint8_t ids[] = {23, 11, 7, 26};
  const uint8_t colors[4][3] = {{90, 150, 220}, {120, 90, 70}, {90, 90, 95}, {200, 40, 60}};
  for (int64_t y = 0; y < kHeight; ++y)
    for (int64_t x = 0; x < kWidth; ++x) {
      int k = y < 20 + 2 * i ? 0 : y < 44 ? 1 : 2;
      if (y > 36 && y < 52 && x > 10 * i && x < 10 * i + 30) k = 3;
      label.row(y)[x] = ids[k];
      for (int64_t c = 0; c < 3; ++c) image.row(y)[3 * x + c] = uint8_t(colors[k][c] + (x * 7 + y * 13 + i * 5) % 24);
    }
  const std::string name = "town/town_00000" + std::to_string(i) + "_000019_";
  for (const char* folder : {"/leftImg8bit/", "/gtFine/"}) fs::create_directories(root + folder + split + "/town");
  data::write_png(root + "/leftImg8bit/" + split + "/" + name + "leftImg8bit.png", image.view());
  data::write_png(root + "/gtFine/" + split + "/" + name + "gtFine_labelIds.png", label.view());
}

class Train : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* build = std::getenv("SEGUE_BINARY_DIR");
    ASSERT_NE(build, nullptr) << "run by ctest, which sets SEGUE_BINARY_DIR";
    program_ = std::string(build) + "/bin/segue";
    for (int64_t i = 0; i < 5; ++i) write_scene(folder_.file("data"), "train", i);
    for (int64_t i = 0; i < 2; ++i) write_scene(folder_.file("data"), "val", i);
    write_bytes(folder_.file("segment.toml"), R"(task = "segment"
[model]
width = 0.0625
[data]
train = "cityscapes:)" + folder_.file("data") + R"("
val = "cityscapes:)" + folder_.file("data") + R"(?split=val"
crop = [64, 64]
workers = 2
cutmix = 0.5
[optim]
rate = 0.05
[train]
batch = 2
steps = 18
eval_every = 6
ema = 0.9
device = "cpu"
threads = 1
[log]
dir = ")" + folder_.file("runs") + R"("
every = 3
checkpoint_every = 4
)");
    write_bytes(folder_.file("translate.toml"), R"(task = "translate"
[model]
blocks = 1
filters = 8
discriminator_filters = 8
[data]
source = "cityscapes:)" + folder_.file("data") + R"("
target = "cityscapes:)" + folder_.file("data") + R"(?split=val"
resize = [40, 48]
crop = [32, 32]
[loss]
pool = 3
[train]
steps = 14
device = "cpu"
threads = 1
[log]
dir = ")" + folder_.file("runs") + R"("
every = 7
checkpoint_every = 4
)");
  }
  Finished run(const std::string& arguments, const std::string& before = "") {
    return testing::run_shell(folder_, before + " '" + program_ + "' " + arguments);
  }
  std::string segment(const std::string& more = "") { return "train '" + folder_.file("segment.toml") + "' " + more; }
  std::string translate(const std::string& more = "") {
    return "train '" + folder_.file("translate.toml") + "' " + more;
  }
  std::string in_runs(const std::string& name) { return folder_.file("runs/" + name); }
  /// The last line of standard error, an error, without its head.
  std::string error(const Finished& f, int code) {
    EXPECT_EQ(f.status, code) << f.err;
    const std::string head = "segue: error: ";
    const size_t at = f.err.rfind(head);
    EXPECT_TRUE(at != std::string::npos && (at == 0 || f.err[at - 1] == '\n')) << f.err;
    if (at == std::string::npos) return f.err;
    const std::string line = f.err.substr(at + head.size());
    EXPECT_EQ(line.find('\n'), line.size() - 1) << line;
    return line.substr(0, line.size() - 1);
  }
  static std::string last(const std::string& run) {
    const std::string name = read_bytes(run + "/checkpoints/last");
    return run + "/checkpoints/" + name.substr(0, name.find('\n'));
  }
  /// All weight files of two runs' last checkpoints have the same bytes.
  static void expect_same_weights(const std::string& a, const std::string& b) {
    int files = 0;
    for (const auto& e : fs::directory_iterator(last(a))) {
      if (e.path().extension() != ".safetensors") continue;
      EXPECT_TRUE(read_bytes(e.path()) == read_bytes(last(b) + "/" + e.path().filename().string())) << e.path();
      ++files;
    }
    EXPECT_GE(files, 3);
    EXPECT_EQ(read_bytes(a + "/checkpoints/last"), read_bytes(b + "/checkpoints/last"));
  }
  /// Starts a run, stops it with a signal after some time, and returns its exit status (128 + a signal that killed it).
  int stopped(const std::string& arguments, const char* signal, int after_ms) {
    char seconds[20];
    std::snprintf(seconds, sizeof seconds, "%.3f", after_ms / 1000.);
    return run(arguments, std::string("timeout --foreground --preserve-status -s ") + signal + " " + seconds).status;
  }
  /// Tears a run apart with `signals` until one life ends by itself.
  void tear(const std::string& arguments, const std::string& name, const std::vector<const char*>& signals) {
    int stops = 0;
    for (int life = 0; life < 40; ++life) {
      const bool begun = fs::exists(in_runs(name) + "/config.toml");
      if (!begun) fs::remove_all(in_runs(name));  // killed between the folder and its first file
      const std::string command = begun ? "train --resume='" + in_runs(name) + "'" : arguments + "--name " + name;
      const int status = stopped(command, signals[size_t(life) % signals.size()], 40 + 70 * life + 53 * life % 90);
      if (status == 0) break;
      ASSERT_TRUE(status == 137 || status == 143 || status == 130) << status;
      ++stops;
    }
    EXPECT_GE(stops, 1);
    EXPECT_EQ(run("train --resume='" + in_runs(name) + "'").status, 0);
  }

  ScratchFolder folder_;
  std::string program_;
};

TEST_F(Train, WritesARunFolder) {
  const Finished f = run(segment());
  ASSERT_EQ(f.status, 0) << f.err;
  EXPECT_EQ(f.out, "");
  const std::string run = in_runs("segment");
  for (const char* file : {"config.toml", "cmdline.txt", "env.json", "train.log", "metrics.jsonl"})
    EXPECT_FALSE(read_bytes(run + "/" + file).empty()) << file;
  EXPECT_EQ(read_bytes(run + "/train.log"), f.err);
  EXPECT_NE(f.err.find("\n18/18  loss "), std::string::npos) << f.err;
  EXPECT_NE(f.err.find("train: cityscapes:" + folder_.file("data") + ": 5 images\n"), std::string::npos) << f.err;
  const Json env = Json::parse(read_bytes(run + "/env.json"), "env");
  EXPECT_EQ(env.integer("threads"), 1);
  EXPECT_EQ(env.integer("seed"), 0);
  int train = 0, val = 0;
  std::istringstream lines(read_bytes(run + "/metrics.jsonl"));
  for (std::string line; std::getline(lines, line);) {
    const Json record = Json::parse(line, "line");
    if (record.text("kind") == "train") {
      EXPECT_EQ(record.integer("step"), 3 * ++train);
      EXPECT_GT(record.number("loss"), 0);
      EXPECT_GT(record.number("img_s"), 0);
    } else {
      EXPECT_EQ(record.integer("step"), 6 * ++val);
      EXPECT_GE(record.number("miou"), 0);
    }
  }
  EXPECT_EQ(train, 6);
  EXPECT_EQ(val, 3);
  // The weights stand for themselves.
  const Finished listed = this->run("inspect '" + last(run) + "/ema.safetensors'");
  EXPECT_NE(listed.out.find("segue.arch = deeplabv3plus"), std::string::npos) << listed.out << listed.err;
  // A second run of the same name goes elsewhere and has the same bits, on two threads too.
  ASSERT_EQ(this->run(segment("--set train.threads=2 --set data.workers=1")).status, 0);
  expect_same_weights(run, run + "-2");
}

TEST_F(Train, TornApartAndResumedASegmentationEndsInTheSameBits) {
  ASSERT_EQ(run(segment("--name whole")).status, 0);
  tear(segment(), "killed", {"KILL"});
  expect_same_weights(in_runs("whole"), in_runs("killed"));
  tear(segment(), "asked", {"TERM", "INT", "KILL"});
  expect_same_weights(in_runs("whole"), in_runs("asked"));
}

/// Other statistics, other running means, and nothing else; also where a life ends while they are collected.
TEST_F(Train, StatisticsOfOtherImages) {
  ASSERT_EQ(run(segment("--name without --set data.val=\"\"")).status, 0);
  const std::string with =
      "--set data.val=\"\" --set 'data.statistics=cityscapes:" + folder_.file("data") + "?split=val' ";
  const Finished f = run(segment(with + "--name whole"));
  ASSERT_EQ(f.status, 0) << f.err;
  EXPECT_NE(f.err.find("\nstatistics: cityscapes:" + folder_.file("data") + "?split=val: 2 images\n"),
            std::string::npos)
      << f.err;
  for (const char* file : {"/model.safetensors", "/ema.safetensors"}) {
    const SafeTensors a(last(in_runs("without")) + file), b(last(in_runs("whole")) + file);
    int same = 0, others = 0;
    for (const StoredTensor& x : a.tensors()) {
      const StoredTensor* y = b.find(x.name);
      ASSERT_NE(y, nullptr) << x.name;
      if (x.type != StoredType::F32) continue;
      const bool equal = std::memcmp(a.data(x), b.data(*y), size_t(x.bytes())) == 0;
      const bool running = x.name.find("running_") != std::string::npos;
      EXPECT_NE(equal, running) << file << ' ' << x.name;
      ++(running ? others : same);
    }
    EXPECT_GT(same, 50);
    EXPECT_GT(others, 50);
  }
  tear(segment(with), "torn", {"KILL", "TERM"});
  expect_same_weights(in_runs("whole"), in_runs("torn"));
  // An image that cannot be read costs none of the steps.
  const std::string image = folder_.file("data") + "/leftImg8bit/val/town/town_000001_000019_leftImg8bit.png",
                    content = read_bytes(image);
  write_bytes(image, content.substr(0, content.size() / 2));
  const std::string what = error(run(segment(with + "--name late --set log.checkpoint_every=1000")), 3);
  EXPECT_NE(what.find("town_000001"), std::string::npos) << what;
  EXPECT_NE(what.find("; the 18 steps are saved; to go on: segue train --resume=" + in_runs("late")), std::string::npos)
      << what;
  write_bytes(image, content);
  ASSERT_EQ(run("train --resume='" + in_runs("late") + "'").status, 0);
  expect_same_weights(in_runs("whole"), in_runs("late"));
}

/// The model that is meant has the statistics; one of an earlier step has not, however well it scores.
TEST_F(Train, NoStepBeforeTheStatisticsIsTheBest) {
  const std::string data = "cityscapes:" + folder_.file("data");
  const Finished f =
      run(segment("--set train.eval_every=2 --set train.ema=0 --set 'data.statistics=" + data + "?split=val'"));
  ASSERT_EQ(f.status, 0) << f.err;
  const std::string checkpoints = in_runs("segment") + "/checkpoints/";
  EXPECT_EQ(read_bytes(checkpoints + "best"), "step-00000018\n");
  // A run that is told to end where it stands takes them too.
  ASSERT_EQ(
      run(segment("--name short --set train.eval_every=100 --set train.steps=4 --set optim.schedule=constant --set "
                  "'data.statistics=" +
                  data + "?split=val'"))
          .status,
      0);
  ASSERT_EQ(run(segment("--name long --set train.eval_every=100 --set train.steps=8 --set log.checkpoint_every=4 --set "
                        "optim.schedule=constant --set log.keep=9 --set 'data.statistics=" +
                        data + "?split=val'"))
                .status,
            0);
  write_bytes(in_runs("long") + "/checkpoints/last", "step-00000004\n");
  ASSERT_EQ(run("train --resume='" + in_runs("long") + "' --set train.steps=4").status, 0);
  expect_same_weights(in_runs("short"), in_runs("long"));
}

TEST_F(Train, TornApartAndResumedATranslationEndsInTheSameBits) {
  const Finished f = run(translate("--name whole"));
  ASSERT_EQ(f.status, 0) << f.err;
  for (const char* name : {"D_A ", "G_A ", "cycle_A ", "idt_A ", "D_B ", "G_B ", "cycle_B ", "idt_B "})
    EXPECT_NE(f.err.find(name), std::string::npos) << name;
  EXPECT_TRUE(fs::exists(in_runs("whole") + "/samples/step-00000014-source_0.png"));
  tear(translate(), "torn", {"KILL", "TERM"});
  expect_same_weights(in_runs("whole"), in_runs("torn"));
}

TEST_F(Train, ATranslationUpsamplesAsItsSettingSays) {
  const std::string more = "--set train.steps=4 --set log.checkpoint_every=2 --set log.keep=9 ";
  const Finished f = run(translate(more + "--set model.upsampling=resize --name resize"));
  ASSERT_EQ(f.status, 0) << f.err;
  EXPECT_NE(f.err.find("8 filters, upsampling by resize, "), std::string::npos) << f.err;
  ASSERT_EQ(run(translate(more + "--name transposed")).status, 0);
  const auto weights = [&](const char* name) { return last(in_runs(name)) + "/model.safetensors"; };
  EXPECT_EQ(generator_info(SafeTensors(weights("resize"))).upsampling, Upsampling::resize);
  EXPECT_EQ(generator_info(SafeTensors(weights("transposed"))).upsampling, Upsampling::transposed);
  const std::string whole = read_bytes(weights("resize"));
  write_bytes(in_runs("resize") + "/checkpoints/last", "step-00000002\n");
  ASSERT_EQ(run("train --resume='" + in_runs("resize") + "'").status, 0);
  EXPECT_TRUE(read_bytes(weights("resize")) == whole);
}

/// A translation that is held to what a model sees goes on with that model or not at all.
TEST_F(Train, ATranslationsSegmenterIsPartOfIt) {
  for (const char* seed : {"0", "1"})
    ASSERT_EQ(run(segment(std::string("--name judge-") + seed + " --seed " + seed + " --set train.ema=0")).status, 0);
  const std::string judge = folder_.file("judge.safetensors"), first = last(in_runs("judge-0")) + "/model.safetensors";
  fs::copy_file(first, judge);
  const std::string with = "--set loss.semantic=0.001 --set 'loss.segmenter=" + judge + "' --set log.keep=9 ";
  const Finished f = run(translate(with + "--name whole"));
  ASSERT_EQ(f.status, 0) << f.err;
  EXPECT_NE(f.err.find("\nkeeps what " + judge + " sees, weight 0.001\n"), std::string::npos) << f.err;
  const std::string weights = read_bytes(last(in_runs("whole")) + "/model.safetensors");
  write_bytes(in_runs("whole") + "/checkpoints/last", "step-00000004\n");
  fs::copy_file(last(in_runs("judge-1")) + "/model.safetensors", judge, fs::copy_options::overwrite_existing);
  EXPECT_NE(error(run("train --resume='" + in_runs("whole") + "'"), 2).find("data segmenter \""), std::string::npos);
  fs::copy_file(first, judge, fs::copy_options::overwrite_existing);
  ASSERT_EQ(run("train --resume='" + in_runs("whole") + "'").status, 0);
  EXPECT_TRUE(read_bytes(last(in_runs("whole")) + "/model.safetensors") == weights);
  // And it matters.
  ASSERT_EQ(run(translate("--name without")).status, 0);
  EXPECT_FALSE(read_bytes(last(in_runs("without")) + "/model.safetensors") == weights);
  EXPECT_NE(error(run(translate("--set loss.semantic=1")), 2).find("'loss.segmenter'"), std::string::npos);
}

TEST_F(Train, ADryRunSaysWhatIsNeededAndWritesNothing) {
  // Class weights follow from a count of the labels, which a run keeps beside its folder.
  const Finished f = run(segment("--dry-run --set train.class_weights=inverse_log"));
  ASSERT_EQ(f.status, 0) << f.err;
  for (const char* part : {"\nrate = 0.05\n", "memory of a step: ", "checkpoint: ", "18 steps of 2 images", "5 images"})
    EXPECT_NE(f.out.find(part), std::string::npos) << part << f.out;
  EXPECT_FALSE(fs::exists(folder_.file("runs")));
}

TEST_F(Train, EvaluatesOnTheSplitThatIsForIt) {
  const Finished f = run(segment("--dry-run --set 'data.val=cityscapes:" + folder_.file("data") + "'"));
  EXPECT_NE(f.out.find("\nval: cityscapes:" + folder_.file("data") + ": 2 images\n"), std::string::npos)
      << f.out << f.err;
}

TEST_F(Train, HoldsAPartOfTheTrainingImagesOut) {
  const Finished f = run(segment("--set data.val=\"\" --set data.hold_out=0.4"));
  ASSERT_EQ(f.status, 0) << f.err;
  EXPECT_NE(f.err.find("train: cityscapes:" + folder_.file("data") + ": 3 images\n"), std::string::npos) << f.err;
  EXPECT_NE(f.err.find("\nval: held out of data.train: 2 images\n"), std::string::npos) << f.err;
  EXPECT_TRUE(fs::exists(in_runs("segment") + "/checkpoints/best"));
  EXPECT_EQ(error(run(segment("--set data.hold_out=0.4")), 2),
            "'data.val' and 'data.hold_out' both say what to evaluate on; expects one of them");
}

/// At the end of a run, when they have been read: labels with ids that their scheme does not have.
TEST_F(Train, UnknownIdsAreReported) {
  const std::string label = folder_.file("data") + "/gtFine/train/town/town_000001_000019_gtFine_labelIds.png";
  data::Image ids = data::read_label(label);
  std::fill(ids.px.begin(), ids.px.begin() + 800, uint8_t(200));
  data::write_png(label, ids.view());
  const Finished f = run(segment("--set data.val=\"\""));
  ASSERT_EQ(f.status, 0) << f.err;
  EXPECT_NE(f.err.find("\nwarning: 1 label with ids that labels of "), std::string::npos) << f.err;
}

TEST_F(Train, OptionsThatContradictAreUsageErrors) {
  // What never began leaves nothing, not even the folder of runs.
  run(segment("--set data.train="));
  EXPECT_FALSE(fs::exists(folder_.file("runs")));
  EXPECT_NE(error(run("train"), 2).find("expects a configuration"), std::string::npos);
  EXPECT_NE(error(run("train --resume"), 2).find("--resume=RUN"), std::string::npos);
  EXPECT_NE(error(run("train --resume='" + folder_.file("none") + "'"), 2).find("has no config.toml"),
            std::string::npos);
  EXPECT_NE(error(run(segment("--resume")), 2).find("has no config.toml"), std::string::npos);
  EXPECT_NE(error(run(segment("--resume --init x")), 2).find("expects one of them"), std::string::npos);
  EXPECT_NE(error(run(segment("--name a --out b")), 2).find("expects one of them"), std::string::npos);
  EXPECT_NE(error(run(segment("--name a/b")), 2).find("expects the name of a folder"), std::string::npos);
  EXPECT_NE(error(run(segment("--seed x")), 2).find("'train.seed' expects integer"), std::string::npos);
  EXPECT_NE(error(run(segment("--device gpu")), 2)
                .find("'train.device' expects auto, cpu or cuda; got 'gpu'; did you mean 'cuda'?"),
            std::string::npos);
  EXPECT_NE(error(run(segment("--set data.train=")), 2).find("'data.train' expects a data set"), std::string::npos);
  EXPECT_NE(error(run(segment("--rseume")), 2).find("did you mean '--resume'?"), std::string::npos);
  EXPECT_FALSE(fs::exists(folder_.file("runs/segment")));
}

TEST_F(Train, AResumedRunKeepsItsSettings) {
  ASSERT_EQ(run(segment("--set train.steps=3")).status, 0);
  const std::string resume = "--resume='" + in_runs("segment") + "' ";
  EXPECT_NE(error(run("train " + resume + "--set optim.rate=0.1"), 2).find("was begun with optim.rate = 0.05; got 0.1"),
            std::string::npos);
  const Finished f = run("train " + resume + "--set train.steps=4");
  EXPECT_EQ(f.status, 0) << f.err;
  EXPECT_NE(read_bytes(in_runs("segment") + "/config.toml").find("\nsteps = 4\n"), std::string::npos);
  EXPECT_EQ(Json::parse(read_bytes(in_runs("segment") + "/env.json"), "env").at("resumed").elements().size(), 1u);
  // With the configuration, --resume finds the run itself.
  EXPECT_EQ(run(segment("--resume --set train.steps=4")).status, 0);
  // Nothing was left to do: the log still ends as that of a finished run, by which the report knows it.
  EXPECT_NE(read_bytes(in_runs("segment") + "/train.log").find("\ndone: the run has its 4 steps"), std::string::npos);
  EXPECT_NE(error(run(segment("--resume --set train.steps=4 --seed 5")), 2).find("begun with train.seed = 0; got 5"),
            std::string::npos);
}

TEST_F(Train, WeightsThatDoNotFitAreRefused) {
  ASSERT_EQ(run(segment("--set train.steps=2 --name a")).status, 0);
  const std::string weights = last(in_runs("a")) + "/model.safetensors";
  const Finished f = run(segment("--set train.steps=2 --name b --init '" + weights + "'"));
  EXPECT_EQ(f.status, 0) << f.err;
  EXPECT_NE(f.err.find("initial weights: " + weights + ": "), std::string::npos) << f.err;
  EXPECT_NE(error(run(segment("--init '" + weights + "' --set model.width=0.125")), 3).find("of another shape"),
            std::string::npos);
  EXPECT_NE(error(run(segment("--init '" + folder_.file("none") + "'")), 3).find("none"), std::string::npos);
  EXPECT_FALSE(fs::exists(in_runs("segment")));
  // A checkpoint of another model under a run's name.
  ASSERT_EQ(run(segment("--set train.steps=2 --name wide --set model.width=0.125")).status, 0);
  fs::copy_file(last(in_runs("wide")) + "/model.safetensors", weights, fs::copy_options::overwrite_existing);
  EXPECT_NE(error(run("train --resume='" + in_runs("a") + "' --set train.steps=4"), 3).find("model wants"),
            std::string::npos);
}

TEST_F(Train, NumbersThatBlowUpEndTheRun) {
  const std::string what = error(run(segment("--set optim.rate=1e30 --set optim.floor=0")), 4);
  EXPECT_EQ(what.rfind("training diverged at step ", 0), 0u) << what;
  EXPECT_EQ(what.find("-nan"), std::string::npos) << what;  // a NaN's sign means nothing
  EXPECT_NE(read_bytes(in_runs("segment") + "/train.log").find("segue: error: " + what + "\n"), std::string::npos);
}

TEST_F(Train, AFileWhereTheRunShouldGoIsAUsageError) {
  const std::string file = folder_.file("file"), link = folder_.file("link");
  write_bytes(file, "mine");
  fs::create_symlink(folder_.file("nowhere"), link);
  for (const std::string& there : {file, link, std::string("/dev/null")})
    for (const char* more : {"", " --dry-run"})
      EXPECT_EQ(error(run(segment("--out '" + there + "'" + more)), 2),
                "expects a folder for the run; '" + there + "' exists and is no folder");
  EXPECT_EQ(read_bytes(file), "mine");
  EXPECT_FALSE(fs::exists(file + "-2"));
  EXPECT_FALSE(fs::exists(link + "-2"));
}

TEST_F(Train, WhereNothingCanBeWrittenItSaysSo) {
  write_bytes(folder_.file("file"), "");
  EXPECT_NE(error(run(segment("--out '" + folder_.file("file/run") + "'")), 1).find("creating folder"),
            std::string::npos);
  // Files of at most 64 blocks of 1024 bytes: the first checkpoint does not fit.
  const Finished f = run(segment("--name full"), "ulimit -f 64;");
  EXPECT_NE(error(f, 1).find("File too large"), std::string::npos);
  EXPECT_TRUE(fs::is_empty(in_runs("full") + "/checkpoints"));
  EXPECT_EQ(run("train --resume='" + in_runs("full") + "'").status, 0);
}

}  // namespace
}  // namespace segue
