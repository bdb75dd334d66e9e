// segue adapt: from labelled synthetic images and unlabelled real ones to a model for the real ones.
#include <algorithm>
#include <filesystem>
#include <iostream>

#include "adapt_run.h"
#include "apps/build_info.h"
#include "apps/model_choice.h"
#include "apps/train/environment.h"
#include "apps/train/make_task.h"
#include "apps/train/run_config.h"
#include "apps/train/step_needs.h"
#include "apps/train/train_run.h"
#include "apps/train/translate_task.h"
#include "data/data_set.h"
#include "data/label_counts.h"
#include "models/model_file.h"
#include "runtime/append_file.h"
#include "runtime/atomic_file.h"
#include "runtime/text.h"
#include "stage_configs.h"

namespace segue {
namespace {

/// The data sets of a run.
struct DataSets {
  std::vector<std::string> lines;  ///< say what there is
  Json images = Json::object();    ///< by setting: which images
};

/// Opens everything that the run will need later, so that it is missed now.
DataSets check_data(const Config& config) {
  const data::ClassTable classes = data::load_class_table(config.get<std::string>("data.classes"));
  const auto need = [&](const char* key, const char* what) {
    if (config.get<std::string>(key).empty())
      throw Error(Fault::usage, cat("an adaptation expects '", key, "': ", what, "; got none"));
  };
  need("data.source", "labelled images, such as gta5:PATH");
  need("data.target", "images without labels, such as cityscapes:PATH");
  DataSets sets;
  const auto open = [&](const char* key, const char* what, const data::DataOptions& options, bool mixes) {
    const std::string& spec = config.get<std::string>(key);
    if (spec.empty()) return sets.lines.push_back(cat(what, ": none"));
    std::vector<data::DataShare> mix;
    if (mixes)
      mix = data::open_mix(spec, classes, options);
    else
      mix.push_back({1, data::open_data(spec, classes, options)});
    int64_t images = 0;
    std::string names;
    for (const data::DataShare& part : mix) {
      images += part.set->size();
      names += cat(names.empty() ? "" : " + ", data::set_fingerprint(*part.set));
    }
    sets.lines.push_back(cat(what, ": ", spec, ": ", count_text(uint64_t(images)), " images"));
    sets.images.set(key, names);
  };
  open("data.source", "source", {}, true);
  // What is labelled is one set, and so is what scores.
  open("data.target", "target", {.split = {}, .need_labels = false}, config.get<int64_t>("pseudo.rounds") == 0);
  open("data.val", "scored on", {.split = "val"}, false);
  open("data.ceiling", "ceiling", {}, true);
  return sets;
}

/// Weights that are not there, or something else, are missed now, not when their stage begins.
void check_weights(const Config& config) {
  const std::string &first = config.get<std::string>("model.init"),
                    &generator = config.get<std::string>("translate.weights"),
                    &pair = config.get<std::string>("translate.init");
  if (!first.empty()) SafeTensors{first};
  if (!config.get<bool>("adapt.translate")) return;
  if (!generator.empty()) generator_info(SafeTensors(weight_file(generator)));
  if (generator.empty() && !pair.empty())
    for (const char* name : {kForth, kBack}) generator_info(SafeTensors(pair + "/" + name));
  const std::string& segmenter = config.get<std::string>("translate.segmenter");
  if (generator.empty() && !segmenter.empty()) {
    Context c(context_options(config, ""));
    open_segmenter(c, weight_file(segmenter));
  }
}

/// A training of the run, on data that are there already: its settings but for the images.
void print_memory(const Config& stage, const char* what) {
  Context c(context_options(stage, ""));
  const std::unique_ptr<TrainTask> task = make_task(c, without_files(stage));
  std::cout << "memory of a step, " << what << ": " << memory_line(step_needs(c, *task), memory_limit(c)) << '\n';
}

void print_plan(const RunConfig& r, const std::vector<std::string>& data, const std::string& device) {
  std::cout << config_text(r.config) << '\n' << device << '\n';
  for (const std::string& line : data) std::cout << line << '\n';
  std::cout << "run folder: " << r.folder
            << (std::filesystem::exists(r.folder) ? " (exists: the run gets the next free number)" : "") << '\n';
  const std::vector<StageRecord> stages = adapt_stages(r.config);
  for (const StageRecord& s : stages) {
    std::string name = s.folder;
    name.resize(16, ' ');
    std::cout << "stage " << name << s.title << '\n';
  }
  if (std::any_of(stages.begin(), stages.end(), [](const auto& s) { return s.kind == StageKind::cyclegan; }))
    print_memory(translate_config(r.config, r.folder),
                 asks_source_only(r.config) ? "CycleGAN, without its semantic loss" : "CycleGAN");
  print_memory(segment_config(r.config, {.folder = r.folder,
                                         .train = r.config.get<std::string>("data.source"),
                                         .noise = r.config.get<int64_t>("pseudo.rounds") > 0}),
               "segmentation");
  std::cout << "nothing was written\n";
}

/// config.toml, cmdline.txt and env.json. Each stage keeps its own beside.
void describe_run(const RunFolder& run, const RunConfig& r, const TrainCommand& command) {
  write_file(run.file("config.toml"), config_text(r.config));
  AppendFile(run.file("cmdline.txt")).append(command_text(command.arguments));
  if (std::filesystem::exists(run.file("env.json"))) return;
  Context c(context_options(r.config, ""));
  write_file(run.file("env.json"), environment(c, c.device().name()).dump(true) + "\n");
}

}  // namespace

void run_adapt(const TrainCommand& command) {
  const RunConfig r = resolve(command, "adapt");
  if (r.config.task() != Task::adapt)
    throw Error(Fault::usage,
                cat("'segue adapt' runs task adapt; got task ", name_of(r.config.task()), ": use 'segue train'"));
  const DataSets data = check_data(r.config);
  for (const StageRecord& s : adapt_stages(r.config))
    if (s.kind == StageKind::segment || s.kind == StageKind::cyclegan) stage_config(r.config, s, r.folder);
  if (!command.resume) check_weights(r.config);
  const std::string device = [&] {
    Context c(context_options(r.config, ""));
    return device_line(c, r.config);
  }();
  if (command.dry_run) return print_plan(r, data.lines, device);
  RunFolder run = command.resume ? RunFolder::open(r.folder) : RunFolder::create(r.folder);
  try {
    AdaptRun adapt(r.config, run, command, data.images);
    describe_run(run, r, command);
    adapt.say(cat("segue ", build::kVersion, " (", build::git_id(), "), run ", run.path()));
    if (run.path() != r.folder)
      adapt.say(
          cat(quote(r.folder), " exists and is left as it is; to go on with it: segue adapt --resume=", r.folder));
    for (const std::string& line : data.lines) adapt.say(line);
    adapt.run();
    const std::string table = result_table(adapt.stages());
    std::cout << table << (table.empty() ? "no data.val, so no scores; " : "") << "the models are in "
              << quote(run.path()) << '\n';
  } catch (...) {
    // What never began leaves no folder behind.
    if (!command.resume && !std::filesystem::exists(run.file("config.toml"))) run.discard();
    throw;
  }
}

}  // namespace segue
