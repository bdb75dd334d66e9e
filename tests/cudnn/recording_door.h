// Included in front of every source of this folder's copy of the ops: their kernels are not run but written down. So a
// model's whole step can be walked at its true size, in no time and without memory.
#pragma once

#include <string>
#include <vector>

#include "kernels/conv2d.h"
#include "kernels/conv_transpose2d.h"
#include "runtime/context.h"

namespace segue::recording {

/// A launch of a convolution.
struct Launch {
  std::string op;
  std::vector<View> views;
  Conv2dOptions conv;
  ConvTranspose2dOptions transposed;
  bool accumulate = false;
};
/// Everything launched so far.
std::vector<Launch>& launches();

inline void note(Launch& l, const View& v) { l.views.push_back(v); }
inline void note(Launch& l, const Conv2dOptions& o) { l.conv = o; }
inline void note(Launch& l, const ConvTranspose2dOptions& o) { l.transposed = o; }
inline void note(Launch& l, bool accumulate) { l.accumulate = accumulate; }

template <class... Args>
void launch(const char* op, const Args&... args) {
  if constexpr (((std::is_same_v<Args, Conv2dOptions> || std::is_same_v<Args, ConvTranspose2dOptions>) || ...)) {
    launches().push_back({.op = op, .views = {}, .conv = {}, .transposed = {}});
    (note(launches().back(), args), ...);
  }
}

}  // namespace segue::recording

#undef SEGUE_KERNEL
#define SEGUE_KERNEL(op)                                                                    \
  ::segue::Kernel {                                                                         \
#op, [](const auto&, const auto&... args) { ::segue::recording::launch(#op, args...); } \
  }
