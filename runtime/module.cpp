#include "module.h"

#include "kernels/fill.h"

namespace segue {
namespace {

/// Parameters begin at whole cache lines: every kernel may read them as vectors.
constexpr int64_t kAlignElements = 16;
int64_t aligned(int64_t n) { return (n + kAlignElements - 1) / kAlignElements * kAlignElements; }

/// A tensor inside a slab, which it keeps alive.
Tensor part(const std::shared_ptr<Tensor>& slab, int64_t begin, const Shape& shape) {
  std::byte* const data = static_cast<std::byte*>(slab->data()) + begin * size_of(slab->dtype());
  return Tensor(slab, data, shape, slab->dtype());
}

}  // namespace

Tensor Parameter::tensor() const {
  require(bool(value_), "module", "expects an allocated network; '", name_, "' has no memory yet");
  if (rounded_) network_->refresh_rounded();
  Tensor t = rounded_ ? rounded_ : value_;
  if (!frozen()) t.set_cell(cell_);
  return t;
}

Module::Module(Module& parent, const std::string& name)
    : network_(parent.network_), parent_(&parent), path_(name.empty() ? parent.path_ : parent.path_of(name)) {
  parent.children_.push_back(this);
}

void Module::set_training(bool training) {
  training_ = training;
  for (Module* child : children_) child->set_training(training);
}

void Module::set_norm_momentum(float momentum) {
  norm_momentum_ = momentum;
  for (Module* child : children_) child->set_norm_momentum(momentum);
}

bool Module::is_above(const Module* m) const {
  while (m && m != this) m = m->parent_;
  return m == this;
}

std::vector<Parameter*> Module::parameters() {
  std::vector<Parameter*> mine;
  for (Parameter& p : network_->parameters_)
    if (is_above(p.owner_)) mine.push_back(&p);
  return mine;
}

void Module::freeze() {
  for (Parameter* p : parameters()) ++p->freezes_;
}

void Module::thaw() {
  for (Parameter* p : parameters()) {
    require(p->freezes_ > 0, "module", "expects a frozen module; '", path_, "' is not frozen");
    --p->freezes_;
  }
}

Parameter& Module::declare_parameter(const std::string& name, const Shape& shape, const Init& init) {
  return declare_parameter(name, shape, init, shape);
}

Parameter& Module::declare_parameter(const std::string& name, const Shape& shape, const Init& init,
                                     const Shape& saved_shape) {
  require(!network_->allocated(), "module", "expects all parameters before allocate(); got '", path_of(name),
          "' after");
  Parameter& p = network_->parameters_.emplace_back();
  p.name_ = path_of(name);
  p.shape_ = shape;
  p.saved_shape_ = saved_shape;
  p.init_ = init;
  p.owner_ = this;
  p.network_ = network_;
  network_->order_.push_back({Network::Kind::parameter, network_->parameters_.size() - 1});
  return p;
}

Buffer& Module::declare_buffer(const std::string& name, const Shape& shape, float initial) {
  Buffer& b = network_->buffers_.emplace_back();
  b.name_ = path_of(name);
  b.shape_ = shape;
  b.initial_ = initial;
  network_->order_.push_back({Network::Kind::buffer, network_->buffers_.size() - 1});
  return b;
}

int64_t& Module::declare_counter(const std::string& name) {
  Network::Counter& n = network_->counters_.emplace_back();
  n.name = path_of(name);
  network_->order_.push_back({Network::Kind::counter, network_->counters_.size() - 1});
  return n.value;
}

void Network::allocate(Context& c, bool trainable) {
  make_slabs(c, trainable);
  for (Parameter& p : parameters_) from_host(p.value_, initial_values(p.init_, c.options().seed, p.name_, p.count()));
  for (Buffer& b : buffers_) from_host(b.value_, std::vector<float>(size_t(b.shape_.count()), b.initial_));
}

void Network::allocate_empty(Context& c) { make_slabs(c, false); }

void Network::make_slabs(Context& c, bool trainable) {
  require(!allocated(), "module", "expects allocate() once; the network has its memory");
  int64_t count = 0, buffer_count = 0;
  for (Parameter& p : parameters_) {
    p.begin_ = count;
    count = aligned(count + p.count());
  }
  for (Buffer& b : buffers_) {
    b.begin_ = buffer_count;
    buffer_count = aligned(buffer_count + b.shape_.count());
  }
  context_ = &c;
  values_ = c.persistent({count}, DType::f32, "parameters");
  if (c.image_dtype() != DType::f32) rounded_ = c.persistent({count}, c.image_dtype(), "rounded parameters");
  if (trainable) grads_ = c.persistent({count}, DType::f32, "gradients");
  buffer_values_ = c.persistent({buffer_count}, DType::f32, "running statistics");

  const auto values = std::make_shared<Tensor>(values_), grads = std::make_shared<Tensor>(grads_),
             rounded = std::make_shared<Tensor>(rounded_);
  for (Parameter& p : parameters_) {
    p.value_ = part(values, p.begin_, p.shape_);
    if (rounded_ && p.shape_.dims() == 4) p.rounded_ = part(rounded, p.begin_, p.shape_);
    if (!trainable) continue;
    p.cell_ = std::make_shared<GradCell>();
    p.cell_->persistent = true;
    p.cell_->grad = part(grads, p.begin_, p.shape_);
  }
  const auto buffer_values = std::make_shared<Tensor>(buffer_values_);
  for (Buffer& b : buffers_) b.value_ = part(buffer_values, b.begin_, b.shape_);
}

void Network::refresh_rounded() {
  if (!rounded_stale_) return;
  context_->run(SEGUE_KERNEL(copy), values_, out(rounded_));
  rounded_stale_ = false;
}

std::vector<NamedTensor> Network::named_tensors() {
  require(allocated(), "module", "expects an allocated network; call allocate() first");
  values_changed();  // the caller may write
  std::vector<NamedTensor> list;
  for (const Entry& e : order_) {
    if (e.kind == Kind::parameter) {
      const Parameter& p = parameters_[e.index];
      list.push_back({p.name_, View(p.value_.data(), p.saved_shape_, DType::f32), p.saved_shape_.dims() == 4});
    } else if (e.kind == Kind::buffer) {
      list.push_back({buffers_[e.index].name_, buffers_[e.index].value_.view(), false});
    } else {
      list.push_back({counters_[e.index].name, View(&counters_[e.index].value, {}, DType::i64), false});
    }
  }
  return list;
}

std::vector<NamedTensor> Network::named_parts(const std::string& prefix, const Tensor& slab) {
  require(slab.shape() == values_.shape(), "module", "expects a slab of shape ", values_.shape(), "; got ",
          slab.shape());
  std::vector<NamedTensor> list;
  for (const Parameter& p : parameters_)
    list.push_back({prefix + p.name_, View(slab.view().as<float>() + p.begin_, p.saved_shape_, DType::f32),
                    p.saved_shape_.dims() == 4});
  return list;
}

void Network::clear_grads() {
  for (Parameter& p : parameters_) {
    if (!p.has_grad()) continue;
    p.cell_->filled = false;
    p.zeroed_ = false;
  }
}

void Network::zero_missing_grads(Context& c) {
  for (Parameter& p : parameters_) {
    if (p.has_grad() || p.zeroed_ || !p.cell_) continue;
    c.run(SEGUE_KERNEL(fill), out(p.cell_->grad), 0.f);
    p.zeroed_ = true;
  }
}

void Network::require_same_structure(const Network& other, const char* where) const {
  require(allocated() && other.allocated(), where, "expects two allocated networks");
  const size_t n = parameters_.size();
  require(other.parameters_.size() == n && other.buffers_.size() == buffers_.size(), where,
          "expects a network of equal structure: ", n, " parameters and ", buffers_.size(), " buffers; got ",
          other.parameters_.size(), " and ", other.buffers_.size());
  for (size_t i = 0; i < n; ++i)
    require(parameters_[i].name_ == other.parameters_[i].name_ && parameters_[i].shape_ == other.parameters_[i].shape_,
            where, "expects parameter '", parameters_[i].name_, "' ", parameters_[i].shape_, "; got '",
            other.parameters_[i].name_, "' ", other.parameters_[i].shape_);
}

void Network::copy_from(Context& c, Network& other) {
  require_same_structure(other, "copy_from");
  c.run(SEGUE_KERNEL(copy), other.values_, out(values_));
  values_changed();
  if (buffer_values_.count()) c.run(SEGUE_KERNEL(copy), other.buffer_values_, out(buffer_values_));
  copy_counters(other);
}

void Network::copy_counters(const Network& other) {
  for (size_t i = 0; i < counters_.size(); ++i) counters_[i].value = other.counters_[i].value;
}

int64_t Network::parameter_count() const {
  int64_t n = 0;
  for (const Parameter& p : parameters_) n += p.count();
  return n;
}

}  // namespace segue
