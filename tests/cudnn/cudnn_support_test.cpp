// cuDNN has a deterministic, precompiled engine of little workspace for every convolution of every model. Asked of the
// library alone: devices are described, not used. docs/cudnn_support.md holds what it answered; SEGUE_WRITE_DOCS=1
// writes it anew.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>

#include "kernels/conv_phases.h"
#include "kernels/conv_plans.h"
#include "kernels/cudnn_plan.h"
#include "model_convolutions.h"

namespace segue {
namespace {

constexpr size_t kLimitBytes = size_t(256) << 20;

struct Device {
  const char* name;
  const char* json;
  int major;  ///< of its compute capability
};
const Device kHopper{"H200 (sm_90)",
                     R"({"deviceName": "NVIDIA H200", "cudaDeviceId": 0, "deviceVer": 900, "driverVer": 13000,
        "maxGridSize": [2147483647, 65535, 65535], "maxBlockSize": [1024, 1024, 64], "regsPerBlock": 65536,
        "multiProcessorCount": 132, "smClockRateKHz": 1980000, "memClockRateKHz": 3201000, "l2CacheSize": 62914560,
        "warpSize": 32, "maxSharedMemoryPerBlock": 49152, "maxSharedMemoryPerBlockOptin": 232448,
        "reservedSharedMemoryPerBlock": 1024, "maxRegistersPerSM": 65536, "maxCtasPerSM": 32,
        "maxThreadsPerBlock": 1024, "maxThreadsPerSM": 2048, "pciDeviceId": 0, "isTccDriver": 0,
        "supportCoopLaunch": 1, "totalGlobalMem": 150754820096})",
                     9};
const Device kAmpere{"A100 (sm_80)",
                     R"({"deviceName": "NVIDIA A100", "cudaDeviceId": 0, "deviceVer": 800, "driverVer": 13000,
        "maxGridSize": [2147483647, 65535, 65535], "maxBlockSize": [1024, 1024, 64], "regsPerBlock": 65536,
        "multiProcessorCount": 108, "smClockRateKHz": 1410000, "memClockRateKHz": 1593000, "l2CacheSize": 41943040,
        "warpSize": 32, "maxSharedMemoryPerBlock": 49152, "maxSharedMemoryPerBlockOptin": 166912,
        "reservedSharedMemoryPerBlock": 1024, "maxRegistersPerSM": 65536, "maxCtasPerSM": 32,
        "maxThreadsPerBlock": 1024, "maxThreadsPerSM": 2048, "pciDeviceId": 0, "isTccDriver": 0,
        "supportCoopLaunch": 1, "totalGlobalMem": 85000000000})",
                     8};

const char* title_of(const ConvCall& call) {
  static const char* const kTitles[3][3] = {{"forward", "forward, added", "forward + bias"},
                                            {"input gradient", "input gradient, added", ""},
                                            {"filter gradient", "", ""}};
  return kTitles[size_t(call.op)][size_t(call.epilogue)];
}

std::string geometry_of(const kernels::conv::Problem& f) {
  std::string s = cat(f.n, "x", f.h, "x", f.w, " ", f.c, " -> ", f.k, ", ", f.r, "x", f.s);
  if (f.stride != 1) s += cat(" stride ", f.stride);
  if (f.dilation != 1) s += cat(" rate ", f.dilation);
  return s;
}

std::string cell_of(const CudnnSupport& s) {
  if (s.engine < 0) return "**none** |";
  const double mib = double(s.workspace_bytes) / 1048576.0;
  std::ostringstream text;
  text.precision(1);
  text << s.engine << (s.tensor_cores ? "" : " (no tensor cores)") << " | ";
  if (mib >= 0.05) text << std::fixed << mib;
  return text.str();
}

/// The first choices for bf16, a row each; the same call in two models stands once.
std::string support_table() {
  std::ostringstream table;
  std::set<std::string> seen;
  for (const testing::ModelCalls& model : testing::model_convolutions(DType::bf16)) {
    std::map<std::string, int> times;
    for (const ConvCall& call : model.calls) ++times[name_of(call)];
    EXPECT_GT(model.calls.size(), 5u) << model.model;
    table << "\n## " << model.model << "\n\n| convolution | | times | " << kHopper.name << " engine | MiB | "
          << kAmpere.name << " engine | MiB |\n|---|---|--:|--:|--:|--:|--:|\n";
    for (const ConvCall& call : model.calls) {
      const std::string name = name_of(call);
      if (!seen.insert(name).second) continue;
      table << "| " << geometry_of(call.problem) << " | " << title_of(call) << " | " << times[name];
      for (const Device& device : {kHopper, kAmpere}) {
        ConvCall asked = call;
        const int64_t factor = kernels::conv::put_over_phases(asked, conv_reach(call.op, call.dtype, device.major));
        const CudnnSupport s = cudnn_support(asked, device.json, kLimitBytes);
        EXPECT_GE(s.engine, 0) << "no engine on " << device.name << " for " << name << " of " << model.model;
        EXPECT_TRUE(s.tensor_cores) << "no tensor cores on " << device.name << " for " << name << " of " << model.model;
        table << " | " << (factor > 1 ? cat(factor, "x", factor, " phases: ") : "") << cell_of(s);
      }
      table << " |\n";
    }
  }
  return table.str();
}

