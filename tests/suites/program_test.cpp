// The built `segue`, as a user runs it.
#include "tests/program.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <map>

#include "apps/cli_help.h"
#include "kernels/conv_paths.h"
#include "runtime/safetensors.h"
#include "tests/required.h"

namespace segue {
namespace {

using testing::Finished;
using testing::write_bytes;

using Program = testing::ProgramTest;

TEST_F(Program, VersionAndHelp) {
  const Finished version = run("--version");
  EXPECT_EQ(version.status, 0);
  EXPECT_EQ(version.out.rfind("segue 0.", 0), 0u) << version.out;
  const Finished help = run("help");
  EXPECT_EQ(help.out, run("--help").out);
  EXPECT_EQ(help.out, run("-h").out);
  EXPECT_GE(command_names().size(), 12u);
  for (const std::string& command : command_names()) {  // the program itself refuses to run with other commands
    EXPECT_NE(help.out.find("\n  " + command + " "), std::string::npos) << command;
    const Finished of = run("help " + command);
    EXPECT_EQ(of.status, 0);
    EXPECT_EQ(of.out.rfind("usage: segue " + command, 0), 0u) << of.out;
    EXPECT_EQ(of.out, run(command + " --help").out);
  }
}

TEST_F(Program, UnknownWordsNameTheNearest) {
  EXPECT_EQ(error("", 2), "expects a command; got nothing; see 'segue help'");
  EXPECT_EQ(error("inspct x", 2), "unknown command 'inspct'; did you mean 'inspect'?; see 'segue help'");
  EXPECT_EQ(error("zzzzzz", 2), "unknown command 'zzzzzz'; see 'segue help'");
  EXPECT_EQ(error("--versoin", 2), "unknown option '--versoin'; did you mean '--version'?; see 'segue help'");
  EXPECT_EQ(error("inspect --stat x", 2),
            "unknown option '--stat' for 'segue inspect'; did you mean '--stats'?; see 'segue help inspect'");
  EXPECT_EQ(error("help doctr", 2), "unknown command 'doctr'; did you mean 'doctor'?; see 'segue help'");
  EXPECT_EQ(error("config shw", 2),
            "'segue config' expects show, default or schema; got 'shw'; did you mean 'show'?; see 'segue help config'");
  EXPECT_EQ(error("config default segmnt", 2),
            "expects a task: segment, translate or adapt; got 'segmnt'; did you mean 'segment'?");
}

TEST_F(Program, MissingAndSurplusArguments) {
  EXPECT_EQ(error("inspect", 2), "'segue inspect' expects a file; got nothing; see 'segue help inspect'");
  EXPECT_EQ(error("inspect a b", 2),
            "'segue inspect' expects at most 1 argument; got also 'b'; see 'segue help inspect'");
  EXPECT_EQ(error("inspect doctor doctor", 2),
            "'segue inspect' expects at most 1 argument; got also 'doctor'; see 'segue help inspect'");
  EXPECT_NE(error("doctor now", 2).find("got also 'now'"), std::string::npos);
  EXPECT_EQ(error("config", 2), "'segue config' expects show, default or schema; got nothing; see 'segue help config'");
  EXPECT_EQ(error("config show", 2), "'segue config show' expects a file; got nothing; see 'segue help config'");
  EXPECT_EQ(error("config show x --set", 2), "option '--set' expects a value; got none; see 'segue help'");
  EXPECT_NE(error("config default segment --set a.b=1", 2).find("takes no --set"), std::string::npos);
}

TEST_F(Program, WhatStandsBehindTwoDashesIsNoOption) {
  EXPECT_NE(error("inspect -- -x", 3).find("'-x': No such file"), std::string::npos);
  EXPECT_NE(error("inspect --stats -- --help", 3).find("'--help': No such file"), std::string::npos);
  EXPECT_NE(error("inspect -- --", 3).find("'--': No such file"), std::string::npos);
  EXPECT_EQ(error("inspect a -- -b", 2),
            "'segue inspect' expects at most 1 argument; got also '-b'; see 'segue help inspect'");
  EXPECT_EQ(error("config show --", 2), "'segue config show' expects a file; got nothing; see 'segue help config'");
  EXPECT_EQ(error("config show x --set -- a.b=1", 2), "option '--set' expects a value; got none; see 'segue help'");
  EXPECT_EQ(error("-- inspect", 2), "expects a command; got nothing; see 'segue help'");
}

TEST_F(Program, EmptyValuesAreNotTakenForNone) {
  for (const std::string option : {"--name", "--out", "--init", "--device", "--seed"})
    EXPECT_EQ(error("train x.toml " + option + " ''", 2),
              "option '" + option + "' expects a value; got an empty one; see 'segue help train'");
  EXPECT_EQ(error("data stats folder:x --png ''", 2),
            "option '--png' expects a value; got an empty one; see 'segue help data'");
  EXPECT_EQ(error("report x -o ''", 2), "option '-o' expects a value; got an empty one; see 'segue help report'");
  EXPECT_EQ(error("eval x --json a --json ''", 2),
            "option '--json' expects a value; got an empty one; see 'segue help eval'");
}

TEST_F(Program, OutputStrideIsEightOrSixteen) {
  for (const std::string bad : {"12", "32", "x"})
    EXPECT_EQ(error("eval x --data folder:y --output-stride " + bad, 2),
              "--output-stride expects 8 or 16; got '" + bad + "'");
}

TEST_F(Program, ConfigDefaultShowAndSchema) {
  for (const std::string task : {"segment", "translate", "adapt"}) {
    const Finished file = run("config default " + task);
    ASSERT_EQ(file.status, 0);
    write_bytes(folder_.file("a.toml"), file.out);
    const Finished shown = run("config show '" + folder_.file("a.toml") + "' --set log.name=x --set optim.rate=0.125");
    EXPECT_EQ(shown.status, 0) << shown.err;
    EXPECT_EQ(shown.err, "");
    EXPECT_NE(shown.out.find("\nname = \"x\"\n"), std::string::npos);
    EXPECT_NE(shown.out.find("\nrate = 0.125\n"), std::string::npos);
    EXPECT_EQ(run("config schema " + task).out.rfind("key ", 0), 0u);
  }
}

TEST_F(Program, ConfigErrorsNameFileAndLine) {
  write_bytes(folder_.file("a.toml"), "task = \"segment\"\n\n[optim]\nraet = 0.1\n");
  const std::string path = folder_.file("a.toml");
  EXPECT_EQ(error("config show '" + path + "'", 2),
            path + ":4: unknown key 'optim.raet' for task segment; did you mean 'optim.rate'?");
  EXPECT_EQ(error("config show '" + folder_.file("none") + "'", 2),
            "cannot read configuration '" + folder_.file("none") + "': No such file or directory");
}

TEST_F(Program, InspectListsTensorsAndCountsParameters) {
  const float w[4] = {1, -2, 3, 0.5f}, mean[2] = {0, 1};
  const int64_t tracked = 5;
  write_safetensors(folder_.file("a"),
                    {{"conv.weight", StoredType::F32, {2, 2, 1, 1}, w},
                     {"bn.running_mean", StoredType::F32, {2}, mean},
                     {"bn.num_batches_tracked", StoredType::I64, {}, &tracked}},
                    {{"format", "pt"}});
  const Finished f = run("inspect '" + folder_.file("a") + "'");
  EXPECT_EQ(f.status, 0) << f.err;
  EXPECT_NE(f.out.find("conv.weight             F32  [2,2,1,1]\n"), std::string::npos) << f.out;
  EXPECT_NE(f.out.find("bn.num_batches_tracked  I64  []\n"), std::string::npos);
  EXPECT_NE(f.out.find("metadata format = pt\n"), std::string::npos);
  EXPECT_NE(f.out.find("3 tensors, 4 parameters, 3 other values, "), std::string::npos);
  const Finished stats = run("inspect --stats '" + folder_.file("a") + "'");
  EXPECT_NE(stats.out.find("min -2           max 3            mean 0.625         nan 0  inf 0\n"), std::string::npos)
      << stats.out;
}

TEST_F(Program, InspectCountsWhatIsNotFinite) {
  const float w[4] = {1, NAN, INFINITY, -INFINITY};
  write_safetensors(folder_.file("a"), {{"w", StoredType::F32, {4}, w}});
  const Finished f = run("inspect --stats '" + folder_.file("a") + "'");
  EXPECT_NE(f.out.find("nan 1  inf 2"), std::string::npos) << f.out;
  EXPECT_EQ(f.err, "segue: warning: 3 values are not finite\n");
}

TEST_F(Program, InspectSurvivesHostileFiles) {
  EXPECT_NE(error("inspect '" + folder_.file("none") + "'", 3).find("No such file"), std::string::npos);
  EXPECT_NE(error("inspect /dev/zero", 3).find("plain file"), std::string::npos);
  EXPECT_NE(error("inspect '" + folder_.path().string() + "'", 3).find("plain file"), std::string::npos);
  const auto refused = [&](const std::string& content) {
    write_bytes(folder_.file("x"), content);
    return error("inspect '" + folder_.file("x") + "'", 3);
  };
  EXPECT_NE(refused("").find("HeaderTooSmall"), std::string::npos);
  EXPECT_NE(refused(std::string(8, '\xff')).find("HeaderTooLarge"), std::string::npos);
  EXPECT_NE(refused(testing::safetensors_file("{\"a\\n\\u001b[31m\":3}")).find("'a\\x0a\\x1b[31m'"), std::string::npos);
  EXPECT_NE(refused(testing::safetensors_file(std::string(1000000, '['))).find("Deserialization"), std::string::npos);
  // A name full of control characters is listed, not obeyed.
  write_bytes(folder_.file("x"), testing::safetensors_file(
                                     "{\"a\\u001b[2J\\n\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}"));
  EXPECT_NE(run("inspect '" + folder_.file("x") + "'").out.find("a\\x1b[2J\\x0a  U8"), std::string::npos);
}

TEST_F(Program, DoctorReportsAndWarns) {
  const Finished f = run("doctor");
  EXPECT_EQ(f.status, 0) << f.err;
  for (const char* row : {"segue ", "compiler ", "CPU ", "CPU flags ", "threads ", "memory ", "CUDA build "})
    EXPECT_NE(("\n" + f.out).find(std::string("\n") + row), std::string::npos) << row;
  EXPECT_NE(f.out.find(kernels::conv::instruction_set() + "\n"), std::string::npos) << f.out;
  const Finished other = run("doctor", "SEGUE_CPU_ISA=mmx");
  EXPECT_EQ(other.status, 2);
  EXPECT_EQ(other.err.find("segue: error: [SEGUE_CPU_ISA] expects "), 0u) << other.err;
  EXPECT_NE(other.err.find("got mmx"), std::string::npos) << other.err;
  const Finished many = run("doctor", "OMP_NUM_THREADS=997");
#if defined(_OPENMP)
  EXPECT_NE(many.out.find("warning: 997 threads share"), std::string::npos) << many.out;
#else
  EXPECT_EQ(many.status, 0);
#endif
}

/// Every file below a folder and its bytes.
std::map<std::string, std::string> files_below(const std::string& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.is_regular_file())
      files[std::filesystem::relative(entry.path(), folder)] = testing::read_bytes(entry.path());
  return files;
}

TEST_F(Program, SynthWritesCityscapesLayoutAndGoesOn) {
  const std::string a = folder_.file("a"), b = folder_.file("b");
  const std::string what = " --size 48x33 --style camera --seed 5";
  const Finished first = run("synth '" + a + "' --count 3 --threads 1" + what);
  EXPECT_EQ(first.status, 0) << first.err;
  EXPECT_EQ(first.err, "");
  EXPECT_EQ(first.out, "3 camera scenes of 48x33 in '" + a + "', split train\n");
  const auto three = files_below(a);
  EXPECT_EQ(three.size(), 7u);
  for (const char* name : {"synth.json", "leftImg8bit/train/synth/synth_000005_000000_leftImg8bit.png",
                           "gtFine/train/synth/synth_000005_000002_gtFine_labelIds.png"})
    EXPECT_TRUE(three.count(name)) << name;

  // A run on two threads that is cut off, taken up, and extended ends in the same files.
  ASSERT_EQ(run("synth '" + b + "' --count 2 --threads 2" + what).status, 0);
  std::filesystem::remove(b + "/leftImg8bit/train/synth/synth_000005_000001_leftImg8bit.png");
  const Finished on = run("synth '" + b + "' --count 3 --threads 2" + what);
  EXPECT_EQ(on.out, "3 camera scenes of 48x33 in '" + b + "', split train; 1 were there already\n") << on.err;
  EXPECT_EQ(files_below(b), three);

  // Validation has other scenes.
  ASSERT_EQ(run("synth '" + b + "' --count 1 --split val" + what).status, 0);
  const auto both = files_below(b);
  EXPECT_EQ(both.size(), 9u);
  EXPECT_NE(both.at("gtFine/val/synth/synth_000005_000000_gtFine_labelIds.png"),
            both.at("gtFine/train/synth/synth_000005_000000_gtFine_labelIds.png"));
}

TEST_F(Program, SynthRefusesWhatItCannotDo) {
  const std::string dir = folder_.file("a"), see = "; see 'segue help synth'";
  const auto refused = [&](const std::string& arguments) { return error("synth '" + dir + "' " + arguments, 2); };
  EXPECT_EQ(error("synth", 2), "'segue synth' expects a folder; got nothing" + see);
  EXPECT_EQ(refused("--count 1 --bare-trees 1.5"), "--bare-trees expects a number from 0 to 1; got '1.5'" + see);
  EXPECT_EQ(refused("--count 1 --trees -1"), "--trees expects a number from 0 to 1; got '-1'" + see);
  EXPECT_EQ(refused(""), "'segue synth' expects --count, the number of images; got none" + see);
  EXPECT_EQ(refused("--count 0"), "--count expects a whole number from 1 to 1000000; got '0'" + see);
  EXPECT_EQ(refused("--count 2x"), "--count expects a whole number from 1 to 1000000; got '2x'" + see);
  EXPECT_EQ(refused("--count 1 --size 64"), "--size expects WIDTHxHEIGHT, each from 16 to 4096; got '64'" + see);
  EXPECT_EQ(refused("--count 1 --size 64x8"), "--size expects WIDTHxHEIGHT, each from 16 to 4096; got '64x8'" + see);
  EXPECT_EQ(refused("--count 1 --style camra"),
            "--style expects render or camera; got 'camra'; did you mean 'camera'?" + see);
  EXPECT_EQ(refused("--count 1 --split test"), "--split expects train or val; got 'test'" + see);
  EXPECT_NE(refused("--count 1 --seed -1").find("--seed expects a whole number from 0"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(dir));

  ASSERT_EQ(run("synth '" + dir + "' --count 1 --size 32x16").status, 0);
  EXPECT_NE(refused("--count 1 --size 32x16 --style camera").find("style \"render\", now \"camera\""),
            std::string::npos);
  write_bytes(folder_.file("other"), "mine");
  EXPECT_NE(error("synth '" + folder_.path().string() + "' --count 1", 2).find("has files but no synth.json"),
            std::string::npos);
}

TEST_F(Program, AFullDiskIsAnError) {
  const Finished f = run("config schema segment", "", ">/dev/full");
  EXPECT_EQ(f.status, 1);
  EXPECT_EQ(f.err, "segue: error: writing to standard output failed; is the disk full?\n");
}

/// `script` runs a command on a terminal of its own.
TEST_F(Program, ColourOnTerminalsOnlyAndNotUnderNoColor) {
  if (std::system("command -v script >/dev/null") != 0) SEGUE_TOOL_MISSING("needs script (bsdutils)");
  const auto on_terminal = [&](const std::string& environment) {
    return testing::run_shell(folder_, "env " + environment + " script -qec '" + program_ + " zzz' /dev/null").out;
  };
  EXPECT_NE(on_terminal("-u NO_COLOR").find("\033[1;31msegue: error:"), std::string::npos);
  EXPECT_NE(on_terminal("NO_COLOR=").find('\033'), std::string::npos);  // set but empty counts as not set
  EXPECT_EQ(on_terminal("NO_COLOR=1").find('\033'), std::string::npos);
  EXPECT_NE(on_terminal("NO_COLOR=1").find("segue: error: unknown command 'zzz'"), std::string::npos);
  EXPECT_EQ(run("zzz", "env -u NO_COLOR").err.find('\033'), std::string::npos);
}

}  // namespace
}  // namespace segue
