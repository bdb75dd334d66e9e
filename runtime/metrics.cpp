#include "metrics.h"

#include <algorithm>
#include <cmath>

#include "kernels/add.h"
#include "kernels/fill.h"
#include "memory.h"
#include "shown.h"

namespace segue {

namespace {

void require_finite(const std::string& name, float value) {
  if (!std::isfinite(value)) fail(Fault::diverged, "metrics", "expects a finite ", name, "; got ", shown(value));
}

}  // namespace

size_t Metrics::index_of(const std::string& name) {
  auto it = std::find(names_.begin(), names_.end(), name);
  if (it == names_.end()) {
    require(names_.size() < kMaxValues, "metrics", "expects at most ", kMaxValues, " names; got one more: '", name,
            "'");
    it = names_.insert(names_.end(), name);
  }
  return size_t(it - names_.begin());
}

void Metrics::write(const std::string& name, const Tensor& scalar) {
  require(scalar.count() == 1, "metrics", "expects a scalar for '", name, "'; got ", scalar.shape());
  View slot(row_.view().as<float>() + index_of(name), scalar.shape(), DType::f32);
  c_.run(SEGUE_KERNEL(copy), scalar, out(slot));
}

std::vector<std::pair<std::string, float>> Metrics::read() {
  c_.check_status();
  std::vector<std::pair<std::string, float>> values;
  const std::vector<float> row = to_host(row_);
  for (size_t i = 0; i < names_.size(); ++i) {
    require_finite(names_[i], row[i]);
    values.emplace_back(names_[i], row[i]);
  }
  return values;
}

void Metrics::add_up() { c_.run(SEGUE_KERNEL(add), sums_, row_, out(sums_)); }

std::vector<std::pair<std::string, float>> Metrics::means(int64_t steps) {
  c_.check_status();
  std::vector<std::pair<std::string, float>> values = sums();
  for (auto& [name, value] : values) {
    value /= float(steps);
    require_finite(name, value);
  }
  zero_memory(sums_.data(), size_t(sums_.bytes()));
  return values;
}

std::vector<std::pair<std::string, float>> Metrics::sums() const {
  std::vector<std::pair<std::string, float>> values;
  const std::vector<float> row = to_host(sums_);
  for (size_t i = 0; i < names_.size(); ++i) values.emplace_back(names_[i], row[i]);
  return values;
}

void Metrics::set_sums(const std::vector<std::pair<std::string, float>>& sums) {
  std::vector<float> row(kMaxValues, 0.f);
  for (const auto& [name, value] : sums) row[index_of(name)] = value;
  from_host(sums_, row);
}

}  // namespace segue
