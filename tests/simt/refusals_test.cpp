// What launchers refuse.
#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "kernels/add.h"
#include "kernels/batch_norm.h"
#include "kernels/bce_logits.h"
#include "kernels/bias.h"
#include "kernels/concat.h"
#include "kernels/crop.h"
#include "kernels/cutmix.h"
#include "kernels/dropout.h"
#include "kernels/fill.h"
#include "kernels/flip.h"
#include "kernels/kl_div.h"
#include "kernels/l1.h"
#include "kernels/label_norm.h"
#include "kernels/leaky_relu.h"
#include "kernels/lerp.h"
#include "kernels/loss_scale.h"
#include "kernels/lsgan.h"
#include "kernels/max_pool.h"
#include "kernels/mean_pool.h"
#include "kernels/pad_constant.h"
#include "kernels/pad_reflect.h"
#include "kernels/pseudo_label.h"
#include "kernels/relu.h"
#include "kernels/resize_bilinear.h"
#include "kernels/scale.h"
#include "kernels/sgd.h"
#include "kernels/sigmoid.h"
#include "kernels/softmax.h"
#include "kernels/softmax_entropy.h"
#include "kernels/softmax_xent.h"
#include "kernels/tanh.h"
#include "tests/check_case.h"

namespace segue {
namespace {

TEST(SimtRefusals, ShapesTypesAndPitches) {
  cases::Buffer a(Shape{2, 19}, DType::f32, 24), b(Shape{2, 19}, DType::f32, 19), c(Shape{2, 18}, DType::f32, 24);
  cases::Buffer bytes(Shape{2, 19}, DType::u8, 24), bf16(Shape{2, 19}, DType::bf16, 24), map(Shape{2}, DType::f32);
  cases::Buffer wide(Shape{2, 257}, DType::f32);
  const CudaExec e{};
  EXPECT_THROW(kernels::relu(e, a.view(), b.view()), Error);
  EXPECT_THROW(kernels::relu(e, a.view(), c.view()), Error);
  EXPECT_THROW(kernels::relu(e, a.view(), bf16.view()), Error);
  EXPECT_THROW(kernels::relu(e, bytes.view(), bytes.view()), Error);
  EXPECT_THROW(kernels::softmax_entropy(e, a.view(), b.view()), Error);
  EXPECT_THROW(kernels::softmax_entropy(e, wide.view(), map.view()), Error);
  EXPECT_THROW(kernels::softmax_entropy_grad(e, a.view(), map.view(), b.view()), Error);
  EXPECT_THROW(kernels::softmax_information(e, a.view(), bf16.view()), Error);
  EXPECT_NO_THROW(kernels::relu(e, bf16.view(), bf16.view()));
}

/// An operand (N,H,W,19), and others that each differ from it in one way.
struct Operand {
  explicit Operand(const Shape& s)
      : good(cases::constant(s, 1), DType::f32, 24),
        dense(s, DType::f32),
        half(s, DType::f16, 24),
        fewer({s[0], s[1], s[2], 18}, DType::f32, 24),
        bytes(s, DType::u8, 24),
        flat({s[0] * s[1], s[2], s[3]}, DType::f32, 24) {}

  /// In pitch, type or channels, and no tensor at all: what does not go with `good`.
  std::vector<View> others() { return {dense.view(), half.view(), fewer.view(), View()}; }

