// segue report: what it writes, read back by Python's parsers, which know nothing of segue, and by a browser.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "apps/records/example_files.h"
#include "apps/report/sections.h"
#include "data/class_table.h"
#include "kernels/philox.h"
#include "runtime/json.h"
#include "tests/files.h"
#include "tests/required.h"

namespace segue {
namespace {

using testing::caught;
using testing::Finished;
using testing::read_bytes;
using testing::ScratchFolder;
using testing::write_bytes;

constexpr const char* kHostile = "</script><script>alert(1)</script><img src=x onerror=alert(2)> \"'&amp; ]]>";

std::string reference(const std::string& script) {
  const char* source = std::getenv("SEGUE_SOURCE_DIR");
  return cat("python3 '", source ? source : ".", "/tests/reference/", script, "'");
}

/// What Python reads in a page; a failed test if it is not well-formed.
Json facts_of(const ScratchFolder& folder, const std::string& html) {
  const std::string path = folder.file("page.html");
  write_bytes(path, html);
  const Finished f = testing::run_shell(folder, reference("report_facts.py") + " '" + path + "'");
  EXPECT_EQ(f.status, 0) << f.err;
  if (f.status != 0) return Json::object();
  const Json facts = Json::parse(f.out, "facts");
  EXPECT_EQ(facts.at("faults").elements().size(), 0u) << facts.at("faults").dump();
  return facts;
}

/// Nothing in it comes from elsewhere, and nothing runs.
void expect_self_contained(const Json& facts) {
  for (const Json& a : facts.at("addresses").elements()) EXPECT_EQ(a.text().substr(0, 1), "#") << a.text();
  EXPECT_EQ(facts.at("style_addresses").dump(), "[]");
  EXPECT_EQ(facts.at("handlers").dump(), "[]");
  for (const Json& tag : facts.at("tags").elements())
    for (const char* active : {"script", "iframe", "object", "embed", "link", "form", "base"})
      EXPECT_NE(tag.text(), active);
  for (const Json& image : facts.at("images").elements()) {
    EXPECT_NE(image.text("alt"), "");
    EXPECT_EQ(image.text("kind").rfind("data:image/", 0), 0u);
    const std::string begin = image.text("kind").find("png") != std::string::npos ? "89504e47" : "ffd8ff";
    EXPECT_EQ(image.text("magic").rfind(begin, 0), 0u) << image.text("magic");
  }
  for (const Json& label : facts.at("labels").elements()) EXPECT_NE(label.text(), "");
}

using Table = std::vector<std::vector<std::string>>;

Table table_of(const Json& facts, const std::string& section, size_t index = 0) {
  Table rows;
  const auto& tables = facts.at("sections").at(section).at("tables").elements();
  EXPECT_LT(index, tables.size()) << section;
  if (index >= tables.size()) return rows;
  for (const Json& row : tables[index].elements()) {
    rows.emplace_back();
    for (const Json& cell : row.elements()) rows.back().push_back(cell.text());
  }
  return rows;
}

constexpr int64_t kHigh = 45, kWide = 91, kClasses = 3;

data::ClassTable three_classes() {
  data::ClassTable t;
  t.name = "three";
  t.classes = {{"road", 7, {128, 64, 128}}, {kHostile, 8, {244, 35, 232}}, {"sky", 23, {70, 130, 180}}};
  return t;
}

/// Train ids: bands, the last rows without label.
data::Image bands(int64_t shift) {
  data::Image ids(kHigh, kWide, 1);
  for (int64_t y = 0; y < kHigh; ++y)
    for (int64_t x = 0; x < kWide; ++x)
      ids.row(y)[x] = y >= kHigh - 5 ? data::kIgnore : uint8_t((x + shift) * kClasses / (kWide + shift));
  return ids;
}

data::Image noise(uint64_t seed) {
  data::Image rgb(kHigh, kWide, 3);
  for (size_t i = 0; i < rgb.px.size(); ++i) rgb.px[i] = uint8_t(255 * random_uniform({seed, 1}, 0, uint64_t(i)));
  return rgb;
}

/// A run of three scored stages, two rounds of which one is waiting.
class AdaptationRun {
 public:
  explicit AdaptationRun(const std::string& path) : path_(path) {
    std::filesystem::create_directories(path);
    write_bytes(path + "/config.toml",
                cat("task = \"adapt\"\n\n[model]\narch = \"fcn\"\nwidth = 0.125                           # default\n",
                    "init = ", json_string(kHostile), "\n"));
    write_bytes(path + "/cmdline.txt", "segue adapt 'a & b.toml'\n");
    write_bytes(path + "/env.json", Json::object()
                                        .set("device_name", kHostile)
                                        .set("threads", 2)
                                        .set("time", "2026-01-02T03:04:05Z")
                                        .set("resumed", Json(Json::Array{Json::object()}))
                                        .dump(true));
    scored("source-only", "source only", StageRow::source, 0, 0.25, 0.6, {0.5, 0.25, 0.0}, 61);
    stage("translator", "CycleGAN", StageKind::cyclegan, 100.4);
    training("translator", "translate", {{"D_A", 0.25}, {"G_A", 0.4}, {"cycle_A", 1.5}, {"idt_A", 0.5}, {"lr", 2e-4}});
    scored("teacher", kHostile, StageRow::translated, 0, 0.35, 0.7, {0.6, 0.25, 0.2}, 62);
    stage("round-1-labels", "labels, round 1", StageKind::pseudo, 9.5).round = 1;
    write_bytes(path + "/round-1-labels/pseudo.json", pseudo_text({7,
                                                                   {{"road", 0.9, 1000, 400, {0, 100, 200, 300, 400}},
                                                                    {kHostile, 0.75, 500, 500, {0, 0, 0, 0, 500}},
                                                                    {"sky", 0.9, 0, 0, {0, 0, 0, 0, 0}}}}));
    scored("round-1", "+ self-training, round 1", StageRow::round, 1, 0.45, 0.8, {0.7, 0.2, 0.45}, 63);
    scored("ceiling", "ceiling (target labels)", StageRow::ceiling, 0, 0.5, 0.9, {0.9, 0.1, 0.5}, 64);
  }

