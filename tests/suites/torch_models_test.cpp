// Every model at full width against PyTorch in float64, computed on the spot by tests/reference/torch_steps.py.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "kernels/error.h"
#include "tests/model_steps.h"
#include "tests/python.h"
#include "tests/required.h"
#include "tests/test_device.h"

namespace segue::testing {
namespace {

class TorchStep : public ::testing::TestWithParam<ModelStep> {};

TEST_P(TorchStep, EqualsPyTorch) {
  if (!have_torch()) SEGUE_TOOL_MISSING("no PyTorch: " << python() << " cannot import torch and torchvision");
  const ModelStep& step = GetParam();
  const TemporaryFolder folder;
  {
    std::ofstream index(folder.path / "index.txt"), values(folder.path / "values.f32", std::ios::binary);
    for (const Recorded& r : record_steps(step, on_test_device())) {
      index << r.kind << ' ' << r.name;
      for (int i = 0; i < r.shape.dims(); ++i) index << ' ' << r.shape[i];
      index << '\n';
      values.write(reinterpret_cast<const char*>(r.values.data()), std::streamsize(r.values.size() * sizeof(float)));
    }
    ASSERT_TRUE(index && values) << "cannot write to " << folder.path;
  }
  const ScriptResult result = run_script("torch_steps.py", {"compare", step.name, folder.path.string()});
  std::printf("%s", result.output.c_str());
  EXPECT_EQ(result.status, 0) << result.output;
}

INSTANTIATE_TEST_SUITE_P(Model, TorchStep, ::testing::ValuesIn(model_steps()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace segue::testing
