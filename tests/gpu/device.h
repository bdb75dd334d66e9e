// Runs a case on a CUDA device: its operands, guard zones included, are copied there and back.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "kernels/conv_plans.h"
#include "tests/cases/cases.h"

namespace segue::testing {

/// Why no CUDA device can be used; empty if one can.
std::string no_device_reason();

/// A device with memory for the operands of one case at a time. Every failure throws Error device; where a kernel has
/// gone wrong on the device, the program can use it no more.
class Device {
 public:
  Device();
  explicit Device(const ConvPlans::Options& options);
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  /// Copies every operand, guard zones included; view() points there until download(). The same operands get the same
  /// addresses each time.
  void upload(cases::Io& io);
  /// Copies the operands back; view() points to the host again.
  void download(cases::Io& io);

  using Call = std::function<void(const CudaExec&)>;
  /// Calls `call` and waits for what it has queued.
  void run(const Call& call);
  /// Records `call` as a graph, which replay() runs until the next record(). Scratch must have grown to its size in run().
  void record(const Call& call);
  void replay();
  /// False if a kernel has written behind the scratch it asked for.
  bool scratch_intact() const;
  /// Which plans have computed convolutions: ConvPlans::table().
  std::string plan_table() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace segue::testing
