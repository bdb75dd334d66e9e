#include "tensor.h"

#include <cstring>

#include "arena.h"

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

std::vector<float> to_host(const Tensor& t) {
  check_dense(t.view(), "to_host", "tensor", DType::f32);
  const float* p = t.view().as<float>();
  return {p, p + t.count()};
}

void from_host(const Tensor& t, const std::vector<float>& values) {
  check_dense(t.view(), "from_host", "tensor", DType::f32);
  require(int64_t(values.size()) == t.count(), "from_host", "expects ", t.count(), " values; got ", values.size());
  std::memcpy(t.data(), values.data(), values.size() * sizeof(float));
}

}  // namespace segue
