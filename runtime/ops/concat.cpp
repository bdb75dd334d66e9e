#include "kernels/concat.h"

#include "runtime/ops.h"

namespace segue {
namespace {

struct Concat {
  static constexpr size_t kMaxParts = Node::kMaxAttributeBytes / sizeof(int32_t);
  int32_t channels[kMaxParts];  // of each part
};

Shape with_channels(Shape s, int64_t channels) {
  s[s.dims() - 1] = channels;
  return s;
}

// Parts that were written in place have their gradients in place as well.
template <bool kInPlace>
void backward(Context& c, Node& n) {
  const Tensor dy = n.take_dy();
  int64_t first = 0;
  for (size_t i = 0; i < n.inputs(); ++i) {
    const int64_t channels = n.as<Concat>().channels[i];
    if (n.wants(i)) {
      if (kInPlace) {
        c.give(n, i, dy.slice(first, channels));
      } else {
        const auto t = c.grad_target(n, i, with_channels(dy.shape(), channels));
        c.run(SEGUE_KERNEL(concat_grad), dy, first, out(t.grad), t.accumulate);
        c.give(n, i, t.grad);
      }
    }
    first += channels;
  }
}

const Op kConcat{"concat", backward<false>};
const Op kInPlace{"concat", backward<true>};

}  // namespace

Tensor concat(Context& c, const std::vector<Tensor>& parts) {
  require(!parts.empty() && parts.size() <= Concat::kMaxParts, "concat", "expects 1 to ", Concat::kMaxParts,
          " parts; got ", parts.size());
  require(parts[0].shape().dims() > 0, "concat", "expects parts of one axis at least; got ", parts[0].shape());
  Concat attributes{};
  std::vector<View> views;
  int64_t channels = 0;
  for (const Tensor& part : parts) {
    attributes.channels[views.size()] = int32_t(part.shape().channels());
    channels += part.shape().channels();
    views.push_back(part.view());
  }
  Tensor y = Tensor::joined(parts);
  const bool in_place = bool(y);
  if (!in_place) {
    y = c.image(with_channels(parts[0].shape(), channels), "concat");
    c.run(SEGUE_KERNEL(concat), views, out(y));
  }
  c.record(in_place ? kInPlace : kConcat, parts, y, {}, attributes);
  return y;
}

Concatenation::Concatenation(Context& c, const Shape& pixels, std::vector<int64_t> channels)
    : channels_(std::move(channels)) {
  int64_t all = 0;
  bool packs = c.has_slices() && channels_.size() > 1;
  for (int64_t n : channels_) {
    all += n;
    packs = packs && n % kPackLanes == 0;
  }
  if (!packs) return;
  Shape shape = pixels;
  shape.push(all);
  image_ = c.image(shape, "concat");
}

Tensor Concatenation::part(size_t i) const {
  require(i < channels_.size(), "concat", "expects a part below ", channels_.size(), "; got ", i);
  if (!image_) return {};
  int64_t first = 0;
  for (size_t k = 0; k < i; ++k) first += channels_[k];
  return image_.slice(first, channels_[i]);
}

}  // namespace segue
