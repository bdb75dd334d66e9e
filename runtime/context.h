// The context of a computation: device, memory, tape, and the one door to every kernel.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "arena.h"
#include "device.h"
#include "kernels/exec.h"
#include "kernels/philox.h"
#include "kernels/status.h"
#include "loss_scaler.h"
#include "shadow.h"
#include "step_state.h"
#include "tape.h"
#include "tensor.h"

namespace segue {

struct Conv2dOptions;

/// A kernel as `Context::run` takes it: its name and its overload set.
template <class F>
struct Kernel {
  const char* name;
  F call;
};
template <class F>
Kernel(const char*, F) -> Kernel<F>;

/// SEGUE_KERNEL(relu) is the overload set kernels::relu. An overload that does not exist for an execution type makes
/// the call ill-formed, not the program: Context::run then reports it, or refuses to compile.
#define SEGUE_KERNEL(op)                                                                                               \
  ::segue::Kernel {                                                                                                    \
#op, [](const auto& exec, const auto&... args) -> decltype(::segue::kernels::op(                                   \
                                                       exec, args...)) { return ::segue::kernels::op(exec, args...); } \
  }

/// See shadow.h. `stop`: throws internal at the first kernel whose results are further off than rounding explains.
enum class ShadowMode { off, report, stop };

/// Everything a computation needs. Belongs to one thread.
class Context {
 public:
  struct Options {
    DeviceType device = DeviceType::cpu;
    int device_index = 0;  ///< which CUDA device
    Precision precision = Precision::f32;
    uint64_t seed = 0;
    int threads = 0;                      ///< CPU threads; 0: what OpenMP chooses (OMP_NUM_THREADS, else all cores)
    size_t memory_limit_bytes = 0;        ///< per arena; 0: the machine's memory
    bool watch_nan = false;               ///< stop at the first kernel that writes a value that is not finite
    ShadowMode shadow = ShadowMode::off;  ///< CUDA alone: run the CPU overload beside every kernel, and compare
    bool record = true;                   ///< StepGraph may record steps, where the device can
    bool profile = false;                 ///< time every kernel: see profile()
    std::string plan_file = {};  ///< where the CUDA device keeps its choice of convolution plans; empty: nowhere
  };

  Context() : Context(Options{}) {}
  explicit Context(const Options& options);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  const Options& options() const { return options_; }

  // Memory.

  /// An uninitialised dense tensor of the step: gone at the end of the step. The tag in reports is the kernel that runs
  /// next.
  Tensor empty(const Shape& shape, DType dtype = DType::f32, const char* tag = "tensor");
  /// An uninitialised tensor of the step for images, features or logits: of the type and pitch that the device computes
  /// in. The kernel that fills it zeroes the padding lanes.
  Tensor image(const Shape& shape, const char* tag);
  /// Like `t`: same shape, type and pitch, or of a slice that of an image without its neighbours.
  Tensor like(const Tensor& t, const char* tag = "tensor");
  /// `t` without neighbours: itself, or if it is a slice a copy, which sends its gradient to where that of `t` goes.
  Tensor whole(const Tensor& t);
  /// A zeroed tensor that outlives the step: parameters, running statistics, buffers.
  Tensor persistent(const Shape& shape, DType dtype, const char* tag);
  /// The same for images, features or logits.
  Tensor persistent_image(const Shape& shape, const char* tag);
  /// What images are made of: f32, or bf16 or f16 on CUDA at that precision.
  DType image_dtype() const;
  /// Elements from pixel to pixel of an image of so many channels: on CUDA rounded up to 8.
  int64_t image_pitch(int64_t channels) const;
  /// True if ops may write slices of images. The CPU device takes dense tensors alone.
  bool has_slices() const { return options_.device != DeviceType::cpu; }
  /// The factor by which images (N,H,W,C) are better put into phases in front of a convolution with these options: see
  /// to_phases. All phases are then whole. 1: as they are.
  int64_t phase_factor(const Tensor& x, const Conv2dOptions& options) const;
  Arena& step_arena() { return *step_; }
  Arena& persistent_arena() { return *persistent_; }
  /// Ends a step: requires that nothing is left in the step arena, and throws internal naming what is.
  void end_step();

  // The door.

