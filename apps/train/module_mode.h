// A module in another mode for a while.
#pragma once

#include "runtime/module.h"

namespace segue {

/// While one lives, a module and all below it are in training mode or not. Meant for whole networks: the mode that comes back is
/// that of the module itself.
class InMode {
 public:
  InMode(Module& m, bool training) : m_(m), before_(m.training()) { m_.set_training(training); }
  ~InMode() { m_.set_training(before_); }
  InMode(const InMode&) = delete;
  InMode& operator=(const InMode&) = delete;

 private:
  Module& m_;
  bool before_;
};

}  // namespace segue