  StageRecord& stage(const std::string& folder, const std::string& title, StageKind kind, double seconds) {
    StageRecord s;
    s.folder = folder, s.title = title, s.kind = kind, s.state = StageState::done, s.seconds = seconds;
    stages.push_back(s);
    std::filesystem::create_directories(path_ + "/" + folder);
    save();
    return stages.back();
  }
  void save() const { write_bytes(path_ + "/stages.json", stages_text(stages)); }

  std::vector<StageRecord> stages;

 private:
  void training(const std::string& folder, const std::string& task,
                const std::vector<std::pair<std::string, double>>& values) {
    const std::string at = path_ + "/" + folder;
    write_bytes(at + "/config.toml", "task = \"" + task + "\"\n\n[train]\nsteps = 40\n");
    std::string lines;
    for (int step = 10; step <= 40; step += 10) {
      Json line = Json::object().set("step", step).set("time", 1.5 + step).set("kind", "train");
      for (const auto& [name, value] : values) line.set(name, value * 40 / step);
      lines += line.dump() + "\n";
    }
    write_bytes(at + "/metrics.jsonl", lines);
    write_bytes(at + "/train.log", "40/40  loss 1\ndone: 40 steps in 0:00:10\n");
  }
  void scored(const std::string& folder, const std::string& title, StageRow row, int64_t round, double miou,
              double accuracy, const std::array<double, kClasses>& iou, double seconds) {
    StageRecord& s = stage(folder, title, StageKind::segment, seconds);
    s.row = row, s.round = round;
    s.score = StageScore{miou, accuracy, {{"road", iou[0]}, {kHostile, iou[1]}, {"sky", iou[2]}}};
    if (folder == "source-only") s.score->iou[2].second = std::nullopt;
    training(folder, "segment", {{"loss", 0.5}, {"loss_ce", 0.4}, {"lr", 0.01}, {"grad_norm", 2}, {"img_s", 30}});
    const data::Image image = noise(3), label = bands(0), prediction = bands(int64_t(10 * accuracy));
    for (int64_t i = 0; i < 2; ++i)
      save_example(path_ + "/" + folder, i,
                   {i == 0 ? "camera_0" : kHostile, image.view(), label.view(), prediction.view(), {}},
                   three_classes());
    save();
  }

