// The module tree: names, slabs, initial values, freezing, copying.
#include "runtime/module.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <set>

namespace segue {
namespace {

struct Leaf : Module {
  Leaf(Module& parent, const std::string& name, int64_t size) : Module(parent, name) {
    weight = &declare_parameter("weight", {size, 3, 3, 2}, Init::kaiming_normal(18));
    bias = &declare_parameter("bias", {size}, Init::torch_default(18));
    mean = &declare_buffer("running_mean", {size}, 0.5f);
    batches = &declare_counter("num_batches_tracked");
  }
  Parameter *weight, *bias;
  Buffer* mean;
  int64_t* batches;
};

struct Pair : Module {
  Pair(Module& parent, const std::string& name) : Module(parent, name), a(*this, "0", 5), b(*this, "1.body", 3) {}
  Leaf a, b;
};

struct Small : Network {
  Small()
      : pair(*this, "pair"),
        bare(*this, "", 7),
        out(&declare_parameter("out", {4, 1, 1, 2}, Init::constant(2), {4, 2})) {}
  Pair pair;
  Leaf bare;
  Parameter* out;
};

std::vector<std::string> names(Small& net) {
  std::vector<std::string> list;
  for (const NamedTensor& t : net.named_tensors()) list.push_back(t.name);
  return list;
}

TEST(Module, NamesInOrderOfDeclaration) {
  Context c;
  Small net;
  net.allocate(c);
  EXPECT_EQ(names(net),
            (std::vector<std::string>{"pair.0.weight", "pair.0.bias", "pair.0.running_mean",
                                      "pair.0.num_batches_tracked", "pair.1.body.weight", "pair.1.body.bias",
                                      "pair.1.body.running_mean", "pair.1.body.num_batches_tracked", "weight", "bias",
                                      "running_mean", "num_batches_tracked", "out"}));
  EXPECT_EQ(net.parameter_count(), 5 * 19 + 3 * 19 + 7 * 19 + 8);
}

TEST(Module, NamedTensorsAreTheNetworksMemory) {
  Context c;
  Small net;
  net.allocate(c);
  const std::vector<NamedTensor> list = net.named_tensors();
  EXPECT_EQ(list[0].view.data, net.pair.a.weight->value().data());
  EXPECT_TRUE(list[0].filter);
  EXPECT_FALSE(list[1].filter);
  EXPECT_EQ(list[3].view.dtype, DType::i64);
  *net.pair.a.batches = 41;
  EXPECT_EQ(*list[3].view.as<int64_t>(), 41);
  EXPECT_EQ(list[12].view.shape, (Shape{4, 2}));  // saved as a matrix, used as a filter
  EXPECT_EQ(net.out->shape(), (Shape{4, 1, 1, 2}));
  EXPECT_FALSE(list[12].filter);
}

TEST(Module, SlabsHoldEverythingOnce) {
  Context c;
  Small net;
  net.allocate(c);
  std::set<int64_t> taken;
  for (Parameter* p : net.parameters()) {
    EXPECT_EQ(p->begin() % 16, 0);
    EXPECT_EQ(p->value().data(), net.values().view().as<float>() + p->begin());
    EXPECT_EQ(p->grad().data(), net.grads().view().as<float>() + p->begin());
    for (int64_t i = 0; i < p->count(); ++i) EXPECT_TRUE(taken.insert(p->begin() + i).second);
  }
  const std::vector<float> values = to_host(net.values());
  for (int64_t i = 0; i < net.values().count(); ++i) {
    if (!taken.count(i)) {
      EXPECT_EQ(values[size_t(i)], 0.f) << "gap at " << i;
    }
  }
  for (float x : to_host(net.grads())) EXPECT_EQ(x, 0.f);
  EXPECT_EQ(to_host(net.pair.a.mean->value()), std::vector<float>(5, 0.5f));
}

TEST(Module, InitialValuesDependOnSeedAndName) {
  const auto weights = [](uint64_t seed) {
    Context c({.seed = seed});
    Small net;
    net.allocate(c);
    return std::pair(to_host(net.pair.a.weight->value()), to_host(net.pair.b.weight->value()));
  };
  const auto one = weights(1), again = weights(1), two = weights(2);
  EXPECT_EQ(one, again);
  EXPECT_NE(one.first, two.first);
  EXPECT_NE(one.first[0], one.second[0]);
}

// The bits of a seed are part of what segue promises: a change here changes every run.
TEST(Init, KnownAnswers) {
  const std::vector<float> n = initial_values(Init::normal(1), 7, "conv.weight", 1 << 16);
  uint32_t hash = 2166136261u;
  for (float x : n) hash = (hash ^ std::bit_cast<uint32_t>(x)) * 16777619u;
  EXPECT_EQ(hash, 19281391u) << n[0] << ' ' << n[1] << ' ' << n[2] << ' ' << n[3];
  EXPECT_EQ(initial_values(Init::constant(3), 7, "x", 2), (std::vector<float>{3, 3}));
}

TEST(Init, NormalsHaveTheRightMoments) {
  const int64_t count = 1 << 20;
  double sum[5] = {};
  float largest = 0;
  for (float x : initial_values(Init::normal(0.5f), 3, "w", count)) {
    const double z = x / 0.5;
    for (int k = 1; k <= 4; ++k) sum[k] += std::pow(z, k);
    largest = std::max(largest, std::abs(x));
  }
  // Standard deviations of the sample moments: 1, sqrt(2), sqrt(15), sqrt(96) over sqrt(count); five of them.
  const double s = 5 / std::sqrt(double(count));
  EXPECT_NEAR(sum[1] / count, 0, s);
  EXPECT_NEAR(sum[2] / count, 1, s * std::sqrt(2));
  EXPECT_NEAR(sum[3] / count, 0, s * std::sqrt(15));
  EXPECT_NEAR(sum[4] / count, 3, s * std::sqrt(96));
  EXPECT_LT(largest, 0.5 * 5.95);
  EXPECT_GT(largest, 0.5 * 4);
}

TEST(Init, UniformsFillTheirRange) {
  const Init init = Init::torch_default(25);
  EXPECT_FLOAT_EQ(init.value, 0.2f);
  double sum = 0, low = 1, high = -1;
  const int64_t count = 1 << 18;
  for (float x : initial_values(init, 3, "b", count)) {
    sum += x;
    low = std::min(low, double(x));
    high = std::max(high, double(x));
  }
  EXPECT_NEAR(sum / count, 0, 5 * 0.2 / std::sqrt(3.0 * count));
  EXPECT_GE(low, -0.2f);
  EXPECT_LT(low, -0.1999);
  EXPECT_LE(high, 0.2f);
  EXPECT_GT(high, 0.1999);
  EXPECT_FLOAT_EQ(Init::kaiming_normal(8).value, 0.5f);
}

TEST(Module, FreezeReachesWhatLiesBelow) {
  Context c;
  Small net;
  net.allocate(c);
  EXPECT_TRUE(net.pair.a.weight->tensor().cell());
  {
    Frozen pair(net.pair);
    EXPECT_FALSE(net.pair.a.weight->tensor().cell());
    EXPECT_FALSE(net.pair.b.bias->tensor().cell());
    EXPECT_TRUE(net.bare.weight->tensor().cell());
    {
      Frozen all(net);
      EXPECT_FALSE(net.bare.weight->tensor().cell());
      EXPECT_FALSE(net.out->tensor().cell());
    }
    EXPECT_TRUE(net.bare.weight->tensor().cell());
    EXPECT_FALSE(net.pair.a.weight->tensor().cell()) << "the outer guard still lives";
  }
  EXPECT_TRUE(net.pair.a.weight->tensor().cell());
  EXPECT_THROW(net.thaw(), Error);
}

TEST(Module, UntrainableNetworksKeepNoGradients) {
  Context c;
  Small net;
  const size_t before = c.persistent_arena().used();
  net.allocate(c, false);
  EXPECT_FALSE(net.out->tensor().cell());
  EXPECT_FALSE(bool(net.grads()));
  EXPECT_LT(c.persistent_arena().used() - before, size_t(2 * net.values().bytes()));
}

TEST(Module, TrainingModeReachesWhatLiesBelow) {
  Small net;
  EXPECT_TRUE(net.pair.b.training());
  net.pair.set_training(false);
  EXPECT_FALSE(net.pair.b.training());
  EXPECT_TRUE(net.bare.training());
  net.set_training(true);
  EXPECT_TRUE(net.pair.b.training());
}

TEST(Module, CopyTakesValuesStatisticsAndCounters) {
  Context c({.seed = 1}), d({.seed = 2});
  Small a, b;
  a.allocate(c);
  b.allocate(d, false);
  from_host(a.bare.mean->value(), {1, 2, 3, 4, 5, 6, 7});
  *a.bare.batches = 9;
  EXPECT_NE(to_host(a.values()), to_host(b.values()));
  b.copy_from(d, a);
  EXPECT_EQ(to_host(a.values()), to_host(b.values()));
  EXPECT_EQ(to_host(a.buffers()), to_host(b.buffers()));
  EXPECT_EQ(*b.bare.batches, 9);
}

TEST(Module, Refusals) {
  Context c;
  Small net, other;
  EXPECT_THROW(net.named_tensors(), Error);
  EXPECT_THROW(net.out->tensor(), Error);
  net.allocate(c);
  EXPECT_THROW(net.allocate(c), Error);
  EXPECT_THROW(net.copy_from(c, other), Error) << "not allocated";
  EXPECT_THROW(Leaf(net, "late", 2), Error);

  struct Different : Network {
    Leaf leaf{*this, "leaf", 3};
  } different;
  different.allocate(c);
  try {
    net.copy_from(c, different);
    FAIL() << "took a network of another structure";
  } catch (const Error& e) {
    EXPECT_EQ(e.fault(), Fault::invalid_argument);
    EXPECT_NE(std::string(e.what()).find("equal structure"), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace segue
