// Helpers for writing a case file.
#pragma once

#include <cmath>
#include <utility>

#include "cases.h"

namespace segue::cases {

/// "4x64x128x256", with the type and pitch where they are not plain f32.
inline std::string case_name(const Shape& shape, DType dtype = DType::f32, int64_t pitch = 0) {
  std::string s;
  for (int i = 0; i < shape.dims(); ++i) s += (i ? "x" : "") + std::to_string(shape[i]);
  if (s.empty()) s = "scalar";
  if (dtype != DType::f32) s += std::string("_") + name_of(dtype);
  if (pitch) s += "_pitch" + std::to_string(pitch);
  return s;
}

/// The CPU call where the CPU computes it (f32, dense), else none.
template <class F>
std::function<void(const CpuExec&, Io&)> cpu_only_if(DType dtype, int64_t pitch, F call) {
  if (dtype == DType::f32 && pitch == 0) return call;
  return nullptr;
}

/// The CUDA call, where this build of the cases links CUDA launchers (the device, or host SIMT execution); else none.
#if defined(SEGUE_CASES_CUDA)
#define SEGUE_CUDA_CALL(...) __VA_ARGS__
#else
#define SEGUE_CUDA_CALL(...) nullptr
#endif

/// How an operand lies in memory: f32 without gaps as on the CPU, or as only CUDA knows it.
struct Format {
  DType dtype = DType::f32;
  int64_t multiple = 1;  ///< the pitch is the channels rounded up to it; 1: no gaps

  int64_t pitch(const Shape& s) const {
    return multiple == 1 ? 0 : (s.channels() + multiple - 1) / multiple * multiple;
  }
  int64_t bytes() const { return size_of(dtype); }
  /// Input with these values; output of this shape.
  Buffer operator()(const Array& a) const { return Buffer(a, dtype, pitch(a.shape)); }
  Buffer operator()(const Shape& s) const { return Buffer(s, dtype, pitch(s)); }
  std::string name(const Shape& s) const { return case_name(s, dtype, pitch(s)); }
  template <class F>
  std::function<void(const CpuExec&, Io&)> cpu(F call) const {
    return cpu_only_if(dtype, multiple == 1 ? 0 : multiple, call);
  }
};
/// The formats of the CUDA runtime.
inline constexpr Format kCudaFormats[] = {{DType::f32, 8}, {DType::bf16, 8}, {DType::f16, 8}};
/// Further ones that kernels must take: pitches that allow no vector access.
inline constexpr Format kOddFormats[] = {{DType::bf16, 1}, {DType::f16, 5}, {DType::f32, 3}};

inline Case bench_only(Case c) {
  c.bench_only = true;
  return c;
}

/// The channels of `shape` from `lane` on, of the wider image in a buffer: a slice of a concatenated image.
inline View slice_view(Buffer& wide, const Shape& shape, int64_t lane) {
  View v = wide.view();
  v.data = static_cast<char*>(v.data) + lane * size_of(v.dtype);
  v.shape = shape;
  v.lanes = shape.channels();
  return v;
}
inline Array wide_shaped(const Shape& shape, int64_t channels, uint64_t salt) {
  Shape wide = shape;
  wide[shape.dims() - 1] = channels;
  return uniform(wide, -1, 1, salt);
}
/// The wider image with `part` in its slice; what lies beside it is untouched.
inline Array with_slice(Array wide, const Array& part, int64_t lane) {
  const int64_t n = part.shape.channels();
  for (int64_t i = 0; i < part.count(); ++i) wide[i / n * wide.shape.channels() + lane + i % n] = part[i];
  return wide;
}
inline Array slice_array(const Array& wide, const Shape& shape, int64_t lane) {
  Array part(shape);
  const int64_t n = shape.channels();
  for (int64_t i = 0; i < part.count(); ++i) part[i] = wide[i / n * wide.shape.channels() + lane + i % n];
  return part;
}

/// Moves values that lie within `distance` of a kink away from it, so that finite differences do not straddle it.
inline Array away_from(Array a, double kink, double distance) {
  for (double& x : a.v)
    if (std::abs(x - kink) < distance) x = kink + (x < kink ? -1 : 1) * 2 * distance;
  return a;
}

}  // namespace segue::cases
