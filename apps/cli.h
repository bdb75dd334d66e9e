// The command line of `segue`.
#pragma once

#include <string>
#include <vector>

namespace segue {

/// Runs the program with its arguments, without its own name. Throws usage, with the nearest name, for arguments that
/// it does not know.
void run_command_line(const std::vector<std::string>& arguments);

}  // namespace segue
