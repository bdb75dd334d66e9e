// Every CPU kernel gives the same bits for every number of threads: checkpoints can move between machines.
#include <gtest/gtest.h>

#include "tests/check_case.h"

#if defined(_OPENMP)
#include <omp.h>
#endif

namespace segue {
namespace {

/// What the case leaves in its outputs with this number of threads.
std::vector<std::vector<std::byte>> results(const cases::Case& k, [[maybe_unused]] int threads) {
#if defined(_OPENMP)
  const int before = omp_get_max_threads();
  omp_set_num_threads(threads);
#endif
  testing::HostScratch scratch;
  CpuExec exec{&scratch};
  cases::Io io = k.make();
  k.cpu(exec, io);
#if defined(_OPENMP)
  omp_set_num_threads(before);
#endif
  std::vector<std::vector<std::byte>> bits;
  for (const cases::Buffer& b : io.out) bits.push_back(b.payload());
  return bits;
}

TEST(Threads, SameBitsForOneTwoAndThree) {
#if !defined(_OPENMP)
  GTEST_SKIP() << "built without OpenMP: there is one thread";
#endif
  int checked = 0;
  for (const cases::Case& k : cases::registry().cases) {
    if (!k.cpu || k.bench_only) continue;
    const auto one = results(k, 1);
    EXPECT_EQ(one, results(k, 2)) << k.op << " " << k.name;
    EXPECT_EQ(one, results(k, 3)) << k.op << " " << k.name;
    ++checked;
  }
  EXPECT_GT(checked, 0);
}

}  // namespace
}  // namespace segue
