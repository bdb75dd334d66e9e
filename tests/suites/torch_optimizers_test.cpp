// SGD and Adam against torch.optim in float64, on given gradients over several steps: tests/reference/torch_optimizers.py.
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <memory>

#include "runtime/optimizer.h"
#include "runtime/schedule.h"
#include "tests/model_steps.h"
#include "tests/python.h"
#include "tests/required.h"

namespace segue::testing {
namespace {

constexpr int kSteps = 8;

struct Three : Network {
  Three() {
    const int64_t sizes[] = {1000, 33, 5};
    for (int i = 0; i < 3; ++i) p[i] = &declare_parameter(cat("p", i), {sizes[i]}, Init::constant(0));
  }
  Parameter* p[3];
};

void fill_by_formula(const Tensor& t, const std::string& name) {
  std::vector<float> v;
  for (int64_t i = 0; i < t.count(); ++i) v.push_back(formula_value(formula_key(name), uint32_t(i)));
  from_host(t, v);
}

using Make = std::function<std::unique_ptr<Optimizer>(Context&, Network&)>;

void run(const std::filesystem::path& file, bool sgd, double base, const Make& make) {
  Context c;
  Three net;
  net.allocate(c);
  for (int i = 0; i < 3; ++i) fill_by_formula(net.p[i]->value(), cat("p", i));
  const std::unique_ptr<Optimizer> optimizer = make(c, net);
  std::ofstream out(file, std::ios::binary);
  for (int step = 0; step < kSteps; ++step) {
    optimizer->prepare(poly_rate(base, step, kSteps));
    c.begin_step(uint64_t(step));
    for (int i = 0; i < 3; ++i) {
      if (i == 2 && step % 2 == 1 && sgd) continue;
      fill_by_formula(net.p[i]->grad(), cat("g", i, ".", step));
      net.p[i]->tensor().cell()->filled = true;  // as backward() leaves it
    }
    optimizer->step();
    c.end_step();
    for (const Parameter* p : net.p)
      out.write(reinterpret_cast<const char*>(p->value().data()), std::streamsize(p->value().bytes()));
  }
  ASSERT_TRUE(bool(out)) << "cannot write " << file;
}

Make make_sgd(const OptimizerOptions& options, const SgdOptions& sgd) {
  return [=](Context& c, Network& net) { return std::make_unique<Sgd>(c, net, options, sgd); };
}
Make make_adam(const OptimizerOptions& options, const AdamOptions& adam) {
  return [=](Context& c, Network& net) { return std::make_unique<Adam>(c, net, options, adam); };
}

TEST(TorchOptimizers, EqualPyTorch) {
  if (!have_torch()) SEGUE_TOOL_MISSING("no PyTorch: " << python() << " cannot import torch and torchvision");
  const TemporaryFolder folder;
  const OptimizerOptions plain{.name = "o"}, decay{.name = "o", .weight_decay = 0.05};
  run(folder.path / "sgd.f32", true, 0.1, make_sgd(plain, {.momentum = 0}));
  run(folder.path / "sgd_momentum.f32", true, 0.1, make_sgd(plain, {}));
  run(folder.path / "sgd_decay.f32", true, 0.1, make_sgd(decay, {}));
  run(folder.path / "sgd_nesterov.f32", true, 0.1, make_sgd(decay, {.nesterov = true}));
  run(folder.path / "sgd_clipped.f32", true, 0.1, make_sgd({.name = "o", .max_norm = 3}, {}));
  run(folder.path / "adam.f32", false, 0.02, make_adam(plain, {}));
  run(folder.path / "adam_gan.f32", false, 0.02, make_adam(plain, {.beta1 = 0.5}));
  run(folder.path / "adam_decay.f32", false, 0.02, make_adam(decay, {.beta1 = 0.9, .beta2 = 0.99, .eps = 1e-4}));
  const ScriptResult result = run_script("torch_optimizers.py", {folder.path.string()});
  std::printf("%s", result.output.c_str());
  EXPECT_EQ(result.status, 0) << result.output;
}

}  // namespace
}  // namespace segue::testing
