// Where and with what a run runs, and what its bits depend on.
#pragma once

#include <string>

#include "runtime/context.h"
#include "runtime/json.h"

namespace segue {

/// For env.json: version, git id, compiler, host, CPU, device, driver, threads, instruction sets, seed, time.
Json environment(const Context& c, const std::string& device_name);

/// What the bits of a step depend on beside the configuration: device and precision; on the CPU the instruction set, but
/// not the number of threads; on CUDA the table of convolution plans.
Json bits_of(Context& c);
/// "instruction_set avx2 in the run, avx512 now; ...": where `now` differs from `then`; "" if it does not. A plan table that has only grown
/// is the same.
std::string bits_difference(const Json& then, Context& c);

/// Memory that the arenas have taken, and the most that the device has for them.
uint64_t memory_used(Context& c);
uint64_t memory_limit(Context& c);

}  // namespace segue
