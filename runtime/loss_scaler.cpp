#include "loss_scaler.h"

#include "context.h"
#include "kernels/add.h"
#include "kernels/fill.h"

namespace segue {

constexpr float kFirstScale = 65536;  // 2^16, as PyTorch's GradScaler

LossScaler::LossScaler(Context& c, const LossScaleOptions& options)
    : c_(c),
      options_(options),
      scale_(c.persistent({}, DType::f32, "loss_scale")),
      good_steps_(c.persistent({}, DType::i32, "loss_scale")),
      square_sum_(c.persistent({}, DType::f32, "loss_scale")) {
  from_host(scale_, {kFirstScale});
}

void LossScaler::note(const Tensor& square_sum) {
  if (stepped_)
    c_.run(SEGUE_KERNEL(add), square_sum_, square_sum, out(square_sum_));
  else
    c_.run(SEGUE_KERNEL(copy), square_sum, out(square_sum_));
  stepped_ = true;
}

void LossScaler::end_step() {
  if (!stepped_) return;
  c_.run(SEGUE_KERNEL(loss_scale), out(scale_), out(good_steps_), square_sum_, options_);
  stepped_ = false;
}

std::vector<NamedTensor> LossScaler::named_tensors() const {
  return {{"loss_scale", scale_.view(), false}, {"loss_scale.good_steps", good_steps_.view(), false}};
}

}  // namespace segue
