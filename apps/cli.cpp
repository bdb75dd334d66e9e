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
    {"doctor", "segue doctor", "report build, machine and devices, and what makes them slow",
     "  Reads only. Prints warnings with what to do about them.\n"},
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
  for (const Command* c : {&config_command, &inspect_command, &doctor_command, &help_command})
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
  } else if (doctor_command.app->parsed()) {
    positionals_of(doctor_command);
    run_doctor();
  } else if (help_command.app->parsed()) {
    const std::vector<std::string> words = positionals_of(help_command);
    print_help(words.empty() ? "" : words[0]);
  } else {
    usage(cat("expects a command: config, inspect, doctor or help; got nothing"));
  }
}

}  // namespace segue
