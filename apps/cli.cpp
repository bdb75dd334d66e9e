// Which command was meant, and with what: the one place that knows the command line library. Messages and help are
// segue's own; the library splits arguments.
#include "cli.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

#include "apps/build_info.h"
#include "commands.h"
#include "kernels/error.h"
#include "runtime/text.h"

namespace segue {
namespace {

struct CommandHelp {
  const char* name;
  const char* synopsis;
  const char* summary;
  const char* details;
};

constexpr CommandHelp kCommands[] = {
    {"config", "segue config show FILE | default TASK | schema TASK",
     "show settings: of a file, to start from, as a table",
     "  show FILE      the whole configuration, defaults included, after checking it\n"
     "  default TASK   a file to start from; TASK: segment, translate or adapt\n"
     "  schema TASK    every setting: type, default, unit, what is allowed, meaning\n"
     "\n"
     "  --set table.name=VALUE   with show: replaces a value; may be repeated. VALUE is TOML, or else text\n"},
    {"inspect", "segue inspect FILE [--stats]", "list the tensors of a safetensors file",
     "  FILE      name, type and shape of each tensor; notes; number of parameters\n"
     "  --stats   also least, largest and mean value, and how many are not finite\n"},
    {"data", "segue data check SPEC | stats SPEC | pack SPEC OUT.segpack",
     "look through a data set, count its classes, pack it",
     "  check SPEC       reads every file and lists what is wrong: missing partners, files that are cut off, sizes "
     "that do\n"
     "                   not fit, unknown ids, labels without a class, images that show nothing; exit code 3 if "
     "anything is\n"
     "  stats SPEC       how often each class occurs: a table with bars\n"
     "  pack SPEC OUT    writes one file of decoded examples of one size, which training maps into memory\n"
     "\n"
     "  SPEC is KIND:PATH, of KIND cityscapes, gta5, synthia, camvid, folder or pack; $NAME and ${NAME} in PATH are\n"
     "  environment variables; '?split=val' and '?scheme=NAME' may follow (docs/data.md)\n"
     "\n"
     "  --split NAME     split to read, where the kind has splits (default: train; gta5: all)\n"
     "  --classes FILE   classes to map labels to: a TOML file, or 'cityscapes' (default)\n"
     "  --images         images alone, with or without labels (check, pack)\n"
     "  --size WxH       px of the images in a pack (default: their own, if they are all of one size)\n"
     "  --png FILE       with stats: also a picture of the bars\n"
     "  --json FILE      with stats: also the numbers\n"},
    {"synth", "segue synth DIR --count N [--size WxH] [--style render|camera] [--seed S] [--split train|val]",
     "render street scenes with labels, in Cityscapes' layout",
     "  DIR         a new folder, or one that this command has begun: images that are there are kept\n"
     "  --count     number of images\n"
     "  --size      512x256 if not given; each side from 16 to 4096\n"
     "  --style     render (default): clean, as a game draws. camera: the same scenes as a camera in a car sees them\n"
     "  --seed      0 if not given; names the scenes. The same seed gives the same files on every machine\n"
     "  --split     train (default) or val; both may be in one folder and never share a scene\n"
     "  --threads   one for each core if not given\n"
     "\n"
     "  Both styles of one seed show the same scenes, with equal labels. Read it as cityscapes:DIR.\n"},
    {"report",
     "segue report RUN [-o FILE]\n"
     "       segue report --table RUN...",
     "show a run as one self-contained HTML file",
     "  RUN       folder of a run of 'segue train' or 'segue adapt', finished or not: scores by stage and class, "
     "example\n"
     "            images, curves, pseudo-labels, times, settings, machine\n"
     "  -o FILE   where to write it; default: report.html in RUN\n"
     "  --table   print the results of an adaptation as Markdown instead; of several, which differ in their seed, "
     "mean\n"
     "            and standard deviation\n"
     "\n"
     "  The file needs no network and no script. What is missing or damaged in RUN is named in it.\n"},
    {"eval",
     "segue eval WEIGHTS|RUN --data SPEC [--split S] [--json FILE] [--save DIR]\n"
     "                  [--size HxW] [--scales A,B,...] [--flip] [--classes TABLE] [--subset 16|13]",
     "score a segmentation model on a labelled data set: IoU and accuracy by class",
     "  WEIGHTS         a safetensors file of segue, VainF's deeplabv3plus_resnet50 or torchvision's fcn_resnet50\n"
     "  RUN             the folder of a run: its best checkpoint, or its last if none is marked\n"
     "  --data SPEC     cityscapes:PATH, gta5:PATH, synthia:PATH, camvid:PATH, folder:PATH or a pack\n"
     "  --split S       of the data set (val)\n"
     "  --json FILE     the result with the keys of Cityscapes' evaluator; what does not exist is null\n"
     "  --save DIR      predictions as grey PNGs of label ids, which Cityscapes' evaluator reads too\n"
     "  --size HxW      resize images to this before the model sees them; scores stay at the size of the labels\n"
     "  --scales A,B    average the probabilities at these scales, such as 0.75,1,1.25 (1)\n"
     "  --flip          and of mirrored images\n"
     "  --classes TABLE cityscapes, or a TOML file; without: what the weights say\n"
     "  --subset 16|13  also the mean of SYNTHIA's 16 or 13 classes, of the 19\n"
     "  --output-stride 8|16, --device D, --precision P, --threads N\n"
     "                  of weights that do not say; auto, cpu or cuda; f32, tf32, bf16 or fp16 (cuda); of the cpu\n"
     "\n"
     "  One matrix over all images. Ignored labels count nowhere; a class that is in no label and no prediction has "
     "no\n"
     "  score and is left out of means.\n"},
    {"predict", "segue predict WEIGHTS|RUN IMAGE|DIR -o OUT [--as KIND] [--size HxW] [--classes TABLE]",
     "what a segmentation model sees in images",
     "  WEIGHTS, RUN    as for 'segue eval'\n"
     "  IMAGE, DIR      .png, .jpg; of a folder all, also in folders below; OUT gets the same names and folders\n"
     "  -o OUT          a new or empty folder, or one that the same command has begun: what is there is not made "
     "again\n"
     "  --as KIND       color     PNG, colours of the classes as its palette (the default)\n"
     "                  ids       grey PNG of label ids: 7 is Cityscapes' road\n"
     "                  trainids  grey PNG of the model's own numbers: 0 is road\n"
     "                  overlay   RGB PNG, colours over the photo\n"
     "                  logits    safetensors, 'logits' CxHxW f32\n"
     "  --size HxW      resize images to this before the model sees them; results have the size of the image\n"
     "  --classes TABLE cityscapes, or a TOML file; without: what the weights say\n"
     "  --output-stride 8|16, --device D, --precision P, --threads N   as for 'segue eval'\n"
     "\n"
     "  An image that cannot be read is reported and left out; the exit code is then 3.\n"},
    {"doctor", "segue doctor", "report build, machine and devices, and what makes them slow",
     "  Reads only. Prints warnings with what to do about them.\n"},
    {"train",
     "segue train CONFIG [--set table.name=VALUE]... [--name NAME | --out DIR] [--init WEIGHTS] [--dry-run]\n"
     "       segue train --resume=RUN [--set table.name=VALUE]...",
     "train one stage: a segmentation or a translation model",
     "  CONFIG                   TOML; 'segue config default segment' (or translate) prints one to start from\n"
     "  --set table.name=VALUE   replaces a setting; may be repeated\n"
     "  --name NAME              of the run's folder in log.dir; default: that of the file. A folder that exists is "
     "left\n"
     "                           alone: the run goes to NAME-2, NAME-3, ...\n"
     "  --out DIR                the run's folder itself\n"
     "  --init WEIGHTS           start from these weights, at step 0\n"
     "  --device D, --seed S     train.device, train.seed\n"
     "  --dry-run                run one step, print settings, data, sizes and memory, write nothing\n"
     "  --resume[=RUN]           go on with a run from its last checkpoint, to the same bits as without a stop; "
     "without\n"
     "                           =RUN: the run that CONFIG names. Its settings stay, but for train.steps, "
     "train.eval_every,\n"
     "                           train.device, train.threads, train.watch_nan, data.workers and log.*\n"
     "  --allow-different-bits   resume although instruction set, convolution plans or data differ\n"
     "\n"
     "  The run's folder: config.toml, train.log, metrics.jsonl, TensorBoard's event files, checkpoints/, samples/.\n"
     "  SIGINT and SIGTERM finish the step, save, and end with 130 or 143; a second one ends at once.\n"},
    {"help", "segue help [COMMAND]", "this text, or that of a command", ""},
};

constexpr const char* kExitCodes =
    "exit codes: 0 ok, 1 runtime failure, 2 usage or configuration, 3 data or weight file, 4 diverged,\n"
    "            130, 143 interrupted\n";

std::vector<std::string> command_names() {
  std::vector<std::string> names;
  for (const CommandHelp& c : kCommands) names.push_back(c.name);
  return names;
}

[[noreturn]] void usage(const std::string& what, const std::string& command = "") {
  throw Error(Fault::usage, cat(what, "; see 'segue help", command.empty() ? "" : " ", command, "'"));
}

void print_help(const std::string& command) {
  if (command.empty()) {
    std::cout << "segue " << build::kVersion << ": semantic segmentation from synthetic images to real ones\n\n"
              << "usage: segue COMMAND ...\n\n";
    for (const CommandHelp& c : kCommands) {
      std::string name = c.name;
      name.resize(10, ' ');
      std::cout << "  " << name << c.summary << '\n';
    }
    std::cout << "\n  --version   version and git id\n  --help, -h  this text; after a command: its own\n\n"
              << kExitCodes;
    return;
  }
  for (const CommandHelp& c : kCommands)
    if (command == c.name) {
      std::cout << "usage: " << c.synopsis << "\n\n" << c.summary << '\n';
      if (*c.details) std::cout << '\n' << c.details;
      return;
    }
  usage(cat("unknown command ", quote(command), did_you_mean(command, command_names())));
}

/// A command as it is parsed: positional arguments and options are collected here and checked by hand, because the
/// library's messages name its own concepts.
struct Command {
  Command(CLI::App& program, const std::string& name, size_t positionals)
      : app(program.add_subcommand(name)), name(name), positionals(positionals) {
    app->set_help_flag();
    app->add_flag("--help,-h", help);
    app->allow_extras();
  }
  /// Options with one value each; given twice, the last one counts.
  void values(const std::vector<std::pair<const char*, std::string*>>& all) {
    for (const auto& [option, value] : all) {
      app->add_option(option, *value)->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
      options.push_back(option);
    }
  }
  void flag(const char* option, bool& value) {
    app->add_flag(option, value);
    options.push_back(option);
  }
  void device(DeviceChoice& d) {
    values({{"--device", &d.device}, {"--precision", &d.precision}, {"--threads", &d.threads}});
  }
  void model(ModelChoice& m) {
    values({{"--output-stride", &m.output_stride}});
    device(m.device);
  }

