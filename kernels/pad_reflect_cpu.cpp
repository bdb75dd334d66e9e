#include "elementwise.h"
#include "pad_reflect.h"
#include "reflect.h"

namespace segue::kernels {
namespace {

/// The image `small` and the padded image `large`.
void check(const char* where, const char* small_name, const View& small, const char* large_name, const View& large,
           int64_t pad) {
  check_dense(small, where, small_name, DType::f32);
  const Shape& s = small.shape;
  require(s.dims() == 4, where, "expects ", small_name, " (N,H,W,C); got ", s);
  check_pad(where, "pad", pad, s);
  check_view(large, where, large_name, DType::f32, padded_shape(s, pad));
}

}  // namespace

void pad_reflect(const CpuExec&, const View& x, const View& y, int64_t pad) {
  check("pad_reflect", "x", x, "y", y, pad);
  const BorderedRows rows(x.shape, pad);
  const float* from = x.as<float>();
  float* to = y.as<float>();
  parallel_for(rows.rows, row_grain(rows.elements()), [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      std::memcpy(rows.inner_row(to, i), from + i * rows.elements(), size_t(rows.elements()) * sizeof(float));
      rows.mirror(to, i);
    }
  });
}

void pad_reflect_grad(const CpuExec&, const View& dy, const View& dx, int64_t pad) {
  check("pad_reflect_grad", "dx", dx, "dy", dy, pad);
  const BorderedRows rows(dx.shape, pad);
  const float* from = dy.as<float>();
  float* to = dx.as<float>();
  parallel_for(rows.rows, row_grain(rows.elements()), [=](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) rows.fold(from, i, to + i * rows.elements());
  });
}

}  // namespace segue::kernels
