#include "metrics.h"

#include <algorithm>
#include <cmath>

#include "kernels/fill.h"

namespace segue {

void Metrics::write(const std::string& name, const Tensor& scalar) {
  require(scalar.count() == 1, "metrics", "expects a scalar for '", name, "'; got ", scalar.shape());
  auto it = std::find(names_.begin(), names_.end(), name);
  if (it == names_.end()) {
    require(names_.size() < kMaxValues, "metrics", "expects at most ", kMaxValues, " names; got one more: '", name,
            "'");
    it = names_.insert(names_.end(), name);
  }
  View slot(row_.view().as<float>() + (it - names_.begin()), scalar.shape(), DType::f32);
  c_.run(SEGUE_KERNEL(copy), scalar, out(slot));
}

std::vector<std::pair<std::string, float>> Metrics::read() {
  c_.check_status();
  std::vector<std::pair<std::string, float>> values;
  const std::vector<float> row = to_host(row_);
  for (size_t i = 0; i < names_.size(); ++i) {
    if (!std::isfinite(row[i])) fail(Fault::diverged, "metrics", "expects a finite ", names_[i], "; got ", row[i]);
    values.emplace_back(names_[i], row[i]);
  }
  return values;
}

}  // namespace segue
