// The context: the one door to kernels with its profile and NaN watch, the step and what it leaves, the status word,
// and the values of a step.
#include "runtime/context.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/add.h"
#include "kernels/fill.h"
#include "kernels/relu.h"
#include "runtime/metrics.h"
#include "runtime/ops.h"

namespace segue {

namespace kernels {
namespace {

/// A kernel that shows what the door hands it, on every device.
struct Seen {
  View in, out;
  int number = 0;
  void* scratch = nullptr;
};
template <class Exec>
void probe(const Exec& exec, const View& in, int number, const View& out, Seen* seen, size_t scratch_bytes) {
  *seen = {in, out, number, scratch_bytes ? exec.scratch->get(scratch_bytes) : nullptr};
}
template <class Exec>
void refuse(const Exec&, const View&) {
  fail(Fault::invalid_argument, "refuse", "expects nothing");
}

}  // namespace
}  // namespace kernels

namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

template <class F>
Error error_of(F f) {
  try {
    f();
  } catch (const Error& e) {
    return e;
  }
  ADD_FAILURE() << "expected an error";
  return {Fault::internal, ""};
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

#define EXPECT_ERROR(statement, expected_fault, part)             \
  do {                                                            \
    const Error e = error_of([&] { statement; });                 \
    EXPECT_EQ(e.fault(), expected_fault) << e.what();             \
    EXPECT_TRUE(contains(e.what(), part)) << "got: " << e.what(); \
  } while (false)

Tensor filled(Context& c, const Shape& shape, float value) {
  Tensor t = c.empty(shape, DType::f32, "filled");
  c.run(SEGUE_KERNEL(fill), out(t), value);
  return t;
}

TEST(Context, RefusesWhatThisBuildCannotDo) {
  EXPECT_ERROR(Context({.precision = Precision::bf16}), Fault::invalid_argument, "f32");
  EXPECT_ERROR(Context({.threads = -1}), Fault::invalid_argument, "threads >= 0; got -1");
}

TEST(Context, TheDoorHandsTensorsOnAsViews) {
  Context c;
  const Tensor x = filled(c, {2, 3}, 1), y = c.like(x);
  kernels::Seen seen;
  c.run(SEGUE_KERNEL(probe), x, 42, out(y), &seen, size_t(0));
  EXPECT_EQ(seen.in.data, x.data());
  EXPECT_EQ(seen.in.shape, (Shape{2, 3}));
  EXPECT_EQ(seen.out.data, y.data());
  EXPECT_EQ(seen.number, 42);
}

TEST(Context, ScratchIsOneBlockThatGrows) {
  Context c;
  const Tensor x = filled(c, {1}, 1);
  kernels::Seen small, again, large;
  c.run(SEGUE_KERNEL(probe), x, 0, out(x), &small, size_t(1000));
  c.run(SEGUE_KERNEL(probe), x, 0, out(x), &again, size_t(2000));
  EXPECT_EQ(small.scratch, again.scratch);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(small.scratch) % 64, 0u);
  const size_t before = c.persistent_arena().used();
  c.run(SEGUE_KERNEL(probe), x, 0, out(x), &large, size_t(5) << 20);
  std::memset(large.scratch, 1, size_t(5) << 20);
  EXPECT_EQ(c.persistent_arena().used(), before + (size_t(4) << 20));  // the first MiB was given back
  EXPECT_TRUE(contains(c.persistent_arena().describe(1), "scratch"));
}

TEST(Context, ProfileCountsCallsByName) {
  Context c({.profile = true});
  const Tensor x = filled(c, {4, 1000}, -1), y = c.like(x);
  c.run(SEGUE_KERNEL(relu), x, out(y));
  c.run(SEGUE_KERNEL(relu), x, out(y));
  ASSERT_EQ(c.profile().size(), 2u);
  EXPECT_EQ(c.profile().at("relu").calls, 2);
  EXPECT_EQ(c.profile().at("fill").calls, 1);
  EXPECT_GT(c.profile().at("relu").total_ms, 0);
  EXPECT_LT(c.profile().at("relu").total_ms, 10e3);
  c.reset_profile();
  EXPECT_TRUE(c.profile().empty());
}

TEST(Context, NoProfileUnlessAsked) {
  Context c;
  filled(c, {3}, 1);
  EXPECT_TRUE(c.profile().empty());
}

TEST(Context, NanWatchNamesKernelAndElement) {
  Context c({.watch_nan = true});
  const Tensor x = filled(c, {2, 3}, 1), y = c.like(x);
  static_cast<float*>(x.data())[4] = -kNan;  // its sign is not shown
  EXPECT_ERROR(c.run(SEGUE_KERNEL(relu), x, out(y)), Fault::diverged, "[relu] wrote nan at element 4 of (2,3)");
  EXPECT_ERROR(filled(c, {2}, -kInf), Fault::diverged, "[fill] wrote -inf at element 0");
}

TEST(Context, NanWatchLooksAtResultsOnly) {
  Context c({.watch_nan = true});
  const Tensor x = c.empty({3}), y = c.like(x), labels = c.empty({3}, DType::u8);
  from_host(x, {0, kNan, 0});
  kernels::Seen seen;
  from_host(y, {1, 2, 3});
  c.run(SEGUE_KERNEL(probe), x, 0, out(y), &seen, size_t(0));
  c.run(SEGUE_KERNEL(probe), x, 0, out(labels), &seen, size_t(0));  // not floating: nothing to look at
  c.run(SEGUE_KERNEL(probe), x, 0, out(View()), &seen, size_t(0));  // an absent operand
}

TEST(Context, WithoutTheWatchNanPasses) {
  Context c;
  EXPECT_TRUE(std::isnan(to_host(filled(c, {1}, kNan))[0]));
}

TEST(Context, ErrorsOfKernelsComeThrough) {
  Context c;
  const Tensor x = filled(c, {1}, 1);
  EXPECT_ERROR(c.run(SEGUE_KERNEL(refuse), x), Fault::invalid_argument, "[refuse] expects nothing");
  EXPECT_ERROR(c.run(SEGUE_KERNEL(add), x, filled(c, {2}, 1), out(x)), Fault::invalid_argument, "[add]");
}

TEST(Context, PersistentMemoryIsZeroAndStays) {
  Context c;
  {
    const Tensor dirt = c.persistent({1000}, DType::u8, "dirt");
    std::memset(dirt.data(), 0xff, 1000);
  }
  const Tensor t = c.persistent({250}, DType::f32, "weights");
  for (float v : to_host(t)) ASSERT_EQ(v, 0.f);
  c.end_step();  // it is no part of the step
  EXPECT_GE(c.persistent_arena().used(), 1000u);
}

TEST(Context, EndStepNamesWhatIsLeft) {
  Context c;
  c.begin_step(0);
  Tensor kept = c.empty({1 << 18}, DType::f32, "kept_map");
  EXPECT_ERROR(c.end_step(), Fault::internal, "1.0 MiB kept_map");
  kept = Tensor();
  c.end_step();
  EXPECT_EQ(c.step_arena().used(), 0u);
}

TEST(Context, EndStepDropsATapeThatNobodyWalked) {
  Context c;
  c.begin_step(0);
  {
    Tensor x = filled(c, {8}, 1);
    c.require_grad(x);
    relu(c, relu(c, x));
    EXPECT_EQ(c.tape().size(), 2u);
  }
  c.end_step();
  EXPECT_EQ(c.tape().size(), 0u);
}

TEST(Context, EqualStepsLieAtEqualAddresses) {
  Context c;
  std::vector<void*> before;
  for (int step = 0; step < 4; ++step) {
    c.begin_step(uint64_t(step));
    std::vector<void*> addresses;
    {
      Tensor x = filled(c, {3, 700}, 1);
      c.require_grad(x);
      const Tensor y = relu(c, x), z = add(c, y, x), loss = mean(c, z);
      for (const Tensor& t : {x, y, z, loss}) addresses.push_back(t.data());
      c.backward(loss);
      addresses.push_back(c.grad(x).data());
    }
    c.end_step();
    if (step > 1) {
      EXPECT_EQ(addresses, before) << "step " << step;
    }
    before = addresses;
  }
}

TEST(Context, OutOfMemoryNamesTheTensor) {
  Context c({.memory_limit_bytes = 4 << 20});
  const Tensor x = c.empty({3 << 18}, DType::f32, "features");
  EXPECT_ERROR(c.empty({1 << 19}, DType::f32, "concat"), Fault::out_of_memory, "[concat] expects 2.0 MiB of step");
  EXPECT_ERROR(c.empty({1 << 19}, DType::f32, "concat"), Fault::out_of_memory, "3.0 MiB features");
}

TEST(Context, RandomCallsCountFromZeroInEachStep) {
  Context c({.seed = 99});
  c.begin_step(5);
  EXPECT_EQ(*c.state().random_step().as<uint64_t>(), 5u);
  EXPECT_EQ(c.next_random().call, 0u);
  EXPECT_EQ(c.next_random().call, 1u);
  EXPECT_EQ(c.next_random().seed, 99u);
  c.begin_step(6);
  EXPECT_EQ(*c.state().random_step().as<uint64_t>(), 6u);
  EXPECT_EQ(c.next_random().call, 0u);
}

TEST(Context, ABadLabelIsReportedOnce) {
  Context c;
  c.check_status();
  *c.status().as<uint32_t>() |= kStatusBadLabel;
  const Error e = error_of([&] { c.check_status(); });
  EXPECT_EQ(e.fault(), Fault::data);
  EXPECT_EQ(exit_code(e.fault()), 3);
  EXPECT_TRUE(contains(e.what(), "[labels] expects every label to be a class or 255")) << e.what();
  c.check_status();  // cleared
  *c.status().as<uint32_t>() = 1u << 30;
  EXPECT_ERROR(c.check_status(), Fault::internal, "unknown status bits");
}

TEST(Context, NoGradRecordsNothing) {
  Context c;
  Tensor x = filled(c, {2}, 1);
  EXPECT_FALSE(c.records(x));
  c.require_grad(x);
  EXPECT_TRUE(c.records(x));
  {
    Context::NoGrad outer(c);
    {
      Context::NoGrad inner(c);
      EXPECT_FALSE(relu(c, x).cell());
    }
    EXPECT_FALSE(c.recording());  // the outer one still lives
  }
  EXPECT_TRUE(relu(c, x).cell());
}

TEST(StepState, ValuesReachKernelsAtUpload) {
  Context c;
  const View rate = c.state().declare<float>("rate"), box = c.state().declare<int32_t>("box", 4);
  EXPECT_EQ(rate.shape, Shape{});
  EXPECT_EQ(box.shape, Shape{4});
  EXPECT_EQ(*rate.as<float>(), 0.f);
  c.state().set(rate, 0.5f);
  c.state().set(box, int32_t(-7), 3);
  EXPECT_EQ(c.state().get<float>(rate), 0.5f);
  EXPECT_EQ(*rate.as<float>(), 0.f);  // not yet
  c.state().upload();
  EXPECT_EQ(*rate.as<float>(), 0.5f);
  EXPECT_EQ(box.as<int32_t>()[3], -7);
  EXPECT_EQ(box.as<int32_t>()[2], 0);
  c.state().set(rate, 0.25f);
  c.begin_step(1);  // uploads
  EXPECT_EQ(*rate.as<float>(), 0.25f);
}

TEST(StepState, ANameIsOneValue) {
  Context c;
  const View a = c.state().declare<float>("weights", 3);
  const View between = c.state().declare<uint8_t>("flag");
  const View b = c.state().declare<float>("weights", 3);
  EXPECT_EQ(a.data, b.data);
  EXPECT_NE(a.data, between.data);
  for (const View& v : {a, between}) EXPECT_EQ(reinterpret_cast<uintptr_t>(v.data) % 16, 0u);
  EXPECT_ERROR(c.state().declare<float>("weights", 4), Fault::invalid_argument, "'weights' is declared as f32 (3)");
  EXPECT_ERROR(c.state().declare<int32_t>("weights", 3), Fault::invalid_argument, "got i32 (3)");
  EXPECT_ERROR(c.state().declare<float>("random_step"), Fault::invalid_argument, "'random_step' is declared as u64");
}

TEST(StepState, RefusesWrongTypesPlacesAndSizes) {
  Context c;
  const View w = c.state().declare<float>("weights", 3);
  EXPECT_ERROR(c.state().set(w, 1.0f, 3), Fault::invalid_argument, "index below 3");
  EXPECT_ERROR(c.state().set(w, 1.0f, -1), Fault::invalid_argument, "index -1");
  EXPECT_ERROR(c.state().set(w, int32_t(1)), Fault::invalid_argument, "type i32");
  const Tensor elsewhere = filled(c, {3}, 0);
  EXPECT_ERROR(c.state().set(elsewhere.view(), 1.f), Fault::invalid_argument, "declared value");
  EXPECT_ERROR(c.state().declare<float>("none", 0), Fault::invalid_argument, "none");
  EXPECT_ERROR(c.state().declare<uint8_t>("huge", StepState::kBytes), Fault::invalid_argument,
               "'huge' would take 65536 of u8");
  EXPECT_ERROR(c.state().declare<double>("wraps", int64_t(1) << 61), Fault::invalid_argument, "'wraps'");
  // What was refused has taken no room.
  const int64_t left = StepState::kBytes - 48;  // the random step and the weights, 16 bytes each
  c.state().declare<uint8_t>("rest", left + 16);
  EXPECT_ERROR(c.state().declare<uint8_t>("more"), Fault::invalid_argument, "'more'");
}

TEST(Metrics, ValuesInOrderOfTheirNames) {
  Context c;
  Metrics m(c);
  EXPECT_TRUE(m.read().empty());
  c.begin_step(0);
  m.write("loss", filled(c, {}, 2));
  m.write("accuracy", filled(c, {1}, 0.5f));
  m.write("loss", filled(c, {}, 3));
  c.end_step();  // they outlive the step
  EXPECT_EQ(m.read(), (std::vector<std::pair<std::string, float>>{{"loss", 3.f}, {"accuracy", 0.5f}}));
}

TEST(Metrics, RefusesVectorsAndTooManyNames) {
  Context c;
  Metrics m(c);
  EXPECT_ERROR(m.write("map", filled(c, {2}, 1)), Fault::invalid_argument, "expects a scalar for 'map'; got (2)");
  const Tensor one = filled(c, {}, 1);
  for (int i = 0; i < Metrics::kMaxValues; ++i) m.write("value" + std::to_string(i), one);
  EXPECT_ERROR(m.write("extra", one), Fault::invalid_argument, "'extra'");
  m.write("value0", one);  // known names still go
  EXPECT_EQ(m.read().size(), size_t(Metrics::kMaxValues));
}

TEST(Metrics, MeansOverStepsAndTheirStateInCheckpoints) {
  Context c;
  Metrics m(c);
  const auto step = [&](float a, float b) {
    m.write("a", filled(c, {}, a));
    m.write("b", filled(c, {}, b));
    m.add_up();
  };
  step(1, 10);
  step(2, 30);
  const auto half_way = m.sums();
  step(6, 20);
  const auto means = m.means(3);
  ASSERT_EQ(means.size(), 2u);
  EXPECT_EQ(means[0], (std::pair<std::string, float>("a", 3.f)));
  EXPECT_EQ(means[1], (std::pair<std::string, float>("b", 20.f)));
  step(5, 7);
  EXPECT_EQ(m.means(1)[0].second, 5.f);  // anew
  // Another life of the run: names in the other order of first use.
  Metrics other(c);
  other.set_sums({half_way[1], half_way[0]});
  other.write("a", filled(c, {}, 6));
  other.write("b", filled(c, {}, 20));
  other.add_up();
  EXPECT_EQ(other.means(3), (std::vector<std::pair<std::string, float>>{{"b", 20.f}, {"a", 3.f}}));
  const float huge = std::numeric_limits<float>::infinity();
  step(huge, 1);
  step(-huge, 1);
  EXPECT_ERROR(m.means(2), Fault::diverged, "a finite a");
}

TEST(Metrics, StopsAtWhatIsNotFinite) {
  Context c;
  Metrics m(c);
  m.write("loss", filled(c, {}, 1));
  m.write("norm", filled(c, {}, -kNan));
  const Error e = error_of([&] { m.read(); });
  EXPECT_EQ(exit_code(e.fault()), 4);
  EXPECT_TRUE(contains(e.what(), "expects a finite norm; got nan")) << e.what();
}

TEST(Metrics, ABadLabelComesFirst) {
  Context c;
  Metrics m(c);
  m.write("loss", filled(c, {}, kNan));
  *c.status().as<uint32_t>() |= kStatusBadLabel;
  EXPECT_ERROR(m.read(), Fault::data, "[labels]");
  EXPECT_ERROR(m.read(), Fault::diverged, "loss");  // the word is cleared, the value is still there
}

}  // namespace
}  // namespace segue
