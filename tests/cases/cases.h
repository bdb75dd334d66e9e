// Cases: what an op is tested and timed on. One file per op fills the registry; tests and benchmarks read it.
#pragma once

#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "kernels/exec.h"
#include "kernels/view.h"
#include "runtime/context.h"

namespace segue::cases {

/// Numbers in double precision with a shape: what references take and return.
struct Array {
  Shape shape;
  std::vector<double> v;

  Array() = default;
  explicit Array(const Shape& s, double value = 0) : shape(s), v(size_t(s.count()), value) {}
  double& operator[](int64_t i) { return v[size_t(i)]; }
  double operator[](int64_t i) const { return v[size_t(i)]; }
  int64_t count() const { return int64_t(v.size()); }
  /// Element (n,h,w,c) of an image or filter.
  double& at(int64_t n, int64_t h, int64_t w, int64_t c) { return v[size_t(offset(n, h, w, c))]; }
  double at(int64_t n, int64_t h, int64_t w, int64_t c) const { return v[size_t(offset(n, h, w, c))]; }

 private:
  int64_t offset(int64_t n, int64_t h, int64_t w, int64_t c) const {
    return ((n * shape[1] + h) * shape[2] + w) * shape[3] + c;
  }
};

/// An operand in host memory, between two guard zones. Floating outputs start as NaN, others as 0xff bytes, so that an
/// element that is never written is seen.
class Buffer {
 public:
  static constexpr size_t kGuardBytes = 256;

  Buffer() = default;
  /// `pitch` 0: the channels. With a pitch, padding lanes of an input are zero.
  Buffer(const Shape& shape, DType dtype, int64_t pitch = 0);
  /// From values, rounded to `dtype`.
  Buffer(const Array& values, DType dtype, int64_t pitch = 0);

  View view() {
    View v(device_ ? device_ + kGuardBytes : aligned_, shape_, dtype_, pitch_);
    if (slice_) v.lanes = v.channels();
    return v;
  }
  /// From now on view() is a slice: what would be padding lanes are others'.
  void make_slice() { slice_ = true; }
  bool has_padding() const { return pitch_ > shape_.channels(); }
  /// The guard zones and the payload between them.
  std::span<std::byte> block();
  /// From now on view() points into a copy of block() at this address, on a device; nullptr: into block() again.
  void set_device_block(std::byte* copy) { device_ = copy; }
  const Shape& shape() const { return shape_; }
  DType dtype() const { return dtype_; }
  /// The logical elements in double precision (padding lanes left out): as rounded to the type.
  Array array() const;
  /// Bytes that a kernel may write, padding lanes included; for comparing bits.
  std::vector<std::byte> payload() const;
  /// True while nobody has written outside the payload.
  bool guards_intact() const;
  /// True while all padding lanes are zero.
  bool padding_is_zero() const;

 private:
  void allocate();

  Shape shape_;
  DType dtype_ = DType::f32;
  int64_t pitch_ = 0;
  std::shared_ptr<std::byte> memory_;  // shared: copying a Buffer shares, clone() copies
  std::byte* aligned_ = nullptr;
  std::byte* device_ = nullptr;
  size_t bytes_ = 0;
  bool slice_ = false;
  friend Buffer clone(const Buffer& b);
};
/// A buffer of its own with the same content.
Buffer clone(const Buffer& b);

/// The operands of one launch. `in` are read only: the runner checks that they keep their bits. `out` is written;
/// operands that are read and written stand in `out` with their initial values.
struct Io {
  std::vector<Buffer> in, out;
};

/// One launch of a kernel at one size.
struct Case {
  std::string op;    ///< launcher: "relu_grad"
  std::string name;  ///< size and variant, unique within the op: "9x33"
  /// Makes the operands; the same every time.
  std::function<Io()> make;
  std::function<void(const CpuExec&, Io&)> cpu{};
  /// Empty where no CUDA kernel exists.
  std::function<void(const CudaExec&, Io&)> cuda{};
  /// What each of Io::out must hold, from the operands as rounded. An empty Array skips an output (scratch).
  std::function<std::vector<Array>(const Io&)> reference;
  /// Longest sum behind an element of each output (1 for elementwise); one value serves all outputs.
  std::vector<int64_t> longest_sum = {1};
  /// Type of sums on their way to the outputs, where it is narrower than f32: cuDNN's filter gradients.
  DType partial = DType::f32;
  /// Elements over which rms is taken, from the start of each output in turn; 0: the whole output.
  std::vector<int64_t> rms_group = {0};
  /// Why a bound is wider than the derived one, and by how much; needs a reason in writing.
  double widen = 1;
  const char* widen_reason = nullptr;
  /// Bytes the kernel must move, and floating point operations, for the benchmark.
  double bytes = 0, flops = 0;
  /// Too large for the test suites: only timed (its small twins are tested).
  bool bench_only = false;
  /// The case file: "reduce" for "sum". Set by the registry.
  std::string file{};
};

/// A differentiable op at a small size: reference, its gradient, and the op on the tape. The suite checks that
/// finite differences of `forward` (float64) are `gradient`, and that `op` and its tape gradient equal both.
struct GradientCase {
  std::string op;
  std::string name;
  std::vector<Array> inputs;  ///< all operands that are differentiated
  std::function<Array(const std::vector<Array>&)> forward;
  /// Gradients of sum(dy * forward(x)) for each input.
  std::function<std::vector<Array>(const std::vector<Array>& x, const Array& dy)> gradient;
  std::function<Tensor(Context&, std::vector<Tensor>&)> op_call;
  int64_t longest_sum = 1;
  /// Gradient elements in one rms group; 0: the whole.
  int64_t rms_group = 0;
};

struct Registry {
  std::vector<Case> cases;
  std::vector<GradientCase> gradients;
};
/// Every case of every op; built once.
const Registry& registry();

// Input makers: the same values for the same arguments, on every machine.

/// Uniform in [low, high), rounded to f32 steps; `salt` tells operands of a case apart.
Array uniform(const Shape& shape, double low, double high, uint64_t salt = 1);
/// Classes in [0, classes), one in `ignored_one_in` 255 (0: none).
Array labels(const Shape& shape, int64_t classes, int ignored_one_in, uint64_t salt = 2);
Array constant(const Shape& shape, double value);

}  // namespace segue::cases
