#include "class_lanes.cuh"
#include "label_reader.cuh"
#include "partial_sums.cuh"
#include "softmax_xent.h"

namespace segue::kernels {
namespace {

// dx may be null. Ignored pixels are read like others: what a pixel is worth is known only when its label has arrived.
template <class L>
__global__ void __launch_bounds__(gpu::kClassThreads)
    softmax_xent_kernel(const typename L::Type* x, gpu::PixelLabels labels, float* partial, typename L::Type* dx,
                        uint32_t* status, int64_t pixels, int pitch, int classes) {
  float sum = 0.f;
  bool bad = false;
  gpu::for_pixels<L>(pixels, [&](gpu::ClassPlace<L> place) {
    PixelTarget target;
    if (place.active) target = labels.read(place.pixel, bad);
    float z[L::kValues];
    gpu::read_logits(x, pitch, classes, place, z);
    const float top = gpu::class_max<L>(z), total = gpu::softmax_sum<L>(z, top, classes, place);
    const bool counts = target.weight != 0.f;
    float of_label = 0.f;  // logit, less the largest
    if (counts) of_label = gpu::to_float(x[place.pixel * pitch + target.label]) - top;
    if (counts && place.lane == 0) sum += target.weight * (logf(total) - of_label);
    if (!dx) return;
    const float factor = target.weight / total;
    gpu::write_classes(
        dx, pitch, classes, place, [&](int i) { return factor * z[i]; },
        counts ? gpu::OneClass{target.label, factor * __expf(of_label) - target.weight} : gpu::OneClass{}, !counts);
  });
  sum = gpu::block_sum<gpu::kClassThreads>(sum);
  if (threadIdx.x == 0) partial[blockIdx.x] = sum;
  gpu::report_bad_labels(bad, status);
}

}  // namespace

void softmax_xent(const CudaExec& exec, const View& logits, const View& labels, const View& weights,
                  const View& class_weights, const View& inv_norm, const View& loss, const View& dlogits,
                  const View& status, const LabelOptions& options) {
  const Shape of_labels = gpu::class_map(logits, "softmax_xent");
  const int64_t classes = logits.channels(), pixels = logits.pixels();
  check_label_views("softmax_xent", labels, weights, class_weights, inv_norm, status, of_labels, classes);
  check_view(loss, "softmax_xent", "loss", DType::f32, {});
  if (dlogits) check_like(dlogits, "softmax_xent", "dlogits", logits, "the logits");
  const gpu::PixelLabels targets(labels, weights, class_weights, classes, options.ignore);
  // A pixel of few classes to a lane: nothing to exchange, and labels and weights are read in whole lines.
  gpu::dispatch_classes<1, 32>(
      logits, "softmax_xent",
      [&](auto layout) {
        using L = decltype(layout);
        using T = typename L::Type;
        const gpu::LaunchConfig config = gpu::class_config<L>("softmax_xent", exec.stream, pixels);
        float* partial = gpu::partial_sums(exec, config.grid);
        gpu::launch(softmax_xent_kernel<L>, config, logits.as<T>(), targets, partial,
                    dlogits ? dlogits.as<T>() : nullptr, status.as<uint32_t>(), pixels, int(logits.pitch),
                    int(classes));
        gpu::total_of(exec, "softmax_xent", partial, config.grid.x, 1, inv_norm.as<float>(), loss.as<float>());
      },
      dlogits.data);
}

}  // namespace segue::kernels