  /// Runs a kernel: c.run(SEGUE_KERNEL(relu), x, out(y)). Tensors become views, out() marks what is written, the rest
  /// is handed on. Opens the profiler range, picks the overload of the device, and if asked checks what was written.
  /// A kernel that reads a tensor gets a slice as a copy: few kernels take slices, and ops hand those the view itself.
  template <class F, class... Args>
  void run(Kernel<F> kernel, const Args&... args) {
    if ((is_slice(args) || ...))
      enter(kernel, without_neighbours(args)...);
    else
      enter(kernel, args...);
  }

  // Autograd.

  /// Records a call of `op`, unless nobody wants the gradient of any input. `inputs` may hold empty tensors. Attributes
  /// are a trivially copyable struct of at most 96 bytes.
  template <class Attributes = int>
  void record(const Op& op, std::initializer_list<Tensor> inputs, Tensor& y, std::vector<Tensor> saved,
              const Attributes& attributes = {}) {
    static_assert(std::is_trivially_copyable_v<Attributes> && sizeof(Attributes) <= Node::kMaxAttributeBytes);
    if (Node* n = new_node(op, inputs.begin(), inputs.size(), y, std::move(saved)))
      std::memcpy(n->attributes_, &attributes, sizeof(Attributes));
  }
  template <class Attributes = int>
  void record(const Op& op, const std::vector<Tensor>& inputs, Tensor& y, std::vector<Tensor> saved,
              const Attributes& attributes = {}) {
    static_assert(std::is_trivially_copyable_v<Attributes> && sizeof(Attributes) <= Node::kMaxAttributeBytes);
    if (Node* n = new_node(op, inputs.data(), inputs.size(), y, std::move(saved)))
      std::memcpy(n->attributes_, &attributes, sizeof(Attributes));
  }
  /// True if a call with this input would be recorded: an op may then keep what only its gradient needs.
  bool records(const Tensor& x) const { return recording_ && x.cell(); }

  /// Makes x a leaf: its gradient is kept after backward() and read with grad().
  void require_grad(Tensor& x);
  /// The gradient of a leaf or a parameter after backward(); empty if none arrived.
  Tensor grad(const Tensor& x) const;
  /// Walks the tape backwards from the scalar `loss` with d(loss) = 1 (fp16: the loss scale), and clears it.
  void backward(const Tensor& loss);
  /// The same from any tensor, with its gradient given; dy is overwritten.
  void backward(const Tensor& y, const Tensor& dy);

  /// Where the gradient of input i is to be written, and whether it is to be added to what is there: the kernel's
  /// `accumulate`. Follow the kernel with give().
  struct GradTarget {
    Tensor grad;
    bool accumulate;
  };
  GradTarget grad_target(Node& n, size_t i, const Shape& shape);
  /// A new tensor for a gradient of input i, of the input's type and pitch, for kernels that cannot add.
  Tensor new_grad(Node& n, size_t i, const Shape& shape);
  /// Hands a gradient to input i; it belongs to the receiver from then on. Adds if one is there already, unless dx is
  /// the tensor that grad_target() gave.
  void give(Node& n, size_t i, const Tensor& dx);

  Tape& tape() { return tape_; }
  bool recording() const { return recording_; }
  /// True while checkpoint() runs its function again: running statistics must not move.
  bool replaying() const { return replaying_; }

  /// While one lives, nothing is recorded.
  class NoGrad {
   public:
    explicit NoGrad(Context& c) : c_(c), before_(c.recording_) { c.recording_ = false; }
    ~NoGrad() { c_.recording_ = before_; }
    NoGrad(const NoGrad&) = delete;
    NoGrad& operator=(const NoGrad&) = delete;

   private:
    Context& c_;
    bool before_;
  };

  // Random numbers and per-step values.

  /// Key of the next random call in this step.
  RandomKey next_random() { return {options_.seed, random_call_++}; }
  StepState& state() { return *state_; }
  Device& device() { return *device_; }
  /// Null but for precision fp16.
  LossScaler* loss_scaler() { return loss_scaler_.get(); }
  /// Does something on the host that belongs to every step, such as counting batches: now, and again whenever a recorded
  /// step is replayed.
  void on_host(std::function<void()> effect);
  /// Starts step number `step`: random calls count from 0 again, and the step state goes to the device.
  void begin_step(uint64_t step);

