#include "predictor.h"

#include <algorithm>
#include <cmath>

#include "data/resize.h"
#include "runtime/ops.h"

namespace segue {
namespace {

constexpr int64_t kLeastExtent = 32;  // of what a model takes

int64_t padded(int64_t extent) { return std::max(extent, kLeastExtent); }

/// First column of what the model sees. Px are added on its right, so on the left of an image that is mirrored on the way: a
/// mirrored pass is the pass of a mirrored image.
int64_t left_of(bool flip, int64_t width) { return flip ? width - padded(width) : 0; }

}  // namespace

Predictor::Predictor(Context& c, Segmenter& model, const SegmenterInfo& info, const PredictorOptions& options)
    : c_(c), model_(model), options_(options) {
  require(!options.scales.empty(), "predictor", "expects at least one scale; got none");
  for (const double s : options.scales) require(s > 0 && s <= 16, "predictor", "expects scales in (0, 16]; got ", s);
  std::copy(info.mean.begin(), info.mean.end(), input_.mean);
  std::copy(info.std.begin(), info.std.end(), input_.std);
}

std::vector<Predictor::Pass> Predictor::passes_of(const data::ImageView& image) const {
  const int64_t height = options_.height > 0 ? options_.height : image.height;
  const int64_t width = options_.width > 0 ? options_.width : image.width;
  std::vector<Pass> passes;
  for (const double s : options_.scales)
    for (const bool flipped : {false, true})
      if (!flipped || options_.flip)
        passes.push_back({std::max<int64_t>(1, std::llround(double(height) * s)),
                          std::max<int64_t>(1, std::llround(double(width) * s)), flipped});
  return passes;
}

data::BatchInput Predictor::input_of(size_t number, const Pass& p) {
  data::BatchInput input(c_, cat("predictor.", number),
                         {.height = padded(p.height), .width = padded(p.width), .input = input_});
  // What lies beyond the image is the mean colour.
  data::SamplePlan plan;
  plan.window = {0, left_of(p.flip, p.width), padded(p.height), padded(p.width)};
  plan.flip = p.flip;
  input.plan(0, plan);
  return input;
}

Tensor Predictor::logits(const data::ImageView& image, const Pass& p, data::BatchInput& input) {
  data::Image resized;
  data::ImageView px = image;
  if (p.height != image.height || p.width != image.width) {
    resized = data::resize_antialias(image, p.height, p.width);
    px = resized.view();
  }
  const data::StoredBatch stored{c_.empty({1, p.height, p.width, 3}, DType::u8, "image"), {}, {}};
  c_.device().upload(stored.images.data(), px.px, size_t(px.bytes()));
  Tensor y = model_.forward_low(c_, input.make(stored).x).logits;
  if (p.flip) y = flip(c_, y);
  if (p.height == padded(p.height) && p.width == padded(p.width)) return y;
  y = resize_bilinear(c_, y, padded(p.height), padded(p.width));
  return crop(c_, y, {0, -left_of(p.flip, p.width), p.height, p.width});
}

void Predictor::run(const data::ImageView& image, const std::function<void(const Tensor&)>& use) {
  require(image && image.channels == 3, "predictor", "expects an image (H,W,3); got (", image.height, ',', image.width,
          ',', image.channels, ')');
  require(!model_.training(), "predictor", "expects a model that is not in training mode");
  {
    const Context::NoGrad no_grad(c_);
    const std::vector<Pass> passes = passes_of(image);
    std::vector<data::BatchInput> inputs;
    for (size_t i = 0; i < passes.size(); ++i) inputs.push_back(input_of(i, passes[i]));
    c_.begin_step(0);
    Tensor result;
    if (passes.size() == 1) {
      result = logits(image, passes[0], inputs[0]);
    } else {
      for (size_t i = 0; i < passes.size(); ++i) {
        const Tensor p =
            softmax(c_, resize_bilinear(c_, logits(image, passes[i], inputs[i]), image.height, image.width));
        result = result ? add(c_, result, p) : p;
      }
      result = scale(c_, result, 1 / float(passes.size()));
    }
    use(result);
  }
  c_.end_step();
}

}  // namespace segue
