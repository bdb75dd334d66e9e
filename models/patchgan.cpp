#include "patchgan.h"

namespace segue {
namespace {

constexpr ConvInit kInit = ConvInit::gan;
constexpr float kSlope = 0.2f;
const Conv2dOptions kHalf{.stride = 2, .pad = 1}, kSame{.stride = 1, .pad = 1};

}  // namespace

PatchGan::PatchGan(const PatchGanOptions& o)
    : conv0_(*this, "model.0", 3, o.filters, 4, kHalf, Bias::used, kInit),
      conv2_(*this, "model.2", o.filters, 2 * o.filters, 4, kHalf, Bias::dead, kInit),
      conv5_(*this, "model.5", 2 * o.filters, 4 * o.filters, 4, kHalf, Bias::dead, kInit),
      conv8_(*this, "model.8", 4 * o.filters, 8 * o.filters, 4, kSame, Bias::dead, kInit),
      conv11_(*this, "model.11", 8 * o.filters, 1, 4, kSame, Bias::used, kInit) {}

Tensor PatchGan::forward(Context& c, const Tensor& x) {
  require(x.shape().dims() == 4 && x.shape()[1] >= 32 && x.shape()[2] >= 32, "patchgan",
          "expects images (N,H,W,3) of at least 32x32; got ", x.shape());
  const auto norm_leaky = [&c](const Tensor& t) { return instance_norm(c, t, {}, {.slope = kSlope}); };
  Tensor y = leaky_relu(c, conv0_(c, x), kSlope);
  y = norm_leaky(conv2_(c, y));
  y = norm_leaky(conv5_(c, y));
  y = norm_leaky(conv8_(c, y));
  return conv11_(c, y);
}

}  // namespace segue
