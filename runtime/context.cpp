#include "context.h"

#include <cmath>

#include "kernels/add.h"
#include "kernels/conv_phases.h"
#include "kernels/fill.h"
#include "memory.h"
#include "shown.h"

#if defined(_OPENMP)
#include <omp.h>
#endif

namespace segue {
namespace {

/// One block of the persistent arena that grows to the largest launch.
class ArenaScratch : public Scratch {
 public:
  explicit ArenaScratch(Arena& arena) : arena_(arena) {}
  ~ArenaScratch() override {
    if (block_) arena_.release(block_);
  }
  void* get(size_t bytes) override {
    if (bytes > bytes_ || !block_) {
      if (block_) arena_.release(std::exchange(block_, nullptr));
      bytes_ = 0;
      const size_t grown = (bytes + (1 << 20) - 1) >> 20 << 20;  // whole MiB: fewer regrowths while shapes settle
      block_ = arena_.allocate(grown, "scratch");
      bytes_ = grown;
    }
    return block_;
  }

 private:
  Arena& arena_;
  void* block_ = nullptr;
  size_t bytes_ = 0;
};

/// The gradient of a tensor has its type and pitch; that of a slice lies without neighbours, as most of what reads the
/// slice will write it. What is handed over may be a slice nonetheless.
std::shared_ptr<GradCell> make_cell(const Tensor& x) {
  auto cell = std::make_shared<GradCell>();
  cell->dtype = x.dtype();
  cell->pitch = x.view().lanes;
  return cell;
}

}  // namespace

Context::Context(const Options& options) : options_(options) {
  require(options.threads >= 0, "context", "expects threads >= 0; got ", options.threads);
#if defined(_OPENMP)
  if (options.threads > 0) omp_set_num_threads(options.threads);
#endif
  require(options.shadow == ShadowMode::off || options.device == DeviceType::cuda, "context",
          "shadow mode runs the CPU's kernels beside those of CUDA; use it with --device cuda");
  if (options.device == DeviceType::cpu) {
    require(options.precision == Precision::f32, "context", "the CPU device computes in f32; use precision f32");
    device_ = cpu_device();
  } else {
#if defined(SEGUE_CUDA_DEVICE)
    device_ = cuda_device(options.device_index, options.precision, options.plan_file);
#else
    fail(Fault::usage, "context", "this build has the CPU device alone; use --device cpu, or build where nvcc is");
#endif
  }
  persistent_ = std::make_unique<Arena>("persistent", device_->backing(options.memory_limit_bytes));
  step_ = std::make_unique<Arena>("step", device_->backing(options.memory_limit_bytes));
  scratch_ = std::make_unique<ArenaScratch>(*persistent_);
  cpu_.scratch = scratch_.get();
  cuda_ = device_->cuda_exec();
  cuda_.scratch = scratch_.get();
  state_ = std::make_unique<StepState>(*persistent_, *device_);
  status_memory_ = persistent({}, DType::u32, "status");
  status_ = status_memory_.view();
  if (options.precision == Precision::fp16) loss_scaler_ = std::make_unique<LossScaler>(*this);
}

Context::~Context() = default;

Tensor Context::empty(const Shape& shape, DType dtype, const char* tag) { return Tensor(*step_, shape, dtype, tag); }

Tensor Context::image(const Shape& shape, const char* tag) {
  return Tensor(*step_, shape, image_dtype(), tag, image_pitch(shape.channels()));
}

Tensor Context::like(const Tensor& t, const char* tag) {
  return Tensor(*step_, t.shape(), t.dtype(), tag, t.view().lanes);
}

Tensor Context::whole(const Tensor& t) {
  if (!is_slice(t)) return t;
  Tensor copy = like(t, "copy");
  run(SEGUE_KERNEL(copy), t.view(), out(copy));
  copy.set_cell(t.cell());
  return copy;
}

Tensor Context::persistent(const Shape& shape, DType dtype, const char* tag) {
  Tensor t(*persistent_, shape, dtype, tag);
  zero_memory(t.data(), size_t(t.bytes()));
  return t;
}

Tensor Context::persistent_image(const Shape& shape, const char* tag) {
  Tensor t(*persistent_, shape, image_dtype(), tag, image_pitch(shape.channels()));
  zero_memory(t.data(), size_t(t.bytes()));
  return t;
}

DType Context::image_dtype() const {
  switch (options_.precision) {
    case Precision::bf16: return DType::bf16;
    case Precision::fp16: return DType::f16;
    default: return DType::f32;
  }
}

int64_t Context::image_pitch(int64_t channels) const {
  // What cuDNN's fast engines ask of channels.
  return options_.device == DeviceType::cpu ? channels : (channels + kPackLanes - 1) / kPackLanes * kPackLanes;
}

int64_t Context::phase_factor(const Tensor& x, const Conv2dOptions& options) const {
  return kernels::conv::whole_phase_factor(x.shape()[1], x.shape()[2], options, device_->dilation_reach());
}

void Context::end_step() {
  if (loss_scaler_) loss_scaler_->end_step();
  tape_.clear();
  if (step_->used() != 0)
    fail(Fault::internal, "step", "expects an empty step arena at the end of a step; still held: ", step_->describe());
}

void Context::begin_step(uint64_t step) {
  random_call_ = 0;
  state_->set(state_->random_step(), step);
  state_->upload();
}

void Context::check_status() {
  uint32_t bits = 0;
  copy_memory(&bits, status_.data, sizeof bits);
  if (bits) zero_memory(status_.data, sizeof bits);
  if (bits & kStatusBadLabel)
    fail(Fault::data, "labels", "expects every label to be a class or 255 (ignore); a batch held another value. ",
         "Check the class map of the data set");
  if (bits) fail(Fault::internal, "status", "unknown status bits ", bits);
}

const std::map<std::string, KernelTime>& Context::profile() {
  device_->settle();
  return profile_;
}

void Context::reset_profile() {
  device_->settle();
  profile_.clear();
}

void Context::on_host(std::function<void()> effect) {
  effect();
  if (recorded_effects_) recorded_effects_->push_back(std::move(effect));
}

void Context::watch(const char* kernel, const Out& o) const {
  if (!o.view || (o.view.dtype != DType::f32 && o.view.dtype != DType::bf16 && o.view.dtype != DType::f16)) return;
  const std::vector<float> values = host_values(o.view);
  for (size_t i = 0; i < values.size(); ++i)
    if (!std::isfinite(values[i]))
      fail(Fault::diverged, kernel, "wrote ", shown(values[i]), " at element ", i, " of ", o.view.shape);
}

void Context::note_shadow(const char* kernel, const Shadow& shadow, const Shadow& shaken) {
  ShadowReport& report = shadows_[kernel];
  shadow.compare(shaken, report);
  if (options_.shadow == ShadowMode::stop && report.worst > 1)
    fail(Fault::internal, kernel, "beside its CPU overload: ", report.where);
}

void Context::require_grad(Tensor& x) { x.set_cell(make_cell(x)); }

Tensor Context::grad(const Tensor& x) const { return x.cell() && x.cell()->filled ? x.cell()->grad : Tensor(); }

Node* Context::new_node(const Op& op, const Tensor* inputs, size_t count, Tensor& y, std::vector<Tensor> saved,
                        bool always) {
  bool wanted = always;
  for (size_t i = 0; i < count; ++i) wanted = wanted || inputs[i].cell();
  if (!recording_ || !wanted) return nullptr;
  Node n;
  n.op_ = &op;
  for (size_t i = 0; i < count; ++i) n.inputs_.push_back(inputs[i].cell());
  n.saved_ = std::move(saved);
  for (Tensor& t : n.saved_) t.set_cell(nullptr);
  y.set_cell(make_cell(y));
  n.output_ = y.cell();
  tape_.nodes_.push_back(std::move(n));
  return &tape_.nodes_.back();
}

Context::GradTarget Context::grad_target(Node& n, size_t i, const Shape& shape) {
  GradCell& cell = *n.inputs_[i];
  if (cell.filled) cell.grad = whole(cell.grad);
  if (cell.persistent || cell.filled) return {cell.grad, cell.filled};
  return {new_grad(n, i, shape), false};
}

Tensor Context::new_grad(Node& n, size_t i, const Shape& shape) {
  const GradCell& cell = *n.inputs_[i];
  return Tensor(*step_, shape, cell.dtype, n.name(), cell.pitch);
}

void Context::give(Node& n, size_t i, const Tensor& dx) {
  GradCell& cell = *n.inputs_[i];
  if (cell.grad && dx.same_memory(cell.grad)) {
    cell.filled = true;
  } else if (cell.filled) {
    cell.grad = whole(cell.grad);
    run(SEGUE_KERNEL(add), cell.grad, dx, out(cell.grad));
  } else if (cell.persistent) {
    run(SEGUE_KERNEL(copy), dx, out(cell.grad));
    cell.filled = true;
  } else {
    cell.grad = dx.detach();
    cell.filled = true;
  }
}

void Context::backward(const Tensor& loss) {
  require(loss.count() == 1, "backward", "expects a loss of one element; got ", loss.shape());
  Tensor one = empty(loss.shape(), DType::f32, "backward");
  if (loss_scaler_)
    run(SEGUE_KERNEL(copy), loss_scaler_->scale(), out(one));
  else
    run(SEGUE_KERNEL(fill), out(one), 1.f);
  backward(loss, one);
}

void Context::backward(const Tensor& y, const Tensor& dy) {
  require(bool(y.cell()), "backward", "expects a result that depends on something with a gradient");
  require(dy.shape() == y.shape(), "backward", "expects dy of shape ", y.shape(), "; got ", dy.shape());
  y.cell()->grad = dy.detach();
  y.cell()->filled = true;
  NoGrad no_grad(*this);
  walk();
}

void Context::walk() {
  while (!tape_.nodes_.empty()) {
    Node n = std::move(tape_.nodes_.back());
    tape_.nodes_.pop_back();
    if (n.output_->filled) {
      n.op_->backward(*this, n);
      n.output_->grad = Tensor();
      n.output_->filled = false;
    }
  }
}

}  // namespace segue
