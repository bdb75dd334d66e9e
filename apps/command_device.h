// Where a command computes that runs a model: --device, --precision, --threads.
#pragma once

#include <string>

#include "runtime/context.h"

namespace segue {

/// As given on the command line.
struct DeviceChoice {
  std::string device = "auto";    ///< auto, cpu or cuda
  std::string precision = "f32";  ///< f32, tf32, bf16 or fp16; the cpu computes f32
  std::string threads = "0";      ///< of the cpu; 0: OMP_NUM_THREADS, else all cores
};

/// Throws usage for words that mean nothing, or another precision than f32 on the cpu.
Context::Options context_options(const DeviceChoice& choice);

/// A whole number from an option. Throws usage, naming the option.
int64_t integer_option(const char* option, const std::string& text, int64_t least, int64_t most);
double number_option(const char* option, const std::string& text, double least, double most);

}  // namespace segue
