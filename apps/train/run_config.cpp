#include "run_config.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "kernels/error.h"
#include "run_folder.h"
#include "runtime/text.h"

namespace segue {
namespace {

namespace fs = std::filesystem;

/// Options that stand for settings come last: what is typed on the command line counts.
std::vector<std::string> overrides_of(const TrainCommand& c) {
  std::vector<std::string> all = c.overrides;
  const auto add = [&](const char* key, const std::string& value) {
    if (!value.empty()) all.push_back(cat(key, '=', value));
  };
  if (!c.out.empty()) {
    const fs::path out = fs::path(c.out).has_filename() ? fs::path(c.out) : fs::path(c.out).parent_path();
    add("log.dir", out.has_parent_path() ? out.parent_path().string() : ".");
    add("log.name", out.filename().string());
  }
  add("log.name", c.name);
  add("model.init", c.init);
  add("train.device", c.device);
  add("train.seed", c.seed);
  return all;
}

/// A run is called what it is told, or else after its file.
Config load_named(const TrainCommand& c) {
  std::vector<std::string> overrides = overrides_of(c);
  Config config = load_config(c.config, overrides);
  if (config.is_set("log.name")) return config;
  overrides.push_back("log.name=" + fs::path(c.config).stem().string());
  return load_config(c.config, overrides);
}

std::string folder_of(const Config& config) {
  const std::string &dir = config.get<std::string>("log.dir"), &name = config.get<std::string>("log.name");
  if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos)
    throw Error(Fault::usage, cat(config.origin("log.name"), ": 'log.name' expects the name of a folder; got ",
                                  quote(name), "; log.dir says where it goes"));
  return dir == "." ? name : (fs::path(dir) / name).string();
}

/// The run's own configuration with the changes that are allowed. Throws usage for others.
Config resumed(const Config& run, const Config& asked, const std::string& folder) {
  std::vector<std::string> changes;
  const std::vector<std::string> may = resumable_settings(run.task());
  for (const Setting& s : schema(run.task())) {
    if (s.key == "log.dir" || s.key == "log.name") continue;  // the folder says it
    const std::string then = value_text(run.value(s.key)), now = value_text(asked.value(s.key));
    if (then == now) continue;
    if (std::find(may.begin(), may.end(), s.key) == may.end())
      throw Error(Fault::usage, cat("run ", quote(folder), " was begun with ", s.key, " = ", then, "; got ", now,
                                    ": a resumed run keeps its settings, but for ", [&] {
                                      std::string list;
                                      for (size_t i = 0; i < may.size(); ++i)
                                        list += (i == 0 ? "" : i + 1 == may.size() ? " and " : ", ") + may[i];
                                      return list;
                                    }()));
    changes.push_back(cat(s.key, '=', now));
  }
  return load_config(folder + "/config.toml", changes);
}

}  // namespace

std::vector<std::string> resumable_settings(Task task) {
  std::vector<std::string> all = {"train.device", "train.threads", "train.watch_nan",      "train.shadow",
                                  "data.workers", "log.every",     "log.checkpoint_every", "log.keep"};
  // The stages of an adaptation are compared with each other: all take as many steps.
  if (task != Task::adapt) all.insert(all.begin(), {"train.steps", "train.eval_every"});
  return all;
}

RunConfig resolve(const TrainCommand& command, const char* name) {
  const auto usage = [name](const std::string& what) {
    throw Error(Fault::usage, cat(what, "; see 'segue help ", name, "'"));
  };
  TrainCommand c = command;
  std::error_code error;
  // "--resume RUN", without the '='.
  if (c.resume && c.resume->empty() && fs::is_directory(c.config, error)) c.resume = std::exchange(c.config, "");
  if (!c.out.empty() && !c.name.empty()) usage("--out and --name both say where the run goes: expects one of them");
  if (c.resume && !c.init.empty())
    usage("--resume goes on with the weights of the run, --init starts with others: expects one of them");
  if (c.resume && c.dry_run) usage("--dry-run tries a configuration, --resume goes on with a run: expects one of them");
  if (!c.resume) {
    if (c.config.empty()) usage(cat("'segue ", name, "' expects a configuration; got nothing"));
    const Config config = load_named(c);
    std::string folder = folder_of(config);
    require_no_file(folder);
    return {config, std::move(folder)};
  }
  if (c.config.empty() && c.resume->empty())
    usage("--resume without a configuration expects the folder of a run: --resume=RUN");
  const std::string given = *c.resume;
  const std::string folder = !given.empty() ? given : folder_of(load_named(c));
  if (!fs::is_regular_file(folder + "/config.toml", error))
    throw Error(Fault::usage, cat("--resume expects the folder of a run; ", quote(folder), " has no config.toml"));
  const Config run = load_config(folder + "/config.toml");
  const Config asked = c.config.empty() ? load_config(folder + "/config.toml", overrides_of(c)) : load_named(c);
  if (run.task() != asked.task())
    throw Error(Fault::usage, cat("run ", quote(folder), " has task ", name_of(run.task()), "; ", quote(c.config),
                                  " has task ", name_of(asked.task())));
  return {resumed(run, asked, folder), folder};
}

}  // namespace segue
