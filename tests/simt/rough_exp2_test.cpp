// Probabilities that hold their bound on the host have to hold it with a device's exponentials as well.
#include <gtest/gtest.h>

#include "kernels/exec.h"
#include "tests/check_case.h"

namespace segue {
namespace kernels {

// rough_exp2.cpp
void upsample_pseudo_label_rough(const CudaExec& exec, const View& logits, const View& thresholds, const View& labels,
                                 const View& confidence, const View& histogram);

}  // namespace kernels

namespace {

TEST(SimtRoughExp2, PseudoLabels) {
  int checked = 0;
  for (const cases::Case& k : cases::registry().cases) {
    if (k.op != "upsample_pseudo_label" || !k.cuda || k.bench_only) continue;
    testing::check_case(k, [](cases::Io& io) {
      const auto out = [&](size_t i) { return io.out[i].shape().count() ? io.out[i].view() : View(); };
      kernels::upsample_pseudo_label_rough({}, io.in[0].view(), io.in[1].view(), out(0), out(1), out(2));
    });
    ++checked;
  }
  EXPECT_GT(checked, 30);
}

}  // namespace
}  // namespace segue