  CLI::App* app;
  std::string name;
  size_t positionals;  // most that it takes
  std::vector<std::string> options = {"--help"};
  bool help = false;
};

/// What is left over: positional arguments, or options that do not exist.
std::vector<std::string> positionals_of(const Command& c) {
  std::vector<std::string> words;
  bool only_words = false;
  for (const std::string& word : c.app->remaining()) {
    if (word == "--" && !only_words) {
      only_words = true;
      continue;
    }
    if (!only_words && word.size() > 1 && word[0] == '-')
      usage(cat("unknown option ", quote(word), " for 'segue ", c.name, "'",
                did_you_mean(word.substr(0, word.find('=')), c.options)),
            c.name);
    words.push_back(word);
  }
  if (words.size() > c.positionals)
    usage(cat("'segue ", c.name, "' expects at most ", c.positionals, c.positionals == 1 ? " argument" : " arguments",
              "; got also ", quote(words[c.positionals])),
          c.name);
  return words;
}

void config(const Command& c, const std::vector<std::string>& overrides) {
  const std::vector<std::string> words = positionals_of(c), actions = {"show", "default", "schema"};
  if (words.empty()) usage("'segue config' expects show, default or schema; got nothing", "config");
  if (std::find(actions.begin(), actions.end(), words[0]) == actions.end())
    usage(cat("'segue config' expects show, default or schema; got ", quote(words[0]), did_you_mean(words[0], actions)),
          "config");
  if (words.size() < 2)
    usage(cat("'segue config ", words[0], "' expects ",
              words[0] == "show" ? "a file" : "a task: segment, translate or adapt", "; got nothing"),
          "config");
  if (words[0] != "show" && !overrides.empty()) usage(cat("'segue config ", words[0], "' takes no --set"), "config");
  run_config({words[0], words[1], overrides});
}

/// What belongs to one action of 'segue data' alone.
void data_option(const DataCommand& d, const char* option, bool given, std::initializer_list<const char*> actions) {
  if (given && std::find(actions.begin(), actions.end(), d.action) == actions.end())
    usage(cat("'segue data ", d.action, "' takes no ", option), "data");
}

void data(const Command& c, DataCommand d) {
  const std::vector<std::string> words = positionals_of(c), actions = {"check", "stats", "pack"};
  if (words.empty()) usage("'segue data' expects check, stats or pack; got nothing", "data");
  d.action = words[0];
  if (std::find(actions.begin(), actions.end(), d.action) == actions.end())
    usage(cat("'segue data' expects check, stats or pack; got ", quote(d.action), did_you_mean(d.action, actions)),
          "data");
  if (words.size() < 2)
    usage(cat("'segue data ", d.action, "' expects a data set, such as cityscapes:PATH; got nothing"), "data");
  const bool pack = d.action == "pack";
  if (pack && words.size() < 3)
    usage("'segue data pack' expects a data set and the file to write, such as OUT.segpack; got no file", "data");
  if (!pack && words.size() > 2)
    usage(cat("'segue data ", d.action, "' expects one data set; got also ", quote(words[2])), "data");
  d.spec = words[1];
  if (pack) d.output = words[2];
  data_option(d, "--images", d.images, {"check", "pack"});
  data_option(d, "--size", !d.size.empty(), {"pack"});
  data_option(d, "--png", !d.png.empty(), {"stats"});
  data_option(d, "--json", !d.json.empty(), {"stats"});
  run_data(d);
}

void eval(const Command& c, EvalCommand& eval) {
  const std::vector<std::string> words = positionals_of(c);
  if (words.empty()) usage("'segue eval' expects a weight file or a run; got nothing", "eval");
  if (eval.data.empty()) usage("'segue eval' expects a data set: --data SPEC; got none", "eval");
  eval.model.weights = words[0];
  run_eval(eval);
}

void predict(const Command& c, PredictCommand& predict) {
  const std::vector<std::string> words = positionals_of(c);
  if (words.size() < 2)
    usage(cat("'segue predict' expects a weight file or a run, and an image or a folder; got ",
              words.empty() ? "nothing" : "only " + quote(words[0])),
          "predict");
  if (predict.out.empty()) usage("'segue predict' expects a folder for results: -o OUT; got none", "predict");
  predict.model.weights = words[0];
  predict.images = words[1];
  run_predict(predict);
}

}  // namespace

void run_command_line(const std::vector<std::string>& arguments) {
  CLI::App program;
  program.set_help_flag();
  program.allow_extras();
  program.require_subcommand(0, 1);  // "segue help inspect": the second word is an argument
  bool help = false, version = false;
  program.add_flag("--help,-h", help);
  program.add_flag("--version", version);

  Command config_command(program, "config", 2);
  std::vector<std::string> overrides;
  config_command.app->add_option("--set", overrides)->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  config_command.options.push_back("--set");

  Command inspect_command(program, "inspect", 1);
  bool stats = false;
  inspect_command.app->add_flag("--stats", stats);
  inspect_command.options.push_back("--stats");

  Command data_command(program, "data", 3);
  DataCommand data_options;
  for (const auto& [option, value] :
       std::initializer_list<std::pair<const char*, std::string*>>{{"--split", &data_options.split},
                                                                   {"--classes", &data_options.classes},
                                                                   {"--size", &data_options.size},
                                                                   {"--png", &data_options.png},
                                                                   {"--json", &data_options.json}}) {
    data_command.app->add_option(option, *value);
    data_command.options.push_back(option);
  }
  data_command.app->add_flag("--images", data_options.images);
  data_command.options.push_back("--images");
  Command train_command(program, "train", 1);
  TrainCommand train;
  std::string resume;
  train_command.app->add_option("--set", train.overrides)
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  for (const auto& [option, value] :
       {std::pair("--name", &train.name), std::pair("--out", &train.out), std::pair("--init", &train.init),
        std::pair("--device", &train.device), std::pair("--seed", &train.seed)})
    train_command.app->add_option(option, *value)->expected(1);
  CLI::Option* resume_option = train_command.app->add_flag("--resume{}", resume);  // a value only behind '='
  train_command.app->add_flag("--allow-different-bits", train.allow_different_bits);
  train_command.app->add_flag("--dry-run", train.dry_run);
  for (const char* option :
       {"--set", "--name", "--out", "--init", "--device", "--seed", "--resume", "--allow-different-bits", "--dry-run"})
    train_command.options.push_back(option);
  Command synth_command(program, "synth", 1);
  SynthCommand synth;
  for (const auto& [name, value] : {std::pair{"--count", &synth.count},
                                    {"--size", &synth.size},
                                    {"--style", &synth.style},
                                    {"--seed", &synth.seed},
                                    {"--split", &synth.split},
                                    {"--threads", &synth.threads}}) {
    synth_command.app->add_option(name, *value)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    synth_command.options.push_back(name);
  }
  Command report_command(program, "report", 1000);
  ReportCommand report;
  report_command.app->add_option("-o", report.out)->expected(1);
  report_command.app->add_flag("--table", report.table);
  for (const char* option : {"-o", "--table"}) report_command.options.push_back(option);

  Command eval_command(program, "eval", 1);
  EvalCommand eval_options;
  eval_command.values({{"--data", &eval_options.data},
                       {"--split", &eval_options.split},
                       {"--classes", &eval_options.classes},
                       {"--json", &eval_options.json},
                       {"--save", &eval_options.save},
                       {"--size", &eval_options.size},
                       {"--scales", &eval_options.scales},
                       {"--subset", &eval_options.subset}});
  eval_command.flag("--flip", eval_options.flip);
  eval_command.model(eval_options.model);

  Command predict_command(program, "predict", 2);
  PredictCommand predict_options;
  predict_command.values({{"-o", &predict_options.out},
                          {"--as", &predict_options.as},
                          {"--size", &predict_options.size},
                          {"--classes", &predict_options.classes}});
  predict_command.model(predict_options.model);

  Command doctor_command(program, "doctor", 0), help_command(program, "help", 1);

  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    program.parse(reversed);
  } catch (const CLI::ArgumentMismatch& e) {
    // "--set: 1 required TEXT missing"
    const std::string what = e.what();
    usage(cat("option ", quote(what.substr(0, what.find_first_of(": "))), " expects a value; got none"));
  } catch (const CLI::ParseError& e) {
    usage(cat("arguments that cannot be read: ", quote(e.what())));
  }

