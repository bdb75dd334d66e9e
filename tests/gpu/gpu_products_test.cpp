// 1x1 convolutions by cuBLASLt on a device: all of the cases are its, right, and the same when a file brings their plans back.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "device.h"
#include "tests/check_case.h"
#include "tests/files.h"

namespace segue {
namespace {

/// Of conv2d and its gradients: all small cases of one tap, stride 1 and no padding.
std::vector<const cases::Case*> product_cases() {
  std::vector<const cases::Case*> all;
  for (const cases::Case& k : cases::registry().cases)
    if (k.cuda && !k.bench_only && k.op.rfind("conv2d", 0) == 0 && k.name.find("_1x1_s1p0") != std::string::npos)
      all.push_back(&k);
  return all;
}

class GpuProducts : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string reason = testing::no_device_reason();
    if (reason.empty()) return;
    const char* required = std::getenv("SEGUE_REQUIRE_GPU");
    if (required && std::string(required) == "1") FAIL() << "SEGUE_REQUIRE_GPU=1, but " << reason;
    GTEST_SKIP() << reason;
  }

  /// Runs every case. What it computes, one after the other.
  static std::vector<std::vector<std::byte>> run_all(testing::Device& device) {
    std::vector<std::vector<std::byte>> bits;
    for (const cases::Case* k : product_cases()) {
      SCOPED_TRACE(k->op + " " + k->name);
      testing::check_case(*k, [&](cases::Io& io) {
        device.upload(io);
        device.run([&](const CudaExec& exec) { k->cuda(exec, io); });
        device.download(io);
        EXPECT_TRUE(device.scratch_intact()) << "written behind its scratch";
        bits.push_back(io.out[0].payload());
      });
    }
    return bits;
  }
  static std::string without_cublas(const std::string& table) {
    std::istringstream lines(table);
    std::string others;
    for (std::string line; std::getline(lines, line);)
      if (line.find(" cuBLASLt cublaslt") == std::string::npos) others += line + '\n';
    return others;
  }
};

TEST_F(GpuProducts, EveryCaseIsComputedByCublasLt) {
  ASSERT_GT(product_cases().size(), 50u);
  const testing::ScratchFolder folder;
  ConvPlans::Options options{.cublas = CublasUse::always, .cache_file = folder.file("plans")};
  std::string table;
  std::vector<std::vector<std::byte>> bits;
  {
    testing::Device device(options);
    bits = run_all(device);
    table = device.plan_table();
    EXPECT_EQ(without_cublas(table), "") << "cuBLASLt has nothing for these";
  }
  options.cublas = CublasUse::where_faster;
  testing::Device device(options);
  EXPECT_TRUE(run_all(device) == bits) << "other bits than before";
  EXPECT_EQ(device.plan_table(), table) << "the file has not brought the plans back";
}

TEST_F(GpuProducts, TimedPlansOfBothLibrariesAreRight) {
  testing::Device device({.tune = true, .cache_file = ""});
  run_all(device);
  const std::string table = device.plan_table();
  ::testing::Test::RecordProperty("plans", int(std::count(table.begin(), table.end(), '\n')));
  const std::string others = without_cublas(table);
  ::testing::Test::RecordProperty("plans_of_cudnn", int(std::count(others.begin(), others.end(), '\n')));
}

}  // namespace
}  // namespace segue
