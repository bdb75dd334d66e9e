// The instruction set that a file of the convolutions is compiled for. Their loops are compiled for the level of the
// whole build and once more for AVX-512; conv_dispatch.cpp takes, at run time, what the machine has. Everything of
// theirs lies in a namespace of that name, so that the linker never mixes the two.
#pragma once

#include "conv_common.h"

#if defined(__AVX2__) && defined(__FMA__)
#define SEGUE_CONV_AVX2 1
#endif
#if defined(SEGUE_CONV_AVX2) && defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512DQ__) && \
    defined(__AVX512VL__)
#define SEGUE_CONV_AVX512 1
#endif

#if defined(SEGUE_CONV_AVX512)
#define SEGUE_CONV_ISA avx512
#elif defined(SEGUE_CONV_AVX2)
#define SEGUE_CONV_ISA avx2
#else
#define SEGUE_CONV_ISA baseline
#endif

namespace segue::kernels::conv {

/// The scratch memory of a call. Its virtual function is not called in files that are compiled twice: those for AVX-512
/// have type information of their own.
float* scratch(const CpuExec& exec, int64_t floats);

/// The convolutions of one instruction set; their contracts stand in conv_paths.h.
struct Paths {
  void (*forward)(const CpuExec& exec, const Problem& problem, const float* x, const float* w, const float* bias,
                  float* y, bool accumulate);
  void (*input_gradient)(const CpuExec& exec, const Problem& problem, const float* dy, const float* w,
                         const float* bias, float* dx, bool accumulate);
  void (*filter_gradient)(const CpuExec& exec, const Problem& problem, const float* x, const float* dy, float* dw,
                          bool accumulate);
};

namespace SEGUE_CONV_ISA {
extern const Paths kPaths;
}

}  // namespace segue::kernels::conv
