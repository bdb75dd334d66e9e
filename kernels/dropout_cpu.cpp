#include "dropout.h"
#include "elementwise.h"
#include "philox_batch.h"

namespace segue::kernels {
namespace {

/// Writes the factors of elements [first, first + kRandomBatch): 0 or `scale`. `first` is a multiple of 4.
void factors(RandomKey key, uint64_t step, int64_t first, float rate, float scale, float* to) {
  uint32_t words[kRandomBatch];
  random_batch(key, step, uint64_t(first) / 4, words);
  for (int64_t i = 0; i < kRandomBatch; ++i) to[i] = to_uniform(words[i]) >= rate ? scale : 0.f;
}

// A value that is dropped is 0 even if x is not finite: a select, not a product.
void apply(const float* in, const float* factor, float* o, int64_t n) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) {
    const float kept = in[i] * factor[i];
    o[i] = factor[i] == 0.f ? 0.f : kept;
  }
}

void run(const CpuExec& exec, const char* where, const char* x_name, const View& x, const char* y_name, const View& y,
         float rate, DropoutMode mode, RandomKey key, const View& step_view) {
  check_dense(x, where, x_name, DType::f32);
  check_view(y, where, y_name, DType::f32, x.shape);
  check_view(step_view, where, "step", DType::u64, {});
  require(rate >= 0.f && rate < 1.f, where, "expects a rate in [0, 1); got ", rate);
  const float* in = x.as<float>();
  float* o = y.as<float>();
  const uint64_t step = *step_view.as<uint64_t>();
  const float scale = 1.f / (1.f - rate);
  if (rate == 0.f) {
    for_each_element(x.count(), [=](int64_t i) { o[i] = in[i]; });
  } else if (mode == DropoutMode::element) {
    parallel_for(x.count(), kElementGrain, [=](int64_t begin, int64_t end) {
      float factor[kRandomBatch];
      for (int64_t i = begin; i < end; i += kRandomBatch) {
        factors(key, step, i, rate, scale, factor);
        apply(in + i, factor, o + i, std::min(kRandomBatch, end - i));
      }
    });
  } else {
    require(x.shape.dims() >= 2, where, "expects ", x_name, " (N,...,C) to drop channels; got ", x.shape);
    const int64_t images = x.shape[0], channels = x.channels(), all = images * channels;
    // Whole batches: the last one may reach over the end.
    auto* factor = static_cast<float*>(exec.scratch->get(size_t((all + kRandomBatch) * int64_t(sizeof(float)))));
    for (int64_t i = 0; i < all; i += kRandomBatch) factors(key, step, i, rate, scale, factor + i);
    const int64_t pixels = images > 0 ? x.pixels() / images : 0;
    parallel_for(x.pixels(), row_grain(channels), [=](int64_t begin, int64_t end) {
      for (int64_t p = begin; p < end; ++p)
        apply(in + p * channels, factor + p / pixels * channels, o + p * channels, channels);
    });
  }
}

}  // namespace

void dropout(const CpuExec& exec, const View& x, const View& y, float rate, DropoutMode mode, RandomKey key,
             const View& step) {
  run(exec, "dropout", "x", x, "y", y, rate, mode, key, step);
}

void dropout_grad(const CpuExec& exec, const View& dy, const View& dx, float rate, DropoutMode mode, RandomKey key,
                  const View& step) {
  run(exec, "dropout_grad", "dy", dy, "dx", dx, rate, mode, key, step);
}

}  // namespace segue::kernels
