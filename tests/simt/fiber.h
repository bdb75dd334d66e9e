// Fibers: a stack each, switched by hand. Eight registers are all that the calling convention asks to keep.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace segue::simt {

struct Fiber {
  void* stack_pointer = nullptr;
  char* low = nullptr;  ///< the stack is [low, high)
  char* high = nullptr;
  void* fake_stack = nullptr;  ///< AddressSanitizer's
};

/// Stacks with a guard page below each, made on demand and used again. Every fiber starts in segue_simt_fiber_main().
class FiberPool {
 public:
  explicit FiberPool(size_t capacity);
  ~FiberPool();
  FiberPool(const FiberPool&) = delete;
  FiberPool& operator=(const FiberPool&) = delete;

  Fiber* take();
  void give(Fiber* fiber) { free_.push_back(fiber); }
  /// After an error: whatever fibers were doing is forgotten, all are free.
  void reset();
  bool contains(const void* p) const;

 private:
  static void prepare(Fiber& fiber);

  size_t capacity_;
  char* memory_;
  std::vector<std::unique_ptr<Fiber>> all_;
  std::vector<Fiber*> free_;
};

/// The fiber that stands for the stack of the host thread.
Fiber host_fiber();
/// Leaves `from` and goes on with `to`; returns when somebody switches back.
void switch_fiber(Fiber& from, Fiber& to);
/// First thing on a new fiber, for AddressSanitizer.
void fiber_entered();

}  // namespace segue::simt
