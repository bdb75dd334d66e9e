// Slices of images, and concatenations whose parts are written where they will lie: on the CUDA device under host SIMT
// execution, bit for bit what copies give.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "kernels/add.h"
#include "kernels/relu.h"
#include "models/deeplabv3plus.h"
#include "models/layers.h"
#include "runtime/ops.h"
#include "tests/model_steps.h"

namespace segue::testing {
namespace {

constexpr Precision kPrecisions[] = {Precision::f32, Precision::bf16, Precision::fp16};

Context::Options on_cuda(Precision p = Precision::f32) { return {.device = DeviceType::cuda, .precision = p}; }

/// An image whose element i is i: channels that are mistaken are seen.
Tensor counted(Context& c, const Shape& shape) {
  const Tensor t = c.image(shape, "operand");
  std::vector<float> v(size_t(t.count()));
  for (size_t i = 0; i < v.size(); ++i) v[i] = float(i);
  from_host(t, v);
  return t;
}

TEST(Slices, HaveTheirChannelsAndLeaveTheOthers) {
  for (const Precision p : kPrecisions) {
    Context c(on_cuda(p));
    const Tensor image = counted(c, {2, 5, 24});  // all are integers that the types hold
    const std::vector<float> before = to_host(image);
    const Tensor part = image.slice(8, 8), again = image.slice(8, 16).slice(8, 8);
    EXPECT_EQ(part.shape(), (Shape{2, 5, 8}));
    EXPECT_FALSE(part.view().whole());
    EXPECT_EQ(part.bytes(), (9 * 24 + 8) * size_of(part.dtype()));
    const std::vector<float> values = to_host(part), last = to_host(again);
    for (size_t i = 0; i < 80; ++i) {
      EXPECT_EQ(values[i], before[i / 8 * 24 + 8 + i % 8]);
      EXPECT_EQ(last[i], before[i / 8 * 24 + 16 + i % 8]);
    }
    from_host(part, std::vector<float>(80, -1.f));
    const std::vector<float> after = to_host(image);
    for (size_t i = 0; i < 240; ++i) EXPECT_EQ(after[i], i % 24 / 8 == 1 ? -1.f : before[i]) << i;
    const Tensor whole = image.slice(0, 24);
    EXPECT_TRUE(whole.view().whole());
    EXPECT_EQ(image.slice(8, 0).count(), 0);
    EXPECT_THROW(image.slice(4, 8), Error);
    EXPECT_THROW(image.slice(0, 12), Error);
    EXPECT_THROW(image.slice(-8, 8), Error);
    EXPECT_THROW(image.slice(16, 16), Error);
    EXPECT_THROW(part.reshape({80}), Error);
  }
}

TEST(Slices, JoinOnlyWhereTheyAreAllOfAnImage) {
  Context c(on_cuda());
  const Tensor image = counted(c, {2, 3, 40}), other = counted(c, {2, 3, 40});
  const Tensor a = image.slice(0, 8), b = image.slice(8, 24), d = image.slice(32, 8);
  const Tensor all = Tensor::joined({a, b, d});
  ASSERT_TRUE(bool(all));
  EXPECT_TRUE(all.same_memory(image));
  EXPECT_EQ(all.shape(), image.shape());
  EXPECT_TRUE(all.view().dense());
  EXPECT_FALSE(bool(Tensor::joined({a, b})));
  EXPECT_FALSE(bool(Tensor::joined({b, d})));
  EXPECT_FALSE(bool(Tensor::joined({a, d, b})));
  EXPECT_FALSE(bool(Tensor::joined({a, b, other.slice(32, 8)})));
  EXPECT_FALSE(bool(Tensor::joined({a, b, d, d})));
  EXPECT_FALSE(bool(Tensor::joined({image})));
  EXPECT_FALSE(bool(Tensor::joined({})));
  EXPECT_FALSE(bool(Tensor::joined({Tensor()})));
  // A slice whose first channel is not the image's, though its block begins there.
  EXPECT_FALSE(bool(Tensor::joined({image.slice(8, 32)})));
}

TEST(Slices, KernelsReadACopyAndWriteNone) {
  for (const Precision p : kPrecisions) {
    Context c(on_cuda(p));
    const Tensor image = counted(c, {2, 5, 24}), part = image.slice(8, 8), copy = c.whole(part);
    EXPECT_TRUE(copy.view().dense());
    EXPECT_FALSE(copy.same_memory(part));
    EXPECT_EQ(to_host(copy), to_host(part));
    EXPECT_TRUE(c.whole(copy).same_memory(copy));
    const Tensor y = tanh(c, part);
    EXPECT_TRUE(y.view().dense());
    EXPECT_EQ(to_host(y), to_host(tanh(c, copy)));
    EXPECT_EQ(to_host(add(c, part, image.slice(0, 8))), to_host(add(c, copy, c.whole(image.slice(0, 8)))));
    const std::vector<float> before = to_host(image);
    try {
      c.run(SEGUE_KERNEL(relu), copy, out(part));
      ADD_FAILURE() << "expected an error";
    } catch (const Error& e) {
      EXPECT_EQ(std::string(e.what()), "[relu] expects y alone in its memory; got a slice, 8 of 24 lanes");
    }
    EXPECT_THROW(c.run(SEGUE_KERNEL(add), copy, copy, out(part)), Error);
    EXPECT_EQ(to_host(image), before);
  }
}

// The CPU device has no kernel for slices, and says so.
TEST(Slices, AreRefusedOnTheCpu) {
  Context c;
  const Tensor image = counted(c, {2, 5, 24});
  EXPECT_EQ(to_host(image.slice(8, 8))[1], 9.f);
  EXPECT_THROW(tanh(c, image.slice(8, 8)), Error);
  EXPECT_THROW(c.run(SEGUE_KERNEL(relu), image.slice(0, 24), out(image.slice(8, 8))), Error);
}

TEST(Slices, TheNanWatchLooksAtTheirOwnChannels) {
  Context::Options options = on_cuda();
  options.watch_nan = true;
  Context c(options);
  const Tensor image = c.image({1, 4, 4, 24}, "operand"), x = c.image({1, 2, 2, 8}, "operand");
  from_host(image, std::vector<float>(size_t(image.count()), std::numeric_limits<float>::quiet_NaN()));
  std::vector<float> values(size_t(x.count()), 1.f);
  from_host(x, values);
  EXPECT_NO_THROW(resize_bilinear(c, x, 4, 4, false, image.slice(8, 8)));
  values[31] = std::numeric_limits<float>::infinity();
  from_host(x, values);
  EXPECT_THROW(resize_bilinear(c, x, 4, 4, false, image.slice(8, 8)), Error);
}

TEST(Concatenations, HaveRoomOnCudaForWholePacks) {
  Context cuda(on_cuda(Precision::bf16)), cpu;
  EXPECT_EQ(Concatenation(cuda, {1, 2}, {8, 16}).part(1).shape(), (Shape{1, 2, 16}));
  EXPECT_FALSE(bool(Concatenation(cuda, {1, 2}, {8, 19}).part(0)));
  EXPECT_FALSE(bool(Concatenation(cuda, {1, 2}, {24}).part(0)));
  EXPECT_FALSE(bool(Concatenation(cpu, {1, 2}, {8, 16}).part(0)));
  EXPECT_THROW(Concatenation(cuda, {1, 2}, {8, 16}).part(2), Error);
  EXPECT_THROW(Concatenation(cpu, {1, 2}, {8, 16}).part(2), Error);
  // Any image of the right shape is room, on every device.
  for (Context* c : {&cuda, &cpu}) {
    const Tensor room = c->image({1, 2, 2, 8}, "operand");
    const Tensor y = resize_bilinear(*c, counted(*c, {1, 1, 1, 8}), 2, 2, false, room);
    EXPECT_TRUE(y.same_memory(room));
    EXPECT_EQ(to_host(room)[31], 7.f);
  }
  const Concatenation z(cuda, {1, 2, 2}, {8, 16});
  EXPECT_THROW(resize_bilinear(cuda, cuda.image({1, 1, 1, 8}, "operand"), 2, 2, false, z.part(1)), Error);
}

/// Three parts as DeepLabv3+ has them, the first with a residual, and something to read one of them a second time.
struct Joined : Network {
  static constexpr int64_t kHeight = 9, kWidth = 13;