  cases::Buffer good, dense, half, fewer, bytes, flat;
};

// A slice of a wider image goes with x without padding lanes alone, and not in the memory of another operand.
TEST(SimtRefusals, SlicesOfNorms) {
  const Shape shape{2, 3, 4, 16}, wide{2, 3, 4, 24};
  cases::Buffer x(cases::constant(shape, 1), DType::f32), padded(cases::constant(shape, 1), DType::f32, 24);
  cases::Buffer image(cases::constant(wide, 1), DType::f32), one(cases::constant({16}, 1), DType::f32);
  cases::Buffer two(cases::constant({2, 16}, 1), DType::f32), twice(cases::constant(wide, 1), DType::f32);
  testing::HostScratch scratch;
  const CudaExec e{nullptr, &scratch};
  const View c = one.view(), none, v = image.view(), slice = v.slice(0, 16);
  const View further = twice.view().slice(8, 16), narrow(v.data, shape, DType::f32, 8);
  const auto infer = [&](const View& from, const View& residual, const View& to) {
    kernels::batch_norm_infer(e, from, c, c, c, c, residual, to, {});
  };
  EXPECT_NO_THROW(infer(x.view(), none, slice));
  EXPECT_NO_THROW(infer(padded.view(), none, View(v.data, shape, DType::f32, 24)));  // at one pitch
  EXPECT_THROW(infer(padded.view(), none, slice), Error);  // would write the padding lanes of x there
  EXPECT_THROW(infer(padded.view(), none, further), Error);
  EXPECT_THROW(infer(x.view(), none, narrow), Error);
  EXPECT_THROW(infer(x.view(), slice, x.view()), Error);
  const View dense_of_slice(v.data, shape, DType::f32);
  EXPECT_THROW(infer(dense_of_slice, none, slice), Error);
  EXPECT_THROW(infer(x.view(), dense_of_slice, slice), Error);
  const auto grad = [&](const View& dy, const View& from, const View& y, const View& dx, const View& dresidual) {
    kernels::batch_norm_grad(e, dy, from, y, c, c, two.view(), c, dx, none, false, none, false, dresidual,
                             {.relu = true});
  };
  cases::Buffer a(shape, DType::f32), b(shape, DType::f32);
  EXPECT_NO_THROW(grad(slice, x.view(), slice, a.view(), b.view()));
  EXPECT_NO_THROW(grad(a.view(), x.view(), slice, a.view(), b.view()));
  EXPECT_THROW(grad(further, padded.view(), none, View(v.data, shape, DType::f32, 24), none), Error);
  EXPECT_THROW(grad(padded.view(), padded.view(), further, slice, none), Error);
  EXPECT_THROW(grad(slice, x.view(), none, dense_of_slice, none), Error);
  EXPECT_THROW(grad(slice, x.view(), slice, a.view(), dense_of_slice), Error);
  EXPECT_THROW(grad(slice, x.view(), none, slice, none), Error);
}

TEST(SimtRefusals, ElementwiseOps) {
  using F = std::function<void(const CudaExec&, const View&, const View&)>;
  using Gradient = std::function<void(const CudaExec&, const View&, const View&, const View&)>;
  cases::Buffer one(cases::constant({}, 1), DType::f32), step(cases::constant({}, 0), DType::u64);
  const View s = one.view(), of_step = step.view();
  const auto element = DropoutMode::element;
  const std::map<std::string, F> of_two = {
      {"tanh", [](auto& e, auto& x, auto& y) { kernels::tanh(e, x, y); }},
      {"sigmoid", [](auto& e, auto& x, auto& y) { kernels::sigmoid(e, x, y); }},
      {"softmax", [](auto& e, auto& x, auto& y) { kernels::softmax(e, x, y); }},
      {"leaky_relu", [](auto& e, auto& x, auto& y) { kernels::leaky_relu(e, x, y, 0.2f); }},
      {"scale", [](auto& e, auto& x, auto& y) { kernels::scale(e, x, 2, y); }},
      {"scale_by", [=](auto& e, auto& x, auto& y) { kernels::scale_by(e, x, s, y); }},
      {"dropout", [=](auto& e, auto& x, auto& y) { kernels::dropout(e, x, y, 0.5f, element, {}, of_step); }},
      {"dropout_grad", [=](auto& e, auto& x, auto& y) { kernels::dropout_grad(e, x, y, 0.5f, element, {}, of_step); }},
  };
  const std::map<std::string, Gradient> of_three = {
      {"add", [](auto& e, auto& a, auto& b, auto& y) { kernels::add(e, a, b, y); }},
      {"relu_grad", [](auto& e, auto& a, auto& b, auto& y) { kernels::relu_grad(e, a, b, y); }},
      {"leaky_relu_grad", [](auto& e, auto& a, auto& b, auto& y) { kernels::leaky_relu_grad(e, a, b, y, 0.2f); }},
      {"tanh_grad", [](auto& e, auto& a, auto& b, auto& y) { kernels::tanh_grad(e, a, b, y); }},
      {"sigmoid_grad", [](auto& e, auto& a, auto& b, auto& y) { kernels::sigmoid_grad(e, a, b, y); }},
      {"softmax_grad", [](auto& e, auto& a, auto& b, auto& y) { kernels::softmax_grad(e, a, b, y); }},
      {"softmax_information_grad",
       [](auto& e, auto& a, auto& b, auto& y) { kernels::softmax_information_grad(e, a, b, y); }},
  };
  const CudaExec e{};
  Operand o({1, 4, 6, 19});
  const View x = o.good.view();
  for (const auto& [name, launch] : of_two) {
    EXPECT_NO_THROW(launch(e, x, x)) << name;
    for (const View& other : o.others()) {
      EXPECT_THROW(launch(e, x, other), Error) << name;
      EXPECT_THROW(launch(e, other, x), Error) << name;
    }
    EXPECT_THROW(launch(e, o.bytes.view(), o.bytes.view()), Error) << name;
  }
  for (const auto& [name, launch] : of_three) {
    EXPECT_NO_THROW(launch(e, x, x, x)) << name;
    for (const View& other : o.others()) {
      EXPECT_THROW(launch(e, other, x, x), Error) << name;
      EXPECT_THROW(launch(e, x, other, x), Error) << name;
      EXPECT_THROW(launch(e, x, x, other), Error) << name;
    }
    EXPECT_THROW(launch(e, o.bytes.view(), o.bytes.view(), o.bytes.view()), Error) << name;
  }
  EXPECT_THROW(kernels::fill(e, o.bytes.view(), 1), Error);
  EXPECT_THROW(kernels::scale_by(e, x, of_step, x), Error) << "a factor of another type";
  EXPECT_THROW(kernels::scale_by(e, x, x, x), Error) << "a factor that is no scalar";
  for (float slope : {0.f, -1.f}) {
    EXPECT_THROW(kernels::leaky_relu(e, x, x, slope), Error) << slope;
    EXPECT_THROW(kernels::leaky_relu_grad(e, x, x, x, slope), Error) << slope;
  }
  for (float rate : {-0.1f, 1.f}) EXPECT_THROW(kernels::dropout(e, x, x, rate, element, {}, of_step), Error) << rate;
  EXPECT_THROW(kernels::dropout(e, x, x, 0.5f, element, {}, s), Error) << "a step of another type";
  cases::Buffer row(Shape{19}, DType::f32, 24);
  EXPECT_THROW(kernels::dropout(e, row.view(), row.view(), 0.5f, DropoutMode::channel, {}, of_step), Error);
}

// A copy takes what others refuse: other types and pitches. Its limit is bytes and shapes.
TEST(SimtRefusals, CopiesAndAverages) {
  const CudaExec e{};
  Operand o({1, 4, 6, 19});
  EXPECT_NO_THROW(kernels::fill(e, o.good.view(), 1));
  EXPECT_NO_THROW(kernels::copy(e, o.good.view(), o.dense.view()));
  EXPECT_NO_THROW(kernels::copy(e, o.good.view(), o.half.view()));
  EXPECT_THROW(kernels::copy(e, o.good.view(), o.fewer.view()), Error);
  EXPECT_THROW(kernels::copy(e, o.good.view(), o.bytes.view()), Error);
  EXPECT_THROW(kernels::copy(e, o.bytes.view(), o.good.view()), Error);
  cases::Buffer y(Shape{40}, DType::f32), fewer(Shape{39}, DType::f32), twin(Shape{40}, DType::bf16);
  cases::Buffer few(Shape{39}, DType::bf16), weight(cases::constant({}, 0.5), DType::f32);
  const auto lerp = [&](cases::Buffer& to, cases::Buffer& from, cases::Buffer& share, const View& rounded) {
    kernels::lerp(e, to.view(), from.view(), share.view(), rounded);
  };
  kernels::fill(e, y.view(), 1);
  EXPECT_NO_THROW(lerp(y, y, weight, twin.view()));
  EXPECT_THROW(lerp(y, fewer, weight, View()), Error);
  EXPECT_THROW(lerp(y, y, y, View()), Error) << "a weight that is no scalar";
  EXPECT_THROW(lerp(y, twin, weight, View()), Error);
  EXPECT_THROW(lerp(twin, y, weight, View()), Error);
  EXPECT_THROW(lerp(y, y, weight, few.view()), Error);
  EXPECT_THROW(lerp(y, y, weight, y.view()), Error) << "a twin of f32";
}

TEST(SimtRefusals, Geometry) {
  using F = std::function<void(const CudaExec&, const View&, const View&)>;
  struct Op {
    const char* name;
    Shape from, to;
    F launch;
  };
  const Shape image{1, 4, 6, 19}, pooled{1, 2, 3, 19}, mirrored{1, 8, 10, 19}, resized{1, 7, 5, 19}, one{1, 1, 1, 19};
  cases::Buffer taken(cases::constant(pooled, 0), DType::u8);
  const View argmax = taken.view();
  const MaxPoolOptions pool{.kernel = 2, .stride = 2, .pad = 0};
  const std::vector<Op> ops = {
      {"flip", image, image, [](auto& e, auto& x, auto& y) { kernels::flip(e, x, y); }},
      {"crop", image, pooled,
       [](auto& e, auto& x, auto& y) {
         kernels::crop(e, x, y, {1, 2, 2, 3});
       }},
      {"pad_constant", image, mirrored,
       [](auto& e, auto& x, auto& y) {
         kernels::pad_constant(e, x, y, {1, 3, 2, 2}, 0);
       }},
      {"pad_reflect", image, mirrored, [](auto& e, auto& x, auto& y) { kernels::pad_reflect(e, x, y, 2); }},
      {"pad_reflect_grad", mirrored, image, [](auto& e, auto& x, auto& y) { kernels::pad_reflect_grad(e, x, y, 2); }},
      {"mean_pool", image, one, [](auto& e, auto& x, auto& y) { kernels::mean_pool(e, x, y); }},
      {"mean_pool_grad", one, image, [](auto& e, auto& x, auto& y) { kernels::mean_pool_grad(e, x, y, false); }},
      {"max_pool", image, pooled, [=](auto& e, auto& x, auto& y) { kernels::max_pool(e, x, y, argmax, pool); }},
      {"max_pool_grad", pooled, image,
       [=](auto& e, auto& x, auto& y) { kernels::max_pool_grad(e, x, argmax, y, pool, false); }},
      {"resize_bilinear", image, resized, [](auto& e, auto& x, auto& y) { kernels::resize_bilinear(e, x, y, false); }},
      {"resize_bilinear_grad", resized, image,
       [](auto& e, auto& x, auto& y) { kernels::resize_bilinear_grad(e, x, y, false, false); }},
  };
  testing::HostScratch scratch;
  const CudaExec e{.scratch = &scratch};
  for (const Op& op : ops) {
    SCOPED_TRACE(op.name);
    Operand from(op.from), to(op.to);
    const View x = from.good.view(), y = to.good.view();
    EXPECT_NO_THROW(op.launch(e, x, y));
    for (const View& other : from.others()) EXPECT_THROW(op.launch(e, other, y), Error);
    for (const View& other : to.others()) EXPECT_THROW(op.launch(e, x, other), Error);
    EXPECT_THROW(op.launch(e, from.bytes.view(), to.bytes.view()), Error);
    EXPECT_THROW(op.launch(e, from.flat.view(), to.flat.view()), Error) << "not images";
  }
  Operand x(image), y(pooled), large(mirrored);
  const View from = x.good.view(), to = y.good.view(), around = large.good.view();
  for (const Window& w : {Window{3, 2, 2, 3}, Window{1, 4, 2, 3}, Window{-1, 0, 2, 3}, Window{0, 0, 2, 2}})
    EXPECT_THROW(kernels::crop(e, from, to, w), Error);
  for (const Padding& p : {Padding{-1, 5, 2, 2}, Padding{1, 3, 2, 1}})
    EXPECT_THROW(kernels::pad_constant(e, from, around, p, 0), Error);
  for (int64_t pad : {-1, 1, 3, 4}) {
    EXPECT_THROW(kernels::pad_reflect(e, from, around, pad), Error) << pad;
    EXPECT_THROW(kernels::pad_reflect_grad(e, around, from, pad), Error) << pad;
  }
  EXPECT_THROW(kernels::mean_pool(e, from, to), Error);
  EXPECT_THROW(kernels::mean_pool_grad(e, to, from, false), Error);
  for (const MaxPoolOptions& o : {MaxPoolOptions{0, 2, 0}, MaxPoolOptions{17, 2, 0}, MaxPoolOptions{2, 0, 0},
                                  MaxPoolOptions{2, 2, 2}, MaxPoolOptions{2, 1, 0}}) {
    EXPECT_THROW(kernels::max_pool(e, from, to, argmax, o), Error);
    EXPECT_THROW(kernels::max_pool_grad(e, to, argmax, from, o, false), Error);
  }
  EXPECT_THROW(kernels::max_pool(e, from, to, to, pool), Error) << "an argmax of another type";
  EXPECT_THROW(kernels::max_pool_grad(e, to, View(), from, pool, false), Error);
}

TEST(SimtRefusals, Channels) {
  testing::HostScratch scratch;
  const CudaExec e{.scratch = &scratch};
  const Shape image{1, 4, 6, 19};
  Operand o(image);
  const View x = o.good.view();
  cases::Buffer b(cases::constant({19}, 1), DType::f32), fewer(cases::constant({18}, 1), DType::f32);
  cases::Buffer half(cases::constant({19}, 1), DType::f16), pair(Shape{1, 4, 6, 38}, DType::f32, 40);
  EXPECT_NO_THROW(kernels::bias(e, x, b.view(), x));
  EXPECT_NO_THROW(kernels::bias_grad(e, x, b.view(), false));
  for (const View& other : {fewer.view(), half.view(), View()}) {
    EXPECT_THROW(kernels::bias(e, x, other, x), Error);
    EXPECT_THROW(kernels::bias_grad(e, x, other, false), Error);
  }
  for (const View& other : o.others()) EXPECT_THROW(kernels::bias(e, x, b.view(), other), Error);
  EXPECT_THROW(kernels::bias(e, o.bytes.view(), b.view(), o.bytes.view()), Error);
  EXPECT_THROW(kernels::bias_grad(e, o.bytes.view(), b.view(), false), Error);

  const View y = pair.view();
  EXPECT_NO_THROW(kernels::concat(e, {x, x}, y));
  EXPECT_NO_THROW(kernels::concat_grad(e, y, 19, x, false));
  EXPECT_THROW(kernels::concat(e, {}, y), Error);
  EXPECT_THROW(kernels::concat(e, {x}, y), Error);
  EXPECT_THROW(kernels::concat(e, {x, o.half.view()}, y), Error);
  EXPECT_THROW(kernels::concat(e, {x, o.flat.view()}, y), Error);
  EXPECT_THROW(kernels::concat(e, {x, View()}, y), Error);
  EXPECT_THROW(kernels::concat(e, {o.bytes.view()}, o.bytes.view()), Error);
  for (int64_t first : {-1, 20}) EXPECT_THROW(kernels::concat_grad(e, y, first, x, false), Error) << first;
  for (const View& part : {o.half.view(), o.flat.view(), View()})
    EXPECT_THROW(kernels::concat_grad(e, y, 0, part, false), Error);
}

TEST(SimtRefusals, Optimisers) {
  cases::Buffer w(Shape{50}, DType::f32), twin(Shape{50}, DType::bf16), few(Shape{49}, DType::bf16);
  cases::Array whole({1, 3});
  whole.v = {0, 50, 0};
  cases::Buffer ranges(whole, DType::i64), one(cases::constant({}, 1), DType::f32);
  testing::HostScratch scratch;
  const auto sgd = [&](const auto& exec, const View& m, const View& rounded, const View& square, const View& norm,
                       const View& scale) {
    kernels::sgd(exec, w.view(), w.view(), m, rounded, ranges.view(), one.view(), one.view(), square, norm, scale,
                 {.momentum = m ? 0.9f : 0.f});
  };
  const CudaExec e{};
  const View none, x = one.view();
  EXPECT_NO_THROW(sgd(e, w.view(), twin.view(), x, none, x));
  EXPECT_THROW(sgd(e, few.view(), none, none, none, none), Error);
  EXPECT_THROW(sgd(e, none, w.view(), none, none, none), Error) << "a twin of f32";
  EXPECT_THROW(sgd(e, none, few.view(), none, none, none), Error) << "a twin of another size";
  EXPECT_THROW(sgd(e, none, none, none, none, x), Error) << "a loss scale without square_sum";
  EXPECT_THROW(sgd(e, none, none, none, x, none), Error);
  EXPECT_THROW(sgd(e, none, none, x, none, none), Error);
  EXPECT_THROW(sgd(CpuExec{&scratch}, none, twin.view(), none, none, none), Error) << "a twin on the CPU";
  EXPECT_THROW(kernels::loss_scale(e, x, x, x, {}), Error);
  cases::Buffer steps(cases::constant({}, 0), DType::i32);
  EXPECT_THROW(kernels::loss_scale(e, x, steps.view(), x, {.growth_interval = 0}), Error);
  EXPECT_THROW(kernels::loss_scale(e, x, steps.view(), x, {.backoff = 2}), Error);
}

TEST(SimtRefusals, Losses) {
  cases::Buffer a(Shape{2, 19}, DType::f32, 24), dense(Shape{2, 19}, DType::f32), half(Shape{2, 19}, DType::f16, 24);
  cases::Buffer empty(Shape{0, 19}, DType::f32, 24), wide(Shape{2, 257}, DType::f32), bytes(Shape{2, 19}, DType::u8);
  cases::Buffer one(cases::constant({}, 1), DType::f32), status(cases::constant({}, 0), DType::u32);
  cases::Buffer labels(Shape{2}, DType::u8), more(Shape{3}, DType::u8), thresholds(Shape{19}, DType::f32);
  testing::HostScratch scratch;
  const CudaExec e{.scratch = &scratch};
  const View x = a.view(), y = one.view(), none;
  EXPECT_THROW(kernels::l1(e, x, dense.view(), y, none), Error);
  EXPECT_THROW(kernels::l1(e, x, half.view(), y, none), Error);
  EXPECT_THROW(kernels::l1(e, x, x, y, dense.view()), Error);
  EXPECT_THROW(kernels::l1(e, empty.view(), empty.view(), y, none), Error);
  EXPECT_THROW(kernels::lsgan(e, bytes.view(), 1, y, none), Error);
  EXPECT_THROW(kernels::lsgan(e, x, 1, status.view(), none), Error);
  EXPECT_THROW(kernels::bce_logits(e, x, 1.5f, y, none), Error);
  EXPECT_THROW(kernels::kl_div(e, x, dense.view(), none, y, none), Error);
  EXPECT_THROW(kernels::kl_div(e, empty.view(), empty.view(), none, y, none), Error);
  EXPECT_THROW(kernels::kl_div(e, wide.view(), wide.view(), none, y, none), Error);
  const auto xent = [&](const View& logits, const View& truth, const View& d) {
    kernels::softmax_xent(e, logits, truth, none, none, y, y, d, status.view(), {});
  };
  EXPECT_THROW(xent(x, more.view(), none), Error);
  EXPECT_THROW(xent(x, labels.view(), dense.view()), Error);
  EXPECT_THROW(xent(wide.view(), labels.view(), none), Error);
  EXPECT_THROW(kernels::label_norm(e, labels.view(), none, none, y, status.view(), 257, {}), Error);
  EXPECT_THROW(kernels::pseudo_label(e, wide.view(), thresholds.view(), labels.view(), none, none), Error);
  EXPECT_THROW(kernels::pseudo_label(e, x, y, labels.view(), none, none), Error);
  EXPECT_THROW(kernels::pseudo_label(e, x, thresholds.view(), more.view(), none, none), Error);
  EXPECT_THROW(kernels::pseudo_label(e, x, thresholds.view(), labels.view(), none, x), Error);
}

TEST(SimtRefusals, Cutmix) {
  cases::Buffer image(Shape{1, 2, 3, 3}, DType::bf16, 8), dense(Shape{1, 2, 3, 3}, DType::bf16);
  cases::Buffer label(cases::constant({1, 2, 3}, 0), DType::u8), status(cases::constant({}, 0), DType::u32);
  cases::Buffer boxes(cases::constant({1, 4}, 0), DType::i32), mask(cases::constant({19}, 0), DType::u8);
  const auto mix = [&](const View& a, const View& box, const View& classes) {
    kernels::cutmix(CudaExec{}, {a, label.view(), View()}, {image.view(), label.view(), View()}, box, classes,
                    image.view(), label.view(), View(), status.view(), {});
  };
  EXPECT_NO_THROW(mix(image.view(), boxes.view(), View()));
  EXPECT_NO_THROW(mix(image.view(), View(), mask.view()));
  EXPECT_THROW(mix(dense.view(), boxes.view(), View()), Error);
  EXPECT_THROW(mix(image.view(), boxes.view(), mask.view()), Error);
  EXPECT_THROW(mix(image.view(), View(), View()), Error);
  EXPECT_THROW(mix(image.view(), mask.view(), View()), Error);
  EXPECT_THROW(mix(image.view(), View(), boxes.view()), Error);
}

}  // namespace
}  // namespace segue
