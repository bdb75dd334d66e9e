#include "dnnl_plan.h"

#include <array>
#include <dnnl.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace segue::kernels::dnnl_plan {
namespace {

using dnnl::memory;
using Key = std::array<int64_t, 16>;

struct Runtime {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
};
Runtime& runtime() {
  static Runtime r;
  return r;
}

/// An operand: as the caller has it, as the primitive wants it, and the way from one to the other.
struct Layout {
  memory::desc outside, inside;
  dnnl::reorder change;  // empty where both agree
  size_t bytes = 0;      // of the inside copy, if there is one
  bool same() const { return bytes == 0; }
};

size_t padded(size_t bytes) { return (bytes + 63) / 64 * 64; }

/// `sum` adds into the target instead of overwriting it.
Layout layout(const memory::desc& outside, const memory::desc& inside, bool inwards, bool sum = false) {
  Layout l{outside, inside, {}, 0};
  if (outside == inside && !sum) return l;
  dnnl::primitive_attr attr;
  if (sum) {
    dnnl::post_ops post;
    post.append_sum(1.f);
    attr.set_post_ops(post);
  }
  auto& e = runtime().engine;
  l.change = dnnl::reorder(inwards ? dnnl::reorder::primitive_desc(e, outside, e, inside, attr)
                                   : dnnl::reorder::primitive_desc(e, inside, e, outside, attr));
  l.bytes = padded(inside.get_size());
  return l;
}

struct Plan {
  dnnl::primitive primitive;
  Layout x, w, y;
  size_t work_bytes = 0;
  size_t scratch_bytes() const { return x.bytes + w.bytes + y.bytes + padded(work_bytes); }
};

Plan make(Op op, const conv::Problem& f, bool bias, bool accumulate) {
  using dnnl::algorithm;
  using tag = memory::format_tag;
  const auto f32 = memory::data_type::f32;
  const memory::dims x{f.n, f.c, f.h, f.w}, w{f.k, f.c, f.r, f.s}, y{f.n, f.k, f.p, f.q}, b{f.k};
  const memory::dims stride{f.stride, f.stride}, dilation{f.dilation - 1, f.dilation - 1}, before{f.pad, f.pad};
  // What the last window leaves over on the far side is not part of oneDNN's padding.
  const memory::dims after{(f.p - 1) * f.stride + f.dilation * (f.r - 1) + 1 - f.h - f.pad,
                           (f.q - 1) * f.stride + f.dilation * (f.s - 1) + 1 - f.w - f.pad};
  // 2.6 writes out of bounds for few nhwc channels under 1x1 filters with a stride: let it choose there.
  const bool free_x = op == Op::filter_gradient && f.c < 16;
  const memory::desc x_plain(x, f32, tag::nhwc), y_plain(y, f32, tag::nhwc), w_plain(w, f32, tag::ohwi);
  const memory::desc x_any(x, f32, free_x ? tag::any : tag::nhwc), w_any(w, f32, tag::any);
  const memory::desc b_plain = bias ? memory::desc(b, f32, tag::x) : memory::desc();
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  auto& e = runtime().engine;
  const auto direct = algorithm::convolution_direct;
  const dnnl::convolution_forward::primitive_desc hint(
      {dnnl::prop_kind::forward_training, direct, x_any, w_any, b_plain, y_plain, stride, dilation, before, after},
      attr, e);
  Plan plan;
  const auto fill = [&](const auto& pd, auto primitive, const memory::desc& xi, const memory::desc& wi,
                        const memory::desc& yi) {
    plan.primitive = primitive;
    plan.x = layout(x_plain, xi, op != Op::input_gradient, accumulate && op == Op::input_gradient);
    plan.w = layout(w_plain, wi, op != Op::filter_gradient, accumulate && op == Op::filter_gradient);
    plan.y = layout(y_plain, yi, op != Op::forward, accumulate && op == Op::forward);
    plan.work_bytes = pd.scratchpad_desc().get_size();
  };
  switch (op) {
    case Op::forward:
      fill(hint, dnnl::convolution_forward(hint), hint.src_desc(), hint.weights_desc(), hint.dst_desc());
      break;
    case Op::input_gradient: {
      const dnnl::convolution_backward_data::primitive_desc pd(
          {direct, x_any, w_any, y_plain, stride, dilation, before, after}, attr, e, hint);
      fill(pd, dnnl::convolution_backward_data(pd), pd.diff_src_desc(), pd.weights_desc(), pd.diff_dst_desc());
      break;
    }
    case Op::filter_gradient: {
      const dnnl::convolution_backward_weights::primitive_desc pd(
          {direct, x_any, w_any, y_plain, stride, dilation, before, after}, attr, e, hint);
      fill(pd, dnnl::convolution_backward_weights(pd), pd.src_desc(), pd.diff_weights_desc(), pd.diff_dst_desc());
      break;
    }
  }
  return plan;
}

const Plan& plan_for(Op op, const conv::Problem& f, bool bias, bool accumulate) {
  static std::mutex mutex;
  static std::map<Key, std::unique_ptr<Plan>> plans;
  const Key key{int64_t(op), f.n, f.h,      f.w,   f.c,        f.k,  f.r,        f.s,
                f.p,         f.q, f.stride, f.pad, f.dilation, bias, accumulate, conv::thread_count()};
  const std::lock_guard<std::mutex> lock(mutex);
  auto& slot = plans[key];
  if (!slot) slot = std::make_unique<Plan>(make(op, f, bias, accumulate));
  return *slot;
}

}  // namespace

