// Parts of trainings: the loss that holds translations to their meaning, and batch norms that take over other statistics.
#include <gtest/gtest.h>

#include <cmath>

#include "apps/train/norm_statistics.h"
#include "apps/train/semantic_loss.h"
#include "runtime/memory.h"
#include "tests/files.h"
#include "tests/scenes.h"
#include "tests/tolerance.h"

namespace segue {
namespace {

using testing::caught;
using testing::ScratchFolder;

SegmenterInfo tiny() {
  SegmenterInfo info;
  info.classes = 5;
  info.width = 0.0625;
  // Powers of two and halves: [-1, 1] in steps of 1/128 becomes the model's input without rounding.
  info.mean = {0.5f, 0.25f, 0.75f};
  info.std = {0.25f, 0.5f, 0.125f};
  return info;
}

/// Images (1,40,52,3) in [-1, 1], in steps of 1/128.
std::vector<float> image(int seed) {
  std::vector<float> v(40 * 52 * 3);
  for (size_t i = 0; i < v.size(); ++i) v[i] = float(int((i * 7919 + size_t(seed) * 104729 + i * i) % 257) - 128) / 128;
  return v;
}

Tensor on_device(Context& c, const std::vector<float>& v) {
  const Tensor t = c.empty({1, 40, 52, 3}, DType::f32, "test");
  from_host(t, v);
  return t;
}

class Semantic : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::unique_ptr<Segmenter> model = make_segmenter(tiny());
    model->allocate(c);
    save_model(path, *model, tiny());
  }
  ScratchFolder folder;
  std::string path = folder.file("model.safetensors");
  Context c;
};

/// Loss and gradient have the bits of a divergence between forward passes on images that were normalised by hand.
TEST_F(Semantic, IsTheDivergenceOfWhatTheModelSees) {
  SemanticLoss loss(c, path);
  const OpenSegmenter open = open_segmenter(c, path);
  const auto normalised = [&](std::vector<float> v) {
    for (size_t i = 0; i < v.size(); ++i) v[i] = ((v[i] + 1) / 2 - open.info.mean[i % 3]) / open.info.std[i % 3];
    return v;
  };
  const std::vector<float> before = image(1), after = image(2);
  c.begin_step(0);
  {
    Tensor x = on_device(c, before), y = on_device(c, after);
    c.require_grad(x);
    c.require_grad(y);
    const Tensor got = loss(c, x, y);
    const float value = to_host(got)[0];
    c.backward(got);
    EXPECT_FALSE(bool(c.grad(x))) << "what a translation is held to does not learn";

    Tensor z = on_device(c, normalised(after));
    c.require_grad(z);
    const Tensor seen = open.model->forward_low(c, on_device(c, normalised(before))).logits.detach();
    const Tensor want = kl_div(c, open.model->forward_low(c, z).logits, seen, Tensor());
    EXPECT_EQ(value, to_host(want)[0]);
    EXPECT_GT(value, 0.f);
    c.backward(want);
    ASSERT_TRUE(bool(c.grad(y)) && bool(c.grad(z)));
    const std::vector<float> dy = to_host(c.grad(y)), dz = to_host(c.grad(z));
    double size = 0;
    for (size_t i = 0; i < dy.size(); ++i) {
      ASSERT_EQ(dy[i], dz[i] / (2 * open.info.std[i % 3])) << i;
      size += std::abs(double(dy[i]));
    }
    EXPECT_GT(size, 0);
  }
  c.end_step();
}

TEST_F(Semantic, IsZeroWhereNothingHasChanged) {
  SemanticLoss loss(c, path);
  const auto gradient = [&](int seed, float* value) {
    Tensor x = on_device(c, image(3)), y = on_device(c, image(seed));
    c.require_grad(y);
    const Tensor got = loss(c, x, y);
    *value = to_host(got)[0];
    c.backward(got);
    const std::vector<float> g = to_host(c.grad(y));
    return std::vector<double>(g.begin(), g.end());
  };
  c.begin_step(0);
  {
    float same = -1, other = -1;
    const std::vector<double> none = gradient(3, &same), some = gradient(4, &other);
    EXPECT_EQ(same, 0.f);
    EXPECT_GT(other, 0.f);
    // Both softmaxes are rounded, each in its own way: what is left of the gradient is an error of the other one's size, behind sums of
    // 10 x 13 logits of 5 classes.
    const testing::Tolerance tolerance(DType::f32, 650);
    for (const double v : none) EXPECT_LE(std::abs(v), tolerance.allowed(0, testing::rms(some)));
  }
  c.end_step();
}

TEST_F(Semantic, RefusesWhatIsNoSegmentationModel) {
  testing::write_bytes(path, "not weights");
  EXPECT_EQ(caught([&] { SemanticLoss(c, path); }).code, 3);
}

/// Mean and unbiased variance by channel of a convolution 7x7, stride 2, padding 3, without bias, in float64.
struct Moments {
  std::vector<double> mean, variance;
};
Moments of_first_layer(const std::vector<float>& x, const Shape& shape, const std::vector<float>& w, int64_t filters) {
  const int64_t height = shape[1], width = shape[2], high = (height + 1) / 2, wide = (width + 1) / 2;
  Moments m{std::vector<double>(size_t(filters)), std::vector<double>(size_t(filters))};
  for (int64_t k = 0; k < filters; ++k) {
    std::vector<double> y;
    for (int64_t n = 0; n < shape[0]; ++n)
      for (int64_t i = 0; i < high; ++i)
        for (int64_t j = 0; j < wide; ++j) {
          double sum = 0;
          for (int64_t r = 0; r < 7; ++r)
            for (int64_t s = 0; s < 7; ++s) {
              const int64_t v = 2 * i + r - 3, u = 2 * j + s - 3;
              if (v < 0 || v >= height || u < 0 || u >= width) continue;
              for (int64_t ch = 0; ch < 3; ++ch)
                sum += double(x[size_t(((n * height + v) * width + u) * 3 + ch)]) *
                       double(w[size_t(((k * 7 + r) * 7 + s) * 3 + ch)]);
            }
          y.push_back(sum);
        }
    double& mean = m.mean[size_t(k)];
    for (const double v : y) mean += v / double(y.size());
    for (const double v : y) m.variance[size_t(k)] += (v - mean) * (v - mean) / double(y.size() - 1);
  }
  return m;
}

