// What has changed between two records.
#pragma once

#include <string>

#include "runtime/json.h"

namespace segue {

/// "train \"a\", now \"b\"; size none, now 3": the members of two objects that differ, or are in one alone; "" if none does.
std::string differing_members(const Json& then, const Json& now);

}  // namespace segue