void run(const CpuExec& exec, Op op, const conv::Problem& f, const Operands& o, bool accumulate) try {
  const Plan& plan = plan_for(op, f, o.bias != nullptr, accumulate);
  auto& [engine, stream] = runtime();
  char* room = plan.scratch_bytes() ? static_cast<char*>(exec.scratch->get(plan.scratch_bytes())) : nullptr;
  std::unordered_map<int, memory> args;
  std::vector<std::pair<const Layout*, std::pair<memory, memory>>> after;  // inside, outside
  const auto bind = [&](int arg, const Layout& l, float* data, bool read) {
    memory outside(l.outside, engine, data);
    if (l.same()) return void(args[arg] = outside);
    memory inside(l.inside, engine, room);
    room += l.bytes;
    if (read)
      l.change.execute(stream, outside, inside);
    else
      after.push_back({&l, {inside, outside}});
    args[arg] = inside;
  };
  bind(op == Op::input_gradient ? DNNL_ARG_DIFF_SRC : DNNL_ARG_SRC, plan.x, o.x, op != Op::input_gradient);
  bind(op == Op::filter_gradient ? DNNL_ARG_DIFF_WEIGHTS : DNNL_ARG_WEIGHTS, plan.w, o.w, op != Op::filter_gradient);
  bind(op == Op::forward ? DNNL_ARG_DST : DNNL_ARG_DIFF_DST, plan.y, o.y, op != Op::forward);
  if (o.bias)
    args[DNNL_ARG_BIAS] =
        memory(memory::desc({f.k}, memory::data_type::f32, memory::format_tag::x), engine, const_cast<float*>(o.bias));
  if (plan.work_bytes)
    args[DNNL_ARG_SCRATCHPAD] =
        memory(memory::desc({int64_t(plan.work_bytes)}, memory::data_type::u8, memory::format_tag::x), engine, room);
  plan.primitive.execute(stream, args);
  for (auto& [l, pair] : after) l->change.execute(stream, pair.first, pair.second);
  stream.wait();
} catch (const dnnl::error& e) {
  fail(Fault::device, "dnnl", "convolution refused: ", e.message, " (status ", int(e.status), ")");
}

bool prefers(Op, const conv::Problem&) { return false; }

std::string version() {
  const dnnl_version_t* v = dnnl_version();
  return cat(v->major, '.', v->minor, '.', v->patch);
}

}  // namespace segue::kernels::dnnl_plan
