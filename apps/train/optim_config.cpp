#include "optim_config.h"

namespace segue {

std::unique_ptr<Optimizer> make_optimizer(Context& c, Network& network, const Config& config, const std::string& name,
                                          const std::vector<ParameterGroup>& groups) {
  const OptimizerOptions options{.name = name,
                                 .weight_decay = config.get<double>("optim.weight_decay"),
                                 .groups = groups,
                                 .max_norm = config.get<double>("optim.max_norm"),
                                 .measure_norm = true};
  if (config.get<std::string>("optim.kind") == "sgd")
    return std::make_unique<Sgd>(c, network, options,
                                 SgdOptions{.momentum = float(config.get<double>("optim.momentum")),
                                            .nesterov = config.get<bool>("optim.nesterov")});
  const auto& betas = config.get<std::vector<double>>("optim.betas");
  return std::make_unique<Adam>(
      c, network, options,
      AdamOptions{.beta1 = betas[0], .beta2 = betas[1], .eps = config.get<double>("optim.epsilon")});
}

Schedule step_schedule(const Config& config) {
  const std::string& kind = config.get<std::string>("optim.schedule");
  return {.kind = kind == "constant" ? Schedule::Kind::constant : Schedule::Kind::poly,
          .base = config.get<double>("optim.rate"),
          .total = config.get<int64_t>("train.steps"),
          .power = kind == "linear" ? 1 : config.get<double>("optim.power"),
          .floor = config.get<double>("optim.floor"),
          .warm_up_steps = config.get<int64_t>("optim.warm_up_steps")};
}

}  // namespace segue
