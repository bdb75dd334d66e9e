#include "tiny_steps.h"

#include "models/cyclegan_generator.h"
#include "models/deeplabv3plus.h"
#include "models/domain_discriminator.h"
#include "models/fcn.h"
#include "models/patchgan.h"
#include "runtime/ops.h"

namespace segue::testing {
namespace {

constexpr int64_t kClasses = 5;

Tensor segment(Context& c, Network& net, const Tensor& x, Tensor* output) {
  auto& model = dynamic_cast<Segmenter&>(net);
  const Segmentation s = model.forward_low(c, x);
  *output = s.logits.detach();
  const Tensor labels = labels_by_formula(c, {x.shape()[0], x.shape()[1], x.shape()[2]}, kClasses);
  const Tensor loss =
      add(c, upsample_xent(c, s.logits, labels, {}, {}, {}), scale(c, softmax_entropy_mean(c, s.logits), 0.1f));
  return s.aux ? add(c, loss, scale(c, upsample_xent(c, s.aux, labels, {}, {}, {}), 0.5f)) : loss;
}

template <class Model, class F>
std::function<Tensor(Context&, Network&, const Tensor&, Tensor*)> score(F loss) {
  return [=](Context& c, Network& net, const Tensor& x, Tensor* output) {
    *output = dynamic_cast<Model&>(net).forward(c, x);
    return loss(c, *output);
  };
}

}  // namespace

const std::vector<ModelStep>& tiny_steps() {
  static const std::vector<ModelStep> all = {
      {"deeplabv3plus",
       {8, 33, 33, 3},
       3,
       [] {
         return std::make_unique<DeepLabV3Plus>(DeepLabOptions{.classes = kClasses, .width = 0.125, .dropout = 0});
       },
       segment},
      {"fcn",
       {2, 33, 33, 3},
       2,
       [] { return std::make_unique<Fcn>(FcnOptions{.classes = kClasses, .width = 0.125, .dropout = 0}); },
       segment},
      {"generator",
       {1, 32, 40, 3},
       1,
       [] { return std::make_unique<CycleGanGenerator>(GeneratorOptions{.blocks = 1, .filters = 8}); },
       score<CycleGanGenerator>([](Context& c, const Tensor& y) { return lsgan(c, y, 0.5f); })},
      {"patchgan",
       {1, 40, 33, 3},
       1,
       [] { return std::make_unique<PatchGan>(PatchGanOptions{.filters = 8}); },
       score<PatchGan>([](Context& c, const Tensor& y) { return lsgan(c, y, 1.f); })},
      {"output_discriminator",
       {2, 65, 97, kClasses},
       1,
       [] {
         return std::make_unique<OutputDiscriminator>(OutputDiscriminatorOptions{.classes = kClasses, .filters = 8});
       },
       score<OutputDiscriminator>([](Context& c, const Tensor& y) { return bce_logits(c, y, 0.f); })},
      {"feature_discriminator",
       {1, 5, 7, 16},
       1,
       [] {
         return std::make_unique<FeatureDiscriminator>(
             FeatureDiscriminatorOptions{.channels = 16, .filters = 8, .dropout = 0});
       },
       score<FeatureDiscriminator>([](Context& c, const Tensor& y) { return bce_logits(c, y, 1.f); })},
  };
  return all;
}

}  // namespace segue::testing
