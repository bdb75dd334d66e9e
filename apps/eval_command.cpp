// segue eval: a model on a labelled data set: a table, a JSON file for other tools, predictions.
#include <algorithm>
#include <iostream>
#include <memory>
#include <mutex>

#include "commands.h"
#include "data/data_spec.h"
#include "data/png_file.h"
#include "data/resize.h"
#include "evaluation.h"
#include "model_classes.h"
#include "output_folder.h"
#include "runtime/atomic_file.h"
#include "runtime/text.h"
#include "score_report.h"
#include "work_progress.h"

namespace segue {
namespace {

bool has_scheme(const data::DataSet& set, const char* name) { return set.scheme() && set.scheme()->name == name; }

/// What is made of the predictions beside the scores: counts by id, and files.
class Predictions {
 public:
  Predictions(const data::ClassTable& classes, const data::DataSet& set, const OutputFolder* folder)
      : own_ids_(has_cityscapes_ids(classes) && has_scheme(set, "cityscapes")),
        to_file_(classes.to_file()),
        set_(set),
        folder_(folder) {}

  /// May be called by several threads at once.
  void add(int64_t i, const data::Example& example, const data::Image& train_ids) {
    data::Image ids = train_ids, labels(example.label.height, example.label.width, 1);
    data::ByteMap(to_file_).apply(ids.px.data(), ids.px.data(), int64_t(ids.px.size()));
    data::ByteMap(label_ids(*example.table)).apply(example.label.px, labels.px.data(), int64_t(labels.px.size()));
    {
      const std::lock_guard lock(mutex_);
      confusion_.add(labels.view(), ids.view());
    }
    if (folder_) data::write_png(folder_->place(set_.name(i) + ".png"), ids.view(), data::kLabelLevel);
  }
  const data::IdConfusion& confusion() const { return confusion_; }

 private:
  /// Ids of the set's labels -> ids of the report: ignored labels keep theirs where they are Cityscapes' own.
  data::LabelTable label_ids(const data::LabelTable& table) const {
    data::LabelTable ids;
    constexpr size_t kCityscapesIds = 34;
    for (size_t id = 0; id < ids.size(); ++id)
      ids[id] = own_ids_ ? uint8_t(id < kCityscapesIds ? id : 0) : to_file_[table[id]];
    return ids;
  }

  bool own_ids_;
  data::LabelTable to_file_;
  const data::DataSet& set_;
  const OutputFolder* folder_;
  std::mutex mutex_;
  data::IdConfusion confusion_;
};

std::vector<ClassSubset> subsets_of(const EvalCommand& command, const data::ClassTable& classes,
                                    const data::DataSet& set) {
  if (!command.subset.empty()) {
    if (!has_cityscapes_ids(classes))
      throw Error(Fault::usage, cat("--subset ", command.subset,
                                    " is one of Cityscapes' 19 classes; the model has those of ", quote(classes.name)));
    for (const ClassSubset& s : synthia_subsets())
      if (s.name == command.subset) return {s};
    throw Error(Fault::usage, cat("--subset expects 16 or 13; got ", quote(command.subset)));
  }
  return has_cityscapes_ids(classes) && has_scheme(set, "synthia") ? synthia_subsets() : std::vector<ClassSubset>();
}

Json own_notes(const EvalCommand& command, const std::string& split, const data::Evaluator& evaluator,
               const data::ClassTable& classes, const std::vector<ClassSubset>& subsets, const std::string& file) {
  const data::Scores s = evaluator.result();
  Json accuracies = Json::object();
  for (size_t k = 0; k < s.classes.size(); ++k) accuracies.set(classes.classes[k].name, s.classes[k].accuracy);
  Json notes = Json::object();
  notes.set("weights", file).set("data", command.data).set("split", split);
  notes.set("images", evaluator.images()).set("pixels", int64_t(s.pixels)).set("size", command.size);
  notes.set("scales", command.scales).set("flip", command.flip);
  notes.set("pixelAccuracy", s.pixel_accuracy).set("averageAccuracyClasses", s.mean_accuracy);
  for (const ClassSubset& subset : subsets)
    notes.set("averageScoreClasses" + subset.name, mean_iou(s, subset.train_ids));
  return notes.set("classAccuracies", std::move(accuracies));
}

}  // namespace

void run_eval(const EvalCommand& command) {
  const SizeChoice size = size_option("--size", command.size);
  const PredictorOptions options{.height = size.height,
                                 .width = size.width,
                                 .scales = numbers_option("--scales", command.scales, 0.05, 16),
                                 .flip = command.flip};
  const std::string split = data::choose_split(command.data, command.split, "val");
  ModelInUse m = open_model(command.model);
  Context& c = *m.context;
  const data::ClassTable classes = classes_of(m.open.info, m.file, command.classes);
  const auto set = data::open_data(command.data, classes, {.split = split, .need_labels = true});
  const std::vector<ClassSubset> subsets = subsets_of(command, classes, *set);
  std::unique_ptr<OutputFolder> folder;
  if (!command.save.empty()) {
    Json recipe = Json::object();
    recipe.set("command", "eval").set("weights", file_checksum(m.file)).set("data", command.data);
    recipe.set("split", split).set("size", command.size).set("scales", command.scales).set("flip", command.flip);
    folder = std::make_unique<OutputFolder>(command.save, "eval.json", std::move(recipe));
  }
  // Before the work: what cannot be written is known at once.
  std::unique_ptr<AtomicFile> json_file;
  if (!command.json.empty()) json_file = std::make_unique<AtomicFile>(command.json);
  std::cerr << m.description() << "\n"
            << count_text(uint64_t(set->size())) << (set->size() == 1 ? " image\n" : " images\n");

  data::Evaluator evaluator(c, classes.size());
  Predictor predictor(c, *m.open.model, m.open.info, options);
  Predictions predictions(classes, *set, folder.get());
  EvaluationSteps steps;
  {
    WorkProgress progress("evaluating", set->size());
    steps.after = [&](int64_t done) {
      progress.at(done);
      return true;
    };
    if (folder || json_file)
      steps.keep = [&](int64_t i, const data::Example& e, const data::Image& p) { predictions.add(i, e, p); };
    evaluate(c, predictor, *set, evaluator, steps);
  }
  if (const std::string w = set->warnings(); !w.empty()) std::cerr << "segue: warning: " << w << '\n';
  if (json_file) {
    Json json = score_json(predictions.confusion(), classes);
    json.set("segue", own_notes(command, split, evaluator, classes, subsets, m.file));
    json_file->write(json.dump(true) + "\n");
    json_file->commit();
  }
  std::cout << score_table(evaluator.result(), classes, subsets);
}

}  // namespace segue
