// segue config: configurations before they are run.
#include <iostream>

#include "commands.h"
#include "config.h"

namespace segue {

void run_config(const ConfigCommand& command) {
  if (command.action == "show")
    std::cout << config_text(load_config(command.subject, command.overrides));
  else if (command.action == "default")
    std::cout << default_text(task_named(command.subject));
  else
    std::cout << schema_text(task_named(command.subject));
}

}  // namespace segue
