// The checkpoints of a run: folders that are there whole or not at all.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace segue {

/// checkpoints/step-00040000/, and text files `last` and `best` that hold the name of such a folder.
class Checkpoints {
 public:
  /// `keep`: how many stay, beside the best.
  Checkpoints(const std::string& run_folder, int64_t keep);

  /// Makes the checkpoint of `step`: `write` puts its files into the folder that it is given, which gets its name once all
  /// is on the disk. Then `last` names it, and `best` if it is the best. Throws io; the checkpoints are then as before.
  void save(int64_t step, bool best, const std::function<void(const std::string& folder)>& write);

  /// Path of the checkpoint to go on from and of the best; "" if there is none. Without the mark `last` it is the newest. Throws data if
  /// the folder that is named is missing.
  std::string last() const;
  std::string best() const { return named("best"); }
  /// Lets `best` name the checkpoint of `step`, if it is there: after a run that died between a checkpoint and its mark.
  void set_best(int64_t step);

  static std::string name(int64_t step);

 private:
  std::string named(const char* mark) const;
  std::string marked(const char* mark) const;
  /// Steps of all that are there, newest first.
  std::vector<int64_t> steps() const;
  /// `newest`: the one that was just written.
  void remove_old(int64_t newest) const;

  std::string folder_;
  int64_t keep_;
};

}  // namespace segue
