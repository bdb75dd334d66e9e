#include "model_convolutions.h"

#include <functional>

#include "models/cyclegan_generator.h"
#include "models/deeplabv3plus.h"
#include "models/domain_discriminator.h"
#include "models/fcn.h"
#include "models/patchgan.h"
#include "recording_door.h"
#include "runtime/ops.h"

namespace segue {

std::vector<recording::Launch>& recording::launches() {
  static std::vector<Launch> all;
  return all;
}

namespace testing {
namespace {

/// The widest arenas that an address space has room for: only addresses are taken.
constexpr size_t kAddressBytes = size_t(1) << 40;

int64_t padded(int64_t channels) { return (channels + 7) / 8 * 8; }

/// As the CUDA launchers hand it to cuDNN.
ConvCall call_of(const recording::Launch& l, DType dtype) {
  const auto view = [&](size_t i) { return l.views.at(i); };
  const char* where = l.op.c_str();
  const bool gradient = l.op.ends_with("grad");
  // In order of the launchers' arguments: forward (x, w, bias, y), dgrad (dy, w, dx), wgrad (x, dy, dw).
  const bool wgrad = l.op.ends_with("wgrad");
  const View x = !gradient || wgrad ? view(0) : view(2), w = wgrad ? view(2) : view(1);
  const View y = !gradient ? view(3) : wgrad ? view(1) : view(0);
  const bool bias = !gradient && view(2);
  ConvCall call;
  call.dtype = dtype;
  call.tensor_cores = dtype != DType::f32;
  if (l.op.starts_with("conv_transpose2d")) {
    call.problem = kernels::conv::problem_of(where, x, w, y, l.transposed);
    call.op = !gradient ? ConvOp::input_gradient : wgrad ? ConvOp::filter_gradient : ConvOp::forward;
  } else {
    call.problem = kernels::conv::problem_of(where, x, w, y, l.conv);
    call.op = !gradient ? ConvOp::forward : wgrad ? ConvOp::filter_gradient : ConvOp::input_gradient;
  }
  call.problem.c = padded(call.problem.c);
  call.problem.k = padded(call.problem.k);
  if (call.op == ConvOp::forward && bias)
    call.epilogue = ConvEpilogue::bias;
  else if (call.op != ConvOp::filter_gradient && (bias || l.accumulate))
    call.epilogue = ConvEpilogue::add;
  return call;
}

template <class Model>
void record(std::vector<ModelCalls>& all, const std::string& name, const Shape& x, bool input_gradient, DType dtype,
            const std::function<Tensor(Context&, Model&, const Tensor&)>& loss) {
  recording::launches().clear();
  Context c({.memory_limit_bytes = kAddressBytes});
  Model model;
  model.allocate(c);
  {
    Tensor images = c.empty(x);
    if (input_gradient) c.require_grad(images);
    const Tensor y = loss(c, model, images);
    const Tensor dy = c.like(y);
    c.backward(y, dy);
  }
  ModelCalls found{name + ", " + std::to_string(x[0]) + "x" + std::to_string(x[1]) + "x" + std::to_string(x[2]), {}};
  for (const recording::Launch& l : recording::launches()) found.calls.push_back(call_of(l, dtype));
  all.push_back(std::move(found));
}

Tensor segmentation_loss(Context& c, Segmenter& model, const Tensor& x) {
  const Shape map{x.shape()[0], x.shape()[1], x.shape()[2]};
  const Segmentation s = model.forward_low(c, x);
  const Tensor labels = c.empty(map, DType::u8);
  const Tensor loss = upsample_xent(c, s.logits, labels, {}, {}, {});
  return s.aux ? add(c, loss, upsample_xent(c, s.aux, labels, {}, {}, {})) : loss;
}

struct ResizingGenerator : CycleGanGenerator {
  ResizingGenerator() : CycleGanGenerator({.upsampling = Upsampling::resize}) {}
};

template <class Model>
Tensor forward(Context& c, Model& model, const Tensor& x) {
  return model.forward(c, x);
}

}  // namespace

std::vector<ModelCalls> model_convolutions(DType dtype) {
  std::vector<ModelCalls> all;
  record<DeepLabV3Plus>(all, "DeepLabv3+", {8, 512, 1024, 3}, false, dtype, segmentation_loss);
  record<Fcn>(all, "FCN", {8, 512, 1024, 3}, false, dtype, segmentation_loss);
  record<CycleGanGenerator>(all, "CycleGAN generator", {1, 256, 256, 3}, true, dtype, forward<CycleGanGenerator>);
  record<ResizingGenerator>(all, "CycleGAN generator with resize", {1, 256, 256, 3}, true, dtype,
                            forward<ResizingGenerator>);
  record<PatchGan>(all, "PatchGAN", {1, 256, 256, 3}, true, dtype, forward<PatchGan>);
  record<OutputDiscriminator>(all, "Output discriminator", {8, 512, 1024, 19}, true, dtype,
                              forward<OutputDiscriminator>);
  record<FeatureDiscriminator>(all, "Feature discriminator", {8, 32, 64, 256}, true, dtype,
                               forward<FeatureDiscriminator>);
  return all;
}

}  // namespace testing
}  // namespace segue
