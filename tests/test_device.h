// The device that the suites of models and learning run on: the CPU, or what SEGUE_TEST_DEVICE says ("cuda:bf16"), so that the same tests prove every device.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

#include "runtime/context.h"

namespace segue::testing {

/// Without a device the program ends with CTest's code for a skipped test, or fails where the environment says
/// SEGUE_REQUIRE_GPU=1.
inline Context::Options on_test_device(Context::Options options = {}) {
  const char* chosen = std::getenv("SEGUE_TEST_DEVICE");
  const std::string device = chosen ? chosen : "cpu";
  if (device == "cpu") return options;
  bool known = false;
  for (const Precision p : {Precision::f32, Precision::tf32, Precision::bf16, Precision::fp16})
    if (device == cat("cuda:", name_of(p))) options.precision = p, known = true;
  require(known, "tests", "expects SEGUE_TEST_DEVICE cpu, cuda:f32, cuda:tf32, cuda:bf16 or cuda:fp16; got ", device);
  options.device = DeviceType::cuda;
  const std::string problem = cuda_problem();
  const char* required = std::getenv("SEGUE_REQUIRE_GPU");
  if (!problem.empty() && !(required && *required == '1')) {
    std::printf("SKIPPED: %s\n", problem.c_str());
    std::exit(77);
  }
  return options;
}

}  // namespace segue::testing
