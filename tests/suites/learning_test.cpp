// The parts learn together: a segmentation model overfits four images, two generators learn a colour swap.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "models/cyclegan_generator.h"
#include "models/deeplabv3plus.h"
#include "models/patchgan.h"
#include "runtime/memory.h"
#include "runtime/ops.h"
#include "runtime/optimizer.h"
#include "runtime/schedule.h"
#include "tests/test_device.h"

namespace segue {
namespace {

/// Small numbers by name: scenes must be the same on every machine.
int64_t draw(uint64_t salt, uint64_t i, int64_t below) {
  return int64_t(random_u32({salt, 11}, 0, i) % uint64_t(below));
}

// Segmentation.

constexpr int64_t kSize = 64, kImages = 4, kClasses = 5;

/// Sky, buildings, road, a car and a pole, each in its colour with noise.
struct Scene {
  std::vector<float> image;
  std::vector<uint8_t> label;
};

Scene scene(uint64_t seed) {
  const float colour[kClasses][3] = {
      {-0.6f, 0.2f, 1.f}, {0.4f, -0.2f, -0.4f}, {-0.5f, -0.5f, -0.5f}, {1.f, -0.6f, 0.6f}, {0.7f, 0.8f, -0.3f}};
  Scene s;
  const int64_t horizon = 16 + draw(seed, 0, 10), road = 40 + draw(seed, 1, 8);
  const int64_t car = 4 + draw(seed, 2, 30), car_top = road - 10 + draw(seed, 3, 6);
  const int64_t pole = 6 + draw(seed, 4, 48);
  for (int64_t y = 0; y < kSize; ++y) {
    for (int64_t x = 0; x < kSize; ++x) {
      int64_t k = y < horizon ? 0 : y < road ? 1 : 2;
      if (x >= pole && x < pole + 6 && y >= horizon - 8 && y < road + 4) k = 4;
      if (x >= car && x < car + 20 && y >= car_top && y < car_top + 12) k = 3;
      s.label.push_back(y == 0 ? 255 : uint8_t(k));
      for (int64_t c = 0; c < 3; ++c) {
        const float noise = random_uniform({seed, 12}, 0, uint64_t((y * kSize + x) * 3 + c)) - 0.5f;
        s.image.push_back(colour[k][c] + 0.8f * noise);
      }
    }
  }
  return s;
}

/// Share of the labelled pixels whose largest logit is their class.
double pixel_accuracy(const std::vector<float>& logits, const std::vector<uint8_t>& labels) {
  int64_t right = 0, all = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] == 255) continue;
    const float* z = logits.data() + i * kClasses;
    right += std::max_element(z, z + kClasses) - z == labels[i];
    ++all;
  }
  return double(right) / double(all);
}

TEST(Learning, DeepLabOverfitsFourImages) {
  Context c(testing::on_test_device({.seed = 1}));
  DeepLabV3Plus net({.classes = kClasses, .width = 0.25});
  net.allocate(c);
  Sgd sgd(c, net, {.name = "sgd", .weight_decay = 1e-4, .groups = {{"classifier", 1, 1}, {"backbone", 0.5, 1}}}, {});
  std::vector<float> pixels;
  std::vector<uint8_t> truth;
  for (uint64_t i = 0; i < kImages; ++i) {
    const Scene s = scene(i + 1);
    pixels.insert(pixels.end(), s.image.begin(), s.image.end());
    truth.insert(truth.end(), s.label.begin(), s.label.end());
  }
  const auto batch = [&] {
    const Tensor x = c.image({kImages, kSize, kSize, 3}, "images");
    from_host(x, pixels);
    return x;
  };
  constexpr int kSteps = 300;
  float first = 0, last = 0;
  for (int step = 0; step < kSteps; ++step) {
    sgd.prepare(poly_rate(0.05, step, kSteps));
    c.begin_step(uint64_t(step));
    {
      const Tensor labels = c.empty({kImages, kSize, kSize}, DType::u8);
      copy_memory(labels.data(), truth.data(), truth.size());
      const Tensor loss = upsample_xent(c, net.forward_low(c, batch()).logits, labels, {}, {}, {});
      last = to_host(loss)[0];
      if (step == 0) first = last;
      c.backward(loss);
    }
    sgd.step();
    c.end_step();
  }
  c.check_status();
  // Running statistics move by a hundredth a step: let them arrive before they are used.
  for (int step = 0; step < 300; ++step) {
    c.begin_step(uint64_t(kSteps + step));
    Context::NoGrad no_grad(c);
    net.forward_low(c, batch());
  }
  net.set_training(false);
  double accuracy = 0;
  {
    Context::NoGrad no_grad(c);
    accuracy = pixel_accuracy(to_host(net.forward(c, batch())), truth);
  }
  c.end_step();
  std::printf("loss %.3f -> %.4f, pixel accuracy %.4f\n", double(first), double(last), accuracy);
  EXPECT_GT(accuracy, 0.98);
}

// Translation.

constexpr int64_t kPatch = 32;

