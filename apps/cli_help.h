// What `segue help` says.
#pragma once

#include <string>
#include <vector>

namespace segue {

/// In the order in which they are listed.
std::vector<std::string> command_names();

/// Prints the list of commands, or the help of one. Throws usage for a command that does not exist.
void print_help(const std::string& command);

}  // namespace segue
