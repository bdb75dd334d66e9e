#include "cutmix.h"
#include "device.cuh"
#include "divisor.cuh"
#include "exec.h"
#include "status.h"

namespace segue::kernels {
namespace {

constexpr int kThreads = 256;

template <class T>
struct Side {
  const T* image;
  const uint8_t* label;
  const float* weight;  // or null: 1
};

/// What stands where: boxes or mask, the other is null.
struct Choice {
  const int32_t* boxes;  // (N,4)
  const uint8_t* mask;   // (known) of all images, or of each
  int known, mask_stride;
};

struct Extent {
  int64_t images, plane;
  gpu::Divisor width;
  int pitch;
};

// Blocks (x, n) take pixels of image n. A thread takes whole pixels, in packs of N lanes. weight may be null.
template <class T, int N>
__global__ void __launch_bounds__(kThreads)
    cutmix_kernel(Side<T> a, Side<T> b, Choice choice, T* image, uint8_t* label, float* weight, uint32_t* status,
                  Extent extent, int classes, int ignore) {
  const int64_t first = int64_t(blockIdx.x) * kThreads + threadIdx.x, stride = int64_t(gridDim.x) * kThreads;
  const auto is_bad = [=](int l) { return l >= classes && l != ignore; };
  bool bad = false;
  for (int64_t n = blockIdx.y; n < extent.images; n += gridDim.y) {
    int64_t top = 0, bottom = 0, left = 0, right = 0;
    if (choice.boxes) {
      const int32_t* box = choice.boxes + 4 * n;
      top = box[0], left = box[1], bottom = top + box[2], right = left + box[3];
    }
    const uint8_t* chosen = choice.mask ? choice.mask + n * choice.mask_stride : nullptr;
    for (int64_t i = first; i < extent.plane; i += stride) {
      const int64_t p = n * extent.plane + i;
      int l;
      bool from_a;
      if (chosen) {
        l = a.label[p];
        const bool bad_here = is_bad(l);
        bad |= bad_here;
        from_a = !bad_here && l < choice.known && chosen[l] != 0;
        if (!from_a) l = b.label[p];
      } else {
        int64_t x;
        const int64_t y = extent.width.divide(i, x);
        from_a = y >= top && y < bottom && x >= left && x < right;
        l = from_a ? a.label[p] : b.label[p];
      }
      const T* from = from_a ? a.image : b.image;
      if (from != image)
#pragma unroll 1
        for (int c = 0; c < extent.pitch; c += N)
          gpu::store(image + p * extent.pitch + c, gpu::load<N>(from + p * extent.pitch + c));
      const float* weight_from = from_a ? a.weight : b.weight;
      if (weight && weight_from != weight) weight[p] = weight_from ? weight_from[p] : 1.f;
      if (is_bad(l)) {
        bad = true;
        l = ignore;
      }
      label[p] = uint8_t(l);
    }
  }
  if (__syncthreads_or(bad) && threadIdx.x == 0) atomicOr(status, unsigned(kStatusBadLabel));
}

template <class T>
Side<T> side(const char* what, const MixSide& s, const View& image, const Shape& pixels) {
  check_like(s.image, "cutmix", what, image, "the result");
  check_view(s.label, "cutmix", what, DType::u8, pixels);
  if (s.weight) check_view(s.weight, "cutmix", what, DType::f32, pixels);
  return {s.image.as<T>(), s.label.as<uint8_t>(), s.weight ? s.weight.as<float>() : nullptr};
}

/// Checks boxes and mask.
Choice choice_of(const View& boxes, const View& mask, int64_t images) {
  if (boxes) {
    check_view(boxes, "cutmix", "boxes", DType::i32, {images, 4});
    return {boxes.as<int32_t>(), nullptr, 0, 0};
  }
  check_dense(mask, "cutmix", "mask", DType::u8);
  const int64_t known = mask.channels();
  require(known >= 1 && known <= 256 && (mask.shape == Shape{known} || mask.shape == Shape{images, known}), "cutmix",
          "expects a class mask (K) or (", images, ",K), K <= 256; got ", mask.shape);
  return {nullptr, mask.as<uint8_t>(), int(known), mask.shape.dims() == 2 ? int(known) : 0};
}

}  // namespace

void cutmix(const CudaExec& exec, const MixSide& a, const MixSide& b, const View& boxes, const View& mask,
            const View& image, const View& label, const View& weight, const View& status,
            const CutmixOptions& options) {
  check_pitched(image, "cutmix", "image", image.dtype, image.shape);
  require(image.shape.dims() == 4, "cutmix", "expects images (N,H,W,C); got ", image.shape);
  require(options.classes >= 1 && options.classes <= 256 && options.ignore >= 0 && options.ignore <= 255, "cutmix",
          "expects 1 to 256 classes and a label to ignore in [0, 255]; got ", options.classes, " and ", options.ignore);
  require(bool(boxes) != bool(mask), "cutmix", "expects either boxes or a class mask; got ", boxes ? "both" : "none");
  const Extent extent{image.shape[0], image.shape[1] * image.shape[2],
                      gpu::Divisor(std::max<int64_t>(image.shape[2], 1)), int(image.pitch)};
  const Shape pixels{image.shape[0], image.shape[1], image.shape[2]};
  check_view(label, "cutmix", "label", DType::u8, pixels);
  if (weight) check_view(weight, "cutmix", "weight", DType::f32, pixels);
  check_view(status, "cutmix", "status", DType::u32, {});
  gpu::dispatch_float(image.dtype, "cutmix", [&](auto zero) {
    using T = decltype(zero);
    constexpr int N = gpu::kVector<T>;
    const Side<T> sa = side<T>("side a", a, image, pixels), sb = side<T>("side b", b, image, pixels);
    const Choice choice = choice_of(boxes, mask, extent.images);
    if (pixels.count() == 0) return;
    const bool packed = image.pitch % N == 0 && gpu::aligned16(image.data, a.image.data, b.image.data);
    constexpr int64_t kMostImages = 65535;  // of a grid
    dim3 grid = gpu::grid_for(extent.plane, kThreads);
    grid.y = unsigned(std::min(extent.images, kMostImages));
    gpu::launch(packed ? cutmix_kernel<T, N> : cutmix_kernel<T, 1>,
                {.name = "cutmix", .grid = grid, .block = kThreads, .stream = exec.stream}, sa, sb, choice,
                image.as<T>(), label.as<uint8_t>(), weight ? weight.as<float>() : nullptr, status.as<uint32_t>(),
                extent, options.classes, options.ignore);
  });
}

}  // namespace segue::kernels
