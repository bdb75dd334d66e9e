#include "norm_statistics.h"

#include "module_mode.h"

namespace segue {
namespace {

constexpr uint32_t kStream = 16;

/// While one lives, the share of a new value in running statistics may be another.
class OtherMomentum {
 public:
  explicit OtherMomentum(Module& m) : m_(m) {}
  ~OtherMomentum() { m_.set_norm_momentum(0); }
  OtherMomentum(const OtherMomentum&) = delete;
  OtherMomentum& operator=(const OtherMomentum&) = delete;

 private:
  Module& m_;
};

}  // namespace

NormStatistics::NormStatistics(Context& c, const Config& config, const data::ClassTable& classes, int64_t images)
    : c_(c) {
  const int64_t batch = config.get<int64_t>("train.batch");
  batches_ = (images + batch - 1) / batch;
  data::AugmentOptions augment = augment_options(config);
  augment.jitter = augment.hue = augment.grey = augment.blur = augment.cutout = 0;
  augment.max_share = 1;  // of labels, which are not read
  data_ =
      make_train_data(c, config, open_setting(config, "data.statistics", classes, {.split = {}, .need_labels = false}),
                      classes, "statistics", kStream, false, augment);
}

bool NormStatistics::collect(Segmenter& model, int64_t steps, const std::function<bool(double)>& go_on) {
  const Context::NoGrad no_grad(c_);
  const InMode mode(model, true);
  const OtherMomentum momentum(model);
  data_.feed->seek(0);
  bool on = true;
  for (int64_t i = 0; on && i < batches_; ++i) {
    model.set_norm_momentum(1 / float(i + 1));
    data_.feed->next();
    c_.begin_step(uint64_t(steps + i));
    model.forward_low(c_, data_.feed->make().x);
    c_.end_step();
    on = go_on(double(i + 1) / double(batches_));
  }
  return on;
}

}  // namespace segue
