// The subcommands of `segue`. Results go to standard output, everything else to standard error; failures are thrown.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model_choice.h"

namespace segue {

struct ConfigCommand {
  std::string action;                  ///< show, default or schema
  std::string subject;                 ///< a file for show, else a task
  std::vector<std::string> overrides;  ///< --set
};
/// Prints a resolved configuration, a file to start from, or a table of settings.
void run_config(const ConfigCommand& command);

struct InspectCommand {
  std::string file;
  bool stats = false;
};
/// Lists the tensors, sizes and notes of a weight file.
void run_inspect(const InspectCommand& command);

struct DataCommand {
  std::string action;  ///< check, stats or pack
  std::string spec;    ///< of the data set
  std::string output;  ///< of pack
  std::string split;   ///< "": the kind's own
  std::string classes = "cityscapes";
  std::string size;     ///< of pack, "640x360"; "": that of the images
  std::string png;      ///< of stats; "": none
  std::string json;     ///< of stats; "": none
  bool images = false;  ///< labels are not looked for
};
/// Lists what is wrong with a data set, counts its classes, or packs it. Throws data if something is wrong.
void run_data(const DataCommand& command);
struct TrainCommand {
  std::string config;                         ///< a file; may be empty with --resume=RUN
  std::vector<std::string> overrides;         ///< --set
  std::string name, out, init, device, seed;  ///< empty: not given
  std::optional<std::string> resume;          ///< --resume=RUN; empty text: the run that the configuration names
  bool allow_different_bits = false;
  bool dry_run = false;
  std::vector<std::string> arguments;  ///< all of the command line, for cmdline.txt
};
/// Trains one stage in a run folder. Throws Interrupted after SIGINT and SIGTERM, when everything is saved.
void run_train(const TrainCommand& command);
/// Options as they were typed; "" for those that were not.
struct SynthCommand {
  std::string folder;
  std::string count, size = "512x256", style = "render", seed = "0", split = "train", trees, bare_trees, threads;
  bool outline_trees = false;
};
/// Renders street scenes into a folder in Cityscapes' layout; goes on with what an earlier run has left.
void run_synth(const SynthCommand& command);

struct ReportCommand {
  std::vector<std::string> runs;
  std::string out;     ///< -o; empty: report.html in the run's folder
  bool table = false;  ///< print the results as Markdown instead
};
/// Writes a run as one HTML file, and says where; or prints the results of one or several.
void run_report(const ReportCommand& command);

struct EvalCommand {
  ModelChoice model;
  std::string data, split;   ///< split empty: the one that data names, or val
  std::string classes;       ///< --classes; empty: what the weights say
  std::string json, save;    ///< a file, a folder; empty: none
  std::string size;          ///< "HxW"; empty: as the images are
  std::string scales = "1";  ///< "0.75,1,1.25"
  bool flip = false;
  std::string subset;  ///< "16", "13" or empty
};
/// Scores a model on a labelled data set.
void run_eval(const EvalCommand& command);

struct PredictCommand {
  ModelChoice model;
  std::string images, out;   ///< an image or a folder; a folder
  std::string as = "color";  ///< color, ids, trainids, overlay or logits
  std::string size, classes;
};
/// Writes what a model sees in images. Throws data at the end if an image could not be read.
void run_predict(const PredictCommand& command);

/// Runs all stages of an adaptation in a run folder. Throws as run_train.
void run_adapt(const TrainCommand& command);

struct TranslateCommand {
  std::string weights, out;            ///< a weight file or a run; a folder
  std::string images;                  ///< a folder or an image; or else
  std::string data, split;             ///< --data: a labelled set; split empty: the one that it names, or train
  std::string classes = "cityscapes";  ///< --classes, of the set's labels
  std::string size, width;             ///< --size HxW, --width W; empty: as the images are
  DeviceChoice device;
};
/// Runs a generator of CycleGAN over images. Throws data at the end if an image could not be read, Interrupted after SIGINT
/// and SIGTERM.
void run_translate(const TranslateCommand& command);

struct PseudoCommand {
  ModelChoice model;
  std::string data, split, out;              ///< split empty: the one that data names, or train
  std::string threshold = "0.9", per_class;  ///< per_class empty: one threshold for all
  std::string scales = "1", size, classes;   ///< as of EvalCommand
  bool flip = false, copy = false;
};
/// Writes a model's labels of images as a data set. Throws as run_translate.
void run_pseudo(const PseudoCommand& command);

/// Reports build, machine, devices, and what makes them slow.
void run_doctor();

}  // namespace segue