  /// The status word (u32 ()): kernels set bits of it where data is bad; see kernels/status.h.
  const View& status() const { return status_; }
  /// Throws data (exit 3) if a kernel has met a bad label since the last call, and clears the word.
  void check_status();

  /// Times by kernel name, if options().profile.
  const std::map<std::string, KernelTime>& profile();
  /// What shadow mode found, by kernel name.
  const std::map<std::string, ShadowReport>& shadows() const { return shadows_; }
  void reset_profile();

 private:
  friend Tensor checkpoint(Context&, const std::vector<Tensor>&, std::function<Tensor(Context&, std::vector<Tensor>&)>);
  friend struct CheckpointRun;
  friend class StepGraph;

  template <class F, class... Args>
  void enter(const Kernel<F>& kernel, const Args&... args) {
    KernelTime* const time = options_.profile ? &profile_[kernel.name] : nullptr;
    device_->begin_range(kernel.name, time);
    if (options_.shadow == ShadowMode::off)
      call(kernel, operand(args)...);
    else
      call_in_shadow(kernel, args...);
    device_->end_range(time);
    if (options_.watch_nan) (watch(kernel.name, args), ...);
  }
  template <class F, class... Operands>
  void call(const Kernel<F>& kernel, const Operands&... operands) {
#if defined(SEGUE_CUDA_DEVICE)
    if (options_.device == DeviceType::cuda) {
      static_assert(std::is_invocable_v<F, const CudaExec&, const Operands&...>, "this kernel has no CUDA overload");
      return kernel.call(cuda_, operands...);
    }
#endif
    kernel.call(cpu_, operands...);
  }
  template <class F, class... Args>
  void call_in_shadow(const Kernel<F>& kernel, const Args&... args) {
    Shadow shadow(kernel.name, options_.precision), shaken(kernel.name, options_.precision, Shadow::Copies::shaken);
    // Copies before the kernel runs: it may add to a result.
    const std::tuple<Twin<Args>...> twins{shadow.twin(args)...}, shaken_twins{shaken.twin(args)...};
    call(kernel, operand(args)...);
    std::apply([&](const auto&... twin) { kernel.call(shadow.exec(), twin...); }, twins);
    std::apply([&](const auto&... twin) { kernel.call(shaken.exec(), twin...); }, shaken_twins);
    note_shadow(kernel.name, shadow, shaken);
  }
  template <class T>
  using Twin = std::decay_t<decltype(std::declval<Shadow&>().twin(std::declval<const T&>()))>;
  void note_shadow(const char* kernel, const Shadow& shadow, const Shadow& shaken);
  static const View& operand(const Tensor& t) { return t.view(); }
  static const View& operand(const Out& o) { return o.view; }
  static const View& operand(const DeviceOut& o) { return o.view; }
  template <class T>
  static const T& operand(const T& other) {
    return other;
  }
  static bool is_slice(const Tensor& t) { return !t.view().whole(); }
  template <class T>
  static bool is_slice(const T&) {
    return false;
  }
  Tensor without_neighbours(const Tensor& t) { return whole(t); }
  template <class T>
  static const T& without_neighbours(const T& other) {
    return other;
  }
  void watch(const char* kernel, const Out& o) const;
  template <class T>
  void watch(const char*, const T&) const {}

  Node* new_node(const Op& op, const Tensor* inputs, size_t count, Tensor& y, std::vector<Tensor> saved,
                 bool always = false);
  void walk();

  Options options_;
  std::unique_ptr<Device> device_;
  std::unique_ptr<Arena> persistent_, step_;  // before anything that holds tensors
  std::unique_ptr<Scratch> scratch_;
  CpuExec cpu_;
  CudaExec cuda_;
  Tape tape_;
  bool recording_ = true, replaying_ = false;
  std::unique_ptr<StepState> state_;
  uint32_t random_call_ = 0;
  Tensor status_memory_;
  View status_;
  std::unique_ptr<LossScaler> loss_scaler_;
  std::map<std::string, KernelTime> profile_;
  std::map<std::string, ShadowReport> shadows_;
  std::vector<std::function<void()>>* recorded_effects_ = nullptr;  // of the step graph that records at present
};

}  // namespace segue
