// The file in which choices of plans last from one process to the next.
#include "kernels/plan_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "kernels/error.h"
#include "tests/files.h"

namespace segue {
namespace {

std::string content(const std::string& path) {
  std::ifstream f(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(f), {}};
}

TEST(PlanFile, AnotherProcessMakesTheSameChoice) {
  const testing::ScratchFolder folder;
  const std::string path = folder.file("plans");
  PlanFile first(path);
  EXPECT_EQ(first.find(91900, "H200", "forward"), nullptr);
  first.add(91900, "H200", "forward", {"67:2=5", true});
  first.add(91900, "H200", "backward", {"1:", false});
  first.add(91900, "A100\twith a tab", "forward", {"22:", false});
  const PlanFile second(path);
  ASSERT_NE(second.find(91900, "H200", "forward"), nullptr);
  EXPECT_EQ(second.find(91900, "H200", "forward")->text, "67:2=5");
  EXPECT_TRUE(second.find(91900, "H200", "forward")->tuned);
  EXPECT_FALSE(second.find(91900, "H200", "backward")->tuned);
  ASSERT_NE(second.find(91900, "A100\twith a tab", "forward"), nullptr);
  EXPECT_EQ(second.find(91901, "H200", "forward"), nullptr) << "choices of another library do not count";
}

TEST(PlanFile, TheLastLineCountsAndSeveralWritersShareIt) {
  const testing::ScratchFolder folder;
  const std::string path = folder.file("plans");
  PlanFile a(path), b(path);
  a.add(1, "gpu", "x", {"1:", false});
  b.add(1, "gpu", "y", {"2:", false});
  b.add(1, "gpu", "x", {"3:", true});
  const PlanFile c(path);
  EXPECT_EQ(c.find(1, "gpu", "x")->text, "3:");
  EXPECT_EQ(c.find(1, "gpu", "y")->text, "2:");
}

TEST(PlanFile, WhatIsNoLineIsPassedOver) {
  const testing::ScratchFolder folder;
  const std::string path = folder.file("plans");
  PlanFile(path).add(1, "gpu", "x", {"1:2=3,4=5", false});
  const std::string good = content(path);
  std::ofstream(path, std::ios::binary)
      << "\n\t\t\t\t\n1\tgpu\ty\tguessed\n1\tgpu\ty\tperhaps\t1:\nx\tgpu\ty\ttuned\t1:\n"
      << std::string("1\tg\0u\ty\ttuned\t1:\n", 17) << std::string(100000, 'z') << '\n'
      << "99999999999999999999\tgpu\ty\ttuned\t1:\n"
      << good << good.substr(0, good.size() - 4);
  PlanFile file(path);
  ASSERT_NE(file.find(1, "gpu", "x"), nullptr);
  EXPECT_EQ(file.find(1, "gpu", "x")->text, "1:2=3,4=5") << "a line that was cut off must not count";
  EXPECT_EQ(file.find(1, "gpu", "y"), nullptr);
  // What comes behind a line that was cut off spoils that line, not the file.
  file.add(1, "gpu", "y", {"6:", false});
  file.add(1, "gpu", "z", {"7:", false});
  const PlanFile again(path);
  EXPECT_EQ(again.find(1, "gpu", "x")->text, "1:2=3,4=5");
  ASSERT_NE(again.find(1, "gpu", "z"), nullptr);
  EXPECT_EQ(again.find(1, "gpu", "z")->text, "7:");
}

TEST(PlanFile, NoFileRemembersForItsLife) {
  PlanFile file("");
  file.add(1, "gpu", "x", {"1:", false});
  EXPECT_NE(file.find(1, "gpu", "x"), nullptr);
}

TEST(PlanFile, RefusesWhatItCannotWrite) {
  const testing::ScratchFolder folder;
  EXPECT_THROW(PlanFile{folder.file("no/such/folder")}, Error);
  EXPECT_THROW(PlanFile{folder.file("")}, Error);
}

}  // namespace
}  // namespace segue
