// Numbers for messages.
#pragma once

#include <cmath>

namespace segue {

/// As people are shown it: NaN without its sign, which means nothing and differs from one processor to the next.
inline float shown(float v) { return std::isnan(v) ? std::fabs(v) : v; }

}  // namespace segue
