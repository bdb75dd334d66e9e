// Divisions as multiplications, of kernels' index arithmetic.
#include <gtest/gtest.h>

#include <limits>

#include "tests/simt/language.h"

// Behind the device language.
#include "kernels/divisor.cuh"

namespace segue {
namespace {

TEST(SimtDivisor, IsTheQuotient) {
  constexpr int kMost = std::numeric_limits<int>::max();
  for (const int d :
       {1,         2,    3, 5, 7, 19, 33, 64, 66, 255, 256, 257, 769, 65535, 65536, 65537, 1 << 30, (1 << 30) + 1,
        kMost - 1, kMost}) {
    const gpu::Divisor31 narrow(d);
    const gpu::Divisor wide(d);
    for (const int64_t q : {0, 1, 2, 3, 1000, 32767, kMost / d - 1, kMost / d})
      for (const int64_t off : {-1, 0, 1, d / 2}) {
        const int64_t n = q * d + off;
        if (n < 0 || n > kMost) continue;
        EXPECT_EQ(narrow.divide(int(n)), n / d) << n << " / " << d;
        int64_t rest = -1;
        EXPECT_EQ(wide.divide(n, rest), n / d) << n << " / " << d;
        EXPECT_EQ(rest, n % d) << n << " / " << d;
      }
  }
}

}  // namespace
}  // namespace segue