  std::string path_;
};

std::string html_of(const std::string& path) { return report::page(report::load_run(path)); }

TEST(Report, NumbersAreThoseOfTheRun) {
  const ScratchFolder folder;
  const AdaptationRun run(folder.file("a&b <i>"));
  const std::string html = html_of(folder.file("a&b <i>"));
  const Json facts = facts_of(folder, html);
  expect_self_contained(facts);
  EXPECT_LT(html.size(), 300000u);
  EXPECT_EQ(facts.text("title"), "a&b <i> - segue report");

  const std::string& header = facts.text("header");
  for (const char* part : {"finished", "25.0 % mIoU", "it reaches 45.0 %, 20.0 points more: 80 % of the gap to 50.0 %",
                           "2026-01-02T03:04:05Z", kHostile})
    EXPECT_NE(header.find(part), std::string::npos) << part << " in " << header;

  EXPECT_EQ(table_of(facts, "results"), (Table{{"Stage", "mIoU", "Pixel accuracy", "Gap recovered"},
                                               {"source only", "25.0", "60.0", "0 %"},
                                               {kHostile, "35.0", "70.0", "40 %"},
                                               {"+ self-training, round 1", "45.0", "80.0", "80 %"},
                                               {"ceiling (target labels)", "50.0", "90.0", "100 %"}}));
  EXPECT_EQ(table_of(facts, "classes"),
            (Table{{"Class", "source only", kHostile, "+ self-training, round 1", "ceiling (target labels)", "Gain"},
                   {"road", "50.0", "60.0", "70.0", "90.0", "+20.0"},
                   {kHostile, "25.0", "25.0", "20.0", "10.0",
                    "\xE2\x88\x92"
                    "5.0"},
                   {"sky", "\xE2\x80\x93", "20.0", "45.0", "50.0", "\xE2\x80\x93"},
                   {"mean", "25.0", "35.0", "45.0", "50.0", "+20.0"}}));
  EXPECT_EQ(table_of(facts, "pseudo"), (Table{{"Class", "Predicted", "Threshold", "Kept", "Confidence, 0 to 1"},
                                              {"road", "66.7", "0.900", "40.0", ""},
                                              {kHostile, "33.3", "0.750", "100.0", ""},
                                              {"sky", "0.0", "0.900", "\xE2\x80\x93", ""}}));
  EXPECT_NE(facts.at("sections").at("pseudo").text("text").find("7 images, 60.0 % of the pixels"), std::string::npos);
  const Table time = table_of(facts, "time");
  ASSERT_EQ(time.size(), 7u);
  EXPECT_EQ(time[1], (std::vector<std::string>{"source only", "done", "0:01:01"}));
  EXPECT_EQ(time[2], (std::vector<std::string>{"CycleGAN", "done", "0:01:40"}));
  EXPECT_EQ(table_of(facts, "configuration"), (Table{{"Setting", "Value"},
                                                     {"task", "\"adapt\""},
                                                     {"model.arch", "\"fcn\""},
                                                     {"model.init", json_string(kHostile)}}));
  EXPECT_EQ(table_of(facts, "machine"), (Table{{"What", "Value"},
                                               {"device name", kHostile},
                                               {"threads", "2"},
                                               {"time", "2026-01-02T03:04:05Z"},
                                               {"resumed", "1 time"}}));
  // Two images; of each the image, its label, and of four stages a prediction and its errors.
  EXPECT_EQ(facts.at("images").elements().size(), 2u * (2 + 4 * 2));
  EXPECT_EQ(facts.at("sections").find("Notes"), nullptr);
  const std::string labels = facts.at("labels").dump();
  EXPECT_NE(labels.find("Loss; source only from 2.00 to 0.500"), std::string::npos) << labels;
  EXPECT_NE(labels.find("Cycle and identity losses; cycle_A from 6.00 to 1.50; idt_A from 2.00 to 0.500"),
            std::string::npos);
}

/// The share of labelled pixels that is right, counted here anew.
TEST(Report, ErrorsOfExamplesAreCounted) {
  const ScratchFolder folder;
  const AdaptationRun run(folder.file("run"));
  const report::RunData data = report::load_run(folder.file("run"));
  const data::Image label = bands(0), prediction = bands(6);  // 10 * 0.6
  int64_t counted = 0, right = 0;
  for (size_t i = 0; i < label.px.size(); ++i)
    if (label.px[i] != 255) ++counted, right += label.px[i] == prediction.px[i];
  ASSERT_FALSE(data.stages[0].files.examples.empty());
  const report::Example& e = data.stages[0].files.examples[0];
  ASSERT_TRUE(e.right.has_value());
  EXPECT_DOUBLE_EQ(*e.right, double(right) / double(counted));
  EXPECT_LT(*e.right, 1);
  EXPECT_EQ(e.colors.at(1), (std::array<uint8_t, 3>{244, 35, 232}));
}

TEST(Report, AnUnfinishedRunSaysSo) {
  const ScratchFolder folder;
  AdaptationRun run(folder.file("run"));
  for (size_t i = 4; i < run.stages.size(); ++i) run.stages[i].score = {}, run.stages[i].state = StageState::waiting;
  run.stages[4].state = StageState::running;
  run.save();
  write_bytes(folder.file("run/round-1/train.log"), "x\n20/40  loss 1.0\n");
  write_bytes(folder.file("run/adapt.log"), "stage 5 of 6\nsegue: error: no <room>\n");
  const Json facts = facts_of(folder, html_of(folder.file("run")));
  const std::string& header = facts.text("header");
  EXPECT_NE(header.find("unfinished"), std::string::npos);
  EXPECT_NE(header.find("This run is not finished: 4 of 6 stages are done"), std::string::npos) << header;
  EXPECT_NE(header.find("Its log ends with: segue: error: no <room>"), std::string::npos) << header;
  EXPECT_NE(header.find("it reaches 35.0 %, 10.0 points more."), std::string::npos)
      << header;  // no gap without a ceiling
  EXPECT_EQ(table_of(facts, "results")[0].size(), 3u);
}

TEST(Report, OneTrainingAlone) {
  const ScratchFolder folder;
  std::filesystem::create_directories(folder.file("run/checkpoints/step-00000030"));
  write_bytes(folder.file("run/config.toml"), "task = \"segment\"\n\n[optim]\nrate = 0.02\n");
  std::string lines;
  for (int step = 1; step <= 30; ++step) {
    lines += cat("{\"step\":", step, ",\"time\":1,\"kind\":\"train\",\"loss\":", 3.0 / step, ",\"lr\":0.01}\n");
    if (step % 10 == 0)
      lines += cat("{\"step\":", step, ",\"time\":1,\"kind\":\"val\",\"miou\":0.", step, ",\"pixel_acc\":0.", 50 + step,
                   ",\"iou\":{\"road\":0.5,\"sky\":null}}\n");
  }
  write_bytes(folder.file("run/metrics.jsonl"), lines);
  write_bytes(folder.file("run/train.log"), "30/60  loss 0.1\n");
  write_bytes(folder.file("run/checkpoints/last"), "step-00000030\n");
  write_bytes(folder.file("run/checkpoints/step-00000030/state.json"), "{\"step\":30,\"trained_s\":75.2}");
  std::filesystem::create_directories(folder.file("run/samples"));
  for (const int step : {10, 20, 30})
    write_bytes(folder.file(cat("run/samples/step-000000", step, "-val_0.png")), data::encode_png(noise(1).view()));
  std::filesystem::create_directories(folder.file("run/eval/camvid-val"));
  write_bytes(
      folder.file("run/eval/camvid-val/result.json"),
      R"({"averageScoreClasses":0.125,"classScores":{"road":0.25,"bus":null},"segue":{"pixelAccuracy":0.875}})");
  const Json facts = facts_of(folder, html_of(folder.file("run")));
  expect_self_contained(facts);
  const std::string& header = facts.text("header");
  for (const char* part : {"step 30 of 60", "30.0 %", "80.0 %", "0:01:15", "30/60 loss 0.1"})
    EXPECT_NE(header.find(part), std::string::npos) << part << " in " << header;
  EXPECT_EQ(
      table_of(facts, "results"),
      (Table{{"Evaluation", "mIoU", "Pixel accuracy"}, {"step 30", "30.0", "80.0"}, {"camvid-val", "12.5", "87.5"}}));
  const std::string dash = "\xE2\x80\x93";
  EXPECT_EQ(table_of(facts, "classes"), (Table{{"Class", "step 30", "camvid-val"},
                                               {"road", "50.0", "25.0"},
                                               {"sky", dash, dash},
                                               {"bus", dash, dash},
                                               {"mean", "30.0", "12.5"}}));
  EXPECT_EQ(facts.at("images").elements().size(), 3u);
  EXPECT_NE(facts.at("labels").dump().find("Held-out images; mIoU from 10.0% to 30.0%"), std::string::npos);
}

TEST(Report, DamagedFilesBecomeNotes) {
  const ScratchFolder folder;
  const std::string path = folder.file("run");
  AdaptationRun run(path);
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path))
    if (entry.is_regular_file()) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  ASSERT_GT(files.size(), 30u);
  size_t noted = 0;
  for (size_t i = 0; i < files.size(); ++i) {
    const std::string good = read_bytes(files[i]);
    for (const int kind : {0, 1, 2}) {  // cut off, missing, other bytes in the middle
      if (kind == 1)
        std::filesystem::remove(files[i]);
      else
        write_bytes(files[i], kind == 0
                                  ? good.substr(0, good.size() * 2 / 3)
                                  : good.substr(0, good.size() / 3) + "\x80\xFF<b>\"{" + good.substr(good.size() / 2));
      report::RunData data;
      ASSERT_NO_THROW(data = report::load_run(path)) << files[i] << ' ' << kind;
      noted += !data.notes.empty();
      const std::string html = report::page(data);
      ASSERT_EQ(html.find("<b>"), std::string::npos) << files[i] << ' ' << kind;
      if (i % 7 == 0 && kind == 2) expect_self_contained(facts_of(folder, html));
      write_bytes(files[i], good);
    }
  }
  EXPECT_GT(noted, files.size());
  EXPECT_TRUE(report::load_run(path).notes.empty());

