#include <algorithm>
#include <cstring>

#include "count_blocks.h"
#include "cutmix.h"
#include "status.h"

namespace segue::kernels {
namespace {

struct Side {
  const float* image;
  const uint8_t* label;
  const float* weight;  // or null: 1

  Side(const char* what, const MixSide& s, const Shape& images, const Shape& pixels)
      : image((check_view(s.image, "cutmix", what, DType::f32, images), s.image.as<float>())),
        label((check_view(s.label, "cutmix", what, DType::u8, pixels), s.label.as<uint8_t>())),
        weight(s.weight ? (check_view(s.weight, "cutmix", what, DType::f32, pixels), s.weight.as<float>()) : nullptr) {}
};

struct Mix {
  float* image;
  uint8_t* label;
  float* weight;  // or null
  int64_t channels;
  int classes, ignore;

  bool bad(int l) const { return l >= classes && l != ignore; }

  /// Takes pixels [begin, end) from one side; returns the status bits.
  uint32_t take(const Side& s, int64_t begin, int64_t end) const {
    if (begin >= end) return 0;
    const int64_t n = end - begin;
    if (s.image != image)
      std::memcpy(image + begin * channels, s.image + begin * channels, size_t(n * channels) * sizeof(float));
    if (weight && !s.weight) std::fill(weight + begin, weight + end, 1.f);
    if (weight && s.weight && s.weight != weight)
      std::memcpy(weight + begin, s.weight + begin, size_t(n) * sizeof(float));
    int any = 0;
    for (int64_t p = begin; p < end; ++p) {
      const int l = s.label[p];
      any |= bad(l);
      label[p] = uint8_t(bad(l) ? ignore : l);
    }
    return any ? kStatusBadLabel : 0u;
  }
};

}  // namespace

void cutmix(const CpuExec&, const MixSide& a, const MixSide& b, const View& boxes, const View& mask, const View& image,
            const View& label, const View& weight, const View& status, const CutmixOptions& options) {
  check_dense(image, "cutmix", "image", DType::f32);
  require(image.shape.dims() == 4, "cutmix", "expects images (N,H,W,C); got ", image.shape);
  require(options.classes >= 1 && options.classes <= 256 && options.ignore >= 0 && options.ignore <= 255, "cutmix",
          "expects 1 to 256 classes and a label to ignore in [0, 255]; got ", options.classes, " and ", options.ignore);
  require(bool(boxes) != bool(mask), "cutmix", "expects either boxes or a class mask; got ", boxes ? "both" : "none");
  const int64_t images = image.shape[0], height = image.shape[1], width = image.shape[2];
  const Shape pixels{images, height, width};
  check_view(label, "cutmix", "label", DType::u8, pixels);
  if (weight) check_view(weight, "cutmix", "weight", DType::f32, pixels);
  check_view(status, "cutmix", "status", DType::u32, {});
  const Side sa("side a", a, image.shape, pixels), sb("side b", b, image.shape, pixels);
  const Mix mix{image.as<float>(), label.as<uint8_t>(), weight ? weight.as<float>() : nullptr,
                image.channels(),  options.classes,     options.ignore};
  uint32_t* word = status.as<uint32_t>();
  constexpr int64_t kRowsOfBlock = 8;

  if (boxes) {
    check_view(boxes, "cutmix", "boxes", DType::i32, {images, 4});
    const int32_t* box = boxes.as<int32_t>();
    parallel_for(images * height, kRowsOfBlock, [=](int64_t begin, int64_t end) {
      uint32_t bits = 0;
      for (int64_t row = begin; row < end; ++row) {
        const int32_t* r = box + row / height * 4;
        const int64_t y = row % height, first = row * width;
        const bool inside = y >= r[0] && y < int64_t(r[0]) + r[2];
        const int64_t left = inside ? std::clamp<int64_t>(r[1], 0, width) : width;
        const int64_t right = inside ? std::clamp<int64_t>(int64_t(r[1]) + r[3], left, width) : width;
        bits |= mix.take(sb, first, first + left);
        bits |= mix.take(sa, first + left, first + right);
        bits |= mix.take(sb, first + right, first + width);
      }
      raise_status(word, bits);
    });
    return;
  }

  check_dense(mask, "cutmix", "mask", DType::u8);
  const int64_t known = mask.channels();
  require(known >= 1 && known <= 256 && (mask.shape == Shape{known} || mask.shape == Shape{images, known}), "cutmix",
          "expects a class mask (K) or (", images, ",K), K <= 256; got ", mask.shape);
  const uint8_t* chosen = mask.as<uint8_t>();
  const int64_t mask_stride = mask.shape.dims() == 2 ? known : 0;
  parallel_for(images * height, kRowsOfBlock, [=](int64_t begin, int64_t end) {
    uint32_t bits = 0;
    for (int64_t row = begin; row < end; ++row) {
      const uint8_t* chosen_here = chosen + row / height * mask_stride;
      const auto pasted = [&](int64_t p) {
        const int l = sa.label[p];
        if (mix.bad(l)) bits |= kStatusBadLabel;
        return !mix.bad(l) && l < known && chosen_here[l] != 0;
      };
      // Runs of one side: regions of a class are wide.
      const int64_t last = (row + 1) * width;
      for (int64_t p = row * width; p < last;) {
        const bool from_a = pasted(p);
        int64_t q = p + 1;
        while (q < last && pasted(q) == from_a) ++q;
        bits |= mix.take(from_a ? sa : sb, p, q);
        p = q;
      }
    }
    raise_status(word, bits);
  });
}

}  // namespace segue::kernels
