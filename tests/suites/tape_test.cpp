// The tape: fan-out, shared weights, freezing, checkpoint = plain bit for bit, and nothing left behind.
#include <gtest/gtest.h>

#include "runtime/module.h"
#include "runtime/ops.h"

namespace segue {
namespace {

Tensor filled(Context& c, const Shape& shape, int salt) {
  Tensor t = c.empty(shape);
  std::vector<float> v;
  for (int64_t i = 0; i < t.count(); ++i) v.push_back(random_uniform({uint64_t(salt), 5}, 0, uint64_t(i)) * 2 - 1);
  from_host(t, v);
  return t;
}

class FanOut : public ::testing::TestWithParam<int> {};

// y = sum over k uses of x: the gradient is k times dy, whatever the order of uses.
TEST_P(FanOut, GradientsAddUp) {
  const int uses = GetParam();
  Context c;
  c.begin_step(0);
  {
    Tensor x = filled(c, {3, 5}, 1);
    c.require_grad(x);
    const Tensor base = scale(c, x, 1.f);  // an inner node with the fan-out, and the leaf with its own
    Tensor y = scale(c, base, 1.f);
    for (int i = 1; i < uses; ++i) y = i % 2 ? add(c, y, base) : add(c, base, y);
    for (int i = 0; i < uses; ++i) y = add(c, x, y);
    const Tensor dy = filled(c, {3, 5}, 2);
    const std::vector<float> want = to_host(dy);
    c.backward(y, dy);
    const std::vector<float> got = to_host(c.grad(x));
    for (size_t i = 0; i < want.size(); ++i) EXPECT_NEAR(got[i], 2 * uses * want[i], 1e-6 * uses) << "element " << i;
    EXPECT_EQ(c.tape().size(), 0u);
  }
  c.end_step();
}

TEST_P(FanOut, SameOperandTwice) {
  const int uses = GetParam();
  Context c;
  c.begin_step(0);
  {
    Tensor x = filled(c, {7}, 1);
    c.require_grad(x);
    Tensor y = x;
    for (int i = 0; i < uses; ++i) y = add(c, y, y);
    Tensor dy = c.like(y);
    from_host(dy, std::vector<float>(7, 1.f));
    c.backward(y, dy);
    for (float g : to_host(c.grad(x))) EXPECT_EQ(g, float(1 << uses));
  }
  c.end_step();
}

INSTANTIATE_TEST_SUITE_P(Tape, FanOut, ::testing::Range(1, 13));

struct Conv : Module {
  Conv(Module& parent, const std::string& name, int64_t channels) : Module(parent, name) {
    weight = &declare_parameter("weight", {channels, 3, 3, channels}, Init::kaiming_normal(9 * channels));
    gamma = &declare_parameter("gamma", {channels}, Init::constant(1));
    beta = &declare_parameter("beta", {channels}, Init::constant(0));
    mean = &declare_buffer("running_mean", {channels}, 0);
    var = &declare_buffer("running_var", {channels}, 1);
  }
  Tensor operator()(Context& c, const Tensor& x, float drop) const {
    Tensor y = conv2d(c, x, weight->tensor(), {}, {.pad = 1});
    y = batch_norm(c, y, {gamma->tensor(), beta->tensor(), mean->value(), var->value()}, x, true, {.relu = true});
    return drop > 0 ? dropout(c, y, drop, DropoutMode::element) : y;
  }
  Parameter *weight, *gamma, *beta;
  Buffer *mean, *var;
};

struct Net : Network {
  Conv a{*this, "a", 8}, b{*this, "b", 8};
};

struct Result {
  std::vector<float> y, dx, grads, buffers;
  size_t peak_bytes = 0;
  bool operator==(const Result& o) const { return y == o.y && dx == o.dx && grads == o.grads && buffers == o.buffers; }
};

/// Two blocks, the second of them used twice, some of it under checkpoint().
Result run(bool recompute, bool freeze_b = false, bool input_wants = true) {
  Context c({.seed = 3});
  Net net;
  net.allocate(c);
  if (freeze_b) net.b.freeze();
  Result r;
  for (uint64_t step = 0; step < 2; ++step) {
    c.begin_step(step);
    {
      Tensor x = filled(c, {2, 9, 7, 8}, int(step) + 10);
      if (input_wants) c.require_grad(x);
      const auto block = [&net](Context& c, std::vector<Tensor>& in) {
        return net.b(c, net.b(c, net.a(c, in[0], 0.25f), 0.5f), 0.25f);
      };
      std::vector<Tensor> in{x};
      Tensor y = recompute ? checkpoint(c, in, block) : block(c, in);
      in.clear();
      y = net.a(c, add(c, y, x), 0.1f);
      const Tensor dy = filled(c, y.shape(), 20);
      r.y = to_host(y);
      c.backward(y, dy);
      if (input_wants) r.dx = to_host(c.grad(x));
    }
    c.end_step();
    EXPECT_EQ(c.step_arena().used(), 0u);
  }
  r.grads = to_host(net.grads());
  r.buffers = to_host(net.buffers());
  r.peak_bytes = c.step_arena().high_water();
  EXPECT_EQ(net.b.weight->has_grad(), !freeze_b);
  return r;
}

TEST(Tape, CheckpointEqualsPlainBitForBit) {
  const Result plain = run(false), again = run(false), checkpointed = run(true);
  EXPECT_TRUE(plain == again) << "a repeated run has other bits";
  EXPECT_EQ(plain.y, checkpointed.y);
  EXPECT_EQ(plain.dx, checkpointed.dx);
  EXPECT_EQ(plain.grads, checkpointed.grads);
  EXPECT_EQ(plain.buffers, checkpointed.buffers) << "running statistics moved twice, or not at all";
  EXPECT_NE(plain.buffers, std::vector<float>(plain.buffers.size(), 0.f));
}

TEST(Tape, CheckpointWithoutInputGradient) { EXPECT_TRUE(run(false, false, false) == run(true, false, false)); }

TEST(Tape, CheckpointOfFrozenParameters) {
  const Result plain = run(false, true), checkpointed = run(true, true);
  EXPECT_TRUE(plain == checkpointed);
  EXPECT_NE(plain.grads, run(false).grads);
}

TEST(Tape, FreezingLeavesOtherGradientsAlone) {
  const Result all = run(false), frozen = run(false, true);
  EXPECT_EQ(all.y, frozen.y);
  EXPECT_EQ(all.dx, frozen.dx);
  Context c;
  Net net;
  net.allocate(c);
  for (const Parameter* p : net.a.parameters())
    for (int64_t i = p->begin(); i < p->begin() + p->count(); ++i)
      ASSERT_EQ(all.grads[size_t(i)], frozen.grads[size_t(i)]) << p->name();
  for (const Parameter* p : net.b.parameters())
    for (int64_t i = p->begin(); i < p->begin() + p->count(); ++i) ASSERT_EQ(frozen.grads[size_t(i)], 0.f) << p->name();
}

// Used k times, a weight's gradient is the sum of those of k copies.
TEST(Tape, SharedWeightsGatherTheirGradients) {
  Context c({.seed = 5});
  Net shared, copies;
  shared.allocate(c);
  copies.allocate(c);
  from_host(copies.b.weight->value(), to_host(copies.a.weight->value()));
  std::vector<double> sum;
  c.begin_step(0);
  {
    const Tensor x = filled(c, {1, 5, 6, 8}, 1);
    const auto loss = [&](const Conv& first, const Conv& second) {
      Tensor y = conv2d(c, x, first.weight->tensor(), {}, {.pad = 1});
      y = conv2d(c, y, second.weight->tensor(), {}, {.pad = 1});
      const Tensor dy = filled(c, y.shape(), 2);
      c.backward(y, dy);
    };
    loss(shared.a, shared.a);
    loss(copies.a, copies.b);
  }
  c.end_step();
  const std::vector<float> a = to_host(copies.a.weight->grad()), b = to_host(copies.b.weight->grad()),
                           got = to_host(shared.a.weight->grad());
  double scale = 0;
  for (float g : got) scale = std::max(scale, double(std::abs(g)));
  ASSERT_GT(scale, 0);
  for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], a[i] + b[i], 1e-6 * scale);
}

