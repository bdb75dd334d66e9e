#include "optimizer.h"

#include <algorithm>
#include <cmath>

#include "kernels/fill.h"
#include "kernels/lerp.h"
#include "kernels/reduce.h"
#include "memory.h"

namespace segue {

Optimizer::Optimizer(Context& c, Network& network, const OptimizerOptions& options)
    : c_(c), network_(network), name_(options.name) {
  require(!name_.empty(), "optimizer", "expects a name");
  require(bool(network.grads()), "optimizer", "'", name_, "' expects a network allocated as trainable");
  std::vector<ParameterGroup> groups{{"", 1, 1}};
  groups.insert(groups.end(), options.groups.begin(), options.groups.end());
  std::vector<bool> used(groups.size(), false);
  const std::vector<Parameter*> parameters = network.parameters();
  for (const Parameter* p : parameters) {
    size_t best = 0;
    for (size_t k = 1; k < groups.size(); ++k)
      if (p->name().starts_with(groups[k].prefix) && groups[k].prefix.size() >= groups[best].prefix.size()) best = k;
    used[best] = true;
    group_of_.push_back(int64_t(best));
  }
  for (size_t k = 1; k < groups.size(); ++k)
    require(used[k], "optimizer", "expects a group to name parameters; none of '", name_, "' begins with '",
            groups[k].prefix, "'");
  StepState& state = c.state();
  rates_ = state.declare<float>(name_ + ".rates", int64_t(groups.size()));
  decays_ = state.declare<float>(name_ + ".decays", int64_t(groups.size()));
  for (size_t k = 0; k < groups.size(); ++k) {
    rate_factors_.push_back(groups[k].rate_factor);
    state.set(decays_, float(options.weight_decay * groups[k].decay_factor), int64_t(k));
  }
  if (options.max_norm > 0) {
    max_norm_ = state.declare<float>(name_ + ".max_norm");
    state.set(max_norm_, float(options.max_norm));
  }
  if (options.max_norm > 0 || options.measure_norm || c.loss_scaler())
    square_sum_ = c.persistent({}, DType::f32, "gradient norm");
  table_ = c.persistent({int64_t(parameters.size()), 3}, DType::i64, "optimizer ranges");
}

void Optimizer::prepare(double rate) {
  ++steps_;
  for (size_t k = 0; k < rate_factors_.size(); ++k) c_.state().set(rates_, float(rate * rate_factors_[k]), int64_t(k));
  prepare_more(steps_);
}

void Optimizer::update_ranges() {
  std::vector<int64_t> rows;
  const std::vector<Parameter*> parameters = network_.parameters();
  const Parameter* before = nullptr;
  for (size_t i = 0; i < parameters.size(); ++i) {
    const Parameter* p = parameters[i];
    if (!p->has_grad() || p->frozen()) {
      before = nullptr;
      continue;
    }
    // Neighbours of one group become one range; the zeros between them stay zero under every update.
    if (before && rows.back() == group_of_[i]) {
      rows[rows.size() - 2] = p->begin() + p->count();
    } else {
      rows.insert(rows.end(), {p->begin(), p->begin() + p->count(), group_of_[i]});
    }
    before = p;
  }
  if (rows == rows_ && ranges_) return;
  rows_ = rows;
  copy_memory(table_.data(), rows_.data(), rows_.size() * sizeof(int64_t));
  const auto owner = std::make_shared<Tensor>(table_);
  ranges_ = Tensor(owner, table_.data(), {int64_t(rows_.size() / 3), 3}, DType::i64);
}

View Optimizer::loss_scale() const { return c_.loss_scaler() ? c_.loss_scaler()->scale() : View(); }

// A sum that is only measured is nothing that a step depends on.
View Optimizer::used_square_sum() const { return max_norm_ || c_.loss_scaler() ? square_sum_.view() : View(); }

void Optimizer::step() {
  update_ranges();
  if (square_sum_) {
    network_.zero_missing_grads(c_);
    c_.run(SEGUE_KERNEL(sum_of_squares), network_.grads(), out(square_sum_));
    if (c_.loss_scaler()) c_.loss_scaler()->note(square_sum_);
  }
  launch();
  network_.clear_grads();
}

std::vector<NamedTensor> Optimizer::named_tensors() {
  return {{name_ + ".steps", View(&steps_, {}, DType::i64), false}};
}

Sgd::Sgd(Context& c, Network& network, const OptimizerOptions& options, const SgdOptions& sgd)
    : Optimizer(c, network, options), sgd_(sgd) {
  if (sgd_.momentum != 0) momentum_ = c.persistent(network.values().shape(), DType::f32, "momentum");
}

void Sgd::launch() {
  c_.run(SEGUE_KERNEL(sgd), out(network_.values()), network_.grads(), out(momentum_), out_on_device(network_.rounded()),
         ranges_, rates_, decays_, used_square_sum(), max_norm_, loss_scale(), sgd_);
}

std::vector<NamedTensor> Sgd::named_tensors() {
  std::vector<NamedTensor> list = Optimizer::named_tensors();
  if (momentum_) {
    const std::vector<NamedTensor> parts = network_.named_parts(name_ + ".momentum.", momentum_);
    list.insert(list.end(), parts.begin(), parts.end());
  }
  return list;
}

Adam::Adam(Context& c, Network& network, const OptimizerOptions& options, const AdamOptions& adam)
    : Optimizer(c, network, options), adam_(adam) {
  require(adam.beta1 >= 0 && adam.beta1 < 1 && adam.beta2 >= 0 && adam.beta2 < 1, "optimizer",
          "expects betas in [0, 1); got ", adam.beta1, " and ", adam.beta2);
  mean_ = c.persistent(network.values().shape(), DType::f32, "adam mean");
  square_ = c.persistent(network.values().shape(), DType::f32, "adam square");
  corrections_ = c.state().declare<float>(name_ + ".corrections", 2);
}

void Adam::prepare_more(int64_t step) {
  c_.state().set(corrections_, float(1 - std::pow(adam_.beta1, double(step))), 0);
  c_.state().set(corrections_, float(1 - std::pow(adam_.beta2, double(step))), 1);
}

void Adam::launch() {
  c_.run(SEGUE_KERNEL(adam), out(network_.values()), network_.grads(), out(mean_), out(square_),
         out_on_device(network_.rounded()), ranges_, rates_, decays_, corrections_, used_square_sum(), max_norm_,
         loss_scale(), adam_);
}

std::vector<NamedTensor> Adam::named_tensors() {
  std::vector<NamedTensor> list = Optimizer::named_tensors();
  for (const auto& [prefix, slab] : {std::pair(".mean.", mean_), std::pair(".square.", square_)}) {
    const std::vector<NamedTensor> parts = network_.named_parts(name_ + prefix, slab);
    list.insert(list.end(), parts.begin(), parts.end());
  }
  return list;
}

Ema::Ema(Context& c, Network& teacher, Network& student, const std::string& name, Buffers buffers)
    : c_(c), teacher_(teacher), student_(student), name_(name), buffers_(buffers) {
  teacher_.copy_from(c, student_);
  weight_ = c.state().declare<float>(name + ".weight");
}

void Ema::prepare(double decay) {
  require(decay >= 0 && decay <= 1, "ema", "expects a decay in [0, 1]; got ", decay);
  ++steps_;
  c_.state().set(weight_, float(1 - std::min(decay, 1 - 1.0 / double(steps_ + 1))));
}

void Ema::step() {
  c_.run(SEGUE_KERNEL(lerp), out(teacher_.values()), student_.values(), weight_, out_on_device(teacher_.rounded()));
  if (buffers_ == Buffers::keep || teacher_.buffers().count() == 0) return;
  if (buffers_ == Buffers::average)
    c_.run(SEGUE_KERNEL(lerp), out(teacher_.buffers()), student_.buffers(), weight_, View());
  else
    c_.run(SEGUE_KERNEL(copy), student_.buffers(), out(teacher_.buffers()));
  c_.on_host([this] { teacher_.copy_counters(student_); });
}

std::vector<NamedTensor> Ema::named_tensors() { return {{name_ + ".steps", View(&steps_, {}, DType::i64), false}}; }

}  // namespace segue
