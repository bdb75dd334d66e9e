// What a kernel sees of a tensor: where it lies, its shape, its type. Owns nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <string>

#include "error.h"

namespace segue {

enum class DType : uint8_t { f32, bf16, f16, f64, u8, i32, u32, i64, u64 };

/// Bytes of one element.
constexpr int64_t size_of(DType t) {
  switch (t) {
    case DType::u8: return 1;
    case DType::bf16:
    case DType::f16: return 2;
    case DType::f32:
    case DType::i32:
    case DType::u32: return 4;
    default: return 8;
  }
}
const char* name_of(DType t);
std::ostream& operator<<(std::ostream& s, DType t);

template <class T>
struct DTypeOf;
template <>
struct DTypeOf<float> {
  static constexpr DType value = DType::f32;
};
template <>
struct DTypeOf<double> {
  static constexpr DType value = DType::f64;
};
template <>
struct DTypeOf<uint8_t> {
  static constexpr DType value = DType::u8;
};
template <>
struct DTypeOf<int32_t> {
  static constexpr DType value = DType::i32;
};
template <>
struct DTypeOf<uint32_t> {
  static constexpr DType value = DType::u32;
};
template <>
struct DTypeOf<int64_t> {
  static constexpr DType value = DType::i64;
};
template <>
struct DTypeOf<uint64_t> {
  static constexpr DType value = DType::u64;
};

/// Up to five extents. Images are (N,H,W,C), filters (K,R,S,C), a scalar is ().
class Shape {
 public:
  static constexpr int kMaxDims = 5;

  constexpr Shape() = default;
  Shape(std::initializer_list<int64_t> dims) {
    require(dims.size() <= kMaxDims, "shape", "expects at most 5 extents; got ", dims.size());
    for (int64_t d : dims) push(d);
  }

  int dims() const { return dims_; }
  int64_t operator[](int i) const { return extent_[size_t(i)]; }
  int64_t& operator[](int i) { return extent_[size_t(i)]; }
  /// The last extent: channels of an image, 1 for a scalar.
  int64_t channels() const { return dims_ ? extent_[size_t(dims_ - 1)] : 1; }
  /// Product of all extents but the last: pixels of an image batch.
  int64_t pixels() const {
    int64_t n = 1;
    for (int i = 0; i + 1 < dims_; ++i) n *= extent_[size_t(i)];
    return n;
  }
  /// Logical elements: pixels() * channels().
  int64_t count() const { return pixels() * channels(); }
  void push(int64_t extent) {
    require(dims_ < kMaxDims, "shape", "expects at most 5 extents");
    require(extent >= 0, "shape", "expects extents >= 0; got ", extent);
    extent_[size_t(dims_++)] = extent;
  }
  bool operator==(const Shape& o) const {
    if (dims_ != o.dims_) return false;
    for (int i = 0; i < dims_; ++i)
      if ((*this)[i] != o[i]) return false;
    return true;
  }
  bool operator!=(const Shape& o) const { return !(*this == o); }

 private:
  std::array<int64_t, kMaxDims> extent_{};
  int dims_ = 0;
};
std::ostream& operator<<(std::ostream& s, const Shape& shape);

/// Lanes in 16 bytes of the 16-bit types: pitches of images on CUDA are multiples of it, and slices begin and end at such.
constexpr int64_t kPackLanes = 8;

/// Non-owning view of a tensor. `pitch` is the number of elements from one pixel to the next: equal to the channels on
/// the CPU, rounded up to 8 on CUDA for images and logits, where the padding lanes are zero and stay zero. It is the
/// only stride there is. A default view means "absent", for optional operands.
/// A slice is a view of some channels of a wider image: its pitch is the image's, and the lanes between its pixels are
/// others'. Most kernels refuse slices; those that take them touch no lane of others.
struct View {
  void* data = nullptr;
  Shape shape;
  DType dtype = DType::f32;
  int64_t pitch = 0;
  int64_t lanes = 0;  ///< of a pixel that are this view's own: the pitch, of a slice the channels

  View() = default;
  View(void* data, const Shape& shape, DType dtype) : View(data, shape, dtype, shape.channels()) {}
  View(void* data, const Shape& shape, DType dtype, int64_t pitch)
      : data(data), shape(shape), dtype(dtype), pitch(pitch), lanes(pitch) {}

  explicit operator bool() const { return data != nullptr; }
  bool dense() const { return pitch == shape.channels(); }
  /// False for a slice.
  bool whole() const { return lanes == pitch; }
  int64_t pixels() const { return shape.pixels(); }
  int64_t channels() const { return shape.channels(); }
  int64_t count() const { return shape.count(); }
  /// From its first element to behind its last lane; in a slice, lanes of others lie between.
  int64_t bytes() const { return pixels() > 0 ? ((pixels() - 1) * pitch + lanes) * size_of(dtype) : 0; }
  /// The channels [first, first + channels) of the same pixels. Throws invalid_argument unless both are multiples of
  /// kPackLanes within its channels.
  View slice(int64_t first, int64_t channels) const;

  /// The elements as T. Throws invalid_argument if the view holds another type.
  template <class T>
  T* as() const {
    require(dtype == DTypeOf<T>::value, "view", "expects ", name_of(DTypeOf<T>::value), "; got ", name_of(dtype),
            " of ", shape.dims(), " extents");
    return static_cast<T*>(data);
  }
};

/// Throws invalid_argument unless `v` is a dense view of this type and shape; `what` names the operand.
void check_view(const View& v, const char* where, const char* what, DType dtype, const Shape& shape);
/// As above with any shape.
void check_dense(const View& v, const char* where, const char* what, DType dtype);
/// A view as CUDA kernels take it: of the given type and shape, any pitch from the channels upwards, no slice.
void check_pitched(const View& v, const char* where, const char* what, DType dtype, const Shape& shape);
/// The same, or a slice: for kernels that touch no lanes of others.
void check_pitched_or_slice(const View& v, const char* where, const char* what, DType dtype, const Shape& shape);
/// The same for an operand with the channels of another one, `first`: of its type and at its pitch. Without a shape: of
/// its shape.
void check_like(const View& v, const char* where, const char* what, const Shape& shape, const View& first,
                const char* first_what);
void check_like(const View& v, const char* where, const char* what, const View& first, const char* first_what);

}  // namespace segue
