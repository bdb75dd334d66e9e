// Every command that writes, on a disk that is full and in a place where nothing can be written: one line, nothing
// half-written, and the same command goes on once there is space.
#include <gtest/gtest.h>

#include <map>

#include "apps/model_classes.h"
#include "data/data_set.h"
#include "data/image_file.h"
#include "models/model_file.h"
#include "tests/program.h"
#include "tests/scenes.h"

namespace segue {
namespace {

namespace fs = std::filesystem;
using testing::Finished;
using testing::ProgramTest;
using testing::read_bytes;

class FullDisk : public ProgramTest {
 protected:
  void SetUp() override {
    ProgramTest::SetUp();
    for (int64_t i = 0; i < 3; ++i) testing::write_scene(folder_.file("data"), "train", i);
    data_ = "'cityscapes:" + folder_.file("data") + "'";
    Context c(Context::Options{.seed = 5, .threads = 1});
    CycleGanGenerator g({.blocks = 1, .filters = 8});
    g.allocate(c, false);
    generator_ = folder_.file("g.safetensors");
    save_model(generator_, g, {.blocks = 1, .filters = 8});
    SegmenterInfo info;
    info.width = 0.0625;
    describe_classes(info, data::cityscapes_classes());
    const std::unique_ptr<Segmenter> m = make_segmenter(info);
    m->allocate(c, false);
    segmenter_ = folder_.file("s.safetensors");
    save_model(segmenter_, *m, info);
  }
  /// Every file below a folder, or the one file, with its bytes.
  static std::map<std::string, std::string> content(const std::string& path) {
    std::map<std::string, std::string> all;
    if (fs::is_regular_file(path)) all[""] = read_bytes(path);
    if (!fs::is_directory(path)) return all;
    for (const auto& e : fs::recursive_directory_iterator(path))
      if (e.is_regular_file()) all[fs::relative(e.path(), path)] = read_bytes(e.path());
    return all;
  }
  static std::string last_line(const std::string& text) {
    const size_t end = text.find_last_not_of('\n');
    const size_t before = end == std::string::npos ? end : text.rfind('\n', end);
    return text.substr(before == std::string::npos ? 0 : before + 1);
  }
  void expect_failure(const Finished& f, const std::string& what) {
    EXPECT_EQ(f.status, 1) << f.err;
    const std::string line = last_line(f.err);
    EXPECT_EQ(line.rfind("segue: error: ", 0), 0u) << f.err;
    EXPECT_EQ(f.err.find("segue: error: "), f.err.size() - line.size()) << f.err;
    EXPECT_NE(line.find(what), std::string::npos) << f.err;
  }
  /// `command` writes to what follows it. `blocks` of 512 bytes: more fits into no file.
  void try_out(const std::string& command, int blocks) {
    SCOPED_TRACE(command);
    const std::string whole = folder_.file("whole"), torn = folder_.file("torn");
    const Finished good = run(command + "'" + whole + "'");
    ASSERT_EQ(good.status, 0) << good.err;
    const auto want = content(whole);
    ASSERT_FALSE(want.empty());

    expect_failure(run(command + "'" + torn + "'", "ulimit -f " + std::to_string(blocks) + ";"),
                   "File too large; nothing was written");
    for (const auto& [name, bytes] : content(torn)) {
      ASSERT_TRUE(want.count(name)) << name << " is left behind";
      if (fs::path(name).extension() != ".json") {
        EXPECT_TRUE(bytes == want.at(name)) << name << " is half written";
      }
    }
    const Finished later = run(command + "'" + torn + "'");
    EXPECT_EQ(later.status, 0) << later.err;
    EXPECT_TRUE(content(torn) == want) << "going on gives other files";

    // For root too: the kernel's own file systems take no files.
    expect_failure(run(command + "/proc/self/none"), "/proc/self/none");
    fs::remove_all(whole), fs::remove_all(torn);
  }

  std::string data_, generator_, segmenter_;
};

TEST_F(FullDisk, Synth) { try_out("synth --count 2 --size 96x48 --threads 1 ", 4); }

TEST_F(FullDisk, Pack) { try_out("data pack " + data_ + " --size 32x16 ", 4); }

TEST_F(FullDisk, Translate) { try_out("translate '" + generator_ + "' --data " + data_ + " --threads 1 -o ", 4); }

TEST_F(FullDisk, Pseudo) {
  try_out("pseudo '" + segmenter_ + "' --data " + data_ + " --threshold 0.1 --copy --threads 1 -o ", 2);
}

TEST_F(FullDisk, Predict) {
  try_out("predict '" + segmenter_ + "' '" + folder_.file("data/leftImg8bit") + "' --as overlay --threads 1 -o ", 2);
}

}  // namespace
}  // namespace segue
