// Optimisers on networks: groups, skipping, freezing, clipping, the teacher; and the schedules.
#include "runtime/optimizer.h"

#include <gtest/gtest.h>

#include <cmath>

#include "runtime/schedule.h"

namespace segue {
namespace {

struct Layer : Module {
  Layer(Module& parent, const std::string& name, int64_t size) : Module(parent, name) {
    weight = &declare_parameter("weight", {size}, Init::normal(1));
    bias = &declare_parameter("bias", {3}, Init::normal(1));
    mean = &declare_buffer("running_mean", {2}, 0);
  }
  Parameter *weight, *bias;
  Buffer* mean;
};

struct Net : Network {
  Layer backbone{*this, "backbone", 20};
  Layer head{*this, "head", 5};
};

std::vector<float> pattern(int64_t count, int salt) {
  std::vector<float> v;
  for (int64_t i = 0; i < count; ++i) v.push_back(float(std::sin(double(i + 1) * (salt + 1))));
  return v;
}

/// As if backward() had left this gradient.
void give_gradient(Parameter* p, const std::vector<float>& g) {
  from_host(p->grad(), g);
  p->tensor().cell()->filled = true;
}

void give_all(Network& net, int salt) {
  for (Parameter* p : net.parameters()) give_gradient(p, pattern(p->count(), salt++));
}

TEST(Optimizer, SgdFollowsItsFormula) {
  Context c;
  Net net;
  net.allocate(c);
  const double rate = 0.1, decay = 0.01, momentum = 0.9;
  Sgd sgd(c, net, {.name = "sgd", .weight_decay = decay}, {.momentum = float(momentum)});
  std::vector<double> m, w;
  for (float x : to_host(net.head.weight->value())) w.push_back(x);
  m.resize(w.size());
  for (int step = 0; step < 3; ++step) {
    sgd.prepare(rate);
    c.begin_step(uint64_t(step));
    give_all(net, step);
    const std::vector<float> g = to_host(net.head.weight->grad());
    sgd.step();
    for (size_t i = 0; i < w.size(); ++i) {
      m[i] = momentum * m[i] + g[i] + decay * w[i];
      w[i] -= rate * m[i];
      EXPECT_NEAR(to_host(net.head.weight->value())[i], w[i], 1e-6) << "step " << step;
    }
  }
  EXPECT_EQ(sgd.steps(), 3);
}

TEST(Optimizer, GroupsScaleRateAndDecay) {
  Context c;
  Net net;
  net.allocate(c);
  const std::vector<float> before = to_host(net.values());
  Sgd sgd(c, net, {.name = "sgd", .weight_decay = 0.5, .groups = {{"backbone", 0.1, 1}, {"backbone.bias", 2, 0}}},
          {.momentum = 0});
  sgd.prepare(0.25);
  c.begin_step(0);
  give_all(net, 0);
  std::vector<float> g = to_host(net.grads());
  sgd.step();
  const std::vector<float> after = to_host(net.values());
  const auto check = [&](const Parameter* p, double rate, double decay) {
    for (int64_t i = p->begin(); i < p->begin() + p->count(); ++i) {
      const size_t k = size_t(i);
      EXPECT_NEAR(after[k], before[k] - rate * (g[k] + decay * before[k]), 1e-6) << p->name();
    }
  };
  check(net.backbone.weight, 0.025, 0.5);
  check(net.backbone.bias, 0.5, 0);  // the longest prefix
  check(net.head.weight, 0.25, 0.5);
  check(net.head.bias, 0.25, 0.5);
  EXPECT_THROW(Sgd(c, net, {.name = "x", .groups = {{"neck", 1, 1}}}, {}), Error);
}

TEST(Optimizer, SkipsWhatReceivedNoGradient) {
  Context c;
  Net net;
  net.allocate(c);
  Adam adam(c, net, {.name = "adam", .weight_decay = 0.1}, {});
  const std::vector<float> bias = to_host(net.backbone.bias->value()), weight = to_host(net.backbone.weight->value());
  for (int step = 0; step < 2; ++step) {
    adam.prepare(0.1);
    c.begin_step(uint64_t(step));
    give_gradient(net.backbone.weight, pattern(20, 1));
    give_gradient(net.head.bias, pattern(3, 2));
    adam.step();
    EXPECT_FALSE(net.backbone.weight->has_grad()) << "gradients are cleared";
  }
  EXPECT_EQ(to_host(net.backbone.bias->value()), bias) << "neither decay nor momentum";
  EXPECT_NE(to_host(net.backbone.weight->value()), weight);
  for (float x : to_host(net.backbone.weight->value())) EXPECT_TRUE(std::isfinite(x));
}

TEST(Optimizer, NeverTouchesFrozenParameters) {
  Context c;
  Net net;
  net.allocate(c);
  Sgd sgd(c, net, {.name = "sgd", .weight_decay = 0.1}, {});
  const std::vector<float> before = to_host(net.head.weight->value());
  sgd.prepare(0.1);
  c.begin_step(0);
  give_all(net, 0);
  Frozen head(net.head);
  sgd.step();
  EXPECT_EQ(to_host(net.head.weight->value()), before);
}

TEST(Optimizer, AdamMovesByTheRateAtFirst) {
  Context c;
  Net net;
  net.allocate(c);
  Adam adam(c, net, {.name = "adam"}, {.beta1 = 0.5});
  const std::vector<float> before = to_host(net.head.weight->value());
  adam.prepare(0.01);
  c.begin_step(0);
  give_all(net, 0);
  const std::vector<float> g = to_host(net.head.weight->grad());
  adam.step();
  const std::vector<float> after = to_host(net.head.weight->value());
  for (size_t i = 0; i < g.size(); ++i)  // both corrections cancel: every element moves by the rate, against its sign
    EXPECT_NEAR(after[i], before[i] - 0.01 * (g[i] > 0 ? 1 : -1), 1e-6);
}

TEST(Optimizer, ClipsTheNorm) {
  Context c, d;
  Net net, plain;
  net.allocate(c);
  plain.allocate(d);
  // Gradients of norm 10 on one parameter; the others keep what an earlier step left, which must not count.
  Sgd clipped(c, net, {.name = "sgd", .max_norm = 2}, {.momentum = 0});
  clipped.prepare(0);
  c.begin_step(0);
  give_all(net, 3);
  clipped.step();
  const std::vector<float> before = to_host(net.head.weight->value());
  clipped.prepare(1);
  c.begin_step(1);
  give_gradient(net.head.weight, {6, 0, -8, 0, 0});
  clipped.step();
  EXPECT_FLOAT_EQ(to_host(clipped.square_sum())[0], 100.f);
  const std::vector<float> after = to_host(net.head.weight->value());
  EXPECT_NEAR(after[0], before[0] - 1.2, 1e-6);
  EXPECT_NEAR(after[2], before[2] + 1.6, 1e-6);
}

TEST(Optimizer, SavesItsMoments) {
  Context c;
  Net net;
  net.allocate(c);
  Adam adam(c, net, {.name = "adam"}, {});
  adam.prepare(0.1);
  c.begin_step(0);
  give_all(net, 0);
  adam.step();
  const std::vector<NamedTensor> list = adam.named_tensors();
  ASSERT_EQ(list.size(), 1u + 2 * 4);
  EXPECT_EQ(list[0].name, "adam.steps");
  EXPECT_EQ(*list[0].view.as<int64_t>(), 1);
  EXPECT_EQ(list[1].name, "adam.mean.backbone.weight");
  EXPECT_EQ(list[8].name, "adam.square.head.bias");
  EXPECT_NE(list[1].view.as<float>()[0], 0.f);
}

TEST(Optimizer, Refusals) {
  Context c;
  Net net, teacher;
  teacher.allocate(c, false);
  net.allocate(c);
  EXPECT_THROW(Sgd(c, teacher, {.name = "sgd"}, {}), Error) << "no gradients";
  EXPECT_THROW(Sgd(c, net, {}, {}), Error) << "no name";
  EXPECT_THROW(Adam(c, net, {.name = "adam"}, {.beta1 = 1}), Error);
}

TEST(Ema, FollowsTheStudent) {
  Context c;
  Net student, teacher;
  student.allocate(c);
  teacher.allocate(c, false);
  Ema ema(c, teacher, student, "ema", Ema::Buffers::average);
  EXPECT_EQ(to_host(teacher.values()), to_host(student.values()));
  double expected = to_host(student.head.bias->value())[0];
  for (int t = 1; t <= 4; ++t) {
    from_host(student.head.bias->value(), {float(t), 0, 0});
    from_host(student.head.mean->value(), {float(2 * t), 1});
    const double decay = std::min(0.75, 1 - 1.0 / (t + 1));
    expected += (1 - decay) * (t - expected);
    ema.prepare(0.75);
    c.begin_step(uint64_t(t));
    ema.step();
    EXPECT_NEAR(to_host(teacher.head.bias->value())[0], expected, 1e-6) << "step " << t;
  }
  EXPECT_GT(to_host(teacher.head.mean->value())[0], 0.f);
  EXPECT_EQ(ema.steps(), 4);
}

TEST(Ema, BuffersAsAsked) {
  for (const Ema::Buffers how : {Ema::Buffers::keep, Ema::Buffers::copy}) {
    Context c;
    Net student, teacher;
    student.allocate(c);
    teacher.allocate(c, false);
    Ema ema(c, teacher, student, "ema", how);
    from_host(student.head.mean->value(), {3, 4});
    ema.prepare(0.9);
    c.begin_step(0);
    ema.step();
    EXPECT_EQ(to_host(teacher.head.mean->value())[0], how == Ema::Buffers::copy ? 3.f : 0.f);
  }
}

TEST(Schedule, Poly) {
  EXPECT_DOUBLE_EQ(poly_rate(0.01, 0, 100), 0.01);
  EXPECT_DOUBLE_EQ(poly_rate(0.01, 50, 100), 0.01 * std::pow(0.5, 0.9));
  EXPECT_DOUBLE_EQ(poly_rate(0.01, 25, 100, 1.0), 0.0075);
  EXPECT_DOUBLE_EQ(poly_rate(0.01, 100, 100), 0);
  EXPECT_DOUBLE_EQ(poly_rate(0.01, 100, 100, 0.9, 1e-6), 1e-6);
  EXPECT_DOUBLE_EQ(poly_rate(0.01, 200, 100, 0.9, 1e-6), 1e-6);
  EXPECT_THROW(poly_rate(0.01, -1, 100), Error);
}

TEST(Schedule, LinearDecayAsCycleGan) {
  EXPECT_DOUBLE_EQ(linear_decay_rate(2e-4, 0, 100, 100), 2e-4);
  EXPECT_DOUBLE_EQ(linear_decay_rate(2e-4, 99, 100, 100), 2e-4);
  EXPECT_DOUBLE_EQ(linear_decay_rate(2e-4, 100, 100, 100), 2e-4 * (1 - 1.0 / 101));
  EXPECT_DOUBLE_EQ(linear_decay_rate(2e-4, 199, 100, 100), 2e-4 * (1 - 100.0 / 101));
  EXPECT_DOUBLE_EQ(linear_decay_rate(2e-4, 500, 100, 100), 0);
}

TEST(Schedule, WarmUpMultiplies) {
  EXPECT_DOUBLE_EQ(warm_up(0, 10), 0);
  EXPECT_DOUBLE_EQ(warm_up(5, 10), 0.5);
  EXPECT_DOUBLE_EQ(warm_up(5, 10, 0.2), 0.6);
  EXPECT_DOUBLE_EQ(warm_up(10, 10), 1);
  EXPECT_DOUBLE_EQ(warm_up(3, 0), 1);
  const Schedule s{.kind = Schedule::Kind::poly, .base = 1, .total = 100, .power = 1, .warm_up_steps = 10};
  EXPECT_DOUBLE_EQ(s.rate(5), 0.5 * 0.95);
  EXPECT_DOUBLE_EQ(s.rate(50), 0.5);
  const Schedule epochs{
      .kind = Schedule::Kind::linear, .base = 1, .steps_per_epoch = 4, .constant_epochs = 1, .decay_epochs = 1};
  EXPECT_DOUBLE_EQ(epochs.rate(3), 1);
  EXPECT_DOUBLE_EQ(epochs.rate(4), 0.5);
  EXPECT_DOUBLE_EQ(epochs.rate(8), 0);
  EXPECT_DOUBLE_EQ((Schedule{.base = 3}.rate(1000)), 3);
}

}  // namespace
}  // namespace segue
