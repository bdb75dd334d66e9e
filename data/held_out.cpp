#include "held_out.h"

#include <algorithm>
#include <cmath>

#include "kernels/error.h"
#include "runtime/text.h"

namespace segue::data {
namespace {

/// Some examples of a set.
class Part : public DataSet {
 public:
  Part(std::shared_ptr<const DataSet> set, std::vector<int64_t> examples)
      : set_(std::move(set)), examples_(std::move(examples)) {}

  int64_t size() const override { return int64_t(examples_.size()); }
  bool labelled() const override { return set_->labelled(); }
  const LabelScheme* scheme() const override { return set_->scheme(); }
  std::string name(int64_t i) const override { return set_->name(at(i)); }
  std::string origin(int64_t i) const override { return set_->origin(at(i)); }
  Example read(int64_t i, ExampleBuffer& buffer) const override { return set_->read(at(i), buffer); }
  Example read_label(int64_t i, ExampleBuffer& buffer) const override { return set_->read_label(at(i), buffer); }
  Example read_image(int64_t i, ExampleBuffer& buffer) const override { return set_->read_image(at(i), buffer); }
  std::string warnings() const override { return set_->warnings(); }

 private:
  int64_t at(int64_t i) const { return examples_.at(size_t(i)); }

  std::shared_ptr<const DataSet> set_;
  std::vector<int64_t> examples_;
};

}  // namespace

std::pair<std::shared_ptr<const DataSet>, std::shared_ptr<const DataSet>> hold_out(std::shared_ptr<const DataSet> set,
                                                                                   double share) {
  const int64_t size = set->size();
  if (size < 2) throw Error(Fault::usage, cat("expects two examples or more, to hold some out; got ", size));
  if (!(share > 0 && share < 1)) throw Error(Fault::usage, cat("expects a share between 0 and 1; got ", share));
  const int64_t count = std::clamp<int64_t>(std::llround(share * double(size)), 1, size - 1);
  std::vector<int64_t> parts[2];
  // Example i is held out where i count / size comes to the middle of a step.
  for (int64_t i = 0; i < size; ++i) {
    const int64_t before = (2 * i * count + size) / (2 * size), after = (2 * (i + 1) * count + size) / (2 * size);
    parts[after > before].push_back(i);
  }
  return {std::make_shared<Part>(set, std::move(parts[0])), std::make_shared<Part>(set, std::move(parts[1]))};
}

}  // namespace segue::data
