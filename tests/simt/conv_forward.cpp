// Convolutions where there is no cuDNN: the CUDA overloads widen their operands to dense f32, call the CPU overloads, and
// round the results back, with zero padding lanes. Programs with host SIMT execution link this in place of the launchers.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <cstdlib>
#include <cstring>
#include <new>
#include <vector>

#include "kernels/conv2d.h"
#include "kernels/conv_transpose2d.h"
#include "kernels/parallel.h"

namespace segue::kernels {
namespace {

constexpr int64_t kPixelsPerTask = 256;

/// Working memory of the CPU overloads.
class HeapScratch : public Scratch {
 public:
  ~HeapScratch() override { std::free(block_); }
  void* get(size_t bytes) override {
    std::free(block_);
    if (posix_memalign(&block_, 256, bytes ? bytes : 1) != 0) throw std::bad_alloc();
    return block_;
  }

 private:
  void* block_ = nullptr;
};

float load(const View& v, int64_t i) {
  switch (v.dtype) {
    case DType::bf16: return __bfloat162float(static_cast<const __nv_bfloat16*>(v.data)[i]);
    case DType::f16: return __half2float(static_cast<const __half*>(v.data)[i]);
    default: return static_cast<const float*>(v.data)[i];
  }
}

void store(const View& v, int64_t i, float value) {
  switch (v.dtype) {
    case DType::bf16: static_cast<__nv_bfloat16*>(v.data)[i] = __float2bfloat16_rn(value); return;
    case DType::f16: static_cast<__half*>(v.data)[i] = __float2half_rn(value); return;
    default: static_cast<float*>(v.data)[i] = value;
  }
}

/// A dense f32 copy of an operand.
class Wide {
 public:
  Wide(const char* where, const View& v, DType dtype) : narrow_(v), values_(size_t(v.count())) {
    check_pitched(v, where, "an operand", dtype, v.shape);
    require(dtype == DType::f32 || dtype == DType::bf16 || dtype == DType::f16, where, "expects f32, bf16 or f16; got ",
            dtype);
  }
  View view() { return View(values_.data(), narrow_.shape, DType::f32); }
  Wide& read() {
    const int64_t channels = narrow_.channels();
    parallel_blocks(narrow_.pixels(), kPixelsPerTask, [&](int64_t, int64_t begin, int64_t end) {
      for (int64_t p = begin; p < end; ++p)
        for (int64_t c = 0; c < channels; ++c) values_[size_t(p * channels + c)] = load(narrow_, p * narrow_.pitch + c);
    });
    return *this;
  }
  void write() const {
    const int64_t channels = narrow_.channels(), pitch = narrow_.pitch;
    parallel_blocks(narrow_.pixels(), kPixelsPerTask, [&](int64_t, int64_t begin, int64_t end) {
      for (int64_t p = begin; p < end; ++p)
        for (int64_t c = 0; c < pitch; ++c)
          store(narrow_, p * pitch + c, c < channels ? values_[size_t(p * channels + c)] : 0.f);
    });
  }

 private:
  View narrow_;
  std::vector<float> values_;
};

/// call(exec, a, b, result) with operands of `a`'s type.
template <class F>
void forward_images(const char* where, const View& a, const View& w, const View& result, bool accumulate, F call) {
  check_dense(w, where, "w", a.dtype);
  Wide wide_a(where, a, a.dtype), wide_w(where, w, a.dtype), wide_result(where, result, a.dtype);
  if (accumulate) wide_result.read();
  HeapScratch scratch;
  call(CpuExec{&scratch}, wide_a.read().view(), wide_w.read().view(), wide_result.view());
  wide_result.write();
}

template <class F>
void forward_filters(const char* where, const View& x, const View& dy, F call) {
  Wide wide_x(where, x, x.dtype), wide_dy(where, dy, x.dtype);
  HeapScratch scratch;
  call(CpuExec{&scratch}, wide_x.read().view(), wide_dy.read().view());
}

}  // namespace

void conv2d(const CudaExec&, const View& x, const View& w, const View& bias, const View& y,
            const Conv2dOptions& options) {
  forward_images("conv2d", x, w, y, false, [&](const CpuExec& cpu, const View& x32, const View& w32, const View& y32) {
    conv2d(cpu, x32, w32, bias, y32, options);
  });
}

void conv2d_dgrad(const CudaExec&, const View& dy, const View& w, const View& dx, const Conv2dOptions& options,
                  bool accumulate) {
  forward_images("conv2d_dgrad", dy, w, dx, accumulate,
                 [&](const CpuExec& cpu, const View& dy32, const View& w32, const View& dx32) {
                   conv2d_dgrad(cpu, dy32, w32, dx32, options, accumulate);
                 });
}

void conv2d_wgrad(const CudaExec&, const View& x, const View& dy, const View& dw, const Conv2dOptions& options,
                  bool accumulate) {
  forward_filters("conv2d_wgrad", x, dy, [&](const CpuExec& cpu, const View& x32, const View& dy32) {
    conv2d_wgrad(cpu, x32, dy32, dw, options, accumulate);
  });
}

void conv_transpose2d(const CudaExec&, const View& x, const View& w, const View& bias, const View& y,
                      const ConvTranspose2dOptions& options) {
  forward_images("conv_transpose2d", x, w, y, false,
                 [&](const CpuExec& cpu, const View& x32, const View& w32, const View& y32) {
                   conv_transpose2d(cpu, x32, w32, bias, y32, options);
                 });
}

void conv_transpose2d_dgrad(const CudaExec&, const View& dy, const View& w, const View& dx,
                            const ConvTranspose2dOptions& options, bool accumulate) {
  forward_images("conv_transpose2d_dgrad", dy, w, dx, accumulate,
                 [&](const CpuExec& cpu, const View& dy32, const View& w32, const View& dx32) {
                   conv_transpose2d_dgrad(cpu, dy32, w32, dx32, options, accumulate);
                 });
}

void conv_transpose2d_wgrad(const CudaExec&, const View& x, const View& dy, const View& dw,
                            const ConvTranspose2dOptions& options, bool accumulate) {
  forward_filters("conv_transpose2d_wgrad", x, dy, [&](const CpuExec& cpu, const View& x32, const View& dy32) {
    conv_transpose2d_wgrad(cpu, x32, dy32, dw, options, accumulate);
  });
}

}  // namespace segue::kernels
