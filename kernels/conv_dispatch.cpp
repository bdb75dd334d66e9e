// Takes the convolutions of the best instruction set that the machine has.
#include <cstdlib>
#include <string>

#include "conv_isa.h"
#include "conv_paths.h"
#include "error.h"

namespace segue::kernels::conv {

#if defined(SEGUE_CONV_WITH_AVX512)
namespace avx512 {
extern const Paths kPaths;
}
#endif

namespace {

#define SEGUE_TEXT_(x) #x
#define SEGUE_TEXT(x) SEGUE_TEXT_(x)
constexpr const char* kBuild = SEGUE_TEXT(SEGUE_CONV_ISA);  // of the whole build

struct Choice {
  const char* name;
  const Paths* paths;
};

/// The widest that the build holds and the machine has, or what SEGUE_CPU_ISA names.
Choice choose() {
  Choice known[2] = {{kBuild, &SEGUE_CONV_ISA::kPaths}};
  int count = 1;
#if defined(SEGUE_CONV_WITH_AVX512)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx2") &&
      __builtin_cpu_supports("fma"))
    known[count++] = {"avx512", &avx512::kPaths};
#endif
  const char* asked = std::getenv("SEGUE_CPU_ISA");
  if (!asked || !*asked) return known[count - 1];
  std::string names;
  for (int i = 0; i < count; ++i) {
    if (std::string(asked) == known[i].name) return known[i];
    names += cat(i ? " or " : "", known[i].name);
  }
  fail(Fault::usage, "SEGUE_CPU_ISA", "expects ", names, " with this build on this machine; got ", asked);
}

const Choice& chosen() {
  static const Choice choice = choose();
  return choice;
}

}  // namespace

float* scratch(const CpuExec& exec, int64_t floats) {
  return static_cast<float*>(exec.scratch->get(size_t(floats) * sizeof(float)));
}

std::string instruction_set() {
  const std::string name = chosen().name;
  return name == kBuild ? name : cat(kBuild, ", convolutions ", name);
}

void forward(const CpuExec& exec, const Problem& problem, const float* x, const float* w, const float* bias, float* y,
             bool accumulate) {
  chosen().paths->forward(exec, problem, x, w, bias, y, accumulate);
}

void input_gradient(const CpuExec& exec, const Problem& problem, const float* dy, const float* w, const float* bias,
                    float* dx, bool accumulate) {
  chosen().paths->input_gradient(exec, problem, dy, w, bias, dx, accumulate);
}

void filter_gradient(const CpuExec& exec, const Problem& problem, const float* x, const float* dy, float* dw,
                     bool accumulate) {
  chosen().paths->filter_gradient(exec, problem, x, dy, dw, accumulate);
}

}  // namespace segue::kernels::conv
