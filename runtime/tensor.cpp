#include "tensor.h"

#include "arena.h"
#include "memory.h"
#include "narrow_float.h"

namespace segue {

Tensor::Tensor(Arena& arena, const Shape& shape, DType dtype, const char* tag, int64_t pitch)
    : view_(nullptr, shape, dtype, pitch ? pitch : shape.channels()) {
  view_.data = arena.allocate(size_t(view_.bytes()), tag);
  owner_ = std::shared_ptr<void>(view_.data, [&arena](void* block) { arena.release(block); });
}

Tensor::Tensor(std::shared_ptr<void> owner, void* data, const Shape& shape, DType dtype)
    : owner_(std::move(owner)), view_(data, shape, dtype) {}

Tensor Tensor::reshape(const Shape& shape) const {
  require(view_.dense() && shape.count() == count(), "reshape", "expects a dense tensor of ", shape.count(),
          " elements; got ", view_.shape);
  Tensor t = detach();
  t.view_ = View(view_.data, shape, view_.dtype);
  return t;
}

Tensor Tensor::detach() const {
  Tensor t = *this;
  t.cell_ = nullptr;
  return t;
}

Tensor Tensor::slice(int64_t first, int64_t channels) const {
  Tensor t = detach();
  t.view_ = view_.slice(first, channels);
  return t;
}

Tensor Tensor::joined(const std::vector<Tensor>& slices) {
  if (slices.empty() || !slices[0]) return {};
  const Tensor& first = slices[0];
  const View& v = first.view_;
  // A block of an arena begins where its image does: lanes in front of the first slice are found, and those behind the
  // last by the pitch.
  if (v.whole() || first.owner_.get() != v.data) return {};
  int64_t channels = 0;
  for (const Tensor& t : slices) {
    const View& w = t.view_;
    const bool next = t.owner_ == first.owner_ && w.dtype == v.dtype && w.pitch == v.pitch &&
                      w.pixels() == v.pixels() &&
                      w.data == static_cast<std::byte*>(v.data) + channels * size_of(v.dtype);
    if (!next) return {};
    channels += w.channels();
  }
  if (channels != v.pitch) return {};
  Tensor y = first.detach();
  Shape shape = v.shape;
  shape[shape.dims() - 1] = channels;
  y.view_ = View(v.data, shape, v.dtype);
  return y;
}

std::vector<float> host_values(const View& v) {
  std::vector<std::byte> raw(size_t(v.bytes()));
  copy_memory(raw.data(), v.data, raw.size());
  std::vector<float> values(size_t(v.count()));
  const int64_t channels = v.channels(), size = size_of(v.dtype);
  for (int64_t p = 0, i = 0; p < v.pixels(); ++p)
    for (int64_t c = 0; c < channels; ++c, ++i)
      values[size_t(i)] = load_float(raw.data() + (p * v.pitch + c) * size, v.dtype);
  return values;
}

void from_host(const View& v, const std::vector<float>& values) {
  require(int64_t(values.size()) == v.count(), "from_host", "expects ", v.count(), " values; got ", values.size());
  std::vector<std::byte> raw(size_t(v.bytes()));
  if (!v.whole()) copy_memory(raw.data(), v.data, raw.size());
  const int64_t channels = v.channels(), size = size_of(v.dtype);
  for (int64_t p = 0, i = 0; p < v.pixels(); ++p)
    for (int64_t c = 0; c < channels; ++c, ++i)
      store_float(values[size_t(i)], raw.data() + (p * v.pitch + c) * size, v.dtype);
  copy_memory(v.data, raw.data(), raw.size());
}

}  // namespace segue
