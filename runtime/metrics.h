// Scalars of a step, gathered on the device and read by the host when it wants them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "context.h"

namespace segue {

/// One row of named f32 values in device memory.
class Metrics {
 public:
  static constexpr int kMaxValues = 64;

  explicit Metrics(Context& c)
      : c_(c),
        row_(c.persistent({kMaxValues}, DType::f32, "metrics")),
        sums_(c.persistent({kMaxValues}, DType::f32, "metrics")) {}

  /// Copies a scalar tensor into the value called `name`; the first use of a name declares it.
  void write(const std::string& name, const Tensor& scalar);
  /// The values as last written, in order of declaration. Throws data (exit 3) if a kernel has met a bad label, and
  /// diverged (exit 4) if a value is not finite, naming it.
  std::vector<std::pair<std::string, float>> read();

  // Means over steps: they gather on the device, so that no step waits for the host.

  /// Adds the values to their sums; part of a step, after its writes.
  void add_up();
  /// Means of the values over the `steps` steps that were added up, and starts the sums anew. Throws as read().
  std::vector<std::pair<std::string, float>> means(int64_t steps);
  /// The sums so far, for a checkpoint, and back. Nothing is checked.
  std::vector<std::pair<std::string, float>> sums() const;
  void set_sums(const std::vector<std::pair<std::string, float>>& sums);

  size_t index_of(const std::string& name);

  Context& c_;
  Tensor row_, sums_;
  std::vector<std::string> names_;
};

}  // namespace segue