  std::filesystem::remove_all(path + "/round-1");
  const Json facts = facts_of(folder, html_of(path));
  EXPECT_NE(facts.at("sections").at("Notes").text("text").find("is missing"), std::string::npos);
  EXPECT_EQ(table_of(facts, "results").size(), 5u);  // what stages.json says is still shown
}

TEST(Report, DamagedLinesAreLeftOut) {
  const ScratchFolder folder;
  write_bytes(folder.file("metrics.jsonl"),
              "{\"step\":1,\"kind\":\"train\",\"loss\":1}\nnonsense\n{\"step\":2,\"kind\":\"train\",\"loss\":null}\n"
              "{\"step\":3,\"kind\":\"train\",\"loss\":2}\n{\"step\":4,\"kind\":\"tra");
  report::RunFiles run;
  report::Notes notes;
  report::read_metrics(folder.file("metrics.jsonl"), run, notes);
  ASSERT_EQ(run.train.size(), 1u);
  EXPECT_EQ(run.train[0].points, (std::vector<std::pair<double, double>>{{1, 1}, {3, 2}}));
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_NE(notes[0].find("2 lines left out that cannot be read, the first is line 2"), std::string::npos) << notes[0];
}

class ReportProgram : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* build = std::getenv("SEGUE_BINARY_DIR");
    ASSERT_NE(build, nullptr) << "run by ctest, which sets SEGUE_BINARY_DIR";
    program_ = std::string(build) + "/bin/segue";
  }
  Finished run(const std::string& arguments) {
    return testing::run_shell(folder_, "'" + program_ + "' report " + arguments);
  }
  std::string error(const std::string& arguments, int code) {
    const Finished f = run(arguments);
    EXPECT_EQ(f.status, code) << arguments;
    EXPECT_EQ(f.out, "");
    EXPECT_EQ(std::count(f.err.begin(), f.err.end(), '\n'), 1) << f.err;
    return f.err;
  }
  ScratchFolder folder_;
  std::string program_;
};