/// Rectangles on noise: red ones in domain A, blue ones in domain B, never the same scene in both.
std::vector<float> rectangles(uint64_t seed, bool red) {
  std::vector<float> v;
  for (int64_t i = 0; i < kPatch * kPatch * 3; ++i)
    v.push_back(0.4f * random_uniform({seed, 13}, 0, uint64_t(i)) - 0.6f);
  for (uint64_t r = 0; r < 3; ++r) {
    const int64_t top = draw(seed, 10 * r, 22), left = draw(seed, 10 * r + 1, 22), side = 6 + draw(seed, 10 * r + 2, 6);
    for (int64_t y = top; y < std::min(kPatch, top + side); ++y) {
      for (int64_t x = left; x < std::min(kPatch, left + side); ++x) {
        float* p = v.data() + (y * kPatch + x) * 3;
        p[red ? 0 : 2] = 0.9f;
      }
    }
  }
  return v;
}

std::vector<float> swapped(std::vector<float> v) {
  for (size_t i = 0; i < v.size(); i += 3) std::swap(v[i], v[i + 2]);
  return v;
}

double distance(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += std::abs(double(a[i]) - b[i]);
  return sum / double(a.size());
}

struct Gan {
  explicit Gan(Context& c) : c(c), weights(c.state().declare<float>("gan.weights", 6)) {
    for (Network* net : {static_cast<Network*>(&ab), static_cast<Network*>(&ba), static_cast<Network*>(&judge_a),
                         static_cast<Network*>(&judge_b)})
      net->allocate(c);
    const AdamOptions adam{.beta1 = 0.5};
    for (auto& [name, net] :
         {std::pair<const char*, Network*>{"ab", &ab}, {"ba", &ba}, {"a", &judge_a}, {"b", &judge_b}})
      optimizers.push_back(std::make_unique<Adam>(c, *net, OptimizerOptions{.name = name}, adam));
    // Two adversarial terms, two cycles, two identities.
    for (int i = 0; i < 6; ++i) c.state().set(weights, i < 2 ? 1.f : i < 4 ? 10.f : 2.f, i);
  }

  void step(uint64_t n, double rate) {
    for (auto& o : optimizers) o->prepare(rate);
    c.begin_step(n);
    {
      const Tensor a = image(rectangles(1000 + n, true)), b = image(rectangles(500000 + n, false));
      const Tensor fake_b = ab.forward(c, a), fake_a = ba.forward(c, b);
      {
        Frozen frozen_a(judge_a), frozen_b(judge_b);
        const std::vector<Tensor> terms = {lsgan(c, judge_b.forward(c, fake_b), 1),
                                           lsgan(c, judge_a.forward(c, fake_a), 1),
                                           l1(c, ba.forward(c, fake_b), a),
                                           l1(c, ab.forward(c, fake_a), b),
                                           l1(c, ab.forward(c, b), b),
                                           l1(c, ba.forward(c, a), a)};
        c.backward(weighted_sum(c, terms, weights));
      }
      optimizers[0]->step();
      optimizers[1]->step();
      const auto judge = [&](PatchGan& d, const Tensor& real, const Tensor& fake) {
        c.backward(scale(c, add(c, lsgan(c, d.forward(c, real), 1), lsgan(c, d.forward(c, fake.detach()), 0)), 0.5f));
      };
      judge(judge_a, a, fake_a);
      judge(judge_b, b, fake_b);
      optimizers[2]->step();
      optimizers[3]->step();
    }
    c.end_step();
  }

  /// Mean distance of translations to the true counterpart, over scenes never trained on, in both directions.
  double error() {
    double sum = 0;
    Context::NoGrad no_grad(c);
    for (uint64_t i = 0; i < 8; ++i) {
      const std::vector<float> a = rectangles(900000 + i, true), b = rectangles(950000 + i, false);
      sum += distance(to_host(ab.forward(c, image(a))), swapped(a));
      sum += distance(to_host(ba.forward(c, image(b))), swapped(b));
    }
    c.end_step();
    return sum / 16;
  }

  Tensor image(const std::vector<float>& v) {
    const Tensor t = c.image({1, kPatch, kPatch, 3}, "images");
    from_host(t, v);
    return t;
  }

  Context& c;
  CycleGanGenerator ab{{.blocks = 1, .filters = 8}}, ba{{.blocks = 1, .filters = 8}};
  PatchGan judge_a{{.filters = 8}}, judge_b{{.filters = 8}};
  std::vector<std::unique_ptr<Optimizer>> optimizers;
  View weights;
};

TEST(Learning, TwoGeneratorsLearnAColourSwap) {
  Context c(testing::on_test_device({.seed = 2}));
  Gan gan(c);
  double untouched = 0;  // what leaving the images as they are would give
  for (uint64_t i = 0; i < 8; ++i) {
    const std::vector<float> a = rectangles(900000 + i, true);
    untouched += distance(a, swapped(a)) / 8;
  }
  constexpr int kSteps = 1000;
  for (int step = 0; step < kSteps; ++step)
    gan.step(uint64_t(step), linear_decay_rate(2e-3, step, kSteps / 2, kSteps / 2));
  const double error = gan.error();
  std::printf("distance to the swapped image: %.4f; of the image itself: %.4f\n", error, untouched);
  EXPECT_LT(error, untouched / 2);
}

}  // namespace
}  // namespace segue
