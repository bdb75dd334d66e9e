// An adaptation: its stages, one after the other, in one folder, over as many lives of the program as it takes.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "adapt_plan.h"
#include "apps/commands.h"
#include "apps/train/run_folder.h"
#include "data/class_table.h"
#include "runtime/json.h"

namespace segue {

class AdaptRun {
 public:
  /// Takes up RUN/stages.json if there is one. `command`: what trainings note of how they were started. `images`: by setting,
  /// which ones the data sets have. Throws usage if they are not those with which the run was begun; data for a stages.json that does not belong to the configuration.
  AdaptRun(const Config& config, const RunFolder& run, const TrainCommand& command, const Json& images);

  /// Runs what is not done. Throws what stages throw; what was done stays.
  void run();
  const std::vector<StageRecord>& stages() const { return stages_; }
  /// A line on standard error and in RUN/adapt.log.
  void say(const std::string& line) const;

 private:
  /// A line in RUN/adapt.log alone.
  void keep(const std::string& line) const;
  void run_stage(StageRecord& stage);
  void train(const Config& config, const std::string& folder);
  void translate(const std::string& folder);
  void label(const StageRecord& stage);
  void score(StageRecord& stage);
  std::string path(const std::string& stage) const { return run_.file(stage); }
  /// The model that a training has ended with.
  std::string last_weights(const std::string& stage) const;
  std::string teacher_of(int64_t round) const;
  /// False once a signal has asked the run to end.
  bool go_on() const;
  /// The command that takes the run up again.
  std::string go_on_text() const;
  void save();
  /// In adapt.log: standard error gets it when the program ends.
  void note_failure(const std::string& what) noexcept;

  const Config config_;
  const RunFolder& run_;
  const TrainCommand& command_;
  data::ClassTable classes_;
  std::vector<StageRecord> stages_;
};

}  // namespace segue
