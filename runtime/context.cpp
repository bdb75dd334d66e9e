#include "context.h"

#include <cmath>
#include <cstring>

#include "kernels/add.h"
#include "kernels/fill.h"

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

}  // namespace

Context::Context(const Options& options) : options_(options) {
  require(options.device == DeviceType::cpu, "context", "this build runs on the CPU device alone; use --device cpu");
  require(options.precision == Precision::f32, "context", "the CPU device computes in f32; use precision f32");
  require(options.threads >= 0, "context", "expects threads >= 0; got ", options.threads);
#if defined(_OPENMP)
  if (options.threads > 0) omp_set_num_threads(options.threads);
#endif
  persistent_ = std::make_unique<Arena>("persistent", host_backing(options.memory_limit_bytes));
  step_ = std::make_unique<Arena>("step", host_backing(options.memory_limit_bytes));
  scratch_ = std::make_unique<ArenaScratch>(*persistent_);
  cpu_.scratch = scratch_.get();
  state_ = std::make_unique<StepState>(*persistent_);
  status_memory_ = persistent({}, DType::u32, "status");
  status_ = status_memory_.view();
}

Context::~Context() = default;

Tensor Context::empty(const Shape& shape, DType dtype, const char* tag) { return Tensor(*step_, shape, dtype, tag); }

Tensor Context::persistent(const Shape& shape, DType dtype, const char* tag) {
  Tensor t(*persistent_, shape, dtype, tag);
  std::memset(t.data(), 0, size_t(t.bytes()));
  return t;
}

void Context::end_step() {
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
  auto* word = status_.as<uint32_t>();
  const uint32_t bits = std::exchange(*word, 0u);
  if (bits & kStatusBadLabel)
    fail(Fault::data, "labels", "expects every label to be a class or 255 (ignore); a batch held another value. ",
         "Check the class map of the data set");
  if (bits) fail(Fault::internal, "status", "unknown status bits ", bits);
}

Context::Clock::time_point Context::begin_range(const char*) {
  return options_.profile ? Clock::now() : Clock::time_point{};
}

void Context::end_range(const char* name, Clock::time_point start) {
  if (!options_.profile) return;
  KernelTime& t = profile_[name];
  ++t.calls;
  t.total_ms += std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

void Context::watch(const char* kernel, const Out& o) const {
  if (!o.view || o.view.dtype != DType::f32) return;
  const float* p = o.view.as<float>();
  for (int64_t i = 0, n = o.view.count(); i < n; ++i)
    if (!std::isfinite(p[i])) fail(Fault::diverged, kernel, "wrote ", p[i], " at element ", i, " of ", o.view.shape);
}

void Context::require_grad(Tensor& x) { x.set_cell(std::make_shared<GradCell>()); }

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
  y.set_cell(std::make_shared<GradCell>());
  n.output_ = y.cell();
  tape_.nodes_.push_back(std::move(n));
  return &tape_.nodes_.back();
}

Context::GradTarget Context::grad_target(Node& n, size_t i, const Shape& shape) {
  GradCell& cell = *n.inputs_[i];
  if (cell.persistent || cell.filled) return {cell.grad, cell.filled};
  return {empty(shape, DType::f32, n.name()), false};
}

void Context::give(Node& n, size_t i, const Tensor& dx) {
  GradCell& cell = *n.inputs_[i];
  if (cell.grad && dx.same_memory(cell.grad)) {
    cell.filled = true;
  } else if (cell.filled) {
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
