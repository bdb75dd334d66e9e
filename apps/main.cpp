// The program: one line for an error, exit codes that a script can rely on.
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <new>
#include <string>
#include <vector>

#include "cli.h"
#include "kernels/error.h"
#include "train/interrupt.h"

namespace {

/// Prints "segue: error: ..." on one line, red on a terminal unless NO_COLOR is set (https://no-color.org).
void report(std::string what) {
  for (char& c : what)
    if (c == '\n' || c == '\r') c = ' ';
  const char* no_color = std::getenv("NO_COLOR");
  const bool color = isatty(STDERR_FILENO) && !(no_color && *no_color);
  std::cerr << (color ? "\033[1;31msegue: error:\033[0m " : "segue: error: ") << what << std::endl;
}

/// The CPU code is built for an instruction level; on a lesser machine it would die of an illegal instruction.
const char* missing_instructions() {
#if defined(__x86_64__) && defined(__AVX2__)
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return "AVX2 and FMA";
#endif
#if defined(__x86_64__) && defined(__AVX512F__)
  if (!__builtin_cpu_supports("avx512f")) return "AVX-512";
#endif
  return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace segue;
  // A file size limit is an error of write(), with a message, not a signal.
  std::signal(SIGXFSZ, SIG_IGN);
  if (const char* missing = missing_instructions()) {
    report(cat("this build expects a CPU with ", missing, "; build with -DSEGUE_CPU_ARCH=x86-64 for this machine"));
    return exit_code(Fault::device);
  }
  try {
    run_command_line(std::vector<std::string>(argv + 1, argv + argc));
    std::cout.flush();
    if (!std::cout) throw Error(Fault::io, "writing to standard output failed; is the disk full?");
    return 0;
  } catch (const Interrupted& e) {
    return 128 + e.signal();  // it has said so
  } catch (const Error& e) {
    std::cout.flush();
    report(e.what());
    return exit_code(e.fault());
  } catch (const std::bad_alloc&) {
    report("out of memory");
    return exit_code(Fault::out_of_memory);
  } catch (const std::exception& e) {
    report(cat("internal: ", e.what()));
    return exit_code(Fault::internal);
  }
}
