// Stored 8-bit images to the input of a network, with the augmentation that the host has planned.
#pragma once

#include <string>

#include "class_table.h"
#include "color_jitter.h"
#include "kernels/image_in.h"
#include "kernels/options.h"
#include "runtime/context.h"

namespace segue::data {

/// A batch as it is stored, on the device of the context.
struct StoredBatch {
  Tensor images;  ///< (N,Hs,Ws,3) u8 RGB
  Tensor labels;  ///< (N,Hs,Ws) u8; empty: none
  Tensor lut;     ///< (256) u8, see upload_table(); empty: labels hold train ids
};

/// What is done to one sample.
struct SamplePlan {
  Window window;      ///< of the stored image, in px, that becomes the whole input; may reach beyond it
  bool flip = false;  ///< left and right exchanged
  ColorJitter color;
  float weight = 1;  ///< of the sample's pixels
  Window box;        ///< CutMix, in px of the input; from the batch that is pasted
};

/// What a network gets. Pixels outside the stored image: x = 0, label 255, weight 0.
struct InputBatch {
  Tensor x;        ///< (N,H,W,3) f32
  Tensor labels;   ///< (N,H,W) u8
  Tensor weights;  ///< (N,H,W) f32
};

/// A table of labels as a tensor that outlives the step.
Tensor upload_table(Context& c, const LabelTable& table);

/// Makes batches of one size. Create it before the first step: its plans live in the step state. A step is: plan() for
/// every sample, Context::begin_step, then make().
class BatchInput {
 public:
  struct Options {
    int64_t samples = 1, height = 0, width = 0;
    bool cutmix = false;  ///< make() gets a batch to paste as well
    kernels::ImageInOptions input = {};
  };

  /// `name`: of the values in the step state. Throws invalid_argument.
  BatchInput(Context& c, const std::string& name, const Options& options);

  /// Sets what is done to a sample, in all steps until it is set again. Throws invalid_argument for a window without
  /// px.
  void plan(int64_t sample, const SamplePlan& plan) { set(plans_, sample, plan); }
  /// The same for a sample of the batch that is pasted; its box has no meaning.
  void plan_paste(int64_t sample, const SamplePlan& plan);

  /// Makes the input; `paste` is given exactly if Options::cutmix. Throws invalid_argument.
  InputBatch make(const StoredBatch& base, const StoredBatch& paste = {});

 private:
  void set(const View& plans, int64_t sample, const SamplePlan& plan);

  Context& context_;
  Options options_;
  View plans_, paste_plans_;  // flat, as declared
};

}  // namespace segue::data
