#include "stored_values.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "narrow_float.h"

namespace segue {
namespace {

// Bytes in files are not aligned: every value is taken out with memcpy.
template <class T>
T load(const std::byte* packed, uint64_t i) {
  T value;
  std::memcpy(&value, packed + i * sizeof(T), sizeof(T));
  return value;
}

float float_at(const std::byte* packed, StoredType type, uint64_t i) {
  switch (type) {
    case StoredType::F16: return f16_to_float(load<uint16_t>(packed, i));
    case StoredType::BF16: return bf16_to_float(load<uint16_t>(packed, i));
    case StoredType::F64: return float(load<double>(packed, i));
    default: return load<float>(packed, i);
  }
}

/// Calls f(index on disk, index in memory) for a filter of memory shape (A,R,S,B).
template <class F>
void for_filter(const Shape& s, F&& f) {
  const int64_t taps = s[1] * s[2], b_count = s[3];
  for (int64_t a = 0; a < s[0]; ++a)
    for (int64_t b = 0; b < b_count; ++b)
      for (int64_t tap = 0; tap < taps; ++tap) f((a * b_count + b) * taps + tap, (a * taps + tap) * b_count + b);
}

template <class T, class From>
void read_as(const View& to, bool filter, From&& from) {
  T* values = to.as<T>();
  if (filter) {
    for_filter(to.shape, [&](int64_t disk, int64_t memory) { values[memory] = from(uint64_t(disk)); });
  } else {
    for (int64_t i = 0; i < to.count(); ++i) values[i] = from(uint64_t(i));
  }
}

}  // namespace

const StoredType* stored_type(DType t) {
  static constexpr StoredType kF32 = StoredType::F32, kF64 = StoredType::F64, kI64 = StoredType::I64,
                              kI32 = StoredType::I32, kU8 = StoredType::U8;
  switch (t) {
    case DType::f32: return &kF32;
    case DType::f64: return &kF64;
    case DType::i64: return &kI64;
    case DType::i32: return &kI32;
    case DType::u8: return &kU8;
    default: return nullptr;
  }
}

bool can_read(StoredType from, DType to) {
  if (const StoredType* same = stored_type(to); same && *same == from) return true;
  if (to == DType::f32) return from == StoredType::F16 || from == StoredType::BF16 || from == StoredType::F64;
  return to == DType::u8 && from == StoredType::BOOL;
}

bool fits(const std::byte* packed, const StoredTensor& t, DType to) {
  if (t.type != StoredType::F64 || to != DType::f32) return true;
  for (uint64_t i = 0, n = t.count(); i < n; ++i) {
    const double value = load<double>(packed, i);
    if (std::isfinite(value) && std::abs(value) > double(std::numeric_limits<float>::max())) return false;
  }
  return true;
}

double value_at(const std::byte* packed, StoredType type, uint64_t i) {
  switch (type) {
    case StoredType::F64: return load<double>(packed, i);
    case StoredType::I64: return double(load<int64_t>(packed, i));
    case StoredType::I32: return load<int32_t>(packed, i);
    case StoredType::U8:
    case StoredType::BOOL: return load<uint8_t>(packed, i);
    default: return float_at(packed, type, i);
  }
}

void read_values(const std::byte* packed, const StoredTensor& t, const View& to, bool filter) {
  require(can_read(t.type, to.dtype) && uint64_t(to.count()) == t.count() && to.dense(), "read_values",
          "expects a dense view of ", t.count(), " values that hold ", name_of(t.type), "; got ", to.count(), " of ",
          to.dtype);
  const bool same_bytes = t.type != StoredType::BOOL && uint64_t(to.bytes()) == t.bytes();
  if (!filter && same_bytes) {
    if (to.count() > 0) std::memcpy(to.data, packed, size_t(t.bytes()));
    return;
  }
  switch (to.dtype) {
    case DType::f32: return read_as<float>(to, filter, [&](uint64_t i) { return float_at(packed, t.type, i); });
    case DType::f64: return read_as<double>(to, filter, [&](uint64_t i) { return load<double>(packed, i); });
    case DType::i64: return read_as<int64_t>(to, filter, [&](uint64_t i) { return load<int64_t>(packed, i); });
    case DType::i32: return read_as<int32_t>(to, filter, [&](uint64_t i) { return load<int32_t>(packed, i); });
    default:  // u8; a BOOL that is not 0 is true
      return read_as<uint8_t>(to, filter, [&](uint64_t i) {
        const uint8_t value = load<uint8_t>(packed, i);
        return t.type == StoredType::BOOL ? uint8_t(value != 0) : value;
      });
  }
}

void filter_to_disk(const View& filter, std::byte* packed) {
  const size_t size = size_t(size_of(filter.dtype));
  const std::byte* values = static_cast<const std::byte*>(filter.data);
  for_filter(filter.shape, [&](int64_t disk, int64_t memory) {
    std::memcpy(packed + size_t(disk) * size, values + size_t(memory) * size, size);
  });
}

}  // namespace segue
