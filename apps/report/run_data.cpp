#include "run_data.h"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "kernels/error.h"
#include "runtime/mapped_file.h"
#include "runtime/text.h"

namespace segue::report {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostText = size_t(1) << 20, kMostLog = size_t(256) << 20;

bool is_folder(const std::string& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

bool is_there(const std::string& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

/// The value of `task = "..."` in a configuration that a run has written.
std::string task_of(const std::string& config) {
  for (const char* task : {"segment", "translate", "adapt"})
    if (config.rfind(cat("task = \"", task, "\"\n"), 0) == 0) return task;
  return "";
}

/// How far a training came, from the lines "12350/40000  loss ..." of its log and its last word.
void read_log(const std::string& path, RunFiles& run, Notes& notes) {
  const auto text = read_text(path, kMostLog, false, notes);
  if (!text) return;
  for (size_t at = 0; at < text->size();) {
    const size_t end = std::min(text->find('\n', at), text->size());
    const std::string line = text->substr(at, std::min<size_t>(end - at, 400));
    at = end + 1;
    if (line.empty()) continue;
    run.last_line = line;
    run.done = line.rfind("done: ", 0) == 0;
    char* slash = nullptr;
    const long long step = std::strtoll(line.c_str(), &slash, 10);
    if (slash == line.c_str() || *slash != '/') continue;
    char* rest = nullptr;
    const long long total = std::strtoll(slash + 1, &rest, 10);
    if (rest == slash + 1 || *rest != ' ' || step < 0 || total < step) continue;
    run.step = step, run.total = total;
  }
}

/// Seconds of training, from the last checkpoint.
void read_checkpoint(RunFiles& run, Notes& notes) {
  const auto mark = read_text(run.path + "/checkpoints/last", 4096, false, notes);
  if (!mark) return;
  std::string name = *mark;
  while (!name.empty() && (name.back() == '\n' || name.back() == '\r')) name.pop_back();
  if (name.empty() || name.find('/') != std::string::npos || name[0] == '.') {
    notes.push_back(
        cat(quote(run.path + "/checkpoints/last"), ": expects the name of a checkpoint; got ", quote(name)));
    return;
  }
  const std::string path = cat(run.path, "/checkpoints/", name, "/state.json");
  const auto text = read_text(path, kMostText, true, notes);
  if (!text) return;
  try {
    const Json state = Json::parse(*text, path);
    run.step = std::max(run.step, state.integer("step"));
    if (const double s = state.number("trained_s"); std::isfinite(s) && s >= 0) run.seconds = s;
  } catch (const Error& e) {
    notes.push_back(e.what());
  }
}

/// eval/NAME/result.json and eval/NAME.json: where people put what `segue eval --json` writes.
void read_evaluations(RunFiles& run, Notes& notes) {
  std::vector<std::pair<std::string, std::string>> files;  // name, path
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(run.path + "/eval", ignored)) {
    const fs::path& path = entry.path();
    if (entry.is_directory(ignored))
      files.emplace_back(path.filename(), path / "result.json");
    else if (path.extension() == ".json")
      files.emplace_back(path.stem(), path);
  }
  std::sort(files.begin(), files.end());
  for (const auto& [name, path] : files) {
    const auto text = read_text(path, size_t(16) << 20, false, notes);
    if (!text) continue;
    try {
      run.evaluations.push_back({name, parse_evaluation(*text, path)});
    } catch (const Error& e) {
      notes.push_back(e.what());
    }
  }
}

RunFiles read_run(const std::string& path, bool trains, Notes& notes) {
  RunFiles run;
  run.path = path;
  run.config = read_text(path + "/config.toml", kMostText, trains, notes).value_or("");
  run.task = task_of(run.config);
  run.command = read_text(path + "/cmdline.txt", kMostText, false, notes).value_or("");
  if (const auto text = read_text(path + "/env.json", kMostText, false, notes)) try {
      run.environment = Json::parse(*text, path + "/env.json");
    } catch (const Error& e) {
      notes.push_back(e.what());
    }
  read_log(path + "/train.log", run, notes);
  read_log(path + "/adapt.log", run, notes);  // a run has one of them
  read_checkpoint(run, notes);
  read_metrics(path + "/metrics.jsonl", run, notes);
  run.samples = read_samples(path, notes);
  run.examples = read_examples(path, notes);
  read_evaluations(run, notes);
  return run;
}

std::optional<PseudoSummary> read_pseudo(const std::string& folder, Notes& notes) {
  // In the stage's folder, or in that of the labels below it.
  std::vector<std::string> paths = {folder + "/pseudo.json"};
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored))
    if (entry.is_directory(ignored)) paths.push_back(entry.path().string() + "/pseudo.json");
  std::sort(paths.begin() + 1, paths.end());
  for (const std::string& path : paths) {
    const auto text = read_text(path, size_t(64) << 20, false, notes);
    if (!text) continue;
    try {
      return parse_pseudo(*text, path);
    } catch (const Error& e) {
      notes.push_back(e.what());
      return std::nullopt;
    }
  }
  return std::nullopt;
}

