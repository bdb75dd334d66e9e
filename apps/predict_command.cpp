// segue predict: what a model sees in images.
#include <algorithm>
#include <atomic>
#include <filesystem>
#include <iostream>
#include <mutex>

#include "commands.h"
#include "evaluation.h"
#include "image_list.h"
#include "image_pipeline.h"
#include "kernels/upsample_pseudo_label.h"
#include "model_classes.h"
#include "output_folder.h"
#include "prediction_files.h"
#include "runtime/memory.h"
#include "runtime/ops.h"
#include "runtime/text.h"
#include "work_progress.h"

namespace segue {
namespace {

namespace fs = std::filesystem;

struct Item {
  data::ExampleBuffer buffer;
  data::Image train_ids;
  std::vector<float> logits;
  bool skip = false;  // there already, or broken
};

/// The largest class of every pixel; 255 where nothing is a number.
void read_classes(Context& c, const Tensor& logits, const Tensor& thresholds, int64_t height, int64_t width,
                  data::Image& train_ids) {
  const Tensor labels = c.empty({1, height, width}, DType::u8, "predict");
  c.run(SEGUE_KERNEL(upsample_pseudo_label), logits, thresholds, out(labels), out(Tensor()), out(Tensor()));
  train_ids = data::Image(height, width, 1);
  copy_memory(train_ids.px.data(), labels.data(), train_ids.px.size());
}

class PredictRun {
 public:
  PredictRun(const PredictCommand& command, ModelInUse model, PredictionKind kind)
      : command_(command),
        model_(std::move(model)),
        c_(*model_.context),
        kind_(kind),
        images_(open_images(command.images)) {
    const SizeChoice size = size_option("--size", command.size);
    options_ = {.height = size.height, .width = size.width};
    if (needs_classes(kind)) classes_ = classes_of(model_.open.info, model_.file, command.classes);
    require_outside(command.images, command.out);
    Json recipe = Json::object();
    recipe.set("command", "predict").set("weights", file_checksum(model_.file)).set("as", command.as);
    recipe.set("size", command.size);
    if (needs_classes(kind)) recipe.set("classes", classes_.name);
    folder_ = std::make_unique<OutputFolder>(command.out, "predict.json", std::move(recipe));
    // A threshold of 0 keeps every pixel.
    thresholds_ = c_.persistent({model_.open.info.classes}, DType::f32, "thresholds");
  }

  void run() {
    std::cerr << model_.description() << '\n';
    Predictor predictor(c_, *model_.open.model, model_.open.info, options_);
    WorkProgress progress("predicting", images_->size());
    progress_ = &progress;
    image_pipeline<Item>(
        images_->size(), image_helpers(c_), [&](int64_t i, Item& item) { read(i, item); },
        [&](int64_t i, Item& item) {
          if (!item.skip) compute(predictor, item, i);
          const std::lock_guard lock(mutex_);
          progress.at(i + 1);
          return true;
        },
        [&](int64_t i, Item& item) {
          if (!item.skip) write(i, item);
        });
    progress_ = nullptr;
  }

  void report() const {
    const int64_t made = images_->size() - there_ - failed_;
    std::cout << "predicted " << made << (made == 1 ? " image" : " images") << " into " << quote(folder_->path());
    if (there_ > 0) std::cout << "; " << there_ << (there_ == 1 ? " was" : " were") << " there";
    std::cout << '\n';
    if (failed_ == 0) return;
    std::cout.flush();
    throw Error(Fault::data, cat(failed_, " of ", images_->size(), images_->size() == 1 ? " image" : " images",
                                 " could not be predicted; the reasons stand above"));
  }

 private:
  std::string path_of(int64_t i) const { return folder_->place(images_->name(i) + extension_of(kind_)); }

  void read(int64_t i, Item& item) {
    std::error_code none;
    item.skip = fs::exists(path_of(i), none);
    if (item.skip) {
      ++there_;
      return;
    }
    try {
      images_->read(i, item.buffer);
    } catch (const Error& e) {
      if (e.fault() != Fault::data) throw;
      fail(item, e.what());
    }
  }

  void compute(Predictor& predictor, Item& item, int64_t i) {
    const data::ImageView photo = item.buffer.image.view();
    try {
      predictor.run(photo, [&](const Tensor& logits) {
        if (kind_ == PredictionKind::logits)
          item.logits = to_host(resize_bilinear(c_, logits, photo.height, photo.width));
        else
          read_classes(c_, logits, thresholds_, photo.height, photo.width, item.train_ids);
      });
    } catch (const Error& e) {
      if (e.fault() != Fault::out_of_memory) throw;
      fail(item, cat("image ", quote(images_->origin(i)), " of ", photo.height, "x", photo.width,
                     " px needs more memory than there is; try --size"));
    }
  }

  void write(int64_t i, const Item& item) {
    const data::ImageView photo = item.buffer.image.view();
    if (kind_ == PredictionKind::logits)
      write_logits(path_of(i), item.logits, photo.height, photo.width, model_.open.info.class_names);
    else
      write_prediction(path_of(i), kind_, item.train_ids.view(), photo, classes_);
  }

  void fail(Item& item, const std::string& reason) {
    item.skip = true;
    ++failed_;
    const std::lock_guard lock(mutex_);
    progress_->say("segue: warning: " + reason);
  }

  const PredictCommand& command_;
  ModelInUse model_;
  Context& c_;
  PredictionKind kind_;
  std::shared_ptr<const data::DataSet> images_;
  PredictorOptions options_;
  data::ClassTable classes_;
  std::unique_ptr<OutputFolder> folder_;
  Tensor thresholds_;
  std::atomic<int64_t> there_ = 0, failed_ = 0;
  std::mutex mutex_;
  WorkProgress* progress_ = nullptr;
};

}  // namespace

void run_predict(const PredictCommand& command) {
  const PredictionKind kind = prediction_kind(command.as);
  PredictRun run(command, open_model(command.model), kind);
  run.run();
  run.report();
}

}  // namespace segue
