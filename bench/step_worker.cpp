// Runs one step on request, for comparisons: the protocol of bench/pytorch_worker.py.
//   step_worker STEP THREADS
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sstream>

#include "bench/steps.h"

namespace {

int serve(const std::string& name, int threads) {
  segue::Context::Options options;
  options.threads = threads;
  options.seed = 1;
  const auto step = segue::bench::step_named(name).make(options);
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string command;
    int count = 1;
    words >> command >> count;
    if (command == "run") {
      std::cout << '[';
      for (int i = 0; i < count; ++i) {
        const auto start = std::chrono::steady_clock::now();
        step->run();
        step->finish();
        const double ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
        std::cout << (i ? "," : "") << ms;
      }
      std::cout << ']' << std::endl;
    } else if (command == "memory") {
      rusage usage{};
      getrusage(RUSAGE_SELF, &usage);
      std::cout << double(usage.ru_maxrss) / 1024 << std::endl;
    } else if (command == "info") {
      std::cout << "{\"threads\": " << threads << "}" << std::endl;
    } else {
      break;
    }
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "segue: error: expects step_worker STEP THREADS\n";
    return 2;
  }
  try {
    return serve(argv[1], std::atoi(argv[2]));
  } catch (const segue::Error& e) {
    std::cerr << "segue: error: " << e.what() << "\n";
    return segue::exit_code(e.fault());
  }
}
