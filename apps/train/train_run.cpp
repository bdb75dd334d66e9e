#include "train_run.h"

#include <filesystem>

#include "apps/build_info.h"
#include "apps/command_device.h"
#include "apps/machine.h"
#include "environment.h"
#include "make_task.h"
#include "runtime/atomic_file.h"
#include "runtime/mapped_file.h"
#include "runtime/text.h"
#include "trainer.h"

namespace segue {
namespace {

namespace fs = std::filesystem;

/// config.toml, cmdline.txt and env.json: how the run came about; of a resumed one, how it went on.
void describe_run(const RunFolder& run, const Config& config, const TrainRunOptions& options, Context& c) {
  const auto read = [&](const char* name) {
    const std::string path = run.file(name);
    if (!options.resume || !fs::exists(path)) return std::string();
    const MappedFile file(path);
    return std::string(reinterpret_cast<const char*>(file.data()), file.bytes());
  };
  if (options.resume) write_file(run.file("config.toml"), config_text(config));  // with what was allowed to change
  write_file(run.file("cmdline.txt"), read("cmdline.txt") + command_text(options.arguments));
  const Json now = environment(c, c.device().name());
  const std::string before = read("env.json");
  Json env = before.empty() ? now : Json::parse(before, run.file("env.json"));
  if (!before.empty()) {
    Json lives = env.find("resumed") ? env.at("resumed") : Json::array();
    lives.push(now);
    env.set("resumed", lives);
  }
  write_file(run.file("env.json"), env.dump(true) + "\n");
}

/// A block of code: TensorBoard's text panel reads Markdown.
std::string as_markdown(const std::string& text) {
  std::string block = "    ";
  for (const char ch : text) block += ch == '\n' ? std::string("\n    ") : std::string(1, ch);
  return block;
}

TrainerOptions trainer_options(const Config& config, const TrainRunOptions& options) {
  TrainerOptions o{.task = name_of(config.task()),
                   .log_every = config.get<int64_t>("log.every"),
                   .checkpoint_every = config.get<int64_t>("log.checkpoint_every"),
                   .keep = config.get<int64_t>("log.keep"),
                   .resume = options.resume,
                   .allow_different_bits = options.allow_different_bits,
                   .go_on = options.go_on};
  if (config.task() == Task::segment) o.eval_every = config.get<int64_t>("train.eval_every");
  return o;
}

}  // namespace

Context::Options context_options(const Config& config, const std::string& plan_file) {
  Context::Options o;
  try {
    o = context_options({.device = config.get<std::string>("train.device"),
                         .precision = config.get<std::string>("train.precision"),
                         .threads = std::to_string(config.get<int64_t>("train.threads"))});
  } catch (const Error& e) {
    throw Error(e.fault(), cat("in [train]: ", e.what()));
  }
  o.seed = uint64_t(config.get<int64_t>("train.seed"));
  o.watch_nan = config.get<bool>("train.watch_nan");
  if (config.get<bool>("train.shadow")) o.shadow = ShadowMode::stop;
  o.plan_file = plan_file;
  return o;
}

std::string device_line(Context& c, const Config& config) {
  std::string line = "device: " + c.device().name();
  if (c.options().device == DeviceType::cpu) {
    line += cat(", ", cpu_model(), ", ", cpu_threads(), cpu_threads() == 1 ? " thread" : " threads");
    if (config.get<std::string>("train.device") == "auto") line += cat(" (no CUDA: ", cuda_problem(), ")");
  } else {
    line += cat(", ", name_of(c.options().precision));
  }
  return line + cat(", ", bytes_text(memory_limit(c)));
}

std::string train_run(const Config& config, const std::string& folder, const TrainRunOptions& options) {
  RunFolder run = options.resume ? RunFolder::open(folder) : RunFolder::create(folder);
  bool begun = options.resume;
  try {
    // First of all: a run that dies from here on can be resumed.
    if (!options.resume) write_file(run.file("config.toml"), config_text(config));
    Context c(context_options(config, run.file("plans.txt")));
    const std::unique_ptr<TrainTask> task = make_task(c, config);
    Trainer trainer(c, *task, run, trainer_options(config, options));
    describe_run(run, config, options, c);
    RunLog& log = trainer.log();
    log.say(cat("segue ", build::kVersion, " (", build::git_id(), "), run ", run.path(), ", seed ", c.options().seed));
    log.say(device_line(c, config));
    for (const std::string& line : task->describe()) log.say(line);
    if (trainer.step() == 0) log.events().text(0, "config", as_markdown(config_text(config)));
    begun = true;
    try {
      trainer.run();
    } catch (const Error& e) {
      log.note("segue: error: " + std::string(e.what()));  // standard error gets it when the program ends
      throw;
    }
  } catch (...) {
    if (!begun) run.discard();  // what never began leaves no folder behind
    throw;
  }
  return run.path();
}

}  // namespace segue