TEST_F(ReportProgram, WritesOneFileAndSaysWhere) {
  const AdaptationRun run_folder(folder_.file("run"));
  const Finished f = run("'" + folder_.file("run") + "'");
  EXPECT_EQ(f.status, 0) << f.err;
  EXPECT_EQ(f.err, "");
  EXPECT_EQ(f.out.rfind(folder_.file("run") + "/report.html: ", 0), 0u) << f.out;
  EXPECT_EQ(read_bytes(folder_.file("run/report.html")), html_of(folder_.file("run")));
  EXPECT_EQ(run("'" + folder_.file("run") + "/' -o '" + folder_.file("x.html") + "'").status, 0);
  EXPECT_TRUE(std::filesystem::exists(folder_.file("x.html")));
  const Finished table = run("--table '" + folder_.file("run") + "' '" + folder_.file("run") + "'");
  EXPECT_EQ(table.status, 0) << table.err;
  EXPECT_NE(table.out.find("| source only | 25.0 \xC2\xB1 0.0 |"), std::string::npos) << table.out;
  EXPECT_EQ(table.err, "");  // runs that do not tell their seed
  write_bytes(folder_.file("run/env.json"), "{\"seed\": 4}");
  const Finished twice = run("--table '" + folder_.file("run") + "' '" + folder_.file("run") + "'");
  EXPECT_EQ(twice.status, 0) << twice.err;
  EXPECT_NE(twice.err.find("both have seed 4"), std::string::npos) << twice.err;
}

