// Instance norm with borders: the bits of the norm and the padding by themselves.
#include "tests/padded_norm.h"

#include <gtest/gtest.h>

namespace segue {
namespace {

TEST(SimtPaddedNorm, IsTheNormPadded) {
  for (const testing::PaddedNorm& n : testing::padded_norms())
    for (const cases::Format& f : cases::kCudaFormats) testing::expect_padded_norm<CudaExec>(n, f);
}

}  // namespace
}  // namespace segue
