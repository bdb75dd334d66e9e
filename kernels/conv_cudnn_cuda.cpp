#include <cstdint>

#include "conv_cudnn.h"
#include "conv_phases.h"
#include "conv_plans.h"
#include "filter_layout.h"
#include "phases.h"

namespace segue::kernels::conv {
namespace {

constexpr size_t kAlignBytes = 256;

bool aligned16(const void* p) { return reinterpret_cast<uintptr_t>(p) % 16 == 0; }

void check_type(const char* where, DType dtype) {
  require(dtype == DType::f32 || dtype == DType::bf16 || dtype == DType::f16, where, "expects f32, bf16 or f16; got ",
          dtype);
}

void check_image(const char* where, const char* what, const View& v, DType dtype) {
  check_pitched(v, where, what, dtype, v.shape);
  require(aligned16(v.data), where, "expects ", what, " at an address that is a multiple of 16; got ", v.data);
}

/// The call as cuDNN gets it: over all lanes of a pixel, padding included. Zero filters make padding lanes zero.
ConvCall call_of(const CudaExec& exec, ConvOp op, const Problem& problem, const View& x, const View& y,
                 ConvEpilogue epilogue) {
  ConvCall call{op, problem, x.dtype, x.dtype != DType::f32 || exec.precision != Precision::f32, epilogue};
  call.problem.c = x.pitch;
  call.problem.k = y.pitch;
  return call;
}

/// Of all phases of images like `v`, `pixels` in all.
size_t phase_bytes(int64_t factor, int64_t pixels, const View& v) {
  return factor > 1 ? size_t(pixels * v.pitch * size_of(v.dtype)) : 0;
}

/// All phases of images like `v`, at `data`.
View phases_of(const View& v, int64_t factor, int64_t height, int64_t width, void* data) {
  return View(data, {v.shape[0] * factor * factor, height, width, v.shape[3]}, v.dtype, v.pitch);
}

/// Working memory of a launch: sizes first, one request, then addresses.
class Layout {
 public:
  /// Returns the offset of a piece.
  size_t add(size_t bytes) {
    const size_t at = bytes_;
    bytes_ += (bytes + kAlignBytes - 1) / kAlignBytes * kAlignBytes;
    return at;
  }
  void allocate(const CudaExec& exec) {
    if (bytes_) base_ = static_cast<char*>(exec.scratch->get(bytes_));
  }
  void* at(size_t offset) const { return base_ + offset; }

