// The files of a run: its folder, checkpoints, logs, event files.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "apps/train/checkpoints.h"
#include "apps/train/event_file.h"
#include "apps/train/run_folder.h"
#include "apps/train/run_log.h"
#include "runtime/atomic_file.h"
#include "tests/files.h"
#include "tests/required.h"

namespace segue {
namespace {

namespace fs = std::filesystem;
using testing::caught;
using testing::read_bytes;
using testing::ScratchFolder;
using testing::write_bytes;

TEST(RunFolder, NeverTakesWhatIsThere) {
  ScratchFolder folder;
  const std::string wanted = folder.file("runs/a");
  const RunFolder first = RunFolder::create(wanted), second = RunFolder::create(wanted + "/");
  EXPECT_EQ(first.path(), wanted);
  EXPECT_EQ(second.path(), wanted + "-2");
  write_bytes(folder.file("runs/a-3"), "a file");
  EXPECT_EQ(RunFolder::create(wanted).path(), wanted + "-4");
}

TEST(RunFolder, HasOneWriter) {
  ScratchFolder folder;
  const std::string path = folder.file("a");
  {
    const RunFolder run = RunFolder::create(path);
    EXPECT_EQ(caught([&] { RunFolder::open(path); }).what,
              "--resume expects the folder of a run; '" + path + "' has no config.toml");
    write_bytes(run.file("config.toml"), "");
    const testing::Caught held = caught([&] { RunFolder::open(path); });
    EXPECT_EQ(held.what, "run '" + path + "' is being written by another process; wait for it or stop it");
    EXPECT_EQ(held.code, 1);
  }
  EXPECT_EQ(RunFolder::open(path + "/").path(), path);
  EXPECT_EQ(caught([&] { RunFolder::open(folder.file("none")); }).code, 2);
  write_bytes(folder.file("file"), "");
  EXPECT_EQ(caught([&] { RunFolder::create(folder.file("file/run")); }).code, 1);
}

TEST(RunFolder, OpeningRemovesWhatKilledWritersLeft) {
  ScratchFolder folder;
  const std::string path = folder.file("a");
  { write_bytes(RunFolder::create(path).file("config.toml"), ""); }
  const pid_t dead = fork();
  if (dead == 0) _exit(0);
  ASSERT_EQ(waitpid(dead, nullptr, 0), dead);
  const std::string left = path + "/samples/.segue-" + std::to_string(dead) + "-3.tmp";
  fs::create_directories(path + "/samples");
  write_bytes(left, "half");
  RunFolder::open(path);
  EXPECT_FALSE(fs::exists(left));
}

TEST(RunFolder, CommandsAreFitForAShell) {
  EXPECT_EQ(command_text({"train", "a b.toml", "--set", "x='1'", ""}),
            "segue train 'a b.toml' --set 'x='\\''1'\\''' ''\n");
}

/// Names of checkpoints, in order.
std::vector<std::string> steps(const ScratchFolder& folder) {
  std::vector<std::string> names;
  for (const auto& e : fs::directory_iterator(folder.path() / "checkpoints"))
    if (e.is_directory()) names.push_back(e.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

TEST(Checkpoints, KeepTheLastAndTheBest) {
  ScratchFolder folder;
  Checkpoints c(folder.path().string(), 2);
  EXPECT_EQ(c.last(), "");
  const auto save = [&](int64_t step, bool best) {
    c.save(step, best, [&](const std::string& f) { write_file(f + "/state.json", std::to_string(step)); });
  };
  save(10, true);
  save(20, false);
  save(30, false);
  save(40, false);
  EXPECT_EQ(steps(folder), (std::vector<std::string>{"step-00000010", "step-00000030", "step-00000040"}));
  EXPECT_EQ(read_bytes(c.last() + "/state.json"), "40");
  EXPECT_EQ(read_bytes(c.best() + "/state.json"), "10");
  save(50, true);
  EXPECT_EQ(steps(folder), (std::vector<std::string>{"step-00000040", "step-00000050"}));
  EXPECT_EQ(read_bytes(c.best() + "/state.json"), "50");
  EXPECT_EQ(fs::exists(folder.path() / "checkpoints/step-00000010"), false);
}

TEST(Checkpoints, AFailureLeavesTheOldOnes) {
  ScratchFolder folder;
  Checkpoints c(folder.path().string(), 2);
  c.save(1, false, [](const std::string& f) { write_file(f + "/a", "1"); });
  EXPECT_EQ(caught([&] {
              c.save(2, true, [](const std::string& f) {
                write_file(f + "/a", "2");
                throw Error(Fault::io, "full");
              });
            }).what,
            "full");
  EXPECT_EQ(steps(folder), std::vector<std::string>{"step-00000001"});
  EXPECT_EQ(read_bytes(c.last() + "/a"), "1");
  EXPECT_EQ(c.best(), "");
}

// A process that dies at any point leaves the old checkpoint or the new one.
TEST(Checkpoints, WhatADeadProcessLeftIsNoCheckpoint) {
  ScratchFolder folder;
  Checkpoints c(folder.path().string(), 2);
  const auto save = [&](int64_t step, const char* text) {
    c.save(step, false, [&](const std::string& f) { write_file(f + "/a", text); });
  };
  save(1, "1");
  fs::create_directories(folder.path() / "checkpoints/.tmp-step-00000002");  // died while writing
  fs::create_directories(folder.path() / "checkpoints/step-00000003");       // died before it was marked
  write_bytes(folder.file("checkpoints/step-00000003/b"), "of another life");
  EXPECT_EQ(read_bytes(c.last() + "/a"), "1");
  save(3, "3");
  EXPECT_EQ(steps(folder), (std::vector<std::string>{"step-00000001", "step-00000003"}));
  EXPECT_EQ(read_bytes(c.last() + "/a"), "3");
  EXPECT_FALSE(fs::exists(c.last() + "/b"));
}

// Gone on with from an older checkpoint: what is written now stays, beside newer ones of the other life.
TEST(Checkpoints, TheOneJustWrittenStaysBesideNewerOnes) {
  ScratchFolder folder;
  const auto nothing = [](const std::string&) {};
  Checkpoints many(folder.path().string(), 9);
  for (const int64_t step : {10, 20, 30}) many.save(step, false, nothing);
  write_bytes(folder.file("checkpoints/last"), "step-00000010\n");
  Checkpoints c(folder.path().string(), 1);
  c.save(14, false, nothing);
  EXPECT_EQ(c.last(), folder.file("checkpoints/step-00000014"));
  EXPECT_EQ(steps(folder), (std::vector<std::string>{"step-00000014", "step-00000020", "step-00000030"}));
  c.save(30, false, nothing);
  EXPECT_EQ(steps(folder), (std::vector<std::string>{"step-00000030"}));
}

// A run whose mark is lost, or that died before it set its first, does not begin again.
TEST(Checkpoints, WithoutAMarkTheNewestIsTheLast) {
  ScratchFolder folder;
  Checkpoints c(folder.path().string(), 2);
  for (const int64_t step : {9, 10}) c.save(step, false, [](const std::string&) {});
  fs::create_directories(folder.path() / "checkpoints/.tmp-step-00000011");
  fs::remove(folder.path() / "checkpoints/last");
  EXPECT_EQ(c.last(), folder.file("checkpoints/step-00000010"));
  write_bytes(folder.file("checkpoints/last"), "");
  EXPECT_EQ(c.last(), folder.file("checkpoints/step-00000010"));
  EXPECT_EQ(c.best(), "");
}

TEST(Checkpoints, MarksThatMeanNothingAreErrors) {
  ScratchFolder folder;
  fs::create_directories(folder.path() / "checkpoints");
  const Checkpoints c(folder.path().string(), 2);
  for (const char* text : {"../../etc", "step-", "step-1x", "step-00000007"}) {
    write_bytes(folder.file("checkpoints/last"), std::string(text) + "\n");
    EXPECT_EQ(caught([&] { c.last(); }).code, 3) << text;
  }
}

TEST(RunLog, MetricsOfAnotherLifeAreCut) {
  ScratchFolder folder;
  RunFolder run = RunFolder::create(folder.file("a"));
  const std::string path = run.file("metrics.jsonl");
  {
    RunLog log(run, 0, false);
    for (int step = 1; step <= 4; ++step) {
      Json values = Json::object();
      values.set("loss", 1.0 / step);
      log.record(step, "train", values);
    }
    log.say("a line");
    log.sync();
  }
  EXPECT_EQ(read_bytes(run.file("train.log")), "a line\n");
  const std::string whole = read_bytes(path);
  EXPECT_EQ(std::count(whole.begin(), whole.end(), '\n'), 4);
  write_bytes(path, whole + "{\"step\":2,\"loss\":");  // died while writing
  cut_metrics(path, 4);
  EXPECT_EQ(read_bytes(path), whole);
  cut_metrics(path, 2);
  const std::string two = read_bytes(path);
  EXPECT_EQ(whole.rfind(two, 0), 0u);
  EXPECT_EQ(std::count(two.begin(), two.end(), '\n'), 2);
  const Json first = Json::parse(two.substr(0, two.find('\n')), "line");
  EXPECT_EQ(first.integer("step"), 1);
  EXPECT_EQ(first.text("kind"), "train");
  EXPECT_EQ(first.number("loss"), 1);
  cut_metrics(folder.file("none"), 1);
  EXPECT_FALSE(fs::exists(folder.file("none")));
}

// Also where it was killed before its first checkpoint: TensorBoard shall drop the points of the other life.
TEST(RunLog, AResumedRunMarksItsEventFile) {
  ScratchFolder folder;
  const RunFolder run = RunFolder::create(folder.file("a"));
  RunLog begun(run, 0, false), resumed(run, 0, true);
  EXPECT_GT(read_bytes(resumed.events().path()).size(), read_bytes(begun.events().path()).size());
  begun.note("why");
  EXPECT_EQ(read_bytes(run.file("train.log")), "why\n");
}

TEST(RunLog, Lines) {
  Progress p{.step = 12350,
             .total = 40000,
             .values = {{"loss", 0.43121}, {"loss_ce", 0.398}, {"loss_aux", 0.083}},
             .rate = 7.08e-3,
             .images_per_s = 18.4,
             .data_share = 0.03,
             .memory_bytes = uint64_t(21.3 * (1 << 30)),
             .memory_limit_bytes = uint64_t(139.8 * (1 << 30)),
             .eta_s = 9067};
  EXPECT_EQ(progress_line(p),
            "12350/40000  loss 0.4312 (ce 0.398 aux 0.083)  lr 7.08e-03  18.4 img/s  data 3%  mem 21.3/139.8 GiB  eta "
            "2:31:07");
  p.values = {{"D_A", 0.25}, {"G_A", 1.5}};
  EXPECT_EQ(progress_line(p).rfind("12350/40000  D_A 0.2500  G_A 1.5000  lr", 0), 0u) << progress_line(p);
  EXPECT_EQ(duration_text(0.4), "0:00:00");
  EXPECT_EQ(duration_text(200000), "2 d 7:33:20");
}

// Read by a parser of its own, in another language, which checks every checksum bit by bit.
constexpr const char* kReader = R"py(
import struct, sys
def crc(data):
    c = 0xffffffff
    for b in data:
        c ^= b
        for _ in range(8): c = c >> 1 ^ (0x82F63B78 if c & 1 else 0)
    c ^= 0xffffffff
    return ((c >> 15 | c << 17) + 0xa282ead8) & 0xffffffff
def varint(d, i):
    v = s = 0
    while True:
        v |= (d[i] & 127) << s; s += 7; i += 1
        if not d[i - 1] & 128: return v, i
def fields(d):
    i, out = 0, []
    while i < len(d):
        key, i = varint(d, i)
        if key & 7 == 0: v, i = varint(d, i)
        elif key & 7 == 1: v, i = struct.unpack('<d', d[i:i + 8])[0], i + 8
        elif key & 7 == 5: v, i = struct.unpack('<f', d[i:i + 4])[0], i + 4
        else:
            assert key & 7 == 2, key
            n, i = varint(d, i)
            assert i + n <= len(d)
            v, i = d[i:i + n], i + n
        out.append((key >> 3, v))
    return out
d, i = open(sys.argv[1], 'rb').read(), 0
while i < len(d):
    n, = struct.unpack('<Q', d[i:i + 8])
    assert struct.unpack('<I', d[i + 8:i + 12])[0] == crc(d[i:i + 8])
    body = d[i + 12:i + 12 + n]
    assert len(body) == n and struct.unpack('<I', d[i + 12 + n:i + 16 + n])[0] == crc(body)
    i += 16 + n
    e = dict(fields(body))
    step = e[2] - (1 << 64) * (e[2] >> 63)
    assert e[1] > 1.6e9
    if 3 in e: print('version', e[3].decode(), dict(fields(e[10]))[1].decode())
    if 7 in e: print('session', step, dict(fields(e[7]))[1])
    for f, v in fields(e.get(5, b'')):
        assert f == 1
        v = dict(fields(v))
        name = v[1].decode()
        if 2 in v: print('scalar', step, name, repr(v[2]))
        if 4 in v:
            image = dict(fields(v[4]))
            print('image', step, name, image[1], image[2], image[3], image[4].decode())
        if 8 in v:
            t = dict(fields(v[8]))
            assert dict(fields(dict(fields(v[9]))[1]))[1] == b'text'
            print('text', step, name, t[1], dict(fields(dict(fields(t[2]))[2]))[1], t[8].decode())
)py";

TEST(EventFile, IsReadByAnotherParser) {
  if (std::system("command -v python3 >/dev/null") != 0) SEGUE_TOOL_MISSING("needs python3");
  ScratchFolder folder;
  write_bytes(folder.file("reader.py"), kReader);
  std::string path;
  {
    EventFile events(folder.path().string(), 301);
    path = events.path();
    events.scalars(350, {{"train/loss", 0.5}, {"train/lr", 0.25}});
    events.image(int64_t(1) << 40, "val/a", std::string(300, 'p'), 200, 400);
    events.text(-1, "config", "task = \"segment\"");
    events.sync();
  }
  EXPECT_EQ(fs::path(path).filename().string().rfind("events.out.tfevents.", 0), 0u);
  const testing::Finished f = testing::run_shell(folder, "python3 '" + folder.file("reader.py") + "' '" + path + "'");
  EXPECT_EQ(f.err, "");
  EXPECT_EQ(f.out,
            "version brain.Event:2 segue\n"
            "session 301 1\n"
            "scalar 350 train/loss 0.5\n"
            "scalar 350 train/lr 0.25\n"
            "image 1099511627776 val/a 200 400 3 " +
                std::string(300, 'p') + "\n" + "text -1 config 7 1 task = \"segment\"\n");
}

TEST(EventFile, ANewRunHasNoSessionMarkAndFilesNeverMix) {
  ScratchFolder folder;
  const EventFile a(folder.path().string(), 0), b(folder.path().string(), 0);
  EXPECT_NE(a.path(), b.path());
  EXPECT_EQ(read_bytes(a.path()).size(), read_bytes(b.path()).size());
  EXPECT_LT(read_bytes(a.path()).size(), 60u);  // the version alone
}

}  // namespace
}  // namespace segue
