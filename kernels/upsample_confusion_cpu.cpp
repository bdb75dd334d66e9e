#include "status.h"
#include "strip.h"
#include "upsample_confusion.h"
#include "upsample_tiles.h"

namespace segue::kernels {

void upsample_confusion(const CpuExec& exec, const View& logits, const View& labels, const View& matrix,
                        const View& predictions, const View& status, int ignore) {
  const UpsampleSizes sizes("upsample_confusion", logits, labels);
  const int64_t classes = sizes.classes;
  require(classes >= 1 && classes <= 256, "upsample_confusion", "expects 1 to 256 classes; got ", classes);
  require(ignore >= -1 && ignore <= 255, "upsample_confusion", "expects ignore in -1 .. 255; got ", ignore);
  check_view(matrix, "upsample_confusion", "matrix", DType::u64, {classes, classes});
  check_view(status, "upsample_confusion", "status", DType::u32, {});
  if (predictions) check_view(predictions, "upsample_confusion", "predictions", DType::u8, labels.shape);
  const uint8_t* truth = labels.as<uint8_t>();
  uint8_t* predicted = predictions ? predictions.as<uint8_t>() : nullptr;
  uint32_t* word = status.as<uint32_t>();
  upsample_tiles(exec, sizes, logits.as<float>(), classes * classes, matrix.as<uint64_t>(),
                 [=](const float* strip, int64_t pixel, int64_t count, uint32_t* counts) {
                   alignas(64) float largest[kStripPixels];
                   alignas(64) int32_t index[kStripPixels];
                   strip_argmax(strip, classes, largest, index);
                   uint32_t bad = 0;
                   for (int64_t i = 0; i < count; ++i) {
                     const int label = truth[pixel + i];
                     if (label == ignore) continue;
                     if (label < classes)
                       ++counts[label * classes + index[i]];
                     else
                       bad = kStatusBadLabel;
                   }
                   raise_status(word, bad);
                   if (predicted)
                     for (int64_t i = 0; i < count; ++i) predicted[pixel + i] = uint8_t(index[i]);
                 });
}

}  // namespace segue::kernels