 private:
  size_t bytes_ = 0;
  char* base_ = nullptr;
};

/// What forward and input_gradient have in common: images and filters in, images out, with an optional bias over `to`.
void images(const CudaExec& exec, const char* where, ConvOp op, const Problem& problem, const View& from, const View& w,
            const View& bias, const View& to, bool accumulate) {
  check_type(where, from.dtype);
  check_dense(w, where, "w", from.dtype);
  const View &x = op == ConvOp::forward ? from : to, &y = op == ConvOp::forward ? to : from;
  check_image(where, "images", from, from.dtype);
  check_image(where, "results", to, from.dtype);
  if (bias) check_view(bias, where, "bias", DType::f32, {to.channels()});
  require(!bias || !accumulate, where, "expects a bias or accumulation; got both");
  require(exec.plans != nullptr, where, "expects plans; got none");

  ConvCall call = call_of(exec, op, problem, x, y, bias ? ConvEpilogue::bias : ConvEpilogue::store);
  const int64_t factor = put_over_phases(call, exec.plans->reach(op, call.dtype));
  ConvPlans::Plan* plan = nullptr;
  if (bias && op == ConvOp::forward) plan = exec.plans->find(call, exec.stream);
  // Where no engine adds a bias, results that start as the bias come to the same.
  if ((bias && !plan) || accumulate) call.epilogue = ConvEpilogue::add;
  if (!plan) plan = &exec.plans->get(call, exec.stream);

  const bool repack = w.shape[0] != call.problem.k || w.shape[3] != call.problem.c || !aligned16(w.data);
  const bool fused_bias = call.epilogue == ConvEpilogue::bias;
  const bool recast = fused_bias && (to.dtype != DType::f32 || !to.dense() || !aligned16(bias.data));
  const auto& f = call.problem;
  Layout layout;
  const size_t w_at = layout.add(repack ? size_t(f.k * f.r * f.s * f.c * size_of(w.dtype)) : 0);
  const size_t bias_at = layout.add(recast ? size_t(to.pitch * size_of(to.dtype)) : 0);
  const size_t x_at = layout.add(phase_bytes(factor, f.n * f.h * f.w, x)),
               y_at = layout.add(phase_bytes(factor, f.out_pixels(), y));
  const size_t workspace_at = layout.add(exec.plans->workspace_bytes(*plan));
  layout.allocate(exec);

  ConvOperands operands{x.data, w.data, y.data, nullptr};
  View x_phases, y_phases;
  if (factor > 1) {
    // What is added to is turned as well: the sum is rounded once, as it is without phases.
    x_phases = phases_of(x, factor, f.h, f.w, layout.at(x_at));
    y_phases = phases_of(y, factor, f.p, f.q, layout.at(y_at));
    if (op == ConvOp::forward || accumulate) to_phases(exec, x, x_phases, factor);
    if (op != ConvOp::forward || accumulate) to_phases(exec, y, y_phases, factor);
    operands.x = x_phases.data, operands.y = y_phases.data;
  }
  if (repack) {
    operands.w = layout.at(w_at);
    pack_filter(exec, w, f.k, f.c, operands.w);
  }
  if (fused_bias) {
    operands.bias = bias.data;
    if (recast) {
      const View row(layout.at(bias_at), {1, to.channels()}, to.dtype, to.pitch);
      spread_bias(exec, bias, row);
      operands.bias = row.data;
    }
  } else if (bias) {
    spread_bias(exec, bias, to);
  }
  exec.plans->run(*plan, operands, layout.at(workspace_at), exec.stream);
  if (factor == 1) return;
  if (op == ConvOp::forward)
    from_phases(exec, y_phases, y, factor, false);
  else
    from_phases(exec, x_phases, x, factor, false);
}

}  // namespace

void forward(const CudaExec& exec, const char* where, const Problem& problem, const View& x, const View& w,
             const View& bias, const View& y, bool accumulate) {
  images(exec, where, ConvOp::forward, problem, x, w, bias, y, accumulate);
}

void input_gradient(const CudaExec& exec, const char* where, const Problem& problem, const View& dy, const View& w,
                    const View& bias, const View& dx, bool accumulate) {
  images(exec, where, ConvOp::input_gradient, problem, dy, w, bias, dx, accumulate);
}

void filter_gradient(const CudaExec& exec, const char* where, const Problem& problem, const View& x, const View& dy,
                     const View& dw, bool accumulate) {
  check_type(where, x.dtype);
  check_image(where, "images", x, x.dtype);
  check_image(where, "gradients of results", dy, x.dtype);
  check_dense(dw, where, "dw", DType::f32);
  require(exec.plans != nullptr, where, "expects plans; got none");

  const bool direct = x.dtype == DType::f32 && x.dense() && dy.dense() && aligned16(dw.data);
  ConvCall call = call_of(exec, ConvOp::filter_gradient, problem, x, dy,
                          direct && accumulate ? ConvEpilogue::add : ConvEpilogue::store);
  const int64_t factor = put_over_phases(call, exec.plans->reach(call.op, call.dtype));
  const Problem& f = call.problem;
  ConvPlans::Plan& plan = exec.plans->get(call, exec.stream);
  Layout layout;
  const size_t packed_at = layout.add(direct ? 0 : size_t(call.output_count() * size_of(x.dtype)));
  const size_t x_at = layout.add(phase_bytes(factor, f.n * f.h * f.w, x)),
               y_at = layout.add(phase_bytes(factor, f.out_pixels(), dy));
  const size_t workspace_at = layout.add(exec.plans->workspace_bytes(plan));
  layout.allocate(exec);
  void *from = x.data, *to = dy.data;
  if (factor > 1) {
    from = layout.at(x_at), to = layout.at(y_at);
    to_phases(exec, x, phases_of(x, factor, f.h, f.w, from), factor);
    to_phases(exec, dy, phases_of(dy, factor, f.p, f.q, to), factor);
  }
  void* packed = direct ? dw.data : layout.at(packed_at);
  exec.plans->run(plan, {from, packed, to, nullptr}, layout.at(workspace_at), exec.stream);
  if (!direct) unpack_filter_gradient(exec, packed, x.dtype, call.problem.c, dw, accumulate);
}

}  // namespace segue::kernels::conv
