// segue pseudo: labels for images without, from a model.
#include <iostream>

#include "apps/commands.h"
#include "apps/model_classes.h"
#include "apps/train/interrupt.h"
#include "data/data_spec.h"
#include "data/label_counts.h"
#include "pseudo_labels.h"
#include "runtime/text.h"

namespace segue {

void run_pseudo(const PseudoCommand& command) {
  const SizeChoice size = size_option("--size", command.size);
  PseudoOptions options{.threshold = number_option("--threshold", command.threshold, 0, 1), .copy = command.copy};
  if (!command.per_class.empty()) options.share = number_option("--per-class", command.per_class, 0, 1);
  options.views = {.height = size.height,
                   .width = size.width,
                   .scales = numbers_option("--scales", command.scales, 0.05, 16),
                   .flip = command.flip};
  const std::string split = data::choose_split(command.data, command.split, "train");
  ModelInUse m = open_model(command.model);
  const data::ClassTable classes = classes_of(m.open.info, m.file, command.classes);
  const auto set = data::open_data(command.data, classes, {.split = split, .need_labels = false});

  Json recipe = Json::object();
  recipe.set("command", "pseudo").set("weights", file_checksum(m.file)).set("data", command.data);
  recipe.set("split", split).set("threshold", options.threshold).set("per_class", options.share);
  recipe.set("scales", command.scales).set("flip", command.flip).set("size", command.size).set("copy", command.copy);
  recipe.set("classes", classes.name).set("images", data::set_fingerprint(*set));
  OutputFolder folder(command.out, kPseudoRecipe, std::move(recipe));
  const LabelledFolder labels(folder, classes);
  std::cerr << m.description() << '\n' << count_text(uint64_t(set->size())) << " images\n";
  PseudoLabeller labeller(*m.context, *m.open.model, m.open.info, options.views);
  const InterruptWatch watch;
  const PseudoResult result = pseudo_label_set(*m.context, labeller, *set, folder, labels, options,
                                               [] { return InterruptWatch::signal() == 0; });
  if (!result.finished) {
    const std::string text = "interrupted; the same command goes on";
    std::cerr << "segue: " << text << '\n';
    throw Interrupted(InterruptWatch::signal(), text);
  }
  std::cout << pseudo_table(result.summary) << "labels of " << result.summary.images << " images are in "
            << quote(folder.path()) << "; read them as folder:" << folder.path() << '\n';
  if (result.summary.kept_px() == 0)
    std::cerr << "segue: warning: no pixel was confident enough; try a lower --threshold, or --per-class 0.2\n";
  if (result.unreadable == 0) return;
  std::cout.flush();
  throw Error(Fault::data, cat(result.unreadable, " of ", set->size(), set->size() == 1 ? " image" : " images",
                               " could not be labelled; the reasons stand above"));
}

}  // namespace segue
