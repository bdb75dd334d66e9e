// Recorded steps: twenty steps run eagerly and twenty of which most are replayed end in the same bits, and what changes
// from step to step (rates, Adam's step, EMA weight, random numbers, batch counters) still changes. On the CPU, which does
// not record, both runs are eager.
#include "runtime/step_graph.h"

#include <gtest/gtest.h>

#include <memory>

#include "kernels/image_pool.h"
#include "models/cyclegan_generator.h"
#include "models/deeplabv3plus.h"
#include "models/patchgan.h"
#include "runtime/memory.h"
#include "runtime/metrics.h"
#include "runtime/optimizer.h"
#include "runtime/schedule.h"
#include "tests/model_steps.h"
#include "tests/test_device.h"

namespace segue {
namespace {

using testing::image_by_formula;
using testing::labels_by_formula;

constexpr int kSteps = 20;

/// Everything that a run leaves behind.
struct Trace {
  std::vector<std::vector<float>> tensors;
  std::vector<int64_t> counters;
  std::vector<float> metrics;  // of every step
  bool recorded = false;

  void keep(Network& net) {
    for (const Tensor& slab : {net.values(), net.buffers()})
      if (slab.count()) tensors.push_back(to_host(slab));
    for (const NamedTensor& t : net.named_tensors())
      if (t.view.dtype == DType::i64) counters.push_back(*t.view.as<int64_t>());
  }
  void keep(Metrics& m) {
    for (const auto& [name, value] : m.read()) metrics.push_back(value);
  }
};

Context::Options options(bool record) {
  Context::Options o = testing::on_test_device({.seed = 3});
  o.record = record;
  return o;
}

/// A tensor that a recorded step may read: it outlives the step.
Tensor kept_image(Context& c, const Shape& shape, const std::string& name) {
  const Tensor t = c.persistent_image(shape, "images");
  from_host(t, to_host(image_by_formula(c, shape, name)));
  return t;
}

Trace segmentation(bool record) {
  Context c(options(record));
  DeepLabV3Plus net({.classes = 5, .width = 0.125, .dropout = 0.2f}), teacher({.classes = 5, .width = 0.125});
  net.allocate(c);
  teacher.allocate(c, false);
  Sgd sgd(c, net, {.name = "sgd", .weight_decay = 1e-4, .groups = {{"classifier", 2, 1}}, .max_norm = 5}, {});
  Ema ema(c, teacher, net, "ema", Ema::Buffers::average);
  Metrics metrics(c);
  const Tensor x = kept_image(c, {2, 64, 49, 3}, "x");
  const Tensor labels = c.persistent({2, 64, 49}, DType::u8, "labels");
  std::vector<uint8_t> values(size_t(labels.count()));
  for (size_t i = 0; i < values.size(); ++i) values[i] = i % 11 == 0 ? 255 : uint8_t(i / 9 % 5);
  copy_memory(labels.data(), values.data(), values.size());
  StepGraph graph(c);
  Trace trace;
  for (int step = 0; step < kSteps; ++step) {
    sgd.prepare(poly_rate(0.02, step, kSteps));
    ema.prepare(0.99);
    c.begin_step(uint64_t(step));
    graph.run([&] {
      {
        const Tensor loss = upsample_xent(c, net.forward_low(c, x).logits, labels, {}, {}, {});
        metrics.write("loss", loss);
        c.backward(loss);
      }
      sgd.step();
      ema.step();
      c.end_step();
    });
    trace.keep(metrics);
  }
  trace.recorded = graph.recorded();
  trace.keep(net);
  trace.keep(teacher);
  return trace;
}

Trace translation(bool record) {
  Context c(options(record));
  CycleGanGenerator g({.blocks = 1, .filters = 8});
  PatchGan d({.filters = 8});
  g.allocate(c);
  d.allocate(c);
  Adam adam_g(c, g, {.name = "g"}, {.beta1 = 0.5}), adam_d(c, d, {.name = "d"}, {.beta1 = 0.5});
  Metrics metrics(c);
  const Shape shape{1, 32, 44, 3};
  const Tensor a = kept_image(c, shape, "a"), b = kept_image(c, shape, "b");
  const Tensor pool = c.persistent_image({4, 32, 44, 3}, "pool"), count = c.persistent({}, DType::u32, "pool");
  StepGraph graph(c);
  Trace trace;
  for (int step = 0; step < kSteps; ++step) {
    adam_g.prepare(linear_decay_rate(2e-3, step, kSteps / 2, kSteps / 2));
    adam_d.prepare(1e-3);
    c.begin_step(uint64_t(step));
    graph.run([&] {
      {
        Tensor fake = g.forward(c, a);
        {
          const Frozen frozen(d);
          const Tensor loss = add(c, lsgan(c, d.forward(c, fake), 1), l1(c, fake, b));
          metrics.write("g", loss);
          c.backward(loss);
        }
        adam_g.step();
        fake = fake.detach();
        c.run(SEGUE_KERNEL(image_pool), fake, out(pool), out(count), c.state().random_step(), out(fake),
              c.next_random());
        const Tensor loss = add(c, lsgan(c, d.forward(c, b), 1), lsgan(c, d.forward(c, fake), 0));
        metrics.write("d", loss);
        c.backward(loss);
      }
      adam_d.step();
      c.end_step();
    });
    trace.keep(metrics);
  }
  trace.recorded = graph.recorded();
  trace.keep(g);
  trace.keep(d);
  return trace;
}

void expect_equal(const Trace& eager, const Trace& replayed) {
  EXPECT_FALSE(eager.recorded);
  EXPECT_EQ(replayed.recorded, testing::on_test_device().device == DeviceType::cuda);
  EXPECT_EQ(eager.metrics, replayed.metrics);
  EXPECT_EQ(eager.counters, replayed.counters);
  EXPECT_EQ(eager.tensors, replayed.tensors);
  // The steps did differ: a frozen rate or random number would show here.
  for (size_t i = 1; i < eager.metrics.size(); ++i) EXPECT_NE(eager.metrics[i], eager.metrics[i - 1]) << i;
}

TEST(StepGraph, ReplayedSegmentationStepsHaveTheBitsOfEagerOnes) {
  const Trace eager = segmentation(false);
  EXPECT_EQ(eager.counters[0], kSteps);
  expect_equal(eager, segmentation(true));
}

TEST(StepGraph, ReplayedTranslationStepsHaveTheBitsOfEagerOnes) { expect_equal(translation(false), translation(true)); }

// Batches arrive whole and in order, two of them on their way at a time, while earlier ones are being used.
TEST(Staging, BatchesArriveInOrder) {
  Context c(options(true));
  constexpr size_t kBytes = 1 << 20, kBatches = 9;
  const Tensor front = c.persistent({kBytes / 2}, DType::u8, "front"),
               back = c.persistent({kBytes / 2}, DType::u8, "back");
  const auto staging = c.device().staging(kBytes);
  const auto send = [&](size_t batch) {
    std::byte* host = staging->host();
    for (size_t i = 0; i < kBytes; ++i) host[i] = std::byte((i * 7 + batch * 31) % 251);
    staging->send();
  };
  EXPECT_THROW(staging->deliver({}), Error);
  send(0);
  for (size_t batch = 0; batch < kBatches; ++batch) {
    send(batch + 1);
    if (batch == 0) {
      EXPECT_THROW(staging->send(), Error);
    }
    staging->deliver({{front.data(), 0, kBytes / 2}, {back.data(), kBytes / 2, kBytes / 2}});
    std::vector<std::byte> got(kBytes);
    copy_memory(got.data(), front.data(), kBytes / 2);
    copy_memory(got.data() + kBytes / 2, back.data(), kBytes / 2);
    for (size_t i = 0; i < kBytes; ++i) ASSERT_EQ(got[i], std::byte((i * 7 + batch * 31) % 251)) << batch << " " << i;
  }
}

TEST(StepGraph, AnErrorInTheRecordedRunLeavesNothingBehind) {
  Context c(options(true));
  StepGraph graph(c);
  int runs = 0;
  const auto step = [&] {
    c.empty({64, 64});
    if (++runs == 3) fail(Fault::data, "test", "expects no error");
    c.end_step();
  };
  graph.run(step);
  graph.run(step);
  EXPECT_THROW(graph.run(step), Error);
  EXPECT_FALSE(graph.recorded());
  c.end_step();
  graph.run(step);
  EXPECT_EQ(runs, 4);
  c.device().wait();
}

}  // namespace
}  // namespace segue