TEST(Tape, NothingIsRecordedThatNobodyWants) {
  Context c;
  Net net;
  net.allocate(c);
  c.begin_step(0);
  {
    const Tensor x = filled(c, {1, 4, 4, 8}, 1);
    Frozen all(net);
    const Tensor y = net.a(c, x, 0);
    EXPECT_EQ(c.tape().size(), 0u);
    EXPECT_THROW(c.backward(sum(c, y)), Error);
  }
  {
    const Tensor x = filled(c, {1, 4, 4, 8}, 1);
    Context::NoGrad no_grad(c);
    net.a(c, x, 0);
    EXPECT_EQ(c.tape().size(), 0u);
  }
  c.end_step();
}

TEST(Tape, EndOfStepNamesWhatIsLeft) {
  Context c;
  c.begin_step(0);
  Tensor kept = relu(c, filled(c, {1000}, 1));
  try {
    c.end_step();
    FAIL() << "a tensor outlived its step";
  } catch (const Error& e) {
    EXPECT_EQ(e.fault(), Fault::internal);
    EXPECT_NE(std::string(e.what()).find("relu"), std::string::npos) << e.what();
  }
  kept = Tensor();
  c.end_step();
}

// An exception in the middle of a step leaves a tape behind; the next end_step clears it.
TEST(Tape, AbandonedStepsAreClean) {
  Context c;
  Net net;
  net.allocate(c);
  c.begin_step(0);
  try {
    const Tensor y = net.a(c, filled(c, {1, 4, 4, 8}, 1), 0.5f);
    add(c, y, filled(c, {2, 4, 4, 8}, 1));
    FAIL() << "took operands of two shapes";
  } catch (const Error&) {
  }
  c.end_step();
  EXPECT_EQ(c.step_arena().used(), 0u);
}

// Peak memory of a chain: with a checkpoint a block's inner tensors are gone between forward and backward.
TEST(Tape, CheckpointSavesMemory) {
  const auto peak = [](bool recompute) {
    Context c;
    Net net;
    net.allocate(c);
    c.begin_step(0);
    {
      Tensor y = filled(c, {1, 32, 32, 8}, 1);
      for (int i = 0; i < 6; ++i) {
        const auto block = [&net](Context& c, std::vector<Tensor>& in) {
          return net.b(c, net.a(c, in[0], 0.1f), 0.1f);
        };
        std::vector<Tensor> in{y};
        y = recompute ? checkpoint(c, in, block) : block(c, in);
      }
      c.backward(sum(c, y));
    }
    c.end_step();
    return c.step_arena().high_water();
  };
  EXPECT_LT(peak(true), peak(false) / 2);
}

}  // namespace
}  // namespace segue