  Joined()
      : stem(*this, "stem", 3, 16, 3, {.pad = 1}, 0.1f, ConvInit::torch),
        conv(*this, "conv", 16, 16, 1, {}, Bias::none, ConvInit::torch),
        norm(*this, "norm", 16, 0.1f),
        rate(*this, "rate", 16, 24, 3, {.pad = 2, .dilation = 2}, 0.1f, ConvInit::torch),
        pool(*this, "pool", 16, 32, 1, {}, 0.1f, ConvInit::torch),
        mix(*this, "mix", 16 + 24 + 32, 8, 3, {.pad = 1}, 0.1f, ConvInit::torch),
        second(*this, "second", 16, 8, 1, {}, Bias::used, ConvInit::torch) {}
  ConvNormRelu stem;
  Conv2d conv;
  BatchNorm norm;
  ConvNormRelu rate, pool, mix;
  Conv2d second;
};

/// What reads a part beside the concatenation; returns what the loss takes.
using Reader = std::function<Tensor(Context&, Joined&, const std::vector<Tensor>& parts)>;

struct Run {
  bool in_place = true, training = true, recompute = false;
  Reader before{}, after{};  ///< on either side of concat(); may be empty
};

struct Outcome {
  std::map<std::string, std::vector<float>> values;
  std::map<std::string, int64_t> calls;
  size_t peak_bytes;
};

Outcome outcome(Precision precision, const Run& run) {
  Context::Options options = on_cuda(precision);
  options.profile = true;
  Context c(options);
  Joined net;
  net.allocate(c);
  net.set_training(run.training);
  Outcome o;
  c.begin_step(0);
  c.reset_profile();
  {
    const int64_t h = Joined::kHeight, w = Joined::kWidth;
    const Tensor x = image_by_formula(c, {2, h, w, 3}, "slices"), y = net.stem(c, x);
    std::optional<Concatenation> z;
    if (run.in_place) z.emplace(c, Shape{2, h, w}, std::vector<int64_t>{16, 24, 32});
    const auto room = [&](size_t i) { return z ? z->part(i) : Tensor(); };
    std::vector<Tensor> parts(3), terms;
    parts[2] = resize_bilinear(c, net.pool(c, mean_pool(c, y)), h, w, false, room(2));
    parts[0] = net.norm(c, net.conv(c, y), true, y, room(0));
    if (run.before) terms.push_back(run.before(c, net, parts));
    const Tensor place = room(1);
    parts[1] =
        run.recompute
            ? checkpoint(c, {y},
                         [&net, place](Context& c, std::vector<Tensor>& in) { return net.rate(c, in[0], place); })
            : net.rate(c, y, place);
    const Tensor joined = concat(c, parts);
    EXPECT_EQ(joined.same_memory(parts[0]), run.in_place);
    if (run.after) terms.push_back(run.after(c, net, parts));
    terms.push_back(net.mix(c, joined));
    o.values["joined"] = to_host(joined);
    Tensor loss;
    for (const Tensor& t : terms) {
      o.values[cat("term ", o.values.size())] = to_host(t);
      const Tensor term = lsgan(c, t, 0.5f);
      loss = loss ? add(c, loss, term) : term;
    }
    parts.clear();
    terms.clear();
    z.reset();
    c.backward(loss);
  }
  for (const Parameter* p : net.parameters())
    if (p->has_grad()) o.values[p->name()] = to_host(p->grad());
  for (const NamedTensor& t : net.named_tensors())
    if (t.name.find("running_") != std::string::npos) o.values[t.name] = host_values(t.view);
  o.peak_bytes = c.step_arena().high_water();
  c.end_step();
  for (const auto& [name, time] : c.profile()) o.calls[name] = time.calls;
  return o;
}

/// The same in place and by copies; returns both.
std::pair<Outcome, Outcome> expect_same_bits(Precision p, Run run, const std::string& what) {
  run.in_place = true;
  Outcome in_place = outcome(p, run);
  run.in_place = run.recompute = false;
  Outcome copied = outcome(p, run);
  EXPECT_GE(copied.values.size(), 18u) << what;
  EXPECT_EQ(in_place.values.size(), copied.values.size()) << what;
  for (const auto& [name, values] : copied.values) {
    EXPECT_TRUE(in_place.values[name] == values) << what << ", " << name_of(p) << ": " << name << " differs";
    double sum = 0;
    for (float v : values) sum += std::abs(double(v));
    EXPECT_TRUE(std::isfinite(sum)) << what << ": " << name;
    EXPECT_TRUE(sum > 0 || name.find("running_mean") != std::string::npos) << what << ": " << name;
  }
  return {in_place, copied};
}

TEST(Concatenations, InPlaceGiveTheBitsOfCopies) {
  for (const Precision p : kPrecisions) {
    auto [in_place, copied] = expect_same_bits(p, {}, "plain");
    EXPECT_EQ(in_place.calls.count("concat") + in_place.calls.count("concat_grad"), 0u);
    EXPECT_EQ(in_place.calls["copy"], copied.calls["copy"]);  // of filters to 16 bits, and of the loss scale
    EXPECT_EQ(copied.calls["concat"], 1);
    EXPECT_EQ(copied.calls["concat_grad"], 3);
    EXPECT_LT(in_place.peak_bytes, copied.peak_bytes);
    expect_same_bits(p, {.training = false}, "frozen statistics");
    expect_same_bits(p, {.recompute = true}, "recomputed");
  }
}

TEST(Concatenations, PartsMayHaveOtherReaders) {
  const std::pair<const char*, Reader> readers[] = {
      {"tanh", [](Context& c, Joined&, const std::vector<Tensor>& parts) { return tanh(c, parts[0]); }},
      {"conv2d", [](Context& c, Joined& net, const std::vector<Tensor>& parts) { return net.second(c, parts[0]); }},
      {"two",
       [](Context& c, Joined& net, const std::vector<Tensor>& parts) {
         return add(c, net.second(c, parts[0]), net.second(c, scale(c, parts[0], 0.5f)));
       }},
      {"dropout", [](Context& c, Joined&,
                     const std::vector<Tensor>& parts) { return dropout(c, parts[0], 0.25f, DropoutMode::element); }},
      {"resize_bilinear",
       [](Context& c, Joined&, const std::vector<Tensor>& parts) { return resize_bilinear(c, parts[0], 5, 20); }},
      {"copying concat",
       [](Context& c, Joined&, const std::vector<Tensor>& parts) {
         return concat(c, {parts[0], parts[2], parts[0]});
       }},
      {"whole",
       [](Context& c, Joined& net, const std::vector<Tensor>& parts) { return net.second(c, c.whole(parts[0])); }},
  };
  for (const auto& [name, reader] : readers)
    for (const Precision p : kPrecisions) {
      expect_same_bits(p, {.before = reader}, cat(name, " in front of concat"));
      expect_same_bits(p, {.after = reader}, cat(name, " behind concat"));
      expect_same_bits(p, {.before = reader, .after = reader}, cat(name, " on both sides"));
    }
  const Reader again = [](Context& c, Joined&, const std::vector<Tensor>& parts) { return concat(c, parts); };
  for (const Precision p : kPrecisions) expect_same_bits(p, {.after = again}, "joined again");
}

/// Calls of every kernel in a step of DeepLabv3+ and in its inference.
std::map<std::string, int64_t> deeplab_calls(Context::Options options, const DeepLabOptions& model) {
  options.profile = true;
  Context c(options);
  DeepLabV3Plus net(model);
  net.allocate(c);
  c.begin_step(0);
  c.reset_profile();
  {
    const Shape images{2, 33, 97, 3};
    const Tensor labels = labels_by_formula(c, {images[0], images[1], images[2]}, model.classes);
    c.backward(upsample_xent(c, net.forward_low(c, image_by_formula(c, images, "slices")).logits, labels, {}, {}, {}));
    net.set_training(false);
    Context::NoGrad no_grad(c);
    net.forward_low(c, image_by_formula(c, images, "slices"));
  }
  c.end_step();
  std::map<std::string, int64_t> calls;
  for (const auto& [name, time] : c.profile()) calls[name] = time.calls;
  return calls;
}

TEST(Concatenations, AreNoKernelsOfDeepLab) {
  const DeepLabOptions os16{.classes = 5, .width = 0.125, .recompute = true};
  const DeepLabOptions os8{.classes = 5, .output_stride = 8, .width = 0.125};
  auto by_copies = deeplab_calls({}, os16);
  EXPECT_EQ(by_copies["concat"], 4);
  EXPECT_EQ(by_copies["concat_grad"], 7);
  for (const auto& [options, model] : {std::pair{on_cuda(), os16}, std::pair{on_cuda(Precision::bf16), os8}}) {
    auto calls = deeplab_calls(options, model);
    EXPECT_EQ(calls["resize_bilinear"], by_copies["resize_bilinear"]);
    EXPECT_EQ(calls["batch_norm_grad"], by_copies["batch_norm_grad"]);
    EXPECT_EQ(calls.count("concat") + calls.count("concat_grad"), 0u);
    EXPECT_EQ(calls["copy"], options.precision == Precision::f32 ? 0 : 1);  // of the filters, to 16 bits
  }
}

}  // namespace
}  // namespace segue::testing
