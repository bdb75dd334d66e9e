// Which command was meant, and with what: the one place that knows the command line library. Messages and help are
// segue's own; the library splits arguments.
#include "cli.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>

#include "apps/build_info.h"
#include "cli_help.h"
#include "commands.h"
#include "kernels/error.h"
#include "runtime/text.h"

namespace segue {
namespace {

[[noreturn]] void usage(const std::string& what, const std::string& command = "") {
  throw Error(Fault::usage, cat(what, "; see 'segue help", command.empty() ? "" : " ", command, "'"));
}

/// A command as it is parsed: positional arguments and options are collected here and checked by hand, because the
/// library's messages name its own concepts.
struct Command {
  Command(CLI::App& program, const std::string& name, size_t positionals, std::vector<Command*>& all)
      : app(program.add_subcommand(name)), name(name), positionals(positionals) {
    all.push_back(this);
    app->set_help_flag();
    app->add_flag("--help,-h", help);
    app->allow_extras();
  }
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;
  /// Options with one value each; given twice, the last one counts.
  void values(const std::vector<std::pair<const char*, std::string*>>& all) {
    for (const auto& [option, value] : all) {
      given.emplace_back(app->add_option(option, *value), value);
      given.back().first->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
      options.push_back(option);
    }
  }
  /// "" stands for an option that was not given: one that was typed, a shell's empty variable, is refused.
  void require_values() const {
    for (const auto& [option, value] : given)
      if (option->count() > 0 && value->empty())
        usage(cat("option ", quote(option->get_name()), " expects a value; got an empty one"), name);
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
  std::vector<std::pair<CLI::Option*, const std::string*>> given;
  std::vector<std::string> literal;  // arguments behind "--"
  bool help = false;
};

/// What is left over: positional arguments, or options that do not exist.
std::vector<std::string> positionals_of(const Command& c) {
  std::vector<std::string> words;
  for (const std::string& word : c.app->remaining()) {
    if (word.size() > 1 && word[0] == '-')
      usage(cat("unknown option ", quote(word), " for 'segue ", c.name, "'",
                did_you_mean(word.substr(0, word.find('=')), c.options)),
            c.name);
    words.push_back(word);
  }
  words.insert(words.end(), c.literal.begin(), c.literal.end());
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

void translate(const Command& c, TranslateCommand& translate) {
  const std::vector<std::string> words = positionals_of(c);
  if (words.empty()) usage("'segue translate' expects a weight file or a run; got nothing", "translate");
  if (words.size() < 2 && translate.data.empty())
    usage("'segue translate' expects a folder of images, or --data SPEC; got neither", "translate");
  if (words.size() > 1 && !translate.data.empty())
    usage("'segue translate' expects a folder of images or --data SPEC; got both", "translate");
  if (translate.out.empty()) usage("'segue translate' expects a folder for results: -o OUT; got none", "translate");
  translate.weights = words[0];
  if (words.size() > 1) translate.images = words[1];
  run_translate(translate);
}

void pseudo(const Command& c, PseudoCommand& pseudo) {
  const std::vector<std::string> words = positionals_of(c);
  if (words.empty()) usage("'segue pseudo' expects a weight file or a run; got nothing", "pseudo");
  if (pseudo.data.empty()) usage("'segue pseudo' expects images: --data SPEC; got none", "pseudo");
  if (pseudo.out.empty()) usage("'segue pseudo' expects a folder for results: -o OUT; got none", "pseudo");
  pseudo.model.weights = words[0];
  run_pseudo(pseudo);
}

/// The arguments of trainings: of one stage, and of all.
class TrainArguments {
 public:
  TrainArguments(Command& c, TrainCommand& train) : command_(c), train_(train) {
    c.app->add_option("--set", train.overrides)->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    c.values({{"--name", &train.name},
              {"--out", &train.out},
              {"--init", &train.init},
              {"--device", &train.device},
              {"--seed", &train.seed}});
    resume_option_ = c.app->add_flag("--resume{}", resume_);  // a value only behind '='
    c.flag("--allow-different-bits", train.allow_different_bits);
    c.flag("--dry-run", train.dry_run);
    c.options.insert(c.options.end(), {"--set", "--resume"});
  }
  TrainArguments(const TrainArguments&) = delete;
  TrainArguments& operator=(const TrainArguments&) = delete;

  const TrainCommand& parsed(const std::vector<std::string>& arguments) {
    const std::vector<std::string> words = positionals_of(command_);
    if (!words.empty()) train_.config = words[0];
    if (resume_option_->count() > 0) train_.resume = resume_;
    train_.arguments = arguments;
    return train_;
  }

 private:
  Command& command_;
  TrainCommand& train_;
  std::string resume_;
  CLI::Option* resume_option_ = nullptr;
};

}  // namespace

void run_command_line(const std::vector<std::string>& arguments) {
  CLI::App program;
  program.set_help_flag();
  program.allow_extras();
  program.require_subcommand(0, 1);  // "segue help inspect": the second word is an argument
  bool help = false, version = false;
  program.add_flag("--help,-h", help);
  program.add_flag("--version", version);

  std::vector<Command*> commands;
  Command config_command(program, "config", 2, commands);
  std::vector<std::string> overrides;
  config_command.app->add_option("--set", overrides)->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  config_command.options.push_back("--set");

  Command inspect_command(program, "inspect", 1, commands);
  bool stats = false;
  inspect_command.flag("--stats", stats);

  Command data_command(program, "data", 3, commands);
  DataCommand data_options;
  data_command.values({{"--split", &data_options.split},
                       {"--classes", &data_options.classes},
                       {"--size", &data_options.size},
                       {"--png", &data_options.png},
                       {"--json", &data_options.json}});
  data_command.flag("--images", data_options.images);
  TrainCommand train_options, adapt_options;
  Command train_command(program, "train", 1, commands), adapt_command(program, "adapt", 1, commands);
  TrainArguments train_arguments(train_command, train_options), adapt_arguments(adapt_command, adapt_options);

  Command synth_command(program, "synth", 1, commands);
  SynthCommand synth;
  synth_command.values({{"--count", &synth.count},
                        {"--size", &synth.size},
                        {"--style", &synth.style},
                        {"--seed", &synth.seed},
                        {"--split", &synth.split},
                        {"--trees", &synth.trees},
                        {"--bare-trees", &synth.bare_trees},
                        {"--threads", &synth.threads}});
  synth_command.flag("--outline-trees", synth.outline_trees);

  Command report_command(program, "report", 1000, commands);
  ReportCommand report;
  report_command.values({{"-o", &report.out}});
  report_command.flag("--table", report.table);

  Command eval_command(program, "eval", 1, commands);
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

  Command predict_command(program, "predict", 2, commands);
  PredictCommand predict_options;
  predict_command.values({{"-o", &predict_options.out},
                          {"--as", &predict_options.as},
                          {"--size", &predict_options.size},
                          {"--classes", &predict_options.classes}});
  predict_command.model(predict_options.model);

  Command translate_command(program, "translate", 2, commands);
  TranslateCommand translate_options;
  translate_command.values({{"--data", &translate_options.data},
                            {"--split", &translate_options.split},
                            {"--classes", &translate_options.classes},
                            {"-o", &translate_options.out},
                            {"--size", &translate_options.size},
                            {"--width", &translate_options.width}});
  translate_command.device(translate_options.device);

  Command pseudo_command(program, "pseudo", 1, commands);
  PseudoCommand pseudo_options;
  pseudo_command.values({{"--data", &pseudo_options.data},
                         {"--split", &pseudo_options.split},
                         {"-o", &pseudo_options.out},
                         {"--threshold", &pseudo_options.threshold},
                         {"--per-class", &pseudo_options.per_class},
                         {"--scales", &pseudo_options.scales},
                         {"--size", &pseudo_options.size},
                         {"--classes", &pseudo_options.classes}});
  pseudo_command.flag("--flip", pseudo_options.flip);
  pseudo_command.flag("--copy", pseudo_options.copy);
  pseudo_command.model(pseudo_options.model);

  Command doctor_command(program, "doctor", 0, commands), help_command(program, "help", 1, commands);

  // The list of the help is the list of commands: neither has one that the other lacks.
  const std::vector<std::string> listed = command_names();
  for (const Command* c : commands)
    if (commands.size() != listed.size() || std::find(listed.begin(), listed.end(), c->name) == listed.end())
      fail(Fault::internal, "cli", "expects the commands of the help; got ", quote(c->name), " of ", commands.size());

  // Whatever stands behind "--" is no option; the library would look for some in it.
  const auto dashes = std::find(arguments.begin(), arguments.end(), "--");
  const std::vector<std::string> literal(dashes == arguments.end() ? dashes : dashes + 1, arguments.end());
  std::vector<std::string> reversed(std::make_reverse_iterator(dashes), arguments.rend());
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
  for (Command* c : commands) {
    if (!c->app->parsed()) continue;
    if (c->help) return print_help(c->name);
    c->require_values();
    c->literal = literal;
  }
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
    run_train(train_arguments.parsed(arguments));
  } else if (adapt_command.app->parsed()) {
    run_adapt(adapt_arguments.parsed(arguments));
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
  } else if (translate_command.app->parsed()) {
    translate(translate_command, translate_options);
  } else if (pseudo_command.app->parsed()) {
    pseudo(pseudo_command, pseudo_options);
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