TEST(NormStatistics, AreTheMeansOverTheBatches) {
  ScratchFolder folder;
  for (int64_t i = 0; i < 3; ++i) testing::write_scene(folder.file("real"), "train", i, 1, 40, 52);
  const Config config = parse_config("task = \"segment\"\n", "x.toml",
                                     {"data.statistics=cityscapes:" + folder.file("real"), "data.crop=[32, 36]",
                                      "data.jitter=1", "data.grey=1", "train.batch=2", "data.workers=1"});
  Context c;
  const std::unique_ptr<Segmenter> model = make_segmenter(tiny());
  model->allocate(c);
  NormStatistics statistics(c, config, data::cityscapes_classes(), 5);  // three batches of two
  std::map<std::string, std::vector<float>> before, after;
  for (const NamedTensor& t : model->named_tensors())
    if (t.view.dtype == DType::f32) before[t.name] = host_values(t.view);
  std::vector<double> told;
  model->set_training(false);
  EXPECT_TRUE(statistics.collect(*model, 7, [&](double share) {
    told.push_back(share);
    return true;
  }));
  EXPECT_FALSE(model->training());
  ASSERT_EQ(told.size(), 3u);
  EXPECT_EQ(told.back(), 1);
  for (const NamedTensor& t : model->named_tensors())
    if (t.view.dtype == DType::f32) after[t.name] = host_values(t.view);
  for (const NamedTensor& t : model->named_tensors())
    if (t.name.find("num_batches_tracked") != std::string::npos) {
      EXPECT_EQ(*static_cast<const int64_t*>(t.view.data), 0) << "nothing was trained";
    }
  for (const auto& [name, values] : before)
    if (name.find("running_") == std::string::npos) {
      EXPECT_EQ(values, after[name]) << name;
    } else {
      EXPECT_NE(values, after[name]) << name;
    }

  const Parameter* conv = nullptr;
  for (const Parameter* p : model->parameters())
    if (p->name() == "backbone.conv1.weight") conv = p;
  ASSERT_NE(conv, nullptr);
  const std::vector<float> w = to_host(conv->value());
  const int64_t filters = conv->shape()[0];
  std::vector<double> mean(static_cast<size_t>(filters)), variance(static_cast<size_t>(filters));
  statistics.data().feed->seek(0);
  for (int64_t batch = 0; batch < 3; ++batch) {
    statistics.data().feed->next();
    c.begin_step(uint64_t(batch));
    {
      const Tensor x = statistics.data().feed->make().x;
      const Moments m = of_first_layer(to_host(x), x.shape(), w, filters);
      for (size_t k = 0; k < mean.size(); ++k) mean[k] += m.mean[k] / 3, variance[k] += m.variance[k] / 3;
    }
    c.end_step();
  }
  // A mean of values that are sums of 147 products, over 2 x 16 x 18 pixels.
  const testing::Tolerance tolerance(DType::f32, 147 * 576);
  for (size_t k = 0; k < mean.size(); ++k) {
    EXPECT_NEAR(double(after["backbone.bn1.running_mean"][k]), mean[k],
                tolerance.allowed(mean[k], std::sqrt(variance[k])));
    EXPECT_NEAR(double(after["backbone.bn1.running_var"][k]), variance[k], tolerance.allowed(variance[k], variance[k]));
  }
}

TEST(NormStatistics, EndWhenToldAndBeginAnew) {
  ScratchFolder folder;
  for (int64_t i = 0; i < 3; ++i) testing::write_scene(folder.file("real"), "train", i, 1, 40, 52);
  const Config config = parse_config(
      "task = \"segment\"\n", "x.toml",
      {"data.statistics=cityscapes:" + folder.file("real"), "data.crop=[32, 36]", "train.batch=2", "data.workers=1"});
  Context c;
  const std::unique_ptr<Segmenter> model = make_segmenter(tiny());
  model->allocate(c);
  NormStatistics statistics(c, config, data::cityscapes_classes(), 6);
  const auto running = [&] {
    std::vector<std::vector<float>> all;
    for (const NamedTensor& t : model->named_tensors())
      if (t.name.find("running_") != std::string::npos) all.push_back(host_values(t.view));
    return all;
  };
  EXPECT_TRUE(statistics.collect(*model, 0, [](double) { return true; }));
  const auto whole = running();
  EXPECT_FALSE(statistics.collect(*model, 0, [](double share) { return share < 0.5; }));
  EXPECT_NE(running(), whole);
  EXPECT_TRUE(statistics.collect(*model, 0, [](double) { return true; }));
  EXPECT_EQ(running(), whole);
}

TEST(NormStatistics, WantImages) {
  Context c;
  const Config config = parse_config("task = \"segment\"\n", "x.toml", {"data.statistics=folder:/no/where"});
  EXPECT_EQ(caught([&] { NormStatistics(c, config, data::cityscapes_classes()); }).code, 3);
}

}  // namespace
}  // namespace segue
