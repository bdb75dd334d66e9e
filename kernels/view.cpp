#include "view.h"

#include <ostream>

namespace segue {

const char* name_of(DType t) {
  switch (t) {
    case DType::f32: return "f32";
    case DType::bf16: return "bf16";
    case DType::f16: return "f16";
    case DType::f64: return "f64";
    case DType::u8: return "u8";
    case DType::i32: return "i32";
    case DType::u32: return "u32";
    case DType::i64: return "i64";
    case DType::u64: return "u64";
  }
  return "?";
}

std::ostream& operator<<(std::ostream& s, DType t) { return s << name_of(t); }

std::ostream& operator<<(std::ostream& s, const Shape& shape) {
  s << '(';
  for (int i = 0; i < shape.dims(); ++i) s << (i ? "," : "") << shape[i];
  return s << ')';
}

void check_dense(const View& v, const char* where, const char* what, DType dtype) {
  require(bool(v) || v.count() == 0, where, "expects ", what, "; got no tensor");
  require(v.dtype == dtype, where, "expects ", what, " of type ", dtype, "; got ", v.dtype);
  require(v.dense(), where, "expects dense ", what, "; got channels ", v.channels(), " at pitch ", v.pitch);
}

void check_view(const View& v, const char* where, const char* what, DType dtype, const Shape& shape) {
  check_dense(v, where, what, dtype);
  require(v.shape == shape, where, "expects ", what, " of shape ", shape, "; got ", v.shape);
}

View View::slice(int64_t first, int64_t channels) const {
  require(shape.dims() > 0 && first >= 0 && channels >= 0 && first % kPackLanes == 0 && channels % kPackLanes == 0 &&
              first + channels <= shape.channels(),
          "slice", "expects multiples of ", kPackLanes, " channels of ", shape, "; got ", channels, " from ", first);
  View v = *this;
  if (data) v.data = static_cast<std::byte*>(data) + first * size_of(dtype);
  v.shape[shape.dims() - 1] = v.lanes = channels;
  return v;
}

void check_pitched(const View& v, const char* where, const char* what, DType dtype, const Shape& shape) {
  check_pitched_or_slice(v, where, what, dtype, shape);
  require(v.whole(), where, "expects ", what, " alone in its memory; got a slice, ", v.channels(), " of ", v.pitch,
          " lanes");
}

void check_pitched_or_slice(const View& v, const char* where, const char* what, DType dtype, const Shape& shape) {
  require(bool(v) || v.count() == 0, where, "expects ", what, "; got no tensor");
  require(v.dtype == dtype, where, "expects ", what, " of type ", dtype, "; got ", v.dtype);
  require(v.shape == shape, where, "expects ", what, " of shape ", shape, "; got ", v.shape);
  require(v.pitch >= v.channels(), where, "expects ", what, " with a pitch of at least ", v.channels(), "; got ",
          v.pitch);
}

void check_like(const View& v, const char* where, const char* what, const Shape& shape, const View& first,
                const char* first_what) {
  check_pitched(v, where, what, first.dtype, shape);
  require(v.pitch == first.pitch, where, "expects ", what, " at the pitch of ", first_what, ", ", first.pitch, "; got ",
          v.pitch);
}

void check_like(const View& v, const char* where, const char* what, const View& first, const char* first_what) {
  check_like(v, where, what, first.shape, first, first_what);
}

}  // namespace segue
