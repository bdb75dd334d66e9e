#include "cases.h"

#include <cmath>
#include <cstdlib>
#include <limits>

#include "kernels/philox.h"
#include "runtime/narrow_float.h"

namespace segue::cases {
namespace {

constexpr std::byte kGuard{0xA5};
constexpr int64_t kManyElements = 1 << 16;  // from here on operands are made by several threads

double load(const std::byte* p, DType t) {
  const auto as = [p](auto zero) {
    std::memcpy(&zero, p, sizeof zero);
    return zero;
  };
  switch (t) {
    case DType::f32: return as(float{});
    case DType::f64: return as(double{});
    case DType::bf16: return bf16_to_float(as(uint16_t{}));
    case DType::f16: return f16_to_float(as(uint16_t{}));
    case DType::u8: return as(uint8_t{});
    case DType::i32: return as(int32_t{});
    case DType::u32: return as(uint32_t{});
    case DType::i64: return double(as(int64_t{}));
    case DType::u64: return double(as(uint64_t{}));
  }
  return 0;
}

void store(std::byte* p, DType t, double value) {
  const auto put = [p](auto v) { std::memcpy(p, &v, sizeof v); };
  switch (t) {
    case DType::f32: return put(float(value));
    case DType::f64: return put(value);
    case DType::bf16: return put(float_to_bf16(float(value)));
    case DType::f16: return put(to_f16(value));
    case DType::u8: return put(uint8_t(value));
    case DType::i32: return put(int32_t(value));
    case DType::u32: return put(uint32_t(value));
    case DType::i64: return put(int64_t(value));
    case DType::u64: return put(uint64_t(value));
  }
}

}  // namespace

void Buffer::allocate() {
  bytes_ = size_t(shape_.pixels() * pitch_ * size_of(dtype_));
  const size_t total = (bytes_ + 2 * kGuardBytes + 255) / 256 * 256;
  auto* p = static_cast<std::byte*>(std::aligned_alloc(256, total));
  memory_ = std::shared_ptr<std::byte>(p, [](std::byte* q) { std::free(q); });
  aligned_ = p + kGuardBytes;
  std::memset(p, int(kGuard), kGuardBytes);
  std::memset(aligned_, 0xff, bytes_);
  std::memset(aligned_ + bytes_, int(kGuard), kGuardBytes);
}

Buffer::Buffer(const Shape& shape, DType dtype, int64_t pitch)
    : shape_(shape), dtype_(dtype), pitch_(pitch ? pitch : shape.channels()) {
  allocate();
}

std::span<std::byte> Buffer::block() {
  if (!aligned_) return {};
  return {aligned_ - kGuardBytes, bytes_ + 2 * kGuardBytes};
}

Buffer::Buffer(const Array& values, DType dtype, int64_t pitch) : Buffer(values.shape, dtype, pitch) {
  std::memset(aligned_, 0, bytes_);
  const int64_t channels = shape_.channels(), size = size_of(dtype);
#pragma omp parallel for if (values.count() > kManyElements)
  for (int64_t i = 0; i < values.count(); ++i)
    store(aligned_ + (i / channels * pitch_ + i % channels) * size, dtype, values[i]);
}

Array Buffer::array() const {
  Array a(shape_);
  const int64_t channels = shape_.channels(), size = size_of(dtype_);
#pragma omp parallel for if (a.count() > kManyElements)
  for (int64_t i = 0; i < a.count(); ++i) a[i] = load(aligned_ + (i / channels * pitch_ + i % channels) * size, dtype_);
  return a;
}

std::vector<std::byte> Buffer::payload() const { return {aligned_, aligned_ + bytes_}; }

bool Buffer::guards_intact() const {
  for (size_t i = 0; i < kGuardBytes; ++i)
    if (aligned_[-1 - ptrdiff_t(i)] != kGuard || aligned_[bytes_ + i] != kGuard) return false;
  return true;
}

bool Buffer::padding_is_zero() const {
  const int64_t channels = shape_.channels(), size = size_of(dtype_);
  for (int64_t p = 0; p < shape_.pixels(); ++p)
    for (int64_t b = channels * size; b < pitch_ * size; ++b)
      if (aligned_[p * pitch_ * size + b] != std::byte{0}) return false;
  return true;
}

Buffer clone(const Buffer& b) {
  Buffer copy(b.shape_, b.dtype_, b.pitch_);
  std::memcpy(copy.aligned_, b.aligned_, b.bytes_);
  return copy;
}

Array uniform(const Shape& shape, double low, double high, uint64_t salt) {
  Array a(shape);
#pragma omp parallel for if (a.count() > kManyElements)
  for (int64_t i = 0; i < a.count(); ++i)
    a[i] = float(low + (high - low) * double(random_uniform({salt, 7}, 0, uint64_t(i))));
  return a;
}

Array labels(const Shape& shape, int64_t classes, int ignored_one_in, uint64_t salt) {
  Array a(shape);
#pragma omp parallel for if (a.count() > kManyElements)
  for (int64_t i = 0; i < a.count(); ++i) {
    const uint32_t r = random_u32({salt, 8}, 0, uint64_t(i));
    const bool ignored = ignored_one_in && (r >> 16) % uint32_t(ignored_one_in) == 0;
    a[i] = ignored ? 255 : double((r & 0xffff) % uint32_t(classes));
  }
  return a;
}

Array constant(const Shape& shape, double value) { return Array(shape, value); }

}  // namespace segue::cases
