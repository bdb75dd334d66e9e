// Shadow mode: beside a kernel on the device runs its CPU overload, on a copy of the operands as the device had them. What
// both wrote must agree, so that the first kernel that goes wrong is named, and not the tenth that suffers from it.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "kernels/cutmix.h"
#include "kernels/exec.h"
#include "kernels/image_in.h"
#include "tensor.h"

namespace segue {

/// What shadows found out about one kernel name.
struct ShadowReport {
  int64_t calls = 0;
  double worst = 0;   ///< error / allowed
  std::string where;  ///< the worst place, in words; empty while both agree to the bit
};

/// One call of the CPU overload beside a kernel. twin() every operand before the kernel runs, run both, then compare().
class Shadow {
 public:
  enum class Copies {
    faithful,
    shaken,  ///< every value off by up to an eps(f32) of itself: what results make of that shows how far terms cancel
  };
  /// Products of this precision have factors rounded to it.
  Shadow(const char* kernel, Precision precision, Copies copies = Copies::faithful)
      : kernel_(kernel), precision_(precision), copies_kind_(copies) {}

  // Operands as the CPU overload takes them: a copy in host memory, dense, with bf16 and f16 widened to f32.
  View twin(const View& v) { return copy_of(v).view; }
  View twin(const Tensor& t) { return twin(t.view()); }
  View twin(const Out& o);
  View twin(const DeviceOut&) { return {}; }
  std::vector<View> twin(const std::vector<View>& views);
  kernels::ImageSet twin(const kernels::ImageSet& s) {
    return {twin(s.images), twin(s.labels), twin(s.lut), twin(s.plans)};
  }
  kernels::MixSide twin(const kernels::MixSide& s) { return {twin(s.image), twin(s.label), twin(s.weight)}; }
  template <class T>
  const T& twin(const T& other) {
    return other;
  }
  CpuExec exec() { return {&scratch_}; }

  /// Adds what it finds to `report`: the error of every element over what rounding may make of it,
  ///   allowed(i) = 8 eps(out) |want(i)| + 4 (eps(f32) sqrt(K) + eps(T)) size(i),
  /// T the narrowest type in the call (tf32 too) unless that is f32, and K, which this class cannot know, the elements of the
  /// largest operand: at least the longest sum behind an element. size is that of a result whose terms do not cancel:
  /// rms(want), or where `shaken` results moved by d, 3 q(|d|) / eps(f32), q what nine in ten are below, or 4 |d(i)| /
  /// eps(f32). Of integers of 8 bits, which come from comparisons of rounded values, one in a thousand
  /// may differ, and one in any case; of wider ones, which count such decisions, two places for each that may.
  void compare(const Shadow& shaken, ShadowReport& report) const;

 private:
  struct HostScratch : Scratch {
    std::vector<std::byte> memory;
    void* get(size_t bytes) override;
  };
  struct Copy {
    View view;
    std::vector<std::byte> memory;
  };
  struct Written {
    View device, host;
  };
  const Copy& copy_of(const View& v);

  const char* kernel_;
  Precision precision_;
  Copies copies_kind_;
  HostScratch scratch_;
  std::deque<Copy> copies_;
  std::vector<Written> written_;
  int64_t largest_ = 1;    // elements of an operand
  double narrow_eps_ = 0;  // of the narrowest type in the call; 0: none
};

}  // namespace segue