/// Source and ceiling have colours of their own; what lies between takes turns.
int color_of(const StageRecord& s) {
  constexpr int kSource = 0, kTranslated = 1, kFirstRound = 2, kRounds = 5, kCeiling = 7;
  if (s.kind == StageKind::pseudo || s.row == StageRow::round)
    return kFirstRound + int(std::max<int64_t>(0, s.round - 1) % kRounds);
  switch (s.row) {
    case StageRow::source: return kSource;
    case StageRow::ceiling: return kCeiling;
    default: return kTranslated;
  }
}

void read_stages(const std::string& text, const std::string& path, RunData& run) {
  std::vector<StageRecord> records;
  try {
    records = parse_stages(text, path);
  } catch (const Error& e) {
    run.notes.push_back(e.what());
    return;
  }
  for (StageRecord& record : records) {
    Stage stage;
    stage.color = color_of(record);
    const std::string folder = run.files.path + "/" + record.folder;
    const bool trains = record.kind == StageKind::segment || record.kind == StageKind::cyclegan;
    if (record.state != StageState::waiting) {
      if (is_folder(folder))
        stage.files = read_run(folder, trains, run.notes);
      else
        run.notes.push_back(cat("the folder of stage ", quote(record.title), ", ", quote(folder), ", is missing"));
      if (record.kind == StageKind::pseudo) stage.pseudo = read_pseudo(folder, run.notes);
    }
    stage.record = std::move(record);
    run.stages.push_back(std::move(stage));
  }
}

}  // namespace

std::optional<std::string> read_text(const std::string& path, size_t most_bytes, bool needed, Notes& notes) {
  if (!is_there(path)) {
    if (needed) notes.push_back(cat(quote(path), " is missing"));
    return std::nullopt;
  }
  try {
    const MappedFile file(path);
    if (file.bytes() > most_bytes)
      throw Error(Fault::data,
                  cat(quote(path), ": expects at most ", bytes_text(most_bytes), "; got ", bytes_text(file.bytes())));
    return std::string(reinterpret_cast<const char*>(file.data()), file.bytes());
  } catch (const Error& e) {
    notes.push_back(e.what());
    return std::nullopt;
  }
}

std::vector<const Stage*> RunData::scored() const {
  std::vector<const Stage*> all;
  for (const Stage& s : stages)
    if (s.record.score) all.push_back(&s);
  return all;
}

std::vector<StageRecord> RunData::records() const {
  std::vector<StageRecord> all;
  for (const Stage& s : stages) all.push_back(s.record);
  return all;
}

bool RunData::done() const {
  if (!staged) return files.done;
  return !stages.empty() &&
         std::all_of(stages.begin(), stages.end(), [](const Stage& s) { return s.record.state == StageState::done; });
}

RunData load_run(const std::string& path) {
  if (!is_folder(path))
    throw Error(Fault::usage, cat("expects the folder of a run; got ", quote(path),
                                  is_there(path) ? ", which is a file" : ", which does not exist"));
  const std::string stages = path + "/stages.json";
  if (!is_there(stages) && !is_there(path + "/metrics.jsonl") && !is_there(path + "/config.toml"))
    throw Error(Fault::usage, cat("expects the folder of a run, with config.toml, metrics.jsonl or stages.json; ",
                                  quote(path), " holds none of them"));
  RunData run;
  const fs::path full = fs::absolute(path).lexically_normal();
  run.name = full.has_filename() ? full.filename() : full.parent_path().filename();
  run.staged = is_there(stages);
  run.files = read_run(path, true, run.notes);
  if (run.staged)
    if (const auto text = read_text(stages, size_t(16) << 20, true, run.notes)) read_stages(*text, stages, run);
  if (!run.staged && run.files.train.empty())
    run.notes.push_back("metrics.jsonl holds no step yet: there are no curves");
  return run;
}

}  // namespace segue::report
