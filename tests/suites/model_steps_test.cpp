// One step of each model at full width against fixtures that PyTorch made in float64 (tests/reference/torch_steps.py).
// Where there is a PyTorch, torch_models_test compares everything, on the spot.
#include "tests/model_steps.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <sstream>

#include "runtime/safetensors.h"
#include "tests/python.h"
#include "tests/test_device.h"

namespace segue {
namespace {

using testing::ModelStep;
using testing::Recorded;

struct Fixture {
  std::vector<std::string> names;  // "name extent extent ..."
  std::vector<double> norms;       // norm, allowed error of it, allowed error of an element
  std::vector<float> samples;      // of each tensor
  size_t samples_each = 0;
};

template <class T>
std::vector<T> values_of(const SafeTensors& file, const std::string& name) {
  const StoredTensor* t = file.find(name);
  if (!t) return {};
  std::vector<T> v(t->bytes() / sizeof(T));
  std::memcpy(v.data(), file.data(*t), t->bytes());
  return v;
}

Fixture fixture_of(const SafeTensors& file, const std::string& kind) {
  Fixture f;
  const std::vector<char> text = values_of<char>(file, kind + ".names");
  std::istringstream lines(std::string(text.begin(), text.end()));
  for (std::string line; std::getline(lines, line);) f.names.push_back(line);
  f.norms = values_of<double>(file, kind + ".norms");
  f.samples = values_of<float>(file, kind + ".samples");
  if (!f.names.empty()) f.samples_each = f.samples.size() / f.names.size();
  return f;
}

class FixtureStep : public ::testing::TestWithParam<ModelStep> {};

TEST_P(FixtureStep, EqualsPyTorchsNormsAndSamples) {
  const ModelStep& step = GetParam();
  const SafeTensors file((testing::source_dir() / "tests/data/model_steps" / (step.name + ".safetensors")).string());
  std::map<std::string, std::vector<Recorded>> got;
  for (Recorded& r : testing::record_steps(step, testing::on_test_device()))
    if (!testing::is_dead_bias(step.name, r.name)) got[r.kind].push_back(std::move(r));
  for (const auto& [kind, tensors] : got) {
    const Fixture f = fixture_of(file, kind);
    ASSERT_EQ(f.names.size(), tensors.size()) << kind << ": tensors that differ in number";
    ASSERT_EQ(f.norms.size(), 3 * tensors.size()) << kind;
    double worst = 0;
    for (size_t i = 0; i < tensors.size(); ++i) {
      const Recorded& r = tensors[i];
      std::string name = r.name;
      // A classifier's output is (N,C,1,1) here and (N,C) there.
      const bool flat = r.shape.dims() == 4 && r.shape[2] == 1 && r.shape[3] == 1 && r.name == "output" &&
                        std::count(f.names[i].begin(), f.names[i].end(), ' ') == 2;
      for (int d = 0; d < (flat ? 2 : r.shape.dims()); ++d) name += " " + std::to_string(r.shape[d]);
      ASSERT_EQ(name, f.names[i]) << kind << ": names, shapes and order are PyTorch's";
      double sum = 0;
      for (float x : r.values) sum += double(x) * x;
      const double allowed = f.norms[3 * i + 1], each = f.norms[3 * i + 2];
      worst = std::max(worst, std::abs(std::sqrt(sum) - f.norms[3 * i]) / allowed);
      EXPECT_LE(std::abs(std::sqrt(sum) - f.norms[3 * i]), allowed) << kind << " " << name << ": norm";
      const size_t stride = f.samples_each ? std::max<size_t>(1, r.values.size() / f.samples_each) : 1;
      for (size_t k = 0; k < f.samples_each && k * stride < r.values.size(); ++k) {
        const double want = f.samples[i * f.samples_each + k];
        // The fixture holds f32: half a unit in its last place on top.
        EXPECT_LE(std::abs(r.values[k * stride] - want), each + std::abs(want) * 0x1p-24)
            << kind << " " << name << " element " << k * stride << ": got " << r.values[k * stride];
      }
    }
    RecordProperty(kind + "_norm_error_over_allowed", std::to_string(worst));
  }
}

/// All but the second output stride of DeepLabv3+: 70 KB that only repeat the first.
std::vector<ModelStep> with_fixture() {
  std::vector<ModelStep> list = testing::model_steps();
  std::erase_if(list, [](const ModelStep& s) { return s.name == "deeplabv3plus_os8"; });
  return list;
}

INSTANTIATE_TEST_SUITE_P(Model, FixtureStep, ::testing::ValuesIn(with_fixture()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace segue