TEST(CudnnSupport, EveryConvolutionOfEveryModelHasAnEngine) {
  const char* root = std::getenv("SEGUE_SOURCE_DIR");
  ASSERT_NE(root, nullptr) << "SEGUE_SOURCE_DIR names the source tree; run through ctest";
  const std::string path = std::string(root) + "/docs/cudnn_support.md";
  const int64_t v = cudnn_version();
  const std::string title = cat("# Engines of cuDNN ", v / 10000, ".", v / 100 % 100, ".", v % 100);
  const std::string text = cat(title, R"(

Written by `SEGUE_WRITE_DOCS=1 ctest -R cudnn_support_test`, which asks the library about described devices; no GPU is needed.
Every convolution of a training step in bf16, channels padded to 8: the first plan of the heuristics that is deterministic,
precompiled, and wants at most 256 MiB of workspace. Tuning on a device may choose another. A convolution that several models
have stands with the first. Engine numbers are the library's own; those that only the H200 has are made for it.
Wide dilations run over phases on the H200 (kernels/conv_phases.h), which brings them to the engines of its generation.
A transposed convolution stands as the convolution that it turns around: its forward pass is an input gradient.
)",
                               support_table());
  if (std::getenv("SEGUE_WRITE_DOCS")) {
    std::ofstream(path) << text;
    return;
  }
  std::ifstream file(path);
  const std::string written((std::istreambuf_iterator<char>(file)), {});
  if (written.compare(0, title.size(), title) != 0)
    GTEST_SKIP() << path << " is of another version of cuDNN";  // every engine was found nevertheless
  EXPECT_EQ(written, text) << path << " is out of date: SEGUE_WRITE_DOCS=1 writes it anew";
}

// Within conv_reach() a dilation has the engine that the narrow one of the ASPP has, beyond it another: and so have the ASPP's
// wide ones over phases.
TEST(CudnnSupport, PhasesBringWideDilationsWithinReach) {
  if (cudnn_version() / 100 != 919) GTEST_SKIP() << "conv_reach() is of cuDNN 9.19; this is " << cudnn_version();
  for (const DType type : {DType::bf16, DType::f16, DType::f32})
    for (const ConvOp op : {ConvOp::forward, ConvOp::input_gradient, ConvOp::filter_gradient}) {
      const auto engine = [&](int64_t dilation, bool phases) {
        ConvCall call{op, {8, 32, 64, 2048, 256, 3, 3, 32, 64, 1, dilation, dilation}, type, true, ConvEpilogue::store};
        if (phases) {
          EXPECT_GT(kernels::conv::put_over_phases(call, conv_reach(op, type, kHopper.major)), 1);
        }
        return cudnn_support(call, kHopper.json, kLimitBytes).engine;
      };
      const std::string what = cat(name_of(type), ", op ", int64_t(op));
      const int64_t reach = conv_reach(op, type, kHopper.major), best = engine(6, false);
      if (reach == kAnyReach) {
        for (const int64_t dilation : {12, 18})
          EXPECT_EQ(engine(dilation, false), best) << what << ", rate " << dilation;
        continue;
      }
      EXPECT_EQ(engine(reach, false), best) << what;
      EXPECT_NE(engine(reach + 1, false), best) << what << ": this cuDNN reaches further";
      for (const int64_t dilation : {12, 18}) EXPECT_EQ(engine(dilation, true), best) << what << ", rate " << dilation;
      // As the ASPP keeps them, in whole phases by 2: within reach, or in phases once more.
      for (const int64_t dilation : {6, 9}) {
        ConvCall call{
            op, {32, 16, 32, 2048, 256, 3, 3, 16, 32, 1, dilation, dilation}, type, true, ConvEpilogue::store};
        EXPECT_EQ(kernels::conv::put_over_phases(call, reach), dilation <= reach ? 1 : 3) << what;
        EXPECT_EQ(cudnn_support(call, kHopper.json, kLimitBytes).engine, best) << what << ", rate " << 2 * dilation;
      }
    }
}

TEST(CudnnSupport, TheEnvironmentChoosesPhases) {
  const auto reach = [](const char* value) {
    setenv("SEGUE_CONV_PHASES", value, 1);
    ConvPlans plans({});
    unsetenv("SEGUE_CONV_PHASES");
    return plans.reach(ConvOp::forward, DType::bf16);
  };
  EXPECT_EQ(reach("0"), kAnyReach);
  EXPECT_EQ(reach("1"), 9);
  try {
    reach("on");
    FAIL() << "a value that means nothing";
  } catch (const Error& e) {
    EXPECT_EQ(e.fault(), Fault::usage);
    EXPECT_NE(std::string(e.what()).find("expects 0 or 1; got on"), std::string::npos) << e.what();
  }
  unsetenv("SEGUE_CONV_PHASES");
}

// f32 without tensor cores is the reference of everything else.
TEST(CudnnSupport, F32HasEnginesWithoutTensorCores) {
  std::set<std::string> seen;
  for (const testing::ModelCalls& model : testing::model_convolutions(DType::f32))
    for (const ConvCall& call : model.calls) {
      if (!seen.insert(name_of(call)).second) continue;
      const CudnnSupport s = cudnn_support(call, kHopper.json, kLimitBytes);
      EXPECT_GE(s.engine, 0) << "no engine for " << name_of(call) << " of " << model.model;
      EXPECT_FALSE(s.tensor_cores) << name_of(call);
    }
}

}  // namespace
}  // namespace segue
