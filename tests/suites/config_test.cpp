// Configurations: defaults, files, overrides, and the messages of everything that can be wrong.
#include "apps/config.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/files.h"

namespace segue {
namespace {

using testing::caught;
using testing::ScratchFolder;

constexpr Task kTasks[] = {Task::segment, Task::translate, Task::adapt};

/// The message of a configuration that is refused.
std::string refusal(const std::string& text, const std::vector<std::string>& overrides = {}) {
  const auto error = caught([&] { parse_config(text, "x.toml", overrides); });
  EXPECT_EQ(error.code, 2) << text;
  EXPECT_EQ(error.what.find('\n'), std::string::npos) << error.what;
  return error.what;
}
std::string refused_override(const std::string& override) { return refusal("task = \"segment\"\n", {override}); }

TEST(ConfigSchema, EveryDefaultIsAllowedAndExplained) {
  for (const Task task : kTasks) {
    std::set<std::string> keys;
    for (const Setting& s : schema(task)) {
      EXPECT_TRUE(keys.insert(s.key).second) << s.key;
      EXPECT_EQ(std::count(s.key.begin(), s.key.end(), '.'), 1) << s.key;
      EXPECT_FALSE(s.help.empty()) << s.key;
      const std::string text =
          "task = \"" + std::string(name_of(task)) + "\"\n" + s.key + " = " + value_text(s.standard);
      EXPECT_EQ(caught([&] { parse_config(text, "x.toml"); }).what, "") << s.key;
    }
  }
}

TEST(ConfigSchema, DefaultTextLoadsAsTheDefaults) {
  for (const Task task : kTasks) {
    const Config config = parse_config(default_text(task), "x.toml");
    EXPECT_EQ(config.task(), task);
    for (const Setting& s : schema(task)) {
      EXPECT_EQ(config.value(s.key), s.standard) << s.key;
      EXPECT_TRUE(config.is_set(s.key));
      EXPECT_NE(schema_text(task).find("\n" + s.key + " "), std::string::npos) << s.key;
    }
  }
}

TEST(ConfigSchema, ShownTextLoadsAsTheSameConfiguration) {
  const Config config =
      parse_config("task = \"segment\"\n[optim]\nrate = 1e-3\n[log]\nname = \"a\\\"b\\\\\\u0001\"\n", "x.toml",
                   {"data.scale=[0.1, 3]", "train.seed=9007199254740993", "data.train=gta5:/data/a b"});
  const std::string text = config_text(config);
  EXPECT_NE(text.find("momentum = 0.9                            # default"), std::string::npos) << text;
  EXPECT_EQ(text.find("rate = 0.001 "), std::string::npos);  // given, so not marked
  const Config again = parse_config(text, "y.toml");
  for (const Setting& s : schema(Task::segment)) EXPECT_EQ(again.value(s.key), config.value(s.key)) << s.key;
  EXPECT_EQ(again.get<int64_t>("train.seed"), 9007199254740993);
}

TEST(Config, FileThenOverrides) {
  ScratchFolder folder;
  testing::write_bytes(folder.file("a.toml"),
                       "task = 'segment'\n\n[optim]\nkind = \"adam\"\nrate = 1\n[data]\ncrop = [64, 128]\n[model]\n");
  const Config c = load_config(folder.file("a.toml"), {"optim.rate=0.5", "log.name=2024", "data.flip=false",
                                                       "log.dir=\"r\"", "optim.kind=sgd", "optim.rate=0.25"});
  EXPECT_EQ(c.get<std::string>("optim.kind"), "sgd");
  EXPECT_EQ(c.get<double>("optim.rate"), 0.25);  // the last one
  EXPECT_EQ(c.get<std::string>("log.name"), "2024");
  EXPECT_EQ(c.get<std::string>("log.dir"), "r");
  EXPECT_FALSE(c.get<bool>("data.flip"));
  EXPECT_EQ(c.get<std::vector<int64_t>>("data.crop"), (std::vector<int64_t>{64, 128}));
  EXPECT_EQ(c.get<double>("optim.momentum"), 0.9);
  EXPECT_EQ(c.origin("optim.momentum"), "default");
  EXPECT_EQ(c.origin("optim.rate"), "--set optim.rate");
  EXPECT_EQ(c.origin("data.crop"), folder.file("a.toml") + ":7");
}

TEST(Config, AskingForWhatTheSchemaLacksIsAMistakeOfTheProgram) {
  const Config c = parse_config("task = \"segment\"", "x.toml");
  EXPECT_EQ(caught([&] { c.get<double>("optim.raet"); }).code, 1);
  EXPECT_EQ(caught([&] { c.get<int64_t>("optim.rate"); }).code, 1);
  EXPECT_EQ(caught([&] { c.get<double>("loss.cycle"); }).code, 1);
}

TEST(Config, UnknownKeysNameFileLineAndTheNearestKey) {
  EXPECT_EQ(refusal("task = \"segment\"\n[optim]\nraet = 1\n"),
            "x.toml:3: unknown key 'optim.raet' for task segment; did you mean 'optim.rate'?");
  EXPECT_EQ(refusal("task = \"segment\"\nclasses = 3\n"),
            "x.toml:2: unknown key 'classes' for task segment; did you mean 'model.classes'?");
  EXPECT_EQ(refusal("task = \"segment\"\n[optin]\nrate = 3\n"),
            "x.toml:3: unknown key 'optin.rate' for task segment; did you mean 'optim.rate'?");
  EXPECT_EQ(refusal("task = \"segment\"\n[modle]\n"),
            "x.toml:2: unknown table 'modle' for task segment; did you mean 'model'?");
  EXPECT_EQ(refusal("task = \"segment\"\n[loss]\ncycle = 10\n"), "x.toml:3: unknown key 'loss.cycle' for task segment");
  EXPECT_EQ(refusal("task = \"segment\"\nmodel = 3\n"), "x.toml:2: 'model' expects a table [model]; got the integer 3");
  // The first mistake of the file, whatever the order of the keys in the library's tables.
  EXPECT_NE(refusal("task = \"segment\"\n[train]\nzzz = 1\n[data]\naaa = 1\n").find("x.toml:3:"), std::string::npos);
}

TEST(Config, TheTaskMustBeNamed) {
  EXPECT_NE(refusal("").find("x.toml: expects a line such as task = \"segment\""), std::string::npos);
  EXPECT_EQ(refusal("\ntask = \"segmnet\""),
            "x.toml:2: expects a task: segment, translate or adapt; got 'segmnet'; did you mean 'segment'?");
  EXPECT_NE(refusal("task = 3").find("x.toml:1: 'task' expects"), std::string::npos);
  EXPECT_NE(refused_override("task=adapt").find("in the file"), std::string::npos);
}

TEST(Config, WrongTypesNameBoth) {
  const std::string head = "task = \"segment\"\n[train]\n";
  EXPECT_EQ(refusal(head + "steps = 1.5"),
            "x.toml:3: 'train.steps' expects integer, such as 40000; got the number 1.5");
  EXPECT_EQ(refusal(head + "steps = \"many\""),
            "x.toml:3: 'train.steps' expects integer, such as 40000; got the text 'many'");
  EXPECT_EQ(refusal(head + "watch_nan = 1"),
            "x.toml:3: 'train.watch_nan' expects true or false, such as false; got the integer 1");
  EXPECT_EQ(refusal(head + "steps = 1979-05-27"),
            "x.toml:3: 'train.steps' expects integer, such as 40000; got a date or time");
  EXPECT_NE(refusal(head + "steps.a = 1").find("unknown key 'train.steps.a'"), std::string::npos);
  EXPECT_NE(refused_override("data.crop=[64]").find("expects [integer, integer], such as [512, 1024]; got [64]"),
            std::string::npos);
  EXPECT_NE(refused_override("data.crop=[64, 1.5]").find("got [64.0, 1.5]"), std::string::npos);
  EXPECT_NE(refused_override("data.crop=[\"a\", 1]").find("got a list of other things"), std::string::npos);
  EXPECT_NE(refused_override("data.crop=[1,2,3,4,5,6,7,8,9]").find("got a list of 9 numbers"), std::string::npos);
  EXPECT_EQ(refused_override("train.steps=99999999999999999999"),
            "--set train.steps: the integer 99999999999999999999 is out of range, -9223372036854775808 to "
            "9223372036854775807");
  EXPECT_NE(refused_override("optim.rate=-99999999999999999999").find("is out of range"), std::string::npos);
  EXPECT_NE(refused_override("train.steps=+99999999999999999999").find("is out of range"), std::string::npos);
  EXPECT_NE(refused_override("train.steps=99999999999999999999x").find("got the text"), std::string::npos);
  EXPECT_NE(refusal(head + "steps = 99999999999999999999").find("not representable in 64 bits"), std::string::npos);
  // Digits are a name as well as another.
  EXPECT_EQ(
      parse_config("task = \"segment\"", "x.toml", {"log.name=99999999999999999999"}).get<std::string>("log.name"),
      "99999999999999999999");
}

TEST(Config, RangesAndChoices) {
  EXPECT_EQ(refused_override("model.classes=256"), "--set model.classes: 'model.classes' expects 0 to 255; got 256");
  EXPECT_EQ(refused_override("optim.rate=0"), "--set optim.rate: 'optim.rate' expects above 0; got 0.0");
  EXPECT_EQ(refused_override("optim.rate=-1e-3"), "--set optim.rate: 'optim.rate' expects above 0; got -0.001");
  EXPECT_EQ(refused_override("optim.rate=inf"), "--set optim.rate: 'optim.rate' expects above 0; got inf");
  EXPECT_EQ(refused_override("optim.rate=nan"), "--set optim.rate: 'optim.rate' expects above 0; got nan");
  EXPECT_EQ(refused_override("data.crop=[64, 31]"), "--set data.crop: 'data.crop' expects 32 to 8192; got [64, 31]");
  EXPECT_EQ(refused_override("optim.kind=sdg"),
            "--set optim.kind: 'optim.kind' expects sgd or adam; got 'sdg'; did you mean 'sgd'?");
  EXPECT_EQ(refused_override("train.device=gpu"),
            "--set train.device: 'train.device' expects auto, cpu or cuda; got 'gpu'; did you mean 'cuda'?");
  EXPECT_EQ(refused_override("model.output_stride=32"),
            "--set model.output_stride: 'model.output_stride' expects 8 or 16; got 32");
  for (const Task task : {Task::segment, Task::adapt})
    for (const Setting& s : schema(task)) {
      EXPECT_TRUE(s.key != "model.output_stride" || range_text(s) == "8 or 16") << range_text(s);
    }
}

TEST(Config, SettingsThatContradictEachOther) {
  EXPECT_NE(refused_override("model.output_stride=12").find("expects 8 or 16; got 12"), std::string::npos);
  EXPECT_NE(refused_override("data.scale=[2, 1]").find("smaller value first"), std::string::npos);
  EXPECT_NE(refused_override("optim.warm_up_steps=40000").find("less than 'train.steps', 40000"), std::string::npos);
  EXPECT_EQ(refusal("task = \"segment\"\n[optim]\nrate = 1e-9"),
            "x.toml:3: 'optim.floor' expects at most 'optim.rate', 1e-09; got 1e-06");
  EXPECT_EQ(refusal("task = \"segment\"\n[model]\narch = \"fcn\"\noutput_stride = 16"),
            "x.toml:4: 'model.output_stride' expects 8 with model.arch = \"fcn\"; got 16");
  EXPECT_EQ(refusal("task = \"translate\"\n[data]\ncrop = [300, 200]"),
            "x.toml:3: 'data.crop' expects at most 'data.resize', [286, 286]; got [300, 200]");
  EXPECT_NE(refusal("task = \"translate\"\n[optim]\nconstant_epochs = 0\ndecay_epochs = 0").find("1 or more"),
            std::string::npos);
  // What follows from another setting is settled, not refused.
  const Config fcn = parse_config("task = \"segment\"\nmodel.arch = \"fcn\"", "x.toml");
  EXPECT_EQ(fcn.get<int64_t>("model.output_stride"), 8);
  EXPECT_EQ(fcn.origin("model.output_stride"), "x.toml:2");
}

TEST(Config, TextThatIsNotToml) {
  const std::string head = "task = \"segment\"\n";
  EXPECT_EQ(refusal(head + "[optim\n").rfind("x.toml:2: not valid TOML: ", 0), 0u);
  EXPECT_EQ(refusal(head + "a = 1\na = 2\n").rfind("x.toml:3: not valid TOML: ", 0), 0u);
  EXPECT_EQ(refusal(head + "[=]\n").rfind("x.toml:2: not valid TOML: ", 0), 0u);
  EXPECT_NE(refusal(head + "a = \"\xff\""), "");
  EXPECT_NE(refusal(std::string("\0\0\0", 3)), "");
}

/// VALUE of --set is text where it isn't TOML; what begins as TOML does is a mistake, not a text with a quote in it.
TEST(Config, OverridesThatBeginAsTomlMustEndSo) {
  for (const std::string bad : {"\"x", "'x", "\"x\"y", " \"x", "[x", "[1, 2", "\"x\"\nb=2"}) {
    const std::string what = refused_override("log.dir=" + bad);
    EXPECT_EQ(what.rfind("--set log.dir:", 0), 0u) << what;
    EXPECT_NE(what.find("; got '"), std::string::npos) << what;
  }
  EXPECT_EQ(refused_override("log.dir=\"x").rfind("--set log.dir:1: not valid TOML: ", 0), 0u);
  EXPECT_EQ(refused_override("data.crop=[1,").rfind("--set data.crop:1: not valid TOML: ", 0), 0u);
  for (const auto& [given, read] :
       {std::pair<std::string, std::string>{"\"x y\"", "x y"}, {"x\"y", "x\"y"}, {"a [b]", "a [b]"}, {"'x'", "x"}})
    EXPECT_EQ(parse_config("task = \"segment\"", "x.toml", {"log.dir=" + given}).get<std::string>("log.dir"), read);
}

TEST(Config, OverridesThatAreNone) {
  for (const char* bad : {"x", "", "=", "=3", "optim.rate=", "optim.rate=0.1\nb=2", "log.name=\xff"})
    EXPECT_NE(refused_override(bad), "") << bad;
}

/// Depth is stack: keys and values nested without end must be refused before anything recurses over them.
TEST(Config, DeepAndLargeFilesAreRefused) {
  const std::string head = "task = \"segment\"\n";
  std::string dots = "a";
  for (int i = 0; i < 200000; ++i) dots += ".a";
  EXPECT_NE(refusal(head + dots + " = 1\n").find("x.toml:2: expects keys of at most 64 parts"), std::string::npos);
  EXPECT_NE(refusal(head + "[" + dots + "]\n").find("x.toml:2:"), std::string::npos);
  EXPECT_NE(refusal(head + "a = " + std::string(200000, '[')), "");
  std::string inline_tables = "a = ";
  for (int i = 0; i < 100000; ++i) inline_tables += "{a=";
  EXPECT_NE(refusal(head + inline_tables), "");
  EXPECT_NE(refusal(head + std::string(1 << 20, '\n')).find("at most 1048576 bytes"), std::string::npos);
}

TEST(Config, FilesThatCannotBeRead) {
  ScratchFolder folder;
  EXPECT_EQ(caught([&] { load_config(folder.file("none.toml")); }).code, 2);
  EXPECT_NE(caught([&] { load_config(folder.file("none.toml")); }).what.find("No such file"), std::string::npos);
  EXPECT_EQ(caught([&] { load_config(folder.path().string()); }).code, 2);
  EXPECT_NE(caught([&] { load_config("/dev/zero"); }).what.find("at most"), std::string::npos);
}

}  // namespace
}  // namespace segue
