// Where a kernel runs. Every launcher has one overload per execution type; the type is the dispatch.
#pragma once

#include <cstddef>

struct CUstream_st;

namespace segue {

/// How convolutions and matrix products round. Norms, softmax, losses and master weights are f32 in all of them.
enum class Precision { f32, tf32, bf16, fp16 };

/// Working memory of the launch in progress. One block per context; its content is undefined at entry.
class Scratch {
 public:
  virtual ~Scratch() = default;
  /// At least `bytes`, 64-byte aligned (256 on a device), valid until the launcher returns. A launcher calls it once;
  /// it is reused by the next launch. Throws out_of_memory.
  virtual void* get(size_t bytes) = 0;
};

struct CpuExec {
  Scratch* scratch = nullptr;
};

/// Plans of convolutions and matrix products: kernels/conv_plans.h.
class ConvPlans;

struct CudaExec {
  CUstream_st* stream = nullptr;
  Scratch* scratch = nullptr;
  Precision precision = Precision::f32;
  ConvPlans* plans = nullptr;
};

}  // namespace segue
