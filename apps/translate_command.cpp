// segue translate: a generator over a folder of images, or over a data set whose labels come along.
#include <iostream>

#include "commands.h"
#include "data/data_spec.h"
#include "image_list.h"
#include "models/model_file.h"
#include "runtime/text.h"
#include "train/interrupt.h"
#include "translate_images.h"

namespace segue {
namespace {

TranslateOptions options_of(const TranslateCommand& command) {
  if (!command.size.empty() && !command.width.empty())
    throw Error(Fault::usage, "--size and --width both say how large results are: expects one of them");
  if (!command.width.empty()) return {.width = integer_option("--width", command.width, 1, 16384)};
  const SizeChoice size = size_option("--size", command.size);
  return {.height = size.height, .width = size.width};
}

}  // namespace

void run_translate(const TranslateCommand& command) {
  const TranslateOptions options = options_of(command);
  const bool labels = !command.data.empty();
  const std::string split = labels ? data::choose_split(command.data, command.split, "train") : "";
  const data::ClassTable classes = data::load_class_table(command.classes);
  const std::shared_ptr<const data::DataSet> set =
      labels ? data::open_data(command.data, classes, {.split = split, .need_labels = true})
             : open_images(command.images);
  if (!labels) require_outside(command.images, command.out);

  Context c(context_options(command.device));
  const std::string weights = weight_file(command.weights);
  const OpenGenerator generator = open_generator(c, weights);
  Json recipe = Json::object();
  recipe.set("command", "translate").set("weights", file_checksum(weights));
  recipe.set("input", labels ? command.data : command.images).set("split", split);
  recipe.set("height", options.height).set("width", options.width).set("classes", labels ? classes.name : "");
  OutputFolder folder(command.out, kTranslateRecipe, std::move(recipe));
  std::unique_ptr<LabelledFolder> labelled;
  if (labels) labelled = std::make_unique<LabelledFolder>(folder, classes);
  std::cerr << "generator of " << generator.info.blocks << " blocks, " << generator.info.filters << " filters; "
            << c.device().name() << '\n';

  const InterruptWatch watch;
  const TranslateCounts counts = translate_images(c, *generator.model, *set, folder, labelled.get(), options,
                                                  [] { return InterruptWatch::signal() == 0; });
  if (const std::string w = set->warnings(); !w.empty()) std::cerr << "segue: warning: " << w << '\n';
  std::cout << "translated " << counts.translated << (counts.translated == 1 ? " image" : " images") << " into "
            << quote(folder.path());
  if (counts.there > 0) std::cout << "; " << counts.there << (counts.there == 1 ? " was" : " were") << " there";
  std::cout << std::endl;
  if (!counts.finished) {
    const std::string text = "interrupted; the same command goes on";
    std::cerr << "segue: " << text << '\n';
    throw Interrupted(InterruptWatch::signal(), text);
  }
  if (counts.failed > 0)
    throw Error(Fault::data, cat(counts.failed, " of ", set->size(), set->size() == 1 ? " image" : " images",
                                 " could not be translated; the reasons stand above"));
}

}  // namespace segue