  if (version) {
    std::cout << "segue " << build::kVersion << " (" << build::git_id() << ")\n";
    return;
  }
  for (const Command* c : {&config_command, &inspect_command, &data_command, &train_command, &synth_command,
                           &eval_command, &predict_command, &report_command, &doctor_command, &help_command})
    if (c->app->parsed() && c->help) return print_help(c->name);
  if (!program.remaining().empty()) {
    const std::string word = program.remaining().front();
    if (word[0] == '-') usage(cat("unknown option ", quote(word), did_you_mean(word, {"--help", "--version"})));
    usage(cat("unknown command ", quote(word), did_you_mean(word, command_names())));
  }
  if (help) return print_help("");

  if (config_command.app->parsed()) {
    config(config_command, overrides);
  } else if (inspect_command.app->parsed()) {
    const std::vector<std::string> words = positionals_of(inspect_command);
    if (words.empty()) usage("'segue inspect' expects a file; got nothing", "inspect");
    run_inspect({words[0], stats});
  } else if (data_command.app->parsed()) {
    data(data_command, data_options);
  } else if (train_command.app->parsed()) {
    const std::vector<std::string> words = positionals_of(train_command);
    if (!words.empty()) train.config = words[0];
    if (resume_option->count() > 0) train.resume = resume;
    train.arguments = arguments;
    run_train(train);
  } else if (synth_command.app->parsed()) {
    const std::vector<std::string> words = positionals_of(synth_command);
    if (words.empty()) usage("'segue synth' expects a folder; got nothing", "synth");
    synth.folder = words[0];
    run_synth(synth);
  } else if (report_command.app->parsed()) {
    const std::vector<std::string> words = positionals_of(report_command);
    if (words.empty()) usage("'segue report' expects the folder of a run; got nothing", "report");
    if (report.table && !report.out.empty()) usage("'segue report' takes --table or -o, not both", "report");
    if (!report.table && words.size() > 1)
      usage(cat("'segue report' shows one run; got also ", quote(words[1]), "; several go with --table"), "report");
    report.runs = words;
    run_report(report);
  } else if (eval_command.app->parsed()) {
    eval(eval_command, eval_options);
  } else if (predict_command.app->parsed()) {
    predict(predict_command, predict_options);
  } else if (doctor_command.app->parsed()) {
    positionals_of(doctor_command);
    run_doctor();
  } else if (help_command.app->parsed()) {
    const std::vector<std::string> words = positionals_of(help_command);
    print_help(words.empty() ? "" : words[0]);
  } else {
    usage("expects a command; got nothing");
  }
}

}  // namespace segue
