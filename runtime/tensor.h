// A tensor: a value that shares its memory. No strides; of parts, slices of the channels.
#pragma once

#include <memory>
#include <vector>

#include "kernels/view.h"

namespace segue {

class Arena;
struct GradCell;

/// A handle on a block of memory with a shape and a type; copying shares. The block goes back to its arena with its
/// last handle. Belongs to one thread. An empty Tensor means "absent".
class Tensor {
 public:
  Tensor() = default;
  /// Takes a new block from `arena`; `tag` is the op that asks. `pitch` 0: the channels.
  Tensor(Arena& arena, const Shape& shape, DType dtype, const char* tag, int64_t pitch = 0);
  /// A tensor inside memory that `owner` keeps alive: one parameter in its slab.
  Tensor(std::shared_ptr<void> owner, void* data, const Shape& shape, DType dtype);

  explicit operator bool() const { return bool(owner_); }
  const Shape& shape() const { return view_.shape; }
  DType dtype() const { return view_.dtype; }
  const View& view() const { return view_; }
  void* data() const { return view_.data; }
  int64_t count() const { return view_.count(); }
  int64_t bytes() const { return view_.bytes(); }
  /// The same elements under another shape of equal count. The result takes no part in autograd.
  Tensor reshape(const Shape& shape) const;
  /// The same memory, outside autograd: what is computed from it sends no gradient back.
  Tensor detach() const;
  /// The channels [first, first + channels) where they lie, outside autograd; see View::slice.
  Tensor slice(int64_t first, int64_t channels) const;
  /// The image that these slices make up in this order, outside autograd; empty if they do not, all of it.
  static Tensor joined(const std::vector<Tensor>& slices);
  /// True if both lie in the same memory.
  bool same_memory(const Tensor& o) const { return view_.data == o.view_.data; }

  /// The gradient's place; null if nobody wants a gradient of this tensor.
  const std::shared_ptr<GradCell>& cell() const { return cell_; }
  void set_cell(std::shared_ptr<GradCell> cell) { cell_ = std::move(cell); }

 private:
  std::shared_ptr<void> owner_;
  View view_;
  std::shared_ptr<GradCell> cell_;
};

/// Where the gradient of one tensor gathers.
struct GradCell {
  Tensor grad;               ///< empty until the first contribution, unless `persistent`
  bool persistent = false;   ///< a parameter: `grad` is its part of the gradient slab
  bool filled = false;       ///< a contribution has arrived since the last reset
  DType dtype = DType::f32;  ///< of a gradient that is made here
  int64_t pitch = 0;         ///< likewise; 0: the channels
};

/// Marks an operand that the kernel writes.
struct Out {
  View view;
};
inline Out out(const Tensor& t) { return {t.view()}; }
inline Out out(const View& v) { return {v}; }

/// Marks an operand that the CUDA overload writes and the CPU overload does not know, such as weights rounded for the
/// device.
struct DeviceOut {
  View view;
};
inline DeviceOut out_on_device(const Tensor& t) { return {t.view()}; }

/// The logical elements of an f32, bf16 or f16 tensor, wherever it lies, as f32 (tests, logs, files).
std::vector<float> host_values(const View& v);
inline std::vector<float> to_host(const Tensor& t) { return host_values(t.view()); }
/// And back: values are rounded to the type of the view, its padding lanes become zero, the lanes around a slice stay.
void from_host(const View& v, const std::vector<float>& values);
inline void from_host(const Tensor& t, const std::vector<float>& values) { from_host(t.view(), values); }

}  // namespace segue