TEST_F(ReportProgram, WrongFoldersAreOneLine) {
  EXPECT_NE(error("'" + folder_.file("nowhere") + "'", 2).find("nowhere', which does not exist"), std::string::npos);
  write_bytes(folder_.file("file"), "x");
  EXPECT_NE(error("'" + folder_.file("file") + "'", 2).find("which is a file"), std::string::npos);
  std::filesystem::create_directory(folder_.file("empty"));
  EXPECT_NE(error("'" + folder_.file("empty") + "'", 2).find("holds none of them"), std::string::npos);
  EXPECT_NE(error("", 2).find("expects the folder of a run"), std::string::npos);
  EXPECT_NE(error("--table '" + folder_.file("empty") + "'", 2).find("stages.json"), std::string::npos);
  EXPECT_NE(error("a b", 2).find("shows one run; got also 'b'"), std::string::npos);
  const AdaptationRun run_folder(folder_.file("run"));
  const std::string out = folder_.file("no/such/x.html");
  EXPECT_NE(error("'" + folder_.file("run") + "' -o '" + out + "'", 1).find("x.html"), std::string::npos);
}

/// As a reader sees it: bars as long as their numbers, nothing beyond the page's edge, text that stands out.
TEST(ReportBrowser, LooksAsItShould) {
  const ScratchFolder folder;
  const AdaptationRun run(folder.file("run"));
  write_bytes(folder.file("report.html"), html_of(folder.file("run")));
  const Finished f = testing::run_shell(
      folder, reference("report_look.py") + " '" + folder.file("report.html") + "' '" + folder.file("shot.png") + "'");
  ASSERT_EQ(f.status, 0) << f.err;
  const Json look = Json::parse(f.out, "look");
  if (look.at("browser").is_null()) SEGUE_TOOL_MISSING("no Chromium: scripts/install_packages tests installs it");
  EXPECT_EQ(look.at("console").dump(), "[]");
  EXPECT_GT(look.integer("screenshot_bytes"), 50000);
  for (const char* view : {"wide", "narrow"}) {
    const Json& m = look.at(view);
    EXPECT_LE(m.number("scroll_width"), m.number("width")) << view;
    for (const char* id : {"results", "classes", "examples", "pseudo", "curves", "time", "configuration", "machine"}) {
      const Json* box = m.at("sections").find(id);
      ASSERT_NE(box, nullptr) << id;
      EXPECT_GE(box->elements()[2].number(), 0.85 * std::min(1080.0, m.number("width"))) << id << ' ' << view;
      EXPECT_GE(box->elements()[3].number(), 100) << id << ' ' << view;
    }
    EXPECT_EQ(m.at("pictures").elements().size(), 20u);
    for (const Json& p : m.at("pictures").elements()) {
      EXPECT_TRUE(p.at("complete").boolean());
      EXPECT_EQ(p.number("natural"), kWide);
      const auto& box = p.at("box").elements();
      EXPECT_GE(box[2].number(), 120) << view;
      EXPECT_NEAR(box[3].number() / box[2].number(), double(kHigh) / double(kWide), 0.03) << view;
    }
    size_t shown = 0;
    for (const Json& c : m.at("charts").elements())
      if (!c.at("hidden").boolean()) {
        ++shown;
        EXPECT_GE(c.at("box").elements()[2].number(), 150) << view;
        EXPECT_GE(c.at("box").elements()[3].number(), 28) << view;
      }
    EXPECT_GE(shown, 6u);  // loss, three of the CycleGAN, confidences
    size_t bars = 0;
    for (const Json& bar : m.at("bars").elements()) {
      if (bar.text("section") == "time" || bar.text("text") == "\xE2\x80\x93") continue;
      ++bars;
      EXPECT_NEAR(bar.number("share"), std::strtod(bar.text("text").c_str(), nullptr) / 100, 0.002) << bar.dump();
    }
    EXPECT_GE(bars, 20u);
    // WCAG 2.1, AA: 4.5 for text, 3 for what graphics mean.
    EXPECT_GE(m.number("lowest_text_contrast"), 4.5) << view;
    EXPECT_GE(m.number("lowest_mark_contrast"), 3) << view;
  }
}

}  // namespace
}  // namespace segue
