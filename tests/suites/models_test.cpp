// The models: names and sizes, what they accept, what their options do.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "models/cyclegan_generator.h"
#include "models/deeplabv3plus.h"
#include "models/domain_discriminator.h"
#include "models/fcn.h"
#include "models/patchgan.h"
#include "models/resnet50.h"
#include "runtime/ops.h"
#include "tests/model_steps.h"
#include "tests/test_device.h"

namespace segue {
namespace {

// Names and sizes.

std::vector<std::string> names(Context& c, Network& net) {
  net.allocate(c, false);
  std::vector<std::string> list;
  for (const NamedTensor& t : net.named_tensors()) list.push_back(t.name);
  return list;
}

template <class Net, class... Options>
void expect_sizes(size_t entries, int64_t parameters, const Options&... options) {
  Context c(testing::on_test_device());
  Net net(options...);
  EXPECT_EQ(names(c, net).size(), entries);
  EXPECT_EQ(net.parameter_count(), parameters);
}

// The counts of torchvision 0.14, DeepLabV3Plus-Pytorch and pytorch-CycleGAN-and-pix2pix.
TEST(Models, EntriesAndParametersAsInTheReferences) {
  expect_sizes<ResNet50Classifier>(320, 25'557'032, 1000);
  expect_sizes<DeepLabV3Plus>(368, 39'761'331);
  expect_sizes<DeepLabV3Plus>(368, 39'761'845, DeepLabOptions{.classes = 21, .output_stride = 8});
  expect_sizes<Fcn>(334, 35'320'678);
  EXPECT_EQ(Fcn({.aux = false}).parameters().size(), 159u + 5);
  expect_sizes<CycleGanGenerator>(48, 11'378'179);
  expect_sizes<PatchGan>(10, 2'764'737);
}

bool has(const std::vector<std::string>& list, const std::string& name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

TEST(Models, GeneratorNamesFollowDropoutAndBlocks) {
  Context c(testing::on_test_device());
  CycleGanGenerator plain, dropout({.dropout = 0.5f}), trained({.dropout_names = true}), six({.blocks = 6});
  EXPECT_TRUE(has(names(c, plain), "model.18.conv_block.5.weight"));
  EXPECT_TRUE(has(names(c, dropout), "model.18.conv_block.6.weight"));
  EXPECT_TRUE(has(names(c, trained), "model.10.conv_block.6.bias"));
  const std::vector<std::string> list = names(c, six);
  EXPECT_TRUE(has(list, "model.15.conv_block.5.bias"));
  EXPECT_FALSE(has(list, "model.17.conv_block.1.weight"));
  EXPECT_TRUE(has(list, "model.16.weight"));
  EXPECT_TRUE(has(list, "model.19.weight"));
  EXPECT_EQ(list.back(), "model.23.bias");
}

// What they accept.

DeepLabOptions small_deeplab(int output_stride = 16) {
  return {.classes = 5, .output_stride = output_stride, .width = 0.125};
}

TEST(Models, SegmentersTakeAnySizeFrom32) {
  Context c(testing::on_test_device());
  DeepLabV3Plus deeplab(small_deeplab()), deeplab8(small_deeplab(8));
  Fcn fcn({.classes = 5, .width = 0.125});
  for (Segmenter* net : std::initializer_list<Segmenter*>{&deeplab, &deeplab8, &fcn}) {
    net->allocate(c);
    for (const auto& [h, w] : {std::pair<int64_t, int64_t>{32, 32}, {33, 47}, {50, 64}, {65, 39}}) {
      for (const bool training : {true, false}) {
        net->set_training(training);
        c.begin_step(0);
        {
          // One image: a single value for each channel of the pooled branch.
          const Tensor x = testing::image_by_formula(c, {1, h, w, 3}, "x");
          const Tensor y = net->forward(c, x);
          EXPECT_EQ(y.shape(), (Shape{1, h, w, 5}));
          for (float v : to_host(y)) ASSERT_TRUE(std::isfinite(v)) << h << "x" << w;
          if (training) c.backward(mean(c, y));
        }
        c.end_step();
      }
      for (float g : to_host(net->grads())) ASSERT_TRUE(std::isfinite(g)) << h << "x" << w;
      net->clear_grads();
    }
  }
  c.begin_step(0);
  {
    Segmentation s = deeplab.forward_low(c, testing::image_by_formula(c, {2, 64, 98, 3}, "x"));
    EXPECT_EQ(s.logits.shape(), (Shape{2, 16, 25, 5}));
    EXPECT_EQ(s.features.shape(), (Shape{2, 4, 7, 32}));
    fcn.set_training(true);
    s = fcn.forward_low(c, testing::image_by_formula(c, {2, 64, 98, 3}, "x"));
    EXPECT_EQ(s.logits.shape(), (Shape{2, 8, 13, 5}));
    EXPECT_EQ(s.aux.shape(), s.logits.shape());
    fcn.set_training(false);
    EXPECT_FALSE(bool(fcn.forward_low(c, testing::image_by_formula(c, {1, 32, 32, 3}, "x")).aux));
    EXPECT_THROW(deeplab.forward(c, testing::image_by_formula(c, {1, 31, 64, 3}, "x")), Error);
    EXPECT_THROW(deeplab.forward(c, testing::image_by_formula(c, {1, 64, 64, 4}, "x")), Error);
  }
  c.end_step();
  EXPECT_THROW(DeepLabV3Plus({.output_stride = 32}), Error);
}

TEST(Models, GanShapes) {
  Context c(testing::on_test_device());
  CycleGanGenerator g({.blocks = 2, .filters = 8});
  PatchGan d({.filters = 8});
  OutputDiscriminator out({.classes = 5, .filters = 8});
  FeatureDiscriminator features({.channels = 16, .filters = 8});
  for (Network* net : std::initializer_list<Network*>{&g, &d, &out, &features}) net->allocate(c);
  c.begin_step(0);
  {
    const Tensor y = g.forward(c, testing::image_by_formula(c, {2, 32, 44, 3}, "x"));
    EXPECT_EQ(y.shape(), (Shape{2, 32, 44, 3}));
    for (float v : to_host(y)) ASSERT_LT(std::abs(v), 1.f);
    EXPECT_EQ(d.forward(c, testing::image_by_formula(c, {1, 128, 70, 3}, "x")).shape(), (Shape{1, 14, 6, 1}));
    EXPECT_EQ(out.forward(c, testing::image_by_formula(c, {1, 64, 97, 5}, "x")).shape(), (Shape{1, 2, 3, 1}));
    EXPECT_EQ(features.forward(c, testing::image_by_formula(c, {1, 5, 7, 16}, "x")).shape(), (Shape{1, 5, 7, 1}));
    EXPECT_THROW(d.forward(c, testing::image_by_formula(c, {1, 16, 70, 3}, "x")), Error);
  }
  c.end_step();
}

// Against the layers by themselves, put together here.
class Generator : public ::testing::TestWithParam<Upsampling> {};

TEST_P(Generator, IsItsLayers) {
  Context c(testing::on_test_device());
  const bool resize = GetParam() == Upsampling::resize;
  CycleGanGenerator g({.blocks = 2, .filters = 8, .skips = true, .upsampling = GetParam()});
  g.allocate(c);
  c.begin_step(0);
  {
    const Context::NoGrad no_grad(c);
    const auto weight = [&](int layer, const char* name = "weight") {
      for (Parameter* p : g.parameters())
        if (p->name() == cat("model.", layer, ".", name)) return p->tensor();
      throw std::runtime_error("no such layer");
    };
    const auto norm = [&](const Tensor& t) { return instance_norm(c, t, {}, {}); };
    const auto block = [&](const Tensor& t, int layer) {
      const auto half_block = [&](const Tensor& u, const char* name) {
        return norm(conv2d(c, pad_reflect(c, u, 1), weight(layer, name), {}, {}));
      };
      return add(c, t, half_block(relu(c, half_block(t, "conv_block.1.weight")), "conv_block.5.weight"));
    };
    const auto up = [&](const Tensor& t, int layer) {
      if (!resize) return conv_transpose2d(c, t, weight(layer), {}, {.stride = 2, .pad = 1, .output_pad = 1});
      const Tensor twice = resize_bilinear(c, t, 2 * t.shape()[1], 2 * t.shape()[2]);
      return conv2d(c, pad_reflect(c, twice, 1), weight(layer), {}, {});
    };
    const Tensor x = testing::image_by_formula(c, {2, 16, 20, 3}, "x");
    const Tensor whole = relu(c, norm(conv2d(c, pad_reflect(c, x, 3), weight(1), {}, {})));
    const Tensor half = relu(c, norm(conv2d(c, whole, weight(4), {}, {.stride = 2, .pad = 1})));
    const Tensor quarter = relu(c, norm(conv2d(c, half, weight(7), {}, {.stride = 2, .pad = 1})));
    const Tensor low = block(block(quarter, 10), 11);
    const Tensor up1 = relu(c, add(c, norm(up(low, 12)), half));
    const Tensor up2 = relu(c, add(c, norm(up(up1, 15)), whole));
    const std::vector<float> want =
        to_host(tanh(c, conv2d(c, pad_reflect(c, up2, 3), weight(19), weight(19, "bias"), {})));
    const std::vector<float> got = to_host(g.forward(c, x));
    for (size_t i = 0; i < want.size(); ++i) ASSERT_NEAR(got[i], want[i], 2e-5) << i;
    EXPECT_THROW(g.forward(c, testing::image_by_formula(c, {1, 16, 18, 3}, "x")), Error);
  }
  c.end_step();
}
INSTANTIATE_TEST_SUITE_P(Models, Generator, ::testing::Values(Upsampling::transposed, Upsampling::resize),
                         [](const auto& info) { return info.param == Upsampling::resize ? "resize" : "transposed"; });

// A bias in front of an instance norm is saved, and nothing else.
TEST(Models, DeadBiasesDoNothing) {
  const auto result = [](float bias) {
    Context c(testing::on_test_device({.seed = 4}));
    CycleGanGenerator g({.blocks = 1, .filters = 8});
    g.allocate(c);
    for (Parameter* p : g.parameters())
      if (p->name().ends_with("bias") && p->name() != "model.18.bias")
        from_host(p->value(), std::vector<float>(size_t(p->count()), bias));
    c.begin_step(0);
    std::vector<float> y;
    {
      const Tensor out = g.forward(c, testing::image_by_formula(c, {1, 16, 16, 3}, "x"));
      y = to_host(out);
      c.backward(mean(c, out));
    }
    c.end_step();
    for (Parameter* p : g.parameters())
      EXPECT_EQ(p->has_grad(), !p->name().ends_with("bias") || p->name() == "model.18.bias") << p->name();
    return y;
  };
  EXPECT_EQ(result(0), result(3));
}

TEST(Models, RecomputingBlocksChangesNoBit) {
  const auto run = [](bool recompute) {
    Context c(testing::on_test_device({.seed = 2}));
    DeepLabV3Plus net({.classes = 5, .width = 0.125, .recompute = recompute});
    net.allocate(c);
    c.begin_step(7);
    {
      const Tensor x = testing::image_by_formula(c, {2, 64, 64, 3}, "x");
      const Tensor labels = testing::labels_by_formula(c, {2, 64, 64}, 5);
      c.backward(upsample_xent(c, net.forward_low(c, x).logits, labels, {}, {}, {}));
    }
    c.end_step();
    int64_t batches = 0;
    for (const NamedTensor& t : net.named_tensors())
      if (t.view.dtype == DType::i64) batches = std::max(batches, *t.view.as<int64_t>());
    EXPECT_EQ(batches, 1);
    return std::pair(to_host(net.grads()), to_host(net.buffers()));
  };
  const auto plain = run(false), recomputed = run(true);
  EXPECT_EQ(plain.first, recomputed.first);
  EXPECT_EQ(plain.second, recomputed.second);
}

TEST(Models, DropoutFollowsTheMode) {
  Context c(testing::on_test_device({.seed = 2}));
  DeepLabV3Plus net(small_deeplab());
  net.allocate(c);
  const auto forward = [&](uint64_t step) {
    c.begin_step(step);
    Context::NoGrad no_grad(c);
    std::vector<float> y = to_host(net.forward_low(c, testing::image_by_formula(c, {2, 48, 48, 3}, "x")).logits);
    return y;
  };
  const std::vector<float> first = forward(1);
  EXPECT_EQ(forward(1), first) << "the same step has the same random numbers";
  EXPECT_NE(forward(2), first);
  net.set_training(false);
  EXPECT_EQ(forward(1), forward(2));
  c.end_step();
}

}  // namespace
}  // namespace segue
