// Every case of every kernel on the CPU, against its float64 reference.
#include <gtest/gtest.h>

#include "runtime/arena.h"
#include "tests/check_case.h"

namespace segue {
namespace {

class KernelCase : public ::testing::TestWithParam<const cases::Case*> {};

TEST_P(KernelCase, EqualsReference) {
  const cases::Case& k = *GetParam();
  testing::HostScratch scratch;
  CpuExec exec{&scratch};
  testing::check_case(k, [&](cases::Io& io) { k.cpu(exec, io); });
}

std::vector<const cases::Case*> cpu_cases() {
  std::vector<const cases::Case*> selected;
  for (const cases::Case& k : cases::registry().cases)
    if (k.cpu && !k.bench_only) selected.push_back(&k);
  return selected;
}

INSTANTIATE_TEST_SUITE_P(Cpu, KernelCase, ::testing::ValuesIn(cpu_cases()), testing::case_test_name);

}  // namespace
}  // namespace segue
